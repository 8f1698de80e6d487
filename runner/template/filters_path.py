"""Filters on paths, those of POSIX and those of Windows; some look at this machine's files."""

from __future__ import annotations

import glob
import ntpath
import os.path
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_text import as_text
from runner.template.markers import type_name


def fileglob(pattern: str) -> list[str]:
    """Files (no folders) on this machine that fit a shell pattern."""
    return [name for name in glob.glob(pattern) if Path(name).is_file()]  # noqa: PTH207


def path_join(paths: Any) -> str:
    """Parts of a path as one."""
    if isinstance(paths, str):
        return paths
    if isinstance(paths, Sequence):
        return os.path.join(*paths)  # noqa: PTH118
    raise TemplateError("path_join expects a string or a list", kind="type")


def commonpath(paths: Any) -> str:
    """The longest folder that all share."""
    if not isinstance(paths, Sequence) or isinstance(paths, str):
        raise TemplateError("commonpath expects a list", kind="type")
    return os.path.commonpath(paths)


def _on_text(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(f"a path must be text, not {type_name(value)!r}")
        return function(as_text(value), *args, **kwargs)

    return called


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "basename": _on_text(os.path.basename),
        "dirname": _on_text(os.path.dirname),
        "expanduser": _on_text(os.path.expanduser),
        "expandvars": _on_text(os.path.expandvars),
        "realpath": _on_text(os.path.realpath),
        "relpath": _on_text(os.path.relpath),
        "normpath": _on_text(os.path.normpath),
        "splitext": _on_text(os.path.splitext),
        "win_basename": _on_text(ntpath.basename),
        "win_dirname": _on_text(ntpath.dirname),
        "win_splitdrive": _on_text(ntpath.splitdrive),
        "path_join": path_join,
        "commonpath": commonpath,
        "fileglob": fileglob,
    }
)
