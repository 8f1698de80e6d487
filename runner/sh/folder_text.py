"""The text that makes a folder's differing entries: folders, staged files moved together, links, modes and owners."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Literal

from runner.model.call import Call, Fragment, Upload
from runner.model.ports import Desk
from runner.model.quick import dataclass
from runner.sh import modes
from runner.sh.encode import printf_word
from runner.sh.place import INLINE_LIMIT, content_upload
from runner.sh.quote import path, quote

_INLINE_TOTAL: Final = 4 << 20  # bytes of all small files that travel in the text; others are uploaded as one
_PACK_TOTAL: Final = 64 << 20  # bytes of small files in that one upload
_PLAIN: Final = bytes([9, 10, *range(32, 127)])
_MANY: Final = 200  # names for one process


@dataclass(frozen=True, slots=True)
class Put:
    """One thing to be done below the destination. `mode` None: what the umask gives. A file's content is that of
    `local`, or `content` if that was encrypted."""

    kind: Literal["dir", "file", "link", "attributes"]
    relative: str
    mode: int | None
    owner: str
    group: str
    local: str = ""
    size: int = 0
    sha1: str = ""
    link: str = ""
    replaces: bool = False
    content: bytes | None = field(default=None, repr=False)


def fragment(call: Call, puts: Sequence[Put], desk: Desk, memo: Mapping[str, Any]) -> Fragment:
    """One fragment for everything that differs: text files in its own text, other small ones as one upload."""
    files: defaultdict[str, list[Put]] = defaultdict(list)
    for put in puts:
        if put.kind == "file":
            files[posixpath.dirname(put.relative) or "."].append(put)
    uploads: list[Upload] = []
    lines = [_BEGIN, f"pb_base={path(call.args['dest'].rstrip('/') or '/')}", _base(call)]
    lines += _folders([put for put in puts if put.kind == "dir"])
    pack = bytearray()
    left = _INLINE_TOTAL
    for folder, group in files.items():
        lines.append(f"pb_stage {quote(f'./{folder}')}")
        for put in group:
            content = _content(put, desk, len(pack))
            if content is None:
                lines.append(_upload(put, uploads))
            elif len(content) <= left and not _is_binary(content):
                left -= len(content)
                lines.append(_to(put, f"printf {printf_word(content)}"))
            else:
                pack += content
                lines.append(_to(put, f"dd bs={len(content)} count=1 <&7 2>/dev/null"))
        lines += _attributes(group, staged=True)
        lines += _move(call, folder, group)
    if pack:
        uploads.append(content_upload("pack", bytes(pack)))
        lines[:0] = ['exec 7<"$pb_up_pack"']
        lines.append("exec 7<&-")
    for put in puts:
        if put.kind == "link":
            lines.append(_link(put))
    lines += _attributes([put for put in puts if put.kind == "attributes"], staged=False)
    return Fragment(probe="pb_differs", apply="\n".join(lines), uploads=tuple(uploads), memo=memo)


# pb_stage makes a private folder beside the places; whatever is left of it goes when the step ends.
_BEGIN: Final = r"""
pb_staged=.pb-$pb_nonce.$pb_index pb_at=
pb_unstage() { pb_rc=$?; trap - EXIT; [ -z "$pb_at" ] || rm -rf -- "$pb_at/$pb_staged"; exit "$pb_rc"; }
trap pb_unstage EXIT
pb_stage() {
  mkdir -m 700 -- "$1/$pb_staged" || pb_fail "cannot write into $pb_base/$1"
  pb_at=$1
  umask 077
  set -C
}
pb_unwritten() { set +C; printf . | cat >>"$pb_at/$pb_staged/$1"; pb_fail "cannot write $pb_at/$1"; }
"""


def _base(call: Call) -> str:
    args = call.args
    return (
        'pb_octal "$((0777 & ~0$pb_umask))"; pb_mode=$pb_octal pb_isdir=1\n'
        f"{modes.text(args['directory_mode'])}\n"
        f'pb_make_folders "$pb_base" "$pb_want_mode" {quote(args["owner"] or "")} {quote(args["group"] or "")}\n'
        'cd "$pb_base" || pb_fail "cannot go into $pb_base"'
    )


def _folders(puts: Sequence[Put]) -> list[str]:
    lines: list[str] = []
    for names in _batches(puts):
        lines.append(f"mkdir -p -- {_words(names)} || pb_fail 'cannot make folders'")
    return lines + _attributes(puts, staged=False)


def _content(put: Put, desk: Desk, packed: int) -> bytes | None:
    """What a small file holds; None for one that is uploaded by itself."""
    if put.size > INLINE_LIMIT or packed + put.size > _PACK_TOTAL:
        return None
    return desk.read(put.local, decrypt=False) if put.content is None else put.content


def _is_binary(content: bytes) -> bool:
    """Whether it would be much longer as text of a shell."""
    return len(content.translate(None, _PLAIN)) * 4 > len(content)


def _to(put: Put, command: str) -> str:
    """A command whose output is the file's content; parts of the one upload are read in turn."""
    name = quote(posixpath.basename(put.relative))
    return f'{command} >"$pb_at/$pb_staged/"{name} || pb_unwritten {name}'


def _upload(put: Put, uploads: list[Upload]) -> str:
    upload = Upload(f"f{len(uploads)}", put.size, put.sha1, put.local if put.content is None else None, put.content)
    uploads.append(upload)
    return _to(put, f'cat -- "$pb_up_{upload.name}"')


def _attributes(puts: Sequence[Put], *, staged: bool) -> list[str]:
    """chown, then chmod, one process for all that get the same; staged files get theirs before they are seen."""
    lines: list[str] = []
    owners: defaultdict[tuple[str, str], list[Put]] = defaultdict(list)
    by_mode: defaultdict[int, list[Put]] = defaultdict(list)
    for put in puts:
        if put.owner or put.group:
            owners[put.owner, put.group].append(put)
        if put.mode is not None and not (staged and put.mode == 0o600):
            by_mode[put.mode].append(put)
    for (owner, group), members in owners.items():
        word = quote(owner + (f":{group}" if group else ""))
        for batch in _batches(members):
            lines.append(f"chown -h -- {word} {_words(batch, staged)} || pb_fail 'chown failed'")
    for mode, members in by_mode.items():
        for batch in _batches(members):
            lines.append(f"chmod -- 0{mode:04o} {_words(batch, staged)} || pb_fail 'chmod failed'")
    return lines


def _move(call: Call, folder: str, puts: Sequence[Put]) -> list[str]:
    lines = ['set +C; umask "$pb_umask"']
    if call.args["backup"]:
        for put in puts:
            if put.replaces:
                lines.append(f"pb_backup {quote(f'./{put.relative}')}")
    for batch in _batches(puts):
        lines.append(f"mv -f -- {_words(batch, True)} {quote(f'./{folder}/')} || pb_fail 'cannot replace files'")
    lines.append('rmdir -- "$pb_at/$pb_staged"; pb_at=')
    return lines


def _link(put: Put) -> str:
    return f"pb_swap_link {quote(put.link)} {quote(f'./{put.relative}')} -s"


def _batches(puts: Sequence[Put]) -> list[Sequence[Put]]:
    return [puts[at : at + _MANY] for at in range(0, len(puts), _MANY)]


def _words(puts: Sequence[Put], staged: bool = False) -> str:
    if staged:
        return " ".join(f'"$pb_at/$pb_staged/"{quote(posixpath.basename(put.relative))}' for put in puts)
    return " ".join(quote(f"./{put.relative}") for put in puts)
