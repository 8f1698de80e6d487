"""Runs plug-in files with an `import` of their own, in which Ansible's names mean our stand-ins.

Nothing is put in the way of others: the names live in the files' own `__import__` (their `__builtins__`), so a real
Ansible beside us stays what it is for everybody else, and no plug-in ever gets it.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from runner.extensions.stand_ins.display import display_for

_HERE: Final = str(Path(__file__).parents[1])
_OURS: Final = "runner.extensions.stand_ins"
STAND_INS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ansible.errors": f"{_OURS}.errors",
        "ansible.module_utils._text": f"{_OURS}.text",
        "ansible.module_utils.common.text.converters": f"{_OURS}.text",
        "ansible.module_utils.common.collections": f"{_OURS}.collections",
        "ansible.module_utils.common._collections_compat": f"{_OURS}.collections",
        "ansible.module_utils.common.dict_transformations": f"{_OURS}.merging",
        "ansible.module_utils.parsing.convert_bool": f"{_OURS}.booleans",
        "ansible.module_utils.six": f"{_OURS}.six",
        "ansible.module_utils.six.moves": f"{_OURS}.six_moves",
        "ansible.module_utils.six.moves.urllib": "urllib",
        "ansible.module_utils.six.moves.urllib.parse": "urllib.parse",
        "ansible.module_utils.six.moves.urllib.request": "urllib.request",
        "ansible.module_utils.six.moves.urllib.error": "urllib.error",
        "ansible.module_utils.six.moves.urllib_parse": "urllib.parse",
        "ansible.plugins.lookup": f"{_OURS}.lookup",
        "ansible.module_utils.urls": f"{_OURS}.urls",
        "ansible.parsing.yaml.dumper": f"{_OURS}.yaml_parts",
        "ansible.parsing.yaml.objects": f"{_OURS}.yaml_parts",
        "ansible.plugins.filter.core": f"{_OURS}.core_filters",
        "ansible.plugins.filter.mathstuff": f"{_OURS}.core_filters",
        "ansible.release": f"{_OURS}.release",
        "ansible.utils.display": f"{_OURS}.display",
        "ansible.utils.listify": f"{_OURS}.merging",
        "ansible.utils.path": f"{_OURS}.merging",
        "ansible.utils.unsafe_proxy": f"{_OURS}.merging",
        "ansible.utils.vars": f"{_OURS}.merging",
    }
)
_ROOTS: Final = ("ansible", "ansible_collections")
_PACKAGES: Final = frozenset(
    name.rsplit(".", depth)[0] for name in STAND_INS for depth in range(1, name.count(".") + 1)
)

Collections = Callable[[str], Path | None]
"""Where the file or folder of `ansible_collections.NS.COLL.…` is; None if there is none."""


class PluginFault(Exception):
    """A plug-in's file cannot be used; the text says where and why."""


class Importer:
    """Loads plug-in files, each once. `tell(level, message)` takes what they say, `note(path, data)` what was read.
    Safe to use in several threads."""

    def __init__(
        self,
        tell: Callable[[str, str], None],
        verbosity: int,
        collections: Collections,
        note: Callable[[str, bytes], None] = lambda _path, _data: None,
    ) -> None:
        self._tell = tell
        self._note = note
        self._verbosity = verbosity
        self._collections = collections
        self._lock = threading.RLock()
        self._files: dict[str, ModuleType | PluginFault] = {}
        self._modules: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import, "print": self._print}

    def load(self, path: str, package: str = "") -> ModuleType:
        """The module a file makes. `package`: the collection's package it belongs to. Raises PluginFault."""
        with self._lock:
            found = self._files.get(path)
            if found is None:
                try:
                    found = self._run(path, package)
                except PluginFault as fault:
                    found = fault
                self._files[path] = found
        if isinstance(found, PluginFault):
            raise found
        return found

    def _run(self, path: str, package: str) -> ModuleType:
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        name = f"pbrun_plugin_{Path(path).stem}_{digest}"
        module = ModuleType(name)
        vars(module).update(__file__=path, __package__=package, __builtins__=self._builtins)
        # Classes of the file find it here by its name (dataclasses, pickle); nobody imports it by that.
        sys.modules[name] = module
        try:
            data = Path(path).read_bytes()
            self._note(path, data)
            exec(compile(data, path, "exec"), vars(module))  # noqa: S102
        except BaseException as error:
            del sys.modules[name]
            if isinstance(error, KeyboardInterrupt):
                raise
            raise PluginFault(f"{place(error, path)}: {_words(error)}") from error
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        """What `import` means in a plug-in's file."""
        if level:
            name = _absolute(name, (globals or {}).get("__package__") or "", level)
        if name.partition(".")[0] not in _ROOTS:
            return builtins.__import__(name, globals, locals, fromlist or (), 0)
        module = self._module(name)
        if not fromlist:
            return self._module(name.partition(".")[0]) if not level else module
        for part in fromlist:
            if part != "*" and not hasattr(module, part):
                self._child(name, module, part)
        return module

    def _print(self, *words: Any, sep: str | None = " ", file: Any = None, **more: Any) -> None:
        """What `print` means there: our own output is a reporter's alone."""
        if file is None:
            self._tell("notice", (" " if sep is None else sep).join(map(str, words)))
        else:
            builtins.print(*words, sep=sep, file=file, **more)

    def _child(self, name: str, module: ModuleType, part: str) -> None:
        try:
            setattr(module, part, self._module(f"{name}.{part}"))
        except ModuleNotFoundError:
            if name in STAND_INS:
                raise ImportError(f"what stands in for {name} has no {part!r}", name=name) from None
            raise

    def _module(self, name: str) -> ModuleType:
        """The module of a dotted name, made once, and set in its parents."""
        with self._lock:
            if name not in self._modules:
                self._modules[name] = self._made(name)
                parent, _, last = name.rpartition(".")
                if parent:
                    setattr(self._module(parent), last, self._modules[name])
            return self._modules[name]

    def _made(self, name: str) -> ModuleType:
        if name in STAND_INS:
            made = ModuleType(name)
            given = vars(importlib.import_module(STAND_INS[name]))
            vars(made).update(
                {key: value for key, value in given.items() if not key.startswith("__") or key == "__version__"}
            )
            if name == "ansible.utils.display":
                vars(made)["Display"] = display_for(self._tell, self._verbosity)
            return made
        if name in _PACKAGES or name in _ROOTS or (name.startswith("ansible_collections.") and name.count(".") < 2):
            return ModuleType(name)
        if name.startswith("ansible_collections."):
            return self._of_collection(name)
        raise ModuleNotFoundError(f"it imports {name}, which is a part of Ansible itself", name=name)

    def _of_collection(self, name: str) -> ModuleType:
        path = self._collections(name)
        if path is None:
            raise ModuleNotFoundError(f"it imports {name}, which is in no collections folder", name=name)
        if path.is_dir():
            start = path / "__init__.py"
            return self.load(str(start), name) if start.is_file() and start.stat().st_size else ModuleType(name)
        return self.load(str(path), name.rpartition(".")[0])


def _absolute(name: str, package: str, level: int) -> str:
    parts = package.split(".") if package else []
    if len(parts) < level:
        raise ImportError(f"it imports {'.' * level}{name}, but belongs to no package")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{name}" if name else base


def place(error: BaseException, path: str) -> str:
    """`file:line` of the last place in a file that an exception went through; the file alone if there is none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f"{path}:{error.lineno or 1}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{path}:{lines[-1]}" if lines else path


def trail(error: BaseException) -> str:
    """The places an exception went through in files that are not ours, for whoever mends the plug-in."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_HERE)]
    places = [f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames]
    return "\n".join([f"{type(error).__name__} came through:", *places])


def _words(error: BaseException) -> str:
    if isinstance(error, PluginFault):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"it is not Python: {error.msg}"
    if isinstance(error, ImportError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
