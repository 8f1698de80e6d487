"""Writes docs/compared.md: which modules are compared with ansible-core, where, and what is meant to differ.

`python -m tests.modules.compared` writes it anew; a test fails if it is not up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from runner import registry
from tests.compat.case import load
from tests.modules.test_as_ansible import NAMES, case, module_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "compared.md"
_HEAD: Final = """\
# What is compared with ansible-core

The same tasks run through `ansible-playbook` and through `pbrun`. *Results*: each in a fresh clone of a machine, over
SSH; every key of every result and what is in the clone afterwards are the same (`tests/modules/as_ansible`; Ansible's
side is recorded). *Playbooks*: status, recap and files of whole playbooks are the same (`tests/compat/cases`). What is
meant to differ in a module's results stands here; what is meant to differ in the language, in
[differences.md](../tests/compat/differences.md). Everywhere, the message of a failure has words of its own; `diff`,
`invocation` and what tools print are not compared.

"""


def modules() -> list[str]:
    """The modules of ansible.builtin that there are."""
    names = [name for name in registry.names("modules") if registry.collection("modules", name) == "ansible.builtin"]
    return sorted(name.rstrip("_") for name in names)


def in_results() -> dict[str, list[str]]:
    """The files of `as_ansible` that have a task of each module."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        for module in {module_of(task) for task in case(name)["tasks"]}:
            found.setdefault(module, []).append(name)
    return found


def in_playbooks() -> dict[str, list[str]]:
    """The files of cases that have a task of each module."""
    known = frozenset(modules())
    found: dict[str, set[str]] = {}
    for one in load().values():
        for name, text in one.files.items():
            if name.endswith((".yaml", ".yml")):
                for module in known & {*_keys(_read(text))}:
                    found.setdefault(module, set()).add(one.stem)
    return {module: sorted(stems) for module, stems in found.items()}


def _read(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:  # a case may be about a mistake, or have tags of its own
        return None


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for part in value:
            yield from _keys(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if "hosts" not in value:  # `gather_facts` of a play is no task
                yield str(key).removeprefix("ansible.builtin.")
            yield from _keys(part)


def differences() -> dict[str, list[str]]:
    """What is meant to differ in the results of each module, and why."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        for one in case(name).get("meant", ()):
            only = {None: "", "failure": " of a failure"}.get(one.get("only"), f" ({one.get('only')})")
            keys = ", ".join(f"`{key}`" for key in one["keys"])
            found.setdefault(one["of"], []).append(f"{keys}{only}: {one['why']}")
    return found


def page() -> str:
    """The page's text."""
    results, playbooks, differ = in_results(), in_playbooks(), differences()
    compared = [name for name in modules() if name in results or name in playbooks]
    strictly = [name for name in modules() if name in results]
    head = f"{len(strictly)} modules are compared key by key, {len(compared)} of {len(modules())} in all.\n\n"
    rows = ["| module | results | playbooks | meant differences |", "|---|---|---|---|"]
    for name in modules():
        where = [", ".join(some.get(name, ())[:4]) or "–" for some in (results, playbooks)]
        rows.append(f"| `{name}` | {where[0]} | {where[1]} | {'; '.join(differ.get(name, ()))} |")
    return _HEAD + head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
