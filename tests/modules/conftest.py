"""Fixtures of the module tests: each shell in turn, and a home folder on the "host"."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.clones import Clone, Shared
from tests.modules.harness import SHELLS
from tests.modules.servers import KINDS, Server


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def shared_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """This worker's clone of the machine, which shares the folders of its tests."""
    shared = Shared(tmp_path_factory.getbasetemp())
    yield shared
    shared.close()


@pytest.fixture
def machine(shared_machine: Shared) -> Clone | None:
    """Where text may run that could change the system: a clone. None: right here, as a user who can change nothing."""
    return shared_machine.get() if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], Server]]:
    """Gives the one server of a kind, and starts it when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def started(kind: str) -> Server:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="pb-server-", ignore_cleanup_errors=True))
            )
            folder.chmod(0o755)
            server: Server = stack.enter_context(KINDS[kind](folder))
            return server

        yield started
