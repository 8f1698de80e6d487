"""The first trip follows the prelude at once: what of it may have run when the shell never became ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.dispatch._session import is_bourne
from runner.model.call import Target
from tests.dispatch.trips import carrier
from tests.sshd_farm import Farm


def program(folder: Path, name: str, text: str) -> str:
    """A program that stands where a shell is expected."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("shell", ["", "/bin/sh", "sh", "/bin/bash --posix", "busybox sh", "/usr/bin/dash"])
def test_bourne_shells_by_name(shell: str) -> None:
    assert is_bourne(shell)


@pytest.mark.parametrize("shell", ["/bin/csh", "fish", "/opt/router/cli", "sh.exe", "/bin/sh/", "zsh"])
def test_others(shell: str) -> None:
    assert not is_bourne(shell)


def test_a_program_that_is_no_shell_never_sees_a_trip(tmp_path: Path) -> None:
    odd = program(tmp_path, "cli", f"timeout 2 cat >{tmp_path}/read; echo 'unknown command'")
    with carrier() as carry:
        end = carry.run(Target("h", transport="local", shell=odd), "echo the trip").end
    assert end is not None and not end.sent and "unknown command" in (end.lost or "")
    read = (tmp_path / "read").read_text()
    assert "pb_token=" in read and "the trip" not in read


def test_a_shell_that_ends_before_it_is_ready_has_run_nothing(tmp_path: Path) -> None:
    brief = program(tmp_path, "sh", "head -c 100 >/dev/null; echo 'out of order'; exit 9")
    with carrier() as carry:
        answer = carry.run(Target("h", transport="local", shell=brief), f"touch {tmp_path}/made" + " #" * 200_000)
    assert answer.end is not None and not answer.end.sent and not answer.replies
    assert "out of order" in (answer.end.lost or "")
    assert not (tmp_path / "made").exists()


@pytest.mark.sshd
def test_a_connection_that_breaks_before_it_is_ready_may_have_brought_the_trip(farm: Farm, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    cut = program(tmp_path, "sh", "sleep 0.5; kill -9 $PPID")
    with carrier() as carry:
        end = carry.run(farm.target(0, shell=cut), "echo hi").end
        assert end is not None and end.sent and "connection" in (end.lost or "")
        assert carry.run(farm.target(0), "echo again").out == b"again\n"
