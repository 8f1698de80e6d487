"""What a user sees and is asked on a terminal: --step, prompts, pauses, Ctrl-C."""

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun, read_log, write_playbook
from tests.end_to_end.terminal import terminal

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
HERE = ("-i", "h1,", "-c", "local")
FOUR = "- hosts: all\n  tasks:\n" + "".join(
    f"    - {{name: {name}, shell: echo {name}}}\n" for name in ("one", "two", "three", "four")
)


def test_step_skips_runs_and_stops_asking(tmp_path: Path) -> None:
    book, log = write_playbook(tmp_path / "p.yaml", FOUR), tmp_path / "log"
    with terminal(tmp_path, book, *HERE, "--step", "--log", str(log)) as run:
        run.until("task: one (N)o/(y)es/(c)ontinue:")
        run.keys("n", "Enter")
        run.until("task: two (N)o/(y)es/(c)ontinue:")
        run.keys("y", "Enter")
        run.until("task: three (N)o/(y)es/(c)ontinue:")
        run.keys("c", "Enter")
        screen = run.until("rc=0")
    assert [line["task"] for line in read_log(log) if line["type"] == "task_result"] == ["two", "three", "four"]
    order = ["PLAY [all]", "task: one", "task: two", "TASK [two]", "changed: [h1]", "task: three", "TASK [three]"]
    places = [screen.index(text) for text in order]
    assert places == sorted(places), screen
    assert "(c)ontinue: c" in screen
    assert "task: four" not in screen


def test_step_without_a_terminal_is_an_error(tmp_path: Path) -> None:
    run = pbrun(tmp_path, write_playbook(tmp_path / "p.yaml", FOUR), *HERE, "--step")
    assert run.code == 5, run.told()
    assert "--step" in run.err
    assert not run.log


def test_a_prompt_of_a_pause_comes_after_what_was_before_it(tmp_path: Path) -> None:
    book = write_playbook(
        tmp_path / "p.yaml",
        "- hosts: all\n  tasks:\n    - {name: first, shell: echo 1}\n"
        "    - {name: ask, pause: {prompt: Go on}, register: said}\n    - debug: {var: said.user_input}\n",
    )
    with terminal(tmp_path, book, *HERE, width=200) as run:
        before = run.until("Go on:")
        assert "changed: [h1]" in before
        run.keys("really", "Enter")
        screen = run.until("rc=0")
    assert "Go on: really" in screen
    assert '"said.user_input": "really"' in screen


def test_private_prompts_are_confirmed_and_never_shown(tmp_path: Path) -> None:
    prompts = "[{name: who, private: false, default: bob}, {name: pw, prompt: Word, confirm: true}]"
    tasks = "[{debug: {msg: '{{ who }} {{ pw }}'}}, {shell: 'echo {{ pw }}'}]"
    book = write_playbook(tmp_path / "p.yaml", f"- hosts: all\n  vars_prompt: {prompts}\n  tasks: {tasks}\n")
    with terminal(tmp_path, book, *HERE, "-vvv", "--log", str(tmp_path / "log")) as run:
        run.until("who [bob]:")
        run.keys("Enter")
        for number, word in enumerate(("hunter2", "hunter3", "hunter2", "hunter2"), 1):
            run.until("Word:", number)
            run.keys(word, "Enter")
        screen = run.until("rc=0")
    assert "DO NOT MATCH" in screen
    assert '"msg": "bob ********"' in screen
    assert "hunter" not in screen + (tmp_path / "log").read_text()


def test_a_plan_is_applied_with_its_answers_and_asks_once_for_what_it_does_not_keep(tmp_path: Path) -> None:
    prompts = "[{name: who, private: false}, {name: pw, prompt: Word}]"
    task = f"{{copy: {{dest: {tmp_path}/made, content: '{{{{ who }}}} {{{{ pw }}}}'}}}}"
    book = write_playbook(tmp_path / "p.yaml", f"- hosts: all\n  vars_prompt: {prompts}\n  tasks: [{task}]\n")
    plan = str(tmp_path / "plan.json")
    with terminal(tmp_path, "plan", book, *HERE, "-o", plan) as run:
        for question, answer in (("who:", "ann"), ("Word:", "hunter2")):
            run.until(question)
            run.keys(answer, "Enter")
        run.until("rc=0")
    for answer, ends, says in (("hunter3", "rc=3", "the question for pw"), ("hunter2", "rc=0", "1 as foretold")):
        (state := tmp_path / answer).mkdir()
        with terminal(state, "apply", plan, width=200) as run:
            run.until("Word:")
            run.keys(answer, "Enter")
            screen = run.until(ends)
        assert says in screen and screen.count("Word:") == 1 and "who:" not in screen
    assert (tmp_path / "made").read_text() == "ann hunter2"


def test_ctrl_c_twice_ends_at_once(tmp_path: Path) -> None:
    book = write_playbook(tmp_path / "p.yaml", "- hosts: all\n  tasks: [{name: nap, shell: sleep 50}]\n")
    with terminal(tmp_path, book, *HERE, "--log", str(tmp_path / "log")) as run:
        run.until("nap")
        run.keys("C-c")
        for _ in range(100):
            if "Ctrl-C again" in run.screen():
                break
        run.keys("C-c")
        screen = run.until("rc=99")
    assert "may or may not have run" in screen.replace("\n", "")
    ended = read_log(tmp_path / "log")[-1]
    assert (ended["type"], ended["status"], ended["exit_code"]) == ("run_end", "interrupted", 99)
