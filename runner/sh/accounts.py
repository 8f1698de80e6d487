"""Sh text that looks a user of the host up."""

from __future__ import annotations

from typing import Final

# `login_of USER`: sets login_home login_uid login_gid; false if there is no such user. getent knows directories, too.
LOGIN: Final = r"""
login_of() {
  login_home= login_uid= login_gid= login_line=
  if pb_have getent; then login_line=$(getent passwd "$1")
  else
    while IFS= read -r login_entry; do
      case $login_entry in "$1":*) login_line=$login_entry; break ;; esac
    done </etc/passwd
  fi
  case $login_line in "$1":*:*:*:*:*:*) ;; *) return 1 ;; esac
  login_rest=${login_line#*:*:}
  login_uid=${login_rest%%:*} login_rest=${login_rest#*:}
  login_gid=${login_rest%%:*} login_rest=${login_rest#*:*:}
  login_home=${login_rest%%:*}
}
"""
