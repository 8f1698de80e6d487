"""What is masked of an encrypted file: enough to hide its secrets, not so much that no log can be read."""

from __future__ import annotations

from typing import Any

import pytest

from runner.model.values import Decrypted, Template, Vaulted
from runner.vault.contents import file_texts, guarded, telling_texts, texts_of_tasks


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"a": "a long enough text"}, {"a long enough text"}),
        ({"state": "present", "user": "bob", "release": "v1.2"}, set()),
        ({"root": "s3cr3t", "db_pw": "abc", "vault_x": "y1", "spin": "left"}, {"s3cr3t", "abc", "y1"}),
        ({"password": "abc", "api_token": "x9", "pin": 1234}, {"abc", "x9"}),
        ({"code": 123456, "port": 8080, "flag": True}, {"123456"}),
        ({"users": [{"name": "bob", "secret": "s1"}]}, {"s1"}),
        ({"passwords": ["p1", "p2"]}, {"p1", "p2"}),
        ({"url": Template("postgres://me:hunter2@{{ host }}/{{ name }}")}, {"postgres://me:hunter2@"}),
        ({"a": Template("{{ other }}")}, set()),
        ({"a": Vaulted("$ANSIBLE_VAULT;1.1;AES256\n00")}, set()),
    ],
)
def test_telling_texts(value: Any, wanted: set[str]) -> None:
    assert set(telling_texts(value)) == wanted


def test_tasks_can_be_read_but_for_their_secrets() -> None:
    tasks = [
        {
            "name": "make the great user",
            "user": {"name": "somebody", "password": "pw1"},
            "vars": {"x": "a long enough text"},
            "environment": {"TOKEN": "t1"},
            "set_fact": {"fact": "another long text"},
        }
    ]
    assert set(texts_of_tasks(tasks)) == {"pw1", "a long enough text", "t1", "another long text"}


def test_text_becomes_secret_and_templates_stay() -> None:
    made = guarded({"a": "b", "t": Template("{{ a }}"), "n": [1, {"c": "d"}]})
    assert made == {"a": "b", "t": "{{ a }}", "n": [1, {"c": "d"}]}
    assert isinstance(made["a"], Decrypted) and isinstance(made["n"][1]["c"], Decrypted)
    assert type(made["t"]) is Template and type(made["n"][0]) is int


def test_a_large_file_is_not_looked_for() -> None:
    assert list(file_texts(b"key\n")) == ["key\n"]
    assert list(file_texts(b"line\n" * 1000)) == []
    assert list(file_texts(b" \n")) == []
