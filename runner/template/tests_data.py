"""Tests on values: match, version, subset, truthy, defined …"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2.runtime import Undefined

from runner.arguments import ArgumentError, to_bool
from runner.errors import TemplateError
from runner.model.values import Decrypted
from runner.template.filters_text import as_text
from runner.template.markers import Missing, Undecryptable
from runner.template.versions import version_compare

_VAULT: Final = b"$ANSIBLE_VAULT"


def defined(value: Any) -> bool:
    """Whether there is a value; one that is not known yet is one. An inline `if` without `else` that is false has
    none, though it renders as empty text: that is Jinja's own `Undefined`."""
    return not isinstance(value, Undefined)


def undefined(value: Any) -> bool:
    """Whether there is none."""
    return isinstance(value, Undefined)


def regex(
    value: Any = "", pattern: str = "", ignorecase: bool = False, multiline: bool = False, match_type: str = "search"
) -> bool:
    """Whether an expression fits: `match_type` is search, match or fullmatch."""
    flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
    compiled = re.compile(pattern, flags)
    kinds = {"search": compiled.search, "match": compiled.match, "fullmatch": compiled.fullmatch}
    if match_type not in kinds:
        raise TemplateError(f"regex: match_type must be one of {', '.join(kinds)}", kind="type")
    return kinds[match_type](as_text(value)) is not None


def match(value: Any, pattern: str = "", ignorecase: bool = False, multiline: bool = False) -> bool:
    """Whether text begins with what an expression describes."""
    return regex(value, pattern, ignorecase, multiline, "match")


def search(value: Any, pattern: str = "", ignorecase: bool = False, multiline: bool = False) -> bool:
    """Whether text holds what an expression describes."""
    return regex(value, pattern, ignorecase, multiline, "search")


def truthy(value: Any, convert_bool: bool = False) -> bool:
    """Python's truth; with `convert_bool`, words such as "no" are read."""
    if convert_bool and value is not None:
        try:
            return to_bool(value)
        except ArgumentError:
            pass
    return bool(value)


def falsy(value: Any, convert_bool: bool = False) -> bool:
    """The opposite."""
    return not truthy(value, convert_bool)


def _within(first: Iterable[Any], second: Iterable[Any]) -> bool:
    try:
        return set(first) <= set(second)
    except TypeError:
        others = list(second)
        return all(part in others for part in first)


def subset(first: Iterable[Any], second: Iterable[Any]) -> bool:
    """Whether all of the first are in the second."""
    return _within(first, second)


def superset(first: Iterable[Any], second: Iterable[Any]) -> bool:
    """Whether all of the second are in the first."""
    return _within(second, first)


def contains(container: Any, value: Any) -> bool:
    """`in` the other way round."""
    return value in container


def any_of(values: Iterable[Any]) -> bool:
    """Whether one is true."""
    return any(values)


def all_of(values: Iterable[Any]) -> bool:
    """Whether all are."""
    return all(values)


def not_a_number(value: Any) -> bool:
    """Whether it is the float NaN."""
    return isinstance(value, float) and math.isnan(value)


def vault_encrypted(value: Any) -> bool:
    """Whether this value was encrypted by itself, readable or not; what stood in an encrypted file was not."""
    if isinstance(value, Missing) and not isinstance(value, Undecryptable):
        value.trip()
    return isinstance(value, Undecryptable) or (isinstance(value, Decrypted) and bool(value.ciphertext))


def vaulted_file(value: Any) -> bool:
    """Whether a file here is encrypted."""
    try:
        with Path(as_text(value)).open("rb") as opened:
            return opened.read(len(_VAULT)) == _VAULT
    except OSError as error:
        raise TemplateError(f"vaulted_file: cannot read {value!r}: {error.strerror or error}", kind="type") from None


def uri(value: Any, schemes: Iterable[str] | None = None) -> bool:
    """Whether it is text with one of `schemes`; without these any text is a URI to Ansible, relative ones included."""
    if not isinstance(value, str) and value is not None:
        return False
    try:
        scheme = urlsplit(as_text(value)).scheme if value else ""
    except ValueError:
        return False
    return not schemes or scheme in schemes


def url(value: Any, schemes: Iterable[str] | None = None) -> bool:
    """Whether it is a URI with a host, or a file's."""
    if not uri(value, schemes):
        return False
    parts = urlsplit(as_text(value))
    return bool(parts.netloc or parts.scheme == "file")


def urn(value: Any) -> bool:
    """Whether it is a URN."""
    return uri(value, ["urn"])


TESTS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "defined": defined,
        "undefined": undefined,
        "regex": regex,
        "match": match,
        "search": search,
        "truthy": truthy,
        "falsy": falsy,
        "subset": subset,
        "issubset": subset,
        "superset": superset,
        "issuperset": superset,
        "contains": contains,
        "any": any_of,
        "all": all_of,
        "nan": not_a_number,
        "isnan": not_a_number,
        "vault_encrypted": vault_encrypted,
        "vaulted_file": vaulted_file,
        "version": version_compare,
        "version_compare": version_compare,
        "uri": uri,
        "url": url,
        "urn": urn,
    }
)
