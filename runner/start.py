"""What a run begins with: log, secrets, reporters, prompts, the lab, and the opening events."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner import __version__, registry
from runner.asking import Answers, Screen, ask_all, secrets_in, secrets_of, values_of
from runner.errors import EnvironmentFault, OptionError, PbrunError
from runner.execute.replay import Replay
from runner.execute.world import World
from runner.journal import provenance
from runner.journal.encode import line
from runner.journal.place import runs_folder, state_home
from runner.journal.redact import Redactor
from runner.journal.writer import Journal
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.call import HostLock, Target
from runner.model.event import Event, FilesRead, Notice, PlanMade, RunStart, TaskResult
from runner.model.inventory import Inventory
from runner.model.moment import iso
from runner.model.options import Options
from runner.model.plan import Kind
from runner.model.playbook import Play
from runner.model.ports import Reporter
from runner.model.quick import dataclass
from runner.preparation import Prepared
from runner.reporters import ReporterContext, context_for, default_name
from runner.resuming import Resumption, beginning

if TYPE_CHECKING:
    from runner.lab.lab import Lab


# ansible_password, ansible_ssh_pass, ansible_become_password, ansible_ssh_private_key_passphrase …
_PASSWORD: Final = re.compile(r"ansible_(?:\w+_)?(?:password|pass|passphrase)")


# What can bring hosts and groups, so that nobody knows beforehand what the patterns of later plays match.
_BRINGS_HOSTS: Final = frozenset({"add_host", "group_by", "include_role", "include_tasks", "meta"})


@dataclass(slots=True)
class HostsOf:
    """The hosts of a play at its start. Tells of each part of a pattern that matches nothing, and of each once."""

    prepared: Prepared
    tell: Callable[[Notice], None]
    told: set[str] = field(default_factory=set)

    def __call__(self, play: Play, inventory: Inventory) -> tuple[str, ...]:
        """The hosts of the play, in order, within the limit."""
        hosts, unmatched = self.prepared.matched(play, inventory)
        if self.prepared.options.settings.host_pattern_mismatch != "ignore":
            for notice in self.about(unmatched):
                self.tell(notice)
        return hosts

    def about(self, unmatched: Sequence[str]) -> list[Notice]:
        """What is still to be said of them."""
        fresh = [message for message in dict.fromkeys(unmatched) if message not in self.told]
        self.told.update(fresh)
        return [Notice("warning", message) for message in fresh]


@dataclass(frozen=True, slots=True)
class Oversight:
    """How a run is followed for a saved plan: `watchers` see its records, as reporters do; `seal` is the key for
    digests of what a dry run finds. When the plan is applied, `plan` is its digest; `foretell` knows what it said.
    `answers` to the questions of `vars_prompt`, if they were asked before. `open_log`: how a new run's log is opened,
    for who measures it."""

    watchers: tuple[Reporter, ...] = ()
    seal: bytes = b""
    plan: str = ""
    foretell: Callable[[TaskResult], str | None] | None = None
    answers: Answers | None = None
    open_log: Callable[[str | None, Redactor, Mapping[str, str]], Journal] = Journal.open


@dataclass(slots=True)
class Setting:
    """What stands ready when the loop begins."""

    world: World
    hosts_of: HostsOf
    journal: Journal
    reporters: list[Reporter]
    screen: Screen
    opening: list[Event]
    locate: Callable[[Target], Target]
    began: float
    files: Mapping[str, str]
    resume_name: str = ""
    remarks: deque[Notice] = field(default_factory=deque)
    files_told: int = 0

    def notice(self, host: str, message: str) -> None:
        """A remark from a worker thread; it is logged at the next turn of the loop."""
        self.remarks.append(Notice("notice", message, host))

    def take_notices(self) -> list[Event]:
        """The remarks since the last call, and the files that were read since then."""
        taken: list[Event] = []
        if len(self.files) > self.files_told:
            taken.append(FilesRead(dict(islice(self.files.items(), self.files_told, None))))
            self.files_told = len(self.files)
        while self.remarks:
            taken.append(self.remarks.popleft())
        return taken


def open_run(
    prepared: Prepared,
    options: Options,
    context: ReporterContext | None,
    argv: Sequence[str],
    words: Sequence[str],
    resumption: Resumption | None,
    stack: contextlib.ExitStack,
    oversight: Oversight,
) -> Setting:
    """Everything a run needs, to be closed by `stack`. Raises PbrunErrors."""
    redactor = Redactor()
    for secret in _passwords(prepared.inventory, options):
        redactor.add(secret)
    if options.step and not sys.stdin.isatty():
        raise OptionError("--step asks before each task and needs a terminal to ask on")
    prepared.record.vault.listen(redactor.add)
    prompts, typed = resumption.answers if resumption else _ask(prepared, oversight.answers)
    for secret in typed:
        redactor.add(secret)
    journal = resumption.journal(redactor) if resumption else oversight.open_log(options.log, redactor, os.environ)
    journal.sync_when = options.log_sync
    stack.callback(journal.close)
    reporters = _reporters(options, context)
    for reporter in reporters:
        stack.callback(reporter.close)
    reporters += oversight.watchers
    screen = Screen(reporters)
    world = _world(prepared, options, prompts, redactor, screen, journal.run)
    world.seal = oversight.seal
    # The lab's servers outlive the connections to them: this stack is closed after the dispatcher.
    labs = stack.enter_context(contextlib.ExitStack())
    remarks = prepared.extensions.notices
    hosts_of = HostsOf(prepared, remarks.append)
    locate = _locking(_LabBook(labs).locate, options, journal.run)
    setting = Setting(world, hosts_of, journal, reporters, screen, [], locate, time.time(), prepared.files)
    setting.remarks = remarks
    remarks.extend(Notice("notice", note) for note in journal.notes)
    if resumption is None:
        setting.opening.extend(_opening(prepared, options, argv, hosts_of, oversight.plan))
        if words:
            hidden = tuple(words) != tuple(argv) or any(prompts.values()) or any("@" in word for word in words)
            setting.opening.insert(1, beginning(prepared, words, prompts, typed, secret=hidden))
    else:
        world.replay, world.trips_made = Replay(resumption.past), resumption.past.trips
        setting.opening.extend(resumption.opening(argv))
    setting.files_told = len(prepared.files)
    setting.resume_name = _resume_name(journal) if words or resumption is not None else ""
    return setting


def _locking(locate: Callable[[Target], Target], options: Options, run: str) -> Callable[[Target], Target]:
    """Targets with the lock that is to be held on them (`--lock`); there is none on this machine itself."""
    if not options.lock:
        return locate
    holder = f"{provenance.user()}@{provenance.controller()} (run {run}, since {iso(time.time())})"
    lock = HostLock(holder, run, options.lock_wait_s)

    def located(target: Target) -> Target:
        found = locate(target)
        return found if found.transport == "local" else replace(found, lock=lock)

    return located


def _world(
    prepared: Prepared,
    options: Options,
    prompts: Mapping[str, Mapping[str, Any]],
    redactor: Redactor,
    screen: Screen,
    run: str,
) -> World:
    return World(
        options,
        prepared.templar,
        Files(prepared.record),
        TaskLoader(options.extra_vars, prepared.record, options.settings),
        prompts,
        redactor.add,
        screen.ask,
        screen.confirm,
        redactor.text,
        prepared.extensions,
        prepared.reread_inventory,
        partial(secrets.token_hex, 16),
        run,
    )


def _ask(prepared: Prepared, known: Answers | None) -> tuple[Mapping[str, Mapping[str, Any]], list[str]]:
    """What is answered at the prompts, and what of it may not be shown; what is `known` already is not asked."""
    book, extra_vars = prepared.playbook, prepared.options.extra_vars
    if known is None:
        known = ask_all(book, extra_vars, prepared.value)
    return values_of(known), [*secrets_in(book, extra_vars, prepared.value), *secrets_of(known)]


def _reporters(options: Options, context: ReporterContext | None) -> list[Reporter]:
    shown = context or context_for(
        sys.stdout,
        sys.stderr,
        line,
        os.environ,
        verbosity=options.verbosity,
        diff=options.diff,
        check=options.check,
        settings=options.settings,
    )
    return [_reporter(options.output or default_name(shown, os.environ), shown)]


def _resume_name(journal: Journal) -> str:
    """How `--resume` finds the run: by its id, if its log is where logs are."""
    return journal.run if journal.path.parent == runs_folder(os.environ) else str(journal.path)


def _passwords(inventory: Inventory, options: Options) -> Iterator[str]:
    """The passwords that are known before the run begins, whether or not a step will need them."""
    for secret in (options.become_password, options.connection_password):
        if secret:
            yield secret.reveal()
    layers = [
        options.extra_vars,
        *inventory.beside_inventory.groups.values(),
        *inventory.beside_inventory.hosts.values(),
    ]
    layers += [group.vars for group in inventory.groups.values()] + [host.vars for host in inventory.hosts.values()]
    for layer in layers:
        for name, value in layer.items():
            if _PASSWORD.fullmatch(name) and type(value) in (str, int) and str(value):
                yield str(value)


def _reporter(name: str, context: ReporterContext) -> Reporter:
    try:
        made: Reporter = registry.load("reporters", name).create(context)
    except KeyError:
        raise OptionError(f"--output {name}: known are {', '.join(registry.names('reporters'))}") from None
    return made


def _opening(prepared: Prepared, options: Options, argv: Sequence[str], hosts_of: HostsOf, plan: str) -> list[Event]:
    folder = Path(options.playbooks[0]).absolute().parent if options.playbooks else Path.cwd()
    start = RunStart(
        __version__,
        tuple(argv),
        dict(prepared.files),
        provenance.git(folder, os.environ),
        provenance.ci(os.environ),
        provenance.user(),
        provenance.controller(),
        str(Path.cwd()),
        os.getpid(),
        options.check,
        options.diff,
        options.limit or "",
        options.tags,
        options.skip_tags,
        parent=options.parent,
        plan=plan,
    )
    plays: list[Mapping[str, Any]] = []
    events: list[Event] = []
    foreseen = True
    for play in prepared.plan.plays:
        hosts, unmatched = prepared.matched(play.play, prepared.inventory)
        if foreseen and unmatched:
            events += _about_patterns(hosts_of, unmatched, options.settings.host_pattern_mismatch)
        foreseen = foreseen and not any(n.task.module in _BRINGS_HOSTS for n in play.nodes if n.kind is not Kind.FLUSH)
        tasks = [
            {
                "id": n.task.id,
                "name": n.task.name,
                "module": n.task.module,
                "place": str(n.task.span),
                "handler": n.kind is Kind.HANDLER,
            }
            for n in play.nodes
            if n.kind is not Kind.FLUSH
        ]
        plays.append({"name": play.play.name, "strategy": play.strategy, "hosts": list(hosts), "tasks": tasks})
    return [start, PlanMade(tuple(plays)), *events]


def _about_patterns(hosts_of: HostsOf, unmatched: Sequence[str], wish: str) -> list[Notice]:
    """What to say of the parts of patterns that match nothing. Raises PbrunError if that is to be a mistake."""
    if wish == "error":
        raise PbrunError("\n".join(unmatched).replace(", ignoring", ""))
    return hosts_of.about(unmatched) if wish == "warning" else []


class _LabBook:
    """Turns targets of the lab into addresses; its servers start when the first of them is wanted."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._labs: dict[str, Lab] = {}

    def locate(self, target: Target) -> Target:
        """The target itself, or the SSH server that stands for a lab host. Raises EnvironmentFault."""
        if target.transport != "lab":
            return target
        if target.host not in self._labs:
            self._start(target.host)
        found = self._labs[target.host].targets[target.host]
        files = ("-F", "/dev/null", "-o", f"UserKnownHostsFile={found.known_hosts_file}")
        return replace(
            target,
            transport="ssh",
            address=found.address,
            port=found.port,
            user=found.user,
            private_key_file=found.private_key_file,
            ssh_args=(*files, "-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"),
        )

    def _start(self, host: str) -> None:
        from runner.lab.lab import start

        try:
            lab = start([host], state_home(os.environ) / "pbrun" / "lab")
        except OSError as error:
            raise EnvironmentFault(f"the lab cannot start: {error}") from None
        self._stack.callback(lab.close)
        self._labs[host] = lab
