"""Lookup `unvault`: the decrypted content of files on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.lookups._options import decoded, read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each file's text as it is, whether it is encrypted or not. Raises StepError otherwise."""
    read_options({}, options)
    return [decoded(context.read(context.find("files", term)), term) for term in texts(terms)]
