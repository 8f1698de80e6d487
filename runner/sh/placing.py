"""The prelude's hands: private temporaries, renames, modes and owners. Only `apply` texts call these."""

from __future__ import annotations

from typing import Final

# A temporary is opened once, exclusively (noclobber is O_EXCL), and written through fd 8, so that nobody who may
# write in that folder can make us write, chmod or chown something else by putting a link in its place.
PLACING: Final = r"""
pb_count=0 pb_temps=
pb_temp() {
  pb_parent "$1"
  pb_try=0
  while :; do
    pb_count=$((pb_count + 1)) pb_try=$((pb_try + 1))
    pb_temp=$pb_where/.pb-$pb_nonce.$pb_index.$pb_count${2-}
    umask "${3-077}"
    set -C
    if command exec 8>"$pb_temp"; then break; fi 2>/dev/null
    set +C
    umask "$pb_umask"
    [ "$pb_try" -lt 20 ] && [ -e "$pb_temp" ] && continue
    command exec 8>"$pb_temp.x" && rm -f "$pb_temp.x"
    pb_fail "cannot write into $pb_where"
  done
  set +C
  umask "$pb_umask"
  eval "pb_temp_$pb_count=\$pb_temp"
  [ -n "$pb_temps" ] || trap pb_untemp EXIT
  pb_temps="$pb_temps $pb_count"
}
pb_untemp() {
  pb_rc=$?
  trap - EXIT
  for pb_n in $pb_temps; do
    eval "pb_temp=\$pb_temp_$pb_n"
    [ ! -e "$pb_temp" ] || rm -f -- "$pb_temp"
  done
  exit "$pb_rc"
}
pb_place() {
  exec 8>&-
  [ -L "$2" ] || [ ! -d "$2" ] || pb_fail "cannot replace the directory $2"
  pb_in_place= pb_fresh=
  [ ! -e /sys/fs/selinux/enforce ] || pb_label "$1" "$2"
  mv -fT -- "$1" "$2" 2>/dev/null || mv -f -- "$1" "$2" ||
    { [ -n "${3-}" ] && cat -- "$1" >"$2" && pb_in_place=1; } || pb_fail "cannot replace $2"
  [ -z "$pb_fresh" ] || restorecon -- "$2" 2>/dev/null
  [ -z "${pb_extras-}" ] || pb_extras_apply "$2"
}
# The old file's SELinux context, or for a new one the policy's.
pb_label() {
  if [ -e "$2" ]; then chcon --reference="$2" -- "$1" 2>/dev/null
  else pb_fresh=1
  fi
  return 0
}
pb_chown() { [ -z "$2" ] || "$3" -h -- "$2" "$1" || pb_fail "$3 failed: $1 to $2"; }
# Five digits: with fewer, GNU chmod keeps a folder's setgid bit.
pb_attr_apply() {
  if [ "$1" = "${pb_temp-}" ] && [ -e /proc/self/fd/8 ]; then pb_attr_held "$1" "$2" "$3"; return; fi
  if [ -n "$2" ] && [ -n "$3" ]; then pb_chown "$1" "$2:$3" chown
  else pb_chown "$1" "$2" chown; pb_chown "$1" "$3" chgrp
  fi
  [ -z "$pb_want_mode" ] || [ -L "$1" ] || chmod -- "0$pb_want_mode" "$1" || pb_fail "chmod failed: $1 to $pb_want_mode"
  [ -z "${pb_extras-}" ] || pb_extras_apply "$1"
}
pb_attr_held() {
  if [ -n "$2$3" ]; then
    chown -- "$2${3:+:$3}" /proc/self/fd/8 || pb_fail "chown failed: ${1##*/} to $2${3:+:$3}"
  fi
  [ -z "$pb_want_mode" ] || chmod -- "0$pb_want_mode" /proc/self/fd/8 ||
    pb_fail "chmod failed: ${1##*/} to $pb_want_mode"
}
pb_keep_owner() {
  [ -O "$1" ] && [ -G "$1" ] && [ -G "$pb_temp" ] && return
  if [ -e /proc/self/fd/8 ]; then chown -- "$pb_uid:$pb_gid" /proc/self/fd/8
  else chown -h -- "$pb_uid:$pb_gid" "$pb_temp"
  fi 2>/dev/null
}
pb_swap_link() {
  pb_parent "$2"
  pb_temp=$pb_where/.pb-$pb_nonce.$pb_index.l
  ln ${3-} -- "$1" "$pb_temp" || pb_fail "Error while replacing $2"
  mv -fT -- "$pb_temp" "$2" 2>/dev/null && return
  { [ -L "$2" ] || [ ! -d "$2" ]; } && rm -f -- "$2" && mv -f -- "$pb_temp" "$2" && return
  rm -f -- "$pb_temp"
  pb_fail "Error while replacing $2"
}
pb_backup() {
  pb_now=$(date "+%Y-%m-%d@%H:%M:%S~") pb_try=$$
  while pb_backup=$1.$pb_try.$pb_now; [ -e "$pb_backup" ] || [ -L "$pb_backup" ]; do pb_try=$((pb_try + 1)); done
  ln -- "$1" "$pb_backup" 2>/dev/null || { [ ! -e "$pb_backup" ] && [ ! -L "$pb_backup" ] &&
    cp -p -- "$1" "$pb_backup"; } || pb_fail "Could not make backup of $1 to $pb_backup"
  pb_kv backup_file "$pb_backup"
}
pb_make_folders() {
  [ ! -d "$1" ] || return 0
  pb_parent "$1"
  pb_make_folders "$pb_where" "$2" "$3" "$4"
  mkdir -- "$1" || pb_fail "There was an issue creating $1 as requested"
  [ -z "$2$3$4" ] || { pb_want_mode=$2; pb_attr_apply "$1" "$3" "$4"; }
}
"""
