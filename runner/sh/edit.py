"""What is to be done to a file that `editing` reads and writes back: which one, how, and what it shall hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final

from runner.model.call import Outcome
from runner.model.quick import dataclass
from runner.sh.quote import quote

ATTRIBUTES_CHANGED: Final = "ownership, perms or SE linux context changed"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which file, and how it is written.

    `path` is what the user wrote, for messages; `locate` is sh text that sets `p` where the path alone does not say it.
    `create`: the file and its folders are made if they are missing. `validate`: a command that checks the new file.
    `backup_key`: the result key of the old file's new name. `attributes_msg`: what is said when mode or owner change.
    `unsafe`: where no rename is possible (a
    mounted file), it is written in place. `extras`: sh text for its SELinux context and attributes. `sealed`: it holds
    secrets, no diff shows it. `follow`: False puts a file in the place of a link. `describe`: the result has the file's
    mode, owner and size. `first`: sh text that runs before a new content is written. `folders`: missing folders are
    made, too. `with_content`: mode and owner are for a file that is written, and no reason to write it; `owner_words`
    are then two shell words.
    """

    path: str
    locate: str = ""
    create: bool = False
    mode: str | None = None
    owner: str = ""
    group: str = ""
    backup: bool = False
    backup_key: str = "backup_file"
    validate: str | None = None
    unsafe: bool = False
    extras: str = ""
    sealed: bool = False
    follow: bool = True
    describe: bool = False
    folders: bool = True
    with_content: bool = False
    owner_words: str = ""
    attributes_msg: str = ATTRIBUTES_CHANGED
    first: str = ""

    @property
    def owners(self) -> str:
        """`OWNER GROUP` as two shell words."""
        return self.owner_words or f"{quote(self.owner)} {quote(self.group)}"


@dataclass(frozen=True, slots=True)
class Edit:
    """What the file shall hold (None: it shall go), what is said of it, and the module's own result keys.

    `first` and `then`: sh texts that run on the host before and after it is written (`$p` is its real path); with one
    of them the step changes something, even where the file stays as it is.
    """

    content: bytes | None
    msg: str = ""
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    first: str = ""
    then: str = ""


# Of the file's content, None if there is no file: what it shall be, or at once what the step comes to.
Change = Callable[[bytes | None], Edit | Outcome]
