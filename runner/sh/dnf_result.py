"""What dnf's one trip came to: Ansible's `results`, the packages that change, what was listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed, ok
from runner.sh.verdict import failure, value

_FIELDS: Final = ("name", "arch", "epoch", "release", "version", "repo")
_GONE: Final = ("removing", "obsoleting")
_REPLACED: Final = ("upgrading", "downgrading")
_SECTION: Final = re.compile(r"([A-Z][a-z ]+?):\s*$")


def outcome(call: Call, sent: Fragment, reply: Reply) -> Outcome:
    """Changed when dnf did, or would do, something."""
    broken = _refused(reply) or failure(reply)
    if broken:
        return broken
    stage = sent.memo["stage"]
    if stage == "list":
        return ok(results=_listed(reply))
    if stage == "cache":
        return ok(results=[], rc=0, msg="Cache updated")
    notes = value(reply, "notes").splitlines() + [f"Installed {name}" for name in sent.memo["files"]]
    if call.check:
        changed, (new, old) = reply.differs, announced(value(reply, "tables"), value(reply, "have"))
    elif "did" not in reply.values:
        changed, new, old = False, [], []
    else:
        changed = bool(value(reply, "did"))
        new, old = (value(reply, key).splitlines() for key in ("installed", "removed"))
        if call.args["download_only"]:
            new, old = announced(value(reply, "tables"))
    word = "Downloaded" if call.args["download_only"] else "Installed"
    results = [*notes, *(f"{word}: {name}" for name in new), *(f"Removed: {name}" for name in old)]
    msg = "" if changed else "Nothing to do"
    values: dict[str, Any] = {"results": results, "rc": 0, "msg": msg}
    diff = (Diff(_lines(old), _lines(new), "packages", "packages"),) if call.diff and changed else ()
    return Outcome(Status.CHANGED if changed else Status.OK, values, msg=msg, diff=diff)


def _lines(names: list[str]) -> str:
    return "".join(f"{name}\n" for name in names)


def _refused(reply: Reply) -> Outcome | None:
    """The failed outcome when dnf would not do what it was asked; None if it did not refuse."""
    if "said" not in reply.values or not reply.rc:
        return None
    said, out = value(reply, "said").strip(), value(reply, "out")
    missing = re.findall(r"(?:No match for argument|Unable to find a match): (.+)", f"{out}\n{said}")
    names = list(dict.fromkeys(name for found in missing for name in found.split()))
    values = {"rc": reply.rc, "results": [], "stdout": out, "stderr": said}
    if names:
        failures = [f"No package {name} available." for name in names]
        return failed("Failed to install some of the specified packages", failures=failures, **values)
    return failed(f"{value(reply, 'msg')}: {said or out.strip()}", failures=[], **values)


def announced(tables: str, have: str = "") -> tuple[list[str], list[str]]:
    """Packages that would come and that would go, read from dnf's table. `have`: what is installed, by name and arch:
    an upgrade takes its older version away."""
    installed = [line.split(" ", 1) for line in have.splitlines() if " " in line]
    new: list[str] = []
    old: list[str] = []
    for section, name, arch, version in _rows(tables):
        nevra = f"{name}-{version.removeprefix('0:')}.{arch}"
        (old if section.startswith(_GONE) else new).append(nevra)
        if section.startswith(_REPLACED):
            old += [found for key, found in installed if key == f"{name}.{arch}"]
    return sorted(new), sorted(old)


def _rows(tables: str) -> Iterator[tuple[str, str, str, str]]:
    """Section, name, arch and version of each row of dnf's tables; a long name stands on a line of its own."""
    section = ""
    words: list[str] = []
    for line in tables.splitlines():
        title = _SECTION.fullmatch(line)
        if title or not line.startswith(" "):
            section, words = title[1].lower() if title else section if not line.strip() else "", []
            continue
        if not section or line.lstrip().startswith("replac"):
            continue
        words += line.split()
        if len(words) > 3:
            yield section, words[0], words[1], words[2]
            words = []


def _listed(reply: Reply) -> list[dict[str, str]]:
    if "repos" in reply.values:
        names = [line.split()[0] for line in value(reply, "repos").splitlines() if line.strip()]
        return [{"repoid": name, "state": "enabled"} for name in names if name != "repo"]
    return [found for key in ("installed", "upgrades", "available") for found in _packages(value(reply, key), key)]


def _packages(lines: str, key: str) -> Iterator[dict[str, str]]:
    for line in lines.splitlines():
        fields = line.split("\t")
        if len(fields) != len(_FIELDS):
            continue
        found = dict(zip(_FIELDS, fields, strict=True))
        envra = "{epoch}:{name}-{version}-{release}.{arch}".format(**found)
        state = "installed" if key == "installed" else "available"
        yield {**found, "envra": envra, "nevra": envra, "yumstate": state}
