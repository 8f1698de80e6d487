"""Questions to the user on the terminal: vars_prompt, pause, and --step."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from runner.errors import OptionError
from runner.model.playbook import Playbook, Prompt
from runner.model.ports import Reporter
from runner.model.quick import dataclass

T = TypeVar("T")


@dataclass(slots=True)
class Screen:
    """The terminal while reporters write to it: they hold still as long as somebody is asked something.

    `catch_up` shows first what has happened so far. `stepping` ends when a step is answered with (c)ontinue.
    """

    reporters: Sequence[Reporter]
    catch_up: Callable[[], None] = lambda: None
    stepping: bool = True

    def ask(self, prompt: str, echo: bool) -> str | None:
        """The user's answer; None if there is no terminal."""
        return self._alone(lambda: ask_user(prompt, echo))

    def confirm(self, task: str) -> str:
        """`--step`: `y` to run the task, `n` to skip it; nothing is asked any more after a (c)ontinue.

        Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_startnstep.html#step-mode
        """
        if not self.stepping:
            return "y"
        answer = (self.ask(f"Perform task: {task} (N)o/(y)es/(c)ontinue", True) or "").strip().lower()
        self.stepping = answer not in ("c", "continue")
        return "y" if answer in ("y", "yes", "c", "continue") else "n"

    def _alone(self, ask: Callable[[], T]) -> T:
        self.catch_up()
        for reporter in self.reporters:
            getattr(reporter, "suspend", lambda: None)()
        try:
            return ask()
        finally:
            for reporter in self.reporters:
                getattr(reporter, "resume", lambda: None)()


def ask_user(prompt: str, echo: bool) -> str | None:
    """Ask on the terminal; None if there is none."""
    if not sys.stdin or not sys.stdin.isatty():
        return None
    try:
        return input(f"{prompt}: ") if echo else getpass.getpass(f"{prompt}: ")
    except EOFError:
        print(file=sys.stderr)
        return None


def ask_all(playbook: Playbook, extra_vars: Mapping[str, Any], secret: Callable[[str], None]) -> dict[str, Any]:
    """The answers to `vars_prompt` of all plays; what extra variables answer is not asked. Literal text.

    `secret` learns what was typed unseen. Raises `OptionError` when there is no terminal and no default.
    """
    answers: dict[str, Any] = {}
    for play in playbook.plays:
        for prompt in play.vars_prompt:
            if prompt.name in extra_vars or prompt.name in answers:
                continue
            answer = _ask_one(prompt)
            if prompt.private and answer:
                secret(str(answer))
            answers[prompt.name] = answer
    return answers


def _ask_one(prompt: Prompt) -> Any:
    shown = prompt.prompt or prompt.name
    if prompt.default is not None:
        shown += f" [{prompt.default}]" if not prompt.private else " [default]"
    while True:
        answer = ask_user(shown, not prompt.private)
        if answer is None:
            if prompt.default is None:
                hint = f"give it with -e {prompt.name}=…"
                raise OptionError(f"vars_prompt {prompt.name!r} cannot be asked: there is no terminal ({hint})")
            return prompt.default
        if prompt.confirm and ask_user(f"confirm {shown}", not prompt.private) != answer:
            print("***** VALUES ENTERED DO NOT MATCH ****", file=sys.stderr)
            continue
        return answer or prompt.default or ""
