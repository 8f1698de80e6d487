"""SIGINT, SIGTERM and SIGHUP while a run is under way: the first one waits until what is in hand is done.

An exception in the middle of it would lose an answer that had come already, or half of what follows from it.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from runner.model.quick import dataclass

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Interrupts:
    """`asked`: the run is to be stopped. `at_rest`: the user is asked something, and is not kept waiting."""

    asked: bool = False
    at_rest: bool = False
    _writing: bool = False
    _again: bool = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """The first one is noted; the second raises KeyboardInterrupt wherever the run is, but for its log."""
        del number, frame
        if not self.asked and not self.at_rest:
            self.asked = True
        elif self._writing:
            self._again = True
        else:
            self.asked = True
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """What is written is written whole; KeyboardInterrupt comes after it."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        if self._again:
            self._again = False
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear the signals that would raise KeyboardInterrupt at once; nothing else can be done outside the main
        thread."""
        before: dict[signal.Signals, Any] = {}
        with contextlib.suppress(ValueError):
            for number in _SIGNALS:
                if signal.getsignal(number) is signal.default_int_handler:
                    before[number] = signal.signal(number, self._hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
