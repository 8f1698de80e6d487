"""The format both ways: recorded blobs of ansible-core, round trips, and everything that can be wrong with one."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import VaultError
from runner.model.span import Span
from runner.model.values import Decrypted, Vaulted
from runner.vault import cipher, envelope
from runner.vault.keyring import Keyring, VaultSecret

RECORDED: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "recorded.json").read_text())
PASSWORD: Final = RECORDED["password"].encode()
SALT: Final = RECORDED["salt"].encode()


@pytest.mark.parametrize("one", RECORDED["made"], ids=lambda one: f"{one['id']}-{len(one['plain'])}")
def test_the_same_bytes_as_ansible(one: dict[str, str]) -> None:
    plain, secret = base64.b64decode(one["plain"]), VaultSecret(one["id"], PASSWORD)
    keys = Keyring([secret])
    assert keys.seal(plain, secret, SALT).decode() == one["text"]
    opened = keys.open(one["text"].encode())
    assert (opened.data, opened.secret) == (plain, secret)
    assert opened.vault_id == ("" if one["id"] == "default" else one["id"])


@pytest.mark.ansible
def test_ansible_opens_what_is_sealed_here() -> None:
    from ansible.parsing.vault import VaultLib
    from ansible.parsing.vault import VaultSecret as TheirSecret

    for vault_id in ("", "default", "prod"):
        sealed = Keyring().seal(b"some \xff bytes", VaultSecret(vault_id, PASSWORD))
        plain, _, _ = VaultLib([("any", TheirSecret(PASSWORD))]).decrypt_and_get_vault_id(sealed)
        assert plain == b"some \xff bytes"
        assert (
            Keyring([VaultSecret("any", PASSWORD)]).decrypt(VaultLib().encrypt(plain, TheirSecret(PASSWORD))) == plain
        )


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40), st.sampled_from(["", "default", "a", "x y", "é"]))
def test_what_is_sealed_opens_again(plain: bytes, password: bytes, vault_id: str) -> None:
    secret = VaultSecret(vault_id, password)
    sealed = Keyring().seal(plain, secret)
    assert Keyring([secret]).decrypt(sealed) == plain
    assert sealed.decode().isascii() or vault_id == "é"
    assert max(map(len, sealed.splitlines()[1:])) <= 80
    windows = sealed.replace(b"\n", b"  \r\n")
    assert Keyring([secret]).decrypt(b"".join(b"   " + line for line in windows.splitlines(True)).lstrip()) == plain


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=80), st.data())
def test_a_changed_byte_is_noticed(plain: bytes, data: st.DataObject) -> None:
    keys = cipher.derive(b"pw", b"salt")
    made = cipher.encrypt(plain, keys, b"salt")
    at = data.draw(st.integers(0, len(made.data) - 1))
    bent = bytes([*made.data[:at], made.data[at] ^ data.draw(st.integers(1, 255)), *made.data[at + 1 :]])
    assert cipher.decrypt(made, keys) == plain
    assert cipher.decrypt(envelope.Envelope(made.salt, made.mac, bent), keys) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200).map(lambda tail: b"$ANSIBLE_VAULT;1.1;AES256\n" + tail) | st.binary(max_size=60))
def test_hostile_text_gives_an_error_in_words(text: bytes) -> None:
    with pytest.raises(VaultError):
        Keyring([VaultSecret("default", b"pw")]).open(text)


GOOD: Final = RECORDED["made"][1]["text"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hello", "is not vault data"),
        ("", "is not vault data"),
        ("$ANSIBLE_VAULT;1.1\n00", "is not vault data"),
        ("$ANSIBLE_VAULT;1.0;AES\n00", "the format '1.0', which is not known"),
        ("$ANSIBLE_VAULT;1.1;AES\n00", "the cipher 'AES', which is not known"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", "ends too early"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "ends too early"),
        (GOOD[:199], "line 4 of it is not hex"),
        (GOOD[:200], "ends too early"),
        (GOOD.replace("\n", "\nzz", 2), "line 2 of it is not hex"),
        ("$ANSIBLE_VAULT;1.1;AES256\n7a7a0a30300a3030\n", "what is inside is not hex"),
        (GOOD, "is encrypted, and no secret opens it (the password is wrong, or the data was changed"),
    ],
)
def test_what_is_wrong_is_told(text: str, wanted: str) -> None:
    with pytest.raises(VaultError) as caught:
        Keyring([VaultSecret("default", b"wrong")]).open(text.encode())
    assert wanted in str(caught.value)


def test_secrets_are_tried_in_order_those_of_the_same_id_first() -> None:
    a, b, other_b = VaultSecret("a", b"pw a"), VaultSecret("b", b"pw b"), VaultSecret("b", b"other")
    keys = Keyring([a, other_b, b])
    assert keys.open(Keyring().seal(b"x", b)).secret == b
    assert keys.open(Keyring().seal(b"x", VaultSecret("b", b"pw a"))).secret == a
    assert keys.open(Keyring().seal(b"x", VaultSecret("unknown", b"other"))).secret == other_b
    assert keys.open(Keyring().seal(b"x", VaultSecret("", b"pw b"))).secret == b


@pytest.mark.parametrize(
    ("secrets", "match_ids", "sealed_as", "wanted"),
    [
        ([], False, "", "and no vault password was given (give it with --vault-password-file FILE or -J)"),
        (
            [],
            False,
            "prod",
            "under the vault id 'prod', and no vault password was given (give it with --vault-id prod@",
        ),
        (
            ["a", "b"],
            False,
            "prod",
            "no secret opens it (there are secrets for a, b) (give one with --vault-id prod@FILE",
        ),
        (["prod"], False, "prod", "no secret opens it (the password is wrong"),
        (["a"], True, "prod", "which no secret is for (there are secrets for a)"),
    ],
)
def test_the_hint_says_what_to_give(secrets: list[str], match_ids: bool, sealed_as: str, wanted: str) -> None:
    sealed = Keyring().seal(b"x", VaultSecret(sealed_as, b"right"))
    keys = Keyring([VaultSecret(name, b"right" if match_ids else b"wrong") for name in secrets], match_ids=match_ids)
    with pytest.raises(VaultError) as caught:
        keys.open(sealed)
    assert wanted in str(caught.value)


def test_what_is_revealed_is_secret_and_told_to_who_masks_it() -> None:
    secret = VaultSecret("a", b"pw")
    keys = Keyring([secret])
    heard: list[str] = []
    early = keys.reveal(Vaulted(keys.seal(b"early bird", secret).decode(), Span("x")))
    keys.listen(heard.append)
    late = keys.reveal(Vaulted(keys.seal(b"late bird", secret).decode(), Span("x")))
    assert isinstance(early, Decrypted) and early == "early bird"
    assert heard == ["early bird", "late bird"]
    assert late.ciphertext.startswith("$ANSIBLE_VAULT;1.2;AES256;a\n")


def test_no_password_stands_in_a_repr() -> None:
    assert "hunter2" not in repr(VaultSecret("a", b"hunter2"))
    opened = Keyring([VaultSecret("a", b"hunter2")]).open(Keyring().seal(b"plain text", VaultSecret("a", b"hunter2")))
    assert "hunter2" not in repr(opened) and "plain text" not in repr(opened)
