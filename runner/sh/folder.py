"""A folder of the controller brought to the host: one look at everything, then one text with what differs.

The look is one `stat` and one `sha1sum` for all entries; what differs is worked out here. New files of one folder are
written into a private (0700) staging folder beside their places and moved there together, so that a tree of a
thousand files costs a few processes for each folder, not for each file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from runner.errors import StepError
from runner.model.call import Call, Diff, Effect, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.model.quick import dataclass
from runner.sh import folder_text, modes
from runner.sh.extras import refuse_for_trees
from runner.sh.folder_text import Put
from runner.sh.place import holds, sha1
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value

_CHUNK: Final = 90_000  # bytes of arguments for one process; Linux takes 2 MiB in all, others less


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be below the destination: `relative` to it, `local` its path here (`content` if encrypted)."""

    relative: str
    kind: Literal["file", "dir", "link"]
    local: str
    mode: int
    size: int = 0
    sha1: str = ""
    link: str = ""
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the host has at an entry's place; `mode` with the type bits of stat(2)."""

    mode: int
    uid: str
    gid: str
    size: int
    owner: str
    group: str
    sha1: str = ""

    @property
    def kind(self) -> str:
        return {0o040000: "dir", 0o100000: "file", 0o120000: "link"}.get(self.mode & 0o170000, "other")


def entries(desk: Desk, source: str, args: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Everything in the folder `source`, parents first; under the folder's own name unless `source` ends with `/`."""
    root = source.rstrip("/") or "/"
    prefix = "" if source.endswith("/") else posixpath.basename(root)
    made = list(_below(desk, root, prefix, args, depth=0))
    if prefix:
        made.insert(0, Entry(prefix, "dir", root, desk.entry(root).mode))
    return tuple(made)


def _below(desk: Desk, root: str, prefix: str, args: Mapping[str, Any], depth: int) -> Iterator[Entry]:
    if depth > 20:
        raise StepError(f"{root}: links lead in a circle")
    for entry in desk.tree(root):
        local = posixpath.join(root, entry.relative)
        relative = posixpath.join(prefix, entry.relative)
        if entry.kind == "dir":
            yield Entry(relative, "dir", local, entry.mode)
        elif entry.kind == "file":
            yield _file(desk, relative, local, entry.mode, entry.size, args["decrypt"])
        elif not args["local_follow"]:
            yield Entry(relative, "link", local, entry.mode, link=entry.link)
        elif _is_folder(desk, local):
            yield Entry(relative, "dir", local, 0o755)
            yield from _below(desk, local, relative, args, depth + 1)
        else:
            yield _file(desk, relative, local, 0o644, desk.entry(local).size, args["decrypt"])


def _file(desk: Desk, relative: str, local: str, mode: int, size: int, decrypt: bool) -> Entry:
    opened = desk.opened(local) if decrypt else None
    if opened is not None:
        return Entry(relative, "file", local, mode, len(opened), sha1(opened), content=opened)
    return Entry(relative, "file", local, mode, size, desk.sha1(local))


def _is_folder(desk: Desk, local: str) -> bool:
    try:
        return desk.entry(f"{local}/.").kind == "dir"
    except (StepError, OSError):
        return False


def fragment(call: Call, src: str, found: tuple[Entry, ...]) -> Fragment:
    """Looks at all entries of `src` here; `outcome` asks for the rest."""
    refuse_for_trees(call.args)
    base = call.args["dest"].rstrip("/") or "/"
    lines = [
        f"pb_base={path(base)}",
        'pb_kv dest "$pb_base"; pb_kv umask "$pb_umask"',
        'if [ -e "$pb_base" ] && [ ! -d "$pb_base" ]; then pb_fail "$pb_base is not a directory"; fi',
        'if cd "$pb_base" 2>/dev/null; then',
        _LOOK,
    ]
    for chunk in _chunks([entry.relative for entry in found if not _is_odd(entry.relative)]):
        lines.append("pb_look_at " + " ".join(quote(f"./{name}") for name in chunk))
    for number, entry in enumerate(found):
        if _is_odd(entry.relative):
            lines.append(f"pb_look_one {number} {quote(f'./{entry.relative}')}")
    lines.append("fi")
    return Fragment(
        probe="\n".join(lines),
        effect=Effect.IDEMPOTENT,
        makes=(base, *(posixpath.join(base, entry.relative) for entry in found)),
        last=False,
        memo={"folder": found, "src": src},
    )


# `%f` is the raw mode in hex; names come last. Names that would break a line are looked at one by one.
_LOOK: Final = r"""
pb_chunk=0
pb_stats() {
  if stat -c %a / >/dev/null 2>&1; then stat -c "%f %u %g %s %U/%G/%n" -- "$@" 2>/dev/null
  else for pb_f; do pb_stat_line "$pb_f"; done
  fi
}
pb_stat_line() {
  pb_stat "$1"
  case $pb_type in absent) return ;; dir) pb_k=16384 ;; file) pb_k=32768 ;; link) pb_k=40960 ;; *) pb_k=4096 ;; esac
  printf '%x %s %s %s %s/%s/%s\n' "$((pb_k + 0$pb_mode))" "$pb_uid" "$pb_gid" "$pb_size" "$pb_user" "$pb_group" "$1"
}
pb_look_at() {
  pb_chunk=$((pb_chunk + 1))
  pb_kv "stat.$pb_chunk" "$(pb_stats "$@")"
  if pb_have sha1sum; then pb_kv "sum.$pb_chunk" "$(sha1sum -- "$@" 2>/dev/null)"
  else pb_kv "sum.$pb_chunk" "$(for pb_f; do [ -f "$pb_f" ] && pb_sum "$pb_f" && echo "$pb_sum  $pb_f"; done)"
  fi
}
pb_look_one() {
  pb_kv "stat1.$1" "$(pb_stat_line "$2")"
  pb_sum=; [ ! -f "$2" ] || pb_sum "$2"; pb_kv "sum1.$1" "$pb_sum"
}"""


def _is_odd(name: str) -> bool:
    return "\n" in name or "\\" in name or "\r" in name


def _chunks(names: list[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for name in names:
        chunk.append(name)
        size += len(name.encode("utf-8", "surrogateescape")) + 16
        if size > _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _read(found: tuple[Entry, ...], reply: Reply) -> dict[str, Found]:
    """What the host has, by relative name."""
    there: dict[str, Found] = {}
    sums: dict[str, str] = {}
    for key in reply.values:
        if key.startswith("sum."):
            for line in value(reply, key).split("\n"):
                digest, _, name = line.partition("  ./")
                sums[name] = digest
    for key in reply.values:
        if key.startswith("stat."):
            for line in value(reply, key).split("\n"):
                numbers, _, rest = line.partition("/")
                group, _, name = rest.partition("/./")
                if name:
                    there[name] = _found(numbers, group, sums.get(name, ""))
    for number, entry in enumerate(found):
        line = value(reply, f"stat1.{number}")
        if line:
            numbers, _, rest = line.partition("/")
            there[entry.relative] = _found(numbers, rest.partition("/./")[0], value(reply, f"sum1.{number}"))
    return there


def _found(numbers: str, group: str, digest: str) -> Found:
    mode, uid, gid, size, owner = numbers.split(" ", 4)
    return Found(int(mode, 16), uid, gid, int(size), owner, group, digest)


def outcome(call: Call, sent: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when anything differed; what differs goes in a second fragment."""
    problem = failure(reply)
    if problem:
        return problem
    found: tuple[Entry, ...] = sent.memo["folder"]
    if "puts" in sent.memo:
        return _result(call, sent.memo["src"], sent.memo["dest"], sent.memo["puts"])
    there, umask = _read(found, reply), int(value(reply, "umask", "022") or "022", 8)
    puts = tuple(put for entry in found if (put := _put(call, entry, there.get(entry.relative), umask)))
    dest = value(reply, "dest")
    if call.check or not puts:
        return _result(call, sent.memo["src"], dest, puts)
    return folder_text.fragment(call, puts, desk, memo={**sent.memo, "puts": puts, "dest": dest})


def _put(call: Call, entry: Entry, found: Found | None, umask: int) -> Put | None:
    """What has to be done for one entry; None when it is as wanted. Raises StepError when it cannot be."""
    args = call.args
    if found is not None and call.check and holds(call.will_vanish, posixpath.join(args["dest"], entry.relative)):
        found = None
    if found is not None and (entry.kind == "dir") != (found.kind == "dir"):
        if not (entry.kind == "dir" and found.kind == "link"):
            raise StepError(f"{posixpath.join(args['dest'], entry.relative)} is a {found.kind} on the host")
        return None
    if entry.kind == "dir":
        if found is not None:
            return None
        wanted = args["directory_mode"]
        mode = modes.predict(wanted, 0o777 & ~umask, True, umask) if wanted else None
        return Put("dir", entry.relative, mode, args["owner"] or "", args["group"] or "")
    if entry.kind == "link":
        return (
            Put("link", entry.relative, None, "", "", link=entry.link)
            if found is None or found.kind != "link"
            else None
        )
    return _put_file(call, entry, found, umask)


def _put_file(call: Call, entry: Entry, found: Found | None, umask: int) -> Put | None:
    args = call.args
    if found is not None and not args["force"]:
        return None
    is_file = found is not None and found.kind == "file"
    same = found is not None and is_file and found.size == entry.size and found.sha1 == entry.sha1
    current = found.mode & 0o7777 if found is not None and is_file else 0o666 & ~umask
    wanted = f"{entry.mode:04o}" if args["mode"] == "preserve" else args["mode"]
    mode = modes.predict(wanted, current, False, umask) if wanted else current
    owner, group = args["owner"] or "", args["group"] or ""
    if found is not None and same:
        owned = owner in ("", found.owner, found.uid) and group in ("", found.group, found.gid)
        if mode == current and owned:
            return None
        return Put("attributes", entry.relative, mode, owner, group)
    keep = (found.uid, found.gid) if found is not None and is_file else ("", "")
    return Put(
        "file",
        entry.relative,
        mode,
        owner or keep[0],
        group or keep[1],
        local=entry.local,
        size=entry.size,
        sha1=entry.sha1,
        content=entry.content,
        replaces=found is not None,
    )


def _result(call: Call, src: str, dest: str, puts: tuple[Put, ...]) -> Outcome:
    values = {"dest": f"{dest.rstrip('/')}/", "src": src}
    diffs: tuple[Diff, ...] = ()
    if call.diff and puts:
        before = "".join(f"{put.relative}\n" for put in puts if put.replaces or put.kind == "attributes")
        after = "".join(f"{put.relative} ({put.kind})\n" for put in puts)
        diffs = (Diff(before, after, f"{dest} (folder)", f"{dest} (folder)"),)
    return Outcome(Status.CHANGED if puts else Status.OK, values, diff=diffs)
