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


@pytest.mark.busybox
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_page_shows_a_module_that_works(tmp_path: Path, shell: str) -> None:
    page = (ROOT / "docs" / "modules.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code
    copy, home = tmp_path / "copy", tmp_path / "home"
    home.mkdir()
    for room in ("runner", "tests"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "runner" / "modules" / "flag.py").write_text(code[1])
    command = [sys.executable, "-c", USE, str(home), shell]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy), "LC_ALL": "C.UTF-8"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=copy, env=environment, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
