"""The settings of configuration files and environment, with their warnings told, for every command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.model.settings import Settings


def configured(verbosity: int = 0) -> Settings:
    """What is set for a command started here; warnings are on stderr, remarks too at -v. Raises `InputErrors`."""
    from runner.cli.faults import read_line
    from runner.load.configuration import load_settings
    from runner.load.show import each_once, render_problem

    settings, problems = load_settings(os.environ, Path.cwd(), curious=verbosity > 0)
    for problem in each_once(problems):
        print(render_problem(problem, read_line), file=sys.stderr)
    return settings
