"""Stands in for `ansible.module_utils.urls`: `open_url` with Python's own `urllib`; certificates are checked."""

from __future__ import annotations

import base64
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

urllib_error = urllib.error
ConnectionError = ConnectionError  # noqa: A001
SSLValidationError = ssl.SSLError


def open_url(
    url: str,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
    use_proxy: bool = True,
    force: bool = False,
    last_mod_time: Any = None,
    timeout: float = 10,
    validate_certs: bool = True,
    url_username: str | None = None,
    url_password: str | None = None,
    http_agent: str | None = None,
    force_basic_auth: bool = False,
    follow_redirects: Any = "urllib2",
    client_cert: str | None = None,
    client_key: str | None = None,
    cookies: Any = None,
    use_gssapi: bool = False,
    unix_socket: str | None = None,
    ca_path: str | None = None,
    **_more: Any,
) -> Any:
    """The response of a request, to be read and closed. `timeout` in seconds. Raises urllib's errors, and ValueError
    for what is neither http nor https or cannot be done here."""
    del last_mod_time, force_basic_auth, follow_redirects
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is neither http nor https")
    if use_gssapi or unix_socket or cookies is not None:
        raise ValueError("open_url knows no gssapi, unix sockets or cookies here")
    body = data.encode() if isinstance(data, str) else data
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)
    if http_agent:
        request.add_header("User-Agent", http_agent)
    if force:
        request.add_header("Cache-Control", "no-cache")
    if url_username is not None:
        word = base64.b64encode(f"{url_username}:{url_password or ''}".encode()).decode()
        request.add_header("Authorization", f"Basic {word}")
    context = ssl.create_default_context(cafile=ca_path)
    if not validate_certs:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if client_cert:
        context.load_cert_chain(client_cert, client_key)
    handlers: list[Any] = [urllib.request.HTTPSHandler(context=context)]
    handlers += [] if use_proxy else [urllib.request.ProxyHandler({})]
    return urllib.request.build_opener(*handlers).open(request, timeout=timeout)
