"""modprobe: a module of the kernel loaded or not, now and at boot (community.general.modprobe)."""

from __future__ import annotations

import shlex
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import kernel_modules
from runner.sh.quote import quote
from runner.sh.verdict import failure

COLLECTION = "community.general"

SPEC = Spec(
    doc="Load a module of the kernel, or unload it.",
    options={
        "name": Option(required=True, doc="The module."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be loaded."),
        "params": Option(default="", doc="Its parameters."),
        "persistent": Option(
            default="disabled",
            choices=("disabled", "present", "absent"),
            doc="Whether it shall be loaded at boot, with these parameters; `disabled` leaves that as it is.",
        ),
    },
    example="""\
- name: VLANs, after a reboot, too
  community.general.modprobe:
    name: 8021q
    persistent: present
""",
    returns={"name": "The module.", "params": "Its parameters.", "state": "Whether it is loaded."},
)

# kmod can say beforehand whether a module can be loaded; busybox cannot.
_CAN: Final = r"""
if [ -n "$pb_check" ]; then
  case $(modprobe --version 2>/dev/null) in kmod*) said=$(modprobe -n {words} 2>&1) || pb_fail "$said" ;; esac
fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: what is loaded and what is in the files, and making it as it shall be."""
    del desk
    args = call.args
    if not args["name"] or "/" in args["name"] or args["name"] != "".join(args["name"].split()):
        return failed(f"{args['name']!r} is no name of a module")
    loading, words = args["state"] == "present", _words(args)
    probe = [
        f"name={quote(args['name'])} params={quote(' '.join(args['params'].split()))}",
        kernel_modules.LOOK,
        kernel_modules.WRITING,
    ]
    apply: list[str] = []
    if loading:
        probe.append(f'if [ -z "$loaded" ]; then pb_differs\n{_CAN.format(words=words)}\nfi')
        apply.append(f'[ -n "$loaded" ] || said=$(modprobe {words} 2>&1) || pb_fail "$said"')
    else:
        probe.append('[ -z "$loaded" ] || pb_differs')
        apply.append('[ -z "$loaded" ] || said=$(modprobe -r -- "$name" 2>&1) || pb_fail "$said"')
    if args["persistent"] != "disabled":
        probe.append(_DIFFERS[args["persistent"]])
        apply += [_LASTING[args["persistent"]]]
    return Fragment(probe="\n".join(probe), apply="\n".join(apply))


_DIFFERS: Final = {
    "present": r"""
[ -n "$at_boot" ] || { pb_differs; can_write "/etc/modules-load.d/$name.conf"; }
[ -n "$same_params" ] || { pb_differs; can_write "/etc/modprobe.d/$name.conf"; }""",
    "absent": '[ -z "$at_boot$given" ] || pb_differs',
}
_LASTING: Final = {
    "present": r"""
[ -n "$at_boot" ] || write_file "/etc/modules-load.d/$name.conf" name_alone
if [ -z "$same_params" ]; then
  comment_out /etc/modprobe.d params_line
  [ -z "$params" ] || write_file "/etc/modprobe.d/$name.conf" options_lines
fi""",
    "absent": r"""
[ -z "$at_boot" ] || comment_out /etc/modules-load.d at_boot_line
[ -z "$given" ] || comment_out /etc/modprobe.d params_line""",
}


def _words(args: Any) -> str:
    try:
        params = shlex.split(args["params"])
    except ValueError as error:
        raise StepError(f"params: {error}") from None
    return " ".join(("--", quote(args["name"]), *map(quote, params)))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The module and its parameters."""
    del fragment, desk
    broken = failure(reply)
    if broken:
        return broken
    values = {name: call.args[name] for name in ("name", "params", "state")}
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
