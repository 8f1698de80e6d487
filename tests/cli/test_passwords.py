"""Passwords come from a terminal or a file, and are secret from the start."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.passwords import from_file
from runner.errors import OptionError
from runner.model.values import Secret

ASK = """
from runner.cli import play_command, passwords
from runner.model.settings import Settings
found = play_command.parser().read(["x.yaml", "-k", "-K"])
print([word.reveal() if word else None for word in passwords.read_passwords(found, Settings())])
"""


def test_a_file_loses_its_line_end_only(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text(" a b;'$ \n")
    found = from_file(str(file))
    assert isinstance(found, Secret)
    assert found.reveal() == " a b;'$ "
    assert "a b" not in repr(found)


def test_an_executable_file_is_run(tmp_path: Path) -> None:
    file = tmp_path / "pw.sh"
    file.write_text("#!/bin/sh\necho from-script\n")
    file.chmod(0o755)
    assert from_file(str(file)).reveal() == "from-script"
    file.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(OptionError, match="exit code 3"):
        from_file(str(file))


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_what_is_no_password_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pw").write_bytes(content)
    with pytest.raises(OptionError):
        from_file(str(tmp_path / "pw"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="No such file"):
        from_file(str(tmp_path / "none"))


def test_without_a_terminal_nothing_is_read_from_a_pipe() -> None:
    command = [sys.executable, "-m", "runner", "x.yaml", "-i", "a,", "-K"]
    run = subprocess.run(command, input="secret\n", capture_output=True, text=True, start_new_session=True, check=False)
    assert run.returncode == 5
    assert "needs a terminal" in run.stderr


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows until `wanted` is there."""
    seen = b""
    while wanted not in seen:
        assert select.select([terminal], [], [], 20)[0], seen
        seen += os.read(terminal, 1000)
    return seen


def test_both_are_asked_for_on_the_terminal_and_the_second_defaults_to_the_first() -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    read_until(terminal, b"SSH password: ")
    os.write(terminal, b"one\n")
    read_until(terminal, b"BECOME password[defaults to SSH password]: ")
    os.write(terminal, b"\n")
    assert read_until(terminal, b"]\r\n").strip() == b"['one', 'one']"
    os.close(terminal)
    os.waitpid(child, 0)
