"""What is kept for `--resume` goes into the log as it is if nobody may mind, and encrypted if somebody may."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from runner.journal.encode import plain
from runner.journal.exact import TAG
from runner.journal.kept import rest
from runner.journal.plain import same
from runner.model.event import Event, Kept, TaskResult

Seal = Callable[[bytes, bytes], str]
# Values that are secret by their type, whether or not anybody has told what they are.
_SECRET: Final = tuple(json.dumps({TAG: name})[:-1] for name in ("secret", "decrypted"))


def about(kept: Kept) -> bytes:
    """What an encrypted value belongs to: in another place it cannot be opened."""
    return json.dumps([kept.what, kept.task_id, kept.host, kept.index]).encode()


class Keeper:
    """Makes the events of a log: plain, redacted, and of what is kept only what no result says. `seal` encrypts."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._redact: Callable[[str], str] = same
        self._pending: Kept | None = None

    def written(self, events: Iterable[Event], redact: Callable[[str], str]) -> Iterator[Event]:
        """The events as they are written."""
        self._redact = redact
        for event in events:
            if isinstance(event, Kept):
                if event.what in ("task", "item") and "alone" not in event.exact:
                    self._pending = event
                else:
                    yield self._kept(event, rest(event, None))
                continue
            made = plain(event, redact)
            pending, self._pending = self._pending, None
            if pending is not None and isinstance(made, TaskResult):
                left = rest(pending, made)
                if left:
                    yield self._kept(pending, left)
            yield made

    def _kept(self, kept: Kept, left: Mapping[str, Any]) -> Kept:
        text = json.dumps(left)
        secret = kept.secret or any(mark in text for mark in _SECRET) or self._redact(text) != text
        sealed = self._seal(text.encode(), about(kept)) if secret else ""
        return replace(kept, exact={} if secret else left, sealed=sealed)
