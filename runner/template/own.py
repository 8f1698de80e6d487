"""Lists and dicts that a template wrote out itself: the only ones it may change (`{% set _ = found.append(x) %}`)."""

from __future__ import annotations

from typing import Any, ClassVar


class OwnList(list[Any]):
    """A list literal of a template."""

    __slots__ = ()
    pb_type_name: ClassVar[str] = "list"


class OwnDict(dict[Any, Any]):
    """A dict literal of a template, or what `dict(…)` gave it."""

    __slots__ = ()
    pb_type_name: ClassVar[str] = "dict"
