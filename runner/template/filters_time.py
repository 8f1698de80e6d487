"""Filters on dates and times."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError


def to_datetime(text: str, format: str = "%Y-%m-%d %H:%M:%S") -> datetime.datetime:  # noqa: A002
    """A time from text."""
    return datetime.datetime.strptime(text, format)


def strftime(string_format: str, second: Any = None, utc: bool = False) -> str:
    """A time (epoch seconds, now by default) as text."""
    try:
        moment = None if second is None else float(second)
    except (TypeError, ValueError):
        raise TemplateError(f"strftime: invalid value for epoch value ({second})", kind="type") from None
    return time.strftime(string_format, time.gmtime(moment) if utc else time.localtime(moment))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"to_datetime": to_datetime, "strftime": strftime})
