"""postgresql_ext: an extension of a PostgreSQL database (community.postgresql.postgresql_ext)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import postgres
from runner.sh.postgres import identifier, literal

COLLECTION = "community.postgresql"

SPEC = Spec(
    doc="Add, update or drop an extension of a PostgreSQL database.",
    brings=True,
    options={
        "name": Option(required=True, aliases=("ext",), doc="The extension."),
        "login_db": Option(required=True, aliases=("db",), doc="The database."),
        "schema": Option(doc="Where a new extension's objects go."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "cascade": Option("bool", default=False, doc="Also what it needs, or what needs it."),
        "version": Option(doc="Its version, or `latest`."),
        **postgres.LOGIN_OPTIONS,
    },
    example="""\
- name: Text search without accents
  community.postgresql.postgresql_ext:
    name: unaccent
    login_db: app
  become: true
  become_user: postgres
""",
    returns={
        "queries": "The SQL that was run, or in a dry run would be.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what is installed, and what could be."""
    del desk
    args = call.args
    name, version = literal(args["name"]), literal(args["version"] or "")
    select = (
        f"SELECT (SELECT extversion FROM pg_extension WHERE extname = {name}) AS current, "
        f"(SELECT default_version FROM pg_available_extensions WHERE name = {name}) AS latest, "
        f"EXISTS (SELECT 1 FROM pg_available_extension_versions WHERE name = {name} AND version = {version}) AS known, "
        f"EXISTS (SELECT 1 FROM pg_extension e, pg_extension_update_paths(e.extname) p WHERE e.extname = {name} "
        f"AND p.source = e.extversion AND p.target = {version} AND p.path IS NOT NULL) AS path"
    )
    return Fragment(f"{postgres.login(args, args['login_db'])}\n{postgres.query(select)}\npg_end", last=call.check)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the statement, if one is needed."""
    del desk
    problem = postgres.refused(reply, "Management of PostgreSQL extension failed: ")
    if problem:
        return problem
    if "queries" in fragment.memo:
        return _done(call, fragment.memo["queries"])
    found = postgres.rows(reply)[0]
    wrong = _wrong(call.args, found)
    if wrong:
        return failed(wrong)
    queries = _queries(call.args, found)
    if call.check or not queries:
        return _done(call, queries)
    login = postgres.login(call.args, call.args["login_db"])
    return Fragment(f"{login}\npb_differs", f"{postgres.run(queries)}\npg_end", memo={"queries": queries})


def _done(call: Call, queries: list[str]) -> Outcome:
    return ok(bool(queries), db=call.args["login_db"], ext=call.args["name"], queries=queries)


def _wrong(args: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Why the version that is wanted cannot be had, in Ansible's words; "" if it can."""
    version, current = args["version"], found["current"]
    if args["state"] == "absent":
        return ""
    if current is None and not version:
        return "" if found["latest"] else f"Extension {args['name']} is not available"
    if version in (None, "latest", current):
        return ""
    if current is None:
        return "" if found["known"] else f"Passed version '{version}' is not available"
    if found["path"]:
        return ""
    return (
        f"Passed version '{version}' has no valid update path from the currently installed version '{current}' or "
        "the passed version is not available"
    )


def _queries(args: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    name, current = identifier(args["name"]), found["current"]
    version = args["version"] or "latest"
    cascade = " CASCADE" if args["cascade"] else ""
    if args["state"] == "absent":
        return [f"DROP EXTENSION {name}{cascade}"] if current else []
    if current is None:
        schema = f" WITH SCHEMA {identifier(args['schema'])}" if args["schema"] else ""
        wanted = f" VERSION {literal(version)}" if version != "latest" else ""
        return [f"CREATE EXTENSION {name}{schema}{wanted}{cascade}"]
    if not args["version"] or current == (found["latest"] if version == "latest" else version):
        return []
    to = f" TO {literal(version)}" if version != "latest" else ""
    return [f"ALTER EXTENSION {name} UPDATE{to}"]
