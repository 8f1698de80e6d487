"""A host's lock (`--lock`), held by a shell on a connection of its own for as long as that lives."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from runner.dispatch._shell import Becomes, start, with_last_line
from runner.errors import Unreachable
from runner.model.call import HostLock, Target
from runner.model.ports import Connection, Process
from runner.sh.host_lock import HELD, REFUSED, WAITS, lock_script

ANSWER_S: Final = 30.0
SHOWN: Final = 300  # letters of what a host says of a holder


def take_lock(
    connection: Connection, target: Target, lock: HostLock, becomes: Becomes, tell: Callable[[str], None]
) -> Process:
    """The shell that has locked the host, and holds it as long as it is kept and its connection lives. `tell` hears
    whom it waits for.

    Raises `Unreachable` when somebody else has it, and `ConnectionLost`.
    """
    token = secrets.token_hex(16)
    process = start(connection, target, None, becomes).process
    process.write(lock_script(lock, token).encode())
    deadline = time.monotonic() + lock.wait_s + ANSWER_S
    heard = b""
    while True:
        try:
            got = process.read(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise Unreachable("the host does not answer when it is to be locked") from None
        if got is None:
            text = heard.decode("utf-8", "replace")
            raise Unreachable(with_last_line("the shell that was to lock the host ended", text))
        heard = (heard + got[0])[-(64 << 10) :]
        *lines, heard = heard.split(b"\n")
        for line in lines:
            mark, _, rest = line.decode("utf-8", "replace").partition(" ")
            what, _, holder = rest.partition(" ")
            if mark != token:
                continue
            if what == HELD:
                return process
            if what == WAITS:
                tell(f"locked by {holder[:SHOWN]}: waiting up to {lock.wait_s:g} s")
            if what == REFUSED:
                raise Unreachable(f"locked by {holder[:SHOWN]} (--lock-wait SECONDS waits for it)")
