"""What is asked about steps that were sent and never heard of, and what their host answers.

The contract between the two ends of `--resume`: the executor says of a line that it was sent `earlier`, and under which
claims; the host's side (`runner/sh`, `runner/dispatch`) finds out before it runs anything, in the same trip:

* every line of a trip with a `run` is begun under the claim (`Trip.run`, `Trip.id`, `Line.index`): one atomic `mkdir`
  of a private folder on the host, where its exit code, what it printed and what it reported are kept;
* a line that was sent `earlier` looks for the newest of those claims that is there. `ABSENT`: none is, the step never
  began, so it runs now, under the claim of its new trip. `DONE`: its reply is given as if it came now. `RUNNING`: it
  is waited for, and its reply given. `LOST`: it began and left no answer (killed, the host started anew): it does not
  run, and the reply says so;
* `Reply.fate` says which of them it was; it is None in the reply of a line that was not sent earlier.

While `ADOPTS` is False no host keeps anything, and every step that was not heard of counts as `LOST` unasked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from runner.model.quick import dataclass

ADOPTS: Final = False


class Fate(StrEnum):
    """What became of a step that was sent and not heard of."""

    ABSENT = "absent"
    DONE = "done"
    RUNNING = "running"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """The name under which a line of a trip is begun on its host, at most once."""

    run: str
    trip: int
    index: int
