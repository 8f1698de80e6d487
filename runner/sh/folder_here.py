"""A folder of the host copied on the host itself (copy with remote_src): one walk compares, the same one copies."""

from __future__ import annotations

import posixpath
from typing import Final

from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.sh import modes
from runner.sh.attributes import owner_words
from runner.sh.extras import refuse_for_trees
from runner.sh.quote import path
from runner.sh.verdict import failure, value

# pb_doing is empty in the probe. Links are followed when pb_follow is 1; a circle of them ends at 40 levels.
_WALK: Final = r"""
pb_tree() {
  [ "${#3}" -lt 40 ] || pb_fail "links lead in a circle at $1"
  if [ -L "$1" ] && [ -z "$pb_follow" ]; then pb_tree_link "$1" "$2"
  elif [ -d "$1" ]; then
    pb_tree_dir "$2"
    for pb_entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
      { [ -e "$pb_entry" ] || [ -L "$pb_entry" ]; } && pb_tree "$pb_entry" "$2/${pb_entry##*/}" "$3."
    done
  elif [ -f "$1" ]; then pb_tree_file "$1" "$2"
  fi
  return 0
}
pb_tree_link() {
  pb_stat "$1"; pb_to=$pb_link
  pb_stat "$2"
  [ "$pb_type" = link ] && [ "$pb_link" = "$pb_to" ] && return
  [ "$pb_type" != dir ] || pb_fail "$2 is a directory, it is not replaced"
  pb_differs
  [ -z "$pb_doing" ] || pb_swap_link "$pb_to" "$2" -s
}
pb_tree_dir() {
  [ -d "$1" ] && return
  if [ -e "$1" ] || [ -L "$1" ]; then pb_fail "$1 is not a directory"; fi
  pb_differs
  [ -n "$pb_doing" ] || return 0
  pb_octal "$((0777 & ~0$pb_umask))"; pb_mode=$pb_octal pb_isdir=1
  pb_dir_mode
  pb_make_folders "$1" "$pb_want_mode" "$pb_owner" "$pb_owngroup"
}
pb_tree_file() {
  pb_same=
  [ ! -d "$2" ] || pb_fail "$2 is a directory, it is not replaced"
  if [ -f "$2" ] && [ ! -L "$2" ]; then
    [ -z "$pb_keep" ] || return 0
    if cmp -s -- "$1" "$2"; then pb_same=1; fi
  fi
  if [ -n "$pb_same" ]; then pb_stat "$2"; else pb_statl "$1"; pb_differs; fi
  pb_file_mode
  pb_attr_probe "$2" "$pb_owner" "$pb_owngroup"
  [ -n "$pb_doing" ] || return 0
  if [ -n "$pb_same" ]; then pb_attr_apply "$2" "$pb_owner" "$pb_owngroup"; return; fi
  pb_temp "$2"
  cat -- "$1" >&8 || pb_fail "cannot write $2"
  [ -n "$pb_want_mode" ] || pb_want_mode=0$pb_mode
  pb_attr_apply "$pb_temp" "$pb_owner" "$pb_owngroup"
  { [ -z "$pb_save" ] || [ ! -e "$2" ]; } || pb_backup "$2"
  pb_place "$pb_temp" "$2"
}
"""


def fragment(call: Call) -> Fragment:
    """Compares the two trees on the host; copies what differs."""
    args = call.args
    refuse_for_trees(args)
    source = args["src"].rstrip("/") or "/"
    dest = args["dest"].rstrip("/") or "/"
    base = dest if args["src"].endswith("/") else posixpath.join(dest, posixpath.basename(source))
    owner, group = owner_words(args).split(" ", 1)
    flags = {"follow": args["local_follow"], "keep": not args["force"], "save": args["backup"]}
    file_mode = None if args["mode"] == "preserve" else args["mode"]
    lines = [
        _WALK,
        f"pb_dir_mode() {{ {modes.text(args['directory_mode'])}\n}}",
        f"pb_file_mode() {{ {modes.text(file_mode)}\n}}",
        f"pb_owner={owner} pb_owngroup={group} pb_doing=",
        *(f"pb_{name}={'1' if on else ''}" for name, on in flags.items()),
        f"pb_src={path(source)}\npb_base={path(base)}",
        'pb_kv dest "$pb_base"',
        '[ -d "$pb_src" ] || pb_fail "Source $pb_src not found"',
        '[ -r "$pb_src" ] || pb_fail "Source $pb_src not readable"',
        'pb_tree "$pb_src" "$pb_base" ""',
    ]
    return Fragment(
        probe="\n".join(lines),
        apply='pb_doing=1\npb_tree "$pb_src" "$pb_base" ""',
        makes=(dest, base),
        memo={"folder_here": True},
    )


def outcome(call: Call, reply: Reply) -> Outcome:
    """Changed when anything differed."""
    problem = failure(reply)
    if problem:
        return problem
    values = {"dest": value(reply, "dest"), "src": call.args["src"]}
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
