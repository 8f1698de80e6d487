"""`loop`, `with_*` and `loop_control`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import ArgumentError, to_bool
from runner.load.fields import check_name, conditions, has_mark, right_kind, unknown_keyword
from runner.load.keywords import KEYWORDS
from runner.load.reading import Reading
from runner.model.playbook import Loop
from runner.model.values import Template
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain

Written = tuple[Scalar, Tree]


def read_loop(reading: Reading, written: list[Written], fields: Mapping[str, Tree]) -> Loop | None:
    """The loop of a task. `written` are its keys `loop` and `with_x`, of which there may be one."""
    if not written:
        return None
    if len(written) > 1:
        names = " and ".join(key.text for key, _ in written)
        reading.error(written[1][0].span, f"two loops on one task: {names}", "put one of them into an included file")
    key, value = written[0]
    kind = "loop" if key.text == "loop" else key.text.removeprefix("with_")
    if kind == "loop" and not _loopable(value):
        shown = repr(value.text) if isinstance(value, Scalar) else "a table"
        hint = "write a list, or a template that gives one" if isinstance(value, Scalar) else "use with_dict"
        reading.error(value.span, f"'loop' must be a list, not {shown}", hint)
    control = fields.get("loop_control")
    given = _control(reading, control) if isinstance(control, Table) else {}
    return Loop(
        kind=kind,
        items=plain(value),
        loop_var=_word(plain(given.get("loop_var"))) or "item",
        index_var=_word(plain(given.get("index_var"))) or None,
        label=plain(given.get("label")),
        pause_s=plain(given.get("pause")) or 0,
        extended=_truth(given.get("extended")),
        extended_allitems="extended_allitems" not in given or _truth(given["extended_allitems"]),
        break_when=conditions(reading, given.get("break_when")),
        span=key.span,
    )


def _loopable(value: Tree) -> bool:
    return isinstance(value, Listing) or (isinstance(value, Scalar) and has_mark(value.value))


def _control(reading: Reading, table: Table) -> dict[str, Tree]:
    given: dict[str, Tree] = {}
    for key, value in table.entries:
        keyword = KEYWORDS.get(key.text)
        if keyword is None or "loop_control" not in keyword.where:
            unknown_keyword(reading, key, "loop_control")
        elif right_kind(reading, key, value, "loop_control"):
            given[key.text] = value
            if key.text in ("loop_var", "index_var") and isinstance(value, Scalar) and not has_mark(value.text):
                check_name(reading, value.value, value.span)
    return given


def _word(value: Any) -> str:
    return value if isinstance(value, str) else str(value or "")


def _truth(tree: Tree | None) -> Any:
    value = plain(tree)
    if isinstance(value, Template):
        return value
    try:
        return value is not None and to_bool(value)
    except ArgumentError:
        return True
