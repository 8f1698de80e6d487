"""Privileges of a MySQL or MariaDB account: as a task writes them, as the server tells them, and what lies between.

https://mariadb.com/kb/en/grant/, https://dev.mysql.com/doc/refman/8.4/en/show-grants.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.mysql import account, identifier

Grants = Mapping[str, frozenset[str]]

_PRIVILEGE: Final = re.compile(r"([A-Za-z][A-Za-z_ ]*?)\s*(?:\((.*)\))?", re.DOTALL)
_GRANT: Final = re.compile(r"GRANT (.+) ON (.+?) TO (['`\"]).*?\3@(['`\"]).*?\4(.*)", re.DOTALL)
_NAMES: Final = re.compile(r"\s*(?:`((?:[^`]|``)*)`|\"((?:[^\"]|\"\")*)\"|([^`\",]+?))\s*(?:,|\Z)")
_SPLIT: Final = re.compile(r",\s*(?![^()]*\))")
# Other names of the same (https://mariadb.com/kb/en/grant/#global-privileges).
_ALIASES: Final[Mapping[str, str]] = {
    "ALL PRIVILEGES": "ALL",
    "BINLOG MONITOR": "REPLICATION CLIENT",
    "REPLICATION REPLICA": "REPLICATION SLAVE",
    "REPLICA MONITOR": "SLAVE MONITOR",
    "DELETE VERSIONING ROWS": "DELETE HISTORY",
    "GRANT OPTION": "GRANT",
}
# What MySQL 8 shows in place of ALL on *.*, beside privileges that plug-ins bring along.
_ALL: Final = frozenset(
    "SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,RELOAD,SHUTDOWN,PROCESS,FILE,REFERENCES,INDEX,ALTER,SHOW DATABASES,SUPER,"
    "CREATE TEMPORARY TABLES,LOCK TABLES,EXECUTE,REPLICATION SLAVE,REPLICATION CLIENT,CREATE VIEW,SHOW VIEW,"
    "CREATE ROUTINE,ALTER ROUTINE,CREATE USER,EVENT,TRIGGER,CREATE TABLESPACE,CREATE ROLE,DROP ROLE".split(",")
)


@dataclass(frozen=True, slots=True)
class Changes:
    """The statements for one account, and what a result says of them."""

    statements: tuple[str, ...]
    msg: str


def privilege(text: str, *, fold: bool = False) -> str:
    """One privilege in the one way it is written here. Raises StepError for what is none. `fold`: the case of columns
    does not matter."""
    found = _PRIVILEGE.fullmatch(text.strip())
    if not found:
        raise StepError(f"invalid privilege: {text!r}")
    name = re.sub(r"\s+", " ", found[1].upper())
    if found[2] is None:
        return _ALIASES.get(name, name)
    columns = [(a or b or c).replace("``", "`") for a, b, c in _NAMES.findall(found[2])]
    shown = sorted(identifier(column.upper() if fold else column) for column in columns)
    return f"{name} ({', '.join(shown)})"


def wanted(given: Any, *, fold: bool) -> dict[str, frozenset[str]] | None:
    """What a task asks for, by object; None if it does not say. Raises StepError for what cannot be read."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        pairs = [(str(name), str(value)) for name, value in given.items()]
    else:
        pairs = [_pair(item) for item in str(given).strip().split("/")]
    found: dict[str, frozenset[str]] = {}
    for name, text in pairs:
        words = frozenset(privilege(word, fold=fold) for word in _SPLIT.split(text) if word.strip())
        found[_object(name)] = words - {"USAGE"}
    found.setdefault("*.*", frozenset())
    return found


def _pair(item: str) -> tuple[str, str]:
    name, colon, words = item.strip().rpartition(":")
    if not colon:
        raise StepError(f"invalid privileges string: {item!r} (it is `database.table:PRIVILEGE,…`)")
    return name, words


def _object(name: str) -> str:
    """`db.table`, `*.*` or `FUNCTION db.name`, with its names quoted."""
    kind, blank, rest = name.strip().partition(" ")
    if not blank or kind.upper() not in ("FUNCTION", "PROCEDURE"):
        kind, rest = "", name.strip()
    sides = [side.strip("`") for side in rest.rsplit(".", 1)]
    shown = ".".join("*" if side == "*" else identifier(side.replace("``", "`")) for side in sides)
    return f"{kind.upper()} {shown}" if kind else shown


def current(lines: list[str], *, fold: bool) -> dict[str, frozenset[str]]:
    """What SHOW GRANTS says, by object. Roles that were granted, and proxies, are left out."""
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        told = _GRANT.fullmatch(line)
        if not told or told[1].startswith("PROXY"):
            continue
        words = {privilege(word, fold=fold) for word in _SPLIT.split(told[1])} - {"USAGE"}
        if "WITH GRANT OPTION" in told[5]:
            words.add("GRANT")
        found[told[2]] = found.get(told[2], frozenset()) | words
    everything = found.get("*.*", frozenset())
    if everything >= _ALL:
        found["*.*"] = frozenset({"ALL"}) | (everything & {"GRANT"})
    return {name: words for name, words in found.items() if words}


def changes(user: str, host: str, now: Grants, asked: Grants, mode: str) -> Changes:
    """What makes `now` what is asked for. `mode`: `replace`, `append` or `subtract`."""
    who, statements, msg = account(user, host), [], ""
    if mode == "replace" and user != "root":
        for name in sorted(set(now) - set(asked)):
            statements += _revoke(name, now[name], who)
            msg = "Privileges updated"
    for name, words in asked.items():
        have = now.get(name, frozenset())
        more = frozenset() if mode == "subtract" else words - have
        if "ALL" in have:
            more &= {"GRANT"}
        less = words & have if mode == "subtract" else have - words if mode == "replace" else frozenset()
        if "ALL" in more or "ALL" in words & have:
            less &= {"GRANT"} if mode == "replace" else less
        if mode == "replace" and "ALL" in less:
            more = words
        if more or less:
            statements += [*_revoke(name, less, who), *_grant(name, more, who)]
            msg = (
                f"Privileges updated: granted {sorted(more)}, revoked {sorted(less)}"
                if have
                else "New privileges granted"
            )
    return Changes(tuple(statements), msg)


def _revoke(name: str, words: frozenset[str], who: str) -> list[str]:
    plain = ", ".join(sorted(words - {"GRANT"}))
    option = [f"REVOKE GRANT OPTION ON {name} FROM {who}"] if "GRANT" in words else []
    return option + ([f"REVOKE {plain} ON {name} FROM {who}"] if plain else [])


def _grant(name: str, words: frozenset[str], who: str) -> list[str]:
    if not words:
        return []
    plain = ", ".join(sorted(words - {"GRANT"})) or "USAGE"
    return [f"GRANT {plain} ON {name} TO {who}{' WITH GRANT OPTION' if 'GRANT' in words else ''}"]
