"""Every event becomes one valid line, whatever is in it, and the line becomes the event again."""

from __future__ import annotations

import json
import marshal
from importlib import resources
from typing import Any, get_args

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.journal import line, record
from runner.journal.encode import FIELDS, TYPES, UnknownType, dump, from_iso, plain, to_iso
from runner.journal.plain import MAX_DEPTH, Plainer
from runner.model.call import Diff, Status
from runner.model.event import Event, Recap, Record, TaskResult
from runner.model.values import Secret, Unknown
from tests.journal.examples import EVENTS, events, values

SCHEMA = json.loads(resources.files("runner.journal").joinpath("log.schema.json").read_text())
CHECK = jsonschema_rs.Draft202012Validator(SCHEMA)


def _refuse(word: str) -> float:
    raise AssertionError(f"{word} is not JSON")


def parsed(line: bytes) -> dict[str, Any]:
    """The line's object, read by the letter of RFC 8259."""
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert line.isascii()
    found = json.loads(line, parse_constant=_refuse)
    json.dumps(found, ensure_ascii=False).encode("utf-8")  # fails for a lone surrogate
    assert isinstance(found, dict)
    return found


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_a_plain_event_comes_back_equal_and_fits_the_schema(event: Event) -> None:
    made = Record(4, "0a1b", 1_700_000_000.123456, event)
    assert record(line(made)) == made
    assert list(parsed(line(made)))[:5] == ["v", "seq", "run", "type", "ts"]
    CHECK.validate(parsed(line(made)))


@settings(max_examples=120, deadline=None)
@given(events, st.integers(0, 10**9), st.floats(1e6, 4e9))
def test_any_event_is_valid_json_and_comes_back_plain(event: Event, seq: int, ts: float) -> None:
    made = Record(seq, "0a1b", round(ts, 6), plain(event))
    assert record(dump(made)) == made
    assert line(Record(seq, "0a1b", round(ts, 6), event)) == dump(made)
    assert plain(made.event) == made.event
    CHECK.validate(parsed(dump(made)))


@settings(max_examples=120, deadline=None)
@given(values)
def test_plain_values_stay_as_they_are(value: Any) -> None:
    made = Plainer().value(value)
    assert Plainer().value(made) == made
    json.dumps(made, allow_nan=False)
    if Plainer().leaves(value):
        assert marshal.dumps(made, 0) == marshal.dumps(value, 0)  # types included


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=60))
def test_output_keeps_its_exact_bytes(data: bytes) -> None:
    event = TaskResult("p", "t", "i", "h", "m", Status.OK, stdout=data.decode("utf-8", "surrogateescape"))
    back = record(line(Record(0, "r", 1.0, event))).event
    assert isinstance(back, TaskResult)
    assert back.stdout.encode("utf-8", "surrogateescape") == data
    try:
        data.decode()
    except UnicodeDecodeError:
        assert "stdout_b64" in parsed(line(Record(0, "r", 1.0, event)))
    else:
        assert "stdout_b64" not in parsed(line(Record(0, "r", 1.0, event)))


def test_bytes_that_are_no_utf8_are_shown_and_kept() -> None:
    found = parsed(line(Record(0, "r", 1.0, TaskResult("p", "t", "i", "h", "m", Status.OK, stdout="a\udcff\0"))))
    assert (found["stdout"], found["stdout_b64"]) == ("a\\xff\0", "Yf8A")
    assert "stderr_b64" not in found


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=200) | st.sampled_from(EVENTS).map(lambda event: line(Record(0, "r", 1.0, event))), st.data())
def test_no_line_brings_the_reader_down(data: bytes, draw: st.DataObject) -> None:
    if data:
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + 1 :]
    try:
        record(data)
    except ValueError as error:
        assert str(error)


def test_what_plain_makes_of_odd_values() -> None:
    cycle: list[Any] = [1]
    cycle.append(cycle)
    make = Plainer().value
    assert make({2: float("nan"), None: float("inf")}) == {"2": "NaN", "null": "Infinity"}
    assert make({True: b"\xff", "s": {3, 1}}) == {"true": "\\xff", "s": [1, 3]}
    assert make(cycle) == [1, "…"]
    assert make(Secret("abc")) == "********"
    assert make({"a": Unknown("why")}) == {"a": {"unknown": "why"}}
    assert isinstance(make(10**2000), str)
    deep: Any = 0
    for _ in range(MAX_DEPTH * 3):
        deep = [deep]
    json.dumps(make(deep))
    bomb: Any = ["x"]
    for _ in range(40):
        bomb = [bomb, bomb]
    assert len(json.dumps(Plainer().value(bomb))) < 20_000_000


def test_times() -> None:
    assert to_iso(1_700_000_000.123456) == "2023-11-14T22:13:20.123456Z"
    assert to_iso(0.0) is None and to_iso(float("nan")) is None and to_iso(1e300) is None
    assert from_iso("2023-11-14T22:13:20.123456Z") == 1_700_000_000.123456


def test_a_newer_field_is_passed_over_and_a_newer_type_is_named() -> None:
    found = parsed(line(Record(0, "r", 1.0, EVENTS[-2])))
    assert record(json.dumps({**found, "newer": "abc"}).encode()).event == EVENTS[-2]
    with pytest.raises(UnknownType, match="checkpoint"):
        record(json.dumps({**found, "type": "checkpoint"}).encode())
    with pytest.raises(ValueError, match="version 2"):
        record(json.dumps({**found, "v": 2}).encode())
    del found["host"], found["message"]
    with pytest.raises(ValueError, match=r"message|host"):
        record(json.dumps(found).encode())


def test_the_schema_has_the_fields_that_the_events_have() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    common = {"v", "seq", "run", "type", "ts", "prev", "stdout_b64", "stderr_b64"}
    for name, kind in TYPES.items():
        assert set(SCHEMA["$defs"][name]["properties"]) - common == set(FIELDS[kind]), name
    assert set(SCHEMA["$defs"]["recap"]["properties"]) == set(FIELDS[Recap])
    assert set(SCHEMA["$defs"]["diff"]["properties"]) == set(FIELDS[Diff])


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"seq": -1}, {"type": "x"}, {"ts": "now"}, {"status": "fine"}, {"start": 1.5}, {"more": 1}]
)
def test_the_schema_refuses(change: dict[str, Any]) -> None:
    found = parsed(line(Record(0, "r", 1.0, next(event for event in EVENTS if isinstance(event, TaskResult)))))
    CHECK.validate(found)
    assert not CHECK.is_valid({**found, **change})


@pytest.mark.parametrize("value", ["é€𝄞", "\udcff", "\x7f\u2028", 2**70, -(2**64), 1e300, 5e-324, {"é": ["ü"]}])
def test_what_orjson_would_write_otherwise_is_ascii_all_the_same(value: Any) -> None:
    made = Record(0, "r", 1.0, plain(TaskResult("p", "t", "i", "h", "m", Status.OK, values={"value": value})))
    assert record(dump(made)) == made
    assert parsed(dump(made))["values"] == made.event.values  # type: ignore[union-attr]
