"""Shell text that writes a PostgreSQL database to a file of the host, and reads it back.

The name of the file says its format, as in Ansible: https://docs.ansible.com/ansible/latest/collections/community/postgresql/postgresql_db_module.html
"""

from __future__ import annotations

import posixpath
import shlex
from typing import Final

from runner.errors import StepError
from runner.sh.quote import path as path_word
from runner.sh.quote import quote

_FORMATS: Final = {".tar": "t", ".pgc": "c", ".dir": "d"}
_PACKERS: Final = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}

# The new file has the mode and owner of the one in whose place it comes. What fails leaves that one alone.
_WRITE: Final = r"""
pb_statl "$p"
pb_octal "$((0666 & ~0$pb_umask))"
[ "$pb_type" != file ] || pb_octal=$pb_mode
pb_temp "$p"
[ "$pb_type" != file ] || pb_keep_owner "$p"
chmod "$pb_octal" "$pb_temp"
"""
_END: Final = '[ "$rc" = 0 ] || { pg_end; exit "$rc"; }\n'


def options(given: str | None) -> tuple[str, ...]:
    """What a user wrote as further options, as words. Raises StepError for a quote that is not closed."""
    try:
        return tuple(shlex.split(given or ""))
    except ValueError as error:
        raise StepError(f"the options {given!r} cannot be read: {error}") from None


def dump(database: str, target: str, extra: tuple[str, ...]) -> tuple[str, str]:
    """Probe and apply of a dump; `pg_to` is set. What pg_dump refuses fails the step, whatever packs its output."""
    suffix = posixpath.splitext(target)[1]
    words = ["pg_dump", *([f"--format={_FORMATS[suffix]}"] if suffix in _FORMATS else []), *extra]
    command = f"{' '.join(map(quote, words))} -w -d {_connection(database)}"
    packer = _PACKERS.get(suffix, "")
    probe = f'p={path_word(target)}\npb_above "$p"\n{_need("pg_dump", packer)}\npb_differs'
    if suffix == ".dir":
        return probe, f'{command} -f "$p"\nrc=$?\n{_END}pg_end'
    if not packer:
        return probe, f'{_WRITE}{command} >&8\nrc=$?\n{_END}pb_place "$pb_temp" "$p"\npg_end'
    piped = f'{{ {command} || echo $? >"$pb_dir/e.pg"; }} | {packer} -c >&8\nrc=$?\n'
    read = '[ ! -s "$pb_dir/e.pg" ] || { read -r rc <"$pb_dir/e.pg"; rm -f "$pb_dir/e.pg"; }\n'
    return probe, f'{_WRITE}{piped}{read}{_END}pb_place "$pb_temp" "$p"\npg_end'


def restore(database: str, target: str, extra: tuple[str, ...], *, expected: bool) -> tuple[str, str]:
    """Probe and apply of a restore. `expected`: an earlier step of this dry run would have made the file."""
    suffix = posixpath.splitext(target)[1]
    tool = "pg_restore" if suffix in _FORMATS else "psql"
    packer = _PACKERS.get(suffix, "")
    words = ["pg_restore", f"--format={_FORMATS[suffix]}"] if suffix in _FORMATS else ["psql", "-Xq"]
    command = f"{' '.join(map(quote, [*words, *extra]))} -w -d {_connection(database)}"
    there = "" if expected else '[ -e "$p" ] || pb_fail "$p does not exist"\n[ -r "$p" ] || pb_fail "cannot read $p"\n'
    probe = f"p={path_word(target)}\n{there}{_need(tool, packer)}\npb_differs"
    if suffix == ".dir":
        return probe, f'{command} "$p"\nrc=$?\n{_END}pg_end'
    if not packer:
        return probe, f'{command} <"$p"\nrc=$?\n{_END}pg_end'
    piped = f'{{ {packer} -dc <"$p" || echo $? >"$pb_dir/e.pg"; }} | {command}\nrc=$?\n'
    read = '[ ! -s "$pb_dir/e.pg" ] || { read -r rc <"$pb_dir/e.pg"; rm -f "$pb_dir/e.pg"; }\n'
    return probe, f"{piped}{read}{_END}pg_end"


def _connection(database: str) -> str:
    escaped = database.replace("\\", "\\\\").replace("'", "\\'")
    name = quote(f" dbname='{escaped}'")
    return f'"$pg_to"{name}'


def _need(tool: str, packer: str) -> str:
    found = [f'pb_have {tool} || pb_fail "{tool} is not on this host: install PostgreSQL\'s client"']
    if packer:
        found.append(f'pb_have {packer} || pb_fail "{packer} is not on this host"')
    return "\n".join(found)
