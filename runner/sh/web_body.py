"""The body of a request as bytes: JSON, a form, or a form with files (RFC 7578), as uri makes them."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from runner.errors import StepError

Read = Callable[[str], bytes]


def made(body: Any, form: str, read: Read) -> tuple[bytes | None, str]:
    """The bytes and their type ("": none is to be said). `read` gives the bytes of a file that a form names. Raises
    StepError for a body that is none."""
    if form == "json":
        return _bytes(body if isinstance(body, str) else json.dumps(body)), "application/json"
    if form == "form-urlencoded":
        return _bytes(body if isinstance(body, str) else _urlencoded(body)), "application/x-www-form-urlencoded"
    if form == "form-multipart":
        return _multipart(body, read)
    return (None, "") if body is None else (_bytes(body), "")


def _bytes(body: Any) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body) if isinstance(body, dict | list) else str(body)
    return text.encode("utf-8", "surrogateescape")


def _urlencoded(body: Any) -> str:
    if isinstance(body, Mapping):
        pairs: list[Any] = list(body.items())
    elif isinstance(body, Sequence) and all(isinstance(pair, Sequence) and len(pair) == 2 for pair in body):
        pairs = list(body)
    else:
        raise StepError("failed to parse body as form_urlencoded: it is no mapping and no list of pairs")
    found: list[tuple[str, str]] = []
    for name, given in pairs:
        values = list(given) if isinstance(given, Sequence | Mapping) and not isinstance(given, str) else [given]
        found += [(str(name), str(value)) for value in values if value is not None]
    return urlencode(found)


def _multipart(body: Any, read: Read) -> tuple[bytes, str]:
    if not isinstance(body, Mapping):
        raise StepError(f"failed to parse body as form-multipart: body must be a mapping, not {type(body).__name__}")
    parts = [_part(str(name), value, read) for name, value in sorted(body.items())]
    # No text is likely to hold its own digest.
    boundary = f"==============={hashlib.sha256(b''.join(parts)).hexdigest()[:32]}=="
    data = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return data + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'


def _part(name: str, value: Any, read: Read) -> bytes:
    if isinstance(value, str):
        value = {"content": value, "mime_type": "text/plain"}
    if not isinstance(value, Mapping) or not (value.get("filename") or value.get("content")):
        raise StepError(f"failed to parse body as form-multipart: {name} needs a text, or filename or content")
    file, content = value.get("filename"), value.get("content")
    kind = value.get("mime_type") or _type_of(file or "")
    lines = [f"Content-Type: {kind}", f'Content-Disposition: form-data; name="{_word(name)}"']
    if file:
        lines[-1] += f'; filename="{_word(posixpath.basename(file))}"'
    if content:
        return "\r\n".join([*lines, "", ""]).encode() + _bytes(content)
    data = read(str(file))
    if (value.get("multipart_encoding") or "base64") == "base64":
        lines.insert(0, "Content-Transfer-Encoding: base64")
        data = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return "\r\n".join([*lines, "", ""]).encode() + data


def _type_of(file: str) -> str:
    import mimetypes  # reads the machine's table; only forms with files need it

    return mimetypes.guess_type(file, strict=False)[0] or "application/octet-stream"


def _word(text: str) -> str:
    """A name in a header (https://html.spec.whatwg.org/#multipart-form-data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
