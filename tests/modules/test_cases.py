"""Every module's data cases: a dry run that touches nothing, the run, and a second one, under each shell."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Outcome, Status
from runner.model.values import find_unknown
from runner.registry import load, names
from tests.clones import Clone, clone
from tests.modules.cases import Case, at_home, cases, fits, write, wrong_at
from tests.modules.harness import SHELLS, FolderDesk, Shell, listing, run_module
from tests.modules.servers import Server

ALL = {f"{case.title} [{shell}]": (case, shell) for case in cases() for shell in case.shells}
# What has no host (`local`), and what is tested as a whole elsewhere: facts and the words of users.
ELSEWHERE = {"gather_facts", "setup"}


def test_every_module_has_cases() -> None:
    remote = {name for name in names("modules") if not load("modules", name).SPEC.local}
    assert remote - ELSEWHERE <= {case.module for case in cases()}


class Stage:
    """A case on its host: a home folder, a folder of programs, and the controller's folder; perhaps in a clone."""

    def __init__(
        self, case: Case, shell: str, folder: Path, machine: Clone | None, server: Server | None = None
    ) -> None:
        self.case, self.machine, self.server = case, machine, server
        self.shell: Shell = machine.session(*SHELLS[shell]) if machine else shell
        self.home, self.programs, self.controller = (folder / name for name in ("home", "programs", "controller"))
        for made in (self.home, self.programs, self.controller):
            made.mkdir()
        for name, about in case.before.items():
            write(self.home, name, about)
        for name, text in case.programs.items():
            write(self.programs, name, {"content": f"#!/bin/sh\n{at_home(text, self.home)}", "mode": "0755"})
        for name, text in case.controller.items():
            write(self.controller, name, text)
        if machine and case.prepare:
            machine.run("sh", "-euc", at_home(case.prepare, self.home))

    def run(self, *, check: bool = False) -> Outcome:
        """Run the module; its outcome."""
        return run_module(
            self.case.module,
            {**(self.server.login if self.server else {}), **at_home(self.case.args, self.home)},
            shell=self.shell,
            home=self.home,
            check=check,
            diff=True,
            desk=FolderDesk(folder=self.controller),
            env={
                "PATH": ":".join(
                    (str(self.programs), *([self.server.programs] if self.server else ()), os.environ["PATH"])
                )
            },
        )

    def listing(self) -> list[Any]:
        """All files of the host's home and of its clone; and what the server holds."""
        files = [entry for folder in self.folders() for entry in without_times(folder)]
        return [*files, ("", self.server.state())] if self.server else files

    def folders(self) -> list[Path]:
        """Where the module may change something; a systemd that runs writes its journal and more of its own."""
        if self.machine is None:
            return [self.home]
        upper, *others = self.machine.written
        return [self.home, upper / "etc/systemd"] if self.case.systemd else [self.home, upper, *others]

    def untouched(self) -> dict[str, Any]:
        """The files that `after` does not speak of."""
        spoken = [self.home / name for name in self.case.after]
        above = {parent for path in spoken for parent in path.parents}
        return {
            entry[0]: entry
            for entry in without_times(self.home)
            if Path(entry[0]) not in above and not any(Path(entry[0]).is_relative_to(path) for path in spoken)
        }

    def wrong(self) -> list[str]:
        """What is not as the case says it is afterwards."""
        found = [wrong_at(self.home, name, about) for name, about in self.case.after.items()]
        if self.machine:
            for command, wanted in self.case.seen.items():
                printed = self.machine.run("sh", "-c", at_home(command, self.home), check=False)
                found.append("" if fits(at_home(wanted, self.home), printed) else f"{command}: {printed}")
        return [wrong for wrong in found if wrong]


def without_times(folder: Path) -> list[Any]:
    """What is below it, folders without their times (a dry run may make and remove a temporary)."""
    return [entry if entry[1] != "d" else (*entry[:4], 0, entry[5]) for entry in listing(folder)]


@pytest.fixture
def opened() -> Iterator[contextlib.ExitStack]:
    """What is open until the test ends."""
    with contextlib.ExitStack() as stack:
        yield stack


def result(outcome: Outcome) -> dict[str, Any]:
    """What a task would register of it."""
    warnings = {"warnings": list(outcome.warnings)} if outcome.warnings else {}
    return {"msg": outcome.msg, "ansible_facts": {**outcome.facts, **outcome.own_facts}, **outcome.values, **warnings}


def shown(outcome: Outcome) -> list[tuple[str, str]]:
    """The differences as text."""
    return [(str(diff.before), str(diff.after)) for diff in outcome.diff]


def false_promises(predicted: Outcome, done: Outcome, without: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    """What the dry run said that then was otherwise; what it did not speak of is no promise."""
    said = {**result(predicted), "diff": shown(predicted)}
    came = {**result(done), "diff": shown(done)}
    return {
        name: (value, came.get(name))
        for name, value in said.items()
        if name not in without and find_unknown(value) is None and value and value != came.get(name)
    }


@pytest.mark.parametrize("title", ALL)
def test_case(title: str, tmp_path: Path, opened: contextlib.ExitStack, servers: Callable[[str], Server]) -> None:
    case, shell = ALL[title]
    server = servers(case.server) if case.server else None
    if server:
        server.reset(server)
        server.sql(case.sql)
    stage = Stage(
        case,
        shell,
        tmp_path,
        opened.enter_context(clone([tmp_path], systemd=case.systemd)) if case.alone else None,
        server,
    )
    before, others = stage.listing(), stage.untouched()
    predicted = stage.run(check=True)
    assert stage.listing() == before, "the dry run touched something"

    done = stage.run()
    if case.failed is not None:
        assert done.status is Status.FAILED, done
        assert re.search(case.failed, done.msg), done.msg
        assert stage.listing() == before
        return
    assert done.status is (Status.CHANGED if case.changed else Status.OK), done
    assert fits(at_home(case.values, stage.home), result(done)), done
    assert not stage.wrong()
    assert stage.untouched() == others, "something that `after` does not name has changed"
    for query, held in case.holds.items():
        assert server is not None
        assert server.sql(query).strip() == held, query
    if case.diff is not None:
        wanted = at_home(case.diff, stage.home)
        assert shown(done) == [(wanted["before"], wanted["after"])]
    if case.check == "unknown":
        assert predicted.unknown, predicted
    else:
        status = Status.SKIPPED if case.check == "skipped" else done.status
        assert (predicted.status, predicted.unknown) == (status, None)
        assert not false_promises(predicted, done, case.predicted)
    now = stage.listing()
    again = stage.run()
    if case.again == "same":
        assert again.status is Status.OK, again
        assert stage.listing() == now, "the second run touched something"
    else:
        assert again.status is Status(case.again), again
