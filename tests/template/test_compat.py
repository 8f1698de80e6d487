"""What ansible-core made of each expression and condition of the corpus, this room makes of it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import Span
from tests.template.variables import Known, templar, written

HERE: Final = Path(__file__).parent
CORPUS: Final = json.loads((HERE / "corpus.json").read_text())
RECORDED: Final = json.loads((HERE / "recorded.json").read_text())
TEMPLAR: Final = templar()

# Where we differ on purpose: expression → (our value, why). An error is the string "error".
DIFFERENT: Final[dict[str, tuple[Any, str]]] = {
    "{{ range(3) }}": ([0, 1, 2], "a range is a list of numbers; refusing it helps nobody"),
    "{{ broken | dict2items | length }}": (2, "an element that fails does so when it is used"),
}
# Jinja's `do` and loop controls are always on here.
DIFFERENT_FILES: Final[dict[str, str]] = {"{% do [] %}x\n": "x\n"}
DIFFERENT_CONDITIONS: Final[dict[str, tuple[Any, str]]] = {}


def names() -> Known:
    return Known({**written(CORPUS["variables"]), **CORPUS["remote"]})


def outcome(function: Any) -> Any:
    try:
        return json.loads(json.dumps(function(), default=str))
    except TemplateError:
        return "error"


@pytest.mark.parametrize("text", CORPUS["expressions"])
def test_expression(text: str) -> None:
    recorded = RECORDED["expressions"][text]
    expected = recorded.get("value", "error")
    if text in DIFFERENT:
        assert expected != DIFFERENT[text][0], "no difference any more"
        expected = DIFFERENT[text][0]
    found = outcome(lambda: TEMPLAR.render(written(text), names()))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("text", "recorded"), RECORDED["conditions"])
def test_condition(text: Any, recorded: dict[str, Any]) -> None:
    expected = recorded.get("value", "error")
    if text in DIFFERENT_CONDITIONS:
        assert expected != DIFFERENT_CONDITIONS[text][0], "no difference any more"
        expected = DIFFERENT_CONDITIONS[text][0]
    assert outcome(lambda: TEMPLAR.evaluate(Condition(text), names())) == expected


@pytest.mark.parametrize(("text", "options", "recorded"), RECORDED["files"])
def test_file(text: str, options: dict[str, Any], recorded: dict[str, Any]) -> None:
    expected = DIFFERENT_FILES.get(text, recorded.get("value", "error"))
    assert outcome(lambda: TEMPLAR.render_text(text, names(), Span("t.j2"), options)) == expected


def test_recording_is_of_this_corpus() -> None:
    assert list(RECORDED["expressions"]) == CORPUS["expressions"]
    assert [[text, options] for text, options, _ in RECORDED["files"]] == CORPUS["files"]
    assert [text for text, _ in RECORDED["conditions"]] == CORPUS["conditions"]
