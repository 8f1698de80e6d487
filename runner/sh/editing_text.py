"""Sh texts of editing a file: which one it is, whether it is still the same, what it holds, and the user's check."""

from __future__ import annotations

from typing import Final

from runner.sh import replacing

RESOLVE: Final = r"""
if [ -L "$p" ]; then
  pb_real "$p"
  [ -n "$pb_real" ] || pb_fail "too many symbolic links: $p"
  p=$pb_real
fi
"""

# What the file is, as one word. Without any tool for checksums its size and time must do.
GUARD: Final = r"""
pb_stat "$p"
[ "$pb_type" != link ] || pb_statl "$p"
pb_sum=
[ "$pb_type" != file ] || pb_sum "$p"
guard=$pb_type:${pb_sum:-$pb_mtime}:$pb_size
"""

# Owner and mode of a file that is to be made.
NEW: Final = "pb_uid=$(id -u) pb_gid=$(id -g) pb_user=$(id -un) pb_group=$(id -gn)"
FRESH: Final = 'pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal'

READ: Final = rf"""
pb_kv real "$p"
pb_kv guard "$guard"
case $pb_type in
file)
  [ -r "$p" ] || pb_fail "cannot read $p: permission denied"
  pb_blob content "$p" ;;
absent) {FRESH} ;;
esac
pb_report was
pb_parent "$p"
[ ! -d "$pb_where" ] || [ -w "$pb_where" ] || pb_kv closed "$pb_where"
[ ! -w "$p" ] || pb_kv open 1
[ ! -L "$p" ] || pb_kv link 1
"""


def validating(validate: str | None) -> str:
    """Sh text that runs the user's check on the temporary file; its words are split here, no shell sees them."""
    if not validate:
        return ""
    return (
        f"said=$( (trap - EXIT; pb_user_run {replacing.validate_words(validate)}) 8>&- 2>&1 >/dev/null )\nrc=$?\n"
        '[ "$rc" = 0 ] || pb_fail "failed to validate: rc:$rc error:$said"'
    )
