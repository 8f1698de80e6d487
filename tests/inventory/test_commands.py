"""`pbrun inventory` prints what ansible-inventory prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from runner.cli.main import main
from tests.inventory.commands import RECORDED, load, words, write
from tests.inventory.record import ask

CASES: Final = load()
EXPECTED: Final[dict[str, Any]] = json.loads(RECORDED.read_text())
# Text that an expression made is marked in Ansible's output; here text that is a template is another kind of value.
_UNSAFE: Final = re.compile(r'\{\s*"__ansible_unsafe": (".*")\s*\}')
ASKED: Final = [(name, line) for name, case in CASES.items() for line in case["args"]]


@pytest.mark.parametrize(("name", "line"), ASKED)
def test_the_output_is_the_same(
    name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, CASES[name]["files"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    code = main(["inventory", *words(line)])
    shown = capsys.readouterr()
    expected = EXPECTED[f"{name}: {line}"]
    assert (code == 0) == (expected["code"] == 0), shown.err
    if code == 0:
        assert shown.out.replace(str(tmp_path), "{case}") == _UNSAFE.sub(r"\1", expected["out"])


@pytest.mark.ansible
@pytest.mark.parametrize("name", CASES)
def test_what_is_recorded_is_still_true(name: str) -> None:
    line = CASES[name]["args"][0]
    assert ask(CASES[name]["files"], line) == EXPECTED[f"{name}: {line}"]
