"""Stands in for parts of `ansible.utils`: `vars`, `listify`, `unsafe_proxy`, `path`."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Any

from runner.model.merging import LIST_MERGES, merge


def merge_hash(
    x: Mapping[Any, Any], y: Mapping[Any, Any], recursive: bool = True, list_merge: str = "replace"
) -> MutableMapping[Any, Any]:
    """`y` over `x`. `list_merge`: replace, keep, append, prepend, append_rp or prepend_rp."""
    return merge(x, y, recursive, list_merge if list_merge in LIST_MERGES else "replace")


def combine_vars(a: Mapping[Any, Any], b: Mapping[Any, Any], merge: bool | None = None) -> MutableMapping[Any, Any]:
    """`b` over `a`, as two sources of variables are put together."""
    return merge_hash(a, b) if merge else {**a, **b}


def listify_lookup_plugin_terms(terms: Any, templar: Any = None, **_more: Any) -> list[Any]:
    """A lookup's terms as a list."""
    del templar
    text = terms.strip() if isinstance(terms, str) else terms
    return list(text) if isinstance(text, list | tuple) else [text]


def wrap_var(value: Any) -> Any:
    """What comes out of a plug-in is never a template here, so nothing has to be marked."""
    return value


def unfrackpath(path: str, follow: bool = True, basedir: str | None = None) -> str:
    """A path made absolute, `~` and variables expanded."""
    whole = os.path.join(basedir or "", os.path.expanduser(os.path.expandvars(path)))  # noqa: PTH111, PTH118
    return os.path.realpath(whole) if follow else os.path.abspath(whole)  # noqa: PTH100


def makedirs_safe(path: str, mode: int | None = None) -> None:
    """Make a folder and those above it."""
    os.makedirs(path, 0o777 if mode is None else mode, exist_ok=True)  # noqa: PTH103


AnsibleUnsafe = str
AnsibleUnsafeText = str
AnsibleUnsafeBytes = bytes
