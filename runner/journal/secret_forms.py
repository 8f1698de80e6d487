"""The forms a secret can take in output: as it is, and as the usual encodings of programs write it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MIN_LENGTH: Final = 3  # shorter secrets would blot out half of every log and hide nothing
MIN_LINE: Final = 8
MIN_ENCODED: Final = 6
_WORDS: Final = re.compile(r"(?:[^\W\d]|[ ._-])*")


def forms(secret: str) -> frozenset[str]:
    """Every text to look for, for one secret; empty if the secret is too short to be looked for.

    Several lines (a private key) are looked for together and one by one, since programs print them indented.
    """
    found: set[str] = set()
    bare = secret.strip()
    if len(bare) >= MIN_LINE and "\n" not in bare:
        found.update(_rewritten(bare))
    for text in _parts(secret):
        found.update(form for form in _encodings(text) if len(form) >= MIN_LENGTH)
    found.update(_short_rows(secret))
    return frozenset(found)


def _parts(secret: str) -> Iterator[str]:
    for whole in (secret, secret.strip()):
        if len(whole) >= MIN_LENGTH:
            yield whole
    rows = [row.strip() for row in secret.splitlines()]
    if len(rows) > 1:
        yield from (row for row in rows if len(row) >= MIN_LINE and not row.startswith("-----"))


def _rewritten(text: str) -> Iterator[str]:
    """What is nearly the secret: in capitals or small letters, backwards, or half of it where a line was cut."""
    yield from (text.upper(), text.lower(), text[::-1])
    half = len(text) // 2
    if half >= MIN_LINE:
        # Half of a pass phrase may be words that stand in every line of a log.
        yield from (part for part in (text[:half], text[half:]) if not _WORDS.fullmatch(part))


def _short_rows(secret: str) -> Iterator[str]:
    """Lines of a secret of several that are too short to be looked for anywhere but in a line of their own."""
    rows = [row.strip() for row in secret.splitlines()]
    if len(rows) > 1:
        yield from (f"\n{row}\n" for row in rows if MIN_LENGTH <= len(row) < MIN_LINE)


def _encodings(text: str) -> Iterator[str]:
    import html  # only runs with secrets need it

    data = text.encode("utf-8", "surrogateescape")
    yield text
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield escaped
        yield json.dumps(escaped)[1:-1]
        yield escaped.replace("/", "\\/")
    yield repr(text)[1:-1]
    yield repr(data)[2:-1]
    yield from (shlex.quote(text).strip("'"), text.replace("'", "'\\''"), text.replace("'", "''"))
    yield from (html.escape(text), html.escape(text, quote=False))
    for address in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield address
        yield _lower_escapes(address)
    yield from (data.hex(), data.hex().upper(), data.hex(":"), data.hex(" "))
    yield from _base64(data)


def _lower_escapes(address: str) -> str:
    head, *rest = address.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _base64(data: bytes) -> Iterator[str]:
    """The whole, and what of it stays the same inside a longer text (`user:password`), at each of three offsets."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode("ascii")
        if len(whole.rstrip("=")) >= MIN_ENCODED:
            yield whole
        for before in range(3):
            text = encode(b"\0" * before + data).decode("ascii").rstrip("=")
            first = (before * 8 + 5) // 6
            inner = text[first : (before + len(data)) * 8 // 6]
            if len(inner) >= MIN_ENCODED:
                yield inner
