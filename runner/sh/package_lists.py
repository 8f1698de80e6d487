"""What packages a host has, asked of each package manager in its own words and read into Ansible's facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.model.quick import dataclass

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """How a manager is asked (`tools`: one of them must be there) and how its answer becomes one mapping a package."""

    tools: tuple[str, ...]
    ask: str
    read: Callable[[str], Iterator[Facts]]


def _apt(answer: str) -> Iterator[Facts]:
    """dpkg's packages, and of apt's policy where the installed version is from."""
    native, _, rest = answer.partition("\n")
    listed, _, policy = rest.partition("\n\n")
    files, _, tables = policy.partition("\n\n")
    origins = _origins(tables, _releases(files))
    for line in listed.splitlines():
        name, arch, status, version, section = line.split("\t")
        if status in ("not-installed", "config-files"):
            continue
        bare = name.removesuffix(f":{native}")
        origin = origins.get(bare, origins.get(name, ""))
        yield {"name": bare, "version": version, "arch": arch, "category": section, "origin": origin}


def _releases(files: str) -> dict[str, str]:
    """Who offers each package file that `apt-cache policy` names."""
    found: dict[str, str] = {}
    at = ""
    for line in files.splitlines():
        if re.match(r" *-?\d+ ", line):
            at = line.split(maxsplit=1)[1]
        elif line.startswith("     release "):
            origin = re.search(r"(?:^|[ ,])o=([^,]*)", line)
            found[at] = origin[1] if origin else ""
    return found


def _origins(tables: str, releases: Mapping[str, str]) -> dict[str, str]:
    """By package's name: who offers the installed version."""
    found: dict[str, str] = {}
    name, here = "", False
    for line in tables.splitlines():
        if not line.startswith(" "):
            name, here = line.removesuffix(":"), False
        elif line.startswith(" *** "):
            here = True
        elif here and line.startswith("        "):
            found[name], here = releases.get(line.split(maxsplit=1)[1], ""), False
        else:
            here = False
    return found


def _rpm(answer: str) -> Iterator[Facts]:
    for line in answer.splitlines():
        # What a package does not have is the text of Python's None in Ansible, too.
        values = ["None" if value == "(none)" else value for value in line.split("\t")]
        yield dict(zip(("name", "version", "release", "epoch", "arch"), values, strict=True))


def _apk(answer: str) -> Iterator[Facts]:
    for line in answer.splitlines():
        parts = line.rsplit("-", 2)
        if len(parts) == 3:
            yield {"name": parts[0], "version": parts[1], "release": parts[2]}
        else:
            yield {"name": line, "version": "", "release": ""}


def _pacman(answer: str) -> Iterator[Facts]:
    for block in answer.split("\n\n"):
        found: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            field = re.match(r"([\w ]*[\w]) +: (.*)", line)
            if field:
                last = field[1]
                found[last] = field[2]
            elif last:
                found[last] += "  " + line.lstrip()
        if "Name" not in found:
            continue
        given = found.get("Provides", "None")
        provides = None if given == "None" else [word.split("=")[0] for word in given.split("  ")]
        yield {
            "name": found["Name"],
            "version": found.get("Version", ""),
            "arch": found.get("Architecture", ""),
            "provides": provides,
        }


_PKG: Final = ("name", "version", "origin", "installed", "automatic", "arch", "category", "prefix", "vital")


def _pkg(answer: str) -> Iterator[Facts]:
    for line in answer.splitlines():
        found: Facts = dict(zip(_PKG, line.split("\t"), strict=False))
        if "vital" not in found:
            continue
        parts = found["arch"].split(":")
        found["arch"] = parts[2] if len(parts) > 2 else found["arch"]
        found["category"] = found["category"].split("/", 1)[0]
        for flag in ("automatic", "vital"):
            found[flag] = found[flag] == "1"
        version, comma, epoch = found["version"].partition(",")
        found["port_epoch"] = epoch if comma else 0
        found["version"], _, revision = version.partition("_")
        found["revision"] = revision or "0"
        yield found


def _pkg_info(answer: str) -> Iterator[Facts]:
    for line in answer.splitlines():
        name, dash, version = line.split(maxsplit=1)[0].rpartition("-")
        yield {"name": name, "version": version} if dash else {"name": line, "version": ""}


_PORTAGE: Final = ("category", "name", "version", "ebuild_revision", "slots", "prefixes", "sufixes")


def _portage(answer: str) -> Iterator[Facts]:
    for line in answer.splitlines():
        found = dict(zip(_PORTAGE, line.split(), strict=False))
        if "name" in found:
            yield dict(found)


_DPKG: Final = r"${binary:Package}\t${Architecture}\t${db:Status-Status}\t${Version}\t${Section}\n"
_ASK_APT: Final = (
    "dpkg --print-architecture\n"
    f"pb_installed=$(dpkg-query -W -f '{_DPKG}')\n"
    "printf '%s\\n\\n' \"$pb_installed\"\n"
    "apt-cache policy; echo\n"
    "printf '%s\\n' \"$pb_installed\" | cut -f 1 | xargs apt-cache policy"
)
_RPM: Final = r"%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\n"
_PKG_QUERY: Final = r"%n\t%v\t%R\t%t\t%a\t%q\t%o\t%p\t%V"

# In the order that `auto` tries them.
MANAGERS: Final[Mapping[str, Question]] = MappingProxyType(
    {
        "apk": Question(("apk",), "apk info -v", _apk),
        "apt": Question(("apt", "apt-get", "aptitude"), _ASK_APT, _apt),
        "pacman": Question(("pacman",), "pacman -Qi", _pacman),
        "pkg": Question(("pkg",), f"pkg query '{_PKG_QUERY}'", _pkg),
        "pkg_info": Question(("pkg_info",), "pkg_info -a", _pkg_info),
        "portage": Question(("qlist",), "qlist -Iv | xargs -n 1024 qatom", _portage),
        "rpm": Question(("rpm",), f"rpm -qa --qf '{_RPM}'", _rpm),
    }
)

# Other names under which the same packages are asked for.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("dnf", "dnf5", "yum", "zypper"), "rpm"),
        **dict.fromkeys(("pkg5", "pkgng"), "pkg"),
        "openbsd_pkg": "pkg_info",
    }
)


def question(managers: tuple[str, ...], *, every: bool) -> str:
    """Sh text that reports each manager's answer; unless `every`, none behind the first that knows a package."""
    lines = ["pb_found="]
    for name in managers:
        manager = MANAGERS[name]
        have = " || ".join(f"pb_have {tool}" for tool in manager.tools)
        more = "" if every else '[ -z "$pb_found" ] && '
        lines.append(
            f"if {more}{{ {have}; }}; then\npb_answer=$({{ {manager.ask}\n}} 2>/dev/null)\n"
            f'[ -z "$pb_answer" ] || {{ pb_found=1; pb_kv {name} "$pb_answer"; }}\nfi'
        )
    return "\n".join(lines)


def packages(answers: Mapping[str, str]) -> dict[str, list[Facts]]:
    """Ansible's `ansible_facts.packages`: by name, one entry for each version that is installed."""
    found: dict[str, list[Facts]] = {}
    for name, answer in answers.items():
        for one in MANAGERS[name].read(answer):
            found.setdefault(one["name"], []).append({**one, "source": name})
    return found
