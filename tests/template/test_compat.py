"""What ansible-core made of each expression and condition of the corpus, this room makes of it too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import Span
from runner.model.values import OMIT
from runner.template.templar import drop_omitted
from tests.template.variables import Known, templar, written

HERE: Final = Path(__file__).parent
CORPUS: Final = json.loads((HERE / "corpus.json").read_text())
RECORDED: Final = json.loads((HERE / "recorded.json").read_text())
TEMPLAR: Final = templar()

_RANGE: Final = "a range is a list of numbers; refusing it helps nobody"
_LATE: Final = "an element that fails does so when it is used"
_SANDBOX: Final = "a template cannot change variables, only what it made itself"
_HASHED: Final = "what cannot be hashed can be compared all the same"
_EXTENSIONS: Final = "Jinja's `do` and loop controls are always on here"
_LENIENT: Final = "no result is no change, rather than an exception of Python"

# Where we differ on purpose: expression → (our value, why). An error is the string "error".
DIFFERENT: Final[dict[str, tuple[Any, str]]] = {
    "{{ range(3) }}": ([0, 1, 2], _RANGE),
    "{{ range(2) }}": ([0, 1], _RANGE),
    "{{ range(2) | to_yaml }}": ("[0, 1]\n", _RANGE),
    "{{ broken | dict2items | length }}": (2, _LATE),
    "{{ [1, nowhere] | list | first }}": (1, _LATE),
    "{{ {'results': []} is changed }}": (False, _LENIENT),
    "{{ {'timedout': true} is timedout }}": (False, _LENIENT),
    "{{ [[1]] is subset([[1],[2]]) }}": (True, _HASHED),
    "{{ [{'a': 1}] is issubset([{'a': 1}]) }}": (True, _HASHED),
    "{{ [{'a': 1}, {'b': 2}] is issuperset([{'a': 1}]) }}": (True, _HASHED),
    "{% for i in [1,2,3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}": ("13", _EXTENSIONS),
    "{% for i in [1,2,3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}": (1, _EXTENSIONS),
    "{% do [1].append(2) %}x": ("x", _EXTENSIONS),
    "{% set l = [] %}{% do l.append(1) %}{{ l }}": ([1], _EXTENSIONS),
    "{{ nums.append(2) }}": ("error", _SANDBOX),
    "{{ nums.sort() }}": ("error", _SANDBOX),
    "{{ conf.update({'z': 1}) }}": ("error", _SANDBOX),
    "{{ conf.pop('a') }}": ("error", _SANDBOX),
}
DIFFERENT_FILES: Final[dict[str, str]] = {"{% do [] %}x\n": "x\n"}  # _EXTENSIONS
DIFFERENT_CONDITIONS: Final[dict[str, tuple[Any, str]]] = {}


def names() -> Known:
    return Known({**written(CORPUS["variables"]), **CORPUS["remote"]})


def outcome(function: Any) -> Any:
    try:
        found = drop_omitted(function())
        # Ansible gives no value for what is omitted as a whole.
        return "error" if found is OMIT else json.loads(json.dumps(found, default=str))
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
