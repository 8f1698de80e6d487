"""known_hosts: whose host keys SSH trusts (ansible.builtin.known_hosts)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing, host_keys
from runner.sh.verdict import text, value

SPEC = Spec(
    doc="Keep a host's key in a known_hosts file, or remove it.",
    options={
        "name": Option(required=True, aliases=("host",), doc="The host, as it stands in the file."),
        "key": Option(doc="Its key, as a line of the file."),
        "path": Option("path", default="~/.ssh/known_hosts", doc="The file."),
        "hash_host": Option("bool", default=False, doc="Make the host's name unreadable in the file."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the key shall be there."),
    },
    example="""\
- name: The server of our repositories is known
  ansible.builtin.known_hosts:
    name: git.example.com
    key: "{{ lookup('file', 'git.example.com.pub') }}"
""",
    returns={"path": "The file."},
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    args = call.args
    if args["key"]:
        host_keys.check(args["key"], args["name"].lower())
    elif args["state"] == "present":
        return failed("No key specified when adding a host")
    # As `ssh-keygen -R` does, which Ansible runs.
    keep = "" if args["key"] else 'pb_swap_link "$p" "$p.old"'
    wish = editing.from_args(
        {},
        path=args["path"],
        create=args["state"] == "present",
        folders=False,
        describe=True,
        first=keep,
        attributes_msg="",
    )
    return editing.read(call, wish)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, reply, before))


def _change(args: Mapping[str, Any], reply: Reply, before: bytes | None) -> editing.Edit:
    old, host, key = text(before or b""), args["name"].lower(), args["key"] or ""
    if key and args["hash_host"]:
        key = host_keys.hashed(key, host, secrets.token_bytes(host_keys.SALT_BYTES))
    new = (host_keys.present if args["state"] == "present" else host_keys.absent)(old, host, key)
    content = before if new == old else editing.encoded(new)
    return editing.Edit(content, values={**args, "path": value(reply, "path")})
