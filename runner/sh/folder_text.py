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
from runner.sh.place import INLINE_LIMIT
from runner.sh.quote import path, quote

_INLINE_TOTAL: Final = 4 << 20  # bytes of all small files that travel in the text; what is more is uploaded
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
    """One fragment for everything that differs."""
    files: defaultdict[str, list[Put]] = defaultdict(list)
    for put in puts:
        if put.kind == "file":
            files[posixpath.dirname(put.relative) or "."].append(put)
    uploads: list[Upload] = []
    lines = [_BEGIN, f"pb_base={path(call.args['dest'].rstrip('/') or '/')}", _base(call)]
    lines += _folders([put for put in puts if put.kind == "dir"])
    left = _INLINE_TOTAL
    for folder, group in files.items():
        lines.append(f"pb_stage {quote(f'./{folder}')}")
        for put in group:
            inline = put.size <= min(INLINE_LIMIT, left)
            left -= put.size if inline else 0
            lines.append(_write(put, desk, uploads, inline))
        lines += _attributes(group, staged=True)
        lines += _move(call, folder, group)
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


def _write(put: Put, desk: Desk, uploads: list[Upload], inline: bool) -> str:
    name = quote(posixpath.basename(put.relative))
    if inline:
        content = desk.read(put.local, decrypt=False) if put.content is None else put.content
        return f'printf {printf_word(content)} >"$pb_at/$pb_staged/"{name} || pb_unwritten {name}'
    upload = Upload(f"f{len(uploads)}", put.size, put.sha1, put.local if put.content is None else None, put.content)
    uploads.append(upload)
    return f'cat -- "$pb_up_{upload.name}" >"$pb_at/$pb_staged/"{name} || pb_unwritten {name}'


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
