"""Requests and answers of HTTP and S3, as the other modules hand them on."""

from urllib.parse import unquote
from xml.sax.saxutils import escape

REASONS = {200: "OK", 206: "Partial Content", 204: "No Content", 301: "Moved Permanently",
           304: "Not Modified", 307: "Temporary Redirect", 400: "Bad Request",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           412: "Precondition Failed", 416: "Range Not Satisfiable", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Slow Down",
           504: "Gateway Timeout"}


class Request:
    __slots__ = ("method", "target", "path", "query", "headers", "body", "bucket", "key",
                 "range", "attempt", "id", "conn")

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        self.bucket, _, self.key = unquote(self.path).lstrip("/").partition("/")
        self.range = headers.get("range", "")
        self.attempt = 0


class Answer:
    """Status, headers and a body: bytes-like, or an async iterator of bytes."""
    def __init__(self, status, headers=None, body=b"", length=None):
        self.status, self.headers, self.body = status, dict(headers or {}), body
        self.length = len(body) if length is None else length


def s3_error(status, code, message="", **extra):
    tags = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in extra.items())
    body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>{escape(message or code)}</Message>{tags}"
            "<RequestId>S3STAND</RequestId></Error>").encode()
    return Answer(status, {"Content-Type": "application/xml"}, body)


def parse_range(text, size):
    """None without a Range, 'bad' for 416, else (first, last)."""
    if not text.startswith("bytes=") or "," in text:
        return None
    a, _, b = text[6:].partition("-")
    try:
        if a == "":
            first, last = max(0, size - int(b)), size - 1
        else:
            first, last = int(a), min(int(b) if b else size - 1, size - 1)
    except ValueError:
        return None
    return "bad" if first >= size or last < first else (first, last)


async def collect(body):
    if hasattr(body, "__aiter__"):
        return b"".join([c async for c in body])
    return body


async def pieces(body, size):
    if hasattr(body, "__aiter__"):
        async for data in body:
            for i in range(0, len(data), size):
                yield data[i:i + size]
    else:
        view = memoryview(body)
        for i in range(0, len(view), size):
            yield view[i:i + size]
