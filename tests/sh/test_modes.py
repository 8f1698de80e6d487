"""Modes: the shell's arithmetic, the Python twin and chmod itself agree."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import StepError
from runner.sh import modes
from tests.modules.harness import SHELLS

CLAUSE = st.builds(
    lambda who, changes: who + "".join(operator + perms for operator, perms in changes),
    st.sampled_from(["", "a", "u", "g", "o", "ug", "go", "uo", "ugo"]),
    st.lists(
        st.tuples(st.sampled_from("=+-"), st.text("rwxXst", max_size=4) | st.sampled_from("ugo")),
        min_size=1,
        max_size=2,
    ),
)
MODE = st.lists(CLAUSE, min_size=1, max_size=3).map(",".join) | st.integers(0, 0o7777).map("0{:o}".format)
RELAXED = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PRELUDE = "pb_octal() { pb_octal=$(($1 >> 9 & 7))$(($1 >> 6 & 7))$(($1 >> 3 & 7))$(($1 & 7)); }\n"


@pytest.mark.parametrize("shell", sorted(SHELLS))
@RELAXED
@given(
    cases=st.lists(st.tuples(MODE, st.integers(0, 0o7777), st.booleans(), st.sampled_from([0, 0o22, 0o77])), min_size=5)
)
def test_shell_and_python_agree(shell: str, cases: list[tuple[str, int, bool, int]]) -> None:
    script, wanted = PRELUDE, []
    for mode, current, is_dir, umask in cases:
        script += f"pb_mode={current:o} pb_isdir={int(is_dir)} pb_umask=0{umask:03o}\n"
        script += f"{modes.text(mode)}\necho $pb_want_mode\n"
        wanted.append(f"{modes.predict(mode, current, is_dir, umask):04o}")
    done = subprocess.run(SHELLS[shell], input=script, capture_output=True, text=True, check=True)
    assert not done.stderr
    assert done.stdout.split() == wanted


@pytest.mark.parametrize(
    "mode", ["u=rwX,g=rX,o=", "a+x", "+x", "a-w", "u=g", "g+s", "o+t", "u=rw,go=r", "go-rwx,u+s", "=r", "+X"]
)
# No folder with setuid or setgid: GNU chmod keeps these bits of folders where Ansible clears them.
@pytest.mark.parametrize(
    ("current", "is_dir"),
    [(0o644, False), (0o755, False), (0o4711, False), (0, False), (0o644, True), (0o755, True), (0, True)],
)
def test_prediction_is_what_chmod_does(mode: str, current: int, is_dir: bool, tmp_path: Path) -> None:
    target = tmp_path / "x"
    if is_dir:
        target.mkdir()
    else:
        target.touch()
    target.chmod(current)
    subprocess.run(["chmod", mode, target], check=True, umask=0o022)
    assert modes.predict(mode, current, is_dir, 0o022) == stat.S_IMODE(os.lstat(target).st_mode)


@pytest.mark.parametrize("mode", ["u=q", "rw", "u", "z+x", "08", "u+x,", "u==z", "a,b"])
def test_bad_modes_are_refused(mode: str) -> None:
    with pytest.raises(StepError, match="bad symbolic permission"):
        modes.text(mode)


def test_no_mode_means_keep() -> None:
    assert modes.text(None) == modes.text("") == "pb_want_mode="
    assert modes.octal("0o644") == modes.octal("0644") == 0o644
