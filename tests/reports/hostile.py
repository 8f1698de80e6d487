"""A run in which everything that came from elsewhere wants to be something else."""

from __future__ import annotations

from runner.history import Run, gathered
from runner.model.call import Diff, Status
from runner.model.event import (
    Event,
    HostLost,
    Notice,
    PlayStart,
    Recap,
    Record,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskResult,
    TaskStart,
)

EVIL = (
    "</script><script>alert(1)</script> <img src=x onerror=alert(1)> @@DATA@@ <!--\n\n# head\n```\n````\n@everyone #12 "
    "| pipe | `code` [link](http://x) ]]> &amp; \x1b[31m\u202eevil\u2028\x00\ufffe\udcff\r\n::error::forged"
)


def result(status: Status, *, host: str = "a", **more: object) -> TaskResult:
    """A result whose every text is hostile."""
    given = {"msg": EVIL, "stdout": EVIL, "stderr": EVIL, "rc": 1, "values": {"cmd": EVIL, EVIL: EVIL}, **more}
    return TaskResult(EVIL, EVIL, "t1", host, EVIL, status, start=1e9, end=1e9 + 1, role=EVIL, **given)  # type: ignore[arg-type]


def events() -> list[Event]:
    """What the log says."""
    hosts = (f"h{EVIL}", "a", "b", "c")
    return [
        RunStart("0.1.0", ("pbrun", f"{EVIL}.yaml"), user=EVIL, controller=EVIL, cwd="/r", limit=EVIL, tags=(EVIL,),
                 check=True, git={"commit": "c" * 40, "branch": EVIL}, ci={"BUILD_TAG": EVIL}),
        PlayStart(EVIL, "p1", hosts),
        TaskStart(EVIL, EVIL, "t1", EVIL, f"/r/{EVIL}.yaml:3:5"),
        Notice("warning", EVIL, EVIL),
        result(Status.FAILED),
        result(Status.FAILED, host="b", item=EVIL, final=False),
        result(Status.FAILED, host="b"),
        result(Status.CHANGED, host=hosts[0], diff=(Diff(EVIL, f"{EVIL}x", EVIL, EVIL),)),
        TaskIntent(EVIL, EVIL, "t1", "c", None, 1, EVIL, "unsafe", "0"),
        HostLost(f"l{EVIL}", "connect", EVIL),
        RunEnd("failed", 2, {hosts[0]: Recap(1, 1), "a": Recap(failed=1)}, 2.0, {}),
    ]  # fmt: skip


def run() -> Run:
    """The run."""
    return gathered(Record(number, "r1", 1e9 + number, event) for number, event in enumerate(events()))
