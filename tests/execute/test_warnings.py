"""What modules warn of: once on the screen, in each result, and never of a step that is secret."""

from pathlib import Path

from runner.model.event import Notice, TaskResult
from tests.execute.simulation import Book

PLAIN = "command: {cmd: 'true', executable: /bin/hush}"


def test_a_warning_is_shown_once_and_is_in_every_result(tmp_path: Path) -> None:
    done = Book(tmp_path).run(f"- {PLAIN}", ["h1", "h2"])
    warned = [event.message for event in done.events if isinstance(event, Notice)]
    assert len(warned) == 1 and warned[0].endswith("Not using '/bin/hush'.")
    results = [event for event in done.events if isinstance(event, TaskResult)]
    assert [event.values["warnings"] for event in results] == [warned, warned]


def test_a_secret_step_warns_of_nothing(tmp_path: Path) -> None:
    done = Book(tmp_path).run(f"- {PLAIN}\n  no_log: true", ["h1"])
    assert any(isinstance(event, TaskResult) for event in done.events)
    assert "hush" not in repr(done.events)
