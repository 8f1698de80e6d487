"""What rendering a step may find out about itself; none of these is an error."""

from __future__ import annotations


class StillOnItsWay(Exception):
    """The step reads a value that a step in flight will set: it cannot be sent ahead of it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NeedsFacts(Exception):
    """The step reads facts that nobody has gathered yet: they are gathered first. `host`: of another host ("": its
    own)."""

    def __init__(self, host: str = "") -> None:
        super().__init__(host)
        self.host = host


class NeedsOthers(Exception):
    """The step looks at other hosts, and they may not have come as far: it waits for them."""


class NotAhead(Exception):
    """The step acts on the run itself, so it cannot be prepared while others are in flight."""
