"""locale_gen: which locales the host has (community.general.locale_gen)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing, locales
from runner.sh.quote import quote
from runner.sh.verdict import text, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Generate locales, or remove them (Debian, Ubuntu and their like).",
    options={
        "name": Option("list", elements="str", required=True, doc="The locales: `de_DE.UTF-8`."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the host shall have them."),
    },
    example="""\
- name: German
  community.general.locale_gen:
    name: de_DE.UTF-8
""",
    returns={"name": "The locales.", "ubuntu_mode": "Whether the host keeps them as Ubuntu does."},
)

_WHERE: Final = r"""
p=/var/lib/locales/supported.d/local list=/usr/share/i18n/SUPPORTED ubuntu=1
if [ ! -d /var/lib/locales/supported.d ]; then
  p=/etc/locale.gen list=/etc/locale.gen ubuntu=
  [ -f "$p" ] || pb_fail "/var/lib/locales/supported.d/ and $p are missing. Is the package \"locales\" installed?"
fi
"""
_ASK: Final = r"""
pb_have locale || pb_fail "there is no program locale on the host"
pb_kv ubuntu "$ubuntu"
pb_kv installed "$(locale -a 2>/dev/null)"
[ ! -r "$list" ] || pb_blob supported "$list"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what locales there are, and what there could be."""
    del desk
    wish = editing.from_args({}, path="/etc/locale.gen", locate=_WHERE, unsafe=True, attributes_msg="")
    return editing.read(call, wish, _ASK)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call, reply, before))


def _change(call: Call, reply: Reply, before: bytes | None) -> editing.Edit | Outcome:
    names, present = call.args["name"], call.args["state"] == "present"
    installed, ubuntu = value(reply, "installed"), value(reply, "ubuntu") == "1"
    missing = locales.missing(names, installed)
    unavailable = [name for name in locales.unknown(names, value(reply, "supported")) if name in missing]
    if unavailable:
        said = ", ".join(unavailable)
        return failed(f"The following locales you've entered are not available on your system: {said}")
    edit = editing.Edit(before, values={"name": names, "ubuntu_mode": ubuntu})
    if present != bool(missing):
        return edit
    old = text(before or b"")
    if not ubuntu:
        new = locales.edited(old, names, present=present)
        return replace(edit, content=before if new == old else editing.encoded(new), then=_generate())
    if present:
        return replace(edit, then=_generate(names))
    new = locales.removed(old, names)
    return replace(edit, content=before if new == old else editing.encoded(new), then=_generate(["--purge"]))


def _generate(words: Sequence[str] = ()) -> str:
    """Sh text that runs locale-gen."""
    return (
        "pb_have locale-gen || PATH=$PATH:/usr/sbin:/sbin\n"
        f'said=$(locale-gen {" ".join(map(quote, words))} 2>&1) || pb_fail "locale-gen failed: $said"'
    )
