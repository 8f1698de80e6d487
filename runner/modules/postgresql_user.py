"""postgresql_user: a role of a PostgreSQL server (community.postgresql.postgresql_user).

Two trips: the first asks the server what the role is, the second has the statements, in one transaction. A dry run has
the server try them, too, and roll them back: what it would refuse is refused there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import postgres, postgres_role

COLLECTION = "community.postgresql"

SPEC = Spec(
    doc="Make, change or remove a role of a PostgreSQL server.",
    brings=True,
    options={
        "name": Option(required=True, aliases=("user",), doc="The role."),
        "password": Option(secret=True, doc="Its password, plain or as the server stores it; empty: none."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "login_db": Option(default="", aliases=("db",), doc="The database to connect to, and of `priv`."),
        "role_attr_flags": Option(default="", doc="Attributes with commas: CREATEDB, NOLOGIN and so on."),
        "conn_limit": Option("int", doc="How many may connect at once; -1: any number."),
        "expires": Option(doc="When its password expires; infinity: never."),
        "encrypted": Option("bool", default=True, doc="Whether the password is stored as a hash."),
        "no_password_changes": Option("bool", default=False, doc="Leave the password of a role that is there."),
        "fail_on_user": Option("bool", default=True, aliases=("fail_on_role",), doc="Fail if it cannot be removed."),
        "comment": Option(doc="Its comment; empty: none."),
        "configuration": Option("dict", default={}, doc="Its settings, by name."),
        "reset_unspecified_configuration": Option("bool", default=False, doc="Reset its other settings."),
        "quote_configuration_values": Option("bool", default=True, doc="Write values of settings as texts."),
        "groups": Option("list", elements="str", doc="Roles that it shall be a member of."),
        "priv": Option(doc="Privileges on the database and its tables: `CONNECT/table:SELECT,INSERT`."),
        **postgres.LOGIN_OPTIONS,
    },
    example="""\
- name: The application's role
  community.postgresql.postgresql_user:
    name: app
    password: "{{ app_password }}"
    role_attr_flags: LOGIN,NOSUPERUSER
  become: true
  become_user: postgres
""",
    returns={
        "queries": "The SQL that was run, passwords masked.",
        "user": "The role.",
        "user_removed": "Whether it is gone.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what the role is."""
    del desk
    args = call.args
    if args["name"] == "PUBLIC" and (args["password"] is not None or args["role_attr_flags"]):
        what = "role_attr_flags for" if args["password"] is None else "password for"
        return failed(f"cannot change the {what} PUBLIC user")
    if not args["quote_configuration_values"] and args["configuration"]:
        raise StepError("quote_configuration_values=false would let values be SQL, which pbrun does not do")
    if args["priv"] and not args["login_db"]:
        return failed("privileges require a database to be specified")
    select = postgres_role.select(args)
    hashes = "" if args["password"] is None or args["no_password_changes"] else postgres_role.stored(args["name"])
    login = postgres.login(args, args["login_db"] or "postgres")
    return Fragment(f"{login}\n{postgres.query(select)}\n{hashes}\npg_end", last=False)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the statements, if any are needed."""
    del desk
    queries = fragment.memo.get("queries")
    removing = call.args["state"] == "absent"
    problem = postgres.refused(reply)
    if problem and queries and removing:
        return _not_removed(call, problem, queries)
    if problem:
        return problem
    if queries is not None:
        return _done(call, queries)
    found = postgres.rows(reply)
    refused = postgres_role.refused(call.args, found[0])
    if refused:
        return failed(refused)
    changes = postgres_role.changes(call.args, found[0], found[1]["stored"] if len(found) > 1 else None)
    shown = [change.shown for change in changes]
    if not changes:
        return _done(call, shown)
    return _trying(call, [change.sql for change in changes], {"queries": shown})


def _trying(call: Call, statements: list[str], memo: Mapping[str, Any]) -> Fragment:
    login = postgres.login(call.args, call.args["login_db"] or "postgres")
    if call.check:
        trial = postgres.run(["BEGIN", *statements, "ROLLBACK"])
        return Fragment(f"{login}\n{trial}\npg_end", memo=memo)
    return Fragment(f"{login}\npb_differs", f"{postgres.run(statements, '-1')}\npg_end", memo=memo)


def _not_removed(call: Call, problem: Outcome, queries: list[str]) -> Outcome:
    if call.args["fail_on_user"]:
        return failed(f"Unable to remove user: {problem.msg}")
    return ok(False, user=call.args["name"], user_removed=False, queries=queries)


def _done(call: Call, queries: list[str]) -> Outcome:
    removed = {"user_removed": True} if call.args["state"] == "absent" and queries else {}
    named = {"user": call.args["name"], **removed}
    return ok(bool(queries), **named, queries=queries)
