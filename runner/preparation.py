"""From options to a plan: reads inventory and playbooks, and raises all mistakes of both together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from runner.arguments import ArgumentError, to_bool
from runner.configuration.doubts import as_set
from runner.errors import InputErrors, PbrunError, StepError, TemplateError
from runner.extensions.extensions import Extensions
from runner.extensions.shelves import named_by
from runner.inventory.membership import by_group
from runner.inventory.patterns import mismatch_message, resolve
from runner.load.fields import holds_template
from runner.load.inventory import load_inventory, read_limit_files
from runner.load.lines import Lines
from runner.load.notify_check import check_notifications
from runner.load.playbook import Loaded, ordered, read_playbooks
from runner.load.sources import Sources
from runner.load.vars_files import check_vars_files
from runner.model.inventory import Inventory
from runner.model.names import LayeredNames
from runner.model.options import Options
from runner.model.plan import Plan
from runner.model.playbook import Play, Playbook
from runner.model.ports import Vault
from runner.model.quick import dataclass
from runner.model.span import NOWHERE, Problem, Span
from runner.model.values import Template
from runner.plan.build import list_plan, make_plan
from runner.template.late import LateTemplar
from runner.vars.precedence import locked

if TYPE_CHECKING:
    from runner.template.templar import Templar

T = TypeVar("T")
NO_INVENTORY: Final = Inventory({}, {})
NO_HOSTS = "Specified inventory, host pattern and/or --limit leaves us with no hosts to target."


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a run needs to know before it begins. `problems` are warnings; `record` knows every file read."""

    options: Options
    inventory: Inventory
    playbook: Playbook
    plan: Plan
    problems: tuple[Problem, ...]
    templar: LateTemplar
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

    def reread_inventory(self) -> Inventory:
        """The inventory as its sources say it now. Raises InputErrors."""
        return _read_inventory(self.options, self.record.aside())[0]

    def hosts(self, play: Play, inventory: Inventory) -> tuple[str, ...]:
        """The hosts of a play in an inventory that may have changed since."""
        return self.matched(play, inventory)[0]

    def locked(self) -> list[Problem]:
        """The files of variables that hosts of some play need and that no secret opens."""
        found: dict[Problem, None] = {}
        for play in self.plan.plays:
            if not (self.inventory.beside_inventory.locked or play.play.beside_playbook.locked):
                continue
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

    def value(self, value: Any, play: Play) -> Any:
        """A keyword's value, rendered with what the play knows before any host does. Raises StepError."""
        return _of_play(self.templar, value, play, self.options, self.inventory)

    def _rendered(self, value: Any, play: Play, inventory: Inventory) -> str | list[str]:
        made = _of_play(self.templar, value, play, self.options, inventory)
        return [str(word) for word in made] if isinstance(made, list | tuple) else str(made)


class _Groups(Mapping[str, Any]):
    """The variable `groups`, worked out when something reads it."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def __getitem__(self, name: str) -> dict[str, list[str]]:
        if name != "groups":
            raise KeyError(name)
        return by_group(self._inventory)

    def __contains__(self, name: object) -> bool:
        return name == "groups"

    def __iter__(self) -> Iterator[str]:
        yield "groups"

    def __len__(self) -> int:
        return 1


def _of_play(templar: LateTemplar, value: Any, play: Play, options: Options, inventory: Inventory) -> Any:
    """A keyword's value, rendered with what a play knows before any host does: extra variables, its own, the groups.

    Raises StepError."""
    if not holds_template(value):
        return value
    return templar.render(value, LayeredNames(options.extra_vars, play.vars, _Groups(inventory)))


def make_templar(extensions: Extensions | None = None, vault: Vault | None = None) -> Templar:
    """The template layer, wired to YAML, to the vault, and to the project's own filters and tests."""
    from runner.syntax import yaml_text
    from runner.syntax.pointing import point
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

    lines = Lines()
    ports = Plugins(dump, load, load_all, reveal, keyring.encrypt_with, decrypt)

    def find(span: Span, word: str) -> Span:
        return point(span, word, lines)

    if extensions is None:
        return Templar(plugins=ports, point=find)
    return Templar(None, extensions.filters, extensions.tests, plugins=ports, notice=extensions.warn, point=find)


def _read_inventory(options: Options, record: Sources) -> tuple[Inventory, list[Problem]]:
    return load_inventory(
        options.inventories,
        strict=options.strict,
        record=record,
        settings=options.settings,
        extra_vars=options.extra_vars,
    )


def prepare(options: Options, *, playbook: Playbook | None = None, look: bool = False) -> Prepared:
    """Read, check and plan. Raises InputErrors with every mistake of every file, OptionError, or PbrunError when a
    limit leaves no host.

    `look`: only a listing is wanted; doubts about templates and names, which no listing depends on, are not sought."""
    files = dict(options.settings.files)
    record = Sources(files, options.vault) if options.vault else Sources(files)
    extensions = Extensions(record.homes, named_by(options.settings), options.verbosity, record.files)
    record.brings_module, record.brings_lookup = extensions.brings_module, extensions.brings_lookup
    found = _Findings(options, record)
    inventory = found.of(lambda: _read_inventory(options, record))
    loaded = Loaded(playbook) if playbook else found.read()
    limits = found.of(lambda: (read_limit_files(options.limit, record), ()))
    found.check(loaded)
    templar = LateTemplar(lambda: make_templar(extensions, record.vault))
    book, known = loaded.playbook, inventory or NO_INVENTORY
    thorough = bool(found.mistakes) or options.strict or not look
    if thorough:
        found.doubt_templates(book, known, templar)
    if found.mistakes or inventory is None:
        if book.plays:
            options = replace(options, start_at_task=None)
            found.of(lambda: (make_plan(loaded.hollow(), known, options, templar), ()))
        raise InputErrors(ordered([*found.mistakes, *found.doubts]))
    if thorough:
        found.doubt_names(book, inventory, templar)
    found.doubts += extensions.look_around()
    if options.strict and found.doubts:
        raise InputErrors(found.doubts)
    book = _gathering(book, inventory, options, templar)
    if not look:
        book = _named(book, inventory, options, templar)
    plan = list_plan(book, options) if look else make_plan(book, inventory, options, templar)
    made = Prepared(options, inventory, book, plan, tuple(found.doubts), templar, record, extensions, limits or {})
    _check_limit(made)
    _check_patterns(made)
    return made


@dataclass(slots=True)
class _Findings:
    """What is wrong, gathered over all files; doubts are warnings."""

    options: Options
    record: Sources
    mistakes: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def of(self, load: Callable[[], tuple[T, Sequence[Problem]]]) -> T | None:
        """What `load` gives; None when it has mistakes."""
        try:
            value, warnings = load()
        except InputErrors as error:
            self.mistakes.extend(error.problems)
            return None
        for problem in as_set(warnings, self.options.settings):
            (self.mistakes if problem.level == "error" else self.doubts).append(problem)
        return value

    def read(self) -> Loaded:
        """The playbooks as far as they can be read."""
        options = self.options
        loaded = read_playbooks(
            options.playbooks, extra_vars=options.extra_vars, record=self.record, settings=options.settings
        )
        for problem in as_set(loaded.problems, options.settings):
            wrong = options.strict or problem.level == "error"
            (self.mistakes if wrong else self.doubts).append(problem)
        return loaded

    def check(self, loaded: Loaded) -> None:
        """What can be said of a playbook even if parts of it could not be read."""
        options, aside = self.options, self.record.aside()
        self.mistakes += check_vars_files(loaded.playbook, self.record)
        self.mistakes += check_notifications(
            loaded.playbook, options.extra_vars, aside, options.settings, holed=loaded.holed, lost=loaded.lost
        )

    def doubt_templates(self, book: Playbook, inventory: Inventory, templar: LateTemplar) -> None:
        """Look for templates that cannot be read."""
        from runner.load.template_check import check_templates

        options, aside = self.options, self.record.aside()
        self.doubts += check_templates(book, inventory, options.extra_vars, templar, aside, options.settings)

    def doubt_names(self, book: Playbook, inventory: Inventory, templar: LateTemplar) -> None:
        """Look for variables that nothing sets."""
        from runner.load.names_check import check_names

        options, aside = self.options, self.record.aside()
        self.doubts += check_names(book, inventory, options.extra_vars, templar, aside, options.settings)


def _check_patterns(prepared: Prepared) -> None:
    """Raises InputErrors for every play whose pattern cannot be read or rendered."""
    problems: list[Problem] = []
    for play in prepared.playbook.plays:
        try:
            prepared.hosts(play, prepared.inventory)
        except TemplateError as error:
            problems.append(Problem(error.span if error.span != NOWHERE else play.span, str(error)))
        except InputErrors as error:
            problems += error.problems
    if problems:
        raise InputErrors(problems)


def _gathering(book: Playbook, inventory: Inventory, options: Options, templar: LateTemplar) -> Playbook:
    """The playbook with each `gather_facts` that is a template decided. Raises InputErrors.

    What a prompt decides is not known yet: then facts are gathered if something reads them.
    """
    plays: list[Play] = []
    problems: list[Problem] = []
    for play in book.plays:
        wanted = play.gather_facts
        if isinstance(wanted, Template):
            try:
                wanted = to_bool(_of_play(templar, wanted, play, options, inventory))
            except (StepError, ArgumentError) as error:
                asked = any(prompt.name in play.gather_facts for prompt in play.vars_prompt)
                wanted = None
                if not asked:
                    problems.append(Problem(play.gather_facts.span, f"'gather_facts': {error}"))
        plays.append(play if wanted is play.gather_facts else replace(play, gather_facts=wanted))
    if problems:
        raise InputErrors(problems)
    return replace(book, plays=tuple(plays))


def _named(book: Playbook, inventory: Inventory, options: Options, templar: LateTemplar) -> Playbook:
    """The playbook with the names of its plays rendered; one that reads what is not known yet stays as it is."""
    plays: list[Play] = []
    for play in book.plays:
        if isinstance(play.name, Template):
            with contextlib.suppress(StepError):
                name = _of_play(templar, play.name, play, options, inventory)
                play = replace(play, name=",".join(map(str, name)) if isinstance(name, list | tuple) else str(name))
        plays.append(play)
    return replace(book, plays=tuple(plays))


def _check_limit(prepared: Prepared) -> None:
    """A limit that matches nothing runs on nothing, and says so (salt's CVE-2022-22941 ran on everything)."""
    options = prepared.options
    if options.limit is None:
        return
    found = resolve(["all", "localhost"], prepared.inventory, limit=options.limit, limit_files=prepared.limit_files)
    if not found.hosts:
        raise PbrunError(NO_HOSTS)
