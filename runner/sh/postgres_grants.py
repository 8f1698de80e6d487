"""GRANT and REVOKE as postgresql_privs asks for them, and what of the catalog shows whether they change anything.

https://www.postgresql.org/docs/current/sql-grant.html, https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.errors import StepError
from runner.sh.postgres import array, identifier, identifiers

TYPES: Final = (
    "table",
    "sequence",
    "function",
    "procedure",
    "database",
    "schema",
    "language",
    "tablespace",
    "type",
    "foreign_data_wrapper",
    "foreign_server",
    "group",
    "default_privs",
    "parameter",
)
PRIVILEGES: Final = frozenset(
    "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER CREATE CONNECT TEMPORARY TEMP EXECUTE USAGE MAINTAIN SET "
    "ALL".split()
) | {"ALL PRIVILEGES", "ALTER SYSTEM"}
DEFAULTS: Final[Mapping[str, frozenset[str]]] = {
    "TABLES": frozenset("ALL SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER MAINTAIN".split()),
    "SEQUENCES": frozenset("ALL SELECT UPDATE USAGE".split()),
    "FUNCTIONS": frozenset("ALL EXECUTE".split()),
    "TYPES": frozenset("ALL USAGE".split()),
    "SCHEMAS": frozenset("ALL CREATE USAGE".split()),
}
IN_SCHEMA: Final = frozenset(("table", "sequence", "function", "procedure", "type", "default_privs"))
# A signature: a name and its arguments' types, which are SQL. Nothing in them may end the statement's object.
_SIGNATURE: Final = re.compile(r'([^(]+)\(((?:[\w\s,.\[\]]|"(?:[^"\0]|"")*")*)\)')
# Where each type's access lists are: table, list, type of its default, owner.
_LISTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "table": ("pg_class", "relacl", "'r'", "relowner"),
    "sequence": ("pg_class", "relacl", "'s'", "relowner"),
    "function": ("pg_proc", "proacl", "'f'", "proowner"),
    "procedure": ("pg_proc", "proacl", "'f'", "proowner"),
    "database": ("pg_database", "datacl", "'d'", "datdba"),
    "schema": ("pg_namespace", "nspacl", "'n'", "nspowner"),
    "language": ("pg_language", "lanacl", "'l'", "lanowner"),
    "tablespace": ("pg_tablespace", "spcacl", "'t'", "spcowner"),
    "type": ("pg_type", "typacl", "'T'", "typowner"),
    "foreign_data_wrapper": ("pg_foreign_data_wrapper", "fdwacl", "'F'", "fdwowner"),
    "foreign_server": ("pg_foreign_server", "srvacl", "'S'", "srvowner"),
}


def state(kind: str) -> str:
    """A query for all access lists of a type, as one text: it changes when a statement changes anything."""
    if kind == "group":
        row, source, order = "(m.roleid, m.member, m.admin_option)", "pg_auth_members m", "m.roleid, m.member"
    elif kind == "default_privs":
        row = "(d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl)"
        source, order = "pg_default_acl d", "d.defaclrole, d.defaclnamespace, d.defaclobjtype"
    elif kind == "parameter":
        row, source, order = "(p.parname, p.paracl)", "pg_parameter_acl p", "p.parname"
    else:
        table, column, letter, owner = _LISTS[kind]
        row, source, order = f"(o.oid, coalesce(o.{column}, acldefault({letter}, o.{owner})))", f"{table} o", "o.oid"
    return f"SELECT coalesce(md5(string_agg({row}::text, ';' ORDER BY {order})), '-') FROM {source}"


def privileges(args: Mapping[str, Any]) -> list[str]:
    """The privileges as SQL writes them, each once. Raises StepError for one that is none."""
    found = list(dict.fromkeys(word.strip().upper() for word in (args["privs"] or "").split(",") if word.strip()))
    wrong = [word for word in found if word not in PRIVILEGES]
    if wrong:
        raise StepError(f"Invalid privileges specified: {', '.join(wrong)}")
    return found


def objects(args: Mapping[str, Any]) -> list[str]:
    """What it is about, by name."""
    given = [part.strip() for part in (args["objs"] or "").split(",")]
    if args["type"] in ("function", "procedure"):
        # Commas stand between functions, so that their arguments have colons between them.
        return [part.replace(":", ",") for part in given]
    if args["type"] != "default_privs":
        return given
    if args["objs"] == "ALL_DEFAULT":
        return [name for name in DEFAULTS if name != "SCHEMAS"]
    wanted = [part.upper() for part in given]
    if not set(wanted) <= set(DEFAULTS):
        raise StepError(f"Invalid Object set specified: {set(wanted) - set(DEFAULTS)}")
    fits = [name for name in wanted if set(privileges(args)) <= DEFAULTS[name] | {"ALL PRIVILEGES"}]
    if fits != wanted:
        raise StepError(f"Invalid priv specified. Valid object for priv: {fits}. Objects: {wanted}")
    return wanted


def statements(args: Mapping[str, Any], roles: Sequence[str]) -> list[str]:
    """The statements, for roles that are there (empty: PUBLIC)."""
    whom = identifiers(roles) if roles else "PUBLIC"
    if args["type"] == "default_privs":
        return _defaults(args, whom)
    what = _what(args)
    verb = "ADMIN" if args["type"] == "group" else "GRANT"
    if args["state"] == "absent":
        return [f"REVOKE {what} FROM {whom};"]
    option = f" WITH {verb} OPTION" if args["grant_option"] else ""
    back = [f"REVOKE {verb} OPTION FOR {what} FROM {whom};"] if args["grant_option"] is False else []
    return [f"GRANT {what} TO {whom}{option};", *back]


def _what(args: Mapping[str, Any]) -> str:
    kind, names, schema = args["type"], objects(args), args["schema"]
    if kind == "group":
        return identifiers(names)
    granted = ",".join(privileges(args))
    if args["objs"] == "ALL_IN_SCHEMA":
        return f"{granted} ON ALL {kind.upper()}S IN SCHEMA {identifier(schema)}"
    if kind in ("function", "procedure"):
        shown = ",".join(_signature(name, schema) for name in names)
    elif kind in IN_SCHEMA:
        shown = ",".join(f"{identifier(schema)}.{identifier(name)}" for name in names)
    else:
        shown = identifiers(names)
    return f"{granted} ON {kind.replace('_', ' ')} {shown}"


def _signature(text: str, schema: str) -> str:
    found = _SIGNATURE.fullmatch(text)
    if not found:
        raise StepError(f'Illegal function / procedure signature: "{text}".')
    return f"{identifier(schema)}.{identifier(found[1].strip())}({found[2]})"


def _defaults(args: Mapping[str, Any], whom: str) -> list[str]:
    """As Ansible: what a role has by default is taken away first, then given anew."""
    start = "ALTER DEFAULT PRIVILEGES"
    if args["target_roles"]:
        start += f" FOR ROLE {identifiers([role.strip() for role in args['target_roles'].split(',')])}"
    if args["schema"] != "not-specified":
        start += f" IN SCHEMA {identifier(args['schema'])}"
    names, granted = objects(args), ",".join(privileges(args))
    if args["state"] == "absent":
        return [f"{start} REVOKE {granted} ON {name} FROM {whom};" for name in names]
    option = " WITH GRANT OPTION" if args["grant_option"] else ""
    taken = [f"{start} REVOKE ALL ON {name} FROM {whom};" for name in names]
    return taken + [f"{start} GRANT {granted} ON {name} TO {whom}{option};" for name in names]


def roles_there(roles: Sequence[str]) -> str:
    """A query for those roles that the server has not."""
    return (
        f"SELECT r AS missing FROM unnest({array(roles)}) r WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r)"
    )
