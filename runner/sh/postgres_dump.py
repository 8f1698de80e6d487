"""Shell text that writes a PostgreSQL database to a file of the host, and reads it back.

The name of the file says its format, as in Ansible: https://docs.ansible.com/ansible/latest/collections/community/postgresql/postgresql_db_module.html
"""

from __future__ import annotations

import posixpath
from typing import Final

from runner.sh import dumping
from runner.sh.quote import path as path_word
from runner.sh.quote import quote

_FORMATS: Final = {".tar": "t", ".pgc": "c", ".dir": "d"}
_END: Final = "pg_end"
_PACKAGE: Final = "PostgreSQL's client (postgresql-client)"


def dump(database: str, target: str, extra: tuple[str, ...]) -> tuple[str, str]:
    """Probe and apply of a dump; `pg_to` is set."""
    suffix = posixpath.splitext(target)[1]
    words = ["pg_dump", *([f"--format={_FORMATS[suffix]}"] if suffix in _FORMATS else []), *extra]
    command = f"{' '.join(map(quote, words))} -w -d {_connection(database)}"
    probe = f'p={path_word(target)}\npb_above "$p"\n{dumping.need(target, "pg_dump", _PACKAGE)}\npb_differs'
    if suffix == ".dir":
        return probe, f'{command} -f "$p"\nrc=$?\n{dumping.stop(_END)}{_END}'
    return probe, dumping.save(command, target, _END)


def restore(database: str, target: str, extra: tuple[str, ...], *, expected: bool) -> tuple[str, str]:
    """Probe and apply of a restore. `expected`: an earlier step of this dry run would have made the file."""
    suffix = posixpath.splitext(target)[1]
    tool = "pg_restore" if suffix in _FORMATS else "psql"
    words = [tool, f"--format={_FORMATS[suffix]}"] if suffix in _FORMATS else [tool, "-Xq"]
    command = f"{' '.join(map(quote, [*words, *extra]))} -w -d {_connection(database)}"
    need = dumping.need(target, tool, _PACKAGE)
    probe = f"p={path_word(target)}\n{dumping.there(expected=expected)}{need}\npb_differs"
    if suffix == ".dir":
        return probe, f'{command} "$p"\nrc=$?\n{dumping.stop(_END)}{_END}'
    return probe, dumping.load(command, target, _END)


def _connection(database: str) -> str:
    escaped = database.replace("\\", "\\\\").replace("'", "\\'")
    name = quote(f" dbname='{escaped}'")
    return f'"$pg_to"{name}'
