"""rpm_key: keys that rpm trusts (ansible.builtin.rpm_key)."""

from __future__ import annotations

import re
from typing import Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.sh import keys
from runner.sh.quote import path, quote
from runner.sh.verdict import failure

SPEC = Spec(
    doc="Add a key to those that rpm trusts, or remove it.",
    brings=True,
    options={
        "key": Option(required=True, doc="A file on the host, a URL, or the id of a key that is there."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "fingerprint": Option("list", elements="str", doc="Fingerprints that the file must have."),
        "validate_certs": Option("bool", default=True, doc="Accepted: the certificate of the URL's server is checked."),
    },
    example="""\
- name: A vendor's key
  ansible.builtin.rpm_key:
    key: https://packages.example.com/key.asc
    fingerprint: EBC6 E12C 62B1 C734 026B  2122 A20E 5214 6B8D 79E6
""",
)

_LOOK: Final = r"""
pb_have rpm || pb_fail "rpm is not installed on this host"
pb_show() { pb_gpg --with-colons --import-options show-only --import 2>/dev/null; }
"""
_URL: Final = r"""
pb_file=$pb_dir/s.key
pb_get SOURCE "$pb_file" || pb_fail "failed to fetch key at "SOURCE
grep -q -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$pb_file" || pb_fail "Not a public key: "SOURCE
"""
_FILE: Final = r"""
pb_file=SOURCE
[ -f "$pb_file" ] || pb_fail "Not a valid key "SOURCE
"""
_ID: Final = r"""
pb_id=$(pb_show <"$pb_file" | awk -F: '$1 == "pub" { print $5; exit }')
[ -n "$pb_id" ] || pb_fail "Unexpected gpg output"
"""
_IMPORTED: Final = r"""
pb_imported=
if pb_all=$(rpm -q gpg-pubkey --qf '%{DESCRIPTION}\n' 2>/dev/null); then
  case $(printf '%s\n' "$pb_all" | pb_show | cut -d : -f 5) in *"$pb_id"*) pb_imported=1 ;; esac
fi
"""
_PRESENT: Final = r"""
if [ -z "$pb_imported" ]; then
  [ -n "$pb_file" ] || pb_fail "When importing a key, a valid file must be given"
  pb_prints=$(pb_show <"$pb_file" | awk -F: '$1 == "fpr" { print $10 }')
  for pb_one in $pb_wanted; do
    case "$pb_nl$pb_prints$pb_nl" in *"$pb_nl$pb_one$pb_nl"*) ;; *)
      pb_fail "The specified fingerprint, '$pb_one', does not match any key fingerprints in '$pb_file'" ;;
    esac
  done
  pb_differs
fi
"""
_IMPORT: Final = 'rpm --import "$pb_file" || pb_fail "rpm --import failed"'
_ERASE: Final = r"""
while :; do case $pb_id in ?????????*) pb_id=${pb_id#?} ;; *) break ;; esac; done
rpm --erase --allmatches "gpg-pubkey-$(printf %s "$pb_id" | tr A-F a-f)" || pb_fail "rpm --erase failed"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: the key's id is looked for among those that rpm has."""
    key = call.args["key"]
    wanted = " ".join(re.sub("[^0-9A-F]", "", one.upper()) for one in call.args["fingerprint"] or ())
    lines = [f"pb_file= pb_id= pb_wanted={quote(wanted)}", keys.GET, keys.GPG, _LOOK]
    if "://" in key:
        lines += [_URL.replace("SOURCE", quote(key)), _ID]
    elif re.fullmatch("(0x)?([0-9a-f]{8,40})", key.strip(), re.IGNORECASE | re.ASCII):
        lines.append(f"pb_id={key.strip().upper().removeprefix('0X')}")
    else:
        lines += [_FILE.replace("SOURCE", path(key)), _ID]
    absent = call.args["state"] == "absent"
    lines += [_IMPORTED, '[ -z "$pb_imported" ] || pb_differs' if absent else _PRESENT]
    return Fragment("\n".join(lines), _ERASE if absent else _IMPORT)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when rpm had no such key, or had one that shall go."""
    return failure(reply) or ok(changed=reply.differs)
