"""What is kept comes back as it was, types included, and nothing that is secret stands in the open."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import EnvironmentFault
from runner.journal.encode import line, record
from runner.journal.exact import alike, pack, unpack
from runner.journal.keep import Keeper
from runner.journal.kept import whole
from runner.journal.plain import same
from runner.journal.redact import Redactor
from runner.journal.sealing import Sealing
from runner.model.call import AddHost, Become, Status
from runner.model.event import Kept, Record, TaskResult
from runner.model.span import Span
from runner.model.values import OMIT, Decrypted, Secret, Template, Unknown, Vaulted

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.text(st.characters(categories=["Cs", "Ll"])),
    st.binary(),
    st.text().map(lambda text: Template(text, Span("a.yml", 1, 2))),
    st.text().map(Vaulted),
    st.text().map(Secret),
    st.text().map(lambda text: Decrypted(text, "c")),
    st.sampled_from([OMIT, Status.FAILED, date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), 10**3000]),
    st.text().map(lambda name: AddHost(name, ("g",), {"$": name})),
)
keys = st.one_of(st.text(), st.integers(), st.booleans(), st.just("$"))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(keys, inner), st.lists(inner).map(tuple), st.frozensets(st.integers())
    ),
    max_leaves=12,
)


@given(values)
def test_every_value_comes_back_with_its_type(value: Any) -> None:
    kept = record(line(Record(0, "r", 0.0, Kept("start", exact={"v": pack(value)})))).event
    assert isinstance(kept, Kept)
    found = unpack(kept.exact["v"])
    assert found == value and shape(found) == shape(value)


def shape(value: Any) -> Any:
    """The types in a value."""
    if isinstance(value, dict):
        return dict, [(type(key), shape(part)) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [shape(part) for part in value]
    return type(value), getattr(value, "span", None), getattr(value, "ciphertext", None)


def test_what_cannot_be_known_comes_back() -> None:
    found = unpack(pack({"a": Unknown("why")}))["a"]
    assert isinstance(found, Unknown) and found.reason == "why"


@given(values)
def test_data_is_alike_only_if_it_is_the_very_value(value: Any) -> None:
    packed = pack(value)
    assert not alike(packed, value) or shape(unpack(packed)) == shape(value)


RESULT: dict[str, Any] = {
    "changed": True,
    "failed": False,
    "rc": 0,
    "stdout": "out",
    "stderr": "",
    "msg": "",
    "stdout_lines": ["out"],
}


def written(result: dict[str, Any], sealing: Sealing, redact: Any = same, **more: Any) -> list[Any]:
    """The events of a step with this result, as they are written."""
    told = {key: value for key, value in result.items() if key not in ("changed", "failed", "rc", "stdout", "stderr")}
    event = TaskResult(
        "p", "t", "id", "h", "command", Status.CHANGED, rc=0, stdout=result["stdout"], changed=True, values=told
    )
    kept = Kept("task", "id", "h", exact={"status": Status.CHANGED, "result": result, **more})
    return list(Keeper(sealing.seal).written([kept, event], redact))


def test_what_a_result_says_is_not_said_twice(tmp_path: Path) -> None:
    assert [type(event) for event in written(RESULT, Sealing(tmp_path / "k"))] == [TaskResult]
    kept, event = written({**RESULT, "tuple": (1, 2)}, Sealing(tmp_path / "k"))
    assert kept.exact == {"result_but": {"tuple": {"$": "tuple", "v": [1, 2]}}}
    assert whole(kept.exact, event)["result"]["tuple"] == (1, 2)
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("how", ["masked", "typed"])
def test_a_secret_is_kept_encrypted_and_comes_back(tmp_path: Path, how: str) -> None:
    sealing = Sealing(tmp_path / "k")
    if how == "masked":
        kept, event = written({**RESULT, "stdout": "hush-hush"}, sealing, Redactor(["hush-hush"]).text)
    else:
        kept, event = written(RESULT, sealing, started=("j", Become(password=Secret("hush-hush"))))
    assert "hush" not in str(kept) and "hush-hush" not in str(event)
    assert "hush-hush" in str(Sealing(tmp_path / "k").opened(kept))
    with pytest.raises(EnvironmentFault, match="gone"):
        Sealing(tmp_path / "other").opened(kept)
    with pytest.raises(EnvironmentFault, match="not written with the key"):
        Sealing(tmp_path / "k").opened(Kept("task", "id", "other host", sealed=kept.sealed))
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(EnvironmentFault, match="nobody else"):
        Sealing(tmp_path / "k").opened(kept)
