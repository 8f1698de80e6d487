"""stat: what a path on the host is (ansible.builtin.stat)."""

from __future__ import annotations

from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, ok
from runner.model.ports import Desk
from runner.sh.attributes import Seen
from runner.sh.place import holds
from runner.sh.quote import path
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="What a path is: type, mode, owner, size, times, checksum.",
    effect=Effect.READ,
    options={
        "path": Option("path", required=True, aliases=("dest", "name"), doc="What to look at."),
        "follow": Option("bool", default=False, doc="Look at what a link points to."),
        "get_checksum": Option("bool", default=True, doc="Report the checksum of a regular file."),
        "checksum_algorithm": Option(
            "str",
            default="sha1",
            choices=("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
            aliases=("checksum", "checksum_algo"),
            doc="Which checksum.",
        ),
        "get_mime": Option(
            "bool",
            default=True,
            aliases=("mime", "mime_type", "mime-type"),
            doc="Report mimetype and charset; done only when it is written, because it needs `file` on the host.",
        ),
        "get_attributes": Option(
            "bool",
            default=True,
            aliases=("attr", "attributes"),
            doc="Report what lsattr says; done only when it is written.",
        ),
    },
    example="""\
- name: Is it there
  ansible.builtin.stat:
    path: /etc/app/app.conf
  register: conf
""",
    returns={
        "stat": "What it is: `exists`, and if so its type (`isreg`, `isdir` …), `mode`, `size`, `uid`, `checksum` …",
    },
)

_RWX: Final = (("r", 4), ("w", 2), ("x", 1))
_PERMISSIONS: Final = (
    *((f"{bit}{who}", value << shift) for who, shift in (("usr", 6), ("grp", 3), ("oth", 0)) for bit, value in _RWX),
    ("isuid", 0o4000),
    ("isgid", 0o2000),
)
_FLAGS: Final = (("readable", "r"), ("writeable", "w"), ("executable", "x"))

# Seconds and numbers that pb_stat has no use for; where stat has no -c, they are left out.
_MORE: Final = 'pb_kv more "$(stat {flag}-c "%X %Y %Z %d %b %o %t %T" -- "$pb_path" 2>/dev/null)"'


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """Reads only: one stat, one checksum, the rest by the shell's own tests."""
    args = call.args
    if call.check and holds(call.will_vanish, args["path"]):
        return ok(stat={"exists": False})
    follow = args["follow"]
    lines = [
        f"pb_path={path(args['path'])}",
        f'pb_stat{"l" if follow else ""} "$pb_path"; pb_report stat',
        '[ "$pb_type" != absent ] || exit 0',
        'pb_kv path "$pb_path"; pb_kv inode "$pb_inode"; pb_kv mtime "$pb_mtime"',
        'pb_can=; for pb_t in r w x; do [ "-$pb_t" "$pb_path" ] && pb_can=$pb_can$pb_t; done; pb_kv can "$pb_can"',
        'if [ "$pb_type" = link ]; then pb_kv target "$pb_link"; pb_real "$pb_path"; pb_kv source "$pb_real"; fi',
        _MORE.format(flag="-L " if follow else ""),
    ]
    if args["get_checksum"]:
        lines.append(
            f'if [ "$pb_type" = file ]; then pb_sum "$pb_path" {args["checksum_algorithm"]}; pb_kv sum "$pb_sum"; fi'
        )
    if args["get_mime"] and "get_mime" in call.given:
        lines.append(f'pb_kv mime "$(file {"-L " if follow else ""}--mime-type --mime-encoding -b -- "$pb_path")"')
    if args["get_attributes"] and "get_attributes" in call.given:
        lines.append('pb_kv attributes "$(lsattr -vd -- "$pb_path" 2>/dev/null)"')
    return Fragment(probe="\n".join(lines), effect=Effect.READ)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Everything under `stat`; only `exists` when there is nothing."""
    problem = failure(reply)
    if problem:
        return problem
    seen = Seen.read(reply, "stat")
    if seen is None or seen.type == "absent":
        if call.check and holds(call.will_exist, call.args["path"]):
            return Outcome(Status.SKIPPED, unknown=f"{call.args['path']} would have been made before")
        return ok(stat={"exists": False})
    found = _basic(value(reply, "path"), seen) | _bits(seen) | _more(reply)
    can = value(reply, "can")
    found |= {name: letter in can for name, letter in _FLAGS}
    if seen.type == "link":
        found |= {"lnk_target": value(reply, "target"), "lnk_source": value(reply, "source")}
    if value(reply, "sum"):
        found["checksum"] = value(reply, "sum")
    return ok(stat=found | _asked(reply))


def _basic(name: str, seen: Seen) -> dict[str, Any]:
    return {
        "exists": True,
        "path": name,
        "mode": seen.mode,
        "isdir": seen.type == "dir",
        "isreg": seen.type == "file",
        "islnk": seen.type == "link",
        "isfifo": seen.type == "fifo",
        "issock": seen.type == "sock",
        "ischr": seen.type == "char",
        "isblk": seen.type == "block",
        "uid": seen.uid,
        "gid": seen.gid,
        "pw_name": seen.owner,
        "gr_name": seen.group,
        "size": seen.size,
        "nlink": seen.nlink,
    }


def _bits(seen: Seen) -> dict[str, Any]:
    mode = int(seen.mode, 8)
    return {name: bool(mode & bit) for name, bit in _PERMISSIONS}


def _more(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = {"inode": int(value(reply, "inode") or 0), "mtime": float(value(reply, "mtime") or 0)}
    numbers = value(reply, "more").split()
    if len(numbers) == 8 and all(number.isdigit() for number in numbers[:6]):
        atime, mtime, ctime, dev, blocks, size = map(int, numbers[:6])
        found |= {"atime": float(atime), "mtime": float(mtime), "ctime": float(ctime), "dev": dev, "blocks": blocks}
        found["block_size"] = size
        major, minor = (int(number, 16) for number in numbers[6:])
        found["device_type"] = minor & 0xFF | major << 8 | (minor & ~0xFF) << 12  # as Linux's makedev(3)
    return found


def _asked(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "mime" in reply.values:
        kind, _, charset = value(reply, "mime").partition("; charset=")
        found |= {"mimetype": kind or "unknown", "charset": charset or "unknown"}
    if "attributes" in reply.values:
        words = value(reply, "attributes").split()
        flags = words[1].replace("-", "") if len(words) > 1 else ""
        found |= {"version": words[0] if words else None, "attr_flags": flags, "attributes": list(flags)}
    return found
