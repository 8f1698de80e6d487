"""The stand-in for `open_url`, against a server of the test."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from runner.extensions.stand_ins.urls import open_url, urllib_error


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        words = [self.command, self.path, self.headers.get("Authorization", "-"), self.headers.get("User-Agent", "-")]
        self.send_response(404 if self.path == "/no" else 200)
        self.end_headers()
        self.wfile.write(" ".join(words).encode() + b" " + self.rfile.read(length))

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_requests(server: str) -> None:
    with open_url(f"{server}/a", http_agent="me", url_username="u", url_password="pä", use_proxy=False) as answer:
        assert answer.read() == b"GET /a Basic dTpww6Q= me "
    with open_url(f"{server}/b", data="x=1", headers={"User-Agent": "it"}, method="PUT", use_proxy=False) as answer:
        assert answer.read() == b"PUT /b - it x=1"
    with pytest.raises(urllib_error.HTTPError):
        open_url(f"{server}/no", use_proxy=False)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "/etc/passwd"])
def test_only_the_web_is_asked(url: str) -> None:
    with pytest.raises(ValueError, match="neither http nor https"):
        open_url(url)
