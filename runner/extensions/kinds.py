"""What kind of module a file of a library is, and which interpreter its first line asks for.

Source: https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#types-of-modules
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import Final

from runner.errors import StepError
from runner.model.quick import dataclass

_NEW: Final = re.compile(
    rb"#<<INCLUDE_ANSIBLE_MODULE_COMMON>>"
    rb"|^[ \t]*(?:from|import)[ \t]+(?:ansible\.module_utils|ansible_collections\.|\.{2,}[ \t]*module_utils)",
    re.MULTILINE,
)
_POWERSHELL: Final = re.compile(rb"#\s*(?:POWERSHELL_COMMON|Requires\s+-Module|AnsibleRequires)", re.IGNORECASE)
_JSON_ARGS: Final = b"<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
_WANT_JSON: Final = b"WANT_JSON"
_CONTROLS: Final = bytes(range(9)) + b"\x0e\x0f" + bytes(range(0x10, 0x1B))


class Style(StrEnum):
    """How a module takes its arguments: a file of JSON, a file of `key=value` words, or inside its own text."""

    BINARY = "binary"
    WANT_JSON = "want_json"
    JSON_ARGS = "json_args"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Shape:
    """A module's style and the words of its `#!` line (none for a program)."""

    style: Style
    interpreter: tuple[str, ...] = ()


def shape_of(name: str, path: str, content: bytes) -> Shape:
    """The shape of a module's file. Raises StepError for one that cannot run without Ansible or has no `#!` line."""
    if content.startswith(b"\x7fELF") or any(byte in content[:1024] for byte in _CONTROLS):
        return Shape(Style.BINARY)
    if found := _NEW.search(content):
        line = content.count(b"\n", 0, found.start()) + 1
        raise StepError(
            f"the module {name!r} ({path}:{line}) needs Ansible's own Python library on the host, which pbrun does not "
            "bring: write it as one that reads its arguments from a file of JSON (WANT_JSON), or use pbrun's modules"
        )
    if _POWERSHELL.search(content):
        raise StepError(f"the module {name!r} ({path}) is for Windows, which pbrun does not manage")
    interpreter = _interpreter(content)
    if not interpreter:
        raise StepError(f"the module {name!r} ({path}) has no first line like '#!/bin/sh' that says what runs it")
    if _JSON_ARGS in content:
        return Shape(Style.JSON_ARGS, interpreter)
    return Shape(Style.WANT_JSON if _WANT_JSON in content else Style.OLD, interpreter)


def _interpreter(content: bytes) -> tuple[str, ...]:
    first = content.split(b"\n", 1)[0].decode("utf-8", "surrogateescape").strip()
    if not first.startswith("#!"):
        return ()
    try:
        return tuple(shlex.split(first[2:]))
    except ValueError:
        return tuple(first[2:].split())


def with_json(content: bytes, text: str) -> bytes:
    """A module of style JSON_ARGS with its arguments (JSON) in their place in its text."""
    return content.replace(_JSON_ARGS, text.encode("utf-8", "surrogateescape"))
