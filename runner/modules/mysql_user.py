"""mysql_user: an account of a MySQL or MariaDB server, and its privileges (community.mysql.mysql_user).

Two trips: the first asks the server for the accounts of this name and what they may do, the second has the statements.
A dry run is the first alone. The password's hash is computed here; only that is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh import mysql, mysql_account, mysql_grants
from runner.sh.mysql import account, literal
from runner.sh.mysql_account import Account

COLLECTION = "community.mysql"

SPEC = Spec(
    doc="Make, change or remove an account of a MySQL or MariaDB server.",
    brings=True,
    mutually_exclusive=(("append_privs", "subtract_privs"),),
    options={
        "name": Option(required=True, aliases=("user",), doc="The user's name; empty: anybody."),
        "password": Option(secret=True, doc="The password, or its hash with `encrypted`."),
        "encrypted": Option("bool", default=False, doc="Whether `password` is a hash of mysql_native_password."),
        "host": Option(default="localhost", doc="Where the user may come from."),
        "host_all": Option("bool", default=False, doc="All accounts of this name."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "priv": Option("raw", doc="Privileges: `db.table:SELECT,INSERT/other.*:ALL`, or a mapping."),
        "append_privs": Option("bool", default=False, doc="Only add privileges."),
        "subtract_privs": Option("bool", default=False, doc="Only take privileges away."),
        "column_case_sensitive": Option("bool", default=True, doc="Whether the case of columns matters."),
        "update_password": Option(
            default="always", choices=("always", "on_create", "on_new_username"), doc="When a password is set."
        ),
        "plugin": Option(doc="How the user is authenticated, in place of a password."),
        "plugin_hash_string": Option(secret=True, doc="The plug-in's text, hashed."),
        "plugin_auth_string": Option(secret=True, doc="The plug-in's text."),
        "salt": Option(doc="Not known to pbrun."),
        "tls_requires": Option("dict", doc="What a connection needs: SSL, X509, CIPHER, ISSUER, SUBJECT."),
        "resource_limits": Option("dict", doc="The account's limits: MAX_QUERIES_PER_HOUR and the others."),
        "locked": Option("bool", doc="Whether nobody can log in."),
        "session_vars": Option("dict", doc="Variables of the session."),
        "attributes": Option("dict", doc="Not known to pbrun."),
        "password_expire": Option(doc="Not known to pbrun."),
        "password_expire_interval": Option("int", doc="Not known to pbrun."),
        "force_context": Option("bool", default=False, doc="Connect to the database mysql."),
        **mysql.LOGIN_OPTIONS,
    },
    example="""\
- name: The application's account
  community.mysql.mysql_user:
    name: app
    host: 10.0.0.%
    password: "{{ app_password }}"
    priv: app.*:ALL
    login_unix_socket: /run/mysqld/mysqld.sock
""",
    returns={
        "user": "The account.",
        "password_changed": "Whether its password is another now.",
    },
)

_UNKNOWN = ("salt", "attributes", "password_expire", "password_expire_interval")


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: the accounts of this name. What is asked of each is written by the server itself."""
    del desk
    args = call.args
    used = [name for name in _UNKNOWN if args[name] is not None]
    if used:
        raise StepError(f"{used[0]} of mysql_user is not supported")
    mysql_account.created(args, "")  # mistakes are told before a host is asked
    _variables(args)
    columns = (
        "HEX(host), plugin, authentication_string, max_questions, max_updates, max_connections, max_user_connections"
    )
    asked = (
        "SELECT CONCAT('SELECT ''account'', ', QUOTE(HEX(host)), '; SHOW CREATE USER ', QUOTE(user), '@', QUOTE(host), "
        "'; SHOW GRANTS FOR ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user WHERE BINARY user = "
        f"{literal(args['name'])}"
    )
    look = f"SELECT 'user', {columns} FROM mysql.user WHERE BINARY user = {literal(args['name'])}"
    # Names stay as they are on their way from one client to the other.
    probe = f'({mysql.run([asked], args, "--raw")}) >"$pb_dir/e.sql" || {{ my_end; exit 1; }}\n'
    again = 'sql <"$pb_dir/e.sql" || { my_end; exit 1; }\nrm -f "$pb_dir/e.sql"\nmy_end'
    login = mysql.login(args, call.given)
    return Fragment(f"{login}\n{probe}{mysql.run([look], args)}\n{again}", memo={"stage": "look"}, last=False)


def _variables(args: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in (args["session_vars"] or {}).items():
        if not re.fullmatch(r"[A-Za-z0-9_.]+", str(name)):
            raise StepError(f"session_vars: {name!r} is no variable")
        shown = str(value) if isinstance(value, int) else literal(str(value))
        found.append(f"SET SESSION {name} = {shown}")
    return found


def accounts(rows: list[list[str]], *, fold: bool) -> dict[str, Account]:
    """The accounts by host, from what the first trip printed."""
    told: dict[str, list[str]] = {}
    columns: dict[str, list[str]] = {}
    where = ""
    for row in rows:
        if row[0] == "user":
            columns[row[1]] = row[2:]
        elif row[0] == "account" and len(row) == 2:
            where = row[1]
        else:
            told.setdefault(where, []).append("\t".join(row))
    found = {}
    for key, (plugin, verifier, *limits) in columns.items():
        host = bytes.fromhex(key).decode("utf-8", "surrogateescape")
        lines = told.get(key, [""])
        grants = mysql_grants.current(lines[1:], fold=fold)
        found[host] = Account(host, plugin, verifier, tuple(int(limit) for limit in limits), lines[0], grants)
    return found


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the statements, if any are needed."""
    del desk
    problem = mysql.refused(reply)
    if problem:
        return problem
    memo = fragment.memo
    if memo["stage"] == "done":
        return _done(call, bool(memo["statements"]), memo["msg"], memo["secret"])
    found = accounts(mysql.rows(reply), fold=not call.args["column_case_sensitive"])
    statements, msg, secret = _changes(call.args, found)
    if call.check or not statements:
        return _done(call, bool(statements), msg, secret)
    queries = [*_variables(call.args), *statements]
    login = mysql.login(call.args, call.given)
    memo = {"stage": "done", "statements": True, "msg": msg, "secret": secret}
    return Fragment(f"{login}\npb_differs", f"{mysql.run(queries, call.args)}\nmy_end", memo=memo)


def _changes(args: Mapping[str, Any], found: Mapping[str, Account]) -> tuple[list[str], str, bool]:
    hosts = list(found) if args["host_all"] else [args["host"]] if args["host"] in found else []
    if args["state"] == "absent":
        gone = [f"DROP USER {account(args['name'], host)}" for host in hosts]
        return gone, "User deleted" if gone else "User doesn't exist", False
    if not hosts:
        if args["host_all"]:
            return [], "User unchanged", False
        reuse = _reused(found) if args["update_password"] == "on_new_username" else ""
        return mysql_account.created(args, reuse), "User added", not reuse
    statements, msg, secret = [], "User unchanged", False
    for host in hosts:
        more, said, password = mysql_account.altered(args, found[host])
        statements += more
        msg, secret = said or msg, secret or password
    return statements, msg, secret


def _reused(found: Mapping[str, Account]) -> str:
    """How the other accounts of this name are authenticated, if all of them are in one way."""
    ways = {(about.plugin, about.verifier) for about in found.values()}
    if len(ways) != 1:
        return ""
    plugin, verifier = ways.pop()
    return f" IDENTIFIED WITH {plugin or 'mysql_native_password'} AS {literal(verifier)}"


def _done(call: Call, changed: bool, msg: str, secret: bool) -> Outcome:
    present = {"password_changed": secret} if call.args["state"] == "present" else {}
    named = {"user": call.args["name"], "msg": msg, **present}
    return ok(changed, **named)
