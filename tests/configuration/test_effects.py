"""What settings do to the options of a run and to what is shown; for plays see the compat cases `config`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from runner.cli import play_command
from runner.cli.options import playbook_options
from runner.errors import OptionError
from runner.model.options import Options
from runner.model.settings import rows, used_rows
from runner.reporters import context_for

# name: text in pbrun.toml, field of the options, value there.
OPTIONS: Final[dict[str, tuple[str, str, Any]]] = {
    "inventory": ('["/x/hosts"]', "inventories", ("/x/hosts",)),
    "run_tags": ('["a"]', "tags", ("a",)),
    "skip_tags": ('"b,c"', "skip_tags", ("b", "c")),
    "forks": ("7", "forks", 7),
    "remote_user": ('"u"', "user", "u"),
    "private_key_file": ('"/k"', "private_key", "/k"),
    "transport": ('"local"', "connection", "local"),
    "timeout": ("2.5", "timeout_s", 2.5),
    "ssh_common_args": ('"-C"', "ssh_common_args", "-C"),
    "ssh_extra_args": ('"-C"', "ssh_extra_args", "-C"),
    "become": ("true", "become", True),
    "become_method": ('"su"', "become_method", "su"),
    "become_user": ('"u"', "become_user", "u"),
    "force_handlers": ("true", "force_handlers", True),
    "stdout_callback": ('"ansible.posix.json"', "output", "json"),
    "diff_always": ("true", "diff", True),
    "verbosity": ("2", "verbosity", 2),
    "output": ('"plain"', "output", "plain"),
    "log": ('"/l"', "log", "/l"),
    "strict": ("true", "strict", True),
    "engine": ('"dask:4"', "engine", "dask:4"),
}


def _options(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, *flags: str) -> Options:
    (folder / "pbrun.toml").write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder / "home"))
    return playbook_options(play_command.parser().read(["site.yaml", *flags]))


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, field, value = OPTIONS[name]
    assert getattr(_options(tmp_path, monkeypatch, f"{name} = {text}\n"), field) == value


def test_an_engine_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"engine in .*pbrun\.toml: there is no engine 'dusk': did you mean 'dask'"):
        _options(tmp_path, monkeypatch, 'engine = "dusk:4"\n')


def test_flags_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'forks = 7\nremote_user = "u"\ninventory = "h"\noutput = "plain"\n'
    made = _options(tmp_path, monkeypatch, text, "-f", "9", "-u", "me", "-i", "x,", "--output", "json")
    assert (made.forks, made.user, made.inventories, made.output) == (9, "me", ("x,",), "json")


def test_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    import sys

    text = "display_skipped_hosts = false\ndisplay_ok_hosts = false\ndiff_context = 1\nforce_color = true\n"
    settings = _options(tmp_path, monkeypatch, text).settings
    monkeypatch.delenv("NO_COLOR", raising=False)
    with capfd.disabled():
        context = context_for(sys.stdout, sys.stderr, lambda _record: b"", {}, settings=settings)
    assert {status.value for status in context.hidden} == {"skipped", "ok"}
    assert (context.diff_context, context.colour) == (1, True)


@pytest.mark.parametrize("row", [row for row in rows() if row.use != "used"], ids=lambda row: row.name)
def test_what_has_no_effect_says_so_where_it_matters(
    row: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from runner.errors import SettingErrors

    section, _, key = row.ini[0].partition(".")
    (tmp_path / "ansible.cfg").write_text(f"[{section}]\n{key} = merge\n")
    if row.use == "refused":
        with pytest.raises(SettingErrors, match=f"{row.name} cannot be 'merge'"):
            _options(tmp_path, monkeypatch, "")
        return
    assert _options(tmp_path, monkeypatch, "").settings.others == {row.name: "merge"}
    assert ("has no effect" in capsys.readouterr().err) == (row.use == "warned")


def test_every_name_in_the_table_of_options_is_a_setting() -> None:
    assert set(OPTIONS) <= {row.name for row in used_rows()}
