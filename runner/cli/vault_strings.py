"""`pbrun vault encrypt_string`: values for use in YAML, from words, standard input or a prompt."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import field
from typing import Final

from runner.asking import ask_user
from runner.cli import vault_files
from runner.cli.vault_actions import encrypting_secret, seal, settings
from runner.errors import OptionError, PbrunError, VaultError
from runner.model.quick import dataclass

_INDENT: Final = " " * 10


@dataclass(frozen=True, slots=True)
class _Text:
    """One text to encrypt: where it came from, and the name it gets."""

    data: bytes = field(repr=False)
    source: str
    name: str = ""


def encrypt_string(found: argparse.Namespace) -> None:
    """Write each text as `NAME: !vault |` and its lines. Raises `OptionError`."""
    words = [word for word in found.strings if word != vault_files.STANDARD]
    reads = len(words) < len(found.strings) or bool(found.stdin_name) or not (found.strings or found.prompt)
    if found.prompt and reads:
        raise OptionError("--prompt does not go together with standard input")
    if found.output and len(found.strings) > 1:
        raise OptionError("--output takes one text only")
    ours = settings()
    secret = encrypting_secret(found, ours)
    texts = [*_prompted(found), *_read(found, reads), *_of_words(found, words)]
    made: list[bytes] = []
    for number, text in enumerate(texts, 1):
        try:
            made.append(as_yaml(seal(text.data, secret, ours), text.name))
        except VaultError as error:
            raise PbrunError(f"the string from {text.source} {error}") from None
        if len(texts) > 1:
            print(_heading(text, number), file=sys.stderr)
    vault_files.write(found.output or vault_files.STANDARD, b"".join(made))
    vault_files.say_done("Encryption successful")


def as_yaml(ciphertext: bytes, name: str = "") -> bytes:
    """Vault data as a YAML block scalar, named or not."""
    head = f"{name}: !vault |" if name else "!vault |"
    lines = [head, *(_INDENT + line for line in ciphertext.decode().splitlines())]
    return "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n"


def _heading(text: _Text, number: int) -> str:
    if text.name:
        return f'# The encrypted version of variable ("{text.name}", the string #{number} from {text.source}).'
    return f"# The encrypted version of the string #{number} from {text.source}.)"


def _prompted(found: argparse.Namespace) -> Iterator[_Text]:
    if not found.prompt:
        return
    # A name that was given need not be asked for.
    name = found.names[0] if found.names and not found.strings else _asked("Variable name (enter for no name)", True)
    text = _asked("String to encrypt" + ("" if found.show_input else " (hidden)"), found.show_input)
    if not text:
        raise OptionError("the plaintext provided from the prompt was empty, not encrypting")
    yield _Text(text.encode("utf-8", "surrogateescape"), "the interactive prompt", name)


def _asked(prompt: str, echo: bool) -> str:
    answer = ask_user(prompt, echo)
    if answer is None:
        raise OptionError("--prompt needs a terminal to ask on")
    return answer


def _read(found: argparse.Namespace, reads: bool) -> Iterator[_Text]:
    if not reads:
        return
    if sys.stdin.isatty():
        hint = "(ctrl-d to end input, twice if your content does not already have a newline)"
        print(f"Reading plaintext input from stdin. {hint}", file=sys.stderr)
    data = vault_files.read(vault_files.STANDARD)
    if not data:
        raise OptionError("stdin was empty, not encrypting")
    yield _Text(data, "stdin", found.stdin_name or "")


def _of_words(found: argparse.Namespace, words: list[str]) -> Iterator[_Text]:
    names = found.names or []
    if names and len(words) > len(names):
        print("The number of --name options do not match the number of args.", file=sys.stderr)
        last = f'The last named variable will be "{names[-1]}". The rest will not have names.'
        print(last, file=sys.stderr)
    for index, word in enumerate(words):
        if not word:
            raise OptionError("the plaintext provided from the command line args was empty, not encrypting")
        name = names[index] if index < len(names) else ""
        yield _Text(word.encode("utf-8", "surrogateescape"), "the command line args", name)
