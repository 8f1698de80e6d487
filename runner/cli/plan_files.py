"""Plan files: what a dry run says is gathered and written, and read again."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.cli.plan_answers import open_answers, private_answers
from runner.cli.replacing import replace_file
from runner.errors import EnvironmentFault, OptionError
from runner.model.moment import iso
from runner.model.options import Options
from runner.plans.collect import Collector
from runner.plans.saved import NoPlan, SavedPlan, decode, encode
from runner.plans.sources import relative, variables

if TYPE_CHECKING:
    from runner.asking import Answers
    from runner.preparation import Prepared

SEAL_BYTES: Final = 32
MAX_BYTES: Final = 1 << 30


def new_seal() -> str:
    """A key for the digests of one plan, in hex."""
    return secrets.token_hex(SEAL_BYTES)


def saved_plan(
    prepared: Prepared,
    options: Options,
    found: Collector | None,
    words: Sequence[str],
    answers: Answers,
    *,
    seal: str,
) -> SavedPlan:
    """The plan of a dry run that was watched by `found`; without one, only what it hangs on. `words`: the command line,
    of which secrets are masked."""
    from runner import __version__
    from runner.cli.masking import masked

    kept, cwd = masked(words), str(Path.cwd())
    return SavedPlan(
        __version__,
        iso(time.time()),
        cwd,
        tuple(kept),
        list(kept) != list(words),
        seal,
        relative(prepared.files, cwd),
        variables(prepared.inventory, options.extra_vars, bytes.fromhex(seal)),
        found.start.git if found is not None and found.start is not None else {},
        tuple(found.steps) if found is not None else (),
        open_answers(answers),
        private_answers(answers, seal),
    )


def write_plan(path: Path, plan: SavedPlan) -> None:
    """Put the plan into its file (0600), whole or not at all; another plan there is replaced, nothing else is.

    Raises OptionError if something else is there, and EnvironmentFault if it cannot be written.
    """
    check_place(path)
    replace_file(path, encode(plan).encode(), private=True)


def check_place(path: Path) -> None:
    """Raises OptionError if what is at `path` is no plan, or if its folder is not there."""
    if not path.parent.is_dir():
        raise OptionError(f"-o {path}: there is no folder {path.parent}")
    if os.path.lexists(path):
        try:
            read_plan(path)
        except NoPlan as error:
            if error.once:
                return
            raise OptionError(f"-o {path}: will not write over this file: {error}") from None


def read_plan(path: Path) -> SavedPlan:
    """The plan in a file. Raises NoPlan, and EnvironmentFault if it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_BYTES)
    except UnicodeDecodeError:
        raise NoPlan("it is not text") from None
    except OSError as error:
        raise EnvironmentFault(f"cannot read the plan {path}: {(error.strerror or str(error)).lower()}") from None
    return decode(text)
