"""doas: a shell as another user; it asks for a password on a terminal only (doas(1))."""

from __future__ import annotations

from typing import Final

from runner.become import _words
from runner.model.call import Become
from runner.model.ports import BecomeCommand

COLLECTION: Final = "community.general"
PROMPT: Final = "assword: "
WRONG: Final = ("Authentication failed",)


def command(become: Become, shell: str, prompt: str) -> BecomeCommand:  # noqa: ARG001 - doas' prompt is its own
    """`doas -u USER SHELL`; `-n` when there is no password."""
    user = _words.user(become)
    words = _words.split(become.exe or "doas", "become_exe")
    words += [word for word in _words.split(become.flags or "", "become_flags") if word != "-n"]
    words += [] if become.password else ["-n"]
    needs_tty = bool(become.password)
    return BecomeCommand(f"{_words.join([*words, '-u', user])} {shell}", PROMPT if needs_tty else "", needs_tty, WRONG)


def refusal(output: str, become: Become) -> str | None:
    """Why doas refused."""
    if "Authentication failed" in output:
        return f"doas: wrong password for becoming {become.user}"
    if "Authentication required" in output or "a tty is required" in output:
        return f"doas: a password is required to become {become.user} (give one with -K or ansible_become_password)"
    if "Operation not permitted" in output or "not enabled" in output:
        return f"doas: the login user may not become {become.user} (doas.conf does not allow it)"
    if "unknown user" in output:
        return f"doas: there is no user {become.user} on this host"
    if "not installed setuid" in output:
        return "doas: it is not installed setuid root on this host"
    if _words.not_found(output, (become.exe or "doas").split()[0]):
        return "doas: command not found on this host"
    return None
