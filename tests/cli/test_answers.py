"""What `pbrun exec` shows: a section for each different answer."""

import io

from runner.model.call import Status
from runner.model.event import Event, HostLost, PlayStart, Recap, Record, RunEnd, TaskResult
from runner.reporters import context_for
from runner.reporters.answers import create


def shown(*events: Event) -> str:
    out = io.StringIO()
    reporter = create(context_for(out, io.StringIO(), lambda _: b"", {}))
    for number, event in enumerate(events):
        reporter.see(Record(number, "run", 1000.0 + number / 100, event))
    reporter.close()
    return out.getvalue()


def result(host: str, stdout: str = "", rc: int = 0, status: Status = Status.CHANGED, **more: str) -> TaskResult:
    return TaskResult("exec", "uptime", "t1", host, "command", status, rc=rc, stdout=stdout, **more)  # type: ignore[arg-type]


END = RunEnd("ok", 0, {"a": Recap(ok=1)})


def test_the_same_answer_is_said_once_and_others_apart() -> None:
    text = shown(
        PlayStart("exec", "p", ("a", "b", "c", "d")),
        result("b", "one\ntwo"),
        result("a", "one\ntwo"),
        result("c", "", 3, Status.FAILED, msg="non-zero return code", stderr="oh\n"),
        HostLost("d", "connect", "connection refused"),
        END,
    )
    assert text.splitlines() == [
        "a, b | changed (rc=0)",
        "  one",
        "  two",
        "c | FAILED (rc=3)",
        "  oh",
        "d | UNREACHABLE: connection refused",
        "4 hosts: 2 changed, 1 failed, 1 unreachable",
    ]


def test_no_output_can_pass_for_a_heading_or_move_the_cursor() -> None:
    text = shown(PlayStart("exec", "p", ("a",)), result("a", "b | changed (rc=0)\x1b[2J\r\nx"), END)
    assert text.splitlines() == ["a | changed (rc=0)", r"  b | changed (rc=0)\x1b[2J", "  x"]


def test_many_hosts_that_agree() -> None:
    hosts = tuple(f"h{number}" for number in range(9))
    text = shown(PlayStart("exec", "p", hosts), *(result(host, "up") for host in hosts), END)
    assert text.splitlines() == ["all 9 hosts | changed (rc=0)", "  up", "9 hosts: 9 changed"]


def test_a_host_that_is_lost_and_then_has_a_result_is_told_once() -> None:
    text = shown(
        PlayStart("exec", "p", ("a",)),
        HostLost("a", "connect", "no route"),
        TaskResult("exec", "uptime", "t1", "a", "command", Status.UNREACHABLE, msg="no route"),
        END,
    )
    assert text.splitlines() == ["a | UNREACHABLE: no route"]
