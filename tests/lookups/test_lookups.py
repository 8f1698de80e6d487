"""Lookups: what ansible-core's own code is not asked for, and what must never happen."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import StepError, TemplateError
from runner.model.values import Template
from runner.registry import load, names
from tests.lookups.context import lookup

WANTED = (
    "config csvfile dict env file fileglob first_found flattened indexed_items ini items lines list nested password "
    "pipe random_choice sequence subelements template together url varnames vars"
)


def test_all_lookups_are_found_by_name_and_say_what_they_are() -> None:
    assert set(WANTED.split()) <= set(names("lookups"))
    for name in names("lookups"):
        module = load("lookups", name)
        assert (module.__doc__ or "").startswith(f"Lookup `{name}`")
        assert callable(module.run)


def test_text_from_outside_is_no_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_text("{{ 7 * 7 }}")
    monkeypatch.setenv("EVIL_FOR_TEST", "{{ 7 * 7 }}")
    found = lookup("file", ["f"], tmp_path) + lookup("pipe", ["echo '{{ 7 * 7 }}'"]) + lookup("env", ["EVIL_FOR_TEST"])
    assert found == ["{{ 7 * 7 }}"] * 3
    assert {type(value) for value in found} == {str}


def test_vars_are_rendered_and_may_have_a_default() -> None:
    variables = {"a": Template("{{ b }}!"), "b": 1}
    assert lookup("vars", ["a", "b"], variables=variables) == ["1!", 1]
    assert lookup("vars", ["nix"], variables=variables, default="d") == ["d"]
    with pytest.raises(TemplateError) as caught:
        lookup("vars", ["nix"], variables=variables)
    assert caught.value.kind == "undefined"


def test_an_unknown_option_has_a_hint() -> None:
    with pytest.raises(StepError, match=r"unknown argument 'rstripp'.*did you mean 'rstrip'"):
        lookup("file", ["f"], rstripp=False)


def test_first_found(tmp_path: Path) -> None:
    for name in ("files/a", "vars/Debian.yml", "files/sub/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = [str(tmp_path / "files/a")]
    assert lookup("first_found", [["nix", "a"]], tmp_path) == found
    assert lookup("first_found", ["nix,a"], tmp_path) == found
    assert lookup("first_found", [], tmp_path, files=["nix", "a"]) == found
    assert lookup("first_found", ["nix", str(tmp_path / "files/a")], tmp_path) == found
    assert lookup("first_found", ["Debian.yml"], tmp_path) == [str(tmp_path / "vars/Debian.yml")]
    assert lookup("first_found", [{"files": ["nix", "b"], "paths": "nix:sub"}], tmp_path) == [
        str(tmp_path / "files/sub/b")
    ]
    assert lookup("first_found", [{"files": ["b", "a"], "paths": [".", "sub"]}], tmp_path)[0].endswith("files/a")
    assert lookup("first_found", ["nix"], tmp_path, skip=True) == []
    assert lookup("first_found", [{"files": ["nix"], "skip": True}], tmp_path) == []
    with pytest.raises(StepError, match="no file was found"):
        lookup("first_found", ["nix"], tmp_path)


def test_sequence_reads_hexadecimal_and_octal_numbers() -> None:
    assert lookup("sequence", ["start=0x0f00 count=3 format=%04x"]) == ["0f00", "0f01", "0f02"]
    assert lookup("sequence", ["start=010 end=011"]) == ["8", "9"]
    assert lookup("sequence", [], start=10, count=3, stride=-2) == ["10", "8", "6"]


@given(start=st.integers(0, 50), count=st.integers(0, 20), stride=st.integers(1, 5))
def test_a_sequence_has_as_many_numbers_as_asked_for(start: int, count: int, stride: int) -> None:
    found = lookup("sequence", [f"start={start} count={count} stride={stride}"])
    assert found == [str(start + stride * step) for step in range(count)]


@pytest.mark.parametrize("term", ["9999999999", "end=3 format=%s%s", "end=3 format=%(x)d", "end=3 format=%*d"])
def test_sequences_that_are_refused(term: str) -> None:
    with pytest.raises(StepError):
        lookup("sequence", [term])


def test_subelements_leave_what_they_were_given_alone() -> None:
    users = [{"name": "a", "k": {"x": [1]}}]
    assert lookup("subelements", [users, "k.x"]) == [[{"name": "a", "k": {}}, 1]]
    assert users == [{"name": "a", "k": {"x": [1]}}]


@given(st.recursive(st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=8).map(lambda value: [value]))
def test_flattened_has_no_lists_and_every_item_in_order(terms: list[Any]) -> None:
    found = lookup("flattened", terms)
    digits = [character for character in repr(terms) if character not in "[] "]
    assert "".join(digits).replace(",", " ").split() == " ".join(map(str, found)).split() or not found
    assert not any(isinstance(one, list) for one in found)


def test_random_choice() -> None:
    assert lookup("random_choice", []) == []
    assert {lookup("random_choice", [1, 2])[0] for _ in range(100)} == {1, 2}


def test_fileglob_takes_files_only_and_the_first_folder_that_has_any(tmp_path: Path) -> None:
    for name in ("files/b.txt", "files/a.txt", "files/.c.txt", "files/d.txt/x", "e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert lookup("fileglob", ["*.txt"], tmp_path) == [str(tmp_path / "files" / name) for name in ("a.txt", "b.txt")]
    assert lookup("fileglob", ["e*"], tmp_path) == [str(tmp_path / "e.txt")]
    assert lookup("fileglob", [f"{tmp_path}/files/d.txt/*"]) == [str(tmp_path / "files/d.txt/x")]
    assert lookup("fileglob", ["/nonexistent/*", "[z-a"], tmp_path) == []


def test_config() -> None:
    assert lookup("config", ["DEFAULT_BECOME_METHOD"]) == ["sudo"]
    shown = lookup(
        "config", ["DEFAULT_REMOTE_USER"], variables={"ansible_user": Template("{{ u }}"), "u": "me"}, show_origin=True
    )
    assert shown == [["me", "var: ansible_user"]]
    assert lookup("config", ["NIX"], on_missing="skip") == []
    with pytest.raises(StepError, match="did you mean 'DEFAULT_FORKS'"):
        lookup("config", ["DEFAULT_FORK"])


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(StepError, match="returned 3: oh no"):
        lookup("pipe", ["echo oh no >&2; exit 3"])
    assert lookup("pipe", ["cat; pwd"], "/tmp") == ["/tmp"]


class TestPassword:
    """The file and what is in it."""

    def test_it_is_made_once_and_private(self, tmp_path: Path) -> None:
        (first,) = lookup("password", ["secrets/db length=15 chars=digits"], tmp_path)
        path = tmp_path / "secrets/db"
        assert len(first) == 15 and first.isdigit()
        assert path.read_text() == f"{first}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert lookup("password", ["secrets/db"], tmp_path, length=4) == [first]
        assert [entry.name for entry in path.parent.iterdir()] == ["db"]

    def test_runs_at_once_agree(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: lookup("password", ["p"], tmp_path)[0], range(32)))
        assert len(found) == 1

    def test_nothing_is_kept_in_dev_null(self) -> None:
        first, second = lookup("password", ["/dev/null", "/dev/null"])
        assert first != second
        assert len(first) == 20

    def test_a_seed_gives_the_same_again(self) -> None:
        assert lookup("password", ["/dev/null"], seed="x") == lookup("password", ["/dev/null"], seed="x")

    def test_commas_and_characters(self) -> None:
        (found,) = lookup("password", ["/dev/null"], chars="a,,", length=200)
        assert set(found) == {"a", ","}

    def test_a_hash_stays_the_same_because_its_salt_is_kept(self, tmp_path: Path) -> None:
        pytest.importorskip("passlib")
        (first,) = lookup("password", ["p encrypt=sha512_crypt"], tmp_path)
        assert first.startswith("$6$")
        plain, _, salt = (tmp_path / "p").read_text().strip().partition(" salt=")
        assert f"${salt}$" in first
        assert lookup("password", ["p"], tmp_path, encrypt="sha512_crypt") == [first]
        assert lookup("password", ["p"], tmp_path) == [plain]

    @pytest.mark.parametrize("term", ["p encrypt=rot13", "p length=x", "p lenght=3", "p length=0"])
    def test_what_is_refused(self, tmp_path: Path, term: str) -> None:
        with pytest.raises(StepError):
            lookup("password", [term], tmp_path)
        assert not list(tmp_path.iterdir())


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/text")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/nix" else 200)
        self.end_headers()
        shown = self.headers.get("Authorization" if self.path == "/who" else "X-Test", "-")
        self.wfile.write(b"one\ntwo {{ x }}\n" if self.path in ("/text", "/nix") else shown.encode())

    def log_message(self, *_args: object) -> None:
        pass


class TestUrl:
    """Against a server of our own on the loopback."""

    @pytest.fixture
    def address(self) -> Iterator[str]:
        with HTTPServer(("127.0.0.1", 0), _Answers) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def test_lines_and_text(self, address: str) -> None:
        assert lookup("url", [f"http://{address}/text"]) == ["one", "two {{ x }}"]
        assert lookup("url", [f"http://{address}/moved"], split_lines=False) == ["one\ntwo {{ x }}\n"]
        assert lookup("url", [f"http://{address}/head"], headers={"X-Test": "h"}) == ["h"]

    def test_a_user_and_a_password(self, address: str) -> None:
        expected = ["Basic dTpw"]
        assert lookup("url", [f"http://{address}/who"], username="u", password="p") == expected
        assert lookup("url", [f"http://u:p@{address}/who"]) == expected

    def test_errors_hide_passwords(self, address: str) -> None:
        with pytest.raises(StepError) as caught:
            lookup("url", [f"http://u:hunter2@{address}/nix"])
        assert "answered 404" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(StepError, match="302"):
            lookup("url", [f"http://{address}/moved"], follow_redirects="none")

    @pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "plain", "http://"])
    def test_only_the_web(self, address: str) -> None:
        with pytest.raises(StepError, match="not an http or https address"):
            lookup("url", [address])
