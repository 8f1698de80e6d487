"""Shell text that keeps what a program prints in a file of the host, and gives a program what a file holds.

The end of the file's name says how it is packed. The path is in `$p`; `end` is the text that tidies up.
"""

from __future__ import annotations

import posixpath
import shlex
from typing import Final

from runner.errors import StepError

_PACKERS: Final = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}

# The new file has the mode and owner of the one in whose place it comes. What fails leaves that one alone.
_WRITE: Final = r"""
pb_statl "$p"
pb_octal "$((0666 & ~0$pb_umask))"
[ "$pb_type" != file ] || pb_octal=$pb_mode
pb_temp "$p"
[ "$pb_type" != file ] || pb_keep_owner "$p"
chmod "$pb_octal" "$pb_temp"
"""
_FIRST: Final = '[ ! -s "$pb_dir/e.dump" ] || { read -r rc <"$pb_dir/e.dump"; rm -f "$pb_dir/e.dump"; }\n'


def words(given: str | None) -> tuple[str, ...]:
    """What a user wrote as further options, as words. Raises StepError for a quote that is not closed."""
    try:
        return tuple(shlex.split(given or ""))
    except ValueError as error:
        raise StepError(f"the options {given!r} cannot be read: {error}") from None


def need(target: str, tool: str, package: str) -> str:
    """Probe text: the tool, and what packs the file, are on the host."""
    packer = _packer(target)
    found = [f'pb_have {tool} || pb_fail "{tool} is not on this host: install {package}"']
    if packer:
        found.append(f'pb_have {packer} || pb_fail "{packer} is not on this host"')
    return "\n".join(found)


def save(command: str, target: str, end: str) -> str:
    """What `command` prints becomes the file, in one step. What it fails with fails the step, whatever packs it."""
    packer = _packer(target)
    if packer:
        text = f'{{ {command} || echo $? >"$pb_dir/e.dump"; }} | {packer} -c >&8\nrc=$?\n{_FIRST}'
    else:
        text = f"{command} >&8\nrc=$?\n"
    return f'{_WRITE}{text}{stop(end)}pb_place "$pb_temp" "$p"\n{end}'


def load(command: str, target: str, end: str) -> str:
    """`command` reads what the file holds."""
    packer = _packer(target)
    if packer:
        text = f'{{ {packer} -dc <"$p" || echo $? >"$pb_dir/e.dump"; }} | {command}\nrc=$?\n{_FIRST}'
    else:
        text = f'{command} <"$p"\nrc=$?\n'
    return f"{text}{stop(end)}{end}"


def there(*, expected: bool) -> str:
    """Probe text: the file can be read. `expected`: an earlier step of this dry run would have made it."""
    return "" if expected else '[ -e "$p" ] || pb_fail "$p does not exist"\n[ -r "$p" ] || pb_fail "cannot read $p"\n'


def stop(end: str) -> str:
    """The step ends here when `$rc` is not 0."""
    return f'[ "$rc" = 0 ] || {{ {end}; exit "$rc"; }}\n'


def _packer(target: str) -> str:
    return _PACKERS.get(posixpath.splitext(target)[1], "")
