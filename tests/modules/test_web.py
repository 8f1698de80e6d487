"""get_url and uri against a real server, through curl, GNU wget and the wget of busybox."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Outcome, Status
from tests.modules.harness import FolderDesk, run_module

TOOLS = (
    "dash tr wc awk cat chgrp chmod chown cmp cp date grep gzip head id ln mkdir mv readlink rm sed stat tail env "
    "sha1sum sha256sum md5sum"
).split()
TEXT = b"one\ntwo\n"
WRITTEN = 1_600_000_000


class Site(BaseHTTPRequestHandler):
    """A few pages; what was asked for is remembered by the server."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self) -> None:
        """Any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        self.server.asked.append(asked)  # type: ignore[attr-defined]
        page = self.path.partition("?")[0]
        if page == "/file.txt":
            since = self.headers.get("If-Modified-Since")
            if since and parsedate_to_datetime(since).timestamp() >= WRITTEN:
                return self.send(304, b"")
            return self.send(200, TEXT, {"Last-Modified": formatdate(WRITTEN, usegmt=True)})
        if page == "/named":
            return self.send(200, TEXT, {"Content-Disposition": 'attachment; filename="../a name.txt"'})
        if page == "/packed":
            return self.send(200, gzip.compress(TEXT), {"Content-Encoding": "gzip"})
        if page == "/moved":
            return self.send(302, b"", {"Location": "/file.txt", "Set-Cookie": "a=1; Path=/"})
        if page == "/json":
            return self.send(
                200, b'{"a": [1]}', {"Content-Type": "application/json", "Set-Cookie": "b=2", "X-Odd-Name": "x"}
            )
        if page == "/echo":
            told = {**asked, "body": body.decode("utf-8", "replace")}
            return self.send(
                200, json.dumps(told).encode(), {"Content-Type": "application/problem+json; charset=utf-8"}
            )
        if page == "/secret":
            wanted = "Basic " + base64.b64encode(b'me:p"a\\s $(x)').decode()
            if self.headers.get("Authorization") == wanted:
                return self.send(200, b"in\n")
            return self.send(401, b"out\n", {"WWW-Authenticate": 'Basic realm="x"'})
        if page == "/sums":
            digest = hashlib.sha256(TEXT).hexdigest()
            return self.send(200, f"{'0' * 64}  other.txt\n{digest} *file.txt\n".encode())
        return self.send(404, b"nothing\n")

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = answer  # noqa: N815

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """One response."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@dataclass
class Net:
    """The server's address, and a host's home with one of the tools."""

    url: str
    home: Path
    asked: list[dict[str, Any]]
    path: str
    tool: str
    controller: Path = field(default=Path("/nonexistent"))

    def run(self, module: str, check: bool = False, **args: Any) -> Outcome:
        """Run one of the modules."""
        given = {**args, "url": args["url"] if "://" in args["url"] else self.url + args["url"]}
        desk = FolderDesk(folder=self.controller)
        return run_module(module, given, home=self.home, check=check, env={"PATH": self.path}, desk=desk)


def serve(context: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []  # type: ignore[attr-defined]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[ThreadingHTTPServer]:
    yield from serve()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def secure(certificate: Path) -> Iterator[ThreadingHTTPServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    yield from serve(context)


def equipped(folder: Path, tool: str) -> str:
    """A PATH with the usual tools and one that fetches."""
    folder.mkdir()
    for name in (*TOOLS, *((tool,) if tool in ("curl", "wget") else ())):
        (folder / name).symlink_to(str(shutil.which(name)))
    if tool == "busybox":
        (folder / "wget").symlink_to(str(shutil.which("busybox")))
    return str(folder)


@pytest.fixture(params=["curl", "wget", "busybox"])
def net(request: pytest.FixtureRequest, site: ThreadingHTTPServer, tmp_path: Path, home: Path) -> Net:
    site.asked.clear()  # type: ignore[attr-defined]
    url = f"http://127.0.0.1:{site.server_port}"
    path = equipped(tmp_path / "tools", request.param)
    controller = tmp_path / "controller"
    controller.mkdir()
    return Net(url, home, site.asked, path, request.param, controller)  # type: ignore[attr-defined]


def test_a_file_comes_once(net: Net) -> None:
    dest = net.home / "f"
    assert net.run("get_url", check=True, url="/file.txt", dest=str(dest)).status is Status.CHANGED
    assert not dest.exists()
    assert [asked["method"] for asked in net.asked] == ["GET" if net.tool == "busybox" else "HEAD"]
    done = net.run("get_url", url="/file.txt", dest=str(dest), mode="0640")
    assert done.status is Status.CHANGED
    assert dest.read_bytes() == TEXT
    assert done.msg == "OK (8 bytes)"
    assert {name: done.values[name] for name in ("dest", "status_code", "mode", "size", "state")} == {
        "dest": str(dest),
        "status_code": 200,
        "mode": "0640",
        "size": 8,
        "state": "file",
    }
    assert done.values["checksum_src"] == hashlib.sha1(TEXT).hexdigest()
    assert done.values["md5sum"] == hashlib.md5(TEXT).hexdigest()
    again = net.run("get_url", url="/file.txt", dest=str(dest))
    assert (again.status, again.values["status_code"]) == (Status.OK, 304)
    assert net.run("get_url", check=True, url="/file.txt", dest=str(dest)).status is Status.OK
    forced = net.run("get_url", url="/file.txt", dest=str(dest), force=True)
    assert (forced.status, forced.values["status_code"]) == (Status.OK, 200)
    assert net.asked[-1]["headers"]["cache-control"] == "no-cache"
    assert net.run("get_url", check=True, url="/file.txt", dest=str(dest), force=True).unknown
    assert [path.name for path in net.home.iterdir()] == ["f"]


def test_what_is_there_is_replaced_and_kept(net: Net) -> None:
    dest = net.home / "f"
    dest.write_text("old")
    dest.chmod(0o604)
    done = net.run("get_url", url="/file.txt", dest=str(dest), backup=True, force=True)
    assert done.status is Status.CHANGED
    assert (dest.read_bytes(), dest.stat().st_mode & 0o777) == (TEXT, 0o604)
    assert Path(done.values["backup_file"]).read_text() == "old"


def test_into_a_folder_under_its_own_name(net: Net) -> None:
    assert net.run("get_url", url="/file.txt?x=/y", dest=str(net.home)).values["dest"] == f"{net.home}/file.txt"
    named = net.run("get_url", url="/named", dest=str(net.home), tmp_dest=str(net.home))
    assert named.values["dest"] == f"{net.home}/a name.txt"
    assert net.run("get_url", url="/moved", dest=str(net.home)).status is Status.OK
    assert sorted(path.name for path in net.home.iterdir()) == ["a name.txt", "file.txt"]
    assert not net.run("get_url", url="/file.txt", dest=f"{net.home}/no/f").values.get("status_code")
    assert "does not exist" in net.run("get_url", url="/file.txt", dest=f"{net.home}/no/f").msg


def test_checksums(net: Net) -> None:
    dest, good = net.home / "f", hashlib.sha256(TEXT).hexdigest()
    bad = net.run("get_url", url="/file.txt", dest=str(dest), checksum=f"sha256:{'1' * 64}")
    assert bad.status is Status.FAILED
    assert bad.msg.endswith(f"did not match {'1' * 64}; it was {good}.")
    assert not list(net.home.iterdir())
    sums = f"sha256:{net.url}/sums"
    assert net.run("get_url", check=True, url="/file.txt", dest=str(dest), checksum=sums).status is Status.CHANGED
    assert net.run("get_url", url="/file.txt", dest=str(dest), checksum=sums).status is Status.CHANGED
    net.asked.clear()
    again = net.run("get_url", url="/file.txt", dest=str(dest), checksum=f"sha256:{good}")
    assert (again.status, again.msg) == (Status.OK, "file already exists")
    assert not net.asked
    moded: dict[str, Any] = {"url": "/file.txt", "dest": str(dest), "checksum": f"sha256:{good}", "mode": "0600"}
    assert net.run("get_url", check=True, **moded).status is Status.CHANGED
    assert net.run("get_url", **moded).msg == "file already exists but file attributes changed"
    assert net.run("get_url", check=True, **moded, force=True).status is Status.OK
    none = net.run("get_url", url="/other", dest=str(dest), checksum=sums)
    assert none.msg.startswith("Unable to find a checksum for file 'other' in")
    assert net.run("get_url", url="/file.txt", dest=str(dest), checksum="sha256").msg.startswith("The checksum param")
    assert net.run("get_url", url="/file.txt", dest=str(dest), checksum="sha256:xyz").msg.startswith(
        "The checksum form"
    )


def test_what_does_not_come(net: Net) -> None:
    missing = net.run("get_url", url="/none", dest=str(net.home / "f"))
    assert (missing.msg, missing.values["status_code"]) == ("Request failed", 404)
    assert missing.values["response"] == "HTTP Error 404: Not Found"
    nobody = net.run("get_url", url="http://127.0.0.1:1/", dest=str(net.home / "f"))
    assert nobody.status is Status.FAILED
    assert "refused" in nobody.msg or "connect" in nobody.msg
    assert net.run("get_url", check=True, url="/none", dest=str(net.home / "f")).values["status_code"] == 404
    assert not list(net.home.iterdir())


def test_unpacked(net: Net) -> None:
    assert net.run("get_url", url="/packed", dest=str(net.home / "f")).status is Status.CHANGED
    assert (net.home / "f").read_bytes() == TEXT
    net.run("get_url", url="/packed", dest=str(net.home / "g"), decompress=False)
    assert gzip.decompress((net.home / "g").read_bytes()) == TEXT


def test_a_password_is_no_argument(net: Net, tmp_path: Path) -> None:
    """The tools are wrapped to write down their arguments."""
    name = "curl" if net.tool == "curl" else "wget"
    wrapped = tmp_path / "wrapped"
    wrapped.mkdir()
    (wrapped / name).write_text(f'#!/bin/sh\necho "$0 $*" >>{tmp_path}/argv\nexec {net.path}/{name} "$@"\n')
    (wrapped / name).chmod(0o755)
    net.path = f"{wrapped}:{net.path}"
    for force in (False, True):
        args: dict[str, Any] = {"url_username": "me", "url_password": 'p"a\\s $(x)', "force_basic_auth": force}
        done = net.run("get_url", url="/secret", dest=str(net.home / "f"), force=True, **args)
        if net.tool == "busybox":
            assert "install curl" in done.msg
            return
        assert done.status is (Status.OK if force else Status.CHANGED), done
    token: dict[str, Any] = {"headers": {"Authorization": "Bearer p%a$(x)"}}
    assert net.run("uri", url="/echo", **token).values["json"]["headers"]["Authorization"] == "Bearer p%a$(x)"
    assert "$(x)" not in (tmp_path / "argv").read_text()
    assert net.run("uri", url="/secret", url_username="me", url_password="x").values["status"] == 401


def test_uri_gives_what_came(net: Net) -> None:
    done = net.run("uri", url="/json")
    assert done.status is Status.OK
    assert done.values["json"] == {"a": [1]}
    wanted = {"status": 200, "x_odd_name": "x", "content_type": "application/json", "redirected": False}
    wanted |= {"cookies": {"b": "2"}, "cookies_string": "b=2", "msg": "OK (10 bytes)", "url": f"{net.url}/json"}
    assert {name: done.values[name] for name in wanted} == wanted
    assert "content" not in done.values
    assert net.run("uri", url="/file.txt", return_content=True).values["content"] == TEXT.decode()
    moved = net.run("uri", url="/moved").values
    assert (moved["redirected"], moved["url"], moved["status"]) == (True, f"{net.url}/file.txt", 200)
    missing = net.run("uri", url="/none")
    assert missing.status is Status.FAILED
    assert missing.msg == "Status code was 404 and not [200]: HTTP Error 404: Not Found"
    assert net.run("uri", url="/none", status_code=[200, 404]).status is Status.OK
    nobody = net.run("uri", url="http://127.0.0.1:1/")
    assert nobody.msg.startswith("Status code was -1 and not [200]: Request failed: ")
    check = net.run("uri", check=True, url="/json")
    assert (check.status, check.msg) == (Status.SKIPPED, "This action (uri) does not support check mode.")


def test_uri_sends(net: Net) -> None:
    def sent(**args: Any) -> Any:
        return net.run("uri", url="/echo", **args).values["json"]

    body = sent(method="POST", body={"a": "ä", "b": [1]}, body_format="json")
    assert json.loads(body["body"]) == {"a": "ä", "b": [1]}
    assert (body["method"], body["headers"]["Content-Type"]) == ("POST", "application/json")
    form = sent(method="POST", body={"a": "x y&", "b": [1, None, "2"]}, body_format="form-urlencoded")
    assert form["body"] == "a=x+y%26&b=1&b=2"
    (net.controller / "up.bin").write_bytes(b"\0\1")
    several = sent(
        method="POST",
        body_format="form-multipart",
        body={"t": "text", "f": {"filename": "up.bin"}, "g": {"content": "c", "filename": "g.txt"}},
    )
    assert several["headers"]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert 'name="t"\r\n\r\ntext\r\n' in several["body"]
    assert 'name="f"; filename="up.bin"\r\n\r\nAAE=\r\n' in several["body"]
    if net.tool == "busybox":
        assert "NUL" in net.run("uri", url="/echo", method="POST", src="up.bin").msg
    else:
        assert sent(method="POST", src="up.bin")["body"] == "\0\1"
    (net.home / "there").write_text("x" * 100)
    assert sent(method="POST", src="~/there", remote_src=True)["body"] == "x" * 100
    assert len(sent(method="POST", body="y" * 100_000)["body"]) == 100_000
    if net.tool == "busybox":
        assert "install curl" in net.run("uri", url="/echo", method="DELETE").msg
        return
    assert sent(method="DELETE")["method"] == "DELETE"
    assert sent(method="PUT", body="x")["body"] == "x"
    stays = net.run("uri", url="/moved", follow_redirects="none", status_code=302)
    assert (stays.values["location"], stays.values["redirected"]) == (f"{net.url}/file.txt", False)
    assert net.run("uri", url="/moved", method="POST", body="x", status_code=302).values["status"] == 302
    assert net.run("uri", url="/moved", method="POST", body="x", follow_redirects="all").values["status"] == 200


def test_uri_writes_and_is_guarded(net: Net) -> None:
    dest = net.home / "f"
    done = net.run("uri", url="/json", dest=str(dest), mode="0600")
    assert (done.status, done.values["path"], dest.read_bytes()) == (Status.CHANGED, str(dest), b'{"a": [1]}')
    assert dest.stat().st_mode & 0o777 == 0o600
    net.run("uri", url="/file.txt", dest=str(net.home))
    assert (net.home / "file.txt").read_bytes() == TEXT
    guarded = net.run("uri", url="/json", creates=str(dest))
    assert (guarded.status, guarded.values) == (Status.OK, {"stdout": f"skipped, since '{dest}' exists"})
    assert net.run("uri", url="/json", removes="/none").values["stdout"] == "skipped, since '/none' does not exist"


def test_certificates(net: Net, secure: ThreadingHTTPServer, certificate: Path) -> None:
    url = f"https://127.0.0.1:{secure.server_port}/file.txt"
    done = net.run("get_url", url=url, dest=str(net.home / "f"))
    assert done.status is Status.FAILED
    assert "certificate" in done.msg
    assert not (net.home / "f").exists()
    trusted = net.run("uri", url=url, ca_path=str(certificate / "cert.pem"))
    assert trusted.status is (Status.FAILED if net.tool == "busybox" else Status.OK)
    if net.tool == "busybox":
        return  # its own TLS and that of Python do not agree on a cipher
    anybody = net.run("get_url", url=url, dest=str(net.home / "f"), validate_certs=False)
    assert anybody.status is Status.CHANGED, anybody


def test_neither_curl_nor_wget(home: Path, tmp_path: Path) -> None:
    path = equipped(tmp_path / "tools", "none")
    done = run_module("uri", {"url": "http://127.0.0.1:1/"}, home=home, env={"PATH": path})
    assert done.msg == "there is neither curl nor wget on this host; install curl"
