"""What the apt module runs on a host: what is installed, what could be, and apt-get with its locks waited for.

Package names in these texts are plain words (`apt.SAFE`), so lists of them are split by the shell.
"""

from __future__ import annotations

from typing import Final

# Nothing may ask, and tools print what is read here. Packages that make a database cluster and their like take the
# locale they are installed under, so that it is UTF-8 for apt itself, as with Ansible.
BEGIN: Final = r"""
set -f
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none
pb_have apt-get || pb_fail "apt-get is not installed on this host"
pb_out=$pb_dir/s.out pb_err=$pb_dir/s.err
pb_utf8() ( export LC_ALL=C.UTF-8 LANG=C.UTF-8 LC_MESSAGES=C.UTF-8 LC_CTYPE=C.UTF-8 LANGUAGE=C.UTF-8; exec "$@" 9>&- )
pb_root() { [ -w "$1" ] || pb_fail "$2: permission denied, are you root?"; }
pb_unlocked() {
  pb_until=$(($(date +%s) + pb_lock_timeout))
  while :; do
    pb_utf8 "$@" >"$pb_out" 2>"$pb_err"
    pb_rc=$?
    [ "$pb_rc" != 0 ] || return 0
    grep -q -e 'held by process' -e 'temporarily unavailable' -e 'another process using' "$pb_err" || return "$pb_rc"
    [ "$(date +%s)" -lt "$pb_until" ] || return "$pb_rc"
    sleep 1
  done
}
pb_failed() {
  pb_kv said "$(cat "$pb_err")"
  pb_kv out "$(cat "$pb_out")"
  pb_fail "$1" "${2:-100}"
}
"""

# When the lists were fetched, as far as apt tells, and fetching them.
CACHE: Final = r"""
pb_cache_time() {
  pb_stat /var/lib/apt/periodic/update-success-stamp
  [ "$pb_type" != absent ] || pb_stat /var/lib/apt/lists
  pb_time=${pb_mtime:-0}
  [ "$pb_type" != absent ] || pb_time=0
}
pb_update() {
  pb_try=1 pb_wait=1
  pb_root /var/lib/apt "Failed to update apt cache"
  until pb_unlocked apt-get -q -y update && ! grep -q '^[EW]: \(Failed to fetch\|Some index files\)' "$pb_err"; do
    [ "$pb_try" -lt "$1" ] || pb_failed "Failed to update apt cache after $1 retries"
    sleep "$pb_wait"
    pb_try=$((pb_try + 1)) pb_wait=$((pb_wait * 2))
    [ "$pb_wait" -le "$2" ] || pb_wait=$2
  done
}
"""

# pb_known NAMES asks dpkg once; pb_find NAME sets pb_st (dpkg's word for its state) and pb_ver.
INSTALLED: Final = r"""
pb_known() {
  pb_arch=$(dpkg --print-architecture)
  pb_db=$pb_nl$(dpkg-query -W -f '${Package}:${Architecture} ${db:Status-Status} ${Version}\n' -- $1 2>/dev/null)$pb_nl
}
pb_find() {
  pb_st= pb_ver=
  for pb_key in "${1%%:*}:all" "$1" "$1:$pb_arch"; do
    case $pb_db in *"$pb_nl$pb_key "*)
      pb_ver=${pb_db#*"$pb_nl$pb_key "}
      pb_ver=${pb_ver%%"$pb_nl"*}
      pb_st=${pb_ver%% *} pb_ver=${pb_ver#* }
      return ;;
    esac
  done
}
pb_split() {
  pb_cmp= pb_want= pb_name=$1
  case $1 in
  *'>='*) pb_name=${1%%>=*} pb_cmp='>=' pb_want=${1#*>=} ;;
  *=*) pb_name=${1%%=*} pb_cmp='=' pb_want=${1#*=} ;;
  esac
}
pb_names() { pb_list=; for pb_spec in $1; do pb_split "$pb_spec"; pb_list="$pb_list $pb_name"; done; }
pb_fits() {
  case $pb_cmp in
  '') : ;;
  '=') case $1 in $pb_want) : ;; *) false ;; esac ;;
  *) dpkg --compare-versions "$1" ge "$pb_want" ;;
  esac
}
pb_glob() {
  pb_found=$(apt-cache pkgnames 2>/dev/null | grep -xE -e "$1")
  [ -n "$pb_found" ] || pb_problem "No package(s) matching '$2' available"
  for pb_one in $pb_found; do pb_specs="$pb_specs $pb_one$3"; done
}
pb_problem() { pb_wrong=${pb_wrong:-$1}; }
"""

# pb_offered NAMES asks apt once; pb_offer NAME sets pb_best and pb_table (all versions, the best first); false when
# there is no version of it.
OFFERED: Final = r"""
pb_offered() {
  pb_policy=$(apt-cache $pb_release policy -- $1 2>"$pb_err") || pb_failed "apt-cache policy failed"
  pb_policy=$pb_nl$(printf '%s\n' "$pb_policy" | awk '
    function out() { if (name != "" && table != "") print name, best table }
    /^[^ ]/ { out(); name = substr($1, 1, length($1) - 1); best = table = "" }
    /^  Candidate:/ { best = $2 }
    /^ (\*\*\*|   ) [^ ]/ { table = table " " ($1 == "***" ? $2 : $1) }
    END { out() }')$pb_nl
}
pb_offer() {
  pb_best= pb_table=
  case $pb_policy in *"$pb_nl$1 "*) ;; *) return 1 ;; esac
  pb_table=${pb_policy#*"$pb_nl$1 "}
  pb_table=${pb_table%%"$pb_nl"*}
  pb_best=${pb_table%% *} pb_table=${pb_table#* }
  [ "$pb_best" != '(none)' ] || pb_best=
  if [ "$pb_cmp" = '=' ]; then
    pb_best=
    for pb_one in $pb_table; do if pb_fits "$pb_one"; then pb_best=$pb_one; break; fi; done
  elif [ -n "$pb_best" ]; then pb_fits "$pb_best" || pb_best=
  fi
}
pb_virtual() {
  pb_makers=$(apt-cache showpkg -- "$1" 2>/dev/null | awk '/^Reverse Provides/ { on = 1; next } on { print $1 }')
  pb_makers=$(printf '%s\n' "$pb_makers" | sort -u)
  [ -n "$pb_makers" ] || { pb_problem "No package matching '$1' is available"; return; }
  case $pb_makers in *"$pb_nl"*) ;; *)
    if (pb_known "$pb_makers"; pb_find "$pb_makers"; [ "$pb_st" = installed ]); then return; fi ;;
  esac
  pb_plan="$pb_plan $2"
}
pb_decide() {
  pb_split "$1"
  case $pb_name in */* | *^) pb_plan="$pb_plan $1"; return ;; esac
  pb_find "$pb_name"
  [ "$pb_st" = installed ] || [ -z "$pb_only_upgrade" ] || return
  pb_offer "$pb_name" || { pb_virtual "$pb_name" "$1"; return; }
  pb_ok= pb_new=
  if [ "$pb_st" = installed ]; then
    ! pb_fits "$pb_ver" || pb_ok=1
    [ "$pb_best" = "$pb_ver" ] || pb_new=$pb_best
  else pb_new=$pb_best
  fi
  if [ -z "$pb_ok$pb_new" ]; then pb_problem "no available installation candidate for $1"
  elif [ -n "$pb_new" ] && { [ -z "$pb_ok" ] || [ -n "$pb_latest" ] || [ "$pb_cmp" = '=' ]; }; then
    pb_plan="$pb_plan $pb_name=$pb_new"
  fi
}
pb_install() {
  pb_names "$1"; pb_all=$pb_list
  pb_known "$pb_all"
  pb_ask=
  for pb_spec in $1; do
    pb_split "$pb_spec"
    pb_find "$pb_name"
    [ "$pb_st" = installed ] && [ -z "$pb_cmp$pb_latest" ] || pb_ask="$pb_ask $pb_spec"
  done
  [ -n "$pb_ask" ] || return
  pb_names "$pb_ask"; pb_offered "$pb_list"
  for pb_spec in $pb_ask; do pb_decide "$pb_spec"; done
}
pb_remove() {
  pb_names "$1"; pb_known "$pb_list"
  for pb_spec in $1; do
    pb_split "$pb_spec"
    pb_find "$pb_name"
    case $pb_st in
    '' | not-installed) ;;
    config-files) [ -z "$pb_purge" ] || pb_plan="$pb_plan $pb_name" ;;
    *) ! pb_fits "$pb_ver" || pb_plan="$pb_plan $pb_name" ;;
    esac
  done
}
pb_autos() {
  pb_auto=
  [ -r /var/lib/apt/extended_states ] && [ -n "$1" ] || return
  pb_auto=$(awk -v names=" $1 " 'BEGIN { RS = ""; FS = "\n" } {
    name = ""; auto = 0
    for (i = 1; i <= NF; i++) { if ($i ~ /^Package: /) name = substr($i, 10); if ($i == "Auto-Installed: 1") auto = 1 }
    if (auto && index(names, " " name " ")) print name }' /var/lib/apt/extended_states)
  [ -z "$pb_auto" ] || pb_differs
}
"""

# A file to install: pb_deb PATH adds it to the plan unless just this version is installed.
DEB: Final = r"""
pb_deb() {
  case $1 in /*) pb_file=$1 ;; *) pb_file=$PWD/${1#./} ;; esac
  [ -r "$pb_file" ] || pb_fail "Unable to install package: cannot read $1"
  pb_fields=$(dpkg-deb -W --showformat='${Package} ${Version}' "$pb_file" 2>"$pb_err") ||
    pb_failed "Unable to install package: $1 is no package"
  pb_known "${pb_fields%% *}"
  pb_find "${pb_fields%% *}"
  if [ "$pb_st" = installed ]; then
    if dpkg --compare-versions "$pb_ver" eq "${pb_fields#* }"; then return; fi
    [ -n "$pb_downgrade" ] || dpkg --compare-versions "$pb_ver" lt "${pb_fields#* }" ||
      pb_fail "A later version is already installed"
  fi
  pb_debs=$pb_debs$pb_nl$pb_file
}
pb_fetch() {
  pb_file=$pb_dir/s.$2.deb
  if [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$1" "$pb_file" >"$pb_out" 2>"$pb_err"
  elif pb_have curl; then curl -fsSL -o "$pb_file" -- "$1" >"$pb_out" 2>"$pb_err"
  else wget -q -O "$pb_file" -- "$1" >"$pb_out" 2>"$pb_err"
  fi || pb_failed "Failure downloading $1"
}
"""

# While apt runs, no package starts its service, or whatever this code means to invoke-rc.d.
POLICY: Final = r"""
pb_rcd=/usr/sbin/policy-rc.d pb_kept=/usr/sbin/.policy-rc.d.$pb_nonce
pb_restore() { if [ -e "$pb_kept" ]; then mv -f "$pb_kept" "$pb_rcd"; else rm -f "$pb_rcd"; fi; }
if [ -e "$pb_rcd" ]; then mv "$pb_rcd" "$pb_kept" || pb_fail "Fail to move $pb_rcd aside"; fi
trap pb_restore EXIT
trap 'exit 143' HUP INT PIPE TERM
printf '#!/bin/sh\nexit %s\n' CODE >"$pb_rcd" && chmod 0775 "$pb_rcd" || pb_fail "Failed to create $pb_rcd"
"""
