"""Questions to the user on the terminal: vars_prompt, pause, and --step."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from runner.arguments import ArgumentError, to_bool
from runner.errors import OptionError, TemplateError
from runner.model.playbook import Play, Playbook, Prompt
from runner.model.ports import Reporter
from runner.model.quick import dataclass
from runner.vault.contents import names_a_secret

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


Render = Callable[[Any, Play], Any]
"""A keyword's value, rendered with what a play knows before any host does."""
Given = Callable[[str, str], "str | None"]
"""What is known to be answered in a play (its id) to the question for a variable; None: that has to be asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question. `text`: what was typed, or the default; `value`: what the variable is then.

    `private`: it was not shown while it was typed. `secret`: the words that nobody may see, "" without any."""

    text: str
    value: Any
    private: bool = True
    secret: str = ""


Answers = Mapping[str, Mapping[str, Answer]]
"""By the id of the play, and by variable."""


def values_of(answers: Answers) -> dict[str, dict[str, Any]]:
    """The variables, by play."""
    return {play: {name: answer.value for name, answer in made.items()} for play, made in answers.items()}


def secrets_of(answers: Answers) -> list[str]:
    """What was typed unseen or stands for it (defaults of prompts whose name says that they are secret)."""
    return [answer.secret for made in answers.values() for answer in made.values() if answer.secret]


def secrets_in(playbook: Playbook, extra_vars: Mapping[str, Any], render: Render) -> list[str]:
    """What extra variables answer that would not have been shown."""
    return [
        str(given)
        for play in playbook.plays
        for prompt in play.vars_prompt
        if type(given := extra_vars.get(prompt.name)) in (str, int) and _is_private(prompt, play, render)
    ]


def ask_all(
    playbook: Playbook,
    extra_vars: Mapping[str, Any],
    render: Render,
    given: Given = lambda _play, _name: None,
    seal: bytes = b"",
) -> dict[str, dict[str, Answer]]:
    """The answers to `vars_prompt`; what extra variables answer, or what is `given`, is not asked. Literal text.

    `seal`: salts that nobody gave are made of this key, so that who has it and the same answers has the same hashes.
    Raises `OptionError` when there is no terminal and no default, and `StepError` for fields that cannot be rendered.
    Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_prompts.html
    """
    answers: dict[str, dict[str, Answer]] = {}
    for play in playbook.plays:
        asked = [prompt for prompt in play.vars_prompt if prompt.name not in extra_vars]
        rendered = [_rendered(prompt, play, render) for prompt in asked]
        answers[play.id] = {one.name: _ask_one(one, given(play.id, one.name), seal) for one in rendered}
    return answers


def _is_private(prompt: Prompt, play: Play, render: Render) -> bool:
    try:
        return to_bool(render(prompt.private, play))
    except ArgumentError:
        return True


def _rendered(prompt: Prompt, play: Play, render: Render) -> Prompt:
    made = {field.name: render(getattr(prompt, field.name), play) for field in fields(prompt) if field.name != "span"}
    try:
        flags = {name: to_bool(made[name]) for name in ("private", "confirm")}
    except ArgumentError as error:
        raise OptionError(f"{prompt.span}: vars_prompt {prompt.name!r}: {error}") from None
    return replace(prompt, **{**made, **flags})


def _ask_one(prompt: Prompt, given: str | None, seal: bytes) -> Answer:
    default = None if prompt.default is None else str(prompt.default)
    typed = _typed(prompt, default) if given is None else given
    text = typed or default or ""
    secret = text if prompt.private and (typed or names_a_secret(prompt.name)) else ""
    return Answer(text, _hashed(prompt, text, seal) if prompt.encrypt else text, bool(prompt.private), secret)


def _hashed(prompt: Prompt, text: str, seal: bytes) -> str:
    """The answer as a password's hash. Raises OptionError."""
    from runner.template.filters_crypto import password_hash, salt_from

    size = None if prompt.salt_size is None else int(prompt.salt_size)
    salt = prompt.salt
    if salt is None and seal:
        salt = salt_from(seal, str(prompt.name), str(prompt.encrypt), size)
    try:
        return password_hash(text, str(prompt.encrypt), salt, size)
    except TemplateError as error:
        raise OptionError(f"{prompt.span}: vars_prompt {prompt.name!r}: {error}") from None


def _typed(prompt: Prompt, default: str | None) -> str:
    """What the user typed; nothing where there is no terminal and there is a default."""
    shown = str(prompt.prompt) if prompt.prompt else f"input for {prompt.name}"
    if default is not None:
        hidden = prompt.private and names_a_secret(prompt.name)
        shown += f" [{'********' if hidden else default}]"
    while True:
        answer = ask_user(shown, not prompt.private)
        if answer is None:
            if default is None:
                hint = f"give it with -e {prompt.name}=…"
                raise OptionError(f"vars_prompt {prompt.name!r} cannot be asked: there is no terminal ({hint})")
            return ""
        if prompt.confirm and ask_user(f"confirm {shown}", not prompt.private) != answer:
            print("***** VALUES ENTERED DO NOT MATCH ****", file=sys.stderr)
            continue
        return answer
