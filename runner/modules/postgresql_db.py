"""postgresql_db: a PostgreSQL database, its dump and its restore (community.postgresql.postgresql_db).

Two trips: the first asks the server what there is, the second has the statements. A dry run is the first alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import dumping, postgres, postgres_dump
from runner.sh.postgres import identifier, literal
from runner.sh.verdict import text

COLLECTION = "community.postgresql"

SPEC = Spec(
    doc="Make, change, drop, rename, dump or restore a PostgreSQL database.",
    brings=True,
    options={
        "name": Option(required=True, aliases=("db",), doc="The database."),
        "owner": Option(default="", doc="The role that owns it."),
        "template": Option(default="", doc="The database that a new one is a copy of."),
        "encoding": Option(default="", doc="Its encoding; that of one that is there cannot change."),
        "lc_collate": Option(default="", doc="Its collation; as encoding."),
        "lc_ctype": Option(default="", doc="Its classes of characters; as encoding."),
        "icu_locale": Option(default="", doc="Its ICU locale; as encoding."),
        "locale_provider": Option(default="", doc="Who knows its locale, `libc` or `icu`; as encoding."),
        "state": Option(
            default="present", choices=("absent", "dump", "present", "rename", "restore"), doc="What shall be."
        ),
        "force": Option("bool", default=False, doc="Drop it though others are connected to it."),
        "target": Option("path", default="", doc="The file of a dump or restore, or the new name."),
        "target_opts": Option(default="", doc="Further options of pg_dump, pg_restore or psql."),
        "maintenance_db": Option(default="postgres", doc="The database to connect to."),
        "conn_limit": Option(default="", doc="How many may connect at once; -1: any number."),
        "tablespace": Option("path", default="", doc="Its tablespace."),
        "dump_extra_args": Option(doc="Further options of pg_dump."),
        "comment": Option(doc="Its comment; empty: none."),
        **postgres.LOGIN_OPTIONS,
    },
    example="""\
- name: The application's database
  community.postgresql.postgresql_db:
    name: app
    owner: app
    encoding: UTF-8
  become: true
  become_user: postgres
""",
    returns={
        "executed_commands": "The SQL that was run, or in a dry run would be.",
        "db": "The database.",
    },
)

_FIXED: Final = (
    ("encoding", "database encoding", "encoding", ". "),
    ("lc_collate", "LC_COLLATE", "LC_COLLATE", ". "),
    ("lc_ctype", "LC_CTYPE", "LC_CTYPE", ". "),
    ("icu_locale", "ICU_LOCALE", "ICU_LOCALE", ". "),
    ("locale_provider", "LOCALE_PROVIDER", "LOCALE_PROVIDER", ". "),
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what the server has; or a dump or restore at once."""
    del desk
    args = call.args
    if args["conn_limit"] and not re.fullmatch(r"-?[0-9]+", args["conn_limit"]):
        raise StepError(f"conn_limit {args['conn_limit']!r} is not a whole number")
    if args["state"] in ("dump", "restore"):
        return _files(call)
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    login = postgres.login(args, args["maintenance_db"])
    return Fragment(f"{login}\n{postgres.query(_select(args))}\npg_end", last=call.check)


def _wrong(args: Mapping[str, Any]) -> str:
    if args["state"] != "rename":
        return ""
    if not args["target"]:
        return 'The "target" option must be defined when the "rename" option is used.'
    if args["name"] == args["target"]:
        return 'The "name/db" option and the "target" option cannot be the same.'
    if args["maintenance_db"] == args["name"]:
        return 'The "maintenance_db" option and the "name/db" option cannot be the same.'
    return ""


def _select(args: Mapping[str, Any]) -> str:
    """Columns that not every version has are read through JSON: what is missing is null."""
    name, target = literal(args["name"]), literal(args["target"])
    return (
        "SELECT current_setting('server_version_num')::int AS version, "
        f"EXISTS (SELECT 1 FROM pg_database WHERE datname = {target}) AS target, "
        f"pg_char_to_encoding({literal(args['encoding'])}) AS encoding_wanted, "
        "(SELECT row_to_json(one) FROM (SELECT pg_get_userbyid(d.datdba) AS owner, d.encoding AS encoding_id, "
        "pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS lc_collate, d.datctype AS lc_ctype, "
        "coalesce(row_to_json(d)->>'daticulocale', row_to_json(d)->>'datlocale') AS icu_locale, "
        "CASE row_to_json(d)->>'datlocprovider' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END "
        "AS locale_provider, d.datconnlimit AS conn_limit, t.spcname AS tablespace, "
        "shobj_description(d.oid, 'pg_database') AS comment FROM pg_database d "
        f"JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = {name}) one) AS found"
    )


def _files(call: Call) -> Fragment:
    args = call.args
    login = postgres.login(args, args["maintenance_db"])
    target = args["target"] or f"./{args['name']}.sql"
    extra = dumping.words(args["target_opts"])
    if args["state"] == "dump":
        probe, apply = postgres_dump.dump(args["name"], target, (*dumping.words(args["dump_extra_args"]), *extra))
    else:
        expected = call.check and target in call.will_exist
        probe, apply = postgres_dump.restore(args["name"], target, extra, expected=expected)
    makes = (target,) if args["state"] == "dump" else ()
    memo = {"command": _shown(args, target)}
    return Fragment(f"{login}\n{probe}", apply, effect=Effect.UNSAFE, memo=memo, makes=makes)


def _shown(args: Mapping[str, Any], target: str) -> str:
    """The command as Ansible's result tells it."""
    where = [f"--{word}={args[name]}" for word, name in _PLACES if args[name]]
    if args["state"] == "dump":
        return " ".join(["pg_dump", args["name"], *where, ">", target])
    restoring = target.endswith((".tar", ".pgc", ".dir"))
    return " ".join(["pg_restore" if restoring else "psql", f"--dbname={args['name']}", *where, "<", target])


_PLACES: Final = (("host", "login_host"), ("port", "login_port"), ("username", "login_user"))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the statements, if any are needed."""
    del desk
    problem = postgres.refused(reply, "" if "command" in fragment.memo else "Database query failed: ")
    if problem:
        return problem
    if "command" in fragment.memo:
        command = fragment.memo["command"]
        values = {} if call.check else {"msg": text(reply.stdout), "stderr": text(reply.stderr)}
        return ok(True, rc=0, cmd=command, executed_commands=[command], **values)
    if "queries" in fragment.memo:
        return _done(call, fragment.memo["queries"])
    known = postgres.rows(reply)[0]
    refused = _refused(call.args, known)
    if refused:
        return failed(refused)
    queries, before = _queries(call.args, known)
    if call.check or not queries:
        return _done(call, queries)
    login = postgres.login(call.args, call.args["maintenance_db"])
    apply = f"{postgres.run([*before, *queries])}\npg_end"
    return Fragment(f"{login}\npb_differs", apply, memo={"queries": queries})


def _done(call: Call, queries: list[str]) -> Outcome:
    return ok(bool(queries), db=call.args["name"], executed_commands=queries)


def _refused(args: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """What cannot be done, in Ansible's words; "" if nothing."""
    found = known["found"]
    if args["state"] == "rename":
        if found and known["target"]:
            return "Both the source and the target databases exist."
        return "" if found or known["target"] else "The source and the target databases do not exist."
    if args["state"] == "absent" or not found:
        return ""
    for name, what, shown, stop in _FIXED:
        same = known["encoding_wanted"] == found["encoding_id"] if name == "encoding" else args[name] == found[name]
        if args[name] and not same:
            return f"Changing {what} is not supported{stop}Current {shown}: {found[name]}"
    return ""


def _queries(args: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The statements, and those before them that are not told of."""
    found, name = known["found"], identifier(args["name"])
    if args["state"] == "rename":
        return ([f"ALTER DATABASE {name} RENAME TO {identifier(args['target'])}"] if found else []), []
    if args["state"] == "absent":
        return _dropping(args, known) if found else ([], [])
    return (_changing(args, found) if found else _creating(args)), []


def _dropping(args: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    query = f"DROP DATABASE {identifier(args['name'])}"
    if not args["force"]:
        return [query], []
    if known["version"] >= 130000:
        return [f"{query} WITH (FORCE)"], []
    name = literal(args["name"])
    return [query], [
        f"UPDATE pg_database SET datallowconn = false WHERE datname = {name}",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid()",
    ]


def _creating(args: Mapping[str, Any]) -> list[str]:
    words = [f"CREATE DATABASE {identifier(args['name'])}"]
    names = (("OWNER", "owner"), ("TEMPLATE", "template"))
    words += [f"{word} {identifier(args[name])}" for word, name in names if args[name]]
    for name in ("encoding", "lc_collate", "lc_ctype", "icu_locale", "locale_provider"):
        if args[name]:
            words.append(f"{name.upper()} {literal(args[name])}")
    if args["tablespace"]:
        words.append(f"TABLESPACE {identifier(args['tablespace'])}")
    if args["conn_limit"]:
        words.append(f"CONNECTION LIMIT {args['conn_limit']}")
    return [" ".join(words), *([_comment(args)] if args["comment"] else [])]


def _changing(args: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    alter, queries = f"ALTER DATABASE {identifier(args['name'])}", []
    if args["owner"] and args["owner"] != found["owner"]:
        queries.append(f"{alter} OWNER TO {identifier(args['owner'])}")
    if args["conn_limit"] and int(args["conn_limit"]) != found["conn_limit"]:
        queries.append(f"{alter} CONNECTION LIMIT {args['conn_limit']}")
    if args["tablespace"] and args["tablespace"] != found["tablespace"]:
        queries.append(f"{alter} SET TABLESPACE {identifier(args['tablespace'])}")
    if args["comment"] is not None and args["comment"] != (found["comment"] or ""):
        queries.append(_comment(args))
    return queries


def _comment(args: Mapping[str, Any]) -> str:
    return f"COMMENT ON DATABASE {identifier(args['name'])} IS {literal(args['comment'])}"
