"""How far long transfers are: told while they last, on the screen alone."""

from __future__ import annotations

import io
from pathlib import Path

from runner.dispatch._carrier import LONG
from runner.model.call import Carried, Fragment, Target, Upload
from runner.reporters import ReporterContext
from runner.reporters._transfers import Transfers
from runner.reporters.answers import create
from tests.dispatch.trips import carrier

MIB = 1 << 20


def news(host: str, done: int, path: str = "/src/disk.img") -> Carried:
    return Carried(host, path, done * MIB, 200 * MIB)


def test_rows_come_and_go() -> None:
    found = Transfers()
    for one in (news("h1", 10), news("h2", 20), news("h1", 50), news("h3", 1, "a\x1b[31m")):
        found.see(one)
    assert found.rows(5) == [
        "h1: disk.img 50 of 200 MiB (25%)",
        "h2: disk.img 20 of 200 MiB (10%)",
        "h3: a\\x1b[31m 1 of 200 MiB (0%)",
    ]
    assert found.rows(1) == ["h1: disk.img 50 of 200 MiB (25%)", "and 2 more transfers"]
    found.see(news("h1", 200))
    found.drop("h3")
    assert found.rows(5) == ["h2: disk.img 20 of 200 MiB (10%)"]


def test_one_line_that_the_next_overwrites_on_a_terminal_and_nothing_in_a_pipe() -> None:
    for is_tty in (True, False):
        out, err = io.StringIO(), io.StringIO()
        reporter = create(ReporterContext(out, err, lambda _: b"", is_tty=is_tty, width=30))
        reporter.carried(news("h1", 10))
        reporter.carried(news("h1", 200))
        reporter.close()
        assert out.getvalue() == ""
        assert err.getvalue() == ("\r\x1b[Kh1: disk.img 10 of 200 MiB (5\r\x1b[K" if is_tty else "")


def test_a_large_upload_is_told_of_and_a_small_one_is_not(tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(bytes(LONG))
    small.write_bytes(b"x")
    with carrier() as carry:
        for source in (large, small):
            size = source.stat().st_size
            step = Fragment(":", uploads=(Upload("0", size, "", source=str(source)),))
            answer = carry.run(Target("h", "local"), step)
            assert answer.replies[0].rc == 0
            assert [(one.path, one.done) for one in answer.carried if one.done == one.size] == (
                [(str(large), LONG)] if source == large else []
            )
