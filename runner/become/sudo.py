"""sudo: a shell as another user; the password is asked for on stdin, behind a prompt of our own (sudo(8))."""

from __future__ import annotations

from typing import Final

from runner.become import _words
from runner.model.call import Become
from runner.model.ports import BecomeCommand

WRONG: Final = ("Sorry, try again", "incorrect password attempt", "no password was provided", "Authentication failure")


def command(become: Become, shell: str, prompt: str) -> BecomeCommand:
    """`sudo -H -S -p PROMPT -u USER SHELL`; `-n` instead of asking when there is no password.

    Flags are become_flags in place of `-H`, as in Ansible; `-n` among them is dropped when there is a password.
    """
    user = _words.user(become)
    words = _words.split(become.exe or "sudo", "become_exe")
    words += [word for word in _words.split(become.flags or "-H", "become_flags") if word not in ("-n", "-S")]
    words += ["-S", "-p", prompt] if become.password else ["-n"]
    words += ["-u", user]
    return BecomeCommand(f"{_words.join(words)} {shell}", prompt if become.password else "", False, WRONG)


def refusal(output: str, become: Become) -> str | None:
    """Why sudo refused."""
    if any(text in output for text in WRONG):
        return f"sudo: wrong password for becoming {become.user}"
    if "password is required" in output or "a terminal is required" in output:
        return f"sudo: a password is required to become {become.user} (give one with -K or ansible_become_password)"
    if "must have a tty" in output or "no tty present" in output:
        return "sudo: this host's sudoers asks for a terminal (remove `Defaults requiretty`)"
    if "is not in the sudoers file" in output or "is not allowed to" in output or "may not run sudo" in output:
        return f"sudo: the login user may not become {become.user} (sudoers does not allow it)"
    if "unknown user" in output:
        return f"sudo: there is no user {become.user} on this host"
    if "must be owned by uid 0" in output or "effective uid is not 0" in output:
        return "sudo: it is not installed setuid root on this host"
    if "account validation failure" in output or "expired" in output:
        return "sudo: the login user's account or password has expired"
    if _words.not_found(output, (become.exe or "sudo").split()[0]):
        return "sudo: command not found on this host"
    return None
