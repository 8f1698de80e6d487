"""Lists of mounts as systems keep them: fstab and /proc/mounts, vfstab, mnttab, AIX's stanzas, what `mount` prints.

Sources: fstab(5), vfstab(4) and mnttab(4) of Solaris, `filesystems` of AIX, mount(8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from runner.sh.facts_hardware import unescape

# The text that tells of a mount, and what it says.
Row = tuple[str, dict[str, Any]]

_LINUX: Final = re.compile(r"(?P<device>\S+) on (?P<mount>\S+) type (?P<fstype>\S+) \((?P<options>.+)\)")
_BSD: Final = re.compile(r"(?P<device>\S+) on (?P<mount>\S+) \((?P<fstype>.+)\)")
_TIME: Final = 10  # digits of a time in mnttab


def of_file(text: str) -> list[Row]:
    """What a file says. Which kind it is shows in its columns; [] for one that is none of them."""
    lines = text.splitlines()
    kinds: tuple[Callable[[list[str]], Iterator[Row]], ...] = (_vfstab, _mnttab, _fstab, _stanzas)
    for kind in kinds:
        try:
            return list(kind(lines))
        except (IndexError, ValueError):
            continue
    return []


def _written(lines: list[str]) -> Iterator[str]:
    return (line for line in lines if line.strip() and not line.strip().startswith("#"))


def _vfstab(lines: list[str]) -> Iterator[Row]:
    for line in _written(lines):
        device, check, mount, fstype, order, boot, options = line.split()[:7]
        more = {"device_to_fsck": check, "passno": int(order) if order.isdigit() else order, "mount_at_boot": boot}
        yield line, {"device": device, "mount": mount, "fstype": fstype, "options": options, **more}


def _mnttab(lines: list[str]) -> Iterator[Row]:
    rows = [(line, line.split()) for line in lines]
    if not any(len(words[4]) == _TIME for _, words in rows):
        raise ValueError("no times")
    for line, words in rows:
        device, mount, fstype, options, time = words[:5]
        yield line, {"device": device, "mount": mount, "fstype": fstype, "options": options, "time": int(time)}


def _fstab(lines: list[str]) -> Iterator[Row]:
    for line in map(str.strip, _written(lines)):
        words = [unescape(word) for word in line.split()]
        found: dict[str, Any] = dict(zip(("device", "mount", "fstype", "options"), words[:4], strict=True))
        found |= {name: int(word) for name, word in zip(("dump", "passno"), words[4:6], strict=False)}
        yield line, found


def _stanzas(lines: list[str]) -> Iterator[Row]:
    stanzas: list[list[str]] = []
    for line in lines:
        if line.startswith("*") or not line.strip():
            continue
        if line.rstrip().endswith(":"):
            stanzas.append([line])
        elif "=" not in line:
            return
        else:
            stanzas[-1].append(line)
    for first, *rest in stanzas:
        about = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in rest)}
        device = ":".join(about[key] for key in ("nodename", "dev") if about.get(key)) or "unknown"
        found = {"mount": first[:-1], "device": device, "fstype": about.get("vfs") or "unknown", "attributes": about}
        yield "\n".join([first, *rest]), found


def of_program(text: str) -> list[Row]:
    """What `mount` prints, in Linux's way or that of BSD."""
    lines = text.splitlines()
    told = [(line, _LINUX.fullmatch(line)) for line in lines]
    if all(match for _, match in told):
        return [(line, match.groupdict()) for line, match in told if match]
    told = [(line, _BSD.fullmatch(line)) for line in lines if not line.startswith("map ")]
    if not all(match for _, match in told):
        return []
    return [(line, _of_bsd(match.groupdict())) for line, match in told if match]


def _of_bsd(found: dict[str, Any]) -> dict[str, Any]:
    kind, comma, options = found["fstype"].partition(",")
    return {**found, "fstype": kind.strip(), **({"options": options.strip()} if comma else {})}
