"""Which distribution a host runs, in Ansible's words (`distribution`, `os_family` and their like)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runner.sh.facts_source import Facts, Source, assignments

# os-release's ID to Ansible's name; an ID that is not here has its NAME.
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "almalinux": "AlmaLinux",
        "alpine": "Alpine",
        "altlinux": "Altlinux",
        "amzn": "Amazon",
        "arch": "Archlinux",
        "archarm": "Archlinux",
        "centos": "CentOS",
        "cumulus-linux": "Cumulus Linux",
        "debian": "Debian",
        "deepin": "Deepin",
        "devuan": "Devuan",
        "fedora": "Fedora",
        "flatcar": "Flatcar",
        "gentoo": "Gentoo",
        "kali": "Kali",
        "linuxmint": "Linux Mint",
        "manjaro": "Manjaro",
        "neon": "KDE neon",
        "ol": "OracleLinux",
        "openEuler": "openEuler",
        "openwrt": "OpenWrt",
        "parrot": "Parrot",
        "raspbian": "Debian",
        "rhel": "RedHat",
        "rocky": "Rocky",
        "scientific": "Scientific",
        "sled": "SLED",
        "sles": "SLES",
        "sles_sap": "SLES_SAP",
        "slackware": "Slackware",
        "steamos": "SteamOS",
        "ubuntu": "Ubuntu",
    }
)

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "RedHat": (
            "RedHat", "RHEL", "Fedora", "CentOS", "Scientific", "SLC", "CloudLinux", "OracleLinux", "OVS", "Amazon",
            "Virtuozzo", "XenServer", "Alibaba", "EulerOS", "openEuler", "AlmaLinux", "Rocky", "TencentOS",
            "EuroLinux", "Kylin Linux Advanced Server", "MIRACLE",
        ),
        "Debian": (
            "Debian", "Ubuntu", "Raspbian", "Neon", "KDE neon", "Linux Mint", "SteamOS", "Devuan", "Kali",
            "Cumulus Linux", "Pop!_OS", "Parrot", "Pardus GNU/Linux", "Uos", "Deepin", "OSMC",
            "Linux Mint Debian Edition",
        ),
        "Suse": (
            "SuSE", "SLES", "SLED", "openSUSE", "openSUSE Tumbleweed", "SLES_SAP", "SUSE_LINUX", "openSUSE Leap",
            "ALP-Dolomite", "SL-Micro", "openSUSE MicroOS",
        ),
        "Archlinux": ("Archlinux", "Antergos", "Manjaro"),
        "Gentoo": ("Gentoo", "Funtoo"),
        "FreeBSD": ("FreeBSD", "TrueOS"),
        "Darwin": ("MacOSX", "Darwin"),
    }
)  # fmt: skip

# Which file Ansible says it looked at, by family.
_FILES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "Debian": ("/etc/os-release", "Debian"),
        "RedHat": ("/etc/redhat-release", "RedHat"),
        "Suse": ("/etc/os-release", "SUSE"),
        "Alpine": ("/etc/alpine-release", "Alpine"),
        "Archlinux": ("/etc/arch-release", "Archlinux"),
        "Gentoo": ("/etc/gentoo-release", "Gentoo"),
        "OpenWrt": ("/etc/openwrt_release", "OpenWrt"),
    }
)

_IN_BRACKETS: Final = re.compile(r"\(([^)\d]+)\)|,\s*([^\d]+)")
_OLD_RELEASE: Final = re.compile(r"(?P<name>[^\d]+?)(?: release)? (?P<version>[\d.]+)(?: \((?P<release>[^)]*)\))?")


def distribution(source: Source) -> Facts:
    """The facts about the distribution. `uname -s` decides what is looked at."""
    words = source.get("uname").split()
    system, kernel = (words[0], words[2]) if len(words) > 2 else ("", "")
    if system != "Linux":
        return _not_linux(system, kernel)
    released = assignments(source.file("/etc/os-release") or source.file("/usr/lib/os-release"))
    facts = _of_os_release(released, source) if released else _of_old_file(source)
    family = os_family(str(facts["distribution"]))
    path, variety = _FILES.get(family, ("/etc/os-release", "NA"))
    return {
        **facts,
        "os_family": family,
        "distribution_file_parsed": True,
        "distribution_file_path": path,
        "distribution_file_variety": variety,
    }


def os_family(name: str) -> str:
    """The family of a distribution; itself when it has none."""
    return next((family for family, members in FAMILIES.items() if name in members), name)


def _not_linux(system: str, kernel: str) -> Facts:
    version = kernel.partition("-")[0]
    return {
        "distribution": system,
        "distribution_release": kernel,
        "distribution_version": version,
        "distribution_major_version": version.partition(".")[0],
        "os_family": os_family(system),
    }


def _of_os_release(released: Mapping[str, str], source: Source) -> Facts:
    ident = released.get("ID", "linux")
    name = NAMES.get(ident) or released.get("NAME") or ident
    version = _version(ident, released, source)
    facts: Facts = {
        "distribution": name,
        "distribution_version": version,
        "distribution_major_version": version.partition(".")[0],
        "distribution_release": _release(ident, released),
    }
    if name == "Debian" and (minor := re.search(r"\d+\.(\d+)", source.line("/etc/debian_version"))):
        facts["distribution_minor_version"] = minor[1]
    if ident == "amzn":
        facts["distribution_minor_version"] = version.partition(".")[2] or "NA"
    return facts


def _version(ident: str, released: Mapping[str, str], source: Source) -> str:
    """The version, from the file that says it most precisely where os-release has only half of it."""
    version = released.get("VERSION_ID", "")
    better = {
        "alpine": source.line("/etc/alpine-release"),
        "debian": source.line("/etc/debian_version"),
        "raspbian": source.line("/etc/debian_version"),
    }.get(ident, "")
    if ident == "centos" and (found := re.search(r"\d+\.\d+", source.line("/etc/centos-release"))):
        better = found[0]
    if ident == "slackware":
        return version.rstrip("+") or "NA"
    return better if better and better.startswith(version) else version or "NA"


def _release(ident: str, released: Mapping[str, str]) -> str:
    """The code name (`bookworm`), or what Ansible has in its place."""
    version = released.get("VERSION_ID", "")
    if ident == "centos" and "Stream" in released.get("NAME", ""):
        return "Stream"
    if ident.startswith(("opensuse", "sle")):
        return version.partition(".")[2] or ("0" if ident.startswith("sle") else "")
    for key in ("VERSION_CODENAME", "UBUNTU_CODENAME"):
        if key in released:
            return released[key]
    if found := _IN_BRACKETS.search(released.get("VERSION", "")):
        return (found[1] or found[2]).strip()
    return "NA"


def _of_old_file(source: Source) -> Facts:
    """From the one-line files of systems older than os-release (`CentOS release 6.10 (Final)`)."""
    for path in ("/etc/centos-release", "/etc/redhat-release", "/etc/system-release"):
        if found := _OLD_RELEASE.match(source.line(path)):
            first = found["name"].split()[0]
            return _old("RedHat" if found["name"].startswith("Red Hat") else first, found["version"], found["release"])
    if version := source.line("/etc/alpine-release"):
        return _old("Alpine", version, None)
    if version := source.line("/etc/debian_version"):
        return _old("Debian", version, None)
    if "/etc/openwrt_release" in source.files:
        said = assignments(source.file("/etc/openwrt_release"))
        return _old("OpenWrt", said.get("DISTRIB_RELEASE", "NA"), said.get("DISTRIB_CODENAME"))
    return _old("Linux", "NA", None)


def _old(name: str, version: str, release: str | None) -> Facts:
    return {
        "distribution": name,
        "distribution_version": version,
        "distribution_major_version": version.partition(".")[0],
        "distribution_release": release or "NA",
    }
