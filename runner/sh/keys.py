"""OpenPGP keys on a host: downloaded there, looked at and kept in keyrings, with gpg as it comes with GnuPG."""

from __future__ import annotations

from typing import Final

# pb_get URL FILE: with whatever is there that can (apt has a helper of its own).
GET: Final = r"""
pb_get() {
  if pb_have curl; then curl -fsSL -o "$2" -- "$1"
  elif pb_have wget; then wget -q -O "$2" -- "$1"
  elif [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$1" "$2" >&2
  else pb_fail "to download $1, curl or wget has to be installed on this host"
  fi
}
"""

# pb_gpg runs gpg with nothing of the user's; pb_ids prints the long ids of keys and subkeys of a keyring.
GPG: Final = r"""
pb_have gpg || pb_fail "gpg is not installed on this host (package gnupg)"
pb_home=$pb_dir/s.gnupg
pb_forget() {
  pb_rc=$?
  [ -z "$pb_diff" ] || gpgconf --homedir "$pb_home" --kill all 2>/dev/null
  rm -rf "$pb_home"
  exit "$pb_rc"
}
trap pb_forget EXIT
mkdir -m 700 "$pb_home" 2>/dev/null
pb_gpg() {
  gpg --homedir "$pb_home" --no-options --batch --no-tty --no-auto-check-trustdb --trust-model always "$@" 9>&-
}
pb_ids() {
  [ -s "$1" ] || return 0
  pb_gpg --no-default-keyring --keyring "$1" --with-colons --list-keys 2>/dev/null | pb_columns
}
pb_columns() { awk -F: '$1 == "pub" || $1 == "sub" { print $5 }'; }
pb_first() {
  pb_gpg --with-colons --import-options show-only --import <"$1" 2>/dev/null | pb_columns | sed 1q
}
"""
