"""The prelude's eyes: what a path is, its checksum, whether mode and owner are as wanted. Nothing here changes it."""

from __future__ import annotations

from typing import Final

# GNU and busybox share `stat -c`; BSD and macOS have `stat -f`; where there is no stat at all, `ls -n` is read.
# Names come last, each on its own line, because a group's name may hold blanks.
LOOKING: Final = r"""
pb_stat() { pb_look "" "$1"; }
pb_statl() { pb_look L "$1"; }
pb_blank() {
  pb_type=absent pb_mode=0 pb_uid= pb_gid= pb_user= pb_group= pb_size=0 pb_mtime=0 pb_link= pb_isdir=0
  pb_inode= pb_nlink=
}
pb_look() {
  pb_blank
  if [ -z "$1" ] && [ -L "$2" ]; then
    pb_type=link
    pb_link=$(readlink -- "$2"; printf x)
    pb_link=${pb_link%x}
    pb_link=${pb_link%"$pb_nl"}
  elif [ -f "$2" ]; then pb_type=file
  elif [ -d "$2" ]; then pb_type=dir pb_isdir=1
  elif [ -p "$2" ]; then pb_type=fifo
  elif [ -S "$2" ]; then pb_type=sock
  elif [ -c "$2" ]; then pb_type=char
  elif [ -b "$2" ]; then pb_type=block
  elif [ ! -e "$2" ]; then return 0
  fi
  pb_seen=$(stat ${1:+-L} -c "%a %u %g %s %Y %i %h$pb_nl%U$pb_nl%G" -- "$2" 2>/dev/null) ||
    pb_seen=$(stat ${1:+-L} -f "%Mp%Lp %u %g %z %m %i %l%n%Su%n%Sg" -- "$2" 2>/dev/null) ||
    pb_seen=$(pb_ls "$1" "$2") || pb_seen=
  pb_told
}
pb_told() {
  pb_names=${pb_seen#*"$pb_nl"}
  pb_user=${pb_names%%"$pb_nl"*} pb_group=${pb_names#*"$pb_nl"}
  set -f
  set -- ${pb_seen%%"$pb_nl"*}
  set +f
  pb_mode=${1:-0} pb_uid=${2-} pb_gid=${3-} pb_size=${4:-0} pb_mtime=${5:-0} pb_inode=${6-} pb_nlink=${7-}
  case $pb_user in UNKNOWN | \?*) pb_user=$pb_uid ;; esac
  case $pb_group in UNKNOWN | \?*) pb_group=$pb_gid ;; esac
}
pb_ls() {
  set -f
  pb_long=$(ls -lnid${1:+L} -- "$2") || return 1
  pb_when=$(date -r "$2" +%s 2>/dev/null)
  set -- $pb_long - $(ls -ld${1:+L} -- "$2")
  pb_octal "$(pb_letters "$2")"
  printf '%s %s %s %s %s %s %s\n' "$pb_octal" "$4" "$5" "$6" "${pb_when:-0}" "$1" "$3"
  while [ "$1" != - ]; do shift; done
  printf '%s\n%s' "$4" "$5"
}
pb_letters() {
  pb_bits=0 pb_rest=${1#?} pb_at=256
  while [ "$pb_at" -gt 0 ]; do
    pb_tail=${pb_rest#?}
    case ${pb_rest%"$pb_tail"} in
    s) case $pb_at in 64) pb_bits=$((pb_bits + 2048 + 64)) ;; *) pb_bits=$((pb_bits + 1024 + 8)) ;; esac ;;
    S) case $pb_at in 64) pb_bits=$((pb_bits + 2048)) ;; *) pb_bits=$((pb_bits + 1024)) ;; esac ;;
    t) pb_bits=$((pb_bits + 512 + 1)) ;;
    T) pb_bits=$((pb_bits + 512)) ;;
    -) ;;
    *) pb_bits=$((pb_bits + pb_at)) ;;
    esac
    pb_rest=$pb_tail pb_at=$((pb_at / 2))
  done
  printf '%s' "$pb_bits"
}
pb_sum() {
  pb_sum=
  [ -r "$1" ] || return 0
  pb_algo=${2:-sha1}
  set -f
  if pb_have "${pb_algo}sum"; then set -- $("${pb_algo}sum" <"$1")
  elif pb_have openssl; then set -- $(openssl dgst -r "-$pb_algo" <"$1")
  elif [ "$pb_algo" != md5 ] && pb_have shasum; then set -- $(shasum -a "${pb_algo#sha}" <"$1")
  elif pb_have "$pb_algo"; then set -- $("$pb_algo" -q <"$1")
  else set --
  fi 2>/dev/null
  set +f
  pb_sum=${1-}
}
pb_parent() {
  case $1 in */*) pb_where=${1%/*}; [ -n "$pb_where" ] || pb_where=/ ;; *) pb_where=. ;; esac
}
pb_above() {
  pb_parent "$1"
  while [ ! -e "$pb_where" ] && [ ! -L "$pb_where" ]; do pb_parent "$pb_where"; done
  [ -d "$pb_where" ] || pb_fail "There was an issue creating $1 as requested: $pb_where is not a directory"
  [ -w "$pb_where" ] || pb_fail "There was an issue creating $1 as requested: permission denied in $pb_where"
}
pb_real() {
  pb_real=$(readlink -f -- "$1" 2>/dev/null || readlink -f "$1"; printf x)
  pb_real=${pb_real%x}
  pb_real=${pb_real%"$pb_nl"}
}
pb_report() {
  pb_kv "$1" "$pb_type $pb_mode ${pb_uid:--} ${pb_gid:--} $pb_size ${pb_nlink:-1}$pb_nl$pb_user$pb_nl$pb_group"
}
pb_attr_probe() {
  if [ -n "$pb_want_mode" ] && [ "$pb_type" != link ]; then
    [ "$((0$pb_want_mode))" -eq "$((0$pb_mode))" ] || pb_differs
  fi
  case $2 in "" | "$pb_user" | "$pb_uid") ;; *) pb_user_known "$2" && pb_differs ;; esac
  case $3 in "" | "$pb_group" | "$pb_gid") ;; *) pb_group_known "$3" && pb_differs ;; esac
  [ -z "${pb_extras-}" ] || { [ ! -e "$1" ] && [ ! -L "$1" ]; } || pb_extras_differ "$1"
}
pb_user_known() {
  case $1 in *[!0-9]*) ;; *) return 0 ;; esac
  case ${pb_coming-} in *" user:$1 "*) return 0 ;; esac
  id -u -- "$1" >/dev/null 2>&1 || id -u "$1" >/dev/null 2>&1 || pb_fail "chown failed: failed to look up user $1"
}
pb_group_known() {
  case $1 in *[!0-9]*) ;; *) return 0 ;; esac
  case ${pb_coming-} in *" group:$1 "*) return 0 ;; esac
  if pb_have getent; then
    getent group "$1" >/dev/null 2>&1 && return 0
  else
    while IFS=: read -r pb_name pb_rest; do [ "$pb_name" != "$1" ] || return 0; done </etc/group
  fi
  pb_fail "chgrp failed: failed to look up group $1"
}
"""
