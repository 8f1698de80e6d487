"""What a dry run foresees: which files there would be and would not be on a host after the steps so far."""

from __future__ import annotations

from pathlib import PurePosixPath

from runner.execute.state import HostState
from runner.model.call import Effect, Fragment


def foresee(own: HostState, made: Fragment) -> None:
    """Note what the fragment would make and remove on its host."""
    if made.effect is Effect.READ:
        return
    # What will exist has folders around it that will exist as well.
    there = {path for made_path in made.makes for path in (made_path, *_around(made_path))}
    own.will_exist.update(there)
    own.will_vanish.difference_update(there)
    own.will_vanish.update(made.removes)
    own.will_exist.difference_update(made.removes)


def _around(path: str) -> list[str]:
    """The folders above a path, as text."""
    return [str(folder) for folder in PurePosixPath(path).parents if str(folder) not in (".", "/", "~")]
