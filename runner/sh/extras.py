"""What a file has beside owner and mode: SELinux context and chattr's attributes, compared and set if asked for.

The sh text here travels only when it is asked for. It defines `pb_extras_differ PATH` and `pb_extras_apply PATH`, which
the prelude's `pb_attr_probe`, `pb_attr_apply` and `pb_place` call. Where SELinux is not enabled its options have no
effect, as in Ansible; a file that is replaced keeps its context (`pb_place` sees to that).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.sh.quote import quote

# https://man7.org/linux/man-pages/man1/chattr.1.html; e (extents), I, N and E are the file system's own.
_LETTERS: Final = "aAcCdDFijmPsStTux"
_CONTEXT: Final = ("seuser", "serole", "setype", "selevel")
_ATTRIBUTES: Final = re.compile(rf"([-+=]?)([{_LETTERS}e]*)\Z")

_TEXT: Final = r"""
pb_extras=1
pb_extras_look() {
  pb_on= pb_off= pb_con=
  [ -z "$pb_want_on$pb_want_off" ] || pb_flags_look "$1"
  if [ -n "$pb_want_con" ] && pb_have selinuxenabled && selinuxenabled; then pb_con_look "$1"; fi
}
pb_flags_look() {
  { pb_have lsattr && pb_have chattr; } || pb_fail "attributes need lsattr and chattr on the host: install e2fsprogs"
  pb_flags=$(lsattr -d -- "$1" 2>/dev/null) || pb_fail "the file system of $1 has no attributes"
  pb_flags=${pb_flags%% *}
  for pb_f in $pb_want_on; do case $pb_flags in *"$pb_f"*) ;; *) pb_on=$pb_on$pb_f ;; esac; done
  for pb_f in $pb_want_off; do case $pb_flags in *"$pb_f"*) pb_off=$pb_off$pb_f ;; esac; done
}
pb_con_look() {
  pb_is=$(stat -c %C -- "$1" 2>/dev/null) || pb_is=$(ls -Zd -- "$1" 2>/dev/null)
  pb_is=${pb_is%% *}
  pb_policy=
  case $pb_seuser,$pb_serole,$pb_setype,$pb_selevel in *_default*)
    pb_policy=$(matchpathcon -n -- "$1" 2>/dev/null) || pb_fail "matchpathcon does not know $1" ;;
  esac
  pb_part "$pb_seuser" 1; pb_to=$pb_part
  pb_part "$pb_serole" 2; pb_to=$pb_to:$pb_part
  pb_part "$pb_setype" 3; pb_to=$pb_to:$pb_part
  pb_part "$pb_selevel" 4; pb_to=$pb_to${pb_part:+:$pb_part}
  [ "$pb_to" = "$pb_is" ] || pb_con=$pb_to
}
pb_part() {
  pb_from=$pb_is
  case $1 in "") ;; _default) pb_from=$pb_policy ;; *) pb_part=$1; return ;; esac
  pb_n=1
  while [ $pb_n -lt "$2" ]; do pb_from=${pb_from#*:} pb_n=$((pb_n + 1)); done
  if [ "$2" = 4 ]; then pb_part=$pb_from; else pb_part=${pb_from%%:*}; fi
}
pb_extras_differ() {
  pb_extras_look "$1"
  [ -z "$pb_on$pb_off$pb_con" ] || pb_differs
}
pb_extras_apply() {
  pb_extras_look "$1"
  [ -z "$pb_con" ] || chcon -h -- "$pb_con" "$1" || pb_fail "chcon failed: $1 to $pb_con"
  [ -z "$pb_off" ] || chattr "-$pb_off" -- "$1" || pb_fail "chattr failed"
  [ -z "$pb_on" ] || chattr "+$pb_on" -- "$1" || pb_fail "chattr failed"
}
"""


def extras(args: Mapping[str, Any]) -> str:
    """The sh text for a call's `attributes`, `seuser`, `serole`, `setype` and `selevel`; "" when none is given.

    Raises StepError for attributes that chattr does not know.
    """
    context = {name: str(args.get(name) or "") for name in _CONTEXT}
    on, off = _attributes(args.get("attributes"))
    if not (on or off or any(context.values())):
        return ""
    lines = [f"pb_{name}={quote(text)}" for name, text in context.items()]
    lines.append(f"pb_want_on={quote(on)} pb_want_off={quote(off)} pb_want_con={'1' if any(context.values()) else ''}")
    return "\n".join(lines) + _TEXT


def refuse_for_trees(args: Mapping[str, Any]) -> None:
    """Raises StepError when they are asked for all that is in a folder."""
    if extras(args):
        raise StepError("attributes and SELinux context are set for single files and folders, not for all within one")


def _attributes(given: str | None) -> tuple[str, str]:
    """The letters that shall be set and those that shall not, each followed by a blank."""
    if not given:
        return "", ""
    found = _ATTRIBUTES.match(given)
    if found is None:
        raise StepError(f"attributes: {given!r} is not +, - or = and letters of chattr ({_LETTERS})")
    sign, letters = found[1] or "=", dict.fromkeys(found[2].replace("e", ""))
    on = letters if sign in "+=" else {}
    off = letters if sign == "-" else [letter for letter in _LETTERS if letter not in letters] if sign == "=" else {}
    return " ".join(on), " ".join(off)
