"""Where hosts keep their own name, and how it is set: sh texts of the hostname module, one for each kind of system."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runner.sh.settings_text import LINES

# Ansible's words for `use`, and ours. What is not here cannot be set from a shell alone.
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alpine": "alpine",
        "debian": "systemd",
        "freebsd": "freebsd",
        "openbsd": "openbsd",
        "openrc": "openrc",
        "redhat": "redhat",
        "sles": "sles",
        "systemd": "systemd",
    }
)
REFUSED: Final = ("generic", "macos", "macosx", "darwin", "solaris")

# Sets `kind`. What is true for one distribution is taken to be true for those that are like it.
CHOOSE: Final = r"""
kind=
case $(uname -s) in
FreeBSD) kind=freebsd ;;
OpenBSD) kind=openbsd ;;
Linux)
  if pb_have systemctl && { [ -e /run/systemd/system ] || [ -e /dev/.run/systemd ] || [ -e /dev/.systemd ]; }; then
    kind=systemd
  elif [ -r /etc/os-release ]; then
    ID= ID_LIKE=
    . /etc/os-release
    for like in $ID $ID_LIKE; do
      case $like in
      alpine) kind=alpine ;;
      gentoo) kind=openrc ;;
      debian | ubuntu | kali | devuan | raspbian | linuxmint | cumulus-linux) kind=file ;;
      rhel | centos | fedora | almalinux | rocky | ol | amzn | scientific | altlinux) kind=redhat ;;
      sles) kind=sles ;;
      esac
      [ -z "$kind" ] || break
    done
  fi
  [ -n "$kind" ] || [ ! -f /etc/hostname ] || kind=file ;;
esac
[ -n "$kind" ] || pb_fail "hostname module cannot be used on platform $(uname -s)"
"""

# Sets `file` and `word` (what sets the name in it), and `permanent` and `current`, the name as it is.
LOOK: Final = (
    LINES
    + r"""
file= word= mark=
case $kind in
file | alpine) file=/etc/hostname ;;
sles) file=/etc/HOSTNAME ;;
openbsd) file=/etc/myname ;;
redhat) file=/etc/sysconfig/network word=HOSTNAME ;;
openrc) file=/etc/conf.d/hostname word=hostname mark=\" ;;
freebsd) file=/etc/rc.conf.d/hostname word=hostname mark=\" ;;
esac
permanent=
if [ "$kind" = systemd ]; then
  [ ${#name} -le 64 ] ||
    pb_fail "name cannot be longer than 64 characters on systemd servers, try a shorter name"
  pb_have hostnamectl || pb_fail "there is no hostnamectl on the host"
  permanent=$(hostnamectl --static status) || pb_fail "hostnamectl failed"
  current=$(hostnamectl --transient status) || pb_fail "hostnamectl failed"
else
  if [ -n "$word" ]; then
    line_get "$file" "$word"
    permanent=$got
  elif [ -f "$file" ]; then permanent=$(cat "$file")
  fi
  current=$permanent
  case $kind in *bsd) current=$(hostname) || pb_fail "hostname failed" ;; esac
fi
"""
)

SET: Final = r"""
if [ "$kind" = systemd ]; then
  [ "$permanent" = "$name" ] || hostnamectl --pretty --static set-hostname -- "$name" || pb_fail "hostnamectl failed"
  [ "$current" = "$name" ] || hostnamectl --transient set-hostname -- "$name" || pb_fail "hostnamectl failed"
else
  [ "$permanent" = "$name" ] || line_set "$file" "$word" "${word:+$word=}$mark$name$mark"
  case $kind in
  alpine) hostname -F "$file" || pb_fail "hostname failed" ;;
  *bsd) [ "$current" = "$name" ] || hostname "$name" || pb_fail "hostname failed" ;;
  esac
fi
"""
