"""Connections, requests and the ways in which they are answered wrongly; the log and the counts."""

import asyncio
import json
import socket
import struct
import time
from collections import Counter, deque
from email.utils import formatdate
from urllib.parse import parse_qsl

from faults import ANSWER_KINDS, BODY_KINDS, Rule, lognormal, position
from messages import REASONS, Answer, Request, collect, parse_range, pieces, s3_error
from signatures import Auth
from stores import Folder, Upstream

CHUNK = 256 * 1024
LOGGED_HEADERS = ("x-amz-request-payer", "x-amz-security-token", "user-agent", "if-match",
                  "x-amz-date", "accept-encoding")


class Hangup(Exception):
    pass


class Server:
    def __init__(self, opts):
        self.o = opts
        self.backend = Folder(opts.root) if opts.root else Upstream(opts.upstream)
        keys = {}
        for k in opts.key:
            access, secret, *token = k.split(":", 2)
            keys[access] = (secret, token[0] if token else "")
        self.auth = Auth(keys, opts.public, opts.requester_pays) if opts.root else None
        self.rules = [Rule.parse(f) for f in opts.fault]
        if opts.schedule:
            with open(opts.schedule) as f:
                self.set_rules(f.read(), add=True)
        self.log_file = open(opts.log, "a", buffering=1) if opts.log else None
        self.reset_stats()

    def reset_stats(self):
        self.start, self.n, self.conns, self.inflight, self.peak = time.monotonic(), 0, 0, getattr(self, "inflight", 0), 0
        self.count, self.attempts, self.recent = Counter(), Counter(), deque(maxlen=2000)
        self.sent_bytes = self.asked_bytes = 0
        self.tokens, self.token_time = float(self.o.max_rps or 0), self.start
        for r in self.rules:
            r.hits = r.seen = 0

    def set_rules(self, text, add=False):
        text = text.strip()
        rules = ([Rule(**r) for r in json.loads(text)] if text.startswith("[")
                 else [Rule.parse(l) for l in text.splitlines() if l.strip() and l[0] != "#"])
        self.rules = self.rules + rules if add else rules

    # ---- control endpoints
    def control(self, req):
        name = req.path[3:]
        if name == "stats":
            out = {"requests": self.n, "connections": self.conns, "inflight": self.inflight,
                   "peak_inflight": self.peak, "sent_bytes": self.sent_bytes,
                   "asked_bytes": self.asked_bytes, "count": dict(self.count),
                   "elapsed_s": round(time.monotonic() - self.start, 3),
                   "rules": [r.to_json() for r in self.rules]}
        elif name == "log":
            n = int(dict(parse_qsl(req.query)).get("n", 100))
            out = list(self.recent)[-n:]
        elif name == "reset":
            self.reset_stats()
            out = {"ok": True}
        elif name == "faults":
            if req.method in ("POST", "PUT"):
                try:
                    self.set_rules(req.body.decode())
                except (ValueError, TypeError, KeyError) as e:
                    return Answer(400, {}, f"{e}\n".encode())
            out = [r.to_json() for r in self.rules]
        elif name == "ping":
            out = {"ok": True}
        else:
            return Answer(404)
        return Answer(200, {"Content-Type": "application/json"}, (json.dumps(out) + "\n").encode())

    # ---- one connection
    async def connection(self, reader, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.conns += 1
        conn, first = self.conns, True
        try:
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except (asyncio.IncompleteReadError, ConnectionError):
                    return
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                headers = {}
                for line in lines[1:]:
                    if line:
                        k, _, v = line.partition(":")
                        headers[k.strip().lower()] = v.strip()
                if headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0) or 0))
                req = Request(method, target, headers, body)
                if req.path.startswith("/__"):
                    await self.send(writer, req, self.control(req), {}, {})
                    continue
                if first and self.o.connect_ms:
                    await asyncio.sleep(self.o.connect_ms / 1e3)
                first, req.conn = False, conn
                await self.serve(writer, req)
        except (Hangup, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def pick(self, req):
        """(answer fault, body fault, total latency in s, bandwidth)"""
        elapsed, answer, body, wait, bps = time.monotonic() - self.start, None, None, 0.0, self.o.bandwidth
        o = self.o
        if o.ttfb:
            wait += o.ttfb / 1e3
        if o.ttfb_lognormal:
            median, sigma = o.ttfb_lognormal
            wait += lognormal(self.o.seed, "base", req, median, sigma) / 1e3
        for i, rule in enumerate(self.rules):
            if (rule.kind in ANSWER_KINDS and answer) or (rule.kind in BODY_KINDS and body):
                continue
            if not rule.matches(i, o.seed, req, elapsed):
                continue
            if rule.kind == "latency":
                ms, sigma = rule.p.get("ms", 50), rule.p.get("sigma", 0)
                wait += (lognormal(o.seed, i, req, ms, sigma) if sigma else ms) / 1e3
            elif rule.kind == "bandwidth":
                bps = rule.p["bps"]
            elif rule.kind in ANSWER_KINDS:
                answer = rule
            else:
                body = rule
        return answer, body, wait, bps

    def throttled(self):
        if self.o.max_inflight and self.inflight > self.o.max_inflight:
            return True
        if self.o.max_rps:
            now = time.monotonic()
            self.tokens = min(self.o.max_rps, self.tokens + (now - self.token_time) * self.o.max_rps)
            self.token_time = now
            if self.tokens < 1:
                return True
            self.tokens -= 1
        return False

    async def serve(self, writer, req):
        t0 = time.monotonic()
        self.n += 1
        req.id = self.n
        identity = (req.method, req.path, req.query, req.range)
        self.attempts[identity] += 1
        req.attempt = self.attempts[identity]
        self.inflight += 1
        self.peak = max(self.peak, self.inflight)
        rec = {"t": round(t0 - self.start, 4), "id": req.id, "conn": req.conn, "method": req.method,
               "bucket": req.bucket, "key": req.key, "query": req.query, "range": req.range[6:],
               "attempt": req.attempt}
        for h in LOGGED_HEADERS:
            if h in req.headers:
                rec[h] = req.headers[h][:64]
        rec["signed"] = req.headers.get("authorization", "")[:60] or None
        self.count[f"method {req.method}"] += 1
        if "x-amz-request-payer" in req.headers:
            self.count["with x-amz-request-payer"] += 1
        self.count["signed" if "authorization" in req.headers else "unsigned"] += 1
        try:
            afault, bfault, wait, bps = self.pick(req)
            if wait:
                await asyncio.sleep(wait)
            if self.throttled():
                afault = Rule("slowdown")
                self.count["throttled"] += 1
            if afault and afault.kind in ("stall_early", "reset_early"):
                rec["fault"] = afault.kind
                if afault.kind == "reset_early":
                    self.abort(writer)
                await asyncio.sleep(afault.p.get("s", 3600))
                afault = None
            answer = self.canned(afault, req) if afault else None
            if afault:
                rec["fault"] = afault.kind
            if answer is None:
                answer = (self.auth and self.auth.check(req)) or await self.backend.answer(req)
            if bfault and (answer.status not in (200, 206) or answer.length < bfault.p.get("minbytes", 1)
                           or req.method != "GET" or not req.key):
                bfault.hits -= 1
                bfault = None
            change = {}
            if bfault:
                rec["fault"] = bfault.kind
                answer, change = await self.spoil(bfault, req, answer)
            rec["status"], rec["length"] = answer.status, answer.length
            rec["ttfb_ms"] = round((time.monotonic() - t0) * 1e3, 2)
            if req.method == "GET":
                self.asked_bytes += answer.length
            await self.send(writer, req, answer, change, rec, bps)
        except (Hangup, ConnectionError) as e:
            rec["ended"] = "hangup" if isinstance(e, Hangup) else "client closed"
            raise
        finally:
            self.inflight -= 1
            rec["ms"] = round((time.monotonic() - t0) * 1e3, 2)
            self.count[f"status {rec.get('status', 'none')}"] += 1
            if rec.get("fault"):
                self.count[f"fault {rec['fault']}"] += 1
            self.sent_bytes += rec.get("sent", 0)
            self.recent.append(rec)
            if self.log_file:
                self.log_file.write(json.dumps(rec) + "\n")

    def canned(self, rule, req):
        p = rule.p
        if rule.kind == "slowdown":
            a = s3_error(503, "SlowDown", "Please reduce your request rate.")
            if "retry_after" in p:
                a.headers["Retry-After"] = str(p["retry_after"])
            return a
        if rule.kind == "error":
            status = p.get("status", 500)
            return s3_error(status, p.get("code", "InternalError"), "We encountered an internal error.")
        if rule.kind == "expired":
            return s3_error(p.get("status", 400), "ExpiredToken", "The provided token has expired.")
        if rule.kind == "denied":
            return s3_error(403, "AccessDenied", "Access Denied")
        if rule.kind == "missing":
            return s3_error(404, "NoSuchKey", Key=req.key)
        if rule.kind == "redirect":
            a = s3_error(p.get("status", 307), "TemporaryRedirect", Endpoint=req.headers.get("host", ""))
            a.headers["Location"] = p.get("to") or f"http://{req.headers.get('host', '')}{req.target}"
            return a
        if rule.kind == "otherregion":
            if p.get("status", 301) == 400:
                return s3_error(400, "AuthorizationHeaderMalformed", "the region is wrong", Region=p["region"])
            a = s3_error(301, "PermanentRedirect", "The bucket is in another region")
            a.headers["x-amz-bucket-region"] = p["region"]
            return a
        return Answer(200, {"Content-Type": "text/html"}, b"<html><body>Sign in to the network</body></html>" * 20)

    async def spoil(self, rule, req, answer):
        """Applies a body fault: returns the answer to send and the sending plan."""
        p, n, kind = rule.p, answer.length, rule.kind
        at = position(p.get("at", 0.5), n)
        if kind in ("reset", "truncate"):
            return answer, {kind: at}
        if kind == "stall":
            return answer, {"stall": (at, p.get("s", 3600))}
        if kind in ("bitflip", "zero"):
            body = bytearray(await collect(answer.body))
            if kind == "zero":
                body[at:] = bytes(len(body) - at)
            else:
                for i in range(int(p.get("n", 1))):
                    body[min(at + i * 97, n - 1)] ^= 0x10
            return Answer(answer.status, answer.headers, bytes(body)), {}
        if kind == "short":
            body = bytes(await collect(answer.body))[:at]
            head = dict(answer.headers)
            span = parse_range(req.range, 1 << 62)
            if span and span != "bad" and "Content-Range" in head:
                total = head["Content-Range"].rsplit("/", 1)[1]
                head["Content-Range"] = f"bytes {span[0]}-{span[0] + at - 1}/{total}"
            return Answer(answer.status, head, body), {}
        if kind == "empty":
            return Answer(answer.status, answer.headers, b""), {}
        if kind == "othertag":
            return Answer(answer.status, {**answer.headers, "ETag": p.get("etag", '"another"')}, answer.body, n), {}
        whole = await self.backend.whole(req)
        await collect(answer.body)
        if kind == "fullbody":
            head = {k: v for k, v in answer.headers.items() if k.lower() != "content-range"}
            return Answer(200, head, whole), {}
        span = parse_range(req.range, len(whole)) or (0, len(whole) - 1)     # wrongrange, otherrange
        first = (span[0] + int(p.get("shift", 4096))) % max(1, len(whole) - n + 1)
        head = dict(answer.headers)
        if kind == "otherrange":
            head["Content-Range"] = f"bytes {first}-{first + n - 1}/{len(whole)}"
        return Answer(answer.status, head, whole[first:first + n]), {}

    def abort(self, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise Hangup

    async def send(self, writer, req, answer, change, rec, bps=0):
        head = {"Server": "s3-stand", "Date": formatdate(usegmt=True), **answer.headers,
                "Content-Length": str(answer.length), "x-amz-request-id": f"FP{rec.get('id', 0):012d}"}
        if req.headers.get("x-amz-request-payer") and answer.status in (200, 206):
            head["x-amz-request-charged"] = "requester"
        reason = REASONS.get(answer.status, "Status")
        writer.write((f"HTTP/1.1 {answer.status} {reason}\r\n" +
                      "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n").encode("latin-1"))
        rec["sent"] = 0
        if req.method == "HEAD":
            if hasattr(answer.body, "aclose"):
                await answer.body.aclose()
            await writer.drain()
            return
        stop = change.get("reset", change.get("truncate"))
        stall_at, stall_s = change.get("stall", (None, 0))
        piece_size = max(1024, min(CHUNK, int(bps / 20))) if bps else CHUNK
        loop_time, due, done = time.monotonic, time.monotonic(), 0
        async for piece in pieces(answer.body, piece_size):
            if stall_at is not None and done + len(piece) >= stall_at:
                cut = stall_at - done
                writer.write(piece[:cut])
                await writer.drain()
                rec["sent"] += cut
                done, piece, stall_at = done + cut, piece[cut:], None
                await asyncio.sleep(stall_s)
            if stop is not None and done + len(piece) >= stop:
                writer.write(piece[:stop - done])
                rec["sent"] += stop - done
                await writer.drain()
                if "reset" in change:
                    await asyncio.sleep(0.02)          # let the client see the first part
                    self.abort(writer)
                raise Hangup
            if bps:
                due += len(piece) / bps
                if due > loop_time():
                    await asyncio.sleep(due - loop_time())
            writer.write(piece)
            await writer.drain()
            done += len(piece)
            rec["sent"] += len(piece)
        await writer.drain()
        if done < answer.length:
            raise Hangup                               # the server behind fell short
        if req.headers.get("connection", "").lower() == "close":
            raise Hangup
