"""reboot: restarts the host and waits until it is back (ansible.builtin.reboot)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.quote import quote
from runner.sh.verdict import complaint, text, value

_PATHS: Final = ("/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin")
_DEPRECATED: Final = ("connect_timeout", "post_reboot_delay", "pre_reboot_delay", "reboot_timeout")

SPEC = Spec(
    doc="Restart the host, wait until it is back, and go on.",
    effect=Effect.UNSAFE,
    options={
        "reboot_command": Option(doc="What restarts it, instead of shutdown (or reboot where there is none)."),
        "msg": Option(default="Reboot initiated by Ansible", doc="What its users are told."),
        "pre_reboot_delay": Option("int", default=0, aliases=("pre_reboot_delay_sec",), doc="Seconds until it begins."),
        "post_reboot_delay": Option(
            "int", default=0, aliases=("post_reboot_delay_sec",), doc="Seconds from the command to the first try."
        ),
        "reboot_timeout": Option(
            "int",
            default=600,
            aliases=("reboot_timeout_sec",),
            doc="Seconds it may take to come back, and to be ready.",
        ),
        "connect_timeout": Option(
            "int",
            aliases=("connect_timeout_sec",),
            doc="Seconds that one try may take to connect, and its shell to get ready.",
        ),
        "test_command": Option(default="whoami", doc="What must succeed there before it counts as back."),
        "boot_time_command": Option(doc="What prints something that changes with every start."),
        "search_paths": Option("list", default=list(_PATHS), elements="str", doc="Where shutdown is looked for."),
    },
    example="""\
- name: With the new kernel
  ansible.builtin.reboot:
    reboot_timeout: 900
""",
    returns={"rebooted": "Whether it was restarted.", "elapsed": "Seconds from the command until it was ready."},
)

# Ended by one of these signals, the command's shell was taken along by what it began.
_TAKEN_ALONG: Final = frozenset({129, 130, 137, 143})
_LONGEST_PAUSE_S: Final = 12.0

_BOOT_TIME: Final = r"""case $(uname -s) in
Linux) cat /proc/sys/kernel/random/boot_id ;;
FreeBSD | OpenBSD) /sbin/sysctl kern.boottime ;;
*) who -b ;;
esac"""
_FIND: Final = r"""pb_find() {
  pb_found=
  case $1 in /*) pb_found=$1; return 0 ;; esac
  for pb_d in SEARCH; do [ ! -e "$pb_d/$1" ] || { pb_found=$pb_d/$1; return 0; }; done
  return 1
}
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First only a look: when the host was started, and with what it can be."""
    del desk
    args = call.args
    if call.transport == "local":
        msg = "Running reboot with local connection would reboot the control node."
        return failed(msg, elapsed=0, rebooted=False, changed=False)
    if call.check:
        return Outcome(Status.CHANGED, {"elapsed": 0, "rebooted": True})
    command = args["reboot_command"]
    if command is not None and not command.split(" ", 1)[0]:
        raise StepError("reboot_command is empty")
    names = [command.split(" ", 1)[0]] if command is not None else ["shutdown", "reboot"]
    find = _FIND.replace("SEARCH", " ".join(map(quote, args["search_paths"])) or "''")
    missing = f'Unable to find command "{names[0]}" in search paths: {args["search_paths"]}'
    tries = " || ".join(f"pb_find {quote(name)}" for name in names)
    return Fragment(
        probe=f'{find}{tries} || pb_fail {quote(missing)}\npb_kv found "$pb_found"\n{_boot_time(args)}',
        effect=Effect.READ,
        last=False,
        memo={"phase": "look"},
    )


def _boot_time(args: Mapping[str, Any]) -> str:
    """Runs the command that tells one start of the host from another; its text is the user's."""
    return f"( pb_user_run sh -c {quote(args['boot_time_command'] or _BOOT_TIME)} )"


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """One step after another: look, restart, wait for another start, wait until the test succeeds."""
    del desk
    memo = fragment.memo
    if memo["phase"] == "look":
        return _restart(call, reply)
    if memo["phase"] == "restart":
        if reply.lost is None and reply.rc not in (0, *_TAKEN_ALONG):
            said = f"{text(reply.stdout).strip()}, {text(reply.stderr).strip()}"
            elapsed = {"elapsed": 0, "rebooted": False}
            return failed(f"Reboot command failed. Error was: '{said}'", changed=False, **elapsed)
        return _wait(
            call, {**memo, "phase": "wait", "begun": reply.end, "tries": 0}, max(0, call.args["post_reboot_delay"])
        )
    return _waited(call, memo, reply)


def _restart(call: Call, reply: Reply) -> Outcome | Fragment:
    args = call.args
    if "msg" in reply.values:
        return failed(value(reply, "msg"), reboot=False)
    if reply.rc:
        said = f"rc: {reply.rc}, stdout: {text(reply.stdout)}, stderr: {text(reply.stderr)}"
        return failed(f"reboot: failed to get host boot time info, {said}", reboot=False)
    found = value(reply, "found")
    if args["reboot_command"] is not None:
        words = f"{quote(found)} {args['reboot_command'].partition(' ')[2]}"
    elif found.endswith("/shutdown"):
        words = f"{quote(found)} -r {max(0, args['pre_reboot_delay']) // 60} {quote(args['msg'])}"
    else:
        words = quote(found)
    memo = {"phase": "restart", "booted": text(reply.stdout).strip()}
    return Fragment(
        probe="pb_differs",
        apply=f"pb_user_run sh -c {quote(words)}",
        effect=Effect.UNSAFE,
        last=False,
        memo=memo,
        survives=True,
    )


def _wait(call: Call, memo: Mapping[str, Any], pause_s: float) -> Fragment:
    """The next look at a host that may not be there: over a connection of its own while it is coming back."""
    testing = memo["phase"] == "test"
    args = call.args
    probe = f"( pb_user_run sh -c {quote(args['test_command'])} )" if testing else _boot_time(args)
    return Fragment(
        probe=probe,
        effect=Effect.READ,
        last=False,
        memo=memo,
        after_s=pause_s,
        anew=not testing or memo.get("lost", False),
        survives=True,
        connect_timeout_s=args["connect_timeout"],
    )


def _waited(call: Call, memo: Mapping[str, Any], reply: Reply) -> Outcome | Fragment:
    args = call.args
    now = text(reply.stdout).strip()
    fine = reply.lost is None and reply.rc == 0
    testing = memo["phase"] == "test"
    if fine and testing:
        return Outcome(Status.CHANGED, {"rebooted": True, "elapsed": int(reply.end - memo["begun"])})
    if fine and now and now != memo["booted"]:
        return _wait(call, {**memo, "phase": "test", "since": reply.end, "tries": 0}, 0.0)
    since = memo.get("since", memo["begun"])
    pause = min(2.0 ** memo["tries"], _LONGEST_PAUSE_S)
    if reply.end + pause - since > args["reboot_timeout"]:
        what = "post-reboot test command" if testing else "last boot time check"
        msg = f"Timed out waiting for {what} (timeout={args['reboot_timeout']})"
        last = reply.lost or complaint(reply.stderr)
        elapsed = {"rebooted": True, "elapsed": int(reply.end - memo["begun"])}
        return failed(f"{msg}: {last}" if last else msg, **elapsed)
    return _wait(call, {**memo, "tries": memo["tries"] + 1, "lost": reply.lost is not None}, pause)
