"""Processors, memory, firmware, mounts and uptime of a host."""

from __future__ import annotations

import re
from typing import Any, Final

from runner.sh.facts_source import Facts, Source

_DMI: Final = "/sys/devices/virtual/dmi/id"
_DMI_FIELDS: Final = (
    *("bios_date", "bios_vendor", "bios_version"),
    *("board_asset_tag", "board_name", "board_serial", "board_vendor", "board_version"),
    *("chassis_asset_tag", "chassis_serial", "chassis_vendor", "chassis_version"),
    *("product_name", "product_serial", "product_uuid", "product_version"),
)

# SMBIOS 3.2, table 17 "System Enclosure or Chassis Types", in Ansible's words.
_FORM_FACTORS: Final = (
    *("Unknown", "Other", "Unknown", "Desktop", "Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower"),
    *("Portable", "Laptop", "Notebook", "Hand Held", "Docking Station", "All In One", "Sub Notebook"),
    *("Space-saving", "Lunch Box", "Main Server Chassis", "Expansion Chassis", "Sub Chassis"),
    *("Bus Expansion Chassis", "Peripheral Chassis", "RAID Chassis", "Rack Mount Chassis", "Sealed-case PC"),
    *("Multi-system", "CompactPCI", "AdvancedTCA", "Blade", "Blade Enclosure", "Tablet", "Convertible"),
    *("Detachable", "IoT Gateway", "Embedded PC", "Mini PC", "Stick PC"),
)

_NAMES: Final = ("model name", "Processor", "vendor_id", "cpu", "Vendor", "processor")


def hardware(source: Source) -> Facts:
    """All facts of the section `hardware`."""
    return {
        **processors(source),
        **memory(source.file("/proc/meminfo")),
        **firmware(source),
        **uptime(source),
        **_of_sysctl(source.get("sysctl")),
        "mounts": mounts(source),
    }


def processors(source: Source) -> Facts:
    """/proc/cpuinfo as Ansible counts it."""
    pairs = [line.partition(":")[::2] for line in source.get("cpuinfo").splitlines()]
    known = [(key.strip(), value.strip()) for key, value in pairs]
    if not known:
        return {}
    sockets: dict[str, int] = {}
    cores: dict[str, int] = {}
    socket = core = "0"
    for key, value in known:
        if key == "physical id":
            socket = value
            sockets.setdefault(socket, 1)
        elif key == "core id":
            core = value
            cores[core] = 1
        elif key == "cpu cores":
            sockets[socket] = int(value)
        elif key == "siblings":
            cores[core] = int(value)
    counted = _count(known, source.get("uname").split()[-1:])
    count = len(sockets) or counted
    each = next(iter(sockets.values()), 0) or 1
    threads = round(next(iter(cores.values()), 1) / each)
    return {
        "processor": [value for key, value in known if key in _NAMES],
        "processor_count": count,
        "processor_cores": each,
        "processor_threads_per_core": threads,
        "processor_vcpus": threads * count * each,
        "processor_nproc": _allowed(source) or sum(key == "processor" for key, _ in known),
        "flags": source.get("cpuflags").partition(":")[2].split(),
    }


def _count(known: list[tuple[str, str]], machine: list[str]) -> int:
    """How many processors the lines speak of, where they name no sockets."""
    keys = [key for key, _ in known]
    if machine and machine[0].startswith(("armv", "aarch", "ppc")):
        return keys.count("processor")
    vendors = keys.count("vendor_id")
    if vendors and vendors == keys.count("model name"):
        return vendors
    return sum(key in _NAMES for key in keys)


def _allowed(source: Source) -> int:
    """How many processors a process may use there: `Cpus_allowed_list: 0-3,8`."""
    found = re.search(r"^Cpus_allowed_list:\s*([\d,-]+)", source.file("/proc/self/status"), re.MULTILINE)
    total = 0
    for part in found[1].split(",") if found else []:
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def memory(meminfo: str) -> Facts:
    """/proc/meminfo in MiB (https://docs.kernel.org/filesystems/proc.html#meminfo)."""
    found = {key: int(value) // 1024 for key, value in re.findall(r"^(\w+):\s+(\d+)", meminfo, re.MULTILINE)}
    if "MemTotal" not in found:
        return {}
    total, free = found["MemTotal"], found.get("MemFree", 0)
    nocache = found.get("Cached", 0) + free + found.get("Buffers", 0)
    swap, swap_free = found.get("SwapTotal", 0), found.get("SwapFree", 0)
    return {
        "memtotal_mb": total,
        "memfree_mb": free,
        "swaptotal_mb": swap,
        "swapfree_mb": swap_free,
        "memory_mb": {
            "real": {"total": total, "used": total - free, "free": free},
            "nocache": {"free": nocache, "used": total - nocache},
            "swap": {
                "total": swap,
                "free": swap_free,
                "used": swap - swap_free,
                "cached": found.get("SwapCached", 0),
            },
        },
    }


def firmware(source: Source) -> Facts:
    """What the firmware says of the machine; `NA` where there is nothing or only root may read it."""
    facts: Facts = {name: source.line(f"{_DMI}/{name}") or "NA" for name in _DMI_FIELDS}
    facts["system_vendor"] = source.line(f"{_DMI}/sys_vendor") or "NA"
    kind = source.line(f"{_DMI}/chassis_type")
    number = int(kind) if kind.isdigit() else -1
    known = 0 <= number < len(_FORM_FACTORS)
    facts["form_factor"] = _FORM_FACTORS[number] if known else f"unknown ({kind})" if kind else "NA"
    return facts


def uptime(source: Source) -> Facts:
    """Seconds since the start, and the load averages."""
    facts: Facts = {}
    up = source.line("/proc/uptime").split()
    if up:
        facts["uptime_seconds"] = int(float(up[0]))
    loads = source.line("/proc/loadavg").split()
    if len(loads) > 2:
        facts["loadavg"] = {name: float(load) for name, load in zip(("1m", "5m", "15m"), loads, strict=False)}
    return facts


def _of_sysctl(text: str) -> Facts:
    """The same from the BSDs' sysctl, as far as it goes."""
    said = dict(re.findall(r"^([\w.]+)[:=]\s*(.*)$", text, re.MULTILINE))
    facts: Facts = {}
    if "hw.ncpu" in said:
        count = int(said["hw.ncpu"])
        facts |= {"processor": [said.get("hw.model", "")], "processor_count": count, "processor_vcpus": count}
    if "hw.physmem" in said:
        facts["memtotal_mb"] = int(said["hw.physmem"]) >> 20
    return facts


def mounts(source: Source) -> list[dict[str, Any]]:
    """File systems on devices and on other hosts, with their sizes in bytes."""
    sizes = dict(filter(None, map(size_of, source.get("mounts").splitlines())))
    uuids = {device: uuid for uuid, device in re.findall(r"(\S+) -> (?:\.\./)*(\S+)", source.get("uuids"))}
    found = []
    for line in source.file("/proc/mounts").splitlines():
        words = [unescape(word) for word in line.split(" ")]
        if len(words) < 6 or words[2] == "none" or not (words[0].startswith("/") or ":" in words[0]):
            continue
        found.append(
            {
                "mount": words[1],
                "device": words[0],
                "fstype": words[2],
                "options": words[3],
                "dump": int(words[4]),
                "passno": int(words[5]),
                "uuid": uuids.get(words[0].removeprefix("/dev/"), "N/A"),
                **sizes.get(words[1], {}),
            }
        )
    return found or _of_df(source.get("df"))


def unescape(word: str) -> str:
    """Blanks and the like in /proc/mounts are octal: `\\040`."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)


def size_of(line: str) -> tuple[str, dict[str, int]] | None:
    """One line of `stat -f`: sizes and the mount point."""
    words = line.split(" ", 6)
    if len(words) < 7 or not all(word.isdigit() for word in words[:6]):
        return None
    size, unit, blocks, available, inodes, free_inodes = map(int, words[:6])
    return words[6], {
        "size_total": unit * blocks,
        "size_available": unit * available,
        "block_size": size,
        "block_total": blocks,
        "block_available": available,
        "block_used": blocks - available,
        "inode_total": inodes,
        "inode_available": free_inodes,
        "inode_used": inodes - free_inodes,
    }


def _of_df(text: str) -> list[dict[str, Any]]:
    """`df -Pk`, where there is no /proc/mounts."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split(None, 5)
        if len(words) == 6 and words[0].startswith("/") and words[1].isdigit():
            sizes = {"size_total": int(words[1]) * 1024, "size_available": int(words[3]) * 1024}
            found.append({"mount": words[5], "device": words[0], **sizes})
    return found
