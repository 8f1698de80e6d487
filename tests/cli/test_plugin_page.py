"""The project that docs/plugins.md shows is whole: its files are taken from the page and run, and do what it says."""

import re
import sys
from pathlib import Path

from tests.end_to_end.process import ROOT, pbrun

PAGE = ROOT / "docs" / "plugins.md"
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"```console\n\$ pbrun (.*?)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_page_shows_a_project_that_works(tmp_path: Path) -> None:
    files = dict(FILE.findall(PAGE.read_text()))
    assert len(files) == 6
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    shown = SHOWN.search(PAGE.read_text())
    assert shown
    words = [*shown[1].split(), "-e", f"ansible_python_interpreter={sys.executable}"]
    run = pbrun(tmp_path / "state", *words, cwd=tmp_path)
    assert run.code == 0, run.told()
    at = 0
    for part in shown[2].split("…\n"):
        at = run.out.find(part, at)
        assert at >= 0, f"{part!r} is not in {run.out}"
    assert (tmp_path / "flag").read_text() == "Hello, World $(id)\n"
    assert pbrun(tmp_path / "state", *words, cwd=tmp_path).changed() == 0
