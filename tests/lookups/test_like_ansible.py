"""The same terms and options for ansible-core's lookups and for ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.errors import StepError
from tests.inventory.reference import programs
from tests.lookups.context import lookup

_ASK = """
import json, os, sys
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, lookup_loader
from ansible.template import Templar
folder, cases = json.load(sys.stdin)
init_plugin_loader([])
loader = DataLoader()
loader.set_basedir(folder)
variables = {"ansible_search_path": [folder], "playbook_dir": folder, "one": 1, "only": 2}
templar = Templar(loader=loader, variables=variables)
answers = []
for name, terms, options in cases:
    try:
        answers.append(lookup_loader.get(name, loader=loader, templar=templar).run(terms, variables, **options))
    except Exception:
        answers.append("error")
print(json.dumps(answers))
"""

USERS = [{"name": "a", "k": {"x": [1, 2]}}, {"name": "b", "k": {"x": []}}, {"name": "c", "k": {}}]
CASES: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("items", [[1, [2, [3]]], 4], {}),
    ("list", [[1, [2]], 4], {}),
    ("indexed_items", [["a", ["b"]], "c"], {}),
    ("nested", [[1, 2], [3, [4]], ["x"]], {}),
    ("nested", [], {}),
    ("together", [[1, 2], [3], ["a", "b", "c"]], {}),
    ("together", [], {}),
    ("dict", [{"a": 1, "b": {"c": 2}}, {"d": 3}], {}),
    ("dict", ["x"], {}),
    ("subelements", [USERS[:2], "k.x"], {}),
    ("subelements", [USERS, "k.x", {"skip_missing": True}], {}),
    ("subelements", [USERS, "k.x"], {}),
    ("subelements", [{"u": {"n": 1, "l": ["p", "q"]}}, "l"], {}),
    ("subelements", [{"skipped": True}, "l"], {}),
    ("subelements", [USERS, "name"], {}),
    ("subelements", [USERS], {}),
    ("sequence", ["5"], {}),
    ("sequence", ["5-8"], {}),
    ("sequence", ["2-10/2"], {}),
    ("sequence", ["4:host%02d"], {}),
    ("sequence", ["start=5 end=11 stride=2 format=0x%02x"], {}),
    ("sequence", ["start=0 count=5 stride=2", "count=0"], {}),
    ("sequence", [], {"start": 5, "end": 1, "stride": -2}),
    ("sequence", ["start=5 end=1"], {}),
    ("sequence", ["start=1"], {}),
    ("sequence", ["count=1 end=2"], {}),
    ("sequence", ["end=3 format=%d%d"], {}),
    ("sequence", ["end=3 what=5"], {}),
    ("env", ["NOT_SET_AT_ALL"], {}),
    ("env", ["NOT_SET_AT_ALL"], {"default": "d"}),
    ("env", ["LANG_FOR_TEST"], {}),
    ("pipe", ["printf ' a b\\n\\n'", "pwd"], {}),
    ("pipe", ["exit 3"], {}),
    ("lines", ["printf 'a\\n\\nb\\n'"], {}),
    ("file", ["plain.txt"], {}),
    ("file", ["plain.txt"], {"rstrip": False, "lstrip": True}),
    ("file", ["nix"], {}),
    ("varnames", ["^on", "^onl"], {}),
    ("csvfile", ["Li file=e.csv delimiter=,", "Li file=e.csv delimiter=, col=2"], {}),
    ("csvfile", ["two words"], {"file": "e.csv", "delimiter": ","}),
    ("csvfile", ["None"], {"file": "e.csv", "delimiter": ",", "default": "d"}),
    ("csvfile", ["None"], {"file": "e.csv", "delimiter": ","}),
    ("csvfile", ["3"], {"file": "e.csv", "delimiter": ",", "keycol": 1, "col": 0}),
    ("csvfile", ["k"], {"file": "t.tsv"}),
    ("csvfile", ["Li"], {"file": "e.csv", "delimiter": ",", "col": 9}),
    ("ini", ["user"], {"file": "u.ini", "section": "s"}),
    ("ini", ["USER"], {"file": "u.ini", "section": "s"}),
    ("ini", ["USER"], {"file": "u.ini", "section": "s", "case_sensitive": True, "default": "d"}),
    ("ini", ["u.*"], {"file": "u.ini", "section": "s", "re": True}),
    ("ini", ["path"], {"file": "u.ini", "section": "s"}),
    ("ini", ["path"], {"file": "u.ini", "section": "s", "interpolation": False}),
    ("ini", ["nix"], {"file": "u.ini", "section": "s"}),
    ("ini", ["user"], {"file": "u.ini", "section": "nix"}),
    ("ini", ["user.name"], {"file": "p.properties", "type": "properties"}),
    ("ini", ["user section=s file=u.ini"], {}),
    ("fileglob", ["*.csv"], {}),
    ("fileglob", ["sub/*"], {}),
    ("fileglob", ["nix/*", "*.nix"], {}),
    ("template", ["t.j2"], {}),
    ("template", ["t.j2"], {"template_vars": {"one": 11}}),
    ("template", ["brackets.j2"], {"variable_start_string": "[[", "variable_end_string": "]]"}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "files/plain.txt": "\n  text {{ 7 * 7 }}  \n\n",
        "files/e.csv": 'Li,3,"6,94"\ntwo words,x,y\n\nshort\n',
        "files/t.tsv": "k\tvalue\n",
        "files/u.ini": "[s]\nuser = me\nuid: 7\nhome = /h\npath = %(home)s/x\n",
        "files/p.properties": "user.name = me\n",
        "files/sub/in_sub": "",
        "files/sub/.hidden": "",
        "templates/t.j2": "{{ one }} and {{ only }}\n",
        "templates/brackets.j2": "[[ one ]] {{ only }}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("LANG_FOR_TEST", "set {{ x }}")
    return tmp_path


def _ours(folder: Path, name: str, terms: list[Any], options: dict[str, Any]) -> Any:
    try:
        return lookup(name, terms, folder, {"one": 1, "only": 2}, **options)
    except StepError:
        return "error"


@pytest.mark.ansible
def test_lookups_give_what_ansibles_give(folder: Path) -> None:
    done = subprocess.run(
        [programs() / "python", "-c", _ASK],
        input=json.dumps([str(folder), CASES]),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    ours = [_ours(folder, *case) for case in CASES]
    different = [(case, mine, yours) for case, mine, yours in zip(CASES, ours, theirs, strict=True) if mine != yours]
    assert not different, "\n".join(map(str, different))
