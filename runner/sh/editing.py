"""A file of the host read, computed anew here and written back: what lineinfile, blockinfile and their like share.

A module says which file (`Wish`) and gives a function from the old content to the new one (`Change`):

    def fragment(call, desk):
        return editing.read(call, editing.from_args(call.args, create=call.args["create"]))

    def outcome(call, fragment, reply, desk):
        return editing.outcome(call, fragment, reply, lambda before: Edit(..., "Block inserted"))

The first trip reads; the function is called; the second trip writes, unless the file is no longer what was read. In a
dry run the first trip is all there is. A link is followed, as in Ansible; who reads the path sees the old file or the
new one, and a full disk leaves the old one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from runner.errors import StepError
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, Upload, failed
from runner.sh import editing_text, modes, place, replacing
from runner.sh.attributes import Seen
from runner.sh.edit import ATTRIBUTES_CHANGED, Change, Edit, Wish
from runner.sh.encode import printf_word
from runner.sh.extras import extras
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import failure, text, value

__all__ = ["ATTRIBUTES_CHANGED", "Change", "Edit", "Wish", "encoded", "from_args", "outcome", "read"]


def from_args(args: Mapping[str, Any], **more: Any) -> Wish:
    """A wish with those options that a module has, under their usual names. Raises StepError for unusable ones."""
    given: dict[str, Any] = {
        "path": args.get("path"),
        "mode": args.get("mode"),
        "owner": args.get("owner") or "",
        "group": args.get("group") or "",
        "backup": bool(args.get("backup")),
        "validate": args.get("validate"),
        "unsafe": bool(args.get("unsafe_writes")),
        "extras": extras(args),
    }
    wish = Wish(**(given | more))
    if wish.validate and "%s" not in wish.validate:
        raise StepError(f"validate must contain %s: {wish.validate}")
    return wish


def encoded(given: str) -> bytes:
    """A user's text as the bytes of a file."""
    return given.encode("utf-8", "surrogateescape")


def read(call: Call, wish: Wish, asks: str = "") -> Fragment:
    """The first trip: what the file is and holds, and whether mode and owner are as wanted.

    `asks`: sh text behind it that reports more to the module (`$p` is the file's real path).
    """
    probe = "\n".join(
        (
            wish.extras,
            wish.locate or f"p={path_word(wish.path)}",
            'pb_kv path "$p"',
            editing_text.RESOLVE if wish.follow else "",
            editing_text.GUARD,
            editing_text.READ,
            _judging(call, wish),
            asks,
        )
    )
    return Fragment(probe=probe, memo={"wish": wish}, makes=(wish.path,) if wish.create else (), last=call.check)


def _judging(call: Call, wish: Wish) -> str:
    """Sh text that says whether mode and owner are as wanted, and fails where no file can be made."""
    lines = []
    if not wish.with_content:
        lines += [modes.text(wish.mode), 'pb_kv want "$pb_want_mode"']
        lines.append(f'[ "$pb_type" != file ] || pb_attr_probe "$p" {wish.owners}')
    if wish.create:
        lines.append('if [ "$pb_type" = absent ]; then')
        lines.append(_making(call, wish))
        if not wish.with_content:
            lines.append(f'{editing_text.NEW}; pb_attr_probe "$p" {wish.owners}')
        lines.append("fi")
    return "\n".join(lines)


def _making(call: Call, wish: Wish) -> str:
    """Sh text that fails where no file can be made; a dry run believes its earlier steps."""
    if call.check and any(place.holds(call.will_exist, path) for path in (wish.path, posixpath.dirname(wish.path))):
        return ":"
    return 'pb_above "$p"' if wish.folders else '[ -d "$pb_where" ] || pb_fail "the folder $pb_where does not exist"'


def outcome(call: Call, sent: Fragment, reply: Reply, change: Change) -> Outcome | Fragment:
    """Of the first trip: what has to change, as an outcome or as the second trip. Of the second: what came of it."""
    broken = failure(reply)
    if broken:
        return broken
    wish: Wish = sent.memo["wish"]
    if "edit" in sent.memo:
        return _done(call, sent.memo, reply)
    found = _found(call, wish, reply)
    if isinstance(found, Outcome):
        return found
    was, before = found
    edit = change(before)
    if isinstance(edit, Outcome):
        return edit
    memo = {"wish": wish, "edit": edit, "before": before, "was": was, "attributes": _attributes(wish, was, edit, reply)}
    if edit.content == before and not memo["attributes"] and not edit.first and not edit.then:
        return _done(call, memo, reply)
    in_place = wish.unsafe and "open" in reply.values
    if edit.content != before and "closed" in reply.values and not in_place:
        return failed(f"cannot write into {value(reply, 'closed')}: permission denied")
    return _done(call, memo, reply) if call.check else _writing(wish, reply, was, memo)


def _found(call: Call, wish: Wish, reply: Reply) -> tuple[Seen, bytes | None] | Outcome:
    """The file as it was; an outcome when it is no file, or when a dry run cannot know it."""
    was = Seen.read(reply, "was")
    if was is None:
        raise StepError("the host did not say what the file is")
    kind = "absent" if call.check and place.holds(call.will_vanish, wish.path) else was.type
    if kind == "absent":
        if call.check and place.holds(call.will_exist, wish.path):
            return Outcome(Status.SKIPPED, unknown=f"{wish.path} does not exist yet, so its lines are not known")
        return was, None
    if kind == "dir":
        return failed(f"Path {wish.path} is a directory !", rc=256)
    if kind != "file":
        return failed(f"{wish.path} is no regular file ({kind})")
    before = reply.values["content"]
    if reply.truncated or len(before) != was.size:
        return failed(f"{wish.path} is too large, or changed while it was read")
    return was, before


def _attributes(wish: Wish, was: Seen, edit: Edit, reply: Reply) -> tuple[str, str] | None:
    """Mode and owner before and after, as text for the diff; None when they stay."""
    if not reply.differs or edit.content is None:
        return None
    old = (was.mode, was.owner, was.group)
    new = (value(reply, "want"), wish.owner, wish.group)
    pairs = [(name, a, b) for name, a, b in zip(("mode", "owner", "group"), old, new, strict=True) if b and a != b]
    before, after = ("".join(f"{name}: {pair[side]}\n" for name, *pair in pairs) for side in (0, 1))
    return before, after


def _writing(wish: Wish, reply: Reply, was: Seen, memo: Mapping[str, Any]) -> Fragment:
    """The second trip. Its probe fails when the file is no longer what was read."""
    edit: Edit = memo["edit"]
    probe = "\n".join(
        (
            wish.extras,
            f"p={quote(value(reply, 'real'))}",
            editing_text.GUARD,
            f'[ "$guard" = {quote(value(reply, "guard"))} ] || pb_fail "$p changed while we worked on it"',
            "pb_differs",
        )
    )
    seen = 'pb_stat "$p"; pb_report now' if wish.describe else ""
    existed, written = was.type == "file", edit.content != memo["before"]
    middle, uploads = _written(wish, edit, existed) if written else (_own(wish) if memo["attributes"] else "", ())
    keep = 'pb_backup "$p"' if wish.backup and existed and written else ""
    parts = (wish.first if written else "", edit.first, keep, middle, edit.then, seen)
    return Fragment(
        probe=probe,
        apply="\n".join(part for part in parts if part),
        uploads=uploads,
        memo=memo,
        makes=() if existed or edit.content is None else (wish.path,),
        removes=(wish.path,) if edit.content is None and existed else (),
    )


def _own(wish: Wish) -> str:
    return f'{modes.text(wish.mode)}\npb_attr_apply "$p" {wish.owners}'


def _written(wish: Wish, edit: Edit, existed: bool) -> tuple[str, tuple[Upload, ...]]:
    """Sh text that writes or removes the file, and what it needs."""
    if edit.content is None:
        return 'rm -f -- "$p" || pb_fail "cannot remove $p"', ()
    if len(edit.content) <= place.INLINE_LIMIT:
        return _replacing(wish, f"printf {printf_word(edit.content)} >&8", existed), ()
    return _replacing(wish, 'cat <"$pb_up_0" >&8', existed), (place.content_upload("0", edit.content),)


def _replacing(wish: Wish, write: str, existed: bool) -> str:
    """Sh text: the new content in a private temporary, checked, with the old file's owner and mode, renamed."""
    return "\n".join(
        (
            "" if existed or not wish.folders else 'pb_parent "$p"; pb_make_folders "$pb_where" "" "" ""',
            replacing.temporary('"$p"', unsafe=wish.unsafe),
            f'{write} || pb_fail "cannot write $p"',
            editing_text.validating(wish.validate),
            'pb_keep_owner "$p"' if existed else editing_text.FRESH,
            modes.text(wish.mode),
            "pb_asked=$pb_want_mode pb_want_mode=${pb_want_mode:-$pb_mode}",
            f'pb_attr_apply "$pb_temp" {wish.owners}',
            replacing.put('"$p"', wish.owners, unsafe=wish.unsafe),
        )
    )


def _done(call: Call, memo: Mapping[str, Any], reply: Reply) -> Outcome:
    """The outcome of a file that is (or would be) as wanted."""
    wish: Wish = memo["wish"]
    edit: Edit = memo["edit"]
    attributes: tuple[str, str] | None = memo["attributes"]
    edited = edit.content != memo["before"]
    said = [part for part in (edit.msg, wish.attributes_msg if attributes else "") if part]
    values = {**edit.values} | ({"msg": " and ".join(said)} if said or wish.attributes_msg else {})
    if "backup_file" in reply.values:
        values[wish.backup_key] = value(reply, "backup_file")
    if wish.describe:
        values |= _described(wish, memo, reply)
    diffs: list[Diff] = []
    if call.diff and edited:
        diffs.append(_content_diff(wish, memo["before"] or b"", edit.content or b""))
    if call.diff and attributes:
        header = f"{wish.path} (file attributes)"
        diffs.append(Diff(*attributes, header, header))
    status = Status.CHANGED if edited or attributes or edit.first or edit.then else Status.OK
    return Outcome(status, values, msg=values.get("msg", ""), diff=tuple(diffs))


def _described(wish: Wish, memo: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """What the file is now; in a dry run what is known of what it would be."""
    now, was, content = Seen.read(reply, "now"), memo["was"], memo["edit"].content
    if now is not None:
        return now.result()
    if content is None:
        return {"state": "absent"}
    found: dict[str, Any] = was.result() | {"state": "file", "size": len(content)}
    if wish.mode:
        found["mode"] = value(reply, "want") or None
    unsure = ("uid", "gid", "owner", "group") if memo["attributes"] or wish.with_content else ()
    return {key: about for key, about in found.items() if key not in unsure and about is not None}


def _content_diff(wish: Wish, before: bytes, after: bytes) -> Diff:
    if wish.sealed:
        header = f"{wish.path} (holds secrets, not shown)"
        return Diff("", "", header, header)
    header = f"{wish.path} (content)"
    return Diff(text(before), text(after), header, header)
