"""The variables one step can see: the layers of precedence, magic variables, and other hosts' variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from runner.errors import StepError
from runner.execute.signals import NeedsFacts, StillOnItsWay
from runner.plan.magic import is_fact_name

Magic = Mapping[str, Callable[["StepScope"], Any]]


@runtime_checkable
class Writing(Protocol):
    """Magic variables that know which of a step's layers the user wrote."""

    def authored(self) -> tuple[Mapping[str, Any], ...]: ...


Lookup = Callable[["StepScope", str, Sequence[Any], Mapping[str, Any]], Any]


class StepScope:
    """A `Names` for one step. `layers` are looked up in order; `magic` is computed when read.

    `pending` are names (or `*` for any) that steps in flight will set. `gather`: facts that are read and not known
    are to be gathered. `alone`: other hosts may not have come as far, so they cannot be looked at. `about`: the other
    host whose variables these are.
    """

    __slots__ = (
        "about",
        "alone",
        "gather",
        "gathered",
        "layers",
        "local",
        "lookups",
        "magic",
        "pending",
        "rendered",
    )

    def __init__(
        self,
        layers: tuple[Mapping[str, Any], ...],
        magic: Magic,
        *,
        pending: Collection[str] = (),
        gather: bool = False,
        gathered: bool = False,
        local: Mapping[str, Any] | None = None,
        lookups: Lookup | None = None,
        alone: bool = False,
        about: str = "",
    ) -> None:
        self.layers = layers
        self.magic = magic
        self.pending = pending
        self.gather = gather
        self.gathered = gathered
        self.local: Mapping[str, Any] = local or {}
        self.rendered: MutableMapping[str, Any] = {}
        self.lookups = lookups
        self.alone = alone
        self.about = about

    def raw(self, name: str) -> Any:
        """The unrendered value; raises KeyError, StillOnItsWay or NeedsFacts."""
        if name in self.local:
            return self.local[name]
        if self.pending and (name in self.pending or "*" in self.pending):
            raise StillOnItsWay(name)
        if name in self.magic:
            return self.magic[name](self)
        for layer in self.layers:
            if name in layer:
                return layer[name]
        if is_fact_name(name) and not self.gathered:
            self.want_facts()
        raise KeyError(name)

    def authored(self, name: str) -> Any:
        """The unrendered value of a variable that stands in the playbook, its roles or on the command line. Raises
        KeyError for any other: what was registered, set, gathered, asked for, or handed over by a loop."""
        if name in self.local or name in self.magic or not isinstance(self.magic, Writing):
            raise KeyError(name)
        own = next((layer for layer in self.layers if name in layer), None)
        if own is None or not any(own is layer for layer in self.magic.authored()):
            raise KeyError(name)
        return own[name]

    def want_facts(self) -> None:
        """Called when facts are read that are not known."""
        if "ansible_facts" in self.pending:
            raise StillOnItsWay("ansible_facts")
        if self.gather and not self.gathered:
            raise NeedsFacts(self.about)

    def known(self) -> Iterable[str]:
        """All names, the nearest first."""
        yield from self.local
        for layer in self.layers:
            yield from layer
        yield from self.magic

    def with_local(self, local: Mapping[str, Any]) -> StepScope:
        """The same scope with loop variables (or `item`) on top."""
        return StepScope(
            self.layers,
            self.magic,
            pending=self.pending,
            gather=self.gather,
            gathered=self.gathered,
            local={**self.local, **local},
            lookups=self.lookups,
            alone=self.alone,
            about=self.about,
        )

    def lookup(self, name: str, terms: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """What `lookup()` in one of the step's templates asks for. Raises StepError."""
        if self.lookups is None:
            raise StepError(f"the lookup {name!r} is not available here")
        return self.lookups(self, name, terms, options)


NOTHING: Final = StepScope((), {})
"""A scope that sees nothing: that of a step whose variables themselves could not be had."""


class HostVars(Mapping[str, Mapping[str, Any]]):
    """`hostvars`: every host of the inventory, its variables seen without a task's."""

    __slots__ = ("_names", "_view")

    def __init__(self, names: Callable[[], Collection[str]], view: Callable[[str], Mapping[str, Any]]) -> None:
        self._names = names
        self._view = view

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        if host not in self:
            raise KeyError(host)
        return self._view(host)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, host: object) -> bool:
        return host == "localhost" or host in self._names()
