"""Keys in a text of the form of `~/.ssh/authorized_keys` (what authorized_key computes).

The form is that of https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT; what is done to it is what
https://docs.ansible.com/ansible/latest/collections/ansible/posix/authorized_key_module.html says. A line that is not
touched stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh.lines import split_text

TYPES: Final = frozenset(
    {
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "ssh-ed25519",
        "ssh-dss",
        "ssh-rsa",
        "ssh-xmss@openssh.com",
    }
)
# Options are parted by commas that stand in no quotes.
_OPTION: Final = re.compile(r"""(?:[^,"']|"[^"]*"|'[^']*')+""")


@dataclass(frozen=True, slots=True)
class Key:
    """One key; `options` in their order, None for those without a value."""

    text: str
    type: str
    options: tuple[tuple[str, str | None], ...] = ()
    comment: str = ""

    def same(self, other: Key) -> bool:
        """Whether both say the same; the order of differing options does not matter."""
        mine, others = (sorted(key.options, key=lambda option: option[0]) for key in (self, other))
        return (self.text, self.type, self.comment, mine) == (other.text, other.type, other.comment, others)

    def line(self) -> str:
        """The key as a line of the file."""
        options = ",".join(name if value is None else f"{name}={value}" for name, value in self.options)
        return " ".join(word for word in (options, self.type, self.text, self.comment) if word) + "\n"


def options_of(given: str) -> tuple[tuple[str, str | None], ...]:
    """`no-pty,from="a,b"` as names and values."""
    found = []
    for part in _OPTION.findall(given):
        name, equals, value = part.partition("=")
        found.append((name, value if equals else None))
    return tuple(found)


def parse(line: str) -> Key | None:
    """The key of a line; None for a comment, an empty line, and what is none."""
    words = line.replace(r"\#", "#").split()
    at = next((number for number, word in enumerate(words) if word in TYPES), None)
    if at is None or at + 1 >= len(words) or words[0] == "#":
        return None
    return Key(words[at + 1], words[at], options_of(" ".join(words[:at])), " ".join(words[at + 2 :]))


def wanted(given: str, options: str | None, comment: str | None) -> list[Key]:
    """The user's keys, one a line. Raises StepError for a line that is none."""
    keys = []
    for line in given.splitlines():
        if not line or line.startswith("#"):
            continue
        key = parse(line)
        if key is None:
            raise StepError(f"invalid key specified: {line}")
        if options is not None:
            key = replace(key, options=options_of(options))
        keys.append(key if comment is None else replace(key, comment=comment))
    return keys


def present(text: str, keys: list[Key], *, exclusive: bool) -> str:
    """The text with all the keys; with `exclusive` without anything else."""
    lines = split_text(text)
    had = {key.text: key for line in lines if (key := parse(line))}
    added: dict[str, Key] = {}
    fine: set[str] = set()
    for key in keys:
        old = had.get(key.text)
        if old is not None and old.same(key):
            fine.add(key.text)
            added.pop(key.text, None)
        else:
            fine.discard(key.text)
            added[key.text] = key
        had[key.text] = key
    kept = [line for line in lines if _stays(parse(line), fine, set(added), exclusive=exclusive)]
    if not added and len(kept) == len(lines):
        return text
    if added and kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    return "".join([*kept, *(key.line() for key in added.values())])


def _stays(key: Key | None, fine: set[str], replaced: set[str], *, exclusive: bool) -> bool:
    if exclusive:
        return key is not None and key.text in fine
    return key is None or key.text not in replaced


def absent(text: str, keys: list[Key]) -> str:
    """The text without these keys, whatever their options and comments are."""
    gone = {key.text for key in keys}
    return "".join(line for line in split_text(text) if not ((key := parse(line)) and key.text in gone))
