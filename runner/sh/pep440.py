"""Requirements of Python packages (`django>=3.2,<4`) and whether a version satisfies them.

The rules are those of PEP 440 (https://peps.python.org/pep-0440/) and, for names, PEP 503 and 508.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from runner.model.quick import dataclass

_VERSION: Final = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>\d*))?"
    r"(?P<post>(?:-(?P<post_n1>\d+))|(?:[-_.]?(?:post|rev|r)[-_.]?(?P<post_n2>\d*)))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_n>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_REQUIREMENT: Final = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*"
    r"\(?(?P<specifiers>(?:\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[^,;()\s]+\s*,?)*)\)?\s*"
)
_SPECIFIER: Final = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^,\s]+)")
_PHASES: Final = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "preview": "rc", "pre": "rc", "c": "rc", "rc": "rc"}

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: `name` as PEP 503 writes it, `specifiers` as pairs of operator and version, `text` as given."""

    text: str
    name: str
    extras: bool
    specifiers: tuple[tuple[str, str], ...]

    def satisfied_by(self, version: str) -> bool:
        """Whether a version is one that is asked for. One that is none by PEP 440 satisfies only `===`."""
        return all(_holds(version, operator, wanted) for operator, wanted in self.specifiers)


def canonical(name: str) -> str:
    """A project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(text: str) -> Requirement | None:
    """A requirement by name; None for what is none (an address, a file, one with a marker)."""
    found = _REQUIREMENT.fullmatch(text)
    if found is None:
        return None
    specifiers = tuple((operator, version) for operator, version in _SPECIFIER.findall(found["specifiers"]))
    return Requirement(text.strip(), canonical(found["name"]), bool(found["extras"]), specifiers)


def key(version: str) -> Key | None:
    """What versions are sorted by; None for what is none."""
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        return None
    release = [int(part) for part in found["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    dev = int(found["dev_n"] or 0) if found["dev"] else None
    post = int(found["post_n1"] or found["post_n2"] or 0) if found["post"] else None
    if found["pre"]:
        pre: Key = (_PHASES[found["pre"].lower()], int(found["pre_n"] or 0))
    elif post is None and dev is not None:
        pre = ("",)  # a development version of the release itself comes before its previews
    else:
        pre = ("z",)
    parts = re.split("[-_.]", found["local"]) if found["local"] else []
    local = tuple((1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in parts)
    epoch = int(found["epoch"] or 0)
    return (epoch, tuple(release), pre, -1 if post is None else post, float("inf") if dev is None else dev, local)


def _holds(version: str, operator: str, wanted: str) -> bool:
    if operator == "===":
        return version.lower() == wanted.lower()
    if wanted.endswith(".*"):
        return _begins(version, wanted[:-2]) is (operator == "==")
    has, want = key(version), key(wanted)
    if has is None or want is None:
        return False
    if operator == "~=":
        stem = re.match(r"(?:\d+!)?\d+(?:\.\d+)*(?=\.\d+)", wanted)
        return has >= want and stem is not None and _begins(version, stem[0])
    public = has if want[5] else (*has[:5], ())
    if operator in ("==", "!="):
        return (public == want) is (operator == "==")
    if operator == "<=":
        return public <= want
    if operator == ">=":
        return has >= want
    if operator == "<":
        return bool(has < want) and not (_is_preview(has) and not _is_preview(want) and has[:2] == want[:2])
    return bool(public > want and not (has[3] >= 0 > want[3] and has[:2] == want[:2]))


def _is_preview(has: Key) -> bool:
    return bool(has[2] != ("z",) or has[4] != float("inf"))


def _begins(version: str, stem: str) -> bool:
    has, want = _numbers(version), _numbers(stem)
    return has is not None and want is not None and (has + [0] * len(want))[: len(want)] == want


def _numbers(version: str) -> list[int] | None:
    found = _VERSION.match(version.strip())
    if found is None:
        return None
    return [int(found["epoch"] or 0), *(int(part) for part in found["release"].split("."))]


def several(names: Sequence[str]) -> list[str]:
    """A user's list of requirements, in which specifiers may have become items of their own, put together again."""
    found: list[str] = []
    inside = False
    for part in (part for name in names for part in name.split(",")):
        if found and (inside or part.lstrip().startswith(("<", ">", "=", "!", "~"))):
            found[-1] += f",{part}"
        else:
            found.append(part)
        inside = (inside or "[" in part) and "]" not in part
    return found
