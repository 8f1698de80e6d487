"""find: files of the host by name, kind, age, size, mode and content (ansible.builtin.find).

The host lists what there is in one trip; patterns are matched here, with Python's `fnmatch` and `re` as in Ansible.
Only checksums and contents of what fits so far ask for a second trip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, ok
from runner.model.ports import Desk
from runner.sh import found, listed
from runner.sh.found import Wish
from runner.sh.prelude import OUTPUT_LIMIT
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Find files of the host by name, kind, age, size, mode and content.",
    effect=Effect.READ,
    options={
        "paths": Option("list", elements="path", required=True, aliases=("name", "path"), doc="The folders to search."),
        "patterns": Option("list", elements="str", default=[], aliases=("pattern",), doc="One of these fits the name."),
        "excludes": Option("list", elements="str", aliases=("exclude",), doc="None of these fits the name."),
        "use_regex": Option("bool", default=False, doc="Patterns are Python's, not the shell's."),
        "contains": Option(doc="A Python pattern that the beginning of a line of the file fits."),
        "read_whole_file": Option("bool", default=False, doc="`contains` is looked for in the file as a whole."),
        "encoding": Option(doc="How the text that `contains` looks at is encoded; without it, UTF-8."),
        "file_type": Option(default="file", choices=("any", "directory", "file", "link"), doc="What kind."),
        "age": Option(doc="This old or older (`-2d`: younger), in s, m, h, d or w."),
        "age_stamp": Option(default="mtime", choices=("atime", "ctime", "mtime"), doc="Which time that is."),
        "size": Option(doc="This large or larger (`-1m`: smaller), in b, k, m, g or t."),
        "recurse": Option("bool", default=False, doc="Look into folders, too."),
        "depth": Option("int", doc="How many levels to go down; all of them without it."),
        "hidden": Option("bool", default=False, doc="Names that begin with a dot, too."),
        "follow": Option("bool", default=False, doc="Look into folders that links lead to."),
        "get_checksum": Option("bool", default=False, doc="Report each file's checksum."),
        "checksum_algorithm": Option(
            default="sha1",
            choices=("md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
            aliases=("checksum", "checksum_algo"),
            doc="Which checksum.",
        ),
        "mode": Option("raw", doc="It has this mode, octal (quoted) or in letters."),
        "exact_mode": Option("bool", default=True, doc="Just this mode; if false, any bit of it."),
        "limit": Option("int", doc="Stop after so many."),
    },
    example="""\
- name: Old logs
  ansible.builtin.find:
    paths: /var/log/app
    patterns: "*.log"
    age: 4w
    recurse: true
  register: old
""",
    returns={
        "files": "What was found, each with what `stat` says of it.",
        "matched": "How many.",
        "examined": "How many were looked at.",
        "skipped_paths": "What could not be read, and why.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip lists all that is there."""
    del desk
    args = call.args
    wish = Wish.of(args)
    if isinstance(wish, Outcome):
        return wish
    levels = None
    if not args["recurse"]:
        levels = 1
    elif args["depth"]:
        levels = max(args["depth"], 0) + 1  # one more is looked at, and counted
    probe = listed.ask([str(path) for path in args["paths"]], levels=levels, follow=args["follow"])
    return Fragment(probe=probe, effect=Effect.READ, memo={"wish": wish}, last=not wish.looks_inside)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What fits; if that has to be looked into, by a second trip."""
    del desk
    problem = failure(reply)
    if problem:
        return problem
    if "search" in fragment.memo:
        return _result(fragment.memo["wish"], fragment.memo["search"], reply)
    wish: Wish = fragment.memo["wish"]
    listings = [listed.read(reply, number) for number in range(len(call.args["paths"]))]
    doubt = found.doubt(call, listings)
    if doubt:
        return Outcome(Status.SKIPPED, msg=f"may change: {doubt}", unknown=doubt)
    search = found.search(call, wish, listings, now=int(value(reply, "now") or 0), umask=value(reply, "umask"))
    inside = [entry.path for listing in search.hits for entry in listing if entry.is_file]
    if not wish.looks_inside or not inside:
        return _result(wish, search, None)
    return Fragment(probe=_look(wish, inside), effect=Effect.READ, memo={"wish": wish, "search": search})


def _look(wish: Wish, paths: list[str]) -> str:
    """Sh text that reports checksums and contents of these files, under their numbers."""
    lines = ["pb_inside() {", '[ -r "$2" ] || return 0']
    if wish.contains is not None:
        lines.append(f'pb_stat "$2"; [ "$pb_size" -le {OUTPUT_LIMIT} ] || pb_fail "$2 is too large to be searched"')
        lines.append('pb_blob "content.$1" "$2"')
    if wish.algorithm:
        lines.append(f'pb_sum "$2" {wish.algorithm}; pb_kv "sum.$1" "$pb_sum"')
    lines.append("}")
    lines += [f"pb_inside {number} {quote(path)}" for number, path in enumerate(paths)]
    return "\n".join(lines)


def _result(wish: Wish, search: found.Search, reply: Reply | None) -> Outcome:
    """Ansible's keys. A file that could not be read does not fit `contains`."""
    number = -1
    files: list[dict[str, Any]] = []
    skipped = dict(search.skipped)
    for path, hits in zip(search.paths, search.hits, strict=True):
        for entry in hits:
            about = found.about(entry)
            if reply is not None and entry.is_file:
                number += 1
                try:
                    if not wish.fits_inside(entry.path, reply.values.get(f"content.{number}")):
                        continue
                except StepError as error:
                    skipped[path] = str(error)
                    continue
                if f"sum.{number}" in reply.values:
                    about["checksum"] = value(reply, f"sum.{number}")
            if path in skipped and path not in search.skipped:
                continue
            files.append(about)
    del files[wish.limit or len(files) :]
    msg = "All paths examined"
    if wish.limit and len(files) == wish.limit:
        msg = "Limit of matches reached"
    if any(path in skipped for path in search.paths):
        msg = "Not all paths examined, check warnings for details"
    made = ok(files=files, matched=len(files), examined=search.examined, skipped_paths=skipped, msg=msg)
    doubts = (f"Skipped '{path}' path due to this access issue: {skipped[path]}\n" for path in skipped)
    return replace(made, warnings=tuple(doubts))
