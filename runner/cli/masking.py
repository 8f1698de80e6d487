"""The command line as the log may keep it: values that are named like secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.model.values import MASK

# `db_password=…`, `"api_token": "…"`, `vault_secret: …`: what follows the sign, up to a quote, blank, comma or brace.
# Compiled when there are variables: it is the dearest expression of a start.
_NAMED = (
    r"""(?P<name>[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|(?<![a-z])pass(?![a-z]))[\w-]*["']?\s*[=:]\s*)"""
    r"""(?P<value>"[^"]*"|'[^']*'|[^\s,}"']+)"""
)


# `-e`, also at the end of letters that stand together (`-Ce`), and `--extra-vars` in every length argparse takes.
_FLAG = re.compile(r"-[A-Za-z]*e|--ex(?:t(?:r(?:a(?:-(?:v(?:a(?:rs?)?)?)?)?)?)?)?")
_INLINE = re.compile(rf"-[A-Za-z]*e(?!$)|(?:{_FLAG.pattern})=")


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """`argv` with the values of variables (`-e`) masked whose names say that they are secret."""
    made: list[str] = []
    before = ""
    for word in argv:
        variables = _FLAG.fullmatch(before) or _INLINE.match(word)
        made.append(re.sub(_NAMED, rf"\g<name>{MASK}", word, flags=re.IGNORECASE) if variables else word)
        before = word
    return tuple(made)
