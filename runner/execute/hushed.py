"""Texts that become secrets while a run is under way: what modules get as secrets, and what hushed tasks came to."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from runner.arguments import Spec
from runner.execute.job import Job

# Options that hold addresses, in which a password may stand (`https://me:PASSWORD@host/`, RFC 3986 section 3.2.1).
_ADDRESSES: Final = ("url", "repo", "repository", "baseurl", "src", "name")
_IN_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s:@]*:([^/?#\s@]+)@", re.IGNORECASE)
_TELLING_HEADER: Final = re.compile("auth|cookie|token|key|secret|password", re.IGNORECASE)
MIN_IN_ADDRESS: Final = 6


def secret_arguments(spec: Spec, args: Mapping[str, Any]) -> Iterator[str]:
    """The texts among a module's arguments that nothing may show."""
    for name, option in spec.options.items():
        value = args.get(name)
        if option.secret and isinstance(value, str) and value:
            yield str(value)
    yield from secret_addresses(args)


def secret_addresses(args: Mapping[str, Any]) -> Iterator[str]:
    """The passwords in addresses among a module's arguments, and what its headers say of who asks."""
    for name in _ADDRESSES:
        value = args.get(name)
        if isinstance(value, str) and "://" in value:
            yield from _in_address(value)
    if isinstance(headers := args.get("headers"), Mapping):
        yield from _in_headers(headers)


def hushed_texts(job: Job) -> Iterator[str]:
    """What a task with `no_log` came to, as texts that later tasks must not show either: what it printed or read, and
    the variables it set. The same texts count as in an encrypted file of variables."""
    from runner.vault.contents import file_texts, telling_texts  # only runs with hushed tasks need it

    for step in job.steps:
        if not job.flags_at(step).no_log:
            continue
        result = step.result or {}
        for printed in (result.get("stdout"), result.get("stderr"), _read(result)):
            for text in telling_texts(printed if isinstance(printed, str) else None):
                yield from file_texts(text.encode("utf-8", "surrogateescape"))
        yield from telling_texts(result.get("json"))
        if step.outcome is not None:
            for made in (step.outcome.set_vars, step.outcome.included_vars, step.outcome.own_facts):
                yield from telling_texts(made)


def _read(result: Mapping[str, Any]) -> Any:
    """The file or the page that a task read (`slurp`, `uri` with `return_content`)."""
    content = result.get("content")
    if isinstance(content, str) and result.get("encoding") == "base64":
        try:
            return base64.b64decode(content).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            return content
    return content


def _in_address(address: str) -> Iterator[str]:
    for found in _IN_ADDRESS.findall(address):
        if len(found) >= MIN_IN_ADDRESS:
            yield from (found, unquote(found))


def _in_headers(headers: Mapping[str, Any]) -> Iterator[str]:
    """Values of headers that say who asks; of `Bearer TOKEN` also the token alone."""
    for name, value in headers.items():
        if isinstance(value, str) and _TELLING_HEADER.search(str(name)):
            yield str(value)
            yield from (word for word in value.split()[1:] if len(word) >= MIN_IN_ADDRESS)
