"""`pbrun` as a process: version, help, faults, exit codes, and that it starts fast."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner import __version__
from runner.cli.main import COMMANDS


def pbrun(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[2])
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": root, "HOME": str(cwd or root), **env}
    command = [sys.executable, "-m", "runner", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def test_version() -> None:
    assert pbrun("--version").stdout == f"pbrun {__version__}\n"
    assert pbrun("-v", "--version").stdout == f"pbrun {__version__}\n"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_has_examples(command: str) -> None:
    run = pbrun(*command.split(), "--help")
    assert run.returncode == 0
    assert "examples:\n" in run.stdout


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_nothing_heavy_is_imported_for_version_and_help(words: list[str]) -> None:
    text = f"import sys; from runner.cli.main import main; main({words!r}); print([m for m in sys.modules if m in " \
           "('paramiko', 'yaml', 'jinja2', 'networkx', 'rich', 'asyncio')], file=sys.stderr)"  # fmt: skip
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "[]"


@pytest.mark.parametrize("words", [[], ["x.yaml", "--nope"], ["exec", "web", "-i", "a,"], ["lab", "explode"]])
def test_wrong_options_exit_5(words: list[str]) -> None:
    run = pbrun(*words)
    assert run.returncode == 5
    assert run.stderr.startswith("pbrun: ")
    assert "Traceback" not in run.stderr


def test_a_fault_of_pbrun_itself_is_one_line_and_a_private_file(tmp_path: Path) -> None:
    text = "from runner.cli.faults import report; raise SystemExit(report(ZeroDivisionError('oh')))"
    environment = {"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 250
    assert run.stderr.count("\n") == 1
    file = next((tmp_path / "pbrun" / "faults").iterdir())
    assert str(file) in run.stderr
    assert "ZeroDivisionError" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_reader_that_goes_away_is_no_fault() -> None:
    text = f"{sys.executable} -m runner --help | true; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--strategy", "fre"], "did you mean 'free'?"),
        (["--become-method", "doa"], "did you mean 'doas'?"),
        (["-c", "locl"], "did you mean 'local'?"),
        (["--output", "jso"], "did you mean 'json'?"),
        (["--output", "foo"], "(choose from 'live', 'plain', 'json')\n"),
        (["-i", ""], "its value is empty"),
        (["--log", ""], "its value is empty"),
        (["-f", "many"], "'many' is not a whole number"),
        (["-T", "soon"], "'soon' is not a duration in seconds"),
    ],
)
def test_a_value_that_an_option_does_not_take(words: list[str], told: str) -> None:
    run = pbrun("x.yaml", *words)
    assert run.returncode == 5
    assert told in run.stderr
    assert words[0] in run.stderr


SMALL = "- hosts: all\n  tasks: [{name: t, shell: echo 1}]\n"


@pytest.mark.parametrize(("words", "code"), [(["--version"], 1), (["p.yaml", "--list-tasks"], 1), (["p.yaml"], 0)])
def test_a_screen_that_is_full(tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "p.yaml").write_text(SMALL)
    command = [sys.executable, "-m", "runner", *words, "-i", "h,", "-c", "local"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            command[: 4 if words == ["--version"] else None], stdout=full, stderr=subprocess.PIPE, text=True,
            cwd=tmp_path, env=environment, check=False,
        )  # fmt: skip
    assert run.returncode == code, run.stderr
    assert "the output cannot be written: no space left on device" in run.stderr or code == 0
    assert "Traceback" not in run.stderr
    assert "Exception" not in run.stderr


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_started_without_standard_streams(tmp_path: Path, closed: str) -> None:
    (tmp_path / "p.yaml").write_text(SMALL)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    line = f"{sys.executable} -m runner p.yaml -i h, -c local --log log {closed}; echo rc=$? >told"
    subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, env=environment, check=False)
    assert (tmp_path / "told").read_text() == "rc=0\n"
    assert [json.loads(line)["type"] for line in (tmp_path / "log").read_text().splitlines()][-1] == "run_end"


def test_get_flat_from_several_hosts_would_keep_one(tmp_path: Path) -> None:
    words = ["get", "all", "/etc/hostname", "name", "-i", "a,b,", "-c", "local", "--flat"]
    run = pbrun(*words, cwd=tmp_path)
    assert (run.returncode, "2 hosts would overwrite" in run.stderr) == (5, True)
    assert not (tmp_path / "name").exists()
    assert pbrun(*words, "-l", "a", cwd=tmp_path).returncode == 0
    assert (tmp_path / "name").exists()


def test_a_file_beside_inventory_and_playbook_is_wrong_once(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: [1")
    (tmp_path / "hosts").write_text("h\n")
    (tmp_path / "p.yaml").write_text(SMALL)
    run = pbrun("p.yaml", "-i", "hosts", cwd=tmp_path)
    assert run.returncode == 4
    assert "pbrun: 1 mistake found" in run.stderr


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "[]\n"])
def test_an_empty_playbook(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    run = pbrun("p.yaml", "-i", "h,", cwd=tmp_path)
    assert (run.returncode, "p.yaml:1:1: the playbook is empty" in run.stderr) == (4, True)
