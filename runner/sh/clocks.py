"""Sh texts of the timezone module: what zone a host is in and how its hardware clock runs, and setting them."""

from __future__ import annotations

from typing import Final

from runner.sh.settings_text import LINES

# Sets `kind`, and for a host without systemd where it keeps the zone (`file`, `word`, `mark`) and the clock (`clock`).
_KIND: Final = r"""
status= word= mark= file=/etc/timezone clock=
if pb_have timedatectl && status=$(timedatectl status 2>/dev/null); then kind=systemd
elif [ "$(uname -s)" != Linux ]; then kind=link
elif pb_have dpkg-reconfigure; then kind=debian clock=/etc/default/rcS
elif pb_have setup-timezone; then kind=alpine clock=/etc/conf.d/hwclock
elif [ -f /etc/conf.d/hwclock ]; then kind=gentoo clock=/etc/conf.d/hwclock
else
  kind=clock file=/etc/sysconfig/clock clock=/etc/sysconfig/clock word=ZONE mark=\"
  line_get "$file" TIMEZONE
  [ -z "$got" ] || word=TIMEZONE
fi
"""

# Sets `zone_is`, and if `hw` is set `hw_is`: as the host has them, "n/a" where it does not say.
_LOOK: Final = r"""
said() {
  while IFS= read -r line; do
    case $line in *"$1"*:*) got=${line#*: }; got=${got%% *}; return ;; esac
  done <<END
$status
END
}
linked() {
  zone_is=n/a
  if [ -L /etc/localtime ]; then
    to=$(readlink /etc/localtime)
    case $to in */zoneinfo/*) [ ! -e /etc/localtime ] || zone_is=${to##*/zoneinfo/} ;; esac
  elif cmp -s /etc/localtime "/usr/share/zoneinfo/$zone"; then zone_is=$zone
  fi
}
got=n/a zone_is=n/a hw_is=n/a
case $kind in
systemd)
  case $status in *"Time zone"*) said "Time zone" ;; *) said Timezone ;; esac
  zone_is=$got
  said "RTC in local TZ"
  case $got in yes) hw_is=local ;; *) hw_is=UTC ;; esac ;;
link) linked ;;
*)
  if [ -z "$word" ] && [ -f "$file" ]; then read -r got rest <"$file"; else line_get "$file" "$word"; fi
  zone_is=${got:-n/a}
  [ "$zone_is" != "$zone" ] || linked
  line_get "$clock" UTC
  case $got in "") ;; [yYtT1]* | on | ON) hw_is=UTC ;; *) hw_is=local ;; esac
  if [ -n "$hw" ] && [ "$hw_is" = "$hw" ]; then
    hw_is=UTC
    ! grep -qx LOCAL /etc/adjtime 2>/dev/null || hw_is=local
  fi ;;
esac
"""

LOOK: Final = LINES + _KIND + _LOOK

SET: Final = r"""
if [ -n "$zone" ] && [ "$zone_is" != "$zone" ]; then
  case $kind in
  systemd) timedatectl set-timezone "$zone" || pb_fail "timedatectl set-timezone failed" ;;
  link) pb_swap_link "/usr/share/zoneinfo/$zone" /etc/localtime -s ;;
  *)
    line_set "$file" "$word" "${word:+$word=}$mark$zone$mark"
    if [ "$kind" = alpine ]; then setup-timezone -z "$zone" || pb_fail "setup-timezone failed"
    else
      pb_swap_link "/usr/share/zoneinfo/$zone" /etc/localtime -s
      [ "$kind" != debian ] || dpkg-reconfigure --frontend noninteractive tzdata || pb_fail "dpkg-reconfigure failed"
    fi ;;
  esac
fi
if [ -n "$hw" ] && [ "$hw_is" != "$hw" ]; then
  yes=no option=--utc
  [ "$hw" = UTC ] || yes=yes option=--localtime
  if [ "$kind" = systemd ]; then timedatectl set-local-rtc "$yes" || pb_fail "timedatectl set-local-rtc failed"
  else
    if [ "$yes" = yes ]; then line_set "$clock" UTC UTC=no; else line_set "$clock" UTC UTC=yes; fi
    hwclock --systohc "$option" || pb_fail "hwclock failed"
  fi
fi
"""
