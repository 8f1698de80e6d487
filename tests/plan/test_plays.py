"""Plays among one another: what they wait for, circles, names that are nobody's, and what planning imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.plan.graphs import mistakes, names, plans

PLAY = """
- hosts: all
  name: {name}
  gather_facts: false
  {needs}
  tasks:
    - {{name: t, command: t}}
"""


def book(*plays: tuple[str, str]) -> str:
    return "".join(dedent(PLAY).format(name=name, needs=f"needs: {needs}" if needs else "") for name, needs in plays)


def waits(folder: Path, *plays: tuple[str, str]) -> list[set[int]]:
    return [set(before) for before in plans(folder, book(*plays)).after]


def test_plays_wait_for_all_before_them_unless_they_say_what_they_need(tmp_path: Path) -> None:
    assert waits(tmp_path, ("a", ""), ("b", ""), ("c", "")) == [set(), {0}, {0, 1}]
    assert waits(tmp_path, ("a", ""), ("b", "[]"), ("c", "[a]"), ("d", "")) == [set(), set(), {0}, {0, 1, 2}]


def test_of_plays_with_one_name_all_are_waited_for(tmp_path: Path) -> None:
    assert waits(tmp_path, ("a", ""), ("a", "[]"), ("c", "[a]")) == [set(), set(), {0, 1}]


def test_a_later_play_may_be_needed(tmp_path: Path) -> None:
    assert waits(tmp_path, ("a", "[b]"), ("b", "[]")) == [{1}, set()]


def test_circles_and_unknown_names_are_mistakes(tmp_path: Path) -> None:
    assert mistakes(tmp_path, book(("deploy", "[finish]"), ("finish", "[deploy]"))) == [
        "1: plays need one another in a cycle: 'deploy' -> 'finish' -> 'deploy' | remove one of these needs"
    ]
    # The second waits for the first as every play does that does not say what it needs.
    assert "'a' -> 'b' -> 'a'" in mistakes(tmp_path, book(("a", "[b]"), ("b", "")))[0]
    assert mistakes(tmp_path, book(("deploy", ""), ("b", "[deplyo]"))) == [
        "8: play needs 'deplyo', but no play has this name | did you mean 'deploy'?"
    ]
    assert mistakes(tmp_path, book(("a", "[a]")))[0].startswith("1: plays need one another in a cycle: 'a' -> 'a'")


def test_an_unknown_strategy_is_a_mistake_with_a_hint(tmp_path: Path) -> None:
    text = """
    - hosts: all
      strategy: linaer
      tasks: []
    """
    assert mistakes(tmp_path, text) == ["2: there is no strategy 'linaer' | did you mean 'linear'?"]


def test_start_at_task_begins_in_the_play_that_has_it_and_not_with_a_handler(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      pre_tasks: [{name: p, command: p}]
      tasks: [{name: a, command: a}, {name: restart it, command: b}, {name: c, command: c}]
      handlers: [{name: restart it, command: h}]
    - hosts: all
      gather_facts: false
      tasks: [{name: a, command: a}]
    """
    for start in ("restart it", "restart*"):
        made = plans(tmp_path, text, start_at_task=start)
        assert names(made.plays[0]) == ["restart it", "c", "|", "[restart it]"]
        assert names(made.plays[1]) == ["a", "|"]
    assert mistakes(tmp_path, text, start_at_task="nope") == [
        "1: no task matches --start-at-task 'nope' | see --list-tasks"
    ]


def test_networkx_is_imported_only_for_needs_that_could_go_in_circles(tmp_path: Path) -> None:
    code = """
    import sys
    from pathlib import Path
    from tests.plan.graphs import plans
    tasks = "- {name: a, command: a, register: r}\\n- {name: b, command: b, when: r.rc}"
    plans(Path(sys.argv[1]), tasks, **eval(sys.argv[2]))
    print("networkx" in sys.modules)
    """
    for options in ({}, {"strategy": "free"}, {"strategy": "dag"}):
        command = [sys.executable, "-c", dedent(code), str(tmp_path), repr(options)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "False\n", options
