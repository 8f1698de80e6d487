"""`--html`: one page that needs nothing but itself: data, style and script are in it, and its own rules
(Content-Security-Policy) let it load or send nothing.

The script builds what is looked at, when it is looked at, with `textContent` alone. Without a script the page still
says how the run ended.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from typing import Final

from runner.history import Run
from runner.reports import words
from runner.reports.budget import encoded
from runner.reports.html_data import data

_TOKEN: Final = re.compile(r"@@([A-Z]+)@@")
SCRIPTS: Final = ("page.js", "lists.js", "timeline.js")


def page(run: Run) -> str:
    """The page. The skeleton's tokens are replaced in one pass, so that what is put in is never looked at again."""
    style, script = _static("page.css"), "".join(map(_static, SCRIPTS))
    title = words.title(run)
    parts = {
        "TITLE": escape(f"{title}: {words.outcome(run)}"),
        "CSP": escape(_policy(style, script)),
        "STYLE": style,
        "SCRIPT": script,
        "PLAYBOOK": escape(title),
        "STATE": "good" if run.outcome == "ok" else "bad",
        "OUTCOME": escape(words.outcome(run)),
        "FACTS": "\n".join(_fact(name, value) for name, value in words.facts(run)),
        "TILES": "\n".join(_tile(name, count) for name, count in _tiles(run)),
        "DATA": encoded(data(run)),
    }
    # `visible` leaves no lone surrogates, which UTF-8 does not have; a page must not fail on one it did not see.
    made = _TOKEN.sub(lambda found: parts[found[1]], _static("page.html"))
    return made.encode("utf-8", "replace").decode()


def _static(name: str) -> str:
    return (files("runner.reports") / "page" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded; this style and this script run (https://www.w3.org/TR/CSP3/#source-list-syntax)."""
    return (
        f"default-src 'none'; style-src 'sha256-{_sha256(style)}'; script-src 'sha256-{_sha256(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _tiles(run: Run) -> list[tuple[str, int]]:
    found = words.counts(run)
    shown = [(name, found[name]) for name in words.STATES if found.get(name) or name in ("ok", "changed", "failed")]
    return [("hosts", len(run.hosts)), *shown]


def _tile(name: str, count: int) -> str:
    return f'<li class="{name}"><b>{count:,}</b> {words.TITLES.get(name, name)}</li>'
