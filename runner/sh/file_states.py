"""The texts of the file module, one probe and apply for each state; rules as in Ansible's file module.

One is different on purpose: `recurse` never goes through a link below the folder, so that whoever owns a folder
cannot have something else's owner or mode changed.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from runner.errors import StepError
from runner.model.call import Call
from runner.sh import modes
from runner.sh.attributes import owner_words
from runner.sh.place import holds
from runner.sh.quote import path, quote

# What a host calls a type, in Ansible's words for a path's state.
_WORD: Final = "case $pb_type in dir) pb_word=directory ;; link) pb_word=link ;; *) pb_word=file ;; esac\n"
_FOLLOW: Final = 'if [ "$pb_type" = link ]; then pb_real "$pb_path"; pb_path=$pb_real; pb_stat "$pb_path"; fi\n'


class Texts(NamedTuple):
    """What a state needs: its probe and its apply."""

    probe: str
    apply: str


def start(call: Call) -> str:
    """Sets pb_path and looks at it; a dry run takes into account what earlier steps would have removed."""
    gone = "\npb_type=absent" if call.check and holds(call.will_vanish, call.args["path"]) else ""
    return f'pb_path={path(call.args["path"])}\npb_stat "$pb_path"{gone}\npb_report was; pb_kv path "$pb_path"\n'


def absent(call: Call) -> Texts:
    """Whatever it is, it is removed; a link itself, never what it points to."""
    if posixpath.normpath(call.args["path"]) in ("/", "//", "."):
        raise StepError(f"{call.args['path']} is not removed")
    return Texts(
        '[ "$pb_type" = absent ] || pb_differs',
        'if [ "$pb_type" = dir ]; then rm -rf -- "$pb_path"; else rm -f -- "$pb_path"; fi || pb_fail "rmtree failed"\n'
        '{ [ ! -e "$pb_path" ] && [ ! -L "$pb_path" ]; } || pb_fail "cannot remove $pb_path"',
    )


def file(call: Call) -> Texts:
    """A file that must be there; mode, owner and times are set."""
    follow = _FOLLOW if call.args["follow"] else ""
    missing = 'pb_fail "file ($pb_path) is absent, cannot continue"'
    if call.check and holds(call.will_exist, call.args["path"]):
        missing = "pb_kv soon 1; exit 0"
    return Texts(
        f"{follow}case $pb_type in absent) {missing} ;;\n"
        f'dir | link) {_WORD}pb_fail "file ($pb_path) is $pb_word, cannot continue" ;; esac\n'
        f"{_attributes_probe(call)}{_times_probe(call.args)}",
        f"{_attributes_apply(call)}{_times_apply(call.args)}",
    )


def directory(call: Call) -> Texts:
    """A folder with the missing ones above it; new ones all get the mode and owner."""
    args = call.args
    follow = _FOLLOW if args["follow"] else ""
    soon = call.check and holds(call.will_exist, args["path"])
    fresh = "pb_kv soon 1; exit 0" if soon else 'pb_differs; pb_above "$pb_path"'
    probe = (
        f"{follow}case $pb_type in\nabsent) {fresh}\n"
        'pb_octal "$((0777 & ~0$pb_umask))"; pb_mode=$pb_octal pb_isdir=1 pb_new=1 ;;\n'
        f'dir) pb_new= ;;\n*) {_WORD}pb_fail "$pb_path already exists as a $pb_word" ;;\nesac\n'
        f"{_attributes_probe(call)}{_times_probe(args)}"
    )
    if args["recurse"]:
        probe += f'if [ -z "$pb_new" ]; then\n{_recurse_probe(args)}\nfi\n'
    apply = (
        f'if [ -n "$pb_new" ]; then pb_make_folders "$pb_path" "$pb_want_mode" {owner_words(args)}\n'
        f"else\n{_attributes_apply(call)}{_recurse_apply(args) if args['recurse'] else ''}fi\n{_times_apply(args)}"
    )
    return Texts(probe, apply)


def touch(call: Call) -> Texts:
    """A file that is made if it is missing; its times become now unless told otherwise."""
    args = call.args
    soon = call.check and holds(call.will_exist, posixpath.dirname(args["path"]) or ".")
    parent = "" if soon else '[ -d "$pb_where" ] || pb_fail "Error, could not touch target: no folder $pb_where"\n'
    probe = (
        f"{_FOLLOW if args['follow'] else ''}pb_new=\n"
        f'if [ "$pb_type" = absent ]; then pb_new=1; pb_differs; pb_parent "$pb_path"\n{parent}'
        'pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal; fi\n'
        f"{_attributes_probe(call)}{_times_probe(args)}"
    )
    apply = (
        'if [ -n "$pb_new" ]; then set -C; true >"$pb_path" || pb_fail "Error, could not touch target"; set +C; fi\n'
        f"{_attributes_apply(call)}{_times_apply(args)}"
    )
    return Texts(probe, apply)


def link(call: Call) -> Texts:
    """A symbolic link; files and empty folders in its place are replaced only with `force`."""
    args = call.args
    if args["src"] is None:
        source = '[ "$pb_type" = link ] || pb_fail "src is required for creating new symlinks"\npb_src=$pb_link\n'
    else:
        source = f"pb_src={_link_text(args['src'])}\n{'' if args['force'] else _source_exists(call)}"
    refuse = f'{_WORD}pb_fail "refusing to convert from $pb_word to symlink for $pb_path"'
    empty = 'rmdir_ok=$(ls -A -- "$pb_path"); [ -z "$rmdir_ok" ] || '
    empty += 'pb_fail "the directory $pb_path is not empty, refusing to convert it"; pb_differs'
    probe = (
        f'{source}case $pb_type in\nlink) [ "$pb_link" = "$pb_src" ] || pb_differs ;;\nabsent) pb_differs ;;\n'
        f"dir) {empty if args['force'] else refuse} ;;\n*) {'pb_differs' if args['force'] else refuse} ;;\nesac\n"
        "pb_relink=$pb_diff pb_was=$pb_type\n"
    )
    apply = (
        'if [ -n "$pb_relink" ]; then\ncase $pb_was in\nabsent) ln -s -- "$pb_src" "$pb_path" || '
        'pb_fail "Error while linking $pb_path" ;;\n'
        'dir) rmdir -- "$pb_path" || pb_fail "Error while replacing $pb_path"\n'
        'ln -s -- "$pb_src" "$pb_path" || pb_fail "Error while linking $pb_path" ;;\n'
        '*) pb_swap_link "$pb_src" "$pb_path" -s ;;\nesac\nfi\n'
    )
    return _with_target(call, probe, apply)


def _with_target(call: Call, probe: str, apply: str) -> Texts:
    """Mode and owner of a link: of what it points to when `follow` is set, else the owner of the link itself."""
    args = call.args
    if not (args["mode"] or args["owner"] or args["group"]):
        return Texts(probe, apply)
    if not args["follow"]:
        return Texts(probe + _attributes_probe(call), apply + _attributes_apply(call))
    probe += f'if [ -z "$pb_relink" ] && [ -e "$pb_path" ]; then pb_statl "$pb_path"\n{_attributes_probe(call)}fi\n'
    apply += (
        'if [ -e "$pb_path" ]; then pb_link_path=$pb_path; pb_real "$pb_path"; pb_path=$pb_real; pb_stat "$pb_path"\n'
        f"{modes.text(args['mode'])}\n{_attributes_apply(call)}pb_path=$pb_link_path; fi\n"
    )
    return Texts(probe, apply)


def _link_text(source: str) -> str:
    return quote(source) if source.startswith("-") or not source else path(source)


def _source_exists(call: Call) -> str:
    """A link to nothing needs `force`; what an earlier step of a dry run makes counts as there."""
    source = call.args["src"]
    beside = posixpath.join(posixpath.dirname(call.args["path"]), source)
    if call.check and (holds(call.will_exist, source) or holds(call.will_exist, beside)):
        return ""
    return (
        'pb_parent "$pb_path"; [ "$pb_type" != dir ] || pb_where=$pb_path\n'
        "case $pb_src in /*) pb_abs=$pb_src ;; *) pb_abs=$pb_where/$pb_src ;; esac\n"
        '[ -e "$pb_abs" ] || '
        "pb_fail \"src file does not exist, use 'force=yes' if you really want to create the link: $pb_abs\"\n"
    )


def hard(call: Call) -> Texts:
    """A hard link to `src`; something else in its place is replaced only with `force`."""
    args = call.args
    if args["src"] is None:
        probe = '[ "$pb_type" = file ] && [ "$pb_nlink" -gt 1 ] || '
        probe += 'pb_fail "src is required for creating new hardlinks"\npb_relink=\n'
        return Texts(probe + _attributes_probe(call), _attributes_apply(call))
    force = args["force"]
    soon = call.check and holds(call.will_exist, args["src"])
    need = "" if soon else '[ -e "$pb_src" ] || pb_fail "src does not exist"\n'
    probe = (
        f'pb_src={path(args["src"])}\n{need}if [ "$pb_path" -ef "$pb_src" ] && [ "$pb_type" != link ]; then :; else\n'
        + (
            ""
            if force
            else f'case $pb_type in absent | link) ;; dir) {_DIFFERENT} ;; *) if [ "$pb_nlink" -gt 1 ]; then '
            f'{_DIFFERENT}; else pb_fail "Cannot link, file exists at destination"; fi ;; esac\n'
        )
        + "pb_differs; fi\npb_relink=$pb_diff pb_was=$pb_type\n"
    )
    apply = (
        'if [ -n "$pb_relink" ]; then if [ "$pb_was" = absent ]; then\n'
        'ln -- "$pb_src" "$pb_path" || pb_fail "Error while linking $pb_path"\n'
        'else pb_swap_link "$pb_src" "$pb_path"; fi; fi\n'
    )
    # Owner and mode are those of the file that both names stand for.
    look = 'if [ -n "$pb_relink" ] && [ -e "$pb_src" ]; then pb_stat "$pb_src"; fi\n'
    return Texts(probe + look + _attributes_probe(call), apply + _attributes_apply(call))


_DIFFERENT: Final = 'pb_fail "Cannot link, different hard link exists at destination"'


def _attributes_probe(call: Call) -> str:
    args = call.args
    return f'{modes.text(args["mode"])}\npb_attr_probe "$pb_path" {owner_words(args)}\n'


def _attributes_apply(call: Call) -> str:
    return f'pb_attr_apply "$pb_path" {owner_words(call.args)}\n'


def _recurse_probe(args: Mapping[str, Any]) -> str:
    """Whether anything below differs. Octal modes and owners are find's work, symbolic ones predicted each."""
    lines = [
        f'pb_any=$(find "$pb_path" {test} | head -n 1)\n[ -z "$pb_any" ] || pb_differs' for test, _ in _finds(args)
    ]
    if args["mode"] and modes.octal(args["mode"]) is None:
        lines.append(f'{_walk(args)}\npb_walking=\npb_walk "$pb_path"')
    return "\n".join(lines) or ":"


def _recurse_apply(args: Mapping[str, Any]) -> str:
    lines = [f'find "$pb_path" {test} -exec {run} {{}} + || pb_fail "{run}"' for test, run in _finds(args)]
    if args["mode"] and modes.octal(args["mode"]) is None:
        lines.append('pb_walking=1\npb_walk "$pb_path"')
    return "\n".join(lines) + "\n"


def _finds(args: Mapping[str, Any]) -> list[tuple[str, str]]:
    """find's test for what differs, and the command that mends it."""
    found: list[tuple[str, str]] = []
    if args["owner"]:
        found.append((f"! -user {quote(args['owner'])}", f"chown -h -- {quote(args['owner'])}"))
    if args["group"]:
        found.append((f"! -group {quote(args['group'])}", f"chgrp -h -- {quote(args['group'])}"))
    fixed = modes.octal(args["mode"]) if args["mode"] else None
    if fixed is not None:
        found.append((f"! -type l ! -perm {fixed:04o}", f"chmod -- 0{fixed:04o}"))
    return found


def _walk(args: Mapping[str, Any]) -> str:
    """A walk that predicts a symbolic mode for every entry, and sets it when pb_walking is 1."""
    return (
        'pb_walk() {\nif [ ! -L "$1" ]; then pb_stat "$1"\n'
        f"{modes.text(args['mode'])}\n"
        'if [ "$((0$pb_mode))" -ne "$((0$pb_want_mode))" ]; then pb_differs\n'
        '[ -z "$pb_walking" ] || pb_attr_apply "$1" "" ""; fi\n'
        'if [ -d "$1" ]; then for pb_entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do\n'
        '{ [ -e "$pb_entry" ] || [ -L "$pb_entry" ]; } && pb_walk "$pb_entry"; done; fi; fi\n}'
    )


def _stamp(args: Mapping[str, Any], name: str) -> str:
    """A time option as `preserve`, `now` or what `touch -t` reads. Raises StepError when it cannot be read."""
    given = args[name]
    if given is None:
        return "now" if args["state"] == "touch" else "preserve"
    if given in ("preserve", "now"):
        return str(given)
    try:
        return time.strftime("%Y%m%d%H%M.%S", time.strptime(given, args[f"{name}_format"]))
    except ValueError as error:
        raise StepError(f"Error while obtaining timestamp for time {given}: {error}") from None


def _times_probe(args: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, flag, field in (("modification_time", "m", "%Y"), ("access_time", "a", "%X")):
        stamp = _stamp(args, name)
        if stamp == "now":
            lines.append("pb_differs")
        elif stamp != "preserve":
            # A file of our own gets the time in the host's time zone, and is compared.
            lines.append(
                f'if [ "$pb_type" != absent ]; then touch -{flag} -t {stamp} "$pb_dir/s.$pb_index" || '
                f'pb_fail "touch -t {stamp}"\n'
                f'[ "$(stat -c {field} -- "$pb_dir/s.$pb_index")" = "$(stat -c {field} -- "$pb_path")" ] || '
                "pb_differs; fi"
            )
    return "\n".join(lines) + "\n" if lines else ""


def _times_apply(args: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for name, flag in (("modification_time", "m"), ("access_time", "a")):
        stamp = _stamp(args, name)
        if stamp != "preserve":
            when = "" if stamp == "now" else f"-t {stamp} "
            lines.append(f'touch -c -{flag} {when}-- "$pb_path" || pb_fail "Error while updating times of $pb_path"')
    return "\n".join(lines) + "\n" if lines else ""
