"""A small run as records, for all reporters; `python -m tests.reporters.runs` writes the golden texts anew."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.journal import line
from runner.model.call import Diff, Status
from runner.model.event import (
    Event,
    HandlerNotified,
    HostLost,
    Notice,
    PlanMade,
    PlayStart,
    Recap,
    Record,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskResult,
    TaskStart,
)
from runner.registry import load
from runner.reporters import ReporterContext

GOLDEN = Path(__file__).with_name("golden")
HOSTS = ("web1", "web2", "db1")
LONG = "nginx : install the packages that the site needs, with a name too long for a narrow screen"
DIFF = Diff("listen 80;\n", "listen 8080;\nserver x", "/etc/nginx.conf", "/etc/nginx.conf")


def result(task: str, host: str, status: Status = Status.OK, *, module: str = "command", **more: Any) -> TaskResult:
    """A result of the play `site`; tasks are known by their names."""
    return TaskResult("site", task, task, host, module, status, changed=status is Status.CHANGED, **more)


def events() -> Iterator[Event]:
    """One run with a bit of everything."""
    yield RunStart("0.1.0", ("pbrun", "site.yaml"))
    yield PlanMade(({"name": "site", "hosts": list(HOSTS), "tasks": [{"id": str(n)} for n in range(8)]},))
    yield PlayStart("site", "p1", HOSTS)
    yield TaskStart("site", LONG, LONG, "command", "roles/nginx/tasks/main.yml:1:3")
    for host in HOSTS:
        yield TaskIntent("site", LONG, LONG, host, None, 1, "command", "unsafe", "0")
    yield result(LONG, "web1")
    yield result(LONG, "web2", Status.CHANGED)
    # db1 is slow: others are ahead of it, so its result needs its banner again.
    yield result("say", "web1", module="debug", values={"msg": "hello é"})
    yield result(LONG, "db1")
    yield result("say", "web2", module="debug", msg="hello é")
    yield Notice("warning", "something is odd\nhere", "web1")
    yield result("configure", "web1", Status.CHANGED, diff=(DIFF,), show_diff=True)
    yield HandlerNotified("web1", "restart", "h", "configure")
    yield result("configure", "web2", diff=(DIFF,))
    for item in ("a", {"x": 1}, None):
        yield result("loop", "web1", Status.CHANGED, item=item, final=False)
    yield result("loop", "web1", Status.CHANGED)
    yield result("loop", "web2", Status.FAILED, item="a", final=False, msg="no such user", rc=1)
    yield result("loop", "web2", Status.FAILED, msg="One or more items failed", ignored=True)
    yield result("never", "web1", Status.SKIPPED)
    yield result("never", "web2", Status.SKIPPED, prediction="unknown")
    yield result(
        "break", "web1", Status.FAILED, rc=3, msg="non-zero return code", stdout="foo\nok: [web2]\n",
        stderr="\x1b[2J\x1b]0;owned\x07bar\udcff\u202e", values={"cmd": ["sh", "-c", "exit 3"]},
    )  # fmt: skip
    yield HostLost("db1", "run", "the connection broke")
    yield result("break", "db1", Status.INDETERMINATE, msg="the connection broke: the step may have run")
    yield HostLost("web2", "connect", "connection refused")
    yield result("break", "web2", Status.UNREACHABLE, msg="connection refused")
    yield result("restart", "web1", Status.CHANGED, handler=True, delegate="db1")
    yield PlayStart("nobody", "p2", ())
    yield RunEnd(
        "failed",
        2,
        {"web1": Recap(5, 3, failed=1), "web2": Recap(4, 1, unreachable=1, unknown=1), "db1": Recap(1)},
        1.5,
    )


def records(found: Iterator[Event] | None = None) -> list[Record]:
    """Events as the log would give them, half a second apart."""
    return [Record(n, "run", 1e9 + n / 2, event) for n, event in enumerate(found or events())]


def shown(name: str, *, width: int = 79, verbosity: int = 0, colour: bool = False) -> tuple[str, str]:
    """What a reporter writes of that run to standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    reporter = load("reporters", name).create(
        ReporterContext(out, err, line, colour=colour, width=width, verbosity=verbosity)
    )
    for record in records():
        reporter.see(record)
    reporter.close()
    return out.getvalue(), err.getvalue()


CASES = {"plain_80": (79, 0), "plain_200": (199, 0), "plain_vv": (79, 2)}

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for case, (width, verbosity) in CASES.items():
        (GOLDEN / f"{case}.txt").write_text(shown("plain", width=width, verbosity=verbosity)[0])
