"""What `exec`, `put` and `get` make of their words."""

import os
from pathlib import Path

import pytest

from runner.cli import one_task
from runner.cli.exec_command import call_of, split


@pytest.mark.parametrize(
    ("command", "shell", "module", "args"),
    [
        (["uptime"], False, "command", {"argv": ["uptime"]}),
        (["/usr/bin/id", "-u", "a b"], False, "command", {"argv": ["/usr/bin/id", "-u", "a b"]}),
        (["echo", "$HOME;x"], False, "command", {"argv": ["echo", "$HOME;x"]}),
        (["df -h | tail -1"], False, "shell", {"cmd": "df -h | tail -1"}),
        (["echo", "$HOME"], True, "shell", {"cmd": "echo $HOME"}),
    ],
)
def test_words_or_a_line(command: list[str], shell: bool, module: str, args: dict[str, object]) -> None:
    if module == "command":
        args = {**args, "expand_argument_vars": False}
    assert call_of(command, shell) == (module, args)


def test_only_the_first_double_dash_divides() -> None:
    assert split(["web", "-b", "--", "git", "log", "--", "x"]) == (["web", "-b"], ["git", "log", "--", "x"])
    assert split(["web", "uptime"]) == (["web", "uptime"], [])


def test_the_task_is_literal_and_stands_where_the_user_stands() -> None:
    playbook = one_task.one_task("web:db", "say", "command", {"argv": ["echo", "{{ x }}"]})
    (play,) = playbook.plays
    (task,) = play.tasks
    assert type(task.args["argv"][1]) is str  # type: ignore[union-attr]
    assert Path(play.path).parent == Path.cwd()
    assert play.gather_facts is False


def test_paths_here_are_absolute_and_keep_their_last_slash(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert one_task.here("site/") == f"{tmp_path}/site/"
        assert one_task.here("a") == f"{tmp_path}/a"
        assert one_task.here("/") == "/"
    finally:
        os.chdir(before)
