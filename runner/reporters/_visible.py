r"""Text from hosts, made harmless for a terminal: whatever has no shape of its own is shown as an escape.

Control characters (C0, DEL, C1), escape sequences, bidirectional and zero-width marks can move the cursor, hide text
or turn it around; bytes that are no UTF-8 come as lone surrogates. All of them are shown as `\x1b`, `\u202e`, `\xff`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SUSPECT: Final = re.compile(r"[^\x20-\x7e]")
_SUSPECT_IN_ROWS: Final = re.compile(r"[^\x20-\x7e\t\n]")


def visible(text: str, *, rows: bool = False) -> str:
    """`text` with every character escaped that would not be seen; newlines and tabs stay with `rows`."""
    if rows:
        return _SUSPECT_IN_ROWS.sub(_escape, text.replace("\r\n", "\n"))
    return text if text.isascii() and text.isprintable() else _SUSPECT.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    shaped = character.isprintable() or unicodedata.category(character) == "Zs"
    if code > 0x9F and shaped and not _unseen(code):
        return character
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unseen(code: int) -> bool:
    """Variation selectors and blank letters: printable by the book, yet nothing is seen of them."""
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code in (0x034F, 0x115F, 0x1160, 0x3164)
