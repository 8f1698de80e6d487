"""A plan is applied as it stands, or refused: whatever is changed in between, nothing is written."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from runner.cli.apply_command import PlanRefused, to_go_on
from runner.cli.main import main
from runner.journal.read import read
from runner.model.event import RunStart, TaskResult
from runner.plans.saved import decode
from tests.modules.harness import listing

SITE = """\
- hosts: all
  gather_facts: false
  vars_files: [vars.yaml]
  roles: [base]
  tasks:
    - name: A folder
      file: {path: ~/app, state: directory, mode: "0750"}
    - name: A link
      file: {src: /etc/hostname, dest: ~/app/link, state: link}
    - name: A template
      template: {src: site.j2, dest: ~/app/site.conf, mode: "0640"}
      notify: restart
    - name: Several
      copy: {dest: "~/app/{{ item }}.txt", content: "{{ item }} {{ word }}\\n"}
      loop: "{{ several }}"
    - name: Bytes
      copy: {src: bytes.bin, dest: ~/app/bytes.bin}
    - name: A tree
      copy: {src: tree/, dest: ~/app/tree/}
    - name: A line
      lineinfile: {path: ~/there/settings, regexp: "^level=", line: "level={{ level }}"}
    - name: A block
      blockinfile: {path: ~/there/blocks, block: "{{ lookup('env', 'PLAN_BLOCK') }}"}
    - name: An entry
      ini_file: {path: ~/there/conf.ini, section: web, option: port, value: "{{ http_port }}"}
    - name: Replaced
      replace: {path: ~/there/words, regexp: old, replace: new}
    - name: Gone
      file: {path: ~/there/rubbish, state: absent}
    - name: A mode
      file: {path: ~/there/secret, mode: "0600"}
    - name: Asked
      stat: {path: ~/there/flag}
      register: flag
    - name: If it is there
      copy: {dest: ~/app/flagged, content: "yes\\n"}
      when: flag.stat.exists
    - name: Not to be seen
      copy: {dest: ~/app/hidden, content: "{{ db_password }}\\n"}
      no_log: true
    - import_tasks: more.yaml
  handlers:
    - name: restart
      copy: {dest: ~/app/restarted, content: "now\\n"}
"""
FILES = {
    "site.yaml": SITE,
    "more.yaml": "- name: More\n  copy: {dest: ~/app/more, content: more}\n",
    "vars.yaml": "word: one\nseveral: [a, b]\n",
    "templates/site.j2": "port {{ http_port }} on {{ inventory_hostname }}\n",
    "files/bytes.bin": "\x00\x01" * 40000,
    "files/tree/x": "x\n",
    "files/tree/deep/y": "y\n",
    "roles/base/tasks/main.yaml": "- name: Base\n  copy: {src: base.conf, dest: ~/base.conf, mode: '{{base_mode}}'}\n",
    "roles/base/defaults/main.yaml": "base_mode: '0644'\n",
    "roles/base/files/base.conf": "base\n",
    "inv.ini": "[web]\nhere ansible_connection=local level=3\n",
    "group_vars/web.yaml": "http_port: 80\n",
    "host_vars/here.yaml": "unused: 1\n",
}
THERE = {
    "there/settings": "a=1\nlevel=1\n",
    "there/blocks": "first\n",
    "there/conf.ini": "[web]\nport = 8080\n",
    "there/words": "old words\n",
    "there/rubbish": "rubbish\n",
    "there/secret": "s\n",
    "there/flag": "",
    "app/site.conf": "as it was\n",
    "app/bytes.bin": "\x00\x02" * 50000,
    "app/tree/x": "another x\n",
    "app/a.txt": "a of old\n",
    "app/hidden": "of old\n",
}
PLAN = ("plan", "site.yaml", "-i", "inv.ini", "-o", "plan.json", "-e", "db_password=hunter22 shown=1")
APPLY = ("apply", "plan.json", "-e", "db_password=hunter22")

Change = Callable[[Path, Path], None]


def edit(name: str, old: str, new: str) -> Change:
    """A source whose text changes."""

    def change(project: Path, _home: Path) -> None:
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new))

    return change


def rewrite(name: str, text: str = "not as it was\n") -> Change:
    def change(_project: Path, home: Path) -> None:
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text)

    return change


def with_mode(name: str, mode: int) -> Change:
    return lambda _project, home: (home / name).chmod(mode)


def gone(name: str) -> Change:
    return lambda _project, home: (home / name).unlink()


def linked(name: str) -> Change:
    def change(_project: Path, home: Path) -> None:
        (home / name).rename(home / "moved")
        (home / name).symlink_to(home / "moved")

    return change


def folder_instead(name: str) -> Change:
    def change(_project: Path, home: Path) -> None:
        (home / name).unlink()
        (home / name).mkdir()

    return change


def environment(value: str) -> Change:
    return lambda _project, _home: os.environ.update(PLAN_BLOCK=value)


def without(name: str) -> Change:
    return lambda project, _home: (project / name).unlink()


def another(name: str, text: str) -> Change:
    def change(project: Path, _home: Path) -> None:
        (project / name).parent.mkdir(exist_ok=True, parents=True)
        (project / name).write_text(text)

    return change


SOURCES: dict[str, Change] = {
    "a task's argument": edit("site.yaml", 'mode: "0750"', 'mode: "0755"'),
    "a task's name": edit("site.yaml", "A folder", "The folder"),
    "a comment": edit("site.yaml", "- hosts", "# really\n- hosts"),
    "a condition": edit("site.yaml", "when: flag.stat.exists", "when: not flag.stat.exists"),
    "two tasks in another order": edit("site.yaml", "state: absent", "state: touch"),
    "a handler": edit("site.yaml", '"now\\n"', '"then\\n"'),
    "a task less": edit("site.yaml", "    - import_tasks: more.yaml\n", ""),
    "imported tasks": edit("more.yaml", "content: more", "content: less"),
    "a file of variables": edit("vars.yaml", "one", "two"),
    "an item more": edit("vars.yaml", "[a, b]", "[a, b, c]"),
    "an item less": edit("vars.yaml", "[a, b]", "[a]"),
    "a template": edit("templates/site.j2", "port", "Port"),
    "a file with bytes": edit("files/bytes.bin", "\x00\x01\x00", "\x00\x03\x00"),
    "a file of a tree": edit("files/tree/x", "x", "X"),
    "a deep file of a tree": edit("files/tree/deep/y", "y", "Y"),
    "a file more in a tree": another("files/tree/z", "z"),
    "a file less in a tree": without("files/tree/x"),
    "a role's tasks": edit("roles/base/tasks/main.yaml", "Base", "Basis"),
    "a role's defaults": edit("roles/base/defaults/main.yaml", "0644", "0600"),
    "a role's file": edit("roles/base/files/base.conf", "base", "Base"),
    "a role's variables": another("roles/base/vars/main.yaml", "base_mode: '0640'\n"),
    "a variable of the inventory": edit("inv.ini", "level=3", "level=4"),
    "a host more": edit("inv.ini", "[web]\n", "[web]\nthere ansible_connection=local level=3\n"),
    "a group more": edit("inv.ini", "[web]\n", "[db]\nhere\n[web]\n"),
    "a group's variables": edit("group_vars/web.yaml", "80", "81"),
    "a host's variables": edit("host_vars/here.yaml", "1", "2"),
    "variables of all": another("group_vars/all.yaml", "later: 1\n"),
    "an environment variable": environment("another block"),
    "a configuration": another("ansible.cfg", "[defaults]\nforks = 3\n"),
    "no template": without("templates/site.j2"),
}
FOUND: dict[str, Change] = dict(
    chain(
        ((f"other text in {name}", rewrite(name)) for name in THERE if "flag" not in name),
        ((f"a letter more in {name}", rewrite(name, text + "+")) for name, text in THERE.items() if text),
        ((f"no {name}", gone(name)) for name in THERE),
        (
            (f"another mode of {name}", with_mode(name, 0o604))
            for name in THERE
            if "rubbish" not in name and "flag" not in name
        ),
        ((f"a link in place of {name}", linked(name)) for name in THERE if "flag" not in name),
        ((f"a folder in place of {name}", folder_instead(name)) for name in THERE if "flag" not in name),
        (
            (f"{name} is there already", rewrite(name))
            for name in (
                "app/b.txt",
                "app/more",
                "base.conf",
                "app/restarted",
                "app/flagged",
                "app/tree/deep",
                "app/link",
            )
        ),
        [("another mode of the folder", with_mode("app", 0o700))],
    )
)
CHANGES = {**SOURCES, **FOUND}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project and a home, with the plan of what the one would do in the other."""
    top = tmp_path_factory.mktemp("planned")
    for folder, files in (("project", FILES), ("home", THERE)):
        for name, text in files.items():
            (top / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (top / folder / name).write_text(text)
            (top / folder / name).chmod(0o644)
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, top)
        assert main(PLAN) == 0
        shutil.copytree(top / "project", top / "kept/project")
        shutil.copytree(top / "home", top / "kept/home")
        yield top


def enter(patch: pytest.MonkeyPatch, top: Path) -> None:
    """Work in the project, as a user of that home."""
    patch.chdir(top / "project")
    patch.setenv("HOME", str(top / "home"))
    patch.setenv("XDG_STATE_HOME", str(top / "state"))
    patch.setenv("PLAN_BLOCK", "a block")


@pytest.fixture
def copied(planned: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, put back as it was for the plan."""
    monkeypatch.chdir("/")
    for name in ("project", "home"):
        shutil.rmtree(planned / name)
        shutil.copytree(planned / "kept" / name, planned / name)
    enter(monkeypatch, planned)
    return planned


@pytest.mark.parametrize("title", CHANGES)
def test_whatever_has_changed_it_is_refused_and_nothing_is_written(
    title: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CHANGES[title](copied / "project", copied / "home")
    before = listing(copied / "home")
    code = main(APPLY)
    shown = capsys.readouterr().err
    assert code in (3, 4), shown
    assert "the plan does not hold any more, nothing was run" in shown or "mistake" in shown
    assert listing(copied / "home") == before
    assert "hunter22" not in shown


def test_there_are_a_hundred_changes() -> None:
    assert len(CHANGES) >= 100


def test_a_plan_that_holds_is_carried_out(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = decode((copied / "project/plan.json").read_text())
    assert main(APPLY) == 0
    shown = capsys.readouterr()
    home = copied / "home"
    assert (home / "app/site.conf").read_text() == "port 80 on here\n"
    assert (home / "app/restarted").exists()
    assert stat.S_IMODE((home / "there/secret").stat().st_mode) == 0o600
    log = Path(shown.err.partition("log: ")[2].partition(" (head ")[0])
    events = [record.event for record in read(log)]
    assert next(event for event in events if isinstance(event, RunStart)).plan == plan.digest
    results = [event for event in events if isinstance(event, TaskResult)]
    assert {result.foretold for result in results} == {"change", "same"}
    assert not [result for result in results if result.missed]
    assert " 0 not, 0 could not be foretold" in shown.err
    # It is done now, so the plan has had its day.
    assert main(APPLY) == 3


def test_the_file_is_private_and_knows_no_secret(planned: Path) -> None:
    file = planned / "project/plan.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hunter22" not in file.read_text()
    assert json.loads(file.read_text())["masked"] is True


def test_a_secret_that_is_not_given_again(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apply", "plan.json"]) == 5
    assert "give it again (-e)" in capsys.readouterr().err
    assert main(["apply", "plan.json", "-e", "db_password=another"]) == 3
    assert "the command line: variable db_password has changed" in capsys.readouterr().err
    assert (copied / "home/app/hidden").read_text() == "of old\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not JSON"),
        ("[]", "it is no plan of pbrun"),
        ('{"kind": "pbrun plan", "format": 9}', "its format is 9"),
        ('{"kind": "pbrun plan", "format": 1}', "a field of it is missing"),
    ],
)
def test_what_is_no_plan(text: str, says: str, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "project/plan.json").write_text(text)
    assert main(APPLY) == 3
    assert says in capsys.readouterr().err


def test_an_edited_plan(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit("plan.json", '"A folder"', '"Any folder"')(copied / "project", copied)
    assert main(APPLY) == 3
    assert "its digest does not fit" in capsys.readouterr().err
    # It may be made anew in its place; a file of something else may not be written over.
    assert main(PLAN) == 0
    assert main([*PLAN, "-o", "site.yaml"]) == 5
    assert "will not write over this file" in capsys.readouterr().err


def test_what_goes_on_with_a_plan_that_was_being_applied(copied: Path) -> None:
    plan = decode((copied / "project/plan.json").read_text())
    options, _ = to_go_on(APPLY[1:], plan.digest)
    assert options.playbooks == ("site.yaml",)
    assert not options.check
    assert options.extra_vars == {"db_password": "hunter22", "shown": "1"}
    with pytest.raises(PlanRefused, match="holds another plan"):
        to_go_on(APPLY[1:], "0" * 64)
