"""The settings of configuration files and environment, with their warnings told, for every command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.model.settings import Settings


def configured(verbosity: int = 0) -> Settings:
    """What is set for a command started here; warnings are on stderr, remarks too at -v. Raises `InputErrors`."""
    from runner.load.configuration import load_settings
    from runner.load.lines import Lines
    from runner.load.show import in_order, render_problem

    settings, problems = load_settings(os.environ, Path.cwd(), curious=verbosity > 0)
    read_line = Lines()
    for problem in in_order(problems, read_line):
        print(render_problem(problem, read_line), file=sys.stderr)
    return settings
