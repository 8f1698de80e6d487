"""lineinfile: one line of a file present or absent (ansible.builtin.lineinfile).

Two trips: the first reads the file; what it shall be is computed here with Python's `re`, exactly as Ansible does; the
second writes it back, unless the file is no longer what was read. In a dry run the first trip is all there is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Diff, Effect, Fragment, Outcome, Reply, Status, Upload, failed
from runner.model.ports import Desk
from runner.sh import lines, modes
from runner.sh.attributes import FILE_OPTIONS, owner_words, refuse_unsupported
from runner.sh.encode import printf_word
from runner.sh.place import INLINE_LIMIT, content_upload
from runner.sh.quote import expanded, quote
from runner.sh.quote import path as path_word
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Make one line of a file present or absent.",
    effect=Effect.IDEMPOTENT,
    mutually_exclusive=(("insertbefore", "insertafter"), ("regexp", "search_string"), ("backrefs", "search_string")),
    options={
        "path": Option("path", required=True, aliases=("dest", "destfile", "name"), doc="The file."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the line shall be there."),
        "regexp": Option(aliases=("regex",), doc="Python pattern of the line to replace (the last match) or remove."),
        "search_string": Option(doc="Literal text of the line to replace or remove."),
        "line": Option(aliases=("value",), doc="The line, without its newline."),
        "backrefs": Option(
            "bool", default=False, doc="Expand groups of `regexp` in `line`; change nothing without a match."
        ),
        "insertafter": Option(doc="Where a new line goes: after the last match of this pattern, or `EOF`, `BOF`."),
        "insertbefore": Option(doc="Where a new line goes: before the last match of this pattern, or `BOF`."),
        "firstmatch": Option("bool", default=False, doc="Take first matches instead of last ones."),
        "create": Option("bool", default=False, doc="Make the file (and its folder) if there is none."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "validate": Option(doc="A command that checks the new file before it is put in place; `%s` is its path."),
        **FILE_OPTIONS,
    },
)

ATTRIBUTES_CHANGED: Final = "ownership, perms or SE linux context changed"

# A link is followed, as in Ansible (`os.path.realpath`).
_RESOLVE: Final = r"""
if [ -L "$p" ]; then
  pb_real "$p"
  [ -n "$pb_real" ] || pb_fail "too many symbolic links: $p"
  p=$pb_real
fi
"""

# What the file is, as one word. Without any tool for checksums its size and time must do.
_GUARD: Final = r"""
pb_stat "$p"
pb_sum=
[ "$pb_type" != file ] || pb_sum "$p"
guard=$pb_type:${pb_sum:-$pb_mtime}:$pb_size
"""

_READ: Final = r"""
pb_kv real "$p"
pb_kv type "$pb_type"
pb_kv guard "$guard"
case $pb_type in
file)
  [ -r "$p" ] || pb_fail "cannot read $p: permission denied"
  pb_kv size "$pb_size"
  pb_blob content "$p" ;;
absent) pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal ;;
esac
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file is and holds, and whether mode and owner are as wanted."""
    del desk
    refuse_unsupported(call.args)
    wrong = _wrong(call.args)
    if wrong:
        return failed(wrong)
    args = call.args
    probe = "\n".join(
        (
            f"p={path_word(args['path'])}",
            _RESOLVE,
            _GUARD,
            _READ,
            modes.text(args["mode"]),
            'pb_kv old "$pb_mode $pb_user $pb_group"',
            'pb_kv want "$pb_want_mode"',
            f'[ "$pb_type" != file ] || pb_attr_probe "$p" {owner_words(args)}',
        )
    )
    makes = (args["path"],) if args["create"] and args["state"] == "present" else ()
    # In a dry run this trip is all there is.
    return Fragment(probe=probe, memo={"stage": "read"}, makes=makes, last=call.check)


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments, in Ansible's words; "" if nothing."""
    if args["state"] == "present":
        if args["backrefs"] and args["regexp"] is None:
            return "regexp is required with backrefs=true"
        if args["line"] is None:
            return "line is required with state=present"
    elif (args["regexp"], args["search_string"], args["line"]) == (None, None, None):
        return "one of line, search_string, or regexp is required with state=absent"
    if args["validate"] and "%s" not in args["validate"]:
        return f"validate must contain %s: {args['validate']}"
    return ""


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Of the first trip: what has to change, as an outcome or as the second trip. Of the second: what came of it."""
    del desk
    broken = failure(reply)
    if broken:
        return broken
    if fragment.memo["stage"] == "read":
        return _after_read(call, reply)
    return _done(call, fragment.memo, value(reply, "backup_file"))


def _after_read(call: Call, reply: Reply) -> Outcome | Fragment:
    args, path = call.args, call.args["path"]
    kind = text(reply.values["type"])
    if call.check and path in call.will_vanish:
        kind = "absent"
    refused = _refused(call, kind)
    if refused:
        return refused
    before = reply.values["content"] if kind == "file" else b""
    if kind == "file" and (reply.truncated or len(before) != int(reply.values["size"])):
        return failed(f"{path} is too large, or changed while it was read")
    try:
        edit = _edit(args, before)
    except (re.error, IndexError) as error:
        return failed(f"Invalid regular expression or back reference: {error}")
    memo = {"stage": "write", "edit": edit, "before": before, "attributes": _attributes(args, reply)}
    if call.check or not (edit.msg or reply.differs):
        return _done(call, memo, "")
    return _writing(call, reply, edit, memo)


def _refused(call: Call, kind: str) -> Outcome | None:
    """The outcome when the file is not there, or is no file."""
    path = call.args["path"]
    if kind == "dir":
        return failed(f"Path {path} is a directory !", rc=256)
    if kind == "absent":
        if call.check and path in call.will_exist:
            return Outcome(Status.SKIPPED, unknown=f"{path} does not exist yet, so its lines are not known")
        if call.args["state"] == "absent":
            return Outcome(Status.OK, {"msg": "file not present"}, msg="file not present")
        return None if call.args["create"] else failed(f"Destination {path} does not exist !", rc=257)
    return None if kind == "file" else failed(f"{path} is no regular file ({kind})")


def _edit(args: Mapping[str, Any], before: bytes) -> lines.Edit:
    wish = lines.Wish(
        line=_bytes(args["line"]),
        regexp=_bytes(args["regexp"]),
        search=_bytes(args["search_string"]),
        after=_bytes(args["insertafter"]),
        before=_bytes(args["insertbefore"]),
        backrefs=args["backrefs"],
        firstmatch=args["firstmatch"],
    )
    return lines.present(before, wish) if args["state"] == "present" else lines.absent(before, wish)


def _attributes(args: Mapping[str, Any], reply: Reply) -> tuple[str, str] | None:
    """Mode and owner before and after, as text for the diff; None when they stay."""
    if not reply.differs:
        return None
    mode, user, group = text(reply.values["old"]).split(" ")
    old = (mode.zfill(4), user, group)
    new = (text(reply.values["want"]), args["owner"] or "", args["group"] or "")
    pairs = [(name, a, b) for name, a, b in zip(("mode", "owner", "group"), old, new, strict=True) if b and a != b]
    return tuple(  # type: ignore[return-value]
        "".join(f"{name}: {pair[side]}\n" for name, *pair in pairs) for side in (0, 1)
    )


def _writing(call: Call, reply: Reply, edit: lines.Edit, memo: Mapping[str, Any]) -> Fragment:
    """The second trip. Its probe fails when the file is no longer what was read."""
    args = call.args
    probe = "\n".join(
        (
            f"p={quote(text(reply.values['real']))}",
            _GUARD,
            f'[ "$guard" = {quote(text(reply.values["guard"]))} ] || pb_fail "$p changed while we worked on it"',
            "pb_differs",
        )
    )
    if not edit.msg:
        apply = f'{modes.text(args["mode"])}\npb_attr_apply "$p" {owner_words(args)}'
        return Fragment(probe=probe, apply=apply, memo=memo)
    uploads: tuple[Upload, ...] = ()
    write = f"printf {printf_word(edit.content)} >&8"
    if len(edit.content) > INLINE_LIMIT:
        uploads = (content_upload("0", edit.content),)
        write = 'cat <"$pb_up_0" >&8'
    existed = reply.values["type"] == b"file"
    backup = 'pb_backup "$p"\n' if args["backup"] and existed else ""
    apply = backup + _replacing(args, write, existed)
    return Fragment(probe=probe, apply=apply, uploads=uploads, memo=memo, makes=() if existed else (args["path"],))


def _replacing(args: Mapping[str, Any], write: str, existed: bool) -> str:
    """Sh text: the new content in a private temporary, checked, with the old file's owner and mode, renamed."""
    keep = 'pb_keep_owner "$p"' if existed else 'pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal'
    return "\n".join(
        (
            "" if existed else 'pb_parent "$p"; pb_make_folders "$pb_where" "" "" ""',
            'pb_temp "$p"',
            f'{write} || pb_fail "cannot write $p"',
            _validating(args["validate"]),
            keep,
            modes.text(args["mode"]),
            "pb_want_mode=${pb_want_mode:-$pb_mode}",
            f'pb_attr_apply "$pb_temp" {owner_words(args)}',
            'pb_place "$pb_temp" "$p"',
        )
    )


def _validating(validate: str | None) -> str:
    """Sh text that runs the user's check on the temporary file; its words are split here, no shell sees them."""
    if not validate:
        return ""
    try:
        words = shlex.split(validate)
    except ValueError as error:
        raise StepError(f"validate: {error}") from None
    command = " ".join(
        '"$pb_temp"'.join(expanded(part.replace("%%", "%")) if part else "" for part in word.split("%s")) or "''"
        for word in words
    )
    return (
        f"said=$( (pb_user_run {command}) 8>&- 2>&1 >/dev/null )\nrc=$?\n"
        '[ "$rc" = 0 ] || pb_fail "failed to validate: rc:$rc error:$said"'
    )


def _done(call: Call, memo: Mapping[str, Any], backup: str) -> Outcome:
    """The outcome of a file that is (or would be) as wanted."""
    edit: lines.Edit = memo["edit"]
    attributes: tuple[str, str] | None = memo["attributes"]
    path = call.args["path"]
    said = [part for part in (edit.msg, ATTRIBUTES_CHANGED if attributes else "") if part]
    values: dict[str, Any] = {"msg": " and ".join(said), "backup": backup}
    if call.args["state"] == "absent":
        values["found"] = edit.found
    diffs: list[Diff] = []
    if call.diff and edit.msg:
        header = f"{path} (content)"
        diffs.append(Diff(text(memo["before"]), text(edit.content), header, header))
    if call.diff and attributes:
        header = f"{path} (file attributes)"
        diffs.append(Diff(*attributes, header, header))
    status = Status.CHANGED if said else Status.OK
    return Outcome(status, values, msg=values["msg"], diff=tuple(diffs))


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
