"""Tests on this machine's files."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

TESTS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "directory": os.path.isdir,
        "is_dir": os.path.isdir,
        "file": os.path.isfile,
        "is_file": os.path.isfile,
        "link": os.path.islink,
        "is_link": os.path.islink,
        "exists": os.path.exists,
        "link_exists": os.path.lexists,
        "abs": os.path.isabs,
        "is_abs": os.path.isabs,
        "same_file": os.path.samefile,
        "is_same_file": os.path.samefile,
        "mount": os.path.ismount,
        "is_mount": os.path.ismount,
    }
)
