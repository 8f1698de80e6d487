"""A room imports only from lower layers: the contracts in pyproject.toml, checked by import-linter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_contracts_hold() -> None:
    text = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("room", ["modules", "transports", "become", "strategies", "reporters", "lookups"])
def test_a_plug_in_never_imports_a_sibling(room: str) -> None:
    """A file that begins with `_` is no plug-in but something its room shares."""
    files = {path.stem for path in (ROOT / "runner" / room).glob("*.py") if not path.name.startswith("_")}
    for name in files:
        text = (ROOT / "runner" / room / f"{name}.py").read_text()
        for other in files - {name}:
            assert f"runner.{room}.{other} " not in text, f"{room}/{name}.py imports its sibling {other}"
            assert f"from runner.{room} import {other}\n" not in text


HOMES = {
    "networkx": ("plan/",),
    "jinja2": ("template/",),
    "yaml": ("syntax/", "template/"),
    "paramiko": ("transports/", "lab/"),
    "rich": ("reporters/",),
    "dask": ("dispatch/_dask_cluster.py",),
    "distributed": ("dispatch/_dask_cluster.py",),
    "opentelemetry": ("telemetry/otlp.py",),
    "google": ("telemetry/otlp.py",),
    "cryptography": ("vault/", "lab/", "transports/", "journal/sealing.py"),
    "orjson": ("journal/",),
}


@pytest.mark.parametrize("library", HOMES)
def test_third_parties_have_one_home(library: str) -> None:
    for path in (ROOT / "runner").rglob("*.py"):
        place = path.relative_to(ROOT / "runner").as_posix()
        words = [
            line.split() for line in path.read_text().splitlines() if line.strip().startswith(("import ", "from "))
        ]
        used = any(line[1].split(".")[0] == library for line in words if len(line) > 1)
        assert not used or place.startswith(HOMES[library]), f"{place} imports {library}"
