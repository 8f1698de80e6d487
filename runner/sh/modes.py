"""File modes, octal and symbolic: as shell arithmetic that predicts them on the host, and the same in Python.

The rules are those of Ansible's `mode` option (`_symbolic_mode_to_octal` in its `module_utils/basic.py`), which are
chmod's with one addition: without `u`, `g`, `o` or `a` the umask takes its bits away.
"""

from __future__ import annotations

import re
from typing import Final

from runner.errors import StepError
from runner.model.quick import dataclass

_OCTAL: Final = re.compile(r"(0o)?[0-7]{1,5}", re.ASCII)
_USERS: Final = re.compile(r"[ugo]+")
_PERMS: Final = re.compile(r"[rwxXstugo]*")
_SHIFT: Final = {"u": 6, "g": 3, "o": 0}
_BITS: Final = {"r": 4, "w": 2, "x": 1}
_OWN_SPECIAL: Final = {"u": 0o4000, "g": 0o2000, "o": 0o1000}
_SETS: Final = {("u", "s"): 0o4000, ("g", "s"): 0o2000, ("o", "t"): 0o1000}


@dataclass(frozen=True, slots=True)
class Change:
    """One operation on one class: `operator` is `=`, `+` or `-`; `masked`: the umask takes bits away."""

    user: str
    operator: str
    perms: str
    masked: bool


def octal(mode: str) -> int | None:
    """The number an octal mode stands for; None when it is symbolic."""
    if not _OCTAL.fullmatch(mode):
        return None
    number = int(mode.removeprefix("0o"), 8)
    return number & 0o7777


def parse(mode: str) -> tuple[Change, ...]:
    """A symbolic mode (`u=rwX,g+s`) as single operations in order. Raises StepError when it is none."""
    changes: list[Change] = []
    for clause in mode.split(","):
        users, *perms = re.split("[+=-]", clause)
        operators = re.findall("[+=-]", clause)
        who = "ugo" if users in ("", "a") else users
        if not operators or not _USERS.fullmatch(who) or not all(_PERMS.fullmatch(part) for part in perms):
            raise StepError(f"bad symbolic permission for mode: {mode}")
        for operator, part in zip(operators, perms, strict=True):
            changes += [Change(user, operator, part, not users) for user in who]
    return tuple(changes)


def predict(mode: str, current: int, is_dir: bool, umask: int) -> int:
    """The mode (12 bits) that `mode` makes of a file whose mode is `current`."""
    fixed = octal(mode)
    if fixed is not None:
        return fixed
    for change in parse(mode):
        bits = _bits(change, current, is_dir, umask)
        if change.operator == "+":
            current |= bits
        elif change.operator == "-":
            current &= ~bits
        else:
            current = current & ~(7 << _SHIFT[change.user] | _OWN_SPECIAL[change.user]) | bits
    return current & 0o7777


def _bits(change: Change, current: int, is_dir: bool, umask: int) -> int:
    shift = _SHIFT[change.user]
    allowed = ~umask if change.masked else -1
    made = 0
    for perm in change.perms:
        if perm in _BITS:
            made |= _BITS[perm] << shift & allowed
        elif perm == "X":
            made |= 1 << shift if is_dir or current & 0o111 else 0
        elif perm in _SHIFT:
            made |= (current >> _SHIFT[perm] & 7) << shift
        else:
            made |= _SETS.get((change.user, perm), 0)
    return made


def text(mode: str | None) -> str:
    """Sh text that sets `pb_want_mode` (four octal digits) from `pb_mode` and `pb_type`, without a fork.

    None or "": `pb_want_mode` becomes empty (keep what is there). Raises StepError for a bad mode.
    """
    if not mode:
        return "pb_want_mode="
    fixed = octal(mode)
    if fixed is not None:
        return f"pb_want_mode={fixed:04o}"
    lines = ["pb_m=$((0$pb_mode))"]
    lines += [_operation(change) for change in parse(mode)]
    lines.append('pb_octal "$pb_m"; pb_want_mode=$pb_octal')
    return "\n".join(lines)


def _operation(change: Change) -> str:
    bits = _bits_text(change)
    if change.operator == "+":
        return f"pb_m=$((pb_m|({bits})))"
    if change.operator == "-":
        return f"pb_m=$((pb_m&~({bits})))"
    keep = 0o7777 & ~(7 << _SHIFT[change.user] | _OWN_SPECIAL[change.user])
    return f"pb_m=$((pb_m&{keep}|({bits})))"


def _bits_text(change: Change) -> str:
    """The bits as an arithmetic expression over pb_m (mode so far), pb_isdir (0 or 1) and pb_umask."""
    shift = _SHIFT[change.user]
    fixed = sum({_BITS[perm] << shift for perm in change.perms if perm in _BITS})
    terms = [f"{fixed}&~0$pb_umask" if change.masked else str(fixed)]
    for perm in change.perms:
        if perm == "X":
            terms.append(f"((pb_isdir||(pb_m&73))<<{shift})")
        elif perm in _SHIFT:
            terms.append(f"((pb_m>>{_SHIFT[perm]}&7)<<{shift})")
        elif perm in "st":
            terms.append(str(_SETS.get((change.user, perm), 0)))
    return "|".join(terms)
