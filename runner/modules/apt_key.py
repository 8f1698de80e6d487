"""apt_key: keys that apt trusts, in one of its keyrings (ansible.builtin.apt_key)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import keys, place
from runner.sh.encode import printf_word
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Add a key to those that apt trusts, or remove it.",
    brings=True,
    mutually_exclusive=(("data", "file", "keyserver", "url"),),
    options={
        "id": Option(doc="The key's id: 8, 16 or more hexadecimal digits."),
        "data": Option(doc="The key itself."),
        "file": Option("path", doc="A file on the host that holds it."),
        "url": Option(doc="Where it is; the host downloads it."),
        "keyserver": Option(doc="A server that is asked for it by its id."),
        "keyring": Option("path", doc="The keyring's file; by default /etc/apt/trusted.gpg."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "validate_certs": Option("bool", default=True, doc="Check the certificate of the URL's server."),
    },
    example="""\
- name: A vendor's key
  ansible.builtin.apt_key:
    url: https://packages.example.com/key.asc
    keyring: /etc/apt/trusted.gpg.d/vendor.gpg
""",
    returns={
        "id": "The key's id.",
        "fp": "Its last 16 digits.",
        "short_id": "Its last 8 digits.",
        "before": "The ids that were there.",
        "after": "The ids that are there now.",
    },
)

_RING: Final = "/etc/apt/trusted.gpg"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: the key is got where its id is not told, and looked for in the keyring."""
    args = call.args
    if args["keyserver"] and not args["id"]:
        return failed("Missing key_id, required with keyserver.")
    if args["id"] and not _digits(args["id"]):
        return failed("Invalid key_id", id=args["id"])
    sources = [name for name in ("file", "data", "url", "keyserver") if args[name]]
    if not args["id"] and not sources:
        return failed("Invalid key_id", id=None)
    ring = args["keyring"] or _RING
    soon = [args["file"]] if args["file"] and call.check and place.holds(call.will_exist, args["file"]) else []
    probe = "\n".join(
        (
            f"pb_id={quote(_digits(args['id'] or ''))} pb_ring={path(ring)} pb_new=$pb_dir/s.key",
            keys.GET,
            keys.GPG,
            "".join(f"[ -e {path(name)} ] || {{ pb_kv unsure 1; exit 0; }}\n" for name in soon),
            _getting(args),
            _LOOK,
            _ABSENT if args["state"] == "absent" else _PRESENT,
        )
    )
    apply = _REMOVE if args["state"] == "absent" else _adding(args, bool(sources))
    return Fragment(probe, apply, makes=(ring,) if args["state"] == "present" else ())


def _digits(given: str) -> str:
    """The id's digits in capitals; "" when it is no id."""
    digits = given.upper().removeprefix("0X")
    fits = len(digits) in (8, 16) or len(digits) > 16
    return digits if fits and re.fullmatch("[0-9A-F]+", digits, re.ASCII) else ""


def _getting(args: Mapping[str, Any]) -> str:
    """Sh text that puts the key into `$pb_new`, and its id into `pb_id` where it is not told."""
    first = 'pb_id=$(pb_first "$pb_new")\n[ -n "$pb_id" ] || pb_fail "Unable to extract key from "WHAT'
    if args["file"]:
        file = path(args["file"])
        read = f'[ -r {file} ] || pb_fail "cannot read "{file}\npb_new={file}'
    elif args["data"]:
        read = f'printf {printf_word(args["data"].encode("utf-8", "surrogateescape"))} >"$pb_new"'
    elif args["url"]:
        read = f'pb_get {quote(args["url"])} "$pb_new" || pb_fail "Failed to download key at "{quote(args["url"])}'
    else:
        return ""
    if not args["id"]:
        what = "'inline data'" if args["data"] else quote(args["file"] or args["url"])
        return f"{read}\n{first.replace('WHAT', what)}"
    # A key whose id is told is only downloaded when it is not there yet.
    return f"pb_read() {{ {read}\n}}" if args["url"] else read


_LOOK: Final = r"""
pb_before=$(pb_ids "$pb_ring")
pb_kv id "$pb_id"; pb_kv before "$pb_before"
pb_has() {
  while :; do case $pb_id in ?????????????????*) pb_id=${pb_id#?} ;; *) break ;; esac; done
  case $pb_nl$1$pb_nl in *"$pb_id$pb_nl"*) : ;; *) false ;; esac
}
pb_writable() {
  pb_differs
  pb_parent "$pb_ring"
  [ ! -d "$pb_where" ] || [ -w "$pb_where" ] || pb_fail "cannot write into $pb_where: permission denied"
}
"""
_PRESENT: Final = 'pb_has "$pb_before" || pb_writable'
_ABSENT: Final = '! pb_has "$pb_before" || pb_writable'


# What gpg says of itself counts for little: without an agent it complains, and does what it was told.
_ADD: Final = r"""
pb_parent "$pb_ring"
pb_make_folders "$pb_where" "" "" ""
pb_gpg --no-default-keyring --keyring "gnupg-ring:$pb_ring" --import <"$pb_new"
[ -s "$pb_ring" ] || pb_fail "Unable to add a key"
"""
_RECEIVE: Final = r"""
pb_gpg --no-default-keyring --keyring "gnupg-ring:$pb_home/ring" --keyserver SERVER --recv-keys KEY ||
  pb_fail "Error fetching key "KEY" from keyserver: "SERVER
pb_new=$pb_home/key
pb_gpg --no-default-keyring --keyring "gnupg-ring:$pb_home/ring" --export >"$pb_new"
"""
_DONE: Final = r"""
rm -f -- "$pb_ring~"
chmod 0644 "$pb_ring"
pb_after=$(pb_ids "$pb_ring")
pb_kv after "$pb_after"
"""
_SURE: Final = (
    'pb_has "$pb_after" || pb_fail "apt-key did not return an error, but failed to add the key '
    '(check that the id is correct and *not* a subkey)"'
)
_REMOVE: Final = (
    'pb_gpg --no-default-keyring --keyring "gnupg-ring:$pb_ring" --yes --delete-keys "$pb_id"\n'
    + _DONE
    + '! pb_has "$pb_after" || pb_fail "Unable to remove a key with id $pb_id"'
)


def _adding(args: Mapping[str, Any], sourced: bool) -> str:
    if not sourced:
        return 'pb_fail "No key to add: give data, file, url or keyserver"'
    if args["keyserver"]:
        receive = _RECEIVE.replace("SERVER", quote(args["keyserver"])).replace("KEY", quote(_digits(args["id"])))
        return receive + _ADD + _DONE + _SURE
    return ("pb_read\n" if args["url"] and args["id"] else "") + _ADD + _DONE + _SURE


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when the keyring had no such key, or had one that shall go."""
    broken = failure(reply)
    if broken:
        return broken
    if "unsure" in reply.values:
        return Outcome(Status.SKIPPED, unknown=f"{call.args['file']} would have been made before")
    given = call.args["id"] or value(reply, "id")
    digits = _digits(given)
    short = len(digits) == 8
    values: dict[str, Any] = {"id": given, "key_id": digits, "short_id": digits[-8:], "fp": digits[-16:]}
    values["before"] = _listed(reply, "before", short)
    if "after" in reply.values:
        values["after"] = _listed(reply, "after", short)
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)


def _listed(reply: Reply, key: str, short: bool) -> list[str]:
    return [found[-8:] if short else found for found in value(reply, key).split()]
