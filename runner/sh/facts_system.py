"""Facts about the system itself: kernel, names, user, environment, name servers, managers, security, ssh keys."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from runner.sh.facts_source import Facts, Source, assignments

# Package managers in Ansible's order: the last one that is there wins.
_PACKAGERS: Final = (
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/yum", "dnf"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/pkg/bin/pkgin", "pkgin"),
    ("/usr/local/bin/brew", "homebrew"),
    ("/opt/homebrew/bin/brew", "homebrew"),
    ("/sbin/apk", "apk"),
    ("/usr/sbin/pkg", "pkgng"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/local/sbin/pkg", "pkgng"),
    ("/usr/bin/swupd", "swupd"),
)

_INITS: Final = {"procd": "openwrt_init", "runit-init": "runit", "svscan": "svc", "openrc-init": "openrc"}


def system(source: Source) -> Facts:
    """Every fact of the section `min` that is about the system and its user, but the distribution and the time."""
    return {
        **platform(source),
        **user(source),
        "env": environment(source),
        "dns": name_servers(source.file("/etc/resolv.conf")),
        "lsb": lsb(source),
        "cmdline": command_line(source.line("/proc/cmdline"), several=False),
        "proc_cmdline": command_line(source.line("/proc/cmdline"), several=True),
        "fips": source.line("/proc/sys/crypto/fips_enabled") == "1",
        "apparmor": {"status": "enabled" if "/sys/module/apparmor" in source.exist else "disabled"},
        "selinux": selinux(source),
        # Nothing here needs that library: to a playbook that would install it, it is there.
        "selinux_python_present": True,
        "is_chroot": is_chroot(source),
        **python(source.get("python")),
        **ssh_host_keys(source),
    }


def platform(source: Source) -> Facts:
    """What uname says, and the host's names."""
    words = source.get("uname").split()
    if len(words) < 5:
        return {}
    name, machine = source.get("nodename").strip() or words[1], words[-1]
    full = _full_name(source, name)
    bits = "64" if "64" in machine or machine in ("s390x", "alpha") else "32"
    facts: Facts = {
        "system": words[0],
        "nodename": name,
        "hostname": name.partition(".")[0],
        "fqdn": full,
        "domain": full.partition(".")[2],
        "kernel": words[2],
        "kernel_version": " ".join(words[3:-1]),
        "machine": machine,
        "architecture": "i386" if re.fullmatch("i([3456]86|86pc)", machine) else machine,
        "userspace_bits": bits,
    }
    if machine == "x86_64":
        facts["userspace_architecture"] = machine
    ident = source.line("/var/lib/dbus/machine-id") or source.line("/etc/machine-id")
    return {**facts, "machine_id": ident} if ident else facts


def _full_name(source: Source, name: str) -> str:
    """The name with its domain: what `hostname -f` says, else the first name with a dot in the host's entry."""
    said = source.get("fqdn").strip()
    if "." in said:
        return said
    words = [word for line in source.get("hosts").splitlines() for word in line.split()[1:]]
    dotted = [word for word in words if "." in word and word.partition(".")[0] == name.partition(".")[0]]
    return dotted[0] if dotted else said or name


def user(source: Source) -> Facts:
    """Who we are there."""
    ids = {key: int(value) for key, value in re.findall(r"\b(uid|gid|euid|egid)=(\d+)", source.get("id"))}
    entry = source.get("passwd").splitlines()[:1]
    fields = entry[0].split(":") if entry else []
    if len(fields) < 7:
        named = re.search(r"uid=\d+\(([^)]*)\)", source.get("id"))
        fields = [named[1] if named else "", "", "", "", "", "", ""]
    uid, gid = ids.get("uid", -1), ids.get("gid", -1)
    return {
        "user_id": fields[0],
        "user_uid": uid,
        "user_gid": int(fields[3]) if fields[3].isdigit() else gid,
        "user_gecos": fields[4],
        "user_dir": fields[5],
        "user_shell": fields[6],
        "real_user_id": uid,
        "real_group_id": gid,
        "effective_user_id": ids.get("euid", uid),
        "effective_group_id": ids.get("egid", gid),
    }


def environment(source: Source) -> dict[str, str]:
    """The environment of a command there; an `env` without -0 leaves only what fits one line each."""
    text = source.get("env")
    entries = text.split("\0") if "\0" in text else text.splitlines()
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def name_servers(resolv_conf: str) -> Facts:
    """resolv.conf as the fact `dns` (https://man7.org/linux/man-pages/man5/resolv.conf.5.html)."""
    servers: list[str] = []
    dns: Facts = {}
    for line in resolv_conf.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver":
            servers += words[1:]
        elif words[0] == "domain":
            dns["domain"] = words[1]
        elif words[0] in ("search", "sortlist"):
            dns[words[0]] = words[1:]
        elif words[0] == "options":
            dns["options"] = {name: value if colon else True for name, colon, value in _split(words[1:], ":")}
    return {**({"nameservers": servers} if servers else {}), **dns}


def _split(words: list[str], mark: str) -> list[tuple[str, str, str]]:
    return [word.partition(mark) for word in words]


def lsb(source: Source) -> Facts:
    """What lsb_release or /etc/lsb-release says; empty where there is neither."""
    said: dict[str, str] = {}
    for line in source.get("lsb").splitlines():
        name, _, value = line.partition(":")
        said[name] = value.strip()
    keys = {"id": "Distributor ID", "release": "Release", "description": "Description", "codename": "Codename"}
    if not said:
        said = assignments(source.file("/etc/lsb-release"))
        keys = {key: f"DISTRIB_{key.upper()}" for key in keys}
    facts: Facts = {key: said[name].strip("\"'\\") for key, name in keys.items() if name in said}
    if "release" in facts:
        facts["major_release"] = str(facts["release"]).partition(".")[0]
    return facts


def command_line(text: str, *, several: bool) -> Facts:
    """The kernel's command line; `several`: a name given more than once has a list."""
    found: Facts = {}
    for name, equals, value in _split(text.split(), "="):
        new: object = value if equals else True
        if several and name in found:
            before = found[name]
            new = [*before, new] if isinstance(before, list) else [before, new]
        found[name] = new
    return found


def selinux(source: Source) -> Facts:
    """SELinux, read from its file system and configuration."""
    if "/sys/fs/selinux/enforce" not in source.exist:
        return {"status": "disabled"}
    config = assignments(source.file("/etc/selinux/config"))
    version = source.line("/sys/fs/selinux/policyvers")
    return {
        "status": "enabled",
        "policyvers": int(version) if version.isdigit() else "unknown",
        "config_mode": config.get("SELINUX", "unknown"),
        "mode": "enforcing" if source.line("/sys/fs/selinux/enforce") == "1" else "permissive",
        "type": config.get("SELINUXTYPE", "unknown"),
    }


def is_chroot(source: Source) -> bool:
    """Whether `/` is not that of process 1, or, where that cannot be seen, has no root's inode number."""
    if "debian_chroot" in environment(source):
        return True
    said = source.get("root").split()
    if not said or said[0] in ("same", "other"):
        return bool(said) and said[0] == "other"
    return said[0] not in ("2", "128", "256")


def python(said: str) -> Facts:
    """The host's own python3, if it has one. Nothing here needs it; without one, every number is 0."""
    lines = said.splitlines()
    words = lines[1].split() if len(lines) > 2 else []
    executable, kind = (lines[0], lines[2]) if len(words) == 5 else ("", None)
    if len(words) != 5:
        words = ["0", "0", "0", "", "0"]
    major, minor, micro, level, serial = words
    info = [int(major), int(minor), int(micro), level, int(serial)]
    names = ("major", "minor", "micro", "releaselevel", "serial")
    return {
        "python": {
            "executable": executable,
            "has_sslcontext": bool(executable),
            "type": kind,
            "version": dict(zip(names, info, strict=True)),
            "version_info": info,
        },
        "python_version": f"{major}.{minor}.{micro}",
    }


def ssh_host_keys(source: Source) -> Facts:
    """The host's public keys."""
    facts: Facts = {}
    for kind in ("dsa", "rsa", "ecdsa", "ed25519"):
        words = source.line(f"/etc/ssh/ssh_host_{kind}_key.pub").split()
        if len(words) > 1:
            facts[f"ssh_host_key_{kind}_public_keytype"] = words[0]
            facts[f"ssh_host_key_{kind}_public"] = words[1]
    return facts


def package_manager(source: Source, family: str) -> str:
    """The package manager of a host of this os_family, in the name of Ansible's module."""
    if source.get("uname").startswith("OpenBSD"):
        return "openbsd_pkg"
    if family == "RedHat":
        if "/run/ostree-booted" in source.exist:
            return "atomic_container"
        if source.exist & {"/usr/bin/dnf", "/usr/bin/microdnf"}:
            return "dnf5" if source.get("dnf").strip() == "/usr/bin/dnf5" else "dnf"
    found = [name for path, name in _PACKAGERS if path in source.exist]
    if family == "Debian":
        return "apt"
    if family == "Altlinux" and "apt" in found:
        return "apt_rpm"
    return found[-1] if found else "unknown"


def service_manager(source: Source, distribution: str) -> str:
    """What manages services: process 1 where its name says it, else what is installed."""
    first = source.line("/proc/1/comm") or _first_of_ps(source) or source.get("init").strip()
    first = posixpath.basename(first)
    if first and first != "init" and not first.endswith("sh"):
        return _INITS.get(first, first)
    kernel = source.get("uname").partition(" ")[0]
    if "BSD" in kernel or kernel == "DragonFly":
        return "bsdinit"
    if distribution == "OpenWrt":
        return "openwrt_init"
    return _installed_manager(source) if kernel == "Linux" else "launchd" if kernel == "Darwin" else "service"


def _first_of_ps(source: Source) -> str:
    lines = source.get("init_ps").splitlines()
    last = lines[-1].strip() if lines else ""
    return "" if last in ("", "COMMAND", "COMM") or last[0].isdigit() else last


def _installed_manager(source: Source) -> str:
    have, systemctl = source.exist, bool(source.get("tool_systemctl"))
    if systemctl and have & {"/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"}:
        return "systemd"
    if source.get("tool_initctl") and "/etc/init" in have:
        return "upstart"
    if "/sbin/openrc" in have:
        return "openrc"
    if systemctl and posixpath.basename(source.get("init").strip()) == "systemd":
        return "systemd"
    return "sysvinit" if "/etc/init.d" in have else "dinit" if "/etc/dinit.d" in have else "service"
