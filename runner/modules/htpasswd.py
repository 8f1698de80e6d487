"""htpasswd: who may pass a web server's basic authentication (community.general.htpasswd)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import editing, web_passwords
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.verdict import text

COLLECTION = "community.general"

SPEC = Spec(
    doc="Keep a user and a password in a file for basic authentication, or remove the user.",
    options={
        "path": Option("path", required=True, aliases=("dest", "destfile"), doc="The file."),
        "name": Option(required=True, aliases=("username",), doc="The user."),
        "password": Option(secret=True, doc="The password; it is hashed here, and does not reach the host."),
        "hash_scheme": Option(default="apr_md5_crypt", aliases=("crypt_scheme",), doc="How it is hashed."),
        "state": Option(default="present", choices=("present", "absent"), doc="Whether the user shall be there."),
        "create": Option("bool", default=True, doc="Make the file (and its folder) if there is none."),
        **FILE_OPTIONS,
    },
    example="""\
- name: Jane may see the status page
  community.general.htpasswd:
    path: /etc/nginx/status.users
    name: jane
    password: "{{ vault_jane }}"
    hash_scheme: bcrypt
    group: www-data
    mode: "0640"
""",
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    args = call.args
    if args["state"] == "present" and args["password"] is None:
        return failed("password is required with state=present")
    create = args["create"] and args["state"] == "present"
    return editing.read(call, editing.from_args(args, create=create, sealed=True))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit | Outcome:
    path, name = args["path"], args["name"]
    if args["state"] == "absent":
        old = text(before or b"")
        new = web_passwords.absent(old, name)
        if before is None:
            return Outcome(Status.OK, {"msg": f"{name} not present"}, msg=f"{name} not present")
        return editing.Edit(editing.encoded(new), f"{name} not present" if new == old else f"Remove {name}")
    if before is None and not args["create"]:
        return failed(f"Destination {path} does not exist")
    old = text(before or b"")
    new = web_passwords.present(old, name, args["password"], args["hash_scheme"])
    if before is None:
        return editing.Edit(editing.encoded(new), f"Created {path} and added {name}")
    return editing.Edit(editing.encoded(new), f"{name} already present" if new == old else f"Add/update {name}")
