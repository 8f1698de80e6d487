"""A secret is found in every form that programs give it, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.journal import Journal, Redactor
from runner.model.call import Diff, Status
from runner.model.event import TaskOutput, TaskResult
from runner.model.values import Secret

CANARY = 'S3CRET-"it\'s" / 100% <é>\\&+x'
FORMS: dict[str, Callable[[str], str]] = {
    "bare": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 url-safe": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "basic auth": lambda text: base64.b64encode(f"admin:{text}".encode()).decode(),
    "basic auth, one off": lambda text: base64.b64encode(f"admin1:{text}\n".encode()).decode(),
    "basic auth, two off": lambda text: base64.b64encode(f"admin12:{text}, more".encode()).decode(),
    "url": lambda text: quote(text, safe=""),
    "url path": quote,
    "url form": quote_plus,
    "json": json.dumps,
    "json utf-8": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps({"p": text})),
    "shell": shlex.quote,
    "hex": lambda text: text.encode().hex(),
    "hex upper": lambda text: text.encode().hex().upper(),
    "repr": lambda text: repr([text]),
    "bytes repr": lambda text: repr(text.encode()),
    "html": html.escape,
    "yaml": lambda text: "'" + text.replace("'", "''") + "'",
}
BASE64_CORE = base64.b64encode(CANARY.encode()).decode()[4:-8]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("canary", [CANARY, "hunter2hunter2", "päßwörd!", "long'er"])
def test_every_form_is_masked(form: str, canary: str) -> None:
    shown = FORMS[form](canary)
    masked = Redactor([canary]).text(f"before {shown} after")
    assert "********" in masked
    assert masked.startswith("before ") and masked.endswith(" after")
    if not form.startswith("basic"):
        assert shown.strip("'\"[]b") not in masked
    else:
        kept = base64.b64decode(shown)
        assert len(masked) < len(f"before {shown} after") + 8 and kept


@pytest.mark.parametrize("form", FORMS)
def test_no_event_written_holds_a_form(form: str, tmp_path: Path) -> None:
    shown, twin = FORMS[form](CANARY), FORMS[form]("public-and-long-enough")
    both = f"{shown} {twin}"
    event = TaskResult(
        both,
        both,
        "id",
        "host",
        "debug",
        Status.FAILED,
        {"label": [both]},
        1,
        both,
        both,
        diff=(Diff(both, both, both),),
        msg=both,
        values={"deep": [{both: (both,)}], "n": 3, "raw": both.encode()},
    )
    with Journal(tmp_path / "log", "run", Redactor([CANARY]), new=True) as journal:
        made = journal.write([event], durable=False)
    written = (tmp_path / "log").read_text()
    for leak in (shown, json.dumps(shown)[1:-1], BASE64_CORE, CANARY):
        assert leak not in written
        assert leak not in repr(made)
    if not form.startswith("basic"):
        assert json.dumps(twin)[1:-1] in written


def test_a_secret_beside_bytes_that_are_no_utf8_is_not_in_the_base64(tmp_path: Path) -> None:
    event = TaskResult("p", "t", "i", "h", "m", Status.OK, stdout="\udcff hunter2hunter2 \udcfe")
    with Journal(tmp_path / "log", "run", Redactor(["hunter2hunter2"]), new=True) as journal:
        journal.write([event], durable=False)
    exact = json.loads((tmp_path / "log").read_text())["stdout_b64"]
    assert base64.b64decode(exact) == b"\xff ******** \xfe"


def test_overlapping_secrets_leave_nothing_of_either() -> None:
    assert Redactor(["abcdef", "defghi"]).text("1abcdefghi2") == "1********2"
    assert Redactor(["abab"]).text("xabababx") == "x********x"
    assert Redactor(["longer-secret", "secret"]).text("a longer-secret, a secret") == "a ********, a ********"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(min_size=3, max_size=6), min_size=1, max_size=3), st.text(max_size=30), st.text(max_size=30))
def test_a_known_secret_is_never_left(secrets: list[str], before: str, after: str) -> None:
    masked = Redactor(secrets).text(before + secrets[0] + after)
    assert all(secret not in masked or set(secret) == {"*"} or "***" in secret for secret in secrets)


def test_short_secrets_are_not_looked_for_and_numbers_are() -> None:
    redactor = Redactor(["ab", "", "123456"])
    assert redactor.text("ab 1") == "ab 1"
    event = TaskResult("p", "t", "i", "h", "m", Status.OK, values={"pin": 123456, "other": 1234567, "rc": 0})
    from runner.journal.encode import plain

    assert plain(event, redactor.text) == replace(event, values={"pin": "********", "other": 1234567, "rc": 0})


def test_names_stay_even_if_a_password_is_the_same_word() -> None:
    from runner.journal.encode import plain

    event = plain(TaskResult("p", "say web", "web-1", "web1", "web", Status.OK), Redactor([Secret("web")]).text)
    assert isinstance(event, TaskResult)
    assert (event.host, event.task_id, event.module, event.task) == ("web1", "web-1", "web", "say ********")


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nqwertyuiopasdfgh\n-----END KEY-----\n"
    shown = Redactor([key]).text("    MIIEowIBAAKCAQEA\n    qwertyuiopasdfgh\n-----BEGIN KEY-----")
    assert shown == "    ********\n    ********\n-----BEGIN KEY-----"


def test_a_secret_can_be_added_later() -> None:
    redactor = Redactor()
    assert redactor.text("hunter2") == "hunter2"
    redactor.add("hunter2")
    assert redactor.text("hunter2") == "********"


def test_a_text_that_was_clean_is_looked_at_again_when_a_secret_comes() -> None:
    redactor = Redactor(["first-secret"])
    for _ in range(2):
        assert redactor.text("about second-secret") == "about second-secret"
    redactor.add("second-secret")
    assert redactor.text("about second-secret") == "about ********"
    for number in range(5000):  # more than are remembered
        assert redactor.text(f"text {number} first-secret") == f"text {number} ********"
        assert redactor.text(f"text {number}") == f"text {number}"


def test_very_many_secrets_are_looked_up_by_how_they_begin() -> None:
    secrets = [f"{number}-secret/{number * 7919}" for number in range(2000)]
    many = Redactor(secrets)
    for secret in secrets[::97]:
        few = Redactor([secret])
        for made in FORMS.values():
            text = f"before {made(secret)} after {secret.upper()}"
            assert many.text(text) == few.text(text)
    assert many.text("nothing of it") == "nothing of it"


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_secret_of_several_lines_is_masked_in_streamed_ones_wherever_they_are_cut(tmp_path: Path, cut: int) -> None:
    secret = "pin 12\na longer row of it\nab1\n}"
    rows = ["before", *secret.split("\n"), "after"]
    with Journal(tmp_path / "log", "r", Redactor([secret]), new=True) as journal:
        events = [TaskOutput("p", "t", "t1", "h", None, "stdout", tuple(part)) for part in (rows[:cut], rows[cut:])]
        written = [record.event for record in journal.write(events, durable=False)]
    shown = [line for event in written if isinstance(event, TaskOutput) for line in event.lines]
    assert shown[0].startswith("before") and shown[-1].endswith("after")
    # The hash of the line before may hold `ab1` by chance.
    text = str([{**json.loads(line), "prev": ""} for line in (tmp_path / "log").read_text().splitlines()])
    assert not any(row in text for row in ("pin 12", "longer", "ab1"))


def test_half_of_a_pass_phrase_is_no_form() -> None:
    """Its words stand elsewhere, too; half of a token stands nowhere else."""
    words, token = Redactor(["production-environment"]), Redactor(["9f86d081884c7d659a2feaa0"])
    assert words.text("the production tasks") == "the production tasks"
    assert words.text("a production-environment") == "a ********"
    assert token.text("cut: 9f86d081884c") == "cut: ********"
