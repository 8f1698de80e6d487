"""Passwords from the terminal or from a file; they go into `Secret` values at once."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from runner.errors import OptionError
from runner.model.settings import Settings
from runner.model.values import Secret


def ask(prompt: str, flag: str) -> Secret:
    """One password from the terminal. Raises `OptionError` where there is none: a pipe must not be read by chance."""
    import getpass

    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise OptionError(f"{flag} needs a terminal to ask on; use a password file instead") from None
    try:
        return Secret(getpass.getpass(prompt))
    except EOFError:
        raise OptionError(f"{flag}: no password was given") from None


def from_file(name: str) -> Secret:
    """The password in a file, on stdin (`-`), or printed by the file if it is executable, as in Ansible."""
    import subprocess

    path = Path(name).expanduser()
    try:
        if name == "-":
            data = sys.stdin.buffer.read()
        elif os.access(path, os.X_OK) and path.is_file():
            data = subprocess.run([path.resolve()], stdout=subprocess.PIPE, check=True).stdout
        else:
            data = path.read_bytes()
    except OSError as error:
        raise OptionError(f"cannot read the password file {name}: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise OptionError(f"the password script {name} failed with exit code {error.returncode}") from None
    try:
        text = data.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise OptionError(f"the password file {name} is not UTF-8 text") from None
    if not text:
        raise OptionError(f"the password file {name} is empty")
    return Secret(text)


def read_passwords(found: argparse.Namespace, settings: Settings) -> tuple[Secret | None, Secret | None]:
    """The login and the become password, None where not asked for. A flag wins over settings.

    As in Ansible, an empty answer to `-K` after `-k` means the login password.
    """
    login = become = None
    file = found.connection_password_file or ("" if found.ask_pass else settings.connection_password_file)
    if file:
        login = from_file(file)
    elif found.ask_pass or settings.ask_pass:
        login = ask("SSH password: ", "-k")
    file = found.become_password_file or ("" if found.ask_become_pass else settings.become_password_file)
    if file:
        become = from_file(file)
    elif found.ask_become_pass or settings.become_ask_pass:
        same = "[defaults to SSH password]" if login else ""
        become = ask(f"BECOME password{same}: ", "-K") or login
    return login, become
