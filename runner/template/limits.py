"""Bounds that stop a template from eating the machine before it starts to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import TemplateError

MAX_LENGTH: Final = 20_000_000
# Turns of all loops together while one value is rendered: a few seconds, where templates people write take thousands.
MAX_TURNS: Final = 2_000_000
MAX_BITS: Final = 1_000_000
_WIDTH: Final = re.compile(r"\d{7,}")
BOUNDED: Final = frozenset({"format", "center", "indent"})
_PADDING: Final = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


def too_much(what: str) -> TemplateError:
    """The error for something that would be too big."""
    return TemplateError(f"{what} would be too big", kind="limit")


def check_binop(operator: str, left: Any, right: Any) -> None:
    """Raises TemplateError kind "limit" if `left operator right` would be huge."""
    if operator == "*":
        for thing, times in ((left, right), (right, left)):
            sized = isinstance(thing, str | bytes | list | tuple)
            if sized and isinstance(times, int) and len(thing) * times > MAX_LENGTH:
                raise too_much("a repetition")
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
            raise too_much("a product")
    elif operator == "**":
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > MAX_BITS:
            raise too_much("a power")
    elif isinstance(left, str) and _WIDTH.search(left):
        raise too_much("formatted text")


def check_call(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raises TemplateError kind "limit" if a method of text would pad it to a huge size."""
    owner = getattr(getattr(function, "__wrapped__", function), "__self__", None)
    if not isinstance(owner, str):
        return
    name = getattr(function, "__name__", "")
    if name in _PADDING and any(isinstance(part, int) and part > MAX_LENGTH for part in (*args, *kwargs.values())):
        raise too_much("padded text")
    if name in ("format", "format_map") and _WIDTH.search(owner):
        raise too_much("formatted text")
    if name == "replace" and len(args) > 1 and isinstance(args[1], str) and len(args[1]) * len(owner) > MAX_LENGTH * 10:
        raise too_much("replaced text")


def check_filter(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raises TemplateError kind "limit" if one of the `BOUNDED` filters would make something huge."""
    if name == "format":
        if isinstance(args[0], str) and _WIDTH.search(args[0]):
            raise too_much("formatted text")
    elif any(isinstance(part, int) and part > MAX_LENGTH for part in (*args[1:], *kwargs.values())):
        raise too_much("padded text")
