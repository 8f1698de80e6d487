"""`pbrun vault`: the same words and bytes as ansible-vault, and files that are replaced whole or not at all."""

from __future__ import annotations

import io
import json
import os
import pty
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from runner.cli.main import main
from tests.cli.test_passwords import read_until
from tests.end_to_end.process import ROOT
from tests.vault.sealing import PASSWORD, seal

SALT: Final = "0123456789abcdef0123456789abcdef"
RECORDED: Final = json.loads((Path(__file__).parent / "vault_recorded.json").read_text())


@dataclass
class Vault:
    """`pbrun vault` in a folder with the password files `pw` and `pw2`."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[bytes]

    def __call__(self, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self.capture.readouterr()
        code = main(["vault", *words])
        out, err = self.capture.readouterr()
        return code, out.decode(), err.decode()

    def editor(self, text: str) -> None:
        """Let $EDITOR be a shell script."""
        path = self.folder / "editor"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        self.monkeypatch.setenv("EDITOR", str(path))


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Vault:
    (tmp_path / "pw").write_text(PASSWORD + "\n")
    (tmp_path / "pw2").write_text("another\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        monkeypatch.delenv(name)
    return Vault(tmp_path, monkeypatch, capsysbinary)


# Command lines whose output ansible-vault made, too, with the same salt (record_vault() below).
COMMANDS: Final = (
    ("encrypt_string", "hunter2"),
    ("encrypt_string", "hunter2", "-n", "word"),
    ("encrypt_string", "--name", "a", "--name", "b", "one", "two", "three"),
    ("encrypt_string", "--stdin-name", "word"),
    ("encrypt_string", "--stdin-name", "in", "-n", "arg", "-", "text"),
    ("encrypt_string", "--encrypt-vault-id", "b", "--vault-id", "b@pw", "text"),
    ("encrypt",),
    ("encrypt", "-", "--output", "-"),
    ("encrypt", "plain.txt", "--output", "-"),
    ("encrypt", "plain.txt", "--vault-id", "c@pw", "--encrypt-vault-id", "c", "--output", "-"),
    ("decrypt", "shut.txt", "--output", "-"),
    ("view", "shut.txt"),
    ("encrypt", "plain.txt", "--vault-id", "c@pw"),
    ("encrypt", "shut.txt"),
    ("encrypt", "plain.txt", "shut.txt", "--output", "-"),
    ("encrypt", "plain.txt", "--encrypt-vault-id", "nobody"),
    ("decrypt", "plain.txt"),
    ("decrypt", "nothing.txt"),
    ("encrypt_string", "--prompt", "-"),
    ("encrypt_string", ""),
    ("view", "plain.txt"),
    ("rekey", "plain.txt", "--new-vault-id", "x@pw"),
)
IDS: Final = ("--vault-id", "a@pw")


def prepare(folder: Path) -> None:
    (folder / "plain.txt").write_text("some\ntext without an end")
    (folder / "shut.txt").write_text(seal("inside\nof it", "a"))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_same_output_as_ansible_vault(vault: Vault, words: tuple[str, ...]) -> None:
    vault.monkeypatch.setenv("ANSIBLE_VAULT_ENCRYPT_SALT", SALT)
    prepare(vault.folder)
    code, out, err = vault(*words, *IDS, stdin=b"from stdin\n")
    expected = RECORDED[" ".join(words)]
    assert bool(code) == bool(expected["code"]), err
    assert out == expected["out"]
    if not code:
        assert err == expected["err"]


def record_vault(folder: Path) -> dict[str, dict[str, object]]:
    """What ansible-vault says to the same words."""
    found = {}
    for words in COMMANDS:
        prepare(folder)
        (folder / "pw").write_text(PASSWORD + "\n")
        env = {**os.environ, "ANSIBLE_VAULT_ENCRYPT_SALT": SALT, "LC_ALL": "C.UTF-8"}
        command = ["ansible-vault", *words, *IDS]
        done = subprocess.run(command, input=b"from stdin\n", capture_output=True, cwd=folder, env=env, check=False)
        found[" ".join(words)] = {"code": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode()}
    return found


@pytest.mark.ansible
def test_ansible_vault_reads_files_and_gives_files(vault: Vault) -> None:
    (vault.folder / "a").write_bytes(bytes(range(256)))
    assert vault("encrypt", "a", "--vault-id", "x@pw")[0] == 0
    subprocess.run(["ansible-vault", "rekey", "a", "--vault-id", "x@pw", "--new-vault-id", "y@pw2"], check=True)
    assert vault("decrypt", "a", "--vault-id", "y@pw2")[0] == 0
    assert (vault.folder / "a").read_bytes() == bytes(range(256))


def test_files_keep_mode_and_links(vault: Vault) -> None:
    real, link = vault.folder / "real", vault.folder / "link"
    real.write_text("text")
    real.chmod(0o640)
    link.symlink_to("real")
    steps: list[tuple[str, ...]] = [
        ("encrypt", "link", "--vault-id", "a@pw"),
        ("rekey", "link", "--vault-id", "pw", "--new-vault-id", "b@pw2"),
        ("decrypt", "link", "--vault-id", "b@pw2"),
    ]
    heads = []
    for words in steps:
        assert vault(*words)[0] == 0
        heads.append(real.read_text().splitlines()[0])
        assert link.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o640
    assert heads == ["$ANSIBLE_VAULT;1.2;AES256;a", "$ANSIBLE_VAULT;1.2;AES256;b", "text"]
    assert vault("encrypt", "real", "--output", "new", "--vault-id", "pw")[0] == 0
    assert stat.S_IMODE((vault.folder / "new").stat().st_mode) == 0o600
    assert real.read_text() == "text"
    assert sorted(path.name for path in vault.folder.iterdir()) == ["link", "new", "pw", "pw2", "real", "tmp"]


@pytest.mark.parametrize("action", ["encrypt", "decrypt", "rekey", "view"])
def test_several_files_or_none(vault: Vault, action: str) -> None:
    good = "good text" if action == "encrypt" else seal("good text")
    for name, text in {"a": good, "b": seal("other", password="unknown"), "c": good}.items():
        (vault.folder / name).write_text(text)
    new = ("--new-vault-password-file", "pw2") if action == "rekey" else ()
    code, out, err = vault(action, "a", "b", "missing", "c", "--vault-id", "pw", *new)
    assert (code, out) == (1, "")
    assert "b is encrypted" in err and "cannot read missing" in err and "no file was changed" in err
    assert (vault.folder / "a").read_text() == (vault.folder / "c").read_text() == good


def test_a_folder_that_cannot_be_written(vault: Vault) -> None:
    (vault.folder / "a").write_text("text")
    code, _, err = vault("encrypt", "a", "--output", "missing/b", "--vault-id", "pw")
    assert code == 1 and "cannot write" in err
    assert (vault.folder / "a").read_text() == "text"


def test_create_and_edit(vault: Vault) -> None:
    look = 'stat -c "%a %n" "$1" "$(dirname "$1")" >> seen'
    vault.editor(f'{look}; echo "a: 1" >> "$1"; echo left > "$(dirname "$1")/.swp"')
    assert vault("create", "new/x.yml", "--vault-id", "prod@pw")[0] == 5  # no terminal
    assert vault("create", "new/x.yml", "--vault-id", "prod@pw", "--skip-tty-check")[0] == 0
    file = vault.folder / "new/x.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert vault("view", "new/x.yml", "--vault-id", "pw") == (0, "a: 1\n", "")
    assert vault("create", "new/x.yml", "--vault-id", "pw", "--skip-tty-check")[0] == 1
    file.chmod(0o644)
    assert vault("edit", "new/x.yml", "--vault-id", "any@pw")[0] == 0
    assert vault("view", "new/x.yml", "--vault-id", "pw")[1] == "a: 1\na: 1\n"
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    seen = (vault.folder / "seen").read_text().splitlines()
    assert [line.split()[0] for line in seen] == ["600", "700", "600", "700"]
    assert all(line.endswith(("plain.yml", "")) for line in seen)
    assert list((vault.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("editor", ["exit 1", "rm -r $(dirname $1)", 'echo "$ANSIBLE_VAULT;1.1;AES256" > "$1"; exit 3'])
def test_a_failed_edit_changes_nothing_and_leaves_nothing(vault: Vault, editor: str) -> None:
    (vault.folder / "x").write_text(sealed := seal("text"))
    vault.editor(editor)
    assert vault("edit", "x", "--vault-id", "pw")[0] == 1
    assert (vault.folder / "x").read_text() == sealed
    assert list((vault.folder / "tmp").iterdir()) == []


def test_an_unchanged_text_is_not_written(vault: Vault) -> None:
    (vault.folder / "x").write_text(sealed := seal("text"))
    vault.editor("true")
    assert vault("edit", "x", "--vault-id", "pw")[0] == 0
    assert (vault.folder / "x").read_text() == sealed
    vault.monkeypatch.setenv("EDITOR", "/nonexistent/editor")
    code, _, err = vault("edit", "x", "--vault-id", "pw")
    assert code == 1 and "cannot be started" in err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), "what shall be done? create, edit"),
        (("edti",), "did you mean 'edit'?"),
        (("--vault-id", "x", "edit"), "pbrun vault"),
        (("view", "--bogus"), "unknown option --bogus"),
        (("edit", "--vault-id", "pw"), "no file is named"),
        (("encrypt", "a", "b", "--output", "c", "--vault-id", "pw"), "--output takes one file"),
        (("encrypt", "a", "--vault-id", "a@pw", "--vault-id", "b@pw2"), "several vault ids can encrypt (a, b)"),
        (("encrypt", "a", "--vault-id", "a;b@pw"), "cannot hold ';'"),
        (("view", "a", "-J", "--vault-password-file", "pw"), "not allowed with"),
        (("rekey", "a", "--new-vault-id", "x", "--new-vault-password-file", "y"), "not allowed with"),
    ],
)
def test_words_that_make_no_sense(vault: Vault, words: tuple[str, ...], wanted: str) -> None:
    (vault.folder / "a").write_text("text")
    code, _, err = vault(*words)
    assert code == 5 and wanted in err
    assert (vault.folder / "a").read_text() == "text"


def test_no_password_is_read_from_a_pipe(vault: Vault) -> None:
    (vault.folder / "a").write_text(seal("text"))
    command = [sys.executable, "-m", "runner", "vault", "view", "a"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, input=PASSWORD, capture_output=True, text=True, start_new_session=True, env=env, check=False
    )
    assert run.returncode == 5 and "needs a terminal" in run.stderr


ASK = """
import sys
from runner.cli import vault_secrets
sources = [word for word in sys.argv[2:]]
print([secret.password for secret in vault_secrets.read_secrets(sources, new=sys.argv[1] == "new")])
"""


@pytest.mark.parametrize(
    ("kind", "prompts"),
    [
        ("old", ["Vault password: ", "Vault password (Prod): "]),
        (
            "new",
            [
                "New Vault password: ",
                "Confirm New Vault password: ",
                "New vault password (Prod): ",
                "Confirm new vault password (Prod): ",
            ],
        ),
    ],
)
def test_prompts_are_those_of_ansible_vault(kind: str, prompts: list[str]) -> None:
    child, terminal = pty.fork()
    if child == 0:
        words = [sys.executable, "-c", ASK, kind, "default@prompt_ask_vault_pass", "Prod@prompt"]
        os.execv(sys.executable, words)
    for prompt in prompts:
        read_until(terminal, prompt.encode())
        os.write(terminal, b"typed\n")
    assert read_until(terminal, b"]\r\n").strip() == b"[b'typed', b'typed']"
    os.close(terminal)
    os.waitpid(child, 0)


def test_help_has_examples(vault: Vault) -> None:
    for words in (["--help"], ["encrypt", "--help"], ["encrypt_string", "-h"]):
        code, out, _ = vault(*words)
        assert code == 0 and "examples:" in out


@pytest.mark.parametrize(
    ("script", "place", "wanted"),
    [
        ("#!/bin/sh\necho open sesame", "x@script", "inside"),
        ('#!/bin/sh\n[ "$*" = "--vault-id x" ] && echo open sesame', "x@script-client.py", "inside"),
        ('#!/bin/sh\n[ -z "$*" ] && echo open sesame', "x@client.sh", "inside"),
        ("#!/bin/sh\nexit 2", "x@script-client", "knows no password for the vault id 'x'"),
        ("#!/bin/sh\nexit 3", "script", "failed with exit code 3"),
        ("#!/bin/sh\n", "script", "is empty"),
        ("no script at all", "script", "cannot be run"),
    ],
)
def test_passwords_from_scripts(vault: Vault, script: str, place: str, wanted: str) -> None:
    path = vault.folder / place.rpartition("@")[2]
    path.write_text(script)
    path.chmod(0o755)
    (vault.folder / "x").write_text(seal("inside"))
    code, out, err = vault("view", "x", "--vault-id", place)
    assert wanted in out + err
    assert code == (0 if wanted == "inside" else 1)


def test_passwords_from_files_and_environment(vault: Vault) -> None:
    (vault.folder / "x").write_text(seal("inside"))
    (vault.folder / "sealed").write_text(seal(PASSWORD, password="another"))
    vault.monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "pw")
    assert vault("view", "x")[1] == "inside\n"
    vault.monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "")
    vault.monkeypatch.setenv("ANSIBLE_VAULT_IDENTITY_LIST", "a@pw2, sealed")
    assert vault("view", "x")[1] == "inside\n"
    vault.monkeypatch.delenv("ANSIBLE_VAULT_IDENTITY_LIST")
    code, out, err = vault("view", "x", "--vault-id", "missing", "--vault-password-file", "pw")
    assert (code, out) == (0, "inside\n") and "warning: cannot read the vault password file missing" in err
    code, out, err = vault("view", "x", "--vault-password-file", "missing")
    assert code == 1 and "No such file" in err
    code, out, err = vault("view", "x", "--vault-id", "tmp")
    assert code == 1 and "is a folder" in err
