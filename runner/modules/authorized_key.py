"""authorized_key: who may log in with which SSH key (ansible.posix.authorized_key)."""

from __future__ import annotations

import posixpath
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import editing, ssh_keys
from runner.sh.accounts import LOGIN
from runner.sh.place import holds
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import text, value

COLLECTION = "ansible.posix"

SPEC = Spec(
    doc="Let SSH keys in to a user's account, or no longer.",
    options={
        "user": Option(required=True, doc="The user whose account it is."),
        "key": Option(required=True, doc="The public keys, one a line, or a URL where the host finds them."),
        "path": Option("path", doc="The file; by default ~/.ssh/authorized_keys of the user."),
        "manage_dir": Option("bool", default=True, doc="Make the file's folder, the user's own and closed to others."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the keys shall be there."),
        "key_options": Option(doc="Options before the key, parted by commas."),
        "exclusive": Option("bool", default=False, doc="Remove all other keys."),
        "comment": Option(doc="The comment behind the key, in place of its own."),
        "validate_certs": Option("bool", default=True, doc="Check the certificate of a URL."),
        "follow": Option("bool", default=False, doc="Change what a link points to, not the link."),
    },
    example="""\
- name: The deployer may log in
  ansible.posix.authorized_key:
    user: deploy
    key: "{{ lookup('file', 'deploy.pub') }}"
    exclusive: true
""",
    returns={"keyfile": "The file with the keys.", "user": "The user."},
)

_FETCH: Final = r"""
if pb_have curl; then fetched=$(curl -fsSL {curl}-- "$url")
elif pb_have wget; then fetched=$(wget -q {wget}-O - -- "$url")
else pb_fail "a key from a URL needs curl or wget on the host"
fi || pb_fail "Error getting key from: $url"
pb_kv keys "$fetched"
"""

# A user's own link must not lead us into somebody else's folder (~/.ssh to /root/.ssh).
_LINKED: Final = r"""
pb_parent "$p"
if [ -n "$login_uid" ] && [ -L "$pb_where" ]; then
  pb_stat "$pb_where"
  link_uid=$pb_uid
  pb_statl "$pb_where"
  [ "$link_uid" = 0 ] || [ "$pb_type" = absent ] || [ "$pb_uid" = "$login_uid" ] ||
    pb_fail "$pb_where is a link to a folder of somebody else"
fi
"""
# The folder itself, not those above it, is made private and the user's own; never what a link in its place points to.
_FOLDER: Final = r"""
pb_parent "$p"
[ -d "$pb_where" ] || mkdir -m 0700 -- "$pb_where" || pb_fail "Failed to create directory $pb_where"
pb_want_mode=0700
pb_attr_apply "$pb_where" "$login_uid" "$login_gid"
"""
_ABOVE: Final = r"""
pb_parent "$p"
folder=$pb_where
pb_parent "$folder"
[ -d "$pb_where" ] || pb_fail "Failed to create directory $folder: there is no $pb_where"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: who the user is, what the file holds, and the keys behind a URL."""
    del desk
    args = call.args
    ssh_keys.wanted("" if _is_url(args["key"]) else args["key"], args["key_options"], args["comment"])
    user = f"{LOGIN}\nlogin_of {quote(args['user'])}"
    place = f"p={path_word(args['path'])}" if args["path"] else "p=${login_home%/}/.ssh/authorized_keys"
    nobody = f'pb_fail "Failed to lookup user "{quote(args["user"])}'
    if call.check:
        nobody = "login_home= pb_no=1" if args["path"] else "{ pb_kv nobody 1; exit 0; }"
    wish = editing.from_args(
        {},
        path=args["path"] or f"~{args['user']}/.ssh/authorized_keys",
        locate=f"{user} || {nobody}\n{place}\n{_LINKED}",
        create=args["state"] == "present",
        follow=args["follow"],
        mode="0600",
        with_content=True,
        owner_words='"$login_uid" "$login_gid"',
        first=f"{user} || pb_fail 'the user has gone'\n{_LINKED}{_FOLDER if args['manage_dir'] else ''}",
        attributes_msg="",
    )
    asks = _ABOVE if args["manage_dir"] and args["state"] == "present" and not _will_be_made(call) else ""
    return editing.read(call, wish, asks + (_fetching(args) if _is_url(args["key"]) else ""))


def _will_be_made(call: Call) -> bool:
    """Whether a dry run's earlier step makes the folder that the file's folder is in."""
    above = posixpath.dirname(posixpath.dirname(call.args["path"] or ""))
    return call.check and holds(call.will_exist, above)


def _is_url(key: str) -> bool:
    return key.startswith("http")


def _fetching(args: Any) -> str:
    curl, wget = ("", "") if args["validate_certs"] else ("-k ", "--no-check-certificate ")
    return f"url={quote(args['key'])}" + _FETCH.format(curl=curl, wget=wget)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    if "nobody" in reply.values:
        return Outcome(Status.SKIPPED, unknown=f"there is no user {call.args['user']} yet")
    return editing.outcome(call, fragment, reply, lambda before: _change(call, reply, before))


def _change(call: Call, reply: Reply, before: bytes | None) -> editing.Edit | Outcome:
    args = call.args
    given = value(reply, "keys") if _is_url(args["key"]) else args["key"]
    keys = ssh_keys.wanted(given, args["key_options"], args["comment"])
    old = text(before or b"")
    if args["state"] == "absent":
        new = ssh_keys.absent(old, keys)
    elif keys or args["exclusive"]:
        new = ssh_keys.present(old, keys, exclusive=args["exclusive"])
    else:
        return failed("there is no key in what is given")
    content = before if new == old else editing.encoded(new)
    return editing.Edit(content, values={**args, "keyfile": value(reply, "path")})
