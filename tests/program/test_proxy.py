"""Machines that reach the world through a proxy only: http_proxy, https_proxy and no_proxy as libcurl knows them."""

import contextlib
import http.client
import socket
import socketserver
import threading
import time

import pytest

from object_store import KEYS, ObjectStore, catalog_of
from real_server import make_certificate
from small_runs import composite, demo_bucket, one_error, report

GRID = ["--resolution", 60, "--period", "all", "--compress", "lzw", "--threads", 2]
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Request(socketserver.StreamRequestHandler):
    """Passes a request on by its absolute URL, or opens a tunnel; refuses both where the proxy wants a password."""

    def handle(self):
        with contextlib.suppress(ConnectionError):
            while line := self.rfile.readline():
                self.answer(*line.decode().split()[:2])

    def answer(self, method, target):
        headers = {}
        while (line := self.rfile.readline().strip()) != b"":
            name, value = line.decode().split(": ", 1)
            headers[name.lower()] = value
        self.server.asked.append((method, target))
        if self.server.refuses:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif method == "CONNECT":
            self.tunnel(target)
        else:
            self.pass_on(method, target, headers)

    def pass_on(self, method, target, headers):
        host, path = target.removeprefix("http://").split("/", 1)
        server = http.client.HTTPConnection(host, timeout=20)
        server.request(method, "/" + path, headers=headers)
        answer = server.getresponse()
        body = answer.read()
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        lines += [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() != "connection"]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)
        server.close()

    def tunnel(self, target):
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as server:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            there = threading.Thread(target=copy, args=(server, self.connection), daemon=True)
            there.start()
            copy(self.connection, server)
            there.join()


def copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, refuses=False):
        super().__init__(("127.0.0.1", 0), Request)
        self.asked, self.refuses = [], refuses
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *error):
        self.shutdown()
        super().__exit__(*error)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    return demo_bucket(tmp_path_factory, scenes=2, size=300, seed=7)


@pytest.fixture(scope="module")
def store(bucket):
    with ObjectStore(bucket, "--key", "AK:SK") as stand:
        yield stand


@pytest.fixture
def catalog(bucket, tmp_path):
    return catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "items.json")


def through(store, **proxies):
    found = store.environment(**KEYS)
    return {**{name: value for name, value in found.items() if name.lower() not in PROXIES}, **proxies}


def test_requests_go_through_the_proxy_and_are_signed_for_the_server(program, store, catalog):
    with Proxy() as proxy:
        done = composite(program, catalog, *GRID, env=through(store, http_proxy=proxy.address))
        assert done.returncode == 0, done.stderr
        asked = proxy.asked
    assert len(asked) == report(program.work / "out")["network"]["requests"]
    assert all(method == "GET" and target.startswith(f"http://{store.endpoint}/demo/") for method, target in asked)


def test_https_goes_through_a_tunnel(program, bucket, tmp_path):
    make_certificate(tmp_path)
    files = f"{tmp_path}/certificate.pem,{tmp_path}/key.pem"
    catalog = catalog_of(bucket / "demo/c", "s3://demo/c", tmp_path / "items.json")
    with ObjectStore(bucket, "--key", "AK:SK", "--tls", files) as secure, Proxy() as proxy:
        env = through(secure, https_proxy=proxy.address, AWS_HTTPS="YES", CURL_CA_BUNDLE=f"{tmp_path}/certificate.pem")
        done = composite(program, catalog, *GRID, env=env)
        assert done.returncode == 0, done.stderr
        assert proxy.asked and set(proxy.asked) == {("CONNECT", secure.endpoint)}


def test_no_proxy_names_what_is_reached_without_it(program, store, catalog):
    with Proxy() as proxy:
        env = through(store, http_proxy=proxy.address, no_proxy="127.0.0.1,localhost")
        done = composite(program, catalog, *GRID, env=env)
        assert done.returncode == 0, done.stderr
        assert not proxy.asked


@pytest.mark.parametrize("tls", [False, True], ids=["http", "a tunnel"])
def test_a_proxy_that_wants_a_password_is_one_clear_line(program, store, catalog, tls):
    with Proxy(refuses=True) as proxy:
        env = through(store, http_proxy=proxy.address, https_proxy=proxy.address)
        start = time.monotonic()
        done = composite(program, catalog, *GRID, env={**env, "AWS_HTTPS": "YES" if tls else "NO"})
        assert done.returncode == 3, done.stderr
        assert time.monotonic() - start < 20
    line = one_error(done)
    assert "407" in line and "proxy" in line.lower(), line


def test_a_proxy_that_is_not_there_is_one_clear_line(program, store, catalog):
    done = composite(program, catalog, *GRID, env=through(store, http_proxy="http://127.0.0.1:9"))
    assert done.returncode == 3
    assert "127.0.0.1 port 9" in one_error(done) and "HTTPS_PROXY" in done.stderr, done.stderr
