"""assemble: a file made of the files of a folder, in the order of their names (ansible.builtin.assemble)."""

from __future__ import annotations

import codecs
import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import editing, place, placed
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.quote import path as path_word
from runner.sh.verdict import text, value

SPEC = Spec(
    doc="Make a file of the files of a folder, in the order of their names.",
    options={
        "src": Option("path", required=True, doc="The folder."),
        "dest": Option("path", required=True, doc="The file."),
        "delimiter": Option(doc=r"A line between each two of them; `\n` and the like are understood."),
        "regexp": Option(doc="Only files whose name has a match of this Python pattern."),
        "ignore_hidden": Option("bool", default=False, doc="Leave out files whose name begins with a dot."),
        "remote_src": Option("bool", default=True, doc="The folder is on the host, not here."),
        "decrypt": Option("bool", default=True, doc="Files from here are decrypted with the vault."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "validate": Option(doc="A command that checks the new file before it is put in place; `%s` is its path."),
        **FILE_OPTIONS,
    },
    example="""\
- name: One file of many
  ansible.builtin.assemble:
    src: /etc/app.d
    dest: /etc/app.conf
    validate: appd -t %s
""",
    returns={
        "dest": "The file.",
        "checksum": "Its SHA-1.",
        "md5sum": "Its MD5.",
        "backup_file": "Where the old file is kept.",
    },
)

# Each file's name and content, numbered; names that begin with a dot, too.
_PARTS: Final = r"""
pb_kv src "$src"
[ -e "$src" ] || pb_fail "Source ($src) does not exist"
[ -d "$src" ] || pb_fail "Source ($src) is not a directory"
n=0
for part in "$src"/* "$src"/.*; do
  [ -f "$part" ] || continue
  [ -r "$part" ] || pb_fail "cannot read $part: permission denied"
  n=$((n + 1))
  pb_kv "name$n" "${part##*/}"
  pb_blob "part$n" "$part"
done
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: the parts and the file there is; with a folder from here, the whole of it, as copy does."""
    args = call.args
    _pattern(args)
    if not args["remote_src"]:
        return _from_here(call, desk)
    made = [path for path in call.will_exist if posixpath.dirname(path) == args["src"].rstrip("/")]
    if call.check and (made or place.holds(call.will_exist, args["src"])):
        return Outcome(Status.SKIPPED, unknown=f"an earlier step would have made files in {args['src']}")
    wish = editing.from_args(args, path=args["dest"], describe=True, attributes_msg="", create=False)
    return editing.read(call, wish, f"src={path_word(args['src'])}\n{_PARTS}")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What the file shall be, as an outcome or as the second trip; of that, what came of it."""
    if "placing" in fragment.memo:
        return placed.outcome(call, fragment, reply, desk)
    return editing.outcome(call, fragment, reply, lambda _before: _change(call.args, reply))


def _change(args: Mapping[str, Any], reply: Reply) -> editing.Edit:
    count = sum(key.startswith("name") for key in reply.values)
    parts = {text(reply.values[f"name{n}"]): reply.values[f"part{n}"] for n in range(1, count + 1)}
    content = _joined(args, parts.items())
    values = {
        "src": value(reply, "src"),
        "dest": value(reply, "path"),
        "checksum": place.sha1(content),
        "md5sum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    return editing.Edit(content, "OK", values)


def _from_here(call: Call, desk: Desk) -> Fragment:
    args = call.args
    source = desk.find("files", args["src"]).rstrip("/")
    if desk.entry(source).kind != "dir":
        raise StepError(f"Source ({source}) is not a directory")
    names = [entry.relative for entry in desk.tree(source) if "/" not in entry.relative]
    names = [name for name in names if desk.entry(f"{source}/{name}").kind == "file"]
    parts = [(name, desk.read(f"{source}/{name}", decrypt=args["decrypt"])) for name in names]
    content = _joined(args, parts, always_ended=True)
    placing = place.from_args(
        {**args, "force": True, "follow": False},
        name=posixpath.basename(source),
        sha1=place.sha1(content),
        size=len(content),
        content=content,
        mode=args["mode"],
    )
    return place.fragment(call, placing)


def _joined(args: Mapping[str, Any], parts: Iterable[tuple[str, bytes]], *, always_ended: bool = False) -> bytes:
    """The parts that are wanted, by name, each beginning on a line of its own.

    `always_ended`: a newline follows the delimiter even where it ends in one, as Ansible has it with a local folder.
    """
    pattern, delimiter = _pattern(args), _delimiter(args)
    if delimiter and (always_ended or not delimiter.endswith(b"\n")):
        delimiter += b"\n"
    made = b""
    for name, content in sorted(parts):
        if (pattern and not pattern.search(name)) or (args["ignore_hidden"] and name.startswith(".")):
            continue
        if made and not made.endswith(b"\n"):
            made += b"\n"
        made += (delimiter if made else b"") + content
    return made


def _pattern(args: Mapping[str, Any]) -> re.Pattern[str] | None:
    """Raises StepError for a wrong one."""
    try:
        return re.compile(args["regexp"]) if args["regexp"] is not None else None
    except re.error as error:
        raise StepError(f'Invalid Regexp ({error}) in "{args["regexp"]}"') from None


def _delimiter(args: Mapping[str, Any]) -> bytes:
    try:
        made, _ = codecs.escape_decode(editing.encoded(args["delimiter"] or ""))
    except ValueError as error:
        raise StepError(f"delimiter: {error}") from None
    return bytes(made)
