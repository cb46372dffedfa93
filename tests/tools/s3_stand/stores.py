"""Where objects come from: a folder, or a real S3 server on this machine."""

import asyncio
import hashlib
import mmap
import os
from collections import deque
from email.utils import formatdate
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from messages import Answer, collect, parse_range, s3_error

CHUNK = 256 * 1024


class Folder:
    """DIR/<bucket>/<key>, read through mmap."""
    def __init__(self, root):
        self.root, self.maps = os.path.realpath(root), {}

    def _open(self, bucket, key):
        path = os.path.realpath(os.path.join(self.root, bucket, key))
        if not path.startswith(self.root + os.sep) or not os.path.isfile(path):
            return None
        st = os.stat(path)
        tag = (st.st_mtime_ns, st.st_size)
        hit = self.maps.get(path)
        if not hit or hit[0] != tag:
            with open(path, "rb") as f:
                data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) if st.st_size else b""
            etag = '"%s"' % hashlib.md5(f"{path}{tag}".encode()).hexdigest()
            hit = self.maps[path] = (tag, memoryview(data), etag, formatdate(st.st_mtime, usegmt=True))
        return hit

    async def answer(self, req):
        if req.method not in ("GET", "HEAD"):
            return s3_error(405, "MethodNotAllowed")
        if not req.bucket:
            return self._buckets()
        if not os.path.isdir(os.path.join(self.root, req.bucket)):
            return s3_error(404, "NoSuchBucket", BucketName=req.bucket)
        if not req.key:
            return self._list(req) if req.method == "GET" else Answer(200)
        found = self._open(req.bucket, req.key)
        if not found:
            return s3_error(404, "NoSuchKey", Key=req.key)
        _, data, etag, modified = found
        want = req.headers.get("if-match")
        if want and want.strip('"') != etag.strip('"'):
            return s3_error(412, "PreconditionFailed")
        head = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes",
                "Content-Type": "image/tiff"}
        span = parse_range(req.range, len(data))
        if span == "bad":
            return s3_error(416, "InvalidRange", ActualObjectSize=len(data))
        if span is None:
            return Answer(200, head, data)
        head["Content-Range"] = f"bytes {span[0]}-{span[1]}/{len(data)}"
        return Answer(206, head, data[span[0]:span[1] + 1])

    async def whole(self, req):
        found = self._open(req.bucket, req.key)
        return found[1] if found else b""

    def _buckets(self):
        names = sorted(e.name for e in os.scandir(self.root) if e.is_dir())
        xml = "".join(f"<Bucket><Name>{escape(n)}</Name></Bucket>" for n in names)
        return Answer(200, {"Content-Type": "application/xml"},
                      f"<ListAllMyBucketsResult><Buckets>{xml}</Buckets></ListAllMyBucketsResult>".encode())

    def _list(self, req):
        q = dict(parse_qsl(req.query, keep_blank_values=True))
        prefix, delim = q.get("prefix", ""), q.get("delimiter", "")
        limit = min(int(q.get("max-keys", 1000)), 1000)
        v2 = q.get("list-type") == "2"
        start = q.get("continuation-token") or q.get("start-after") or q.get("marker") or ""
        base = os.path.join(self.root, req.bucket)
        top = os.path.join(base, os.path.dirname(prefix))
        entries = {}                       # name -> size, or None for a common prefix
        for folder, subs, files in os.walk(top):
            rel = os.path.relpath(folder, base)
            rel = "" if rel == "." else rel + "/"
            if delim == "/":
                for s in subs:
                    if (rel + s + "/").startswith(prefix):
                        entries[rel + s + "/"] = None
                subs[:] = []
            for f in files:
                if (rel + f).startswith(prefix):
                    entries[rel + f] = os.stat(os.path.join(folder, f)).st_size
        names = [n for n in sorted(entries) if n > start]
        page, more = names[:limit], len(names) > limit
        xml = [f"<Name>{escape(req.bucket)}</Name><Prefix>{escape(prefix)}</Prefix>"
               f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"]
        if delim:
            xml.append(f"<Delimiter>{escape(delim)}</Delimiter>")
        if more and page:
            tag = "NextContinuationToken" if v2 else "NextMarker"
            xml.append(f"<{tag}>{escape(page[-1])}</{tag}>")
        for n in page:
            if entries[n] is None:
                xml.append(f"<CommonPrefixes><Prefix>{escape(n)}</Prefix></CommonPrefixes>")
            else:
                xml.append(f"<Contents><Key>{escape(n)}</Key><Size>{entries[n]}</Size>"
                           "<LastModified>2024-01-01T00:00:00.000Z</LastModified>"
                           "<StorageClass>STANDARD</StorageClass></Contents>")
        return Answer(200, {"Content-Type": "application/xml"},
                      ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns='
                       '"http://s3.amazonaws.com/doc/2006-03-01/">' + "".join(xml) +
                       "</ListBucketResult>").encode())


class Upstream:
    """A pool of keep-alive connections to a real S3 server on loopback."""
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host, self.port, self.idle = host or "127.0.0.1", int(port), deque()

    async def _connect(self):
        while self.idle:
            r, w = self.idle.popleft()
            if not w.is_closing() and not r.at_eof():
                return r, w
        return await asyncio.open_connection(self.host, self.port, limit=1 << 20)

    async def answer(self, req, headers=None):
        head = dict(req.headers if headers is None else headers)
        head["connection"] = "keep-alive"
        lines = [f"{req.method} {req.target} HTTP/1.1"] + [f"{k}: {v}" for k, v in head.items()]
        for last_try in (False, True):
            r, w = await self._connect()
            try:
                w.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + req.body)
                await w.drain()
                status_line = await r.readuntil(b"\r\n")
                break
            except (OSError, asyncio.IncompleteReadError):
                w.close()
                if last_try:
                    return s3_error(502, "BadGateway", "the server behind closed the connection")
        status, head = int(status_line.split()[1]), {}
        while True:
            line = (await r.readuntil(b"\r\n")).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            head[name.strip()] = value.strip()
        low = {k.lower(): v for k, v in head.items()}
        drop = {"connection", "transfer-encoding", "keep-alive", "content-length"}
        out = {k: v for k, v in head.items() if k.lower() not in drop}
        reuse = low.get("connection", "").lower() != "close" and status_line.startswith(b"HTTP/1.1")
        if req.method == "HEAD" or status in (204, 304):
            self._release(r, w, reuse)
            return Answer(status, out, b"", length=int(low.get("content-length", 0)))
        if "chunked" in low.get("transfer-encoding", ""):
            parts = []
            while True:
                size = int((await r.readuntil(b"\r\n")).split(b";")[0], 16)
                data = await r.readexactly(size + 2)
                if not size:
                    break
                parts.append(data[:-2])
            self._release(r, w, reuse)
            return Answer(status, out, b"".join(parts))
        if "content-length" not in low:
            body = await r.read(-1)
            w.close()
            return Answer(status, out, body)
        length = int(low["content-length"])
        return Answer(status, out, self._stream(r, w, length, reuse), length)

    async def _stream(self, r, w, left, reuse):
        try:
            while left:
                data = await r.read(min(left, CHUNK))
                if not data:
                    break
                left -= len(data)
                yield data
        finally:
            self._release(r, w, reuse and left == 0)

    def _release(self, r, w, reuse):
        self.idle.append((r, w)) if reuse else w.close()

    async def whole(self, req):
        head = {k: v for k, v in req.headers.items() if k != "range"}
        got = await self.answer(req, head)
        return await collect(got.body)
