"""Fixtures of the module tests: each shell in turn, and a home folder on the "host"."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modules.harness import SHELLS


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
