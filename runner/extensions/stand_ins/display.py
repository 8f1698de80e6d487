"""Stands in for `ansible.utils.display`: what a plug-in says becomes a notice of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def display_for(tell: Callable[[str, str], None], verbosity: int) -> type:
    """The class `Display` whose messages go to `tell(level, message)`; level is `warning` or `notice`."""

    class Display:
        """Says things to the user."""

        def __init__(self, verbosity: int = verbosity) -> None:
            self.verbosity = verbosity

        def display(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            tell("notice", str(msg))

        def warning(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            tell("warning", str(msg))

        def error(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            tell("warning", str(msg))

        def deprecated(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            tell("warning", f"deprecated: {msg}")

        def verbose(self, msg: Any, *_args: Any, caplevel: int = 2, **_kwargs: Any) -> None:
            if self.verbosity > caplevel:
                tell("notice", str(msg))

        def v(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            self.verbose(msg, caplevel=0)

        def vv(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            self.verbose(msg, caplevel=1)

        def vvv(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            self.verbose(msg, caplevel=2)

        def vvvv(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            self.verbose(msg, caplevel=3)

        vvvvv = vvvvvv = vvvv

        def debug(self, msg: Any, *_args: Any, **_kwargs: Any) -> None:
            self.verbose(msg, caplevel=4)

    return Display
