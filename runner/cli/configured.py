"""The settings of configuration files and environment, with their warnings told, for every command."""

from __future__ import annotations

import os
from pathlib import Path

from runner.cli.faults import tell
from runner.model.settings import Settings


def configured(verbosity: int = 0) -> Settings:
    """What is set for a command started here; warnings are on stderr, remarks too at -v. Raises `InputErrors`."""
    from runner.load.configuration import load_settings

    settings, problems = load_settings(os.environ, Path.cwd(), curious=verbosity > 0)
    tell(problems)
    return settings
