"""Large files that a lost connection cut off: what has arrived stays, and the next try carries the rest.

An upload under way is `~/.pbrun/partial/NAME.PID`: NAME says which content it will be, PID which process writes it. One
whose process is gone is taken over if its bytes are the first ones of the file here; after a week it is removed.
Nothing but a whole file leaves the folder. A download under way is a `.part` beside its destination, locked by the run
that writes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
from pathlib import Path
from typing import BinaryIO, Final

from runner.model.call import Upload

RESUME_FROM: Final = 16 << 20
BLOCK: Final = 1 << 20

# It says `MARK`, how much is there and its checksum; is told where to go on; and reads the rest. One line of sh.
_SCRIPT: Final = (
    "umask 077; d=$HOME/.pbrun/partial; f=$d/{name}.$$; "
    'mkdir -p "$d" && [ -O "$d" ] && [ ! -L "$d" ] || d=; '
    'if [ -n "$d" ]; then find "$d" -type f -mtime +7 -exec rm -f {{}} + 2>/dev/null; '
    'for o in "$d/{name}".*; do if [ -f "$o" ] && ! kill -0 "${{o##*.}}" 2>/dev/null; then '
    'mv -f "$o" "$f" && break; fi; done; else f={there}; fi; '
    '[ -f "$f" ] || : >"$f"; n=$(wc -c <"$f"); s=; '
    'if [ "$n" -gt 0 ]; then for c in sha1sum "shasum -a 1" "openssl dgst -r -sha1" sha1; do '
    's=$($c <"$f" 2>/dev/null) && break; done; fi; '
    'echo {mark}; echo $n "${{s%% *}}"; read -r from; [ "$from" != 0 ] || : >"$f"; '
    'if ! head -c $(({size} - from)) >>"$f"; then rm -f "$f"; exit 1; fi; '
    '[ $(wc -c <"$f") = {size} ] || exit 1; '
    '[ "$f" = {there} ] || mv "$f" {there} || {{ rm -f "$f"; exit 1; }}; echo; wc -c <{there}'
)


def script(item: Upload, path: str, mark: str) -> str:
    """The line of sh that receives the file, from where an earlier try ended, into `path`."""
    name = f"{item.sha1}-{item.size}"
    return _SCRIPT.format(name=name, there=shlex.quote(path), mark=mark, size=item.size)


def offset(item: Upload, said: str) -> int:
    """Where to go on, from the line that says how much is there and its checksum; 0 if it is something else.

    Raises OSError when the file here cannot be read."""
    size, _, digest = said.strip().partition(" ")
    if not (size.isdigit() and 0 < int(size) <= item.size and digest):
        return 0
    left, own = int(size), hashlib.sha1(usedforsecurity=False)
    with Path(item.source or "").open("rb") as file:
        while left and (block := file.read(min(BLOCK, left))):
            own.update(block)
            left -= len(block)
    return 0 if left or own.hexdigest() != digest else int(size)


def open_part(path: Path, *, again: bool) -> BinaryIO:
    """The private file that a download goes to, locked; with `again` it may be there already, as a file of ours.

    Raises OSError: it is a link or another's, or another run is writing it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (0 if again else os.O_EXCL)
    file = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
    try:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to somebody else")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file
