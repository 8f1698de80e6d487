"""What can be wrong for a user, as exceptions. Failures of tasks are values (`Outcome`), not exceptions.

PbrunError                 anything below; the command line prints it in plain words and exits with `exit_code`
├── InputErrors            mistakes in playbooks, inventories, variables: all of them, with their places (4)
│   └── SettingErrors      … in configuration files and environment (5)
├── OptionError            the command line makes no sense (5)
├── VaultError             encrypted data cannot be opened (1)
├── EnvironmentFault       this machine will not do it: unwritable log, full disk … (1)
│   └── JournalFault       the log cannot be written: nothing more is sent (8)
├── Interrupted            Ctrl-C or SIGTERM (99)
├── StepError              one step cannot be prepared or read; it fails with this text
│   ├── NoSuchLookup       … because a template asks for a lookup that does not exist
│   └── TemplateError      … because of a template: has a place and a kind
├── Unreachable            a host cannot be reached: certainly nothing ran there
│   └── SessionRefused     … by one more session: the connection is open and stays so
└── ConnectionLost         a connection broke: what was under way may have run
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from runner.model.span import NOWHERE, Problem, Span


class PbrunError(Exception):
    """The root: `str(error)` is for the user."""

    exit_code = 1


class InputErrors(PbrunError):
    """All mistakes found in the user's files, to be shown together. Exit code 4 is Ansible's for parser errors."""

    exit_code = 4

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{problem.span}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class SettingErrors(InputErrors):
    """All mistakes found in configuration files and environment."""

    exit_code = 5


class OptionError(PbrunError):
    """Options that make no sense, alone or together."""

    exit_code = 5


class VaultError(PbrunError):
    """Encrypted data that cannot be opened. `message` goes on behind a name: "is encrypted, and no secret opens it"."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint


class EnvironmentFault(PbrunError):
    """This machine or account cannot do what is needed."""


class JournalFault(EnvironmentFault):
    """The log cannot be written."""

    exit_code = 8


class LogMismatch(PbrunError):
    """The log of a run that is to go on holds steps (host and task) that the run does not come to."""

    def __init__(self, steps: Sequence[tuple[str, str]]) -> None:
        few = [f"  {host}: {task}" for host, task in steps[:10]]
        more = [f"  and {len(steps) - 10} more"] if len(steps) > 10 else []
        head = "the run cannot go on: its log holds results of steps that it does not come to any more"
        super().__init__("\n".join((head, *few, *more, "nothing was run; begin a new run, or see `pbrun retry`")))


class Interrupted(PbrunError):
    """The user stopped the run."""

    exit_code = 99


class StepError(PbrunError):
    """One step cannot go on; its outcome is FAILED with this message."""


class NoSuchLookup(StepError):
    """There is no lookup of this name: not even `errors='ignore'` makes that right (as in Ansible)."""


TemplateKind = Literal["undefined", "syntax", "recursion", "security", "type", "limit", "other"]


class TemplateError(StepError):
    """A template or expression could not be used. `span` is where it stands; `name` the undefined variable; `word`
    what the message is about, as it stands in the template."""

    def __init__(
        self, message: str, span: Span = NOWHERE, kind: TemplateKind = "other", name: str = "", word: str = ""
    ) -> None:
        super().__init__(message)
        self.span = span
        self.kind = kind
        self.name = name
        self.word = word or name


class Unreachable(PbrunError):
    """No connection (or no become shell) could be made; nothing was sent to a shell."""

    exit_code = 4

    def __init__(self, message: str, hint: str = "", *, become: bool = False) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.hint = hint
        self.become = become


class SessionRefused(Unreachable):
    """The host allows no further session on an open connection (sshd's MaxSessions); those it has go on."""


class ConnectionLost(PbrunError):
    """An open connection ended; whatever was sent may have run."""

    exit_code = 4
