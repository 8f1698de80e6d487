"""Sh texts around one new file: where its temporary is opened, how the user checks it, how it comes onto its place."""

from __future__ import annotations

import shlex

from runner.errors import StepError
from runner.sh.quote import expanded


def temporary(dest: str, suffix: str = "", *, unsafe: bool = False) -> str:
    """Sh text that opens a temporary for `dest` (a shell word); with `unsafe` elsewhere if its folder takes none."""
    beside = f"pb_temp {dest} {suffix}"
    if not unsafe:
        return beside
    return f'pb_parent {dest}\nif [ -w "$pb_where" ]; then {beside}; else pb_temp "$pb_dir/new" {suffix}; fi'


def put(dest: str, owners: str, *, unsafe: bool = False) -> str:
    """Sh text that renames the temporary onto `dest` (a shell word). With `unsafe` the content is written in place
    if that fails; `pb_asked` is then the mode that was asked for ("" = keep)."""
    if not unsafe:
        return f'pb_place "$pb_temp" {dest}'
    return (
        f'pb_place "$pb_temp" {dest} unsafe\n'
        f'[ -z "$pb_in_place" ] || {{ pb_want_mode=$pb_asked; pb_attr_apply {dest} {owners}; }}'
    )


def as_it_was(dest: str, mode: str, owners: str, *, unsafe: bool = False) -> str:
    """Sh text that puts the temporary onto `dest` (a shell word) with the mode and owner that were there, or those that
    are asked for. `pb_was` is the type of what was there and `pb_had` its `MODE UID GID`; `mode` is `modes.text`."""
    return "\n".join(
        (
            "set -- $pb_had; pb_mode=${1-0} pb_uid=${2-} pb_gid=${3-} pb_isdir=0 pb_type=$pb_was",
            '[ "$pb_was" = file ] || { pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal; }',
            mode,
            f'[ "$pb_was" != file ] || pb_keep_owner {dest}',
            'pb_asked=$pb_want_mode; [ -n "$pb_want_mode" ] || pb_want_mode=0$pb_mode',
            f'pb_attr_apply "$pb_temp" {owners}',
            put(dest, owners, unsafe=unsafe),
        )
    )


def validate_words(command: str) -> str:
    """The user's check as words, not as a shell's text; `%s` is the temporary file. Raises StepError."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise StepError(f"validate cannot be split into words: {error}") from None
    return " ".join(
        '"$pb_temp"'.join(expanded(part.replace("%%", "%")) if part else "" for part in word.split("%s")) or "''"
        for word in words
    )
