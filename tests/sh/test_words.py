"""Words and printf formats mean exactly their bytes, under every shell that we may meet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import StepError
from runner.sh.encode import printf_word
from runner.sh.quote import expanded, path, pattern, quote
from tests.modules.harness import SHELLS

ALL = sorted(SHELLS)
ODD = [
    "",
    " ",
    "'",
    '"',
    "\\",
    "$(touch PWNED)",
    "`id`",
    "-n",
    "--",
    "a\nb",
    "~",
    "~root",
    "*",
    "é😀",
    "!",
    "#",
    "\udcff",
    "{a,b}",
    "a=b",
]
RELAXED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def say(shell: str, script: str, cwd: str = "/") -> bytes:
    data = script.encode("utf-8", "surrogateescape")
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/home of/me", "WORD": "a  b*", "LC_ALL": "C"}
    done = subprocess.run(SHELLS[shell], input=data, capture_output=True, cwd=cwd, env=environ, check=True)
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ALL)
@RELAXED
@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=30))
def test_quoted_words_are_literal(shell: str, texts: list[str]) -> None:
    texts = [*texts, *ODD]
    script = "".join(f"printf '%s\\0' {quote(text)}\n" for text in texts)
    assert say(shell, script) == b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in texts)


@pytest.mark.parametrize("shell", ALL)
@RELAXED
@given(
    contents=st.lists(
        st.binary(max_size=200) | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode), max_size=20
    )
)
def test_printf_words_write_their_bytes(shell: str, contents: list[bytes]) -> None:
    contents = [*contents, bytes(range(256)), b"-n", b"--", b"%s\\n'", b"", "é\u2028😀".encode()]
    assert say(shell, "".join(f"printf {printf_word(data)}\n" for data in contents)) == b"".join(contents)


@pytest.mark.parametrize("shell", ALL)
@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("~/a b", "/home of/me/a b"),
        ("~", "/home of/me"),
        ("~root/x", "/root/x"),
        ("~ x/y", "~ x/y"),
        ("-x", "./-x"),
        ("/a/$HOME/`id`", "/a/$HOME/`id`"),
        ("a/~", "a/~"),
    ],
)
def test_paths_expand_the_home_and_nothing_else(shell: str, text: str, means: str) -> None:
    assert say(shell, f'p={path(text)}; printf %s {path(text)}:"$p"').decode() == f"{means}:{means}"


@pytest.mark.parametrize("shell", ALL)
@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("$WORD", "a  b*"),
        ("x${WORD}y", "xa  b*y"),
        ("$NOPE ${NOPE}", "$NOPE ${NOPE}"),
        ("~/$WORD", "/home of/me/a  b*"),
        ("$(id)$1$pb_token$IFS", "$(id)$1$pb_token$IFS"),
        ("it's $WORD'", "it's a  b*'"),
        ("${WORD:-x}", "${WORD:-x}"),
    ],
)
def test_arguments_expand_like_ansibles(shell: str, text: str, means: str) -> None:
    assert say(shell, f"pb_token=secret\nprintf %s {expanded(text)}").decode() == means


@pytest.mark.parametrize("shell", ALL)
def test_patterns_match_and_are_literal_otherwise(shell: str, tmp_path: Path) -> None:
    for name in ("a 1", "a 2", "b[x]", "$(touch PWNED)", "q'z"):
        (tmp_path / name).touch()
    cases = {
        "a ?": ["a 1", "a 2"],
        "a [2-9]": ["a 2"],
        "a [!2]": ["a 1"],
        "$(touch*": ["$(touch PWNED)"],
        "q'*": ["q'z"],
        "b[x]": ["b[x]"],
        "none*": ["none*"],
    }
    for text, means in cases.items():
        found = say(shell, f"printf '%s\\0' {pattern(text)}", str(tmp_path)).decode().split("\0")[:-1]
        # A class that matches nothing stays as it is written, like a name.
        assert found == means, text
    assert not (tmp_path / "PWNED").exists()


def test_nul_and_nothing_are_refused() -> None:
    with pytest.raises(StepError, match="NUL"):
        quote("a\0b")
    with pytest.raises(StepError, match="empty"):
        path("")
