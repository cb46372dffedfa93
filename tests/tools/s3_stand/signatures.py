"""Signatures of requests (AWS Signature Version 4) and requester pays."""

import datetime
import fnmatch
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote

from messages import s3_error


class Auth:
    """Verifies AWS Signature V4 (header or presigned query) for --root."""
    def __init__(self, keys, public, requester_pays):
        self.keys, self.public, self.requester_pays = keys, public, requester_pays

    def check(self, req):
        """None when allowed, otherwise an Answer."""
        query = dict(parse_qsl(req.query, keep_blank_values=True))
        header = req.headers.get("authorization", "")
        pays = any(fnmatch.fnmatch(req.bucket, b) for b in self.requester_pays)
        payer = req.headers.get("x-amz-request-payer") == "requester"
        if not header and "X-Amz-Signature" not in query:
            if pays or (self.keys and not any(fnmatch.fnmatch(req.bucket, b) for b in self.public)):
                return s3_error(403, "AccessDenied", "Access Denied")
            return None
        if self.keys:
            bad = self._verify(req, header, query)
            if bad:
                return bad
        if pays and not payer:
            return s3_error(403, "AccessDenied", "Requester pays: x-amz-request-payer is missing")
        return None

    def _verify(self, req, header, query):
        try:
            if header:
                scheme, _, rest = header.partition(" ")
                f = dict(x.strip().split("=", 1) for x in rest.split(","))
                cred, signed, given = f["Credential"], f["SignedHeaders"], f["Signature"]
                stamp = req.headers["x-amz-date"]
                payload = req.headers.get("x-amz-content-sha256", hashlib.sha256(req.body).hexdigest())
                token = req.headers.get("x-amz-security-token", "")
            else:
                scheme, cred = query["X-Amz-Algorithm"], query["X-Amz-Credential"]
                signed, given, stamp = query["X-Amz-SignedHeaders"], query["X-Amz-Signature"], query["X-Amz-Date"]
                payload, token = "UNSIGNED-PAYLOAD", query.get("X-Amz-Security-Token", "")
            access, day, region, service, _ = cred.rsplit("/", 4)
            when = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
        except (KeyError, ValueError):
            return s3_error(400, "AuthorizationHeaderMalformed", "cannot parse the signature")
        if scheme != "AWS4-HMAC-SHA256":
            return s3_error(400, "InvalidRequest", "only AWS4-HMAC-SHA256 is accepted")
        if access not in self.keys:
            return s3_error(403, "InvalidAccessKeyId", "The key does not exist", AWSAccessKeyId=access)
        secret, want_token = self.keys[access]
        if want_token and token != want_token:
            return s3_error(400, "InvalidToken", "The provided token is malformed or invalid.")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        skew = abs((now - when).total_seconds())
        if skew > (900 if header else int(query.get("X-Amz-Expires", 900)) + 900):
            return s3_error(403, "RequestTimeTooSkewed", "clock skew too large")
        enc = lambda s: quote(s, safe="-_.~")
        pairs = sorted((enc(k), enc(v)) for k, v in parse_qsl(req.query, keep_blank_values=True)
                       if k != "X-Amz-Signature")
        canonical = "\n".join((
            req.method, quote(unquote(req.path), safe="/-_.~"), "&".join(f"{k}={v}" for k, v in pairs),
            "".join(f"{h}:{' '.join(req.headers.get(h, '').split())}\n" for h in signed.split(";")),
            signed, payload))
        scope = f"{day}/{region}/{service}/aws4_request"
        text = "\n".join((scheme, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        k = ("AWS4" + secret).encode()
        for part in (day, region, service, "aws4_request"):
            k = hmac.new(k, part.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(hmac.new(k, text.encode(), hashlib.sha256).hexdigest(), given):
            return s3_error(403, "SignatureDoesNotMatch",
                            "The request signature we calculated does not match", AWSAccessKeyId=access)
        return None
