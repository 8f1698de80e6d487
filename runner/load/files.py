"""Files on the controller that steps ask for: found on Ansible's search path, read and hashed once.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbook_pathing.html
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from runner.errors import StepError, VaultError
from runner.load.sources import Sources
from runner.load.vars_files import load_vars_file
from runner.model.playbook import Task
from runner.model.ports import FileKind, TreeEntry
from runner.vault.contents import file_texts
from runner.vault.envelope import MARK, is_vault

_BLOCK: Final = 1024 * 1024


class Files:
    """Reads for modules what lies here. Every method raises StepError with a plain reason. Not for several threads."""

    def __init__(self, record: Sources | None = None) -> None:
        self._record = record if record is not None else Sources()
        self._opened: dict[tuple[str, int, int], bytes | None] = {}
        self._content: dict[tuple[str, int, int], bytes] = {}
        self._sums: dict[tuple[str, int, int], tuple[str, str]] = {}
        self._templates: dict[tuple[str, int, int], Mapping[str, Any]] = {}
        self._vars: dict[str, Mapping[str, Any]] = {}
        self._found: dict[tuple[str, str, tuple[str, ...]], str] = {}

    def find(self, kind: FileKind, name: str, task: Task, playbook_dir: str) -> str:
        """The absolute path of a file or folder: in the role's `kind` folder, the role, beside the task's file, in
        the playbook's `kind` folder, beside the playbook. The error lists the places searched."""
        folders = tuple(search_path(kind, task, playbook_dir))
        known = self._found.get((kind, name, folders))
        if known is not None and os.path.lexists(known):
            return known
        wanted = posixpath.expanduser(name)
        if not wanted or "\0" in wanted:
            raise StepError(f"{name!r} is not the name of a file")
        places = [posixpath.normpath(posixpath.join(folder, wanted)) for folder in folders]
        places = list(dict.fromkeys(places)) if not posixpath.isabs(wanted) else [wanted]
        for place in places:
            if self.exists(place):
                self._found[kind, name, folders] = place
                return place
        raise StepError(f"could not find {name!r}; searched in: {', '.join(places)}")

    def folders(self, kind: FileKind, task: Task, playbook_dir: str) -> tuple[str, ...]:
        """The folders that `find` looks in, in order."""
        return tuple(search_path(kind, task, playbook_dir))

    def read(self, path: str, *, decrypt: bool = True) -> bytes:
        """A file's content, decrypted if it is encrypted with Ansible Vault."""
        data = self._read(path)
        return self.opened(path) or b"" if decrypt and is_vault(data) else data

    def _read(self, path: str) -> bytes:
        key = self._key(path)
        if key not in self._content:
            try:
                data = Path(path).read_bytes()
            except OSError as error:
                raise StepError(f"cannot read {path}: {error.strerror or error}") from None
            self._content[key] = data
            self._record.files[os.path.abspath(path)] = hashlib.sha256(data).hexdigest()  # noqa: PTH100
        return self._content[key]

    def opened(self, path: str) -> bytes | None:
        """The plain content of a file that is encrypted with Ansible Vault; None if it is not encrypted.

        Raises StepError when no secret opens it. What was inside is masked in the log from then on.
        """
        key = self._key(path)
        if key not in self._opened:
            self._opened[key] = self._open(path) if self._is_encrypted(path) else None
        return self._opened[key]

    def _open(self, path: str) -> bytes:
        try:
            data = self._record.vault.decrypt(self._read(path))
        except VaultError as error:
            raise StepError(f"{path} {error}") from None
        self._record.vault.note(file_texts(data))
        return data

    @staticmethod
    def _is_encrypted(path: str) -> bool:
        try:
            with Path(path).open("rb") as file:
                return is_vault(file.read(len(MARK) + 1))
        except OSError:
            return False  # who reads it will be told

    def sha1(self, path: str) -> str:
        """The SHA-1 of a file in hex, read in blocks."""
        key = self._key(path)
        if key not in self._sums:
            try:
                with Path(path).open("rb") as opened:
                    first, second = _digests(opened)
            except OSError as error:
                raise StepError(f"cannot read {path}: {error.strerror or error}") from None
            self._sums[key] = (first, second)
            self._record.files[os.path.abspath(path)] = second  # noqa: PTH100
        return self._sums[key][0]

    def entry(self, path: str) -> TreeEntry:
        """What `path` is, links followed; `relative` is its base name."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError) as error:
            raise StepError(f"cannot look at {path}: {getattr(error, 'strerror', None) or error}") from None
        return _entry(posixpath.basename(path.rstrip("/")), found)

    def tree(self, path: str) -> tuple[TreeEntry, ...]:
        """All entries below a folder, parents first, sorted by name. A link is an entry itself: nothing behind it is
        looked at."""
        return tuple(_walk(path, ""))

    def exists(self, path: str) -> bool:
        """Whether `path` exists here."""
        try:
            return os.path.lexists(path)
        except ValueError:
            return False

    def load_vars(self, path: str) -> Mapping[str, Any]:
        """The variables of a YAML or JSON file."""
        if path not in self._vars:
            variables, problems = load_vars_file(path, self._record)
            wrong = [problem for problem in problems if problem.level == "error"]
            if wrong:
                raise StepError("\n".join(f"{problem.span}: {problem.message}" for problem in wrong))
            self._vars[path] = variables
        return self._vars[path]

    def template_facts(self, path: str) -> Mapping[str, Any]:
        """What a template may know of itself: `template_host`, `_uid`, `_mtime` and `_run_date`."""
        import pwd

        key = self._key(path)
        if key not in self._templates:
            found = Path(path).stat()
            try:
                owner: str | int = pwd.getpwuid(found.st_uid).pw_name
            except KeyError:
                owner = found.st_uid
            self._templates[key] = {
                "template_host": os.uname().nodename,
                "template_uid": owner,
                "template_mtime": datetime.fromtimestamp(found.st_mtime),
                "template_run_date": datetime.now(),
            }
        return self._templates[key]

    def hashes(self) -> Mapping[str, str]:
        """Everything read so far: absolute path to SHA-256 in hex."""
        return dict(self._record.files)

    def _key(self, path: str) -> tuple[str, int, int]:
        """A file as it is now: a changed size or time makes another key."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError) as error:
            raise StepError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
        if stat.S_ISDIR(found.st_mode):
            raise StepError(f"cannot read {path}: it is a folder")
        return path, found.st_size, found.st_mtime_ns


def _digests(opened: BinaryIO) -> tuple[str, str]:
    """SHA-1 and SHA-256 of a file in hex. Of a large one they are made side by side: nobody can begin before."""
    first, second = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    block = opened.read(_BLOCK)
    if len(block) < _BLOCK:
        first.update(block)
        second.update(block)
        return first.hexdigest(), second.hexdigest()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as beside:
        while block:
            done = beside.submit(second.update, block)
            first.update(block)
            following = opened.read(_BLOCK)
            done.result()
            block = following
    return first.hexdigest(), second.hexdigest()


def search_path(kind: FileKind, task: Task, playbook_dir: str) -> Iterator[str]:
    """The folders in which a relative name is looked for, in order."""
    bases: list[str] = []
    if task.role:
        bases += task.role.chain or [task.role.path]
        if kind == "tasks":
            bases += [posixpath.join(task.role.path, "tasks")]
    bases.append(str(Path(posixpath.dirname(task.span.path) or ".").absolute()))
    bases.append(str(Path(playbook_dir or ".").absolute()))
    for base in bases:
        yield posixpath.join(base, kind)
        yield base


def _walk(folder: str, inside: str) -> Iterator[TreeEntry]:
    try:
        with os.scandir(posixpath.join(folder, inside)) as listed:
            found = sorted(listed, key=lambda entry: entry.name)
        for entry in found:
            relative = posixpath.join(inside, entry.name)
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                yield _entry(relative, status, str(Path(entry.path).readlink()))
            elif stat.S_ISDIR(status.st_mode):
                yield _entry(relative, status)
                yield from _walk(folder, relative)
            elif stat.S_ISREG(status.st_mode):
                yield _entry(relative, status)
    except OSError as error:
        raise StepError(f"cannot read the folder {folder}: {error.strerror or error}") from None


def _entry(relative: str, status: os.stat_result, link: str = "") -> TreeEntry:
    kind: Literal["file", "dir", "link"] = "link" if link else "dir" if stat.S_ISDIR(status.st_mode) else "file"
    return TreeEntry(relative, kind, stat.S_IMODE(status.st_mode), status.st_size if kind == "file" else 0, link)
