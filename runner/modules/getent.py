"""getent: entries of the host's databases of users, groups, hosts, services … (ansible.builtin.getent)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.quote import quote
from runner.sh.verdict import text

SPEC = Spec(
    doc="Look into a database of the host (passwd, group, hosts, services …); what is found becomes a fact.",
    effect=Effect.READ,
    tells_facts=True,
    options={
        "database": Option(required=True, doc="The database, as getent(1) has it."),
        "key": Option(doc="The entry to look for; without it, all that can be listed."),
        "service": Option(doc="The source to ask, instead of those that nsswitch.conf names."),
        "split": Option(doc="What stands between fields; without it, `:` for users and groups, blanks for others."),
        "fail_key": Option("bool", default=True, doc="Fail when the entry is not there."),
    },
    example="""\
- name: The user's home
  ansible.builtin.getent:
    database: passwd
    key: app
- ansible.builtin.debug:
    msg: "{{ ansible_facts.getent_passwd.app[4] }}"
""",
    returns={"ansible_facts": "`getent_DATABASE`: for each key found the list of its other fields."},
)

_COLONS: Final = frozenset({"passwd", "shadow", "group", "gshadow"})
# Exit codes of getent(1).
_WRONG: Final[Mapping[int, str]] = {
    1: "Missing arguments, or database unknown.",
    2: "One or more supplied key could not be found in the database.",
    3: "Enumeration not supported on this database.",
}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Reads only."""
    del desk
    args = call.args
    words = [args["database"]] if args["key"] is None else [args["database"], args["key"]]
    options = ["-s", args["service"]] if args["service"] is not None else []
    if any(word.startswith("-") for word in words):
        options.append("--")  # only then: the getent of musl knows none
    command = " ".join(quote(word) for word in ("getent", *options, *words))
    missing = "pb_fail 'there is no getent on this host; install it (libc-bin, glibc-common or musl-utils)'"
    fine = "0" if args["fail_key"] else "0 | 2"
    probe = f"pb_have getent || {missing}\n{command}\nrc=$?\npb_kv rc $rc\ncase $rc in {fine}) ;; *) exit $rc ;; esac"
    return Fragment(probe=probe, effect=Effect.READ)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The entries found, as a fact named after the database."""
    del fragment, desk
    if "rc" not in reply.values:
        return failed(text(reply.values.get("msg", reply.stderr)).strip())
    fact, rc = f"getent_{call.args['database']}", int(reply.values["rc"])
    if rc == 0:
        return Outcome(Status.OK, own_facts={fact: _entries(call.args, text(reply.stdout))})
    if rc == 2 and not call.args["fail_key"]:
        return Outcome(Status.OK, own_facts={fact: {call.args["key"]: None}}, msg=_WRONG[2])
    return failed(_WRONG.get(rc, "Unexpected failure!"))


def _entries(args: Mapping[str, Any], said: str) -> dict[str, Any]:
    """Key → other fields; a key that comes more than once has a list of such lists."""
    split = args["split"] or (":" if args["database"] in _COLONS else None)
    found: dict[str, list[list[str]]] = {}
    for line in said.splitlines():
        key, *fields = line.split(split) or [""]
        found.setdefault(key, []).append(fields)
    return {key: lists[0] if len(lists) == 1 else lists for key, lists in found.items()}
