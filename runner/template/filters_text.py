"""Filters on text: regular expressions, quoting, comments, base64, URLs."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from runner.errors import TemplateError
from runner.template.finish import join_text
from runner.template.markers import type_name

_BACK_REFERENCE: Final = re.compile(r"\\(?:g<(?P<name>\S+)>|(?P<number>\d+))")


def as_text(value: Any) -> str:
    """Any value as text; bytes are read as UTF-8."""
    if isinstance(value, str):
        return str.__str__(value)
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def as_bytes(value: Any, encoding: str = "utf-8") -> bytes:
    """Any value as bytes."""
    return value if isinstance(value, bytes) else as_text(value).encode(encoding, "surrogateescape")


def _flags(ignorecase: bool, multiline: bool) -> int:
    return (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)


def to_string(value: Any) -> str:
    """Anything as text."""
    return join_text([value])


def regex_replace(
    value: Any = "",
    pattern: str = "",
    replacement: str = "",
    ignorecase: bool = False,
    multiline: bool = False,
    count: int = 0,
    mandatory_count: int = 0,
) -> str:
    """`re.sub`; `mandatory_count`: how many replacements there must be."""
    text = as_text(value)
    made, times = re.compile(pattern, _flags(ignorecase, multiline)).subn(replacement, text, count=count)
    if mandatory_count and mandatory_count != times:
        raise TemplateError(f"{pattern!r} should match {mandatory_count} times, but matches {times} times in {text!r}")
    return made


def regex_search(value: Any, regex: str, *args: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    r"""The first match's text, or a list of the groups named by `\1` or `\g<name>`; None without a match."""
    groups: list[str | int] = []
    for arg in args:
        wanted = _BACK_REFERENCE.match(arg)
        if wanted is None:
            raise TemplateError(f"regex_search: {arg!r} is not a group such as '\\\\1' or '\\\\g<name>'", kind="type")
        groups.append(wanted["name"] or int(wanted["number"]))
    match = re.search(regex, as_text(value), _flags(ignorecase, multiline))
    if match is None:
        return None
    return [match.group(group) for group in groups] if groups else match.group()


def regex_findall(value: Any, regex: str, multiline: bool = False, ignorecase: bool = False) -> list[Any]:
    """All matches."""
    return re.findall(regex, as_text(value), _flags(ignorecase, multiline))


def regex_escape(value: Any, re_type: str = "python") -> str:
    """Text in which nothing is special in a regular expression."""
    if re_type == "python":
        return re.escape(as_text(value))
    if re_type == "posix_basic":
        return re.sub(r"([].[^$*\\])", r"\\\1", as_text(value))
    raise TemplateError(f"regex_escape: unknown type of expression {re_type!r} (python or posix_basic)", kind="type")


def quote(value: Any) -> str:
    """One word of a shell."""
    return shlex.quote("" if value is None else as_text(value))


def split(value: str, separator: str | None = None, maxsplit: int = -1) -> list[str]:
    """Parts of a text."""
    return str.split(value, separator, maxsplit)


_STYLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "plain": {"decoration": "# "},
        "erlang": {"decoration": "% "},
        "c": {"decoration": "// "},
        "cblock": {"beginning": "/*", "decoration": " * ", "end": " */"},
        "xml": {"beginning": "<!--", "decoration": " - ", "end": "-->"},
    }
)


def comment(text: str, style: str = "plain", **given: Any) -> str:
    """Text as a comment. See https://docs.ansible.com/ansible/latest/collections/ansible/builtin/comment_filter.html"""
    if style not in _STYLES:
        raise TemplateError(f"comment: invalid style {style!r}; there are {', '.join(_STYLES)}", kind="type")
    edge = str(given.get("decoration", _STYLES[style]["decoration"])).rstrip()
    look: dict[str, Any] = {"newline": "\n", "beginning": "", "prefix": edge, "prefix_count": 1, "decoration": ""}
    look |= {"postfix": edge, "postfix_count": 1, "end": "", **_STYLES[style], **given}
    newline, decoration = look["newline"], look["decoration"]
    first = f"{look['beginning']}{newline}" if look["beginning"] else ""
    before = newline if look["prefix"] == newline else f"{look['prefix']}{newline}" if look["prefix"] else ""
    body = decoration + text.replace(newline, newline + decoration)
    body = body.replace(decoration + newline, decoration.rstrip() + newline)
    after = (newline + look["postfix"]) * int(look["postfix_count"])
    last = f"{newline}{look['end']}" if look["end"] else ""
    return f"{first}{before * int(look['prefix_count'])}{body}{after}{last}"


def b64encode(value: Any, encoding: str = "utf-8", urlsafe: bool = False) -> str:
    """Base64 of text."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    return encode(as_bytes(value, encoding)).decode("ascii")


def b64decode(value: Any, encoding: str = "utf-8", urlsafe: bool = False) -> str:
    """Text from base64; bytes that are no text in `encoding` survive as surrogates."""
    decode = base64.urlsafe_b64decode if urlsafe else base64.b64decode
    return decode(as_bytes(value)).decode(encoding, "surrogateescape")


def _needed_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"{name}: text is needed, not {type_name(value)!r}", kind="type")
    return as_text(value)


def split_url(value: Any, query: str = "") -> Any:
    """The parts of a URL, or one of them."""
    parts = urlsplit(_needed_text("urlsplit", value))
    names = ("fragment", "hostname", "netloc", "password", "path", "port", "query", "scheme", "username")
    if query and query not in names:
        raise TemplateError(f"urlsplit: unknown URL component: {query}", kind="type")
    return getattr(parts, query) if query else {name: getattr(parts, name) for name in names}


def url_decode(value: Any) -> str:
    """Text with `%20` and `+` undone."""
    return unquote_plus(_needed_text("urldecode", value))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "string": to_string,
        "regex_replace": regex_replace,
        "regex_search": regex_search,
        "regex_findall": regex_findall,
        "regex_escape": regex_escape,
        "quote": quote,
        "split": split,
        "comment": comment,
        "b64encode": b64encode,
        "b64decode": b64decode,
        "urlsplit": split_url,
        "urldecode": url_decode,
    }
)
