"""What is asked about steps that were sent and never heard of, and what their host answers.

The contract between the two ends of `--resume`: the executor says of a line that it was sent `earlier`, and under which
claims; the host's side (`runner/sh`, `runner/dispatch`) finds out before it runs anything, in the same trip:

* every line of a trip with a `run` that may change its host is begun under the claim (`Trip.run`, `Trip.id`,
  `Line.index`), which stands in the private folder of its session, with its exit code, what it printed and what it
  reported, until all of that is in the log (`Trip.settled`);
* a line that was sent `earlier` looks for the newest of those claims that is there, and from then on nothing more is
  begun under any claim of those runs. `ABSENT`: none is, the step never began, so it runs now, under the claim of its
  new trip; so does one that may run twice (`Effect.READ`, `Effect.IDEMPOTENT`) if its answer is not all there. `DONE`:
  its reply is given as if it came now. `RUNNING`: it is waited for, and its reply given; what is left of it if its
  time limit comes first. `LOST`: it began and left no answer (killed, the host started anew), or it cannot be told
  that it did not begin: it does not run, and the reply says so;
* `Reply.fate` says which of them it was; it is None in the reply of a line that was not sent earlier.

Where `ADOPTS` is False no host keeps anything, and every step that was not heard of counts as `LOST` unasked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from runner.model.quick import dataclass

ADOPTS: Final = True


class Fate(StrEnum):
    """What became of a step that was sent and not heard of."""

    ABSENT = "absent"
    DONE = "done"
    RUNNING = "running"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """The name under which a line of a trip is begun on its host, at most once. `at`: when its intent was logged (UTC
    epoch seconds); a host that was started anew since then, or where it is not known, cannot say that it never began.
    """

    run: str
    trip: int
    index: int
    at: float = 0.0
