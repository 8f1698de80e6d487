"""A file's content brought to its place on the host: probe, apply and result, for copy, template and their like.

The new file has, before its first byte, its final owner and mode, or is private (0600) until it has got them; it is
looked at by `validate`, and is then renamed onto its place: whoever reads the path sees the old file or the new one,
and a full disk leaves the old one.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Set
from typing import Any, Final

from runner.errors import StepError
from runner.model.call import Call, Fragment, Upload
from runner.model.quick import dataclass
from runner.sh import modes, replacing
from runner.sh.encode import printf_word
from runner.sh.extras import extras
from runner.sh.quote import path, quote

INLINE_LIMIT: Final = 64 << 10  # bytes of content that travel in the text itself
DIFF_LIMIT: Final = 100 << 10  # bytes of a file that are shown in a diff (Ansible's max_diff_size has 104448)


def sha1(data: bytes) -> str:
    """SHA-1 in hex: what Ansible calls `checksum`."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def content_upload(name: str, data: bytes) -> Upload:
    """These bytes as an upload."""
    return Upload(name, len(data), sha1(data), content=data)


@dataclass(frozen=True, slots=True)
class Placing:
    """What is to be at `dest`. `name`: the base name to use if `dest` is a folder; None: a folder is an error.

    The content is `content`, or the local file `source`, or (`remote`) a file of the host. `size` in bytes. `sealed`:
    it was encrypted here, so no diff shows it. `unsafe`: where no rename is possible, it is written in place.
    `extras`: sh text for its SELinux context and attributes.
    """

    dest: str
    name: str | None
    sha1: str = ""
    size: int = 0
    content: bytes | None = None
    source: str | None = None
    remote: str | None = None
    mode: str | None = None
    owner: str = ""
    group: str = ""
    directory_mode: str | None = None
    force: bool = True
    backup: bool = False
    follow: bool = False
    validate: str | None = None
    sealed: bool = False
    unsafe: bool = False
    extras: str = ""

    @property
    def is_large(self) -> bool:
        """Whether it is looked at first, and sent only if it differs."""
        return self.remote is None and self.size > INLINE_LIMIT

    @property
    def final(self) -> str:
        """The path as far as it is known here."""
        return self.dest + (self.name or "") if self.dest.endswith("/") else self.dest


def from_args(args: Any, **more: Any) -> Placing:
    """A placing with the options that copy and template share, taken from a call's arguments."""
    if args["validate"] is not None and "%s" not in args["validate"]:
        raise StepError(f"validate must contain %s: {args['validate']}")
    return Placing(
        dest=args["dest"],
        owner=args["owner"] or "",
        group=args["group"] or "",
        force=args["force"],
        backup=args["backup"],
        follow=args["follow"],
        validate=args["validate"],
        unsafe=args["unsafe_writes"],
        extras=extras(args),
        **more,
    )


def holds(paths: Set[str], wanted: str) -> bool:
    """Whether a path is among these, `//` and a trailing `/` aside."""
    return wanted in paths or posixpath.normpath(wanted) in {posixpath.normpath(found) for found in paths if found}


def fragment(call: Call, placing: Placing, *, upload: bool = False) -> Fragment:
    """The fragment for one file. A large one is only looked at, unless `upload` is set: then it is on its way."""
    large = placing.is_large and not upload
    uploads: tuple[Upload, ...] = ()
    if upload and placing.content is not None:
        uploads = (Upload("body", placing.size, placing.sha1, content=placing.content),)
    elif upload:
        uploads = (Upload("body", placing.size, placing.sha1, source=placing.source),)
    folders = (placing.dest.rstrip("/"),) if placing.dest.endswith("/") and placing.dest.strip("/") else ()
    return Fragment(
        probe="\n".join(_probe(call, placing, upload)),
        apply=_apply(placing, large=large),
        uploads=uploads,
        makes=(*folders, placing.final),
        last=not large and placing.remote is None,
        places=f"{placing.size} {path(placing.final)}" if _is_plain(placing) and not large else "",
        unless=_unless(call, placing),
        memo={"placing": placing, "uploaded": upload},
    )


def _is_plain(placing: Placing) -> bool:
    """Whether nothing but the file itself is looked at or changed, and no command of the user's runs."""
    return placing.remote is None and placing.validate is None and not placing.extras


def _unless(call: Call, placing: Placing) -> str:
    """Words that succeed if the file is known to be as it is to be; "" where more has to be looked at."""
    mode = modes.octal(placing.mode or "0")
    gone = call.check and holds(call.will_vanish, placing.final)
    if gone or mode is None or placing.is_large or not placing.force or not _is_plain(placing):
        return ""
    wanted, owners = f"{mode:o}" if placing.mode else "''", f"{quote(placing.owner)} {quote(placing.group)}"
    return f"pb_is_there {path(placing.final)} {placing.sha1} {wanted} {owners}"


def _probe(call: Call, placing: Placing, upload: bool) -> list[str]:
    lines = [placing.extras, _body(call, placing, upload), *_where(placing)]
    lines.append('pb_recall "$pb_dest"; pb_same=')
    if call.check and holds(call.will_vanish, placing.final):
        lines.append("pb_type=absent")
    lines.append('pb_kv dest "$pb_dest"; pb_report was')
    if not placing.force:
        lines.append('if [ "$pb_type" != absent ] && [ -e "$pb_dest" ]; then pb_kv kept 1; exit 0; fi')
    lines.append(_compare(placing))
    if call.diff:
        lines.append(_show_before(0 if placing.sealed else DIFF_LIMIT))
    lines.append(_judge(call, placing))
    if placing.is_large and not upload:
        lines.append('if [ -z "$pb_same" ]; then pb_kv need 1; exit 0; fi')
    return lines


def _body(call: Call, placing: Placing, upload: bool) -> str:
    """`pb_body` writes the content, `pb_alike FILE` compares it where no checksum tool exists."""
    if placing.remote is not None:
        # In a dry run a source that an earlier step would have made is not there yet, and nobody knows what it holds.
        soon = call.check and holds(call.will_exist, placing.remote)
        unseen = '[ -e "$pb_src" ] || { pb_kv source_is_made 1; exit 0; }\n' if soon else ""
        return (
            'pb_body() { cat -- "$pb_src"; }\npb_alike() { cmp -s -- "$pb_src" "$1"; }\n'
            f"pb_src={path(placing.remote)}\n{unseen}{_REMOTE}"
        )
    if placing.is_large:
        same = 'cmp -s -- "$pb_up_body" "$1"' if upload else "return 1"
        return f'pb_body() {{ cat -- "$pb_up_body"; }}\npb_alike() {{ {same}; }}'
    if placing.content is None:
        raise StepError("a small file travels as its content")
    return f'pb_body() {{ printf {printf_word(placing.content)}; }}\npb_alike() {{ pb_body | cmp -s - "$1"; }}'


# Of a file of the host: it must be there; its checksum is the one wanted, its mode the one a new file gets.
_REMOTE: Final = r"""[ -e "$pb_src" ] || pb_fail "Source $pb_src not found"
[ -r "$pb_src" ] || pb_fail "Source $pb_src not readable"
if [ -d "$pb_src" ]; then pb_kv source_is_folder 1; exit 0; fi
[ -f "$pb_src" ] || pb_fail "Cannot copy invalid source '$pb_src': not a file"
pb_statl "$pb_src"
pb_want_size=$pb_size pb_src_mode=$pb_mode
pb_sum "$pb_src"
pb_want_sum=$pb_sum
pb_kv checksum "$pb_sum"
"""


def _where(placing: Placing) -> list[str]:
    """Sets pb_dest: into a folder under the source's name, through a link if that is wished."""
    dest = path(placing.dest)
    if placing.name is None:
        lines = [f"pb_dest={dest}", '[ ! -d "$pb_dest" ] || pb_fail "can not use content with a dir as dest"']
    elif placing.dest.endswith("/"):
        lines = [
            f"pb_folder={dest}",
            f"pb_dest=${{pb_folder}}{quote(placing.name)}",
            'if [ ! -d "$pb_folder" ] && { [ -e "${pb_folder%/}" ] || [ -L "${pb_folder%/}" ]; }; then',
            'pb_fail "the destination $pb_folder is not a directory"; fi',
        ]
    else:
        lines = [
            f"pb_dest={dest}",
            f'if [ -d "$pb_dest" ]; then pb_dest=$pb_dest/{quote(placing.name)}; fi',
        ]
    if placing.follow:
        lines.append('if [ -L "$pb_dest" ] && [ -e "$pb_dest" ]; then pb_real "$pb_dest"; pb_dest=$pb_real; fi')
    return lines


def _compare(placing: Placing) -> str:
    """Sets pb_same to 1 when the content is there already; only regular files are ever replaced or read."""
    size, wanted = str(placing.size), placing.sha1
    if placing.remote is not None:
        size, wanted = '"$pb_want_size"', '"$pb_want_sum"'
    return (
        "case $pb_type in\n"
        f'file) if [ "$pb_size" = {size} ]; then [ -n "$pb_sum" ] || pb_sum "$pb_dest"\n'
        f'if [ -n "$pb_sum" ]; then [ "$pb_sum" != {wanted} ] || pb_same=1\n'
        'elif pb_alike "$pb_dest"; then pb_same=1; fi; fi ;;\n'
        "absent | link) ;;\n"
        'dir) pb_fail "cannot replace the directory $pb_dest with a file" ;;\n'
        '*) pb_fail "$pb_dest is no regular file ($pb_type), it is left alone" ;;\n'
        "esac"
    )


def _show_before(limit: int) -> str:
    return (
        'if [ -z "$pb_same" ] && [ "$pb_type" = file ]; then\n'
        f'if [ "$pb_size" -gt {limit} ]; then pb_kv before_large 1; else pb_blob before "$pb_dest"; fi; fi'
    )


def _judge(call: Call, placing: Placing) -> str:
    """Says "differs" for the content, checks that the folder can take it, and looks at mode and owner."""
    parent = posixpath.dirname(placing.final) or "."
    soon = call.check and holds(call.will_exist, parent)
    folder = placing.dest.endswith("/")
    above = ":" if soon else 'pb_above "${pb_folder%/}"'
    missing = above if folder else ":" if soon else 'pb_fail "Destination directory $pb_where does not exist"'
    in_place = ' && [ ! -w "$pb_dest" ]' if placing.unsafe else ""
    fresh = 'pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal'
    mode = "pb_want_mode=$pb_src_mode" if placing.mode == "preserve" else modes.text(placing.mode)
    # Ansible: a copy on the host takes its source's mode along when it replaces something, not when it is new.
    every = ""
    if placing.remote is not None:
        every = '\nif [ -z "$pb_same" ] && [ "$pb_type" != absent ]; then pb_mode=$pb_src_mode; fi'
    return (
        'if [ -z "$pb_same" ]; then pb_differs; pb_parent "$pb_dest"\n'
        f'if [ ! -d "$pb_where" ]; then {missing}\n'
        f'elif [ ! -w "$pb_where" ]{in_place}; then pb_fail "Destination $pb_where not writable"; fi\n'
        f"case $pb_type in absent | link) {fresh} ;; esac; fi{every}\n"
        f'{mode}\npb_was=$pb_type\n[ "$pb_type" != link ] || pb_type=file\n'
        f'pb_attr_probe "$pb_dest" {quote(placing.owner)} {quote(placing.group)}'
    )


def _apply(placing: Placing, *, large: bool) -> str:
    owners = f"{quote(placing.owner)} {quote(placing.group)}"
    attributes = f'pb_attr_apply "$pb_dest" {owners}'
    if not large:
        attributes = f'if [ -n "$pb_same" ]; then {attributes}\nelse\n{_replace(placing, owners)}\nfi'
    return f'{attributes}\npb_see_made "$pb_dest" {placing.size}; pb_report now'


def _replace(placing: Placing, owners: str) -> str:
    lines: list[str] = []
    if placing.dest.endswith("/"):
        folder_mode = modes.text(placing.directory_mode)
        lines.append(
            'pb_keep="$pb_want_mode $pb_mode"; if [ ! -d "$pb_folder" ]; then '
            f'pb_octal "$((0777 & ~0$pb_umask))"; pb_mode=$pb_octal pb_isdir=1\n{folder_mode}\n'
            f'pb_make_folders "${{pb_folder%/}}" "$pb_want_mode" {owners}\n'
            "pb_want_mode=${pb_keep% *} pb_mode=${pb_keep#* } pb_isdir=0; fi"
        )
    suffix = posixpath.splitext(posixpath.basename(placing.final))[1]
    ending = quote(suffix) if len(suffix) < 40 else "''"
    write = 'pb_body >&8 2>/dev/null || { pb_body | cat >&8; pb_fail "cannot write $pb_dest"; }'
    if placing.unsafe or placing.remote is not None:
        temporary = replacing.temporary('"$pb_dest"', ending, unsafe=placing.unsafe)
        lines += [temporary, write, _attributes(placing, owners)]
    else:
        # What it is now is known, unless the user's command or further attributes had a hand in it.
        known = "" if _is_plain(placing) else "\npb_sure="
        lines += [f'pb_make "$pb_dest" {ending} {owners}', write, f'pb_finish "$pb_dest" {owners}{known}']
    if placing.validate is not None:
        lines.append(_validate(placing.validate))
    if placing.backup:
        lines.append('[ ! -e "$pb_dest" ] || pb_backup "$pb_dest"')
    lines.append(replacing.put('"$pb_dest"', owners, unsafe=placing.unsafe))
    return "\n".join(lines)


def _attributes(placing: Placing, owners: str) -> str:
    """Gives the temporary the owner and the mode that its place has or is to have."""
    keep = ""
    if placing.remote is None and not (placing.owner and placing.group):
        keep = '[ "$pb_was" != file ] || pb_keep_owner "$pb_dest"\n'
    asked = 'pb_asked=$pb_want_mode; [ -n "$pb_want_mode" ] || pb_want_mode=0$pb_mode'
    return f'{keep}{asked}\npb_attr_apply "$pb_temp" {owners}'


def _validate(command: str) -> str:
    """Runs the user's check on the temporary (Ansible's `validate`)."""
    return (
        f"exec 8>&-\n( trap - EXIT; pb_user_run {replacing.validate_words(command)} )\npb_rc=$?\n"
        '[ "$pb_rc" -eq 0 ] || { pb_kv exit_status "$pb_rc"; pb_fail "failed to validate"; }'
    )
