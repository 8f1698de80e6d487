"""Any bytes as a format for the shell's builtin printf: small contents travel in the text, without a fork."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# What may not stand for itself in a single-quoted printf format; a terminal in between would act on control characters.
_SPECIAL: Final = re.compile(r"[^\n\t -~]|[%\\']", re.ASCII)


@cache
def _special_of_any_text() -> re.Pattern[str]:
    """Compiled when a text that is not ASCII comes: a set of so many characters takes milliseconds."""
    return re.compile(r"[^\n\t -~\u00a0-\U0010ffff]|[%\\']|[\ud800-\udfff]|[\u2028\u2029]")


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character == "%":
        return "%%"
    if character == "\\":
        return "\\\\"
    if character == "'":
        return "'\\''"
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def printf_word(data: bytes) -> str:
    """A shell word so that `printf WORD` writes exactly `data` under dash, bash, busybox and their like."""
    text = data.decode("utf-8", "surrogateescape")
    word = (_SPECIAL if text.isascii() else _special_of_any_text()).sub(_escape, text)
    if word.startswith("-"):
        word = "\\055" + word[1:]
    return f"'{word}'"
