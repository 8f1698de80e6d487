"""One step's variables as templates see them: rendered when read, once, with cycles found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from jinja2.utils import missing

from runner.errors import TemplateError
from runner.model.names import Names
from runner.model.values import Decrypted, Template, Vaulted
from runner.template.finish import SCALARS
from runner.template.holding import DICTS, LISTS, holds_template
from runner.template.lazy import LazyDict, LazyList
from runner.template.markers import Failed, Missing, Passing, Undecryptable


class Renderer(Protocol):
    """What a scope needs of the one who renders."""

    def text(self, template: Template, scope: Scope, path: str) -> Any: ...

    def decrypted(self, value: Vaulted) -> Decrypted: ...


class Scope:
    """`Names`, rendered. Lives as long as one call of the door (lazy containers keep it alive)."""

    __slots__ = ("_renderer", "names")

    def __init__(self, names: Names, renderer: Renderer) -> None:
        self.names = names
        self._renderer = renderer

    def resolve(self, name: str) -> Any:
        """A variable's value, possibly lazy; a marker if its template fails; jinja2's `missing` if undefined."""
        rendered = self.names.rendered
        if name in rendered:
            return rendered[name]
        try:
            raw = self.names.raw(name)
        except KeyError:
            return self._magic(name)
        except Exception as error:
            raise Passing(error) from error
        if type(raw) in SCALARS:
            return raw
        try:
            value = self.value(raw, name)
        except TemplateError as error:
            return Failed(error)
        if not isinstance(value, Missing):
            rendered[name] = value
        return value

    def value(self, raw: Any, path: str) -> Any:
        """A raw value rendered as far as it can be without looking into containers."""
        kind = type(raw)
        if kind is Template:
            return self._renderer.text(raw, self, path)
        if kind in SCALARS:
            return raw
        if kind is Vaulted:
            return self._decrypted(raw)
        if isinstance(raw, DICTS) and holds_template(raw):
            return LazyDict(raw, self, path)
        if isinstance(raw, LISTS) and holds_template(raw):
            return LazyList(raw, self, path)
        return raw

    def _decrypted(self, value: Vaulted) -> Decrypted | Undecryptable:
        """Only who touches a value that no secret opens is told so."""
        try:
            return self._renderer.decrypted(value)
        except TemplateError as error:
            return Undecryptable(error, str(value))

    def _magic(self, name: str) -> Any:
        return Variables(self) if name == "vars" else missing


class Variables(Mapping[str, Any]):
    """All variables as a mapping, each rendered when it is read: `vars`, and one host of `hostvars`."""

    __slots__ = ("_scope",)
    pb_type_name = "dict"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Any:
        value = self._scope.resolve(name)
        if value is missing:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._scope.resolve(name) is not missing

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(set(self._scope.names.known())))

    def __len__(self) -> int:
        return len(set(self._scope.names.known()))
