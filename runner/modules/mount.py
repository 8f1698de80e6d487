"""mount: what is mounted where, now and at boot (ansible.posix.mount)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.model.values import Secret
from runner.sh import editing, fstab, mounting
from runner.sh.quote import path as path_word
from runner.sh.verdict import text, value

COLLECTION = "ansible.posix"

_STATES = (
    "absent",
    "absent_from_fstab",
    "absent_mount",
    "mounted",
    "present",
    "unmounted",
    "remounted",
    "ephemeral",
)
_NEEDED = ("src", "fstype")

SPEC = Spec(
    doc="Keep a file system in fstab, mounted, or neither.",
    brings=True,
    required_if=tuple(("state", state, _NEEDED) for state in ("mounted", "present", "ephemeral")),
    options={
        "path": Option("path", required=True, aliases=("name",), doc="Where it is mounted."),
        "src": Option("path", doc="The device, the network file system, or the folder."),
        "fstype": Option(doc="The kind of file system."),
        "opts": Option(doc="Its options; `defaults` without any."),
        "opts_no_log": Option("bool", default=False, doc="The options hold secrets."),
        "dump": Option(default="0", doc="The fifth field of fstab."),
        "passno": Option(default="0", doc="The sixth field of fstab."),
        "state": Option(required=True, choices=_STATES, doc="In fstab, mounted, both, or neither."),
        "fstab": Option(doc="Another file than /etc/fstab."),
        "boot": Option("bool", default=True, doc="Mount it at boot; else `noauto` is added to its options."),
        "backup": Option("bool", default=False, doc="Keep the old fstab beside it, with the time in its name."),
    },
    example="""\
- name: Space for the database
  ansible.posix.mount:
    path: /var/lib/postgresql
    src: LABEL=database
    fstype: ext4
    opts: noatime
    state: mounted
""",
    returns={
        "name": "Where it is mounted.",
        "src": "What is mounted.",
        "fstype": "The kind of file system.",
        "opts": "Its options.",
        "fstab": "The file.",
        "backup_file": "Where the old fstab is kept.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what fstab holds, and what is mounted."""
    del desk
    args = call.args
    if args["path"] == "none" and args["state"] in ("mounted", "unmounted", "remounted", "ephemeral"):
        return failed("path none (a swap) can be present in fstab or absent from it, but not mounted")
    wish = editing.from_args(
        args,
        path=args["fstab"] or "/etc/fstab",
        create=args["state"] in ("present", "mounted"),
        unsafe=True,
        sealed=args["opts_no_log"],
        attributes_msg="",
    )
    asks = f"""at={path_word(args["path"])}
pb_kv at "$at"; pb_real "$at"; pb_kv mount_point "${{pb_real:-$at}}"
[ -r /proc/self/mountinfo ] || pb_fail "what is mounted is known on Linux only, where /proc is"
pb_blob mountinfo /proc/self/mountinfo"""
    return editing.read(call, wish, asks)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, reply, before))


def _change(args: Mapping[str, Any], reply: Reply, before: bytes | None) -> editing.Edit | Outcome:
    entry = _entry(args, value(reply, "at"))
    all_mounts = fstab.mounts(value(reply, "mountinfo"))
    here = fstab.mounted(all_mounts, value(reply, "mount_point"))
    texts = mounting.Texts(entry, value(reply, "mount_point"), args["fstab"])
    edit = editing.Edit(before, values=_values(args, entry))
    state = args["state"]
    if state.startswith("absent"):
        new = fstab.absent(text(before or b""), entry.path, args["src"])
        if before is None or new == text(before):
            return edit
        only = state == "absent_from_fstab" or entry.path == "none"
        then = "" if only else texts.unmount(mounted=here is not None, remove=state == "absent")
        return replace(edit, content=editing.encoded(new), then=then)
    if state == "unmounted":
        return replace(edit, then=texts.unmount(mounted=True)) if here else edit
    if state == "remounted":
        return replace(edit, then=texts.remount(strict=args["opts"] is not None))
    same = here is not None and fstab.is_of(all_mounts, here, entry.src)
    if state == "ephemeral":
        if here is not None and not same:
            return failed(f"{entry.path} is already mounted with a different source ({here.src}); unmount it first")
        return replace(edit, then=texts.remount(strict=False, ephemeral=True) if here else texts.mount(ephemeral=True))
    return _kept(edit, entry, texts, state == "mounted", here is not None and (same or fstab.is_own(all_mounts, here)))


def _kept(edit: editing.Edit, entry: fstab.Entry, texts: mounting.Texts, mount: bool, mounted: bool) -> editing.Edit:
    """The entry is in fstab; with `mount` it is mounted as it says there."""
    old = text(edit.content or b"")
    new = fstab.present(old, entry)
    written = new != old
    if not mount:
        then = ""
    elif mounted:
        then = texts.remount(strict=False, undo=True) if written else ""
    else:
        then = texts.mount(undo=written)
    if not written:
        return replace(edit, then=then)
    return replace(edit, content=editing.encoded(new), first=mounting.KEEP if then else "", then=then)


def _entry(args: Mapping[str, Any], path: str) -> fstab.Entry:
    opts = args["opts"] or "defaults"
    if not args["boot"]:
        opts += ",noauto"
    return fstab.Entry(args["src"] or "", path, args["fstype"] or "", opts, args["dump"], args["passno"])


def _values(args: Mapping[str, Any], entry: fstab.Entry) -> dict[str, Any]:
    given = {name: args[name] for name in _NEEDED if args[name] is not None}
    return {
        **given,
        "name": entry.path,
        "opts": Secret(entry.opts) if args["opts_no_log"] else entry.opts,
        "dump": entry.dump,
        "passno": entry.passno,
        "fstab": args["fstab"] or "/etc/fstab",
        "boot": "yes" if args["boot"] else "no",
        "backup_file": "",
    }
