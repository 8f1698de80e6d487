"""Exit codes are Ansible's, and every mistake is told in plain words before anything is connected to."""

from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun, write_playbook

DOWN = "down: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}"
LAB = f"all: {{hosts: {{h1: , h2: , {DOWN}}}, vars: {{ansible_connection: lab}}}}\n"


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    return write_playbook(tmp_path / "hosts.yaml", LAB)


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("shell: 'true'", 0),
        ("shell: exit 3", 2),
        ("fail: {msg: no}", 2),
        ("{shell: exit 3, ignore_errors: true}", 0),
        ("{shell: 'true', delegate_to: down}", 4),
    ],
)
def test_what_a_task_comes_to(tmp_path: Path, inventory: str, task: str, code: int) -> None:
    book = write_playbook(tmp_path / "p.yaml", f"- hosts: h1\n  tasks:\n    - {task}\n")
    run = pbrun(tmp_path, book, "-i", inventory)
    assert run.code == code, run.told()
    assert run.log[-1]["exit_code"] == code


def test_all_mistakes_at_once_with_places_and_hints(tmp_path: Path, inventory: str) -> None:
    book = write_playbook(
        tmp_path / "p.yaml",
        "- hosts: h1\n  taks: []\n  tasks:\n    - shel: echo\n    - copy: {content: x, dst: /tmp/x}\n"
        "    - debug: {msg: hi}\n      whn: true\n",
    )
    run = pbrun(tmp_path, book, "-i", inventory)
    assert run.code == 4, run.told()
    assert not run.log
    for line, hint in ((2, "tasks"), (5, "dest"), (7, "when")):
        assert f"p.yaml:{line}:" in run.err
        assert f"did you mean '{hint}'?" in run.err
    assert "^" in run.err


def test_a_play_without_hosts_is_skipped_and_a_limit_without_hosts_is_an_error(tmp_path: Path, inventory: str) -> None:
    book = write_playbook(tmp_path / "p.yaml", "- hosts: nobody\n  tasks: [{shell: 'true'}]\n")
    run = pbrun(tmp_path, book, "-i", inventory)
    assert run.code == 0, run.told()
    book = write_playbook(tmp_path / "q.yaml", "- hosts: all\n  tasks: [{shell: 'true'}]\n")
    limited = pbrun(tmp_path, book, "-i", inventory, "-l", "nobody")
    assert limited.code == 1, limited.told()
    assert "Traceback" not in limited.err


def test_a_file_that_is_not_there(tmp_path: Path, inventory: str) -> None:
    (tmp_path / "site.yaml").write_text("[]")
    run = pbrun(tmp_path, str(tmp_path / "sit.yaml"), "-i", inventory)
    assert run.code in (1, 4), run.told()
    assert "sit.yaml" in run.err
    book = write_playbook(tmp_path / "p.yaml", "- hosts: all\n  tasks: []\n")
    assert pbrun(tmp_path, book, "-i", str(tmp_path / "nothing.yaml")).code in (1, 4)


def test_a_log_that_cannot_be_written_stops_the_run_before_it_begins(tmp_path: Path, inventory: str) -> None:
    book = write_playbook(tmp_path / "p.yaml", "- hosts: h1\n  tasks: [{shell: touch ~/ran}]\n")
    run = pbrun(tmp_path, book, "-i", inventory, "--log", str(tmp_path / "no" / "folder" / "x"), logs=False)
    assert run.code == 8, run.told()
    assert "log" in run.err
    assert not list(tmp_path.rglob("ran"))


def test_detailed_exit_code_is_1_for_an_error(tmp_path: Path, inventory: str) -> None:
    book = write_playbook(tmp_path / "p.yaml", "- hosts: h1\n  tasks: [{fail: {msg: no}}]\n")
    run = pbrun(tmp_path, book, "-i", inventory, "--check", "--detailed-exitcode")
    assert run.code == 1, run.told()


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("command: id", 2),
        ("{command: id, changed_when: false}", 0),
        ("{command: id, check_mode: false}", 2),
        ("{command: id, check_mode: false, changed_when: false}", 0),
        ("file: {path: ~/new, state: directory}", 2),
        ("file: {path: ~/, state: directory}", 0),
        ("{debug: {msg: '{{ seen.stdout }}'}, changed_when: true}", 0),
        ("{assert: {that: seen.rc == 0}}", 0),
        ("{fail: {msg: no}, when: seen.rc != 0}", 0),
        ("{set_fact: {x: '{{ seen.rc }}'}}", 0),
        ("{group_by: {key: fresh}}", 0),
        ("{include_tasks: more.yaml, when: seen.rc == 0}", 2),
        ("{add_host: {name: h9}, when: seen.rc == 0}", 2),
    ],
)
def test_detailed_exit_code_of_what_may_run(tmp_path: Path, inventory: str, task: str, code: int) -> None:
    (tmp_path / "more.yaml").write_text("- command: id\n")
    seen = "{command: id, register: seen, changed_when: false}"
    book = write_playbook(tmp_path / "p.yaml", f"- hosts: h1\n  tasks:\n    - {seen}\n    - {task}\n")
    run = pbrun(tmp_path, book, "-i", inventory, "--check", "--detailed-exitcode")
    assert run.code == code, run.told()


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("ansible_timeout=soon", "ansible_timeout: 'soon' is not a duration in seconds"),
        ("ansible_timeout=0", "ansible_timeout: '0' is not a duration in seconds"),
        ("ansible_port=ssh", "ansible_port: 'ssh' is not a number"),
        ("ansible_become=perhaps", "'perhaps' is not a boolean"),
        ("ansible_user=-oProxyCommand=x", "has characters that no host or user name has"),
        ("ansible_ssh_common_args='-o \"x'", "No closing quotation"),
    ],
)
def test_a_connection_variable_that_makes_no_sense(tmp_path: Path, inventory: str, variable: str, told: str) -> None:
    book = write_playbook(tmp_path / "p.yaml", "- hosts: h1\n  tasks: [{shell: 'true'}]\n")
    run = pbrun(tmp_path, book, "-i", inventory, "-e", variable)
    assert run.code == 2, run.told()
    assert told in run.results()[0]["msg"]


def test_a_delegate_that_is_lost_is_told_of_once(tmp_path: Path, inventory: str) -> None:
    tasks = "[{shell: 'true', delegate_to: down, when: inventory_hostname == 'h1'}]"
    book = write_playbook(tmp_path / "p.yaml", f"- hosts: h1:h2\n  tasks: {tasks}\n")
    run = pbrun(tmp_path, book, "-i", inventory)
    assert run.code == 4, run.told()
    assert run.out.count("UNREACHABLE!") == 1
    assert "fatal: [h1 -> down]: UNREACHABLE!" in run.out
    assert list(run.log[-1]["hosts"]) == ["h1", "h2"]
