"""Settings in the environment: ANSIBLE_* variables."""

from __future__ import annotations

from collections.abc import Mapping

from runner.configuration.given import Given, Source
from runner.model.settings import rows
from runner.model.span import NOWHERE


def read(environ: Mapping[str, str], folder: str) -> Source:
    """What the environment sets; relative paths are meant from `folder`. Empty variables set nothing."""
    given = [
        Given(row, environ[name], NOWHERE, f"env: {name}", folder)
        for row in rows()
        for name in row.env
        if environ.get(name)
    ]
    return Source(given)
