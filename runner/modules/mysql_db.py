"""mysql_db: databases of a MySQL or MariaDB server, their dump and import (community.mysql.mysql_db)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import dumping, mysql
from runner.sh.mysql import identifier, literal
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import text

COLLECTION = "community.mysql"

SPEC = Spec(
    doc="Make, drop, dump or import databases of a MySQL or MariaDB server.",
    brings=True,
    options={
        "name": Option("list", required=True, elements="str", aliases=("db",), doc="The databases, or `all`."),
        "state": Option(default="present", choices=("absent", "dump", "import", "present"), doc="What shall be."),
        "encoding": Option(default="", doc="The character set of a new one."),
        "collation": Option(default="", doc="The collation of a new one."),
        "target": Option("path", doc="The file of a dump or import."),
        "single_transaction": Option("bool", default=False, doc="Dump in one transaction."),
        "quick": Option("bool", default=True, doc="Dump row by row."),
        "ignore_tables": Option("list", elements="str", default=[], doc="Tables to leave out: `db.table`."),
        "hex_blob": Option("bool", default=False, doc="Dump bytes as hex."),
        "force": Option("bool", default=False, doc="Go on after errors of a dump or import."),
        "master_data": Option("int", default=0, choices=(0, 1, 2), doc="Dump the place in the binary log."),
        "skip_lock_tables": Option("bool", default=False, doc="Dump without locks."),
        "dump_extra_args": Option(doc="Further options of mysqldump."),
        "chdir": Option("path", doc="The folder to import in."),
        "pipefail": Option("bool", default=False, doc="No matter here: what a dump fails with always counts."),
        "use_shell": Option("bool", default=False, doc="No matter here."),
        "unsafe_login_password": Option("bool", default=False, doc="No matter here: no argument holds a password."),
        "restrict_config_file": Option("bool", default=False, doc="No matter here: no other file is read."),
        **mysql.LOGIN_OPTIONS,
    },
    example="""\
- name: The application's database
  community.mysql.mysql_db:
    name: app
    encoding: utf8mb4
    login_unix_socket: /run/mysqld/mysqld.sock
""",
    returns={
        "db": "The databases as one text.",
        "db_list": "The databases.",
        "executed_commands": "The SQL that was run.",
    },
)

_PACKAGE: Final = "a client (default-mysql-client)"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: which of the databases are there."""
    del desk
    args = call.args
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    names = ",".join(literal(name) for name in args["name"])
    query = f"SELECT HEX(schema_name) FROM information_schema.schemata WHERE BINARY schema_name IN ({names})"
    login = mysql.login(args, call.given)
    return Fragment(f"{login}\n{mysql.run([query], args)}\nmy_end", memo={"stage": "look"}, last=False)


def _wrong(args: Mapping[str, Any]) -> str:
    names, state = args["name"], args["state"]
    if state in ("dump", "import"):
        if not args["target"]:
            return f"with state={state} target is required"
        return "Multiple databases are not supported with state=import" if state == "import" and len(names) > 1 else ""
    return "name is not allowed to equal 'all' unless state equals import, or dump." if "all" in names else ""


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the statements, the dump or the import."""
    del desk
    args = call.args
    memo = fragment.memo
    problem = mysql.refused(
        reply, {"present": "error creating database: ", "absent": "error deleting database: "}.get(args["state"], "")
    )
    if problem:
        return problem
    if memo["stage"] == "done":
        said = {"msg": text(reply.stdout)} if args["state"] in ("dump", "import") and not call.check else {}
        return _done(call, memo["queries"], **said)
    there = {bytes.fromhex(row[0]).decode("utf-8", "surrogateescape") for row in mysql.rows(reply)}
    missing = [name for name in dict.fromkeys(args["name"]) if name not in there]
    if args["state"] == "dump":
        return _dump(call, missing)
    if args["state"] == "import":
        return _import(call, [] if "all" in args["name"] else missing)
    changing = (
        missing if args["state"] == "present" else [name for name in dict.fromkeys(args["name"]) if name in there]
    )
    queries = [
        _creating(args, name) if args["state"] == "present" else f"DROP DATABASE {identifier(name)}"
        for name in changing
    ]
    if call.check or not queries:
        return _done(call, queries)
    login = mysql.login(args, call.given)
    apply = f"{mysql.run(queries, args)}\nmy_end"
    return Fragment(f"{login}\npb_differs", apply, memo={"stage": "done", "queries": queries})


def _done(call: Call, queries: list[str], **more: Any) -> Outcome:
    names = call.args["name"]
    return ok(bool(queries), db=" ".join(names), db_list=names, executed_commands=queries, **more)


def _creating(args: Mapping[str, Any], name: str) -> str:
    encoding = f" CHARACTER SET {literal(args['encoding'])}" if args["encoding"] else ""
    return f"CREATE DATABASE {identifier(name)}{encoding}" + (
        f" COLLATE {literal(args['collation'])}" if args["collation"] else ""
    )


def _dump(call: Call, missing: list[str]) -> Outcome | Fragment:
    args, names = call.args, call.args["name"]
    if missing and "all" not in names:
        return failed(f"Cannot dump database(s) {', '.join(map(repr, missing))} - not found")
    flags = {
        "--force": args["force"],
        "--single-transaction=true": args["single_transaction"],
        "--quick": args["quick"],
        "--skip-quick": not args["quick"],
        "--hex-blob": args["hex_blob"],
        f"--master-data={args['master_data']}": args["master_data"],
        "--skip-lock-tables": args["skip_lock_tables"],
    }
    words = [flag for flag, wanted in flags.items() if wanted]
    words += [f"--ignore-table={table}" for table in args["ignore_tables"]]
    words += dumping.words(args["dump_extra_args"])
    words += (
        ["--all-databases"] if "all" in names else ["--databases", "--", *names] if len(names) > 1 else ["--", *names]
    )
    command = f'"$my_dump" --defaults-file="$my_file" --default-character-set=utf8mb4 {" ".join(map(quote, words))}'
    find = "my_dump=mariadb-dump\npb_have mariadb-dump || my_dump=mysqldump"
    probe = (
        f'{find}\np={path_word(args["target"])}\npb_above "$p"\n{dumping.need(args["target"], "$my_dump", _PACKAGE)}'
    )
    shown = f"mysqldump {' '.join(words)} > {args['target']}"
    return _file(call, probe, dumping.save(command, args["target"], "my_end"), shown, (args["target"],))


def _import(call: Call, missing: list[str]) -> Fragment:
    args = call.args
    words = [*(["-f"] if args["force"] else []), *([] if "all" in args["name"] else ["-D", args["name"][0]])]
    made = [_creating(args, name) for name in missing]
    there = dumping.there(expected=call.check and args["target"] in call.will_exist)
    inside = f'cd {path_word(args["chdir"])} || pb_fail "cannot go to the folder of chdir"\n' if args["chdir"] else ""
    probe = f"{inside}p={path_word(args['target'])}\n{there}{dumping.need(args['target'], '$my_client', _PACKAGE)}"
    create = f"{mysql.run(made, args)}\n" if made else ""
    load = dumping.load(f"sql {' '.join(map(quote, words))}", args["target"], "my_end")
    shown = f"mysql {' '.join(words)} < {args['target']}"
    return _file(call, probe, create + load, shown, ())


def _file(call: Call, probe: str, apply: str, shown: str, makes: tuple[str, ...]) -> Fragment:
    login = mysql.login(call.args, call.given)
    memo = {"stage": "done", "queries": [shown]}
    ends = '\n[ -z "$pb_check" ] || my_end'
    return Fragment(f"{login}\n{probe}\npb_differs{ends}", apply, effect=Effect.UNSAFE, memo=memo, makes=makes)
