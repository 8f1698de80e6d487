"""selinux: SELinux's mode and policy, now and at the next boot (ansible.posix.selinux)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing
from runner.sh.verdict import text

COLLECTION = "ansible.posix"

SPEC = Spec(
    doc="Set SELinux's mode and policy.",
    required_if=(("state", "enforcing", ("policy",)), ("state", "permissive", ("policy",))),
    options={
        "state": Option(required=True, choices=("disabled", "enforcing", "permissive"), doc="The mode."),
        "policy": Option(doc="The policy, `targeted` for example; not needed to disable it."),
        "configfile": Option("path", default="/etc/selinux/config", aliases=("conf", "file"), doc="Its file."),
        "update_kernel_param": Option(
            "bool", default=False, doc="Set the kernel's parameter `selinux`, too, with grubby."
        ),
    },
    example="""\
- name: Enforce the policy
  ansible.posix.selinux:
    policy: targeted
    state: enforcing
""",
    returns={
        "reboot_required": "Whether it only holds after a reboot.",
        "policy": "The policy.",
        "state": "The mode.",
        "configfile": "The file.",
        "msg": "What was changed.",
    },
)

_ASK: Final = r"""
now=disabled
if [ -e /sys/fs/selinux/enforce ] || { pb_have selinuxenabled && selinuxenabled; }; then
  pb_have getenforce || pb_fail "selinux needs getenforce and setenforce on the host"
  now=$(getenforce | tr A-Z a-z)
fi
pb_kv now "$now"
if [ -n "$(command -v grubby)" ]; then
  case " $(grubby --info=DEFAULT 2>/dev/null | sed -n 's/^args=//p' | tr -d '"') " in
  *" selinux=0 "*) pb_kv kernel 0 ;;
  *) pb_kv kernel 1 ;;
  esac
fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: the file, and what holds now."""
    del desk
    wish = editing.from_args({"path": call.args["configfile"], "unsafe_writes": True}, attributes_msg="")
    return editing.read(call, wish, _ASK)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change in the file and at once; of the second trip, what came of it."""
    del desk
    asked = text(reply.values.get("now", b"")), text(reply.values.get("kernel", b""))
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before, *asked))


def _change(args: Mapping[str, Any], before: bytes | None, now: str, kernel: str) -> editing.Edit | Outcome:
    path, state = args["configfile"], args["state"]
    if args["policy"] and not re.fullmatch(r"[\w.-]+", args["policy"], re.ASCII):
        return failed(f"{args['policy']!r} is not the name of a policy")
    if before is None:
        return failed(f"Unable to find file {path}")
    content, said = _configured(before.decode("utf-8", "surrogateescape"), args)
    then, told = _at_once(now, state)
    if args["update_kernel_param"]:
        if not kernel:
            return failed("update_kernel_param needs grubby on the host")
        if kernel != str(int(state != "disabled")):
            then.append(_grubby(state))
            told.append(f"SELinux kernel parameter changed to selinux={int(state != 'disabled')}")
    values = {
        "configfile": path,
        "policy": args["policy"] or "",
        "state": state,
        "reboot_required": (now == "disabled") != (state == "disabled"),
    }
    return editing.Edit(
        content.encode("utf-8", "surrogateescape"), ", ".join([*said, *told]), values, then="\n".join(then)
    )


def _configured(content: str, args: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The file with mode and policy as wanted, and what was changed in it."""
    said: list[str] = []
    for name, what, word in (("SELINUX", "state", args["state"]), ("SELINUXTYPE", "policy", args["policy"])):
        found = re.search(rf"^{name}=(.*)$", content, re.MULTILINE)
        was = found[1].strip() if found else ""
        if word and was != word:
            said.append(f"Config SELinux {what} changed from '{was}' to '{word}'")
            content = _set(content, name, word, found)
    return content, said


def _at_once(now: str, state: str) -> tuple[list[str], list[str]]:
    """What is done about the mode that holds now, and what is said of it. Only a reboot turns SELinux off or on."""
    wanted = "permissive" if state == "disabled" else state
    if now in (wanted, "disabled"):
        return [], []
    until = " until the next reboot" if state == "disabled" else ""
    command = f"setenforce {int(wanted == 'enforcing')} || pb_fail 'setenforce failed'"
    return [command], [f"SELinux state changed from '{now}' to '{wanted}'{until}"]


def _set(content: str, name: str, word: str, found: re.Match[str] | None) -> str:
    if found:
        return content[: found.start()] + f"{name}={word}" + content[found.end() :]
    return content + ("" if not content or content.endswith("\n") else "\n") + f"{name}={word}\n"


def _grubby(state: str) -> str:
    change = "--args=selinux=0" if state == "disabled" else "--remove-args=selinux"
    return f"grubby --update-kernel=ALL {change} || pb_fail 'grubby failed'"
