"""Makes docs/safety.md: each rule of safety, what is promised, and the tests that show it.

`python -m tests.security.table` writes the page from rules.yaml; test_table.py fails if it is not up to date.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.yaml_file import read_yaml

TESTS: Final = Path(__file__).parent.parent
PAGE: Final = TESTS.parent / "docs" / "safety.md"
INTRO: Final = """\
# Safe and sure

What is known to go wrong with tools of this kind, what `pbrun` promises about it, and which tests show that. Classes
of security faults are numbered S, faults of the world F. A rule is *kept* if its tests show it, *partly* if something
of it is still to be shown (it is named), *open* if no test shows it yet. This page is made from
`tests/security/rules.yaml` by `python -m tests.security.table`, and a test fails if it is not up to date or names a
test that does not exist. Who is trusted with what is in [SECURITY.md](../SECURITY.md).
"""
STATES: Final = ("kept", "partly", "open")


@cache
def rules() -> Mapping[str, Mapping[str, Any]]:
    """The rules by their number."""
    read: dict[str, Mapping[str, Any]] = read_yaml(Path(__file__).parent / "rules.yaml")
    return read


@cache
def functions(file: str) -> frozenset[str]:
    """The test functions of a file below tests/."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def unknown_tests() -> list[str]:
    """The tests that are named and do not exist."""
    named = [name for rule in rules().values() for name in rule["tests"]]
    return [name for name in named if not _exists(*name.split("::"))]


def _exists(file: str, function: str) -> bool:
    return (TESTS / file).is_file() and function in functions(file)


def state(rule: Mapping[str, Any]) -> str:
    """How far a rule is shown."""
    if not rule["tests"]:
        return "open"
    return "partly" if rule.get("missing") else "kept"


def row(number: str, rule: Mapping[str, Any]) -> str:
    """A rule as a row of the table."""
    tests = "<br>".join(f"`{name}`" for name in rule["tests"])
    since = f"<br>({rule['since']})" if rule.get("since") else ""
    missing = f": {rule['missing']}" if rule.get("missing") else ""
    return f"| {number} | {rule['title']}{since} | {rule['promise']} | {tests} | **{state(rule)}**{missing} |"


def page() -> str:
    """The text of the page."""
    parts = [INTRO]
    for letter, title in (("S", "Classes of security faults"), ("F", "Faults of the world")):
        chosen = {number: rule for number, rule in rules().items() if number.startswith(letter)}
        counted = ", ".join(f"{sum(state(r) == name for r in chosen.values())} {name}" for name in STATES)
        rows = [row(number, rule) for number, rule in chosen.items()]
        parts.append(f"## {title}\n\n{len(chosen)}: {counted}.\n")
        parts.append("\n".join(["| | what | promise | tests | |", "|---|---|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
