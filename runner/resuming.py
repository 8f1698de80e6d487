"""A run that was broken off, found again: its log, what has changed since, and what it goes on from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final

from runner import __version__
from runner.errors import EnvironmentFault, OptionError, PbrunError
from runner.journal import provenance
from runner.journal.exact import pack, unpack
from runner.journal.place import runs_folder
from runner.journal.read import read
from runner.journal.redact import Redactor
from runner.journal.sealing import Sealing, key_file
from runner.journal.writer import Journal
from runner.model.call import Status
from runner.model.event import (
    BROKEN_OFF,
    UNDECIDED,
    Event,
    FilesRead,
    Kept,
    Notice,
    PlanMade,
    Record,
    ResumeStart,
    RunEnd,
    RunStart,
    TaskResult,
)
from runner.model.inventory import Inventory
from runner.model.options import Options
from runner.model.past import Past, Policy
from runner.model.quick import dataclass
from runner.preparation import Prepared

LAST: Final = "last"
# What is said of files that are there only before a run is broken off, or only after.
GONE: Final = "is gone, or cannot be read any more"
FRESH: Final = "is new"
_LOST: Final = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A run that may go on. `exact` is what its log keeps of its beginning; `size` of the log in bytes, half a line
    at its end included."""

    path: Path
    run: str
    records: tuple[Record, ...]
    start: RunStart
    exact: Mapping[str, Any]
    size: int

    @property
    def end(self) -> RunEnd | None:
        """How it ended; None if it was killed or interrupted."""
        last = self.records[-1].event
        return last if isinstance(last, RunEnd) and last.status != BROKEN_OFF else None

    @property
    def words(self) -> list[str]:
        """The command line. Raises OptionError for a run that no playbook was named for."""
        if "words" not in self.exact:
            raise OptionError(f"the run {self.run} cannot be resumed: only runs of playbooks can")
        return list(self.exact["words"])

    def losses(self) -> list[TaskResult]:
        """The last result of each host that failed or was lost, if it was not forgiven, nor mended by going on."""
        last: dict[str, TaskResult] = {}
        for event in self.results():
            if event.final and event.status in _LOST and not (event.rescued or event.ignored):
                last[event.host] = event
        return list(last.values())

    def results(self) -> list[TaskResult]:
        """What the log says of steps that have ended, but for those that were decided otherwise when it went on."""
        found: list[TaskResult] = []
        over = False
        for event in (record.event for record in self.records):
            if isinstance(event, TaskResult):
                found.append(event)
            elif isinstance(event, ResumeStart) and over:
                found = [result for result in found if not result.undecided]
            over = isinstance(event, RunEnd) and event.status == UNDECIDED
        return found

    def standing(self) -> list[TaskResult]:
        """What of that still stands when the run goes on."""
        over = self.end is not None
        return [result for result in self.results() if not (over and result.undecided)]

    def opening(self) -> list[Record]:
        """What told of its beginning."""
        return [record for record in self.records if isinstance(record.event, RunStart | PlanMade)]

    def past(self, policy: Policy | None) -> Past:
        """What it goes on from. Raises EnvironmentFault when what is encrypted cannot be read."""
        # Only a run that goes on needs it; every run imports this file.
        from runner.journal.past import past_of

        try:
            return past_of(self.run, self.records, Sealing(key_file(self.path, self.run)).opened, policy)
        except (ValueError, KeyError, TypeError) as error:
            raise EnvironmentFault(f"{self.path}: the run {self.run} cannot go on from this log: {error}") from None


def find(name: str, environ: Mapping[str, str], *, ended: bool = False) -> BrokenOff | None:
    """The run of a log's file, of an id or its beginning, or the newest one that has not `ended` (`last`; None if all
    have). Raises PbrunErrors."""
    from runner.journal.runs import id_of, in_use, logs, logs_of

    if name != LAST and (os.sep in name or Path(name).is_file()):
        return _opened(Path(name).absolute())
    folder = runs_folder(environ)
    if name == LAST:
        for path in logs(folder):
            found = None if not ended and (_is_over(path) or in_use(path)) else _opened(path)
            if found is not None and (ended or found.end is None) and "words" in found.exact:
                return found
        return None
    fitting = logs_of(name, folder)
    if len(fitting) != 1:
        many = ", ".join(map(id_of, fitting[:5]))
        raise OptionError(f"several runs begin with {name!r}: {many}" if fitting else f"there is no run {name!r}")
    return _opened(fitting[0])


def _is_over(path: Path) -> bool:
    """Whether the last line is the end of a run, without reading all the others; what nobody may read is over, too."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        line = json.loads(last)
        return bool(line.get("type") == "run_end") and line.get("status") != BROKEN_OFF
    except OSError:
        return True
    except (ValueError, AttributeError):
        return False


def _opened(path: Path) -> BrokenOff:
    """The last run of a log. Raises PbrunErrors."""
    size = path.stat().st_size if path.is_file() else 0
    records: list[Record] = []
    for record in read(path):
        if records and records[-1].run != record.run:
            records.clear()
        records.append(record)
    if not records or not isinstance(records[0].event, RunStart):
        raise PbrunError(f"{path} holds no run that could go on")
    _refuse_changed(path)
    kept = next((one.event for one in records if isinstance(one.event, Kept) and one.event.what == "start"), None)
    exact = unpack(Sealing(key_file(path, records[0].run)).opened(kept)) if kept is not None else {}
    return BrokenOff(path, records[0].run, tuple(records), records[0].event, exact, size)


def _refuse_changed(path: Path) -> None:
    """Raises PbrunError for a log that is not as it was written; half a line at its end is no obstacle."""
    from runner.journal.verify import lines_of, verify

    lines = (line for line in lines_of(path) if line.endswith(b"\n"))
    faults = verify(lines).faults
    if faults:
        where = "\n".join(f"  {path}:{number}: {what}" for number, what in faults[:10])
        raise PbrunError(f"the run cannot go on, since its log is not as it was written:\n{where}")


def beginning(
    prepared: Prepared,
    words: Sequence[str] = (),
    answers: Mapping[str, Any] = MappingProxyType({}),
    secrets: Sequence[str] = (),
    *,
    secret: bool = False,
) -> Kept:
    """What a log keeps of a run's beginning: its command line, what was typed and which of it are secrets."""
    options = prepared.options
    made = {
        "words": list(words),
        "answers": dict(answers),
        "secrets": list(secrets),
        "extra_vars": dict(options.extra_vars),
        "inventory": _of_inventory(prepared.inventory),
        "settings": _of_settings(options),
    }
    if prepared.inventory.worked_out:
        # Digests of secrets tell nothing as long as their key is not known: it is encrypted with the run's own.
        made |= {"seal": (seal := token_hex(16)), "variables": _variables(prepared.inventory, seal)}
        secret = True
    return Kept("start", secret=secret, exact=made)


def _variables(inventory: Inventory, seal: str) -> dict[str, dict[str, str]]:
    from runner.plans.sources import variables

    return variables(inventory, {}, bytes.fromhex(seal))


def _of_inventory(inventory: Inventory) -> str:
    """Which hosts there are, in which groups: a script may say something else each time."""
    members = [sorted((name, list(group.hosts), list(group.children)) for name, group in inventory.groups.items())]
    return _digest([list(inventory.hosts), members])


def _of_settings(options: Options) -> str:
    return _digest(repr(replace(options.settings, origins={}, files={})))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()


def changes(broken: BrokenOff, prepared: Prepared) -> list[str]:
    """What is not as it was when the run began."""
    from runner.plans import compare

    known = dict(broken.start.files)
    for record in broken.records:
        if isinstance(record.event, FilesRead):
            known.update(record.event.files)
    found = list(compare.of_files(known, {**prepared.files, **on_disk(known)}, GONE, FRESH))
    if broken.start.version != __version__:
        found.insert(0, compare.of_version(broken.start.version, __version__))
    found += _of_hosts(broken.exact, prepared.inventory)
    if _of_settings(prepared.options) != broken.exact.get("settings"):
        found.append("settings (ansible.cfg, pbrun.toml or environment)")
    if pack(dict(prepared.options.extra_vars)) != pack(broken.exact.get("extra_vars")):
        found.append("extra variables (-e)")
    return found


def _of_hosts(exact: Mapping[str, Any], inventory: Inventory) -> list[str]:
    """What is said of hosts and groups now that was not said when the run began."""
    from runner.plans import compare

    found: list[str] = []
    if "variables" in exact:
        found += compare.of_variables(exact["variables"], _variables(inventory, exact["seal"]))
    if not found and _of_inventory(inventory) != exact.get("inventory"):
        found.append("the hosts and groups of the inventory")
    return found


def on_disk(names: Iterable[str]) -> dict[str, str]:
    """The digests of those of the files that can be read."""
    found = {}
    for name in names:
        with contextlib.suppress(OSError), Path(name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run that goes on: what is known of it, what it goes on from, and what has changed and was allowed to."""

    broken: BrokenOff
    past: Past
    changed: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[Mapping[str, Mapping[str, Any]], list[str]]:
        """What was typed when the run began, and what of it may not be shown."""
        return self.broken.exact.get("answers", {}), list(self.broken.exact.get("secrets", ()))

    def journal(self, redactor: Redactor) -> Journal:
        """The log, to go on with. Raises JournalFault."""
        broken = self.broken
        return Journal(broken.path, broken.run, redactor, new=False, after=(broken.records[-1].seq, broken.size))

    def opening(self, argv: Sequence[str]) -> list[Event]:
        """What the log says of it."""
        under_way = tuple(f"{host}: {known.name or task}" for (task, host, _), known in self.past.open.items())
        taken, many = len(self.past.tasks), len(under_way)
        start = ResumeStart(
            *(__version__, tuple(argv), taken, under_way, str(self.past.policy or Policy.FAIL), self.changed),
            *(provenance.user(), provenance.controller(), os.getpid()),
        )
        text = f"the run {self.broken.run} goes on: {taken} results are taken over, {many} steps were under way"
        return [start, Notice("notice", text)]
