"""Become methods as text: command lines that no name can break, and refusals told apart."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from runner import registry
from runner.errors import Unreachable
from runner.model.call import Become
from runner.model.values import Secret

METHODS = registry.names("become")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("user", ["-u", "a b", "a;b", "$(id)", "a\nb", "", "a'b", "--help", "a\\b"])
def test_user_names_are_checked(method: str, user: str) -> None:
    with pytest.raises(Unreachable, match="not a valid user name") as caught:
        registry.load("become", method).command(Become(method, user), "/bin/sh", "p:")
    assert caught.value.become


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/sh -c 'echo hi; exec /bin/sh'"])
def test_the_shell_arrives_as_it_is(method: str, shell: str) -> None:
    """Run with `echo` in the program's place: its last arguments are the shell's words (su: one word after -c)."""
    become = Become(method, "www-data", Secret("x"), exe="printf '%s\\n'")
    line = registry.load("become", method).command(become, shell, "p:").command
    words = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout.splitlines()
    assert words[-len(shlex.split(shell)) :] == shlex.split(shell) if method != "su" else words[-1] == shell
    assert "www-data" in words


@pytest.mark.parametrize("method", METHODS)
def test_flags_and_program(method: str) -> None:
    become = Become(method, "al", None, exe="/opt/bin/it", flags="-l 'a b'")
    words = shlex.split(registry.load("become", method).command(become, "/bin/sh", "p:").command)
    assert "/opt/bin/it" in words
    assert words[words.index("-l") + 1] == "a b"
    with pytest.raises(Unreachable, match="cannot be read"):
        registry.load("become", method).command(Become(method, "al", flags="'"), "/bin/sh", "p:")


@pytest.mark.parametrize("method", METHODS)
def test_passwords_are_never_in_the_command(method: str) -> None:
    asked = registry.load("become", method).command(Become(method, "root", Secret("S3CRET")), "/bin/sh", "p:")
    assert "S3CRET" not in repr(asked)
    assert asked.prompt


def test_sudo_asks_nobody_without_a_password() -> None:
    sudo = registry.load("become", "sudo")
    assert sudo.command(Become(), "/bin/sh", "p:").command == "sudo -H -n -u root /bin/sh"
    assert sudo.command(Become(password=Secret("x")), "/bin/sh", "p:").command == "sudo -H -S -p p: -u root /bin/sh"
    flags = sudo.command(Become(password=Secret("x"), flags="-H -S -n"), "/bin/sh", "p:").command
    assert flags == "sudo -H -S -p p: -u root /bin/sh"


@pytest.mark.parametrize(
    ("method", "output", "said"),
    [
        ("sudo", "sudo: a password is required\n", "password is required"),
        ("sudo", "Sorry, try again.\n", "wrong password"),
        ("sudo", "al is not in the sudoers file.  This incident has been reported.\n", "sudoers does not allow"),
        ("sudo", "Sorry, user al is not allowed to execute '/bin/sh' as root on h.\n", "sudoers does not allow"),
        ("sudo", "sudo: sorry, you must have a tty to run sudo\n", "requiretty"),
        ("sudo", "sudo: unknown user: nix\n", "no user"),
        ("sudo", "/bin/sh: 1: exec: sudo: not found\n", "command not found"),
        ("sudo", "sudo: Command not found.\n", "command not found"),
        ("sudo", "fish: Unknown command: sudo\n", "command not found"),
        ("su", "su: Authentication failure\n", "password is required"),
        ("su", "su: user nix does not exist or the user entry does not contain all\n", "no user"),
        ("su", "su: must be run from a terminal\n", "terminal"),
        ("su", "env: 'su': No such file or directory\n", "command not found"),
        ("doas", "doas: Authentication required\n", "password is required"),
        ("doas", "doas: Authentication failed\n", "wrong password"),
        ("doas", "doas: Operation not permitted\n", "doas.conf does not allow"),
        ("doas", "bash: line 1: exec: doas: not found\n", "command not found"),
    ],
)
def test_refusals(method: str, output: str, said: str) -> None:
    assert said in (registry.load("become", method).refusal(output, Become(method)) or "")


@pytest.mark.parametrize("method", METHODS)
def test_the_shell_to_start_is_not_the_method(method: str) -> None:
    assert registry.load("become", method).refusal(f"{method}: /no/sh: command not found\n", Become(method)) is None


@pytest.mark.parametrize("method", METHODS)
def test_other_output_says_nothing(method: str) -> None:
    assert registry.load("become", method).refusal("Welcome to host1\n", Become(method)) is None
