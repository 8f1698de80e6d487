"""A project's lookup as the executor calls one: an instance of the file's `LookupModule`, its errors placed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from runner.errors import StepError
from runner.extensions.importing import place, trail
from runner.extensions.values import View, plain
from runner.model.names import Names
from runner.model.ports import FileKind, LookupContext
from runner.model.values import UnknownReached
from runner.syntax import yaml_text
from runner.template.markers import Passing


class BroughtLookup:
    """A `runner.model.ports.Lookup`."""

    def __init__(self, name: str, module: ModuleType, path: str, explain: Callable[[str], None]) -> None:
        self._name = name
        self._module = module
        self._path = path
        self._explain = explain

    def run(self, terms: list[Any], variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
        """What the plug-in's `run` gives. Raises StepError with its message and place."""
        seen = _variables(variables, context)
        try:
            made = self._module.LookupModule(loader=Loader(context), templar=NoTemplar(seen))
            found = made.run(plain(terms), variables=seen, **plain(dict(options)))
        except Passing as passing:
            raise passing.error from None
        except (StepError, UnknownReached):
            raise
        except Exception as error:
            self._explain(trail(error))
            words = str(error) or type(error).__name__
            raise StepError(f"{words} ({place(error, self._path)})") from error
        if isinstance(found, list | tuple | Iterator):
            # What comes out is never a template, and no secret of another kind.
            return [plain(part) for part in found]
        raise StepError(f"it must give a list, not {type(found).__name__} ({self._path})")


def _variables(names: Names, context: LookupContext) -> View:
    """All variables, each rendered when the plug-in reads it. What is still on its way passes the plug-in by."""

    def get(name: Any) -> Any:
        try:
            return context.render(names.raw(name))
        except (KeyError, StepError):
            raise
        except Exception as error:
            raise Passing(error) from error

    def has(name: object) -> bool:
        try:
            names.raw(str(name))
        except KeyError:
            return False
        except Exception as error:
            raise Passing(error) from error
        return True

    return View(get, names.known, has)


class Loader:
    """What a plug-in's `self._loader` can do here: find and read files of the controller."""

    def __init__(self, context: LookupContext) -> None:
        self._context = context

    def find(self, kind: str, name: str) -> str:
        """A file on the task's search path. Raises StepError."""
        return self._context.find(cast(FileKind, kind), name)

    def get_basedir(self) -> str:
        """The playbook's folder."""
        return self._context.playbook_dir

    def path_dwim(self, given: str) -> str:
        """A path made absolute, from the playbook's folder."""
        return str(Path(self._context.playbook_dir, Path(given).expanduser()))

    def path_exists(self, path: str) -> bool:
        """Whether it is there."""
        return Path(self.path_dwim(path)).exists()

    def is_file(self, path: str) -> bool:
        """Whether it is a file."""
        return Path(self.path_dwim(path)).is_file()

    def is_directory(self, path: str) -> bool:
        """Whether it is a folder."""
        return Path(self.path_dwim(path)).is_dir()

    def get_real_file(self, path: str, decrypt: bool = True) -> str:
        """The file itself."""
        del decrypt
        return self.path_dwim(path)

    def get_text_file_contents(self, path: str, encoding: str = "utf-8") -> str:
        """A file's text."""
        return self._context.read(self.path_dwim(path)).decode(encoding)

    def _get_file_contents(self, path: str) -> tuple[bytes, bool]:
        return self._context.read(self.path_dwim(path)), True

    def load_from_file(self, path: str, **_more: Any) -> Any:
        """A YAML or JSON file's value, without templates. Raises ValueError."""
        return yaml_text.load(self.get_text_file_contents(path))


class NoTemplar:
    """What a plug-in's `self._templar` can do here: what a lookup is given is rendered already."""

    def __init__(self, variables: View) -> None:
        self.available_variables = variables
        self._available_variables = variables

    def template(self, variable: Any, *_args: Any, **_kwargs: Any) -> Any:
        """The value itself: text that comes out of a lookup, or out of data, is never a template."""
        return variable

    def is_template(self, data: Any) -> bool:
        """Nothing a lookup sees is one."""
        del data
        return False
