"""Which request is answered how wrongly: the rules of --fault (s3_stand.py has the language)."""

import fnmatch
import hashlib
import math

ANSWER_KINDS = {"slowdown", "error", "expired", "denied", "missing", "redirect", "html",
                "otherregion",
                "reset_early", "stall_early"}
BODY_KINDS = {"reset", "truncate", "stall", "bitflip", "zero", "short", "wrongrange",
              "otherrange", "othertag", "fullbody", "empty"}
OTHER_KINDS = {"latency", "bandwidth"}


class Rule:
    def __init__(self, kind, **params):
        if kind not in ANSWER_KINDS | BODY_KINDS | OTHER_KINDS:
            raise ValueError(f"unknown fault kind {kind!r}")
        self.kind, self.p, self.hits, self.seen = kind, params, 0, 0

    @classmethod
    def parse(cls, text):
        kind, _, rest = text.strip().partition(":")
        pairs = [item.split("=", 1) for item in rest.split(",") if item]
        return cls(kind, **{k.strip(): number(v.strip()) for k, v in pairs})

    def to_json(self):
        return {"kind": self.kind, **self.p, "hits": self.hits}

    def matches(self, index, seed, req, elapsed):
        p = self.p
        if "key" in p and not fnmatch.fnmatch(req.key, str(p["key"])):
            return False
        if "method" in p and req.method != p["method"]:
            return False
        if elapsed < p.get("after", 0) or elapsed >= p.get("until", math.inf):
            return False
        if req.attempt > p.get("attempts", math.inf) or self.hits >= p.get("times", math.inf):
            return False
        if "token" in p and str(p["token"]) not in (req.headers.get("x-amz-security-token", "") + " " +
                                                    req.headers.get("authorization", "")):
            return False
        if self.kind == "otherregion" and f"/{p['region']}/s3/" in req.headers.get("authorization", ""):
            return False
        self.seen += 1
        if self.seen <= p.get("skip", 0):
            return False
        rate = p.get("rate", 1)
        if rate < 1 and uniform(seed, index, self.kind, req) >= rate:
            return False
        self.hits += 1
        return True


def uniform(seed, *parts_and_req):
    *parts, req = parts_and_req
    text = "|".join(map(str, (seed, *parts, req.method, req.bucket, req.key, req.query,
                              req.range, req.attempt)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


def position(at, length):
    return min(length, int(at * length) if at <= 1 else int(at))


def number(text):
    try:
        return int(text)
    except (TypeError, ValueError):
        try:
            return float(text)
        except (TypeError, ValueError):
            return text


def lognormal(seed, tag, req, median, sigma):
    u = max(1e-12, uniform(seed, tag, "u", req))
    v = uniform(seed, tag, "v", req)
    return median * math.exp(sigma * math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v))
