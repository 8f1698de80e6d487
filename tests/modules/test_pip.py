"""pip for real: in an environment of its own, with a package from a folder; no network."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from runner.model.call import Status
from tests.modules.harness import run_module


def wheel(folder: Path, version: str) -> None:
    """A package `tiny-pkg` without code (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""
    info = f"tiny_pkg-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tiny_pkg-{version}-py3-none-any.whl", "w") as file:
        file.writestr("tiny_pkg.py", "")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-pkg\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", f"tiny_pkg.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


# An environment that our own pip looks after: to unpack another one into it takes long.
MAKE = f"""#!/bin/sh
{sys.executable} -m venv --without-pip "$1" &&
printf '#!/bin/sh\\nexec {sys.executable} -m pip --python "%s" "$@"\\n' "$1" >"$1/bin/pip3" && chmod 755 "$1/bin/pip3"
"""


def test_in_an_environment(home: Path, tmp_path: Path) -> None:
    (home / "make-env").write_text(MAKE)
    (home / "make-env").chmod(0o755)
    for version in ("1.0", "2.0"):
        wheel(tmp_path, version)
    base = {
        "virtualenv": "~/env",
        "virtualenv_command": "~/make-env",
        "extra_args": f"--no-index --find-links {tmp_path}",
    }
    one = {**base, "name": "tiny_pkg<2"}
    check = run_module("pip", one, home=home, check=True)
    assert (check.status, (home / "env").exists()) == (Status.CHANGED, False)
    done = run_module("pip", one, home=home)
    assert done.status is Status.CHANGED, done
    assert "Successfully installed tiny" in done.values["stdout"]
    assert done.values["cmd"][:2] == [f"{home}/env/bin/pip3", "install"]
    assert run_module("pip", one, home=home).status is Status.OK
    gone = {**base, "name": "tiny-pkg", "state": "absent", "extra_args": None}
    assert [run_module("pip", gone, home=home).status for _ in range(2)] == [Status.CHANGED, Status.OK]
