"""Reading the user's files: decrypted if need be, with a record of what was read and its sha256, for the log."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from runner.errors import VaultError
from runner.model.ports import Vault
from runner.model.quick import dataclass
from runner.model.span import Problem, Span
from runner.vault.contents import guarded, telling_texts, texts_of_tasks
from runner.vault.envelope import is_vault
from runner.vault.keyring import Keyring

MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Sources:
    """Every file read through it: absolute path to the sha256 of its bytes, in hex, in order of reading.

    `vault` opens those that are encrypted; `sealed` are their paths, as they were asked for, `locked` those that no
    secret opens. `homes` are the folders of playbooks and roles, which may hold plug-ins and modules;
    `brings_module(name, collections)` says whether one of those modules has a name, `brings_lookup(name)` the same of
    lookups.
    """

    files: dict[str, str] = field(default_factory=dict)
    vault: Vault = field(default_factory=Keyring)
    sealed: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    homes: dict[str, None] = field(default_factory=dict)
    brings_module: Callable[[str, tuple[str, ...]], bool] = lambda _name, _collections: False
    brings_lookup: Callable[[str], bool] = lambda _name: False

    def aside(self) -> Sources:
        """A record of its own with the same secrets and homes, for a look ahead at what the run may never read."""
        return replace(self, files={}, sealed=set(), locked=set())

    def home(self, folder: str) -> None:
        """A playbook or a role lives in this folder."""
        self.homes.setdefault(str(Path(folder or ".").absolute()))

    def read(self, path: str) -> bytes | Problem:
        """The bytes of a file of at most 64 MiB, decrypted, or what is wrong with it."""
        try:
            if not os.path.isfile(path):  # noqa: PTH113 - of hundreds of files
                return Problem(Span(path), _missing(Path(path)))
            with open(path, "rb") as opened:  # noqa: PTH123
                data = opened.read(MAX_BYTES + 1)
        except OSError as error:
            return Problem(Span(path), f"cannot be read: {error.strerror or error}")
        if len(data) > MAX_BYTES:
            return Problem(Span(path), f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
        self.files[path if path.startswith("/") else str(Path(path).absolute())] = hashlib.sha256(data).hexdigest()
        return self.opened(path, data)

    def opened(self, path: str, data: bytes) -> bytes | Problem:
        """`data`, read from `path`, decrypted if need be."""
        if not is_vault(data):
            return data
        self.sealed.add(path)
        try:
            return self.vault.decrypt(data)
        except VaultError as error:
            self.locked.add(path)
            return Problem(Span(path), error.message, error.hint)

    def values(self, path: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Variables that were read from `path`: secrets if it is encrypted, and then no log shows their texts."""
        if path not in self.sealed:
            return values
        self.vault.note(telling_texts(values))
        made: Mapping[str, Any] = guarded(values)
        return made

    def value(self, path: str, name: str, value: Any) -> Any:
        """The same for one variable."""
        return self.values(path, {name: value})[name]

    def discreet(self, path: str, problems: list[Problem]) -> list[Problem]:
        """What is wrong in a file, without its words if it is encrypted: they may be secrets."""
        if path not in self.sealed:
            return problems
        return [replace(one, message=_QUOTED.sub("'…'", one.message), hint="") for one in problems]

    def note_tasks(self, path: str, value: Any) -> None:
        """Learn the secrets of an encrypted playbook or file of tasks: its variables, and arguments named like one."""
        if path in self.sealed:
            self.vault.note(texts_of_tasks(value))


def answered(ask: Callable[[], bool]) -> bool:
    """What a question about a path answers; no for a name that no file can have (one that is too long, say)."""
    try:
        return ask()
    except (OSError, ValueError):
        return False


# A quoted part of a message; what is quoted may hold quotes itself.
_QUOTED: Final = re.compile(r"'.*'|[\"].*[\"]")


def _missing(file: Path) -> str:
    if file.is_symlink() and not file.exists():
        return "is a link to something that does not exist"
    if file.is_dir():
        return "is a folder, not a file"
    return "is not a regular file" if file.exists() else "does not exist"
