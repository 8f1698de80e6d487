"""Plain lines: compared with golden texts, and read as grep and Ansible's users would."""

from __future__ import annotations

import io
import re

import pytest

from runner.journal import line
from runner.model.call import Diff, Status
from runner.model.event import Event, HostLost, PlanMade, PlayStart, Recap, Record, RunEnd
from runner.reporters import ReporterContext
from runner.reporters._diffs import unified
from runner.reporters.plain import create
from tests.reporters.runs import CASES, GOLDEN, result, shown


def plain(*events: object, verbosity: int = 0) -> str:
    out = io.StringIO()
    reporter = create(ReporterContext(out, io.StringIO(), line, verbosity=verbosity))
    for event in events:
        reporter.see(Record(0, "run", 1.0, event))  # type: ignore[arg-type]
    reporter.close()
    return out.getvalue()


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    width, verbosity = CASES[case]
    assert shown("plain", width=width, verbosity=verbosity)[0] == (GOLDEN / f"{case}.txt").read_text()


def test_warnings_go_to_standard_error() -> None:
    out, err = shown("plain")
    assert err == "[WARNING]: [web1]: something is odd\n    here\n"
    assert "odd" not in out


def test_colour_only_if_wanted() -> None:
    assert "\x1b" not in shown("plain")[0]
    coloured = shown("plain", colour=True)[0]
    assert "\x1b[32mok: [web1]" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown("plain")[0]


def test_every_result_stands_under_its_own_banner() -> None:
    banner, seen = "", []
    for row in shown("plain")[0].splitlines():
        if row.startswith(("TASK", "RUNNING")):
            banner = row.split("[", 1)[1].split("]")[0].split(",")[0]
        elif re.match(r"(ok|changed|skipping|fatal|failed|may run): \[", row):
            seen.append((banner[:7], row.split("]")[0].split("[")[1].split(" ")[0]))
    names = " ".join(f"{task.split()[0]}/{host}" for task, host in seen)
    assert names == (
        "nginx/web1 nginx/web2 nginx/db1 say/web1 say/web2 configu/web1 configu/web2 loop/web1 loop/web1 loop/web1 "
        "loop/web2 never/web1 never/web2 break/web1 break/db1 break/web2 restart/web1"
    )


def test_results_of_one_task_stay_together_but_wait_no_more_than_two_seconds() -> None:
    out = io.StringIO()
    reporter = create(ReporterContext(out, io.StringIO(), line))
    plan = PlanMade(({"name": "site", "tasks": [{"id": task} for task in "abcd"]},))
    steps: list[tuple[float, Event]] = [
        (0, plan), (0, PlayStart("site", "p", ("fast", "slow"))), (0, result("a", "fast")), (0.1, result("b", "fast")),
        (0.2, result("c", "fast")), (0.3, result("a", "slow")),  # a is over: b has its turn
        (2.4, result("d", "fast")),  # c has waited long enough
        (2.5, result("b", "slow")), (2.6, result("c", "slow")), (2.7, result("d", "slow")),
    ]  # fmt: skip
    seen = []
    for number, (ts, event) in enumerate(steps):
        reporter.see(Record(number, "run", 1e9 + ts, event))
        seen.append(len(re.findall("^ok:", out.getvalue(), re.MULTILINE)))
    assert seen == [0, 0, 1, 1, 1, 3, 4, 4, 6, 8]
    reporter.close()
    shown = [row.strip(" *") for row in out.getvalue().splitlines() if row]
    assert shown[1:] == [
        "TASK [a]", "ok: [fast]", "ok: [slow]", "TASK [b]", "ok: [fast]", "TASK [c]", "ok: [fast]", "ok: [slow]",
        "TASK [d]", "ok: [fast]", "ok: [slow]", "TASK [b]", "ok: [slow]",
    ]  # fmt: skip


def test_a_task_of_one_host_holds_nothing_up() -> None:
    out = io.StringIO()
    reporter = create(ReporterContext(out, io.StringIO(), line))
    events: list[Event] = [
        PlanMade(({"name": "site", "tasks": [{"id": task} for task in "abc"]},)), PlayStart("site", "p", ("x", "y")),
        result("a", "x"), result("b", "x"), result("b", "y"), result("c", "x"), result("c", "y"),
    ]  # fmt: skip
    for number, event in enumerate(events):
        reporter.see(Record(number, "run", 1e9, event))
    assert out.getvalue().count("ok: ") == 5
    reporter.close()


def test_a_host_cannot_forge_a_line() -> None:
    forged = "x\nok: [web2]\r\nchanged: [web3]\x1b[1A\u2028fatal: [web4]\x85\nTASK [x] ***"
    text = plain(
        result("t", "h\nok: [a]", Status.FAILED, msg=forged, stdout=forged, stderr=forged, values={"cmd": forged}),
        result("t", "h", module="debug", values={"msg": forged, "ok: [x]\n": 1}),
        result("t", "h", item=forged, final=False),
        verbosity=0,
    )
    assert re.findall(r"^(?:ok|changed|fatal|failed|skipping): \[.*", text, re.MULTILINE) == [
        "fatal: [h\\nok: [a]]: FAILED! => x",
        "ok: [h] => {",
        f"ok: [h] => (item={forged.encode('unicode_escape').decode()})",
    ]
    assert not re.search(r"[^\n\x20-\x7e]", text)


def test_a_long_failure_is_cut_and_whole_with_v() -> None:
    rows = "".join(f"row {number}\n" for number in range(1000))
    event = result("t", "h", Status.FAILED, stdout=rows, stderr="x" * 5000)
    short, full = plain(event), plain(event, verbosity=1)
    assert "900 more lines are in the log" in short and "row 999" in short and "row 500" not in short
    assert "3000 more characters are in the log" in short
    assert "row 500" in full and "more lines" not in full


def test_a_lost_host_is_told_even_without_a_result() -> None:
    text = plain(PlayStart("p", "p1", ("a",)), HostLost("a", "connect", "refused"), RunEnd("failed", 4, {"a": Recap()}))
    assert text.count("fatal: [a]: UNREACHABLE! => refused") == 1


def test_a_loop_that_fails_as_a_whole_is_told() -> None:
    text = plain(result("t", "h", final=False, item=1), result("t", "h", Status.FAILED, msg="failed_when"))
    assert "ok: [h] => (item=1)\nfatal: [h]: FAILED! => failed_when\n" in text


def test_recap_is_ansibles_to_the_letter() -> None:
    text = plain(
        RunEnd("ok", 0, {"h1": Recap(5, 3, 0, 1, 2, 0, 1), "a-name-longer-than-twenty-six-letters": Recap(12345)})
    )
    assert text.splitlines()[1:4] == [
        "PLAY RECAP *********************************************************************",
        "a-name-longer-than-twenty-six-letters : "
        "ok=12345 changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   ",
        "h1                         : "
        "ok=5    changed=3    unreachable=0    failed=1    skipped=2    rescued=0    ignored=1   ",
    ]


def test_unified_diffs() -> None:
    def text(before: str, after: str) -> list[str]:
        return [row for row, _style in unified(Diff(before, after))]

    assert text("same", "same") == []
    assert text("", "x\ny\n") == ["--- before", "+++ after", "@@ -0,0 +1,2 @@", "+x", "+y"]
    assert text("a", "a\n") == ["--- before", "+++ after", "@@ -1 +1 @@", "-a", "\\ No newline at end of file", "+a"]
    assert text("a\x0cb\x1b\n", "") == ["--- before", "+++ after", "@@ -1 +0,0 @@", "-a\\x0cb\\x1b"]
    assert "too long to be shown" in text("a\n" * 9000, "b\n" * 9000)[2]
