"""What came out of an encrypted file: its values become secrets, and the texts are named that no log may show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from runner.model.values import TEMPLATE_MARKS, Decrypted, Template, Vaulted

# What stands in an encrypted file is not always secret (`port: 8080`, `state: present`): masking short words wherever
# they occur would leave no readable log. So text this long counts, shorter text with letters and digits in it, and any
# text whose name says that it is secret; names that begin with `vault_` are those of secrets by custom.
MIN_TEXT: Final = 8
MIN_MIXED: Final = 6
MIN_DIGITS: Final = 6
_TELLING: Final = re.compile(
    r"^vault_|pass|secret|token|key|cred|private|auth|(?:^|_)(?:pin|pw|pwd)(?:_|$)", re.IGNORECASE
)
_MIXED: Final = re.compile(r"(?=.*[^\W\d_])(?=.*\d)", re.DOTALL)
_OF_VARIABLES: Final = frozenset({"vars", "environment", "set_fact", "content"})
_JINJA: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# A decrypted file (a key, a small configuration) is looked for in what is shown; a large one would slow down the run.
MAX_LINES: Final = 100
MAX_BYTES: Final = 16 * 1024


def guarded(value: Any) -> Any:
    """`value` with its text as `Decrypted`; templates stay templates, keys stay what they are."""
    if isinstance(value, Mapping):
        return {key: guarded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [guarded(part) for part in value]
    return Decrypted(value) if type(value) is str else value


def names_a_secret(name: str) -> bool:
    """Whether a variable's name says that its value is secret (`vault_…`, `db_password`, `api_token`)."""
    return _TELLING.search(name) is not None


def telling_texts(value: Any, name: str = "") -> Iterator[str]:
    """The texts in `value` that are to be masked wherever they occur. `name` is the key that `value` stands under."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from telling_texts(part, str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from telling_texts(part, name)
    elif isinstance(value, str) and not isinstance(value, Vaulted):
        yield from _pieces(str(value), names_a_secret(name), isinstance(value, Template))
    elif type(value) is int and len(str(abs(value))) >= MIN_DIGITS:
        yield str(value)


def texts_of_tasks(value: Any, name: str = "") -> Iterator[str]:
    """The texts to be masked of an encrypted playbook or file of tasks: names of tasks and the like are to be read."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            texts = telling_texts if str(key).rpartition(".")[2] in _OF_VARIABLES else texts_of_tasks
            yield from texts(part, str(key))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_of_tasks(part, name)
    elif names_a_secret(name):
        yield from telling_texts(value, name)


def _pieces(text: str, named: bool, template: bool) -> Iterator[str]:
    """The text itself, or what a template has beside its expressions (`postgres://me:hunter2@{{ host }}`)."""
    if template and any(mark in text for mark in TEMPLATE_MARKS):
        yield from (part for part in _JINJA.split(text) if len(part.strip()) >= MIN_TEXT)
    elif named or len(text) >= MIN_TEXT or (len(text) >= MIN_MIXED and _MIXED.match(text)):
        yield text


def file_texts(data: bytes) -> Iterator[str]:
    """What to mask of a decrypted file that is used as it is; nothing of a large one."""
    if len(data) <= MAX_BYTES and data.count(b"\n") <= MAX_LINES:
        text = data.decode("utf-8", "surrogateescape")
        if text.strip():
            yield text
