"""su: a shell as another user; from root without a password, else PAM asks for the other user's (su(1))."""

from __future__ import annotations

import shlex
from typing import Final

from runner.become import _words
from runner.model.call import Become
from runner.model.ports import BecomeCommand

PROMPT: Final = "assword:"
WRONG: Final = ("Authentication failure", "incorrect password", "Authentication token manipulation error", "Sorry")


def command(become: Become, shell: str, prompt: str) -> BecomeCommand:  # noqa: ARG001 - su's prompt is its own
    """`su USER -c SHELL`, with become_flags before the user. Its messages are kept in English for `refusal`.

    No terminal: su of util-linux and busybox asks on stdin just as well.
    """
    user = _words.user(become)
    words = ["env", "LC_MESSAGES=C", *_words.split(become.exe or "su", "become_exe")]
    words += _words.split(become.flags or "", "become_flags")
    return BecomeCommand(f"{_words.join([*words, user])} -c {shlex.quote(shell)}", PROMPT, False, WRONG)


def refusal(output: str, become: Become) -> str | None:
    """Why su refused."""
    if any(text in output for text in WRONG):
        return f"su: wrong password for {become.user}" if become.password else _required(become)
    if "does not exist" in output or "unknown user" in output or "Unknown id" in output:
        return f"su: there is no user {become.user} on this host"
    if "must be run from a terminal" in output:
        return "su: this host's su asks for a terminal (use become_method: sudo)"
    if "Permission denied" in output:
        return f"su: the login user may not become {become.user} (PAM does not allow it)"
    if "currently not available" in output:
        return f"su: the account {become.user} has no login shell (become_flags: '-s /bin/sh')"
    if "must be suid" in output or "setuid" in output or "cannot set groups" in output:
        return "su: it is not installed setuid root on this host"
    if _words.not_found(output, (become.exe or "su").split()[0]):
        return "su: command not found on this host"
    return _required(become) if PROMPT in output and not become.password else None


def _required(become: Become) -> str:
    return f"su: a password is required to become {become.user} (give one with -K or ansible_become_password)"
