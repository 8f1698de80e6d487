"""Lookup `url`: what a web address answers to the controller."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS: Final = {
    "split_lines": Option("bool", default=True),
    "validate_certs": Option("bool", default=True),
    "use_proxy": Option("bool", default=True),
    "username": Option(),
    "password": Option(secret=True),
    "force_basic_auth": Option("bool", default=False),
    "headers": Option("dict", default={}),
    "force": Option("bool", default=False),
    "timeout": Option("float", default=10.0),
    "http_agent": Option(default="ansible-httpget"),
    "follow_redirects": Option(default="urllib2"),
    "ca_path": Option("path"),
}
_MAX_BYTES: Final = 64 * 1024 * 1024
# Ansible's words for "follow" of a plain GET.
_FOLLOW: Final = ("urllib2", "all", "yes", "safe", "true")


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """Each answer's lines, or with `split_lines=False` its whole text. Certificates are checked unless told not to.

    Raises StepError for anything but a good answer; addresses in messages have no passwords in them.
    """
    wanted = read_options(OPTIONS, options)
    found: list[Any] = []
    for address in texts(terms):
        text = _get(address, wanted).decode("utf-8", "replace")
        found.extend(text.splitlines() if wanted["split_lines"] else [text])
    return found


def _get(address: str, wanted: Mapping[str, Any]) -> bytes:
    import urllib.error
    import urllib.request

    shown = _masked(address)
    request, opener = _request(address, wanted), _opener(wanted)
    try:
        with opener.open(request, timeout=wanted["timeout"]) as answer:
            data: bytes = answer.read(_MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise StepError(f"{shown} answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise StepError(f"{shown} cannot be read: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise StepError(f"{shown} cannot be read: {error}") from None
    if len(data) > _MAX_BYTES:
        raise StepError(f"{shown} answers with more than {_MAX_BYTES} bytes")
    return data


def _request(address: str, wanted: Mapping[str, Any]) -> Any:
    import urllib.request

    parts = urlsplit(address)
    # Other schemes of urllib would read local files.
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StepError(f"{_masked(address)} is not an http or https address")
    user, password = wanted["username"] or parts.username, wanted["password"] or parts.password or ""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(bare, headers={str(k): str(v) for k, v in wanted["headers"].items()})
    request.add_header("User-agent", wanted["http_agent"])
    if wanted["force"]:
        request.add_header("cache-control", "no-cache")
    if user is not None:
        # Never sent on to another host by a redirect.
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _opener(wanted: Mapping[str, Any]) -> Any:
    import ssl
    import urllib.request

    tls = ssl.create_default_context(cafile=wanted["ca_path"])
    if not wanted["validate_certs"]:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    handlers: list[Any] = [urllib.request.HTTPSHandler(context=tls)]
    if not wanted["use_proxy"]:
        handlers.append(urllib.request.ProxyHandler({}))
    if str(wanted["follow_redirects"]).lower() not in _FOLLOW:
        handlers.append(_no_redirects())
    return urllib.request.build_opener(*handlers)


def _no_redirects() -> Any:
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
            return None

    return Stay()


def _masked(address: str) -> str:
    head, at, tail = address.rpartition("@")
    return f"{head.split('//', 1)[0]}//********@{tail}" if at and "//" in head else address
