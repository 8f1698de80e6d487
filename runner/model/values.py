"""Values with a meaning beyond their text: trusted templates, secrets, what cannot be known, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from runner.model.span import NOWHERE, Span

TEMPLATE_MARKS: Final = ("{{", "{%", "{#")
MASK: Final = "********"  # what stands wherever a secret would


class Template(str):
    """Text from a source the user wrote (playbook, inventory, vars, role) that holds Jinja.

    Only values of this very type are ever rendered. Whatever a host, a lookup, a prompt or a filter makes is a plain
    `str`, so remote text is never a template: string operations on a `Template` give a `str` too.
    """

    __slots__ = ("span",)
    span: Span

    def __new__(cls, text: str, span: Span = NOWHERE) -> Template:
        made = super().__new__(cls, text)
        made.span = span
        return made

    def __getnewargs__(self) -> tuple[str, Span]:  # type: ignore[override]
        return (str(self), self.span)


class Vaulted(Template):
    """A value that is encrypted with Ansible Vault; rendering it decrypts it. What comes out is no template.

    It is decrypted when it is needed and not before: a value that nobody reads needs no password.
    """

    __slots__ = ()


class Secret(str):
    """Text that may reach a host's stdin and nothing else: its `repr` and `format` are masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def reveal(self) -> str:
        """The bare text, for the one place that sends it."""
        return str.__str__(self)


class Decrypted(Secret):
    """A secret that playbooks work with: what was encrypted with Ansible Vault.

    Its `repr` is that of its text, because templates write lists and mappings as Python does; what is shown and logged
    is masked all the same. `ciphertext` is what it was decrypted from, if it was a `Vaulted` value.
    """

    __slots__ = ("ciphertext",)
    ciphertext: str

    def __new__(cls, text: str, ciphertext: str = "") -> Decrypted:
        made = super().__new__(cls, text)
        made.ciphertext = ciphertext
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return (str.__str__(self), self.ciphertext)

    def __repr__(self) -> str:
        return str.__repr__(self)


class UnknownReached(Exception):
    """Raised when control flow or text would depend on an `Unknown`; the template layer turns it into `Unknown`."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


class Unknown:
    """What cannot be known in a dry run (the output of a command that did not run).

    Attribute and item access, calls and arithmetic give `Unknown` again; truth, iteration, length and text raise
    `UnknownReached`, so an expression that needs the value as a whole becomes `Unknown`.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str = "not known before the run") -> None:
        object.__setattr__(self, "reason", reason)

    reason: str

    def _same(self, *_args: object, **_kwargs: object) -> Unknown:
        return self

    def _reached(self, *_args: object) -> NoReturn:
        raise UnknownReached(self)

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def __reduce__(self) -> tuple[type[Unknown], tuple[str]]:
        return (Unknown, (self.reason,))

    __getitem__ = __call__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = _same
    __eq__ = __ne__ = _same  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        self._reached()

    def __iter__(self) -> Iterator[object]:
        self._reached()

    def __len__(self) -> int:
        self._reached()

    def __contains__(self, item: object) -> bool:
        self._reached()

    def __int__(self) -> int:
        self._reached()

    def __float__(self) -> float:
        self._reached()

    def __str__(self) -> str:
        self._reached()

    def __repr__(self) -> str:
        return f"<unknown: {self.reason}>"


SIMPLE: Final = frozenset({str, int, bool, float, bytes, type(None)})


def find_unknown(value: object) -> Unknown | None:
    """The first `Unknown` inside `value` (mappings, lists, tuples, sets searched), or None."""
    if type(value) in SIMPLE:
        return None
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Mapping):
        parts: Iterator[Any] = iter(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        parts = iter(value)
    else:
        return None
    # Asked for every argument and every result of every step; nearly all parts are simple.
    for part in parts:
        if type(part) not in SIMPLE and (found := find_unknown(part)) is not None:
            return found
    return None


class _Omit:
    """The value of the variable `omit`: an argument that has it is left out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<<Omit>>"

    def __reduce__(self) -> str:
        return "OMIT"


OMIT: Final = _Omit()
