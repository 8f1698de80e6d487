"""Objects that stand for a value that is not there: undefined, or failed to render; they fail only when touched."""

from __future__ import annotations

import sys
from typing import Any, Final, NoReturn

from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined
from jinja2.utils import missing

from runner.errors import TemplateError
from runner.model.span import NOWHERE

_FRAMES_UP: Final = 6


def _place() -> tuple[Any, int]:
    """The compiled template that is running and the line of its Python code, or (None, 0)."""
    frame = sys._getframe(2)
    for _ in range(_FRAMES_UP):
        if "__jinja_template__" in frame.f_globals:
            return frame.f_globals["__jinja_template__"], frame.f_lineno
        if frame.f_back is None:
            break
        frame = frame.f_back
    return None, 0


class MarkerReached(UndefinedError):
    """Something needed the value that `marker` stands for."""

    def __init__(self, marker: Missing) -> None:
        super().__init__(marker.text())
        self.marker = marker


class Missing(Undefined):
    """An undefined value: attributes and items of it are it again, everything else raises `MarkerReached`.

    So `a.b.c | default('x')` works when `a` is undefined, as in Ansible.
    """

    __slots__ = ("needed_at", "needed_by", "place")

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[UndefinedError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        self.needed_by = ""
        self.needed_at = NOWHERE
        self.place = _place()

    def text(self) -> str:
        """What is undefined, in Ansible's words."""
        if self._undefined_hint:
            return str(self._undefined_hint)
        if self._undefined_obj is missing:
            return f"{self._undefined_name!r} is undefined"
        kind = type_name(self._undefined_obj)
        if isinstance(self._undefined_name, str):
            return f"object of type {kind!r} has no attribute {self._undefined_name!r}"
        return f"object of type {kind!r} has no element {self._undefined_name!r}"

    def variable(self) -> str:
        """The variable's name, or "" if what is missing is an attribute or item."""
        return self._undefined_name or "" if self._undefined_obj is missing else ""

    def siblings(self) -> list[str]:
        """The keys that the object does have, for a hint."""
        obj = self._undefined_obj
        return [str(key) for key in obj] if type_name(obj) == "dict" else []

    def line(self) -> int:
        """The line in the template's source (from 1), 0 if not known."""
        template, code_line = self.place
        return int(template.get_corresponding_lineno(code_line)) if template is not None else 0

    def trip(self) -> NoReturn:
        """Raise `MarkerReached` for this value."""
        raise MarkerReached(self)

    def _touched(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        self.trip()

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: Any) -> Missing:  # type: ignore[override]
        return self

    _fail_with_undefined_error = _touched
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _touched
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = _touched
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = __call__ = _touched
    __iter__ = __len__ = __bool__ = __str__ = __repr__ = __contains__ = _touched
    __int__ = __float__ = __complex__ = __format__ = _touched


class Failed(Missing):
    """A value whose template failed: whoever touches it gets that very error, `default` and `is defined` included."""

    __slots__ = ("error",)

    def __init__(self, error: TemplateError) -> None:
        super().__init__(hint=str(error))
        self.error = error

    def trip(self) -> NoReturn:
        """Raise the error."""
        raise self.error


class Undecryptable(Failed):
    """An encrypted value that no secret opens."""

    __slots__ = ("ciphertext",)

    def __init__(self, error: TemplateError, ciphertext: str) -> None:
        super().__init__(error)
        self.ciphertext = ciphertext


def absent(error: TemplateError) -> Missing:
    """The marker for an element that somebody else's mapping (`hostvars`) could not render."""
    if error.kind != "undefined":
        return Failed(error)
    made = Missing(hint=str(error))
    made.needed_at = error.span
    return made


class Passing(BaseException):
    """Carries an exception of `Names.raw` through filters and Jinja untouched; the door lets the original out."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def type_name(value: object) -> str:
    """The type's name as users know it: `str` for our own kinds of text, `dict` and `list` for lazy containers."""
    if value is None:
        return "NoneType"
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind.__name__
    return str(getattr(type(value), "pb_type_name", type(value).__name__))
