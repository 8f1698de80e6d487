"""Where configuration is found, who may have written it, and what is wrong in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.errors import InputErrors
from runner.load.configuration import load_settings
from runner.load.show import render_problem
from runner.model.settings import Settings


def _forks(folder: Path, name: str, number: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"forks = {number}\n" if name.endswith("toml") else f"[defaults]\nforks = {number}\n")
    return path


def _load(folder: Path, **environ: str) -> tuple[Settings, list[str]]:
    settings, problems = load_settings({"HOME": str(folder / "home"), **environ}, folder / "here", curious=True)
    return settings, [render_problem(one, lambda _path, _line: None).replace(f"{folder}/", "") for one in problems]


def _mistakes(folder: Path, **environ: str) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        _load(folder, **environ)
    shown = [render_problem(one, lambda _path, _line: None) for one in caught.value.problems]
    return [one.replace(f"{folder}/", "") for one in shown]


@pytest.mark.parametrize(
    ("name", "variable"), [("ansible.cfg", "ANSIBLE_CONFIG"), ("pbrun.toml", "PBRUN_CONFIG")], ids=["cfg", "toml"]
)
def test_the_first_file_found_counts(tmp_path: Path, name: str, variable: str) -> None:
    _forks(tmp_path / "home", f".{name}", 3)
    (tmp_path / "here").mkdir()
    assert _load(tmp_path)[0].forks == 3
    _forks(tmp_path / "here", name, 4)
    assert _load(tmp_path)[0].forks == 4
    named = _forks(tmp_path / "there", name, 5)
    settings, problems = _load(tmp_path, **{variable: str(named)})
    assert (settings.forks, settings.origins, problems) == (5, {"forks": str(named)}, [])
    assert list(settings.files) == [str(named)]
    assert _load(tmp_path, **{variable: "../there"})[0].forks == 5
    assert _load(tmp_path, **{variable: os.devnull})[0].forks == 50
    settings, problems = _load(tmp_path, **{variable: "../nowhere"})
    assert (settings.forks, problems) == (4, [f"warning: {variable}: there is no file nowhere"])


def test_environment_wins_over_pbrun_toml_and_that_over_ansible_cfg(tmp_path: Path) -> None:
    _forks(tmp_path / "here", "ansible.cfg", 3)
    _forks(tmp_path / "here", "pbrun.toml", 4)
    assert _load(tmp_path)[0].forks == 4
    assert _load(tmp_path, ANSIBLE_FORKS="5")[0].forks == 5
    assert _load(tmp_path, ANSIBLE_FORKS="")[0].forks == 4


@pytest.mark.parametrize("name", ["ansible.cfg", "pbrun.toml"])
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_anybody_can_write_is_ignored_with_a_warning(tmp_path: Path, name: str, what: str) -> None:
    path = _forks(tmp_path / "here", name, 4)
    (path.parent if what == "folder" else path).chmod(0o777)
    settings, problems = _load(tmp_path)
    assert (settings.forks, settings.ansible_cfg) == (50, None)
    assert problems == [
        f"here/{name}:1:1: warning: is ignored: {'its folder' if what == 'folder' else 'it'} can be written by others "
        f"(mode 0777; chmod o-w)\n  hint: to use it nevertheless, set "
        f"{'ANSIBLE_CONFIG' if name == 'ansible.cfg' else 'PBRUN_CONFIG'}=here/{name}"
    ]
    variable = "ANSIBLE_CONFIG" if name == "ansible.cfg" else "PBRUN_CONFIG"
    assert _load(tmp_path, **{variable: str(path)})[0].forks == 4


@pytest.mark.root
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_somebody_else_is_ignored(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _forks(tmp_path / "here", "pbrun.toml", 4)
    os.chown(path.parent if what == "folder" else path, 12345, -1)
    settings, problems = _load(tmp_path)
    assert settings.forks == 50
    assert "belongs to user id 12345, neither you nor root" in problems[0]
    monkeypatch.setenv("SUDO_UID", "12345")
    assert _load(tmp_path)[0].forks == 4


def test_a_home_is_no_better(tmp_path: Path) -> None:
    _forks(tmp_path / "home", ".ansible.cfg", 3).chmod(0o666)
    (tmp_path / "here").mkdir()
    settings, problems = _load(tmp_path)
    assert settings.forks == 50
    assert len(problems) == 1


def test_every_mistake_in_pbrun_toml_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pbrun.toml").write_text(
        'forks = "many"\nverbosty = 1\nhost_key_checking = "perhaps"\ngathering = "explizit"\nrun_tags = [1]\n'
        'pipelining = true\nremote_port = 1.5\nremote_user = ["a"]\n[defaults]\nforks = 3\n'
    )
    assert _mistakes(tmp_path) == [
        "here/pbrun.toml:2:1: there is no setting 'verbosty'\n  hint: did you mean 'verbosity'?",
        "here/pbrun.toml:6:1: there is no setting 'pipelining'\n  hint: nothing here needs it",
        "here/pbrun.toml:9:2: there is no section [defaults]\n  hint: write the settings without sections",
        "here/pbrun.toml:1:1: forks: 'many' is not a whole number",
        "here/pbrun.toml:3:1: host_key_checking: 'perhaps' is not a boolean (use true or false)",
        "here/pbrun.toml:4:1: gathering: 'explizit' is not one of implicit, explicit, smart"
        "\n  hint: did you mean 'explicit'?",
        "here/pbrun.toml:5:1: run_tags: [1] is not a list of texts",
        "here/pbrun.toml:7:1: remote_port: 1.5 is not a whole number",
        "here/pbrun.toml:8:1: remote_user: ['a'] is neither text nor a number",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("ansible.cfg", b"forks = 3\n", "1:1: this line is in no section\n  hint: begin with [defaults]"),
        ("ansible.cfg", b"[defaults]\nforks = 3\nforks = 4\n", "3:1: 'forks' stands twice in [defaults]"),
        ("ansible.cfg", b"[defaults]\nx = 1\n[defaults]\n", "3:1: the section [defaults] stands twice"),
        ("ansible.cfg", b"[defaults]\nx = 1\noops\n", "3:1: this line is not of the form key = value"),
        ("ansible.cfg", b"[defaults]\nx = \xff\n", "2:1: the file is not UTF-8 text"),
        ("ansible.cfg", b"[defaults]\n\nforks = many\n", "3:1: forks: 'many' is not a whole number"),
        ("pbrun.toml", b"forks = \n", "1:9: invalid value"),
        ("pbrun.toml", b"x = '\xff'\n", "1:1: the file is not UTF-8"),
    ],
)
def test_what_cannot_be_read_has_a_place(tmp_path: Path, name: str, text: bytes, told: str) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / name).write_bytes(text)
    assert _mistakes(tmp_path) == [f"here/{name}:{told}"]


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert _mistakes(tmp_path, ANSIBLE_FORKS="x") == ["forks (env: ANSIBLE_FORKS): 'x' is not a whole number"]


def test_keys_that_are_not_known_in_ansible_cfg_are_remarks(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "ansible.cfg").write_text("[defaults]\nnix = 1\nnocows = 1\n[galaxy]\nserver_list = x\n")
    settings, problems = _load(tmp_path)
    assert problems == ["here/ansible.cfg:2:1: warning: the setting 'nix' of [defaults] has no effect here"]
    assert settings.others == {"nocows": "1"}
    assert load_settings({}, tmp_path / "here")[1] == []
