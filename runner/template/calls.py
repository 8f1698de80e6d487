"""How filters, tests and functions are called: markers and unknowns go through, lazy arguments become plain."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from jinja2.exceptions import SecurityError
from jinja2.exceptions import TemplateError as JinjaError

from runner.errors import PbrunError, TemplateError
from runner.model.values import Unknown, UnknownReached
from runner.template.lazy import deepen
from runner.template.limits import BOUNDED, check_filter
from runner.template.markers import Failed, MarkerReached, Missing
from runner.template.own import OwnDict, OwnList
from runner.template.syntax_words import of_call

# What a filter, a test or generated code may raise because of the user's data. Anything else is not ours to judge.
ORDINARY: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    JinjaError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    re.error,
)

# They look at their first argument's being there at all, so they get it as it is.
TAKE_MARKERS: Final = frozenset(
    {"default", "d", "ternary", "mandatory", "type_debug", "defined", "undefined", "unvault", "vault_encrypted"}
)

# A Failed argument is not "undefined": these must not hide the error.
_WANT_UNDEFINED: Final = frozenset({"default", "d", "mandatory", "defined", "undefined"})

# They keep what is unknown inside their arguments in its place, or touch it themselves if they need it. All others
# give `Unknown` when an argument holds one at any depth.
_KEEP_UNKNOWNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "filter": frozenset(
            {"combine", "flatten", "dict2items", "extract", "zip", "zip_longest", "length", "count", "first", "last"}
            | {"map", "select", "selectattr", "reject", "rejectattr", "batch", "slice", "reverse", "attr", "items"}
            | {"list", "to_json", "to_nice_json", "to_yaml", "to_nice_yaml", "groupby", "dictsort", "sort"}
        ),
        "test": frozenset(
            {"mapping", "sequence", "iterable", "string", "number", "boolean", "integer", "float", "none", "in"}
            | {"failed", "failure", "succeeded", "success", "successful", "changed", "change", "skipped", "skip"}
            | {"unreachable", "reachable", "timedout", "started", "finished", "contains", "truthy", "falsy"}
            | {"any", "all"}
        ),
    }
)

_PLAIN: Final = frozenset({list, OwnList, tuple, set, frozenset})


def first_odd(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The first argument that is a marker or `Unknown`, or None. Markers win: they are mistakes."""
    unknown: Unknown | None = None
    for part in (*args, *kwargs.values()):
        if isinstance(part, Missing):
            return part
        if unknown is None and isinstance(part, Unknown):
            unknown = part
    return unknown


def wrap(kind: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as Jinja may call it. `kind` is "filter" or "test"."""
    takes_markers = name in TAKE_MARKERS
    keeps = name in _KEEP_UNKNOWNS[kind]
    wants_undefined = name in _WANT_UNDEFINED

    makes_list, makes_dict = kind == "filter" and name == "list", kind == "filter" and name == "combine"

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if takes_markers:
            if wants_undefined and args and isinstance(args[0], Failed):
                args[0].trip()
        elif (odd := first_odd(args, kwargs)) is not None:
            return odd
        else:
            args = tuple([deepen(part) for part in args])
            kwargs = {key: deepen(part) for key, part in kwargs.items()} if kwargs else kwargs
            if not keeps and (unknown := unknown_in((*args, *kwargs.values()))) is not None:
                return unknown
            if name in BOUNDED:
                check_filter(name, args, kwargs)
        try:
            result = function(*args, **kwargs)
            if isinstance(result, Iterator) or (makes_list and type(result) is list):
                return OwnList(result)
            return OwnDict(result) if makes_dict and type(result) is dict else result
        except MarkerReached as reached:
            return reached.marker
        except UnknownReached as reached:
            return reached.unknown
        except (SecurityError, RecursionError, MemoryError, PbrunError):
            raise
        except ORDINARY as error:
            raise TemplateError(f"the {kind} {name!r} failed: {describe(error)}", kind="type", word=name) from error

    return called


def unknown_in(value: Any) -> Unknown | None:
    """The first `Unknown` at any depth of plain containers (`hostvars` and contexts are not searched)."""
    if isinstance(value, Unknown):
        return value
    parts = value.values() if type(value) in (dict, OwnDict) else value if type(value) in _PLAIN else ()
    return next((found for part in parts if (found := unknown_in(part)) is not None), None)


def describe(error: BaseException) -> str:
    """An exception in plain words; `KeyError('x')` alone would say only `'x'`."""
    if isinstance(error, KeyError):
        return f"there is no key {error}"
    return of_call(str(error)) or type(error).__name__
