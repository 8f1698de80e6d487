"""Owner, group and mode: the options every file module takes, and what the prelude reports of a path."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.arguments import Option
from runner.model.call import Diff, Reply
from runner.model.quick import dataclass
from runner.sh import modes
from runner.sh.quote import quote

# https://docs.ansible.com/ansible/latest/collections/ansible/builtin/file_module.html ("add_file_common_args")
FILE_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "mode": Option("mode", doc="Octal (quoted) or symbolic mode."),
        "owner": Option("str", doc="Name or number of the user who shall own it."),
        "group": Option("str", doc="Name or number of the group that shall own it."),
        "attributes": Option(
            "str",
            aliases=("attr",),
            doc="Attributes as chattr has them: `+i`, `-a`; without a sign exactly these.",
        ),
        "seuser": Option("str", doc="SELinux user; `_default`: what the policy says."),
        "serole": Option("str", doc="SELinux role, likewise."),
        "setype": Option("str", doc="SELinux type, likewise."),
        "selevel": Option("str", doc="SELinux level, likewise."),
        "unsafe_writes": Option(
            "bool", default=False, doc="Write in place where no rename is possible (a mounted file)."
        ),
    }
)

# The keys of a result that say what a path is (see `Seen.result`), for `pbrun doc`.
FILE_RETURNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mode": "Its mode as four octal digits.",
        "owner": "The name of its owner.",
        "group": "The name of its group.",
        "uid": "The number of its owner.",
        "gid": "The number of its group.",
        "size": "Its size in bytes.",
        "state": "What it is: file, directory, link, hard, absent.",
    }
)

_STATES: Final = {"file": "file", "dir": "directory", "link": "link", "absent": "absent"}


def owner_words(args: Mapping[str, Any]) -> str:
    """`OWNER GROUP` as two shell words, "" for what is not to be changed."""
    return f"{quote(args['owner'] or '')} {quote(args['group'] or '')}"


def check_mode_text(mode: str | None) -> None:
    """Raises StepError for a mode that makes no sense, before anything is sent."""
    if mode and mode != "preserve":
        modes.text(mode)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a path was when the host looked. `type` is the prelude's; `mode` four octal digits."""

    type: str
    mode: str
    uid: int | None
    gid: int | None
    size: int
    nlink: int
    owner: str
    group: str

    @classmethod
    def read(cls, reply: Reply, key: str) -> Seen | None:
        """What `pb_report KEY` told; None if it was not called."""
        if key not in reply.values:
            return None
        text = reply.values[key].decode("utf-8", "surrogateescape")
        numbers, owner, group = text.split("\n", 2)
        kind, mode, uid, gid, size, nlink = numbers.split(" ")
        return cls(kind, f"{int(mode, 8):04o}", _number(uid), _number(gid), int(size), int(nlink), owner, group)

    @property
    def state(self) -> str:
        """Ansible's word for what it is."""
        return "hard" if self.type == "file" and self.nlink > 1 else _STATES.get(self.type, "file")

    def result(self) -> dict[str, Any]:
        """The result keys that Ansible adds for a path: uid gid owner group mode state size."""
        if self.type == "absent":
            return {"state": "absent"}
        return {
            "uid": self.uid,
            "gid": self.gid,
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
            "state": self.state,
            "size": self.size,
        }


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def attribute_diff(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Diff | None:
    """A diff of what differs between two mappings of attributes; None when nothing does."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names:
        return None
    return Diff(_lines(before, names), _lines(after, names), f"{path} (attributes)", f"{path} (attributes)")


def _lines(values: Mapping[str, Any], names: list[str]) -> str:
    return "".join(f"{name}: {values[name]}\n" for name in names if values.get(name) is not None)
