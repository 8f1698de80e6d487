"""Lookup `env`: environment variables of the controller."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option
from runner.lookups._options import read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS = {"default": Option("raw", default="")}


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], _context: LookupContext) -> list[Any]:
    """Each variable's value; `default` (empty text unless given) for one that is not set."""
    default = read_options(OPTIONS, options)["default"]
    return [os.environ.get(name.split()[0] if name.split() else "", default) for name in texts(terms)]
