"""What came back of a request that a host made: its status, headers and cookies, read from the log of curl or wget."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from runner.model.call import Reply
from runner.model.quick import dataclass
from runner.sh.verdict import value

_STATUS: Final = re.compile(r"(?P<indent> *)HTTP/[0-9.]+ (?P<code>\d{3})(?: (?P<reason>.*))?")
_HEADER: Final = re.compile(r"(?P<indent> *)(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` -1: there was no answer, and `said` is why. `headers` by names in small letters; `url` is where it came
    from in the end, `redirected` whether that is elsewhere."""

    status: int
    reason: str
    url: str
    redirected: bool
    said: str
    rc: int
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """What is wrong, as Ansible says it; "" if there was an answer below 400 (a redirect that is not followed: not
        below 300)."""
        if self.status == -1:
            return f"Request failed: {self.said or f'it ended with code {self.rc}'}"
        return "" if self.status < 300 else f"HTTP Error {self.status}: {self.reason}"

    @property
    def msg(self) -> str:
        """The error, or how much came."""
        return self.error or f"OK ({self.headers.get('content-length', 'unknown')} bytes)"


def masked(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    mask = "****:****" if ":" in parts.netloc.rpartition("@")[0] else "****"
    return urlunsplit(parts._replace(netloc=f"{mask}@{parts.netloc.rpartition('@')[2]}"))


def read(reply: Reply, url: str, number: int = 0) -> Answer:
    """What the host's tool logged of request `number`, which asked for `url`."""
    status, reason, where, redirected, indent = -1, "", masked(url), False, ""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    for line in value(reply, f"web_log.{number}").splitlines():
        begins = _STATUS.fullmatch(line.rstrip())
        if begins:
            if 300 <= status < 400 and headers.get("location"):
                where, redirected = urljoin(where, headers["location"]), True
            status, reason, headers = int(begins["code"]), begins["reason"] or "", {}
            indent = begins["indent"]
        elif status != -1 and (found := _HEADER.fullmatch(line.rstrip())) and found["indent"] == indent:
            name, text = found["name"].lower(), found["value"]
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
            if name == "set-cookie" and "=" in text:
                cookie, _, worth = text.partition(";")[0].partition("=")
                cookies[cookie.strip()] = worth.strip()
    rc = int(value(reply, f"web_rc.{number}") or 0)
    lines = value(reply, f"web_said.{number}").strip().splitlines() or [""]
    said = next((line for line in lines if line.startswith("curl:")), lines[-1])
    if urlsplit(url).scheme.lower() not in ("http", "https") and status == -1 and rc == 0:
        status = 200  # a file, or FTP: there is no status
    return Answer(status, reason, masked(where), redirected, said, rc, headers, cookies)


def elapsed(reply: Reply) -> int:
    """Whole seconds that the step took."""
    return int(reply.end - reply.start)


def keys(answer: Answer) -> dict[str, Any]:
    """The result keys of uri for an answer: its headers, with `_` for `-`, and what is told beside them."""
    found: dict[str, Any] = {name.replace("-", "_"): text for name, text in answer.headers.items()}
    if "location" in found:
        found["location"] = urljoin(answer.url, found["location"])
    if answer.status != -1 and not answer.error:
        found["cookies"] = dict(answer.cookies)
        found["cookies_string"] = "; ".join(f"{name}={text}" for name, text in answer.cookies.items())
    return {**found, "url": answer.url, "status": answer.status, "redirected": answer.redirected, "msg": answer.msg}
