"""Sh texts with places in them: `@NAME@` is where a part goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PLACE: Final = re.compile(r"@([A-Z_]+)@")


def filled(text: str, parts: Mapping[str, str]) -> str:
    """`text` with each `@NAME@` replaced; what the parts themselves hold is not looked at. Raises KeyError."""
    return _PLACE.sub(lambda found: parts[found[1]], text)
