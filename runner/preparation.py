"""From options to a plan: reads inventory and playbooks, and raises all mistakes of both together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from runner.configuration.doubts import as_set
from runner.errors import InputErrors, PbrunError
from runner.extensions.extensions import Extensions
from runner.extensions.shelves import named_by
from runner.inventory.patterns import mismatch_message, resolve
from runner.load.inventory import load_inventory, read_limit_files
from runner.load.names_check import check_names
from runner.load.notify_check import check_notifications
from runner.load.playbook import load_playbooks
from runner.load.sources import Sources
from runner.load.template_check import check_templates
from runner.load.vars_files import check_vars_files
from runner.model.inventory import Inventory
from runner.model.options import Options
from runner.model.plan import Plan
from runner.model.playbook import Play, Playbook
from runner.model.ports import Vault
from runner.model.quick import dataclass
from runner.model.span import Problem
from runner.plan.build import make_plan
from runner.vars.precedence import locked

if TYPE_CHECKING:
    from runner.template.templar import Templar

T = TypeVar("T")
NO_HOSTS = "Specified inventory, host pattern and/or --limit leaves us with no hosts to target."


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a run needs to know before it begins. `problems` are warnings; `record` knows every file read."""

    options: Options
    inventory: Inventory
    playbook: Playbook
    plan: Plan
    problems: tuple[Problem, ...]
    templar: Templar
    record: Sources
    extensions: Extensions
    limit_files: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, str]:
        """Every file read so far and its sha256."""
        return self.record.files

    def hosts_of(self, play_index: int) -> tuple[str, ...]:
        """The hosts of a play, in order, within the limit."""
        return self.hosts(self.plan.plays[play_index].play, self.inventory)

    def hosts(self, play: Play, inventory: Inventory) -> tuple[str, ...]:
        """The hosts of a play in an inventory that may have changed since."""
        return self.matched(play, inventory)[0]

    def locked(self) -> list[Problem]:
        """The files of variables that hosts of some play need and that no secret opens."""
        found: dict[Problem, None] = {}
        for play in self.plan.plays:
            for name in self.hosts(play.play, self.inventory):
                host = self.inventory.hosts.get(name)
                shut = locked(self.inventory, host, play.play.beside_playbook) if host else None
                if shut:
                    found[shut] = None
        return list(found)

    def matched(self, play: Play, inventory: Inventory) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The hosts of a play, and a message for each part of its pattern that matches nothing."""
        words = self._rendered(play.hosts, play, inventory)
        found = resolve(words, inventory, limit=self.options.limit, limit_files=self.limit_files, span=play.span)
        return found.hosts, tuple(mismatch_message(part, inventory) for part in found.unknown)

    def shown(self, play: Play) -> Play:
        """The play with its pattern and its name as they are shown: rendered."""
        name = self._rendered(play.name, play, self.inventory)
        hosts = self._rendered(play.hosts, play, self.inventory)
        return replace(play, hosts=hosts, name=name if isinstance(name, str) else ",".join(name))

    def _rendered(self, value: Any, play: Play, inventory: Inventory) -> str | list[str]:
        made = self.templar.render(value, _PlayNames(self.options.extra_vars, play.vars, inventory))
        return [str(word) for word in made] if isinstance(made, list | tuple) else str(made)


class _PlayNames:
    """What a play's `hosts:` may read: extra variables, the play's own, and the groups."""

    def __init__(self, extra: Mapping[str, Any], own: Mapping[str, Any], inventory: Inventory) -> None:
        self._layers: tuple[Mapping[str, Any], ...] = (extra, own, {"groups": _Groups(inventory)})
        self.rendered: MutableMapping[str, Any] = {}

    def raw(self, name: str) -> Any:
        for layer in self._layers:
            if name in layer:
                value = layer[name]
                return value.as_dict() if isinstance(value, _Groups) else value
        raise KeyError(name)

    def known(self) -> list[str]:
        return [name for layer in self._layers for name in layer]


@dataclass(frozen=True, slots=True)
class _Groups:
    inventory: Inventory

    def as_dict(self) -> dict[str, list[str]]:
        hosts = self.inventory.hosts.values()
        return {name: [host.name for host in hosts if name in host.groups] for name in self.inventory.groups}


def make_templar(extensions: Extensions | None = None, vault: Vault | None = None) -> Templar:
    """The template layer, wired to YAML, to the vault, and to the project's own filters and tests."""
    from runner.syntax import yaml_text
    from runner.template.plugins import Plugins
    from runner.template.templar import Templar
    from runner.vault import keyring

    reveal = vault.reveal if vault else None
    dump, load, load_all = yaml_text.dump, yaml_text.load, yaml_text.load_all

    def decrypt(data: bytes, password: bytes, vault_id: str) -> bytes:
        plain = keyring.decrypt_with(data, password, vault_id)
        if vault:
            vault.note([plain.decode("utf-8", "surrogateescape")])
        return plain

    ports = Plugins(dump, load, load_all, reveal, keyring.encrypt_with, decrypt)
    if extensions is None:
        return Templar(plugins=ports)
    return Templar(None, extensions.filters, extensions.tests, plugins=ports, notice=extensions.warn)


def prepare(options: Options, *, playbook: Playbook | None = None, look: bool = False) -> Prepared:
    """Read, check and plan. Raises InputErrors with every mistake of every file, OptionError, or PbrunError when a
    limit leaves no host.

    `look`: only a listing is wanted; doubts about templates and names, which no listing depends on, are not sought."""
    files = dict(options.settings.files)
    record = Sources(files, options.vault) if options.vault else Sources(files)
    extensions = Extensions(record.homes, named_by(options.settings), options.verbosity, record.files)
    record.brings_module = extensions.brings_module
    mistakes: list[Problem] = []
    doubts: list[Problem] = []

    def collect(load: Callable[[], tuple[T, Sequence[Problem]]]) -> T | None:
        try:
            value, warnings = load()
        except InputErrors as error:
            mistakes.extend(error.problems)
            return None
        for problem in as_set(warnings, options.settings):
            (mistakes if problem.level == "error" else doubts).append(problem)
        return value

    inventory = collect(
        lambda: load_inventory(options.inventories, strict=options.strict, record=record, settings=options.settings)
    )
    book = playbook
    if book is None:
        book = collect(
            lambda: load_playbooks(
                options.playbooks,
                extra_vars=options.extra_vars,
                strict=options.strict,
                record=record,
                settings=options.settings,
            )
        )
    limits = collect(lambda: (read_limit_files(options.limit, record), ()))
    if mistakes or inventory is None or book is None:
        raise InputErrors(mistakes)
    mistakes = [
        *check_vars_files(book, record),
        *check_notifications(book, options.extra_vars, record.aside(), options.settings),
    ]
    if mistakes:
        raise InputErrors(mistakes)
    templar = make_templar(extensions, record.vault)
    if not look or options.strict:
        doubts += check_templates(book, inventory, options.extra_vars, templar, record.aside(), options.settings)
        doubts += check_names(book, inventory, options.extra_vars, templar, record.aside(), options.settings)
    doubts += extensions.look_around()
    if options.strict and doubts:
        raise InputErrors(doubts)
    plan = make_plan(book, inventory, options, templar)
    made = Prepared(options, inventory, book, plan, tuple(doubts), templar, record, extensions, limits or {})
    _check_limit(made)
    return made


def _check_limit(prepared: Prepared) -> None:
    """A limit that matches nothing runs on nothing, and says so (salt's CVE-2022-22941 ran on everything)."""
    options = prepared.options
    if options.limit is None:
        return
    found = resolve(["all", "localhost"], prepared.inventory, limit=options.limit, limit_files=prepared.limit_files)
    if not found.hosts:
        raise PbrunError(NO_HOSTS)
