"""postgresql_privs: privileges on objects of a PostgreSQL database (community.postgresql.postgresql_privs).

The first trip asks which roles are there. The second tries the statements in a transaction that is rolled back, and
compares all access lists of the type before and after: so a dry run knows just what a run would do, and what the server
would refuse. Only if they differ they are run for good. Unlike Ansible's, a grant to PUBLIC that changes nothing is
`ok`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import postgres, postgres_grants

COLLECTION = "community.postgresql"

SPEC = Spec(
    doc="Grant or revoke privileges on objects of a PostgreSQL database.",
    options={
        "login_db": Option(required=True, aliases=("db", "database"), doc="The database."),
        "state": Option(default="present", choices=("absent", "present"), doc="Grant or revoke."),
        "privs": Option(aliases=("priv",), doc="The privileges, with commas."),
        "type": Option(default="table", choices=postgres_grants.TYPES, doc="What the objects are."),
        "objs": Option(aliases=("obj",), doc="The objects, with commas, or ALL_IN_SCHEMA."),
        "schema": Option(doc="Where the objects are: `public` if not given."),
        "roles": Option(required=True, aliases=("role",), doc="Who gets or loses them, with commas, or PUBLIC."),
        "target_roles": Option(doc="Whose new objects the defaults are for."),
        "grant_option": Option("bool", aliases=("admin_option",), doc="Whether they may pass them on."),
        "fail_on_role": Option("bool", default=True, doc="Fail if a role is not there."),
        **postgres.LOGIN_OPTIONS,
    },
    example="""\
- name: Reports may read
  community.postgresql.postgresql_privs:
    login_db: app
    roles: reports
    privs: SELECT
    type: table
    objs: ALL_IN_SCHEMA
    schema: public
  become: true
  become_user: postgres
""",
    returns={
        "queries": "The SQL that was run, or in a dry run would be.",
    },
)


def _settled(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what depends on the type filled in."""
    schema = args["schema"] or ("public" if args["type"] in postgres_grants.IN_SCHEMA else None)
    objs = args["objs"] or (args["login_db"] if args["type"] == "database" else None)
    return {**args, "schema": schema, "objs": objs}


def _roles(args: Mapping[str, Any]) -> list[str]:
    """The roles; none means PUBLIC."""
    return [] if args["roles"].upper() == "PUBLIC" else [role.strip() for role in args["roles"].split(",")]


def _wrong(args: Mapping[str, Any]) -> str:
    kind = args["type"]
    if args["schema"] and kind not in postgres_grants.IN_SCHEMA:
        return f'Argument "schema" is not allowed for type "{kind}".'
    if not args["objs"]:
        return f'Argument "objs" is required for type "{kind}".'
    if kind == "group":
        return 'Argument "privs" is not allowed for type "group".' if args["privs"] else ""
    return "" if args["privs"] else f'Argument "privs" is required for type "{kind}".'


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: the roles that are not there."""
    del desk
    args = _settled(call.args)
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    postgres_grants.statements(args, _roles(args))  # mistakes are told before a host is asked
    query = postgres.query(postgres_grants.roles_there(_roles(args)))
    return Fragment(f"{postgres.login(args, args['login_db'])}\n{query}\npg_end", last=False)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the trial and, if it changed anything, the statements."""
    del desk
    problem = postgres.refused(reply)
    if problem:
        return problem
    if "queries" in fragment.memo:
        return ok(reply.differs, queries=fragment.memo["queries"])
    args = _settled(call.args)
    missing = [row["missing"] for row in postgres.rows(reply)]
    if missing and args["fail_on_role"]:
        return failed(f"Role '{missing[0]}' does not exist")
    there = [role for role in _roles(args) if role not in missing]
    if missing and not there:
        return ok(False, queries=[])
    return _trying(args, postgres_grants.statements(args, there))


def _trying(args: Mapping[str, Any], queries: list[str]) -> Fragment:
    """What the lists were and have become is one line each, however the server ends its own."""
    state = postgres_grants.state(args["type"])
    trial = postgres.run(["BEGIN", state, *queries, state, "ROLLBACK"])
    probe = (
        f'pg_lists=$(\n{trial}\n) || {{ pg_rc=$?; pg_end; exit "$pg_rc"; }}\n'
        '[ "${pg_lists%%"$pb_nl"*}" = "${pg_lists##*"$pb_nl"}" ] || pb_differs\n'
        '[ -n "$pb_diff" ] || pg_end'
    )
    login = postgres.login(args, args["login_db"])
    apply = f"{postgres.run(queries, '-1')}\npg_end"
    return Fragment(f"{login}\n{probe}", apply, memo={"queries": ["\n".join(queries)]})
