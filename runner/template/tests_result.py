"""Tests on results of tasks: failed, changed, skipped …"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.errors import TemplateError


def _flag(name: str, test: str | None = None) -> Callable[[Any], bool]:
    def found(result: Any) -> bool:
        return bool(_result(result, test or name).get(name))

    return found


def _result(value: Any, test: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TemplateError(f"The {test!r} test expects a dictionary", kind="type")
    return value


def _not(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def found(result: Any) -> bool:
        return not test(result)

    return found


def changed(result: Any) -> bool:
    """Whether the task, or any item of its loop, changed something."""
    values = _result(result, "changed")
    if "changed" in values:
        return bool(values["changed"])
    items = values.get("results")
    if not isinstance(items, list):
        return False
    return any(bool(item.get("changed")) for item in items if isinstance(item, Mapping))


def timedout(result: Any) -> bool:
    """Whether the task ran out of time."""
    found = _result(result, "timedout").get("timedout")
    return bool(found and isinstance(found, Mapping) and found.get("period"))


def _async(name: str) -> Callable[[Any], bool]:
    """For tasks without `async` the answer is yes, as in Ansible."""

    def found(result: Any) -> bool:
        return bool(_result(result, name).get(name, True))

    return found


_FAILED: Final = _flag("failed")
_UNREACHABLE: Final = _flag("unreachable")
_SKIPPED: Final = _flag("skipped")

TESTS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "failed": _FAILED,
        "failure": _FAILED,
        "succeeded": _not(_FAILED),
        "success": _not(_FAILED),
        "successful": _not(_FAILED),
        "unreachable": _UNREACHABLE,
        "reachable": _not(_UNREACHABLE),
        "skipped": _SKIPPED,
        "skip": _SKIPPED,
        "changed": changed,
        "change": changed,
        "timedout": timedout,
        "started": _async("started"),
        "finished": _async("finished"),
    }
)
