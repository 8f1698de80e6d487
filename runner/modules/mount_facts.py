"""mount_facts: what is mounted, and what would be, from where that is said, as facts (ansible.builtin.mount_facts)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import mount_lists
from runner.sh.facts_hardware import size_of
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value, warned

SPEC = Spec(
    doc="Learn what is mounted on a host, and what its tables say of it, as facts.",
    effect=Effect.READ,
    tells_facts=True,
    options={
        "devices": Option("list", elements="str", doc="Only these devices (patterns)."),
        "fstypes": Option("list", elements="str", doc="Only these types of file systems (patterns)."),
        "sources": Option(
            "list",
            elements="str",
            doc="Files to read, `mount` (the program), or all, static, dynamic: the usual ones.",
        ),
        "mount_binary": Option("raw", default="mount", doc="The program to ask where no file tells what is mounted."),
        "timeout": Option("float", doc="Seconds that may pass for each mount, and for the program."),
        "on_timeout": Option(default="error", choices=("error", "warn", "ignore"), doc="What follows from that."),
        "include_aggregate_mounts": Option("bool", doc="Also `aggregate_mounts`, each mention of each mount point."),
    },
    example="""\
- name: What comes over the network
  ansible.builtin.mount_facts:
    fstypes: [nfs, nfs4]
    timeout: 10
    on_timeout: warn
""",
    returns={
        "ansible_facts": "`mount_points`: by mount point, its device, fstype, options, sizes and uuid, and in "
        "`ansible_context` where that was said; `aggregate_mounts`: all of them, if asked for."
    },
)

_STATIC: Final = ("/etc/fstab", "/etc/vfstab", "/etc/filesystems")
_DYNAMIC: Final = ("/etc/mtab", "/proc/mounts", "/etc/mnttab")
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {"all": _DYNAMIC + _STATIC, "dynamic": _DYNAMIC, "static": _STATIC}
# Who knows a device by its UUID, and the other way round.
_UUIDS: Final = r"""
for link in /dev/disk/by-uuid/*; do [ -e "$link" ] && printf '%s %s\n' "$(readlink -f "$link")" "${link##*/}"; done
pb_have lsblk && lsblk --list --noheadings --paths --output NAME,UUID --exclude 2 2>/dev/null
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Reads the sources. Raises StepError for what Ansible's module refuses, too."""
    del desk
    args = call.args
    if args["timeout"] is not None and args["timeout"] <= 0:
        raise StepError(f"argument 'timeout' must be a positive number or null, not {args['timeout']}")
    program = args["mount_binary"]
    if program is not None and not isinstance(program, str):
        raise StepError(f"argument 'mount_binary' must be a string or null, not {program}")
    if "" in (args["sources"] or ()):
        raise StepError("sources contains an empty string")
    sources = [name for one in args["sources"] or ["all"] for name in _ALIASES.get(one, (one,))]
    lines = ["tells= ask="]
    for number, source in enumerate(sources):
        if source == "mount":
            lines.append("ask=1")
            continue
        tells = " && tells=1" if source in _DYNAMIC else ""
        lines.append(
            f'file={path(source)}; pb_real "$file"; pb_kv real.{number} "$pb_real"\n'
            f'if [ -f "$file" ] && [ -r "$file" ]; then pb_blob file.{number} "$file"; '
            f'IFS= read -r line <"$file"{tells}; fi'
        )
    if program and ("mount" in sources or not {*sources}.isdisjoint(_DYNAMIC)):
        lines.append(_program(program, args["timeout"]))
    lines.append(f'pb_kv uuids "$({_UUIDS})"')
    return Fragment("\n".join(lines), effect=Effect.READ, memo={"sources": sources}, last=False)


def _limited(timeout_s: float | None) -> str:
    return f"timeout {timeout_s:g} " if timeout_s is not None else ""


def _program(program: str, timeout_s: float | None) -> str:
    """Asks the program for what is mounted, if it is a source or no file told."""
    missing = quote(f'Failed to find required executable "{program}" in paths: ')
    return (
        f'if [ -n "$ask" ] || [ -z "$tells" ]; then\nPATH=$PATH:/usr/sbin:/sbin\n'
        f'pb_have {quote(program)} || pb_fail {missing}"$PATH"\n'
        f"said=$({_limited(timeout_s)}{quote(program)}); rc=$?\n"
        f'case $rc in 0) pb_kv program "$said" ;; 124) pb_kv late "$(command -v {quote(program)})" ;;\n'
        f"*) pb_fail {quote(f'Failed to execute {program}')} ;; esac; fi"
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The sources are parsed and filtered here; the sizes of what is left are asked for in a second trip."""
    del desk
    if problem := failure(reply):
        return problem
    args = call.args
    if "mounts" in fragment.memo:
        return _facts(args, fragment.memo["mounts"], fragment.memo["doubts"], reply)
    what = f"Command '{value(reply, 'late')}' timed out after {args['timeout']} seconds"
    late = [what] if "late" in reply.values else []
    if late and args["on_timeout"] == "error":
        return failed(late[0])
    mounts = _mounts(args, fragment.memo["sources"], reply)
    points = list(dict.fromkeys(mount["mount"] for mount in mounts))
    sources = fragment.memo["sources"]
    doubts = [*late] if args["on_timeout"] == "warn" else []
    if len(set(sources)) < len(sources):
        what = "mount_facts option 'sources' contains duplicate entries, repeat sources will be ignored"
        doubts.append(f"{what}: {sources}")
    limit = _limited(args["timeout"])
    look = "\n".join(
        f"point={quote(point)}; said=$({limit}stat -f -c '%s %S %b %a %c %d %n' -- \"$point\" 2>/dev/null)\n"
        f'case $? in 124) pb_kv late.{number} 1 ;; 0) pb_kv size.{number} "$said" ;; esac'
        for number, point in enumerate(points)
    )
    return Fragment(look or ":", effect=Effect.READ, memo={"mounts": mounts, "doubts": doubts})


def _mounts(args: Mapping[str, Any], sources: list[str], reply: Reply) -> list[dict[str, Any]]:
    """What the sources say, each of them once, as far as the patterns let it through."""
    rows: list[tuple[str, mount_lists.Row]] = []
    seen: set[str] = set()
    for number, source in enumerate(sources):
        # Each program that looks finds /proc/mounts in its own folder.
        real = re.sub(r"^/proc/\d+/", "/proc/self/", value(reply, f"real.{number}")) or source
        if real in seen:
            continue
        seen.add(real)
        if source == "mount":
            rows += [(source, row) for row in mount_lists.of_program(value(reply, "program"))]
        else:
            rows += [(source, row) for row in mount_lists.of_file(value(reply, f"file.{number}"))]
    if "mount" not in sources:
        rows += [("mount", row) for row in mount_lists.of_program(value(reply, "program"))]
    known = [words for line in value(reply, "uuids").splitlines() if len(words := line.split()) == 2]
    uuids = dict(reversed(known))
    devices = {uuid: device for device, uuid in reversed(known)}
    found = []
    for source, (text, fields) in rows:
        device, uuid = fields["device"], None
        if device.startswith("UUID="):
            uuid = device[5:]
            device = devices.get(uuid, device)
        if _fits(device, args["devices"]) and _fits(fields["fstype"], args["fstypes"]):
            context = {"source": source, "source_data": text}
            uuid = uuid if uuid is not None else uuids.get(device)
            found.append({**fields, "ansible_context": context, "uuid": uuid})
    return found


def _fits(text: str, patterns: list[str] | None) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)


def _facts(args: Mapping[str, Any], mounts: list[dict[str, Any]], doubts: list[str], reply: Reply) -> Outcome:
    """The facts, with sizes. What took too long fails, is warned of or is passed by."""
    sizes: dict[str, dict[str, int]] = {}
    kinds = {mount["mount"]: mount["fstype"] for mount in reversed(mounts)}
    for number, point in enumerate(dict.fromkeys(mount["mount"] for mount in mounts)):
        if f"late.{number}" in reply.values:
            late = f"Timed out getting mount size for mount {point} (type {kinds[point]})"
            if args["on_timeout"] == "error":
                return failed(late)
            doubts = [*doubts, late] if args["on_timeout"] == "warn" else doubts
        size = size_of(value(reply, f"size.{number}"))
        sizes[point] = size[1] if size is not None else {}
    mounts = [{**mount, **sizes[mount["mount"]]} for mount in mounts]
    points = {mount["mount"]: mount for mount in reversed(mounts)}
    asked = args["include_aggregate_mounts"]
    if asked is None and (repeats := _repeats(mounts)):
        mend = "You can disable this warning by configuring the 'include_aggregate_mounts' option as True or False."
        doubts = [*doubts, f"mount_facts: ignoring repeat mounts in the following sources: {repeats}. {mend}"]
    facts = {"mount_points": points, "aggregate_mounts": mounts if asked else []}
    made = warned(Outcome(Status.OK, own_facts=facts), *doubts)
    assert isinstance(made, Outcome)
    return made


def _repeats(mounts: list[dict[str, Any]]) -> str:
    """Sources that speak of a mount point more than once."""
    of: dict[str, list[str]] = {}
    for mount in mounts:
        of.setdefault(mount["ansible_context"]["source"], []).append(mount["mount"])
    return ", ".join(f"{source} ({points})" for source, points in of.items() if len(set(points)) < len(points))
