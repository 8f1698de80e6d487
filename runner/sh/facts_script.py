"""What setup asks a host: POSIX sh text that reports raw texts, to be read by the other `facts_*` files.

Files are read by one `grep ''`, whose every line begins with the file's name; the rest are single commands. Nothing is
changed, nothing needs root, and whatever is missing is simply not reported.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from runner.sh.quote import path as path_word

SECTIONS: Final = ("min", "local", "network", "hardware", "virtual")

_DMI: Final = "/sys/devices/virtual/dmi/id"

FILES: Final = {
    "min": (
        "/etc/os-release /usr/lib/os-release /etc/debian_version /etc/alpine-release /etc/redhat-release "
        "/etc/centos-release /etc/system-release /etc/openwrt_release /etc/slackware-version /etc/gentoo-release "
        "/etc/lsb-release /etc/resolv.conf /etc/machine-id /var/lib/dbus/machine-id /proc/1/comm /proc/cmdline "
        "/proc/sys/crypto/fips_enabled /sys/fs/selinux/enforce /sys/fs/selinux/policyvers /etc/selinux/config "
        "/etc/ssh/ssh_host_*_key.pub /sys/module/apparmor/parameters/enabled"
    ),
    "network": (
        "/sys/class/net/*/address /sys/class/net/*/mtu /sys/class/net/*/operstate /sys/class/net/*/type "
        "/sys/class/net/*/flags /sys/class/net/*/speed /sys/class/net/*/bridge/bridge_id "
        "/sys/class/net/*/bridge/stp_state /sys/class/net/*/bonding/slaves /sys/class/net/*/bonding/mode "
        "/sys/class/net/*/bonding/miimon /sys/class/net/*/bonding/lacp_rate"
    ),
    "hardware": (
        "/proc/meminfo /proc/uptime /proc/loadavg /proc/mounts /proc/self/status "
        f"{_DMI}/bios_* {_DMI}/board_* {_DMI}/chassis_* {_DMI}/product_* {_DMI}/sys_vendor"
    ),
    "virtual": (
        "/proc/1/cgroup /run/systemd/container /proc/xen/capabilities /sys/hypervisor/type /proc/self/status "
        f"{_DMI}/product_name {_DMI}/product_family {_DMI}/sys_vendor {_DMI}/bios_vendor"
    ),
}

# Paths and tools (found by builtins) whose existence says which managers and containers there are.
EXIST: Final = (
    "/run/ostree-booted /usr/bin/rpm-ostree /usr/bin/yum /usr/bin/dnf /usr/bin/microdnf /usr/bin/dnf-3 /usr/bin/dnf5 "
    "/usr/bin/apt-get /usr/bin/zypper /usr/sbin/urpmi /usr/bin/pacman /bin/opkg /usr/pkg/bin/pkgin /sbin/apk "
    "/usr/sbin/pkg /usr/local/sbin/pkg /usr/bin/emerge /usr/bin/xbps-install /usr/bin/swupd /usr/local/bin/brew "
    "/opt/homebrew/bin/brew /run/systemd/system /dev/.run/systemd /dev/.systemd /etc/init /sbin/openrc /etc/init.d "
    "/etc/dinit.d /.dockerenv /.dockerinit /run/.containerenv /proc/vz /proc/lve /proc/bc /proc/xen /dev/kvm "
    "/sys/fs/selinux/enforce /sys/module/apparmor"
)

_EXIST: Final = f"""
exist=
for file in {EXIST}; do if [ -e "$file" ]; then exist="$exist $file"; fi; done
pb_kv exist "$exist"
"""

_LIMIT: Final = """limit=
if timeout 9 true 2>/dev/null; then limit='timeout {timeout}'; fi
"""

_MIN: Final = """
(pb_user_run env -0) >"$pb_dir/facts.$pb_index" 2>/dev/null ||
  (pb_user_run env) >"$pb_dir/facts.$pb_index" 2>/dev/null
pb_blob env "$pb_dir/facts.$pb_index"
: >"$pb_dir/facts.$pb_index"
pb_kv uname "$(uname -snrvm)"
node=$(uname -n)
pb_kv nodename "$node"
who=$(id)
pb_kv id "$who"
uid=${who#uid=}
uid=${uid%%[!0-9]*}
entry=
if pb_have getent; then entry=$(getent passwd "$uid" 2>/dev/null); fi
[ -n "$entry" ] || entry=$(grep -s "^[^:]*:[^:]*:$uid:" /etc/passwd)
pb_kv passwd "$entry"
pb_kv date "$(date '+%Y %m %d %H %M %S %s %A %w %W %z %Z %N')"
pb_kv tzfile "$(tail -n 1 /etc/localtime 2>/dev/null)"
if pb_have hostname; then pb_kv fqdn "$($limit hostname -f 2>/dev/null)"; fi
if pb_have getent; then pb_kv hosts "$($limit getent hosts "$node" 2>/dev/null)"; fi
if pb_have lsb_release; then pb_kv lsb "$(lsb_release -a 2>/dev/null)"; fi
if [ -L /sbin/init ]; then pb_kv init "$(readlink /sbin/init)"; fi
if [ -L /usr/bin/dnf ]; then pb_kv dnf "$(readlink -f /usr/bin/dnf)"; fi
for tool in systemctl initctl; do if pb_have "$tool"; then pb_kv "tool_$tool" 1; fi; done
[ -r /proc/1/comm ] || pb_kv init_ps "$(ps -p 1 -o comm 2>/dev/null)"
root=
if [ -d /proc/1/root/. ]; then if [ / -ef /proc/1/root/. ]; then root=same; else root=other; fi; fi
[ -n "$root" ] || root=$(ls -di / 2>/dev/null)
pb_kv root "$root"
if pb_have python3; then
  pb_kv python "$($limit python3 -I -S -c '
import sys
print(sys.executable)
print(*sys.version_info)
print(sys.implementation.name)' 2>/dev/null)"
fi
"""

_NETWORK: Final = """
if pb_have ip; then
  pb_kv ip_addr "$(ip -o addr show 2>/dev/null)"
  pb_kv ip_route4 "$(ip -4 route get 8.8.8.8 2>/dev/null)"
  pb_kv ip_route6 "$(ip -6 route get 2404:6800:400a:800::1012 2>/dev/null)"
  pb_kv ip_local "$(ip -4 route show table local 2>/dev/null; ip -6 route show table local 2>/dev/null)"
else
  pb_kv ifconfig "$(ifconfig -a 2>/dev/null)"
  pb_kv route "$(route -n get default 2>/dev/null)"
  pb_kv proc_net "$(grep -s '' /dev/null /proc/net/route /proc/net/if_inet6 /proc/net/ipv6_route /proc/net/fib_trie)"
fi
"""

_HARDWARE: Final = r"""
if [ -r /proc/cpuinfo ]; then
  pb_kv cpuinfo "$(grep -E \
    '^(processor|vendor_id|model name|Processor|cpu|Vendor|physical id|core id|cpu cores|siblings)[[:blank:]]*:' \
    /proc/cpuinfo)"
  pb_kv cpuflags "$(sed -n '/^flags/{p;q;}' /proc/cpuinfo)"
else
  pb_kv sysctl "$(sysctl hw.model hw.ncpu hw.physmem kern.boottime 2>/dev/null)"
fi
if [ -d /dev/disk/by-uuid ]; then pb_kv uuids "$(ls -l /dev/disk/by-uuid)"; fi
near() { stat -f -c '%s %S %b %a %c %d %n' -- "$@" 2>/dev/null; }
far() { $limit stat -f -c '%s %S %b %a %c %d %n' -- "$@" 2>/dev/null; }
mounted() {
  look=$1
  set --
  while read -r device point kind options _; do
    case $device in
    /*) [ "$look" = near ] || continue ;;
    *:*) [ "$look" = far ] || continue ;;
    *) continue ;;
    esac
    case $point in
    *\\*) point=$(printf '%s\n' "$point" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g'; printf x)
      point=$(printf '%bx' "${point%x}")
      point=${point%"$pb_nl"x} ;;
    esac
    set -- "$@" "$point"
  done </proc/mounts
  [ $# = 0 ] || "$look" "$@"
}
if [ -r /proc/mounts ]; then
  pb_kv mounts "$(mounted near; mounted far)"
else
  pb_kv df "$(df -Pk 2>/dev/null)"
  pb_kv mount "$(mount 2>/dev/null)"
fi
"""

_VIRTUAL: Final = """
if [ -r /proc/1/environ ]; then
  pb_kv container "$({ tr '\\0' '\\n' </proc/1/environ | grep '^container='; } 2>/dev/null)"
fi
if [ -r /proc/modules ]; then pb_kv modules "$(grep -E '^(kvm|vboxdrv|virtio) ' /proc/modules)"; fi
if [ -r /proc/cpuinfo ]; then
  pb_kv cpu_virtual "$(grep -E 'QEMU|User Mode Linux|UML|PowerVM|IBM/S390' /proc/cpuinfo)"
fi
"""

_SECTION: Final = {"min": _MIN, "network": _NETWORK, "hardware": _HARDWARE, "virtual": _VIRTUAL}

_LOCAL: Final = """
number=0
for file in {folder}/*.fact; do
  [ -e "$file" ] || continue
  number=$((number + 1))
  pb_kv "local_name_$number" "$file"
  if [ -x "$file" ]; then
    (pb_user_run "$file") >"$pb_dir/facts.$pb_index" 2>"$pb_dir/facts_e.$pb_index"
    pb_kv "local_rc_$number" "$?"
    pb_blob "local_text_$number" "$pb_dir/facts.$pb_index"
    pb_blob "local_err_$number" "$pb_dir/facts_e.$pb_index"
  else
    pb_blob "local_text_$number" "$file"
  fi
done
rm -f "$pb_dir/facts.$pb_index" "$pb_dir/facts_e.$pb_index"
"""


def script(sections: Collection[str], fact_path: str, timeout_s: int) -> str:
    """The text for these sections (of `SECTIONS`); no single question may take longer than `timeout_s` where the host
    has `timeout`. `fact_path` is the folder of local facts."""
    files = " ".join(FILES[section] for section in SECTIONS if section in sections and section in FILES)
    parts = [_LIMIT.format(timeout=timeout_s), f"pb_kv files \"$(grep -s '' /dev/null {files})\"", _EXIST]
    parts += [_SECTION[section] for section in SECTIONS if section in sections and section in _SECTION]
    if "local" in sections:
        parts.append(_LOCAL.format(folder=path_word(fact_path)))
    return "\n".join((*parts, "exit 0"))
