"""What has to be said to PostgreSQL so that a role is as wanted: CREATE, ALTER and DROP USER, and what goes with them.

https://www.postgresql.org/docs/current/sql-createrole.html, https://www.postgresql.org/docs/current/sql-grant.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.postgres import array, identifier, literal, run
from runner.sh.postgres_password import is_stored

_FLAGS: Final = {
    "SUPERUSER": "rolsuper",
    "CREATEROLE": "rolcreaterole",
    "CREATEDB": "rolcreatedb",
    "INHERIT": "rolinherit",
    "LOGIN": "rolcanlogin",
    "REPLICATION": "rolreplication",
    "BYPASSRLS": "rolbypassrls",
}
_TABLE: Final = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")
_DATABASE: Final = ("CONNECT", "CREATE", "TEMPORARY")


@dataclass(frozen=True, slots=True)
class Change:
    """A statement, and how a result tells it: without the password."""

    sql: str
    shown: str


@dataclass(frozen=True, slots=True)
class Right:
    """Privileges on the database (`table` is None) or on one of its tables."""

    privileges: tuple[str, ...]
    table: str | None

    def on(self, database: str) -> str:
        """The object as GRANT names it."""
        if self.table is None:
            return f"DATABASE {identifier(database)}"
        return "TABLE " + ".".join(identifier(part) for part in self.table.split(".", 1))


def flags(given: str) -> dict[str, bool]:
    """Attributes as they are written, each on or off. Raises StepError for one that is none."""
    found: dict[str, bool] = {}
    for word in filter(None, (part.strip().upper() for part in given.split(","))):
        name = word.removeprefix("NO")
        if name not in _FLAGS:
            raise StepError(f"Invalid role_attr_flags specified: {word}")
        found[name] = word == name
    return found


def rights(given: str | None) -> list[Right]:
    """Privileges as `priv` has them. Raises StepError for one that is none."""
    found = []
    for token in (given or "").split("/") if given else []:
        table, colon, words = token.rpartition(":")
        known = _TABLE if colon else _DATABASE
        wanted = [word.strip().upper() for word in words.split(",") if word.strip()]
        wanted = ["TEMPORARY" if word == "TEMP" else word for word in wanted]
        if not set(wanted) <= {*known, "ALL"}:
            kind = "table" if colon else "database"
            raise StepError(f"Invalid privs specified for {kind}: {' '.join(set(wanted) - {*known, 'ALL'})}")
        found.append(Right(known if "ALL" in wanted else tuple(dict.fromkeys(wanted)), table if colon else None))
    return found


def select(args: Mapping[str, Any]) -> str:
    """The query for all that is compared, without the password."""
    flags(args["role_attr_flags"])
    name = literal(args["name"])
    columns = ", ".join(f"r.{column}" for column in _FLAGS.values())
    expires = (
        f"r.rolvaliduntil IS NOT DISTINCT FROM {literal(args['expires'])}::timestamptz" if args["expires"] else "true"
    )
    held = [f"{_held(right, args)} AS held{number}" for number, right in enumerate(rights(args["priv"]))]
    groups = array(args["groups"] or [])
    more = "".join(f", {column}" for column in held)
    return (
        f"SELECT ARRAY(SELECT g FROM unnest({groups}) g WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = g)) "
        "AS missing, ARRAY(SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid "
        f"JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = {name}) AS groups, "
        f"(SELECT row_to_json(one) FROM (SELECT {columns}, r.rolconnlimit, r.rolconfig, "
        f"shobj_description(r.oid, 'pg_authid') AS comment, {expires} AS expires_same "
        f"FROM pg_roles r WHERE r.rolname = {name}) one) AS role{more}"
    )


def _held(right: Right, args: Mapping[str, Any]) -> str:
    """The query for what the role holds of its own on one object."""
    role = f"coalesce((SELECT oid FROM pg_roles WHERE rolname = {literal(args['name'])}), 0)"
    if right.table is None:
        source = f"pg_database o, aclexplode(o.datacl) a WHERE o.datname = {literal(args['login_db'])}"
    else:
        schema, dot, table = right.table.rpartition(".")
        source = (
            "pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace, aclexplode(o.relacl) a "
            f"WHERE o.relname = {literal(table)} AND n.nspname = {literal(schema if dot else 'public')}"
        )
    return f"ARRAY(SELECT a.privilege_type FROM {source} AND a.grantee = {role})"


def stored(name: str) -> str:
    """Shell text that prints the verifier of a role's password; nothing where we may not see it."""
    select = f"SELECT rolpassword AS stored FROM pg_authid WHERE rolname = {literal(name)}"
    return f"({run([f'SELECT row_to_json(one) FROM ({select}) one'])}) 2>/dev/null"


def refused(args: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Why this cannot be done; "" if it can."""
    if args["state"] == "present" and found["missing"]:
        return f"Role {found['missing'][0]} does not exist"
    return ""


def changes(args: Mapping[str, Any], found: Mapping[str, Any], verifier: str | None) -> list[Change]:
    """The statements. `verifier`: what is stored of the password, None where there is none or we may not see it."""
    role = found["role"]
    everyone = args["name"] == "PUBLIC"
    if args["state"] == "absent":
        if not role:
            return []
        revoked = [
            _grant(args, right, "REVOKE", "FROM")
            for right, held in _held_of(args, found)
            if held & set(right.privileges)
        ]
        return [*revoked, _same(f"DROP USER {identifier(args['name'])}")]
    made = [] if everyone else [_altered(args, role, verifier)] if role else [_created(args)]
    wanted = [
        _grant(args, right, "GRANT", "TO") for right, held in _held_of(args, found) if set(right.privileges) - held
    ]
    name = identifier(args["name"])
    joined = [
        _same(f"GRANT {identifier(group)} TO {name}") for group in args["groups"] or [] if group not in found["groups"]
    ]
    comment, was = args["comment"], (role or {}).get("comment") or ""
    said = [_same(f"COMMENT ON ROLE {name} IS {literal(comment)}")] if comment is not None and comment != was else []
    settings = _settings(args, (role or {}).get("rolconfig") or [])
    return [*(change for change in made if change), *joined, *wanted, *said, *settings]


def _same(sql: str) -> Change:
    return Change(sql, sql)


def _held_of(args: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[Right, set[str]]]:
    return [(right, set(found[f"held{number}"])) for number, right in enumerate(rights(args["priv"]))]


def _grant(args: Mapping[str, Any], right: Right, verb: str, to: str) -> Change:
    whom = "PUBLIC" if args["name"] == "PUBLIC" else identifier(args["name"])
    return _same(f"{verb} {', '.join(right.privileges)} ON {right.on(args['login_db'])} {to} {whom}")


def _created(args: Mapping[str, Any]) -> Change:
    words = [f"CREATE USER {identifier(args['name'])}"]
    return _finished(args, [*words, *(_password(args) if args["password"] else []), *_limits(args), *_flag_words(args)])


def _altered(args: Mapping[str, Any], role: Mapping[str, Any], verifier: str | None) -> Change | None:
    password = args["password"]
    plain = password is None or args["no_password_changes"]
    new = not plain and not is_stored(password, verifier, args["name"], encrypted=args["encrypted"])
    limit = args["conn_limit"]
    other = limit is not None and limit != role["rolconnlimit"]
    differs = any(role[_FLAGS[name]] != on for name, on in flags(args["role_attr_flags"]).items())
    if not (new or other or differs or not role["expires_same"]):
        return None
    words = [f"ALTER USER {identifier(args['name'])}"]
    words += (_password(args) if password else ["WITH PASSWORD NULL"]) if new else []
    words += ["WITH"] if not new and args["role_attr_flags"] else []
    return _finished(args, [*words, *_flag_words(args), *_limits(args)])


def _finished(args: Mapping[str, Any], words: Sequence[str]) -> Change:
    """The two texts of one statement: what is told has placeholders, as Ansible's result has."""
    values = {"%(password)s": args["password"] or "", "%(expires)s": args["expires"] or ""}
    return Change(" ".join(_filled(word, values) for word in words), " ".join(words))


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name in values:
        if word.endswith(f" {name}"):
            return word.removesuffix(name) + literal(values[name])
    return word


def _password(args: Mapping[str, Any]) -> list[str]:
    return ["WITH", f"{'ENCRYPTED' if args['encrypted'] else 'UNENCRYPTED'} PASSWORD %(password)s"]


def _limits(args: Mapping[str, Any]) -> list[str]:
    until = ["VALID UNTIL %(expires)s"] if args["expires"] is not None else []
    return until + ([f"CONNECTION LIMIT {args['conn_limit']}"] if args["conn_limit"] is not None else [])


def _flag_words(args: Mapping[str, Any]) -> list[str]:
    return [name if on else f"NO{name}" for name, on in flags(args["role_attr_flags"]).items()]


def _settings(args: Mapping[str, Any], current: Sequence[str]) -> list[Change]:
    """ALTER ROLE … SET and RESET for the settings that differ."""
    now = dict(entry.split("=", 1) for entry in current)
    wanted = {str(name): _value(value) for name, value in args["configuration"].items()}
    alter = f"ALTER ROLE {identifier(args['name'])}"
    gone = [name for name in now if name not in wanted] if args["reset_unspecified_configuration"] else []
    reset = [_same(f"{alter} RESET {identifier(name)}") for name in gone]
    return reset + [
        _same(f"{alter} SET {identifier(name)} TO {literal(value)}")
        for name, value in wanted.items()
        if now.get(name) != value
    ]


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
