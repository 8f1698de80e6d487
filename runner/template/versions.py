"""Version numbers compared as Ansible's `version` test does: loose, strict, semantic, PEP 440."""

from __future__ import annotations

import operator as operators
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError
from runner.template.filters_text import as_text

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        **dict.fromkeys(("==", "=", "eq"), operators.eq),
        **dict.fromkeys(("<", "lt"), operators.lt),
        **dict.fromkeys(("<=", "le"), operators.le),
        **dict.fromkeys((">", "gt"), operators.gt),
        **dict.fromkeys((">=", "ge"), operators.ge),
        **dict.fromkeys(("!=", "<>", "ne"), operators.ne),
    }
)
_PIECES: Final = re.compile(r"(\d+|[a-z]+|\.)")
_STRICT: Final = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?")
_SEMANTIC: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def loose(text: str) -> Any:
    """Runs of digits as numbers, runs of letters as text (what distutils' LooseVersion does)."""
    pieces = [piece for piece in _PIECES.split(text) if piece and piece != "."]
    return [int(piece) if piece.isdigit() else piece for piece in pieces]


def strict(text: str) -> Any:
    """`1.2`, `1.2.3`, `1.2a1`."""
    found = _STRICT.fullmatch(text)
    if found is None:
        raise ValueError(f"invalid version number '{text}'")
    numbers = tuple(int(found[place] or 0) for place in (1, 2, 3))
    # No letter sorts after a and b: a final version is newer than its previews.
    return (*numbers, found[4] or "z", int(found[5] or 0))


def semantic(text: str) -> Any:
    """https://semver.org, without build numbers."""
    found = _SEMANTIC.fullmatch(text)
    if found is None:
        raise ValueError(f"invalid semantic version '{text}'")
    numbers = tuple(int(found[place]) for place in (1, 2, 3))
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in (found[4] or "").split(".") if part]
    return (*numbers, not parts, parts)


def pep440(text: str) -> Any:
    """Python's own rules. Needs the package packaging."""
    try:
        from packaging.version import Version
    except ImportError:
        raise TemplateError("The pep440 version_type requires the Python package packaging") from None
    return Version(text)


_KINDS: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {"loose": loose, "strict": strict, "semver": semantic, "semantic": semantic, "pep440": pep440}
)


def version_compare(
    value: Any, version: Any, operator: str = "eq", strict: bool | None = None, version_type: str | None = None
) -> bool:
    """Whether `value operator version` holds."""
    if strict is not None and version_type is not None:
        raise TemplateError("Cannot specify both 'strict' and 'version_type'", kind="type")
    if not value or not version:
        which = "Input version value" if not value else "Version parameter to compare against"
        raise TemplateError(f"{which} cannot be empty", kind="type")
    kind = version_type or ("strict" if strict else "loose")
    for word, known, what in ((kind, _KINDS, "version type"), (operator, _OPERATORS, "operator type")):
        if word not in known:
            raise TemplateError(f"Invalid {what} ({word}). Must be one of {', '.join(map(repr, known))}", kind="type")
    try:
        return bool(_OPERATORS[operator](_KINDS[kind](as_text(value)), _KINDS[kind](as_text(version))))
    except (TypeError, ValueError) as error:
        raise TemplateError(f"Version comparison failed: {error}", kind="type") from None
