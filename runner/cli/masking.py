"""The command line as the log may keep it: values that are named like secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "********"

# `db_password=…`, `"api_token": "…"`, `vault_secret: …`: what follows the sign, up to a quote, blank, comma or brace.
_NAMED = re.compile(
    r"""(?P<name>[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|(?<![a-z])pass(?![a-z]))[\w-]*["']?\s*[=:]\s*)"""
    r"""(?P<value>"[^"]*"|'[^']*'|[^\s,}"']+)""",
    re.IGNORECASE,
)


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """`argv` with the values of variables (`-e`) masked whose names say that they are secret."""
    made: list[str] = []
    before = ""
    for word in argv:
        inline = word.startswith(("-e", "--extra-vars="))
        made.append(_NAMED.sub(rf"\g<name>{MASK}", word) if inline or before in ("-e", "--extra-vars") else word)
        before = word
    return tuple(made)
