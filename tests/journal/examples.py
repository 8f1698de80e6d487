"""Events of every type: one of each by hand, and strategies that make odd ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from runner.model.call import Diff, Status
from runner.model.event import (
    Event,
    FilesRead,
    HandlerNotified,
    HostLost,
    IntentWithdrawn,
    Kept,
    Notice,
    PlanMade,
    PlayStart,
    Recap,
    ResumeStart,
    RunEnd,
    RunStart,
    TaskIntent,
    TaskOutput,
    TaskResult,
    TaskStart,
)
from runner.model.values import OMIT, Secret, Template, Unknown

SHA = "a" * 64

EVENTS: tuple[Event, ...] = (
    RunStart(
        "0.1.0", ("pbrun", "site.yaml"), {"site.yaml": SHA}, {"commit": "c" * 40, "dirty": True}, {"BUILD_TAG": "x"}
    ),
    ResumeStart("0.1.0", ("pbrun", "--resume"), 7, ("a: install",), "skip", ("vars.yml",), "me", "here", 4711),
    FilesRead({"/x/t.j2": SHA}),
    Kept("attempt", "t1", "a", 2, exact={"attempts": 1}),
    Kept("start", sealed="AAAA"),
    PlanMade(({"name": "web", "hosts": ["a", "b"], "tasks": [{"id": "t1", "name": "x", "module": "copy"}]},)),
    PlayStart("web", "p1", ("a", "b"), 0, 2),
    TaskStart("web", "install", "t1", "copy", "site.yaml:3:5"),
    TaskIntent("web", "install", "t1", "a", {"n": 1}, 1, "copy", "idempotent", SHA, trip=3),
    IntentWithdrawn("t1", "a", None, 3),
    TaskResult(
        "web",
        "install",
        "t1",
        "a",
        "copy",
        Status.CHANGED,
        "x",
        0,
        "out",
        "err",
        1_700_000_000.25,
        1_700_000_001.5,
        1.25,
        True,
        (Diff("a\n", "b\n", "/etc/x", "/etc/x"),),
        "done",
        {"dest": "/etc/x"},
        prediction="change",
    ),
    TaskOutput("site", "x", "t1", "a", None, "stderr", ("one", "two"), 3),
    HostLost("a", "connect", "connection refused"),
    HandlerNotified("a", "restart", "h1", "t1"),
    Notice("warning", "odd", "a"),
    RunEnd("failed", 2, {"a": Recap(ok=3, failed=1), "b": Recap(unknown=2)}, 3.5),
)

# Text as it comes from hosts: bytes that are no UTF-8 are lone surrogates.
text = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Ll"]), max_size=8),
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.one_of(st.integers(), st.floats(), st.integers(2000, 5000).map(lambda power: 10**power))
odd = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    text,
    st.binary(max_size=9),
    text.map(Secret),
    text.map(Template),
    text.map(Unknown),
    st.just(OMIT),
    st.dates(),
    st.just(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
    st.just(date(2026, 1, 2)),
    st.builds(object),
    st.frozensets(st.integers(), max_size=3),
)
keys = st.one_of(text, st.integers(), st.none(), st.booleans())
values: st.SearchStrategy[Any] = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4) | st.tuples(inner),
    max_leaves=8,
)
mappings = st.dictionaries(text, values, max_size=4)
texts = st.lists(text, max_size=3).map(tuple)
hosts = st.lists(names, max_size=3).map(tuple)
seconds = st.one_of(st.just(0.0), st.floats(1e6, 4e9))
counts = st.integers(0, 10**6)
diffs = st.lists(st.builds(Diff, text, text, text, text), max_size=2).map(tuple)
recaps = st.builds(Recap, *[counts] * 8)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(RunStart, text, texts, st.dictionaries(text, st.just(SHA), max_size=2), limit=text, tags=texts),
    st.builds(PlanMade, st.lists(mappings, max_size=2).map(tuple)),
    st.builds(PlayStart, text, names, hosts, counts, st.integers(1, 9)),
    st.builds(TaskStart, text, text, names, text, text, st.booleans()),
    st.builds(
        TaskIntent, text, text, names, names, values, st.integers(1, 9), text, st.sampled_from(["read", "unsafe"]), text
    ),
    st.builds(IntentWithdrawn, names, names, values, counts),
    st.builds(
        TaskResult,
        text,
        text,
        names,
        names,
        text,
        st.sampled_from(Status),
        values,
        st.none() | st.integers(-1, 255),
        text,
        text,
        seconds,
        seconds,
        st.floats(0, 1e6),
        st.booleans(),
        diffs,
        text,
        mappings,
        final=st.booleans(),
        prediction=st.sampled_from(["same", "change", "unknown", None]),
        delegate=st.none() | names,
    ),
    st.builds(HostLost, names, st.sampled_from(["connect", "run"]), text),
    st.builds(HandlerNotified, names, text, names, names),
    st.builds(Notice, st.sampled_from(["warning", "notice"]), text, names),
    st.builds(RunEnd, text, st.integers(0, 99), st.dictionaries(names, recaps, max_size=3), st.floats(0, 1e6)),
)
