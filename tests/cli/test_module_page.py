"""The module that docs/modules.md shows is whole: it is taken from the page, put into a copy of the room, and run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USE = """
import sys
from pathlib import Path
from tests.modules.harness import listing, run_module

home, shell = Path(sys.argv[1]), sys.argv[2]
file = home / "it's -a flag"
args = {"path": str(file), "text": "$(id); 'quoted' \\\\n"}

def run(**more):
    made = run_module("flag", {**args, **more.pop("args", {})}, shell=shell, home=home, **more)
    assert not made.values.get("rc"), made
    return made.status.value

before = listing(home)
assert run(check=True) == "changed"
assert listing(home) == before, "a dry run changed something"
assert run() == "changed"
assert file.read_text() == args["text"] + "\\n"
assert run() == "ok"
assert run(args={"text": "other"}, check=True) == "changed"
assert run(args={"state": "absent"}) == "changed"
assert run(args={"state": "absent"}) == "ok"
assert not file.exists()
failing = run_module("flag", {"path": str(home / "no" / "folder")}, shell=shell, home=home)
assert failing.status.value == "failed" and failing.msg, failing
"""


NAMES = """
import sys
from runner.cli.main import main

sys.exit(main(["site.yaml", "-i", "localhost,", "-c", "local", "--output", "plain", *sys.argv[1:]]))
"""

PLAYBOOK = """
- hosts: all
  gather_facts: false
  module_defaults:
    acme.web.flag: {path: "{{ playbook_dir }}/made"}
  tasks:
    - flag: {text: one}
    - acme.web.flag: {text: two}
    - action: "{{ 'acme.web.flag' }} text=three"
    - flag: {text: four}
      collections: [acme.web]
    - name: Another's
      other.web.flag: {text: five}
      ignore_errors: true
    - name: Not handed on
      ansible.builtin.flag: {text: six}
      ignore_errors: true
"""


def copied(folder: Path) -> Path:
    """The program and the tests with the page's module among ours."""
    page = (ROOT / "docs" / "modules.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code
    for room in ("runner", "tests"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "runner" / "modules" / "flag.py").write_text(code[1])
    return folder


def environment(copy: Path) -> dict[str, str]:
    """What a process that sees the copy has."""
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy), "LC_ALL": "C.UTF-8", "HOME": str(copy)}


def test_it_is_reached_by_the_names_that_it_has(tmp_path: Path) -> None:
    copy = copied(tmp_path / "copy")
    (copy / "site.yaml").write_text(PLAYBOOK)

    def pbrun(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", NAMES, *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=copy, env=environment(copy), check=False)

    listed = pbrun("--list-tasks")
    assert not listed.returncode, listed.stdout + listed.stderr
    assert re.findall(r"^ {6}(.*)\tTAGS", listed.stdout, re.MULTILINE) == [
        *("flag", "acme.web.flag", "{{ 'acme.web.flag' }}", "flag", "Another's", "Not handed on"),
    ]
    run = pbrun()
    assert (copy / "made").read_text() == "four\n", run.stdout + run.stderr
    assert run.stdout.count("changed: [localhost]") == 4
    assert "there is no module 'other.web.flag': did you mean 'acme.web.flag'?" in run.stdout
    assert "there is no module 'ansible.builtin.flag': did you mean 'acme.web.flag'?" in run.stdout
    assert "TASK [acme.web.flag]" in run.stdout


@pytest.mark.busybox
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_page_shows_a_module_that_works(tmp_path: Path, shell: str) -> None:
    copy, home = copied(tmp_path / "copy"), tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-c", USE, str(home), shell]
    run = subprocess.run(command, capture_output=True, text=True, cwd=copy, env=environment(copy), check=False)
    assert run.returncode == 0, run.stdout + run.stderr
