"""Answers to `vars_prompt` and saved plans: what a plan keeps of them, and whether those of now are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runner.model.options import Options
from runner.plans.saved import SavedPlan
from runner.plans.sources import digest

if TYPE_CHECKING:
    from runner.asking import Answers
    from runner.preparation import Prepared


def open_answers(answers: Answers) -> dict[str, dict[str, str]]:
    """Those that a plan keeps as they are: what was shown while it was typed."""
    return _by_play(answers, lambda one: None if one.private else one.text)


def private_answers(answers: Answers, seal: str) -> dict[str, dict[str, str]]:
    """Keyed digests of all others."""
    key = bytes.fromhex(seal)
    return _by_play(answers, lambda one: digest(key, one.text) if one.private else None)


def _by_play(answers: Answers, told: Any) -> dict[str, dict[str, str]]:
    made = {
        play: {name: text for name, one in by_name.items() if (text := told(one)) is not None}
        for play, by_name in answers.items()
    }
    return {play: by_name for play, by_name in made.items() if by_name}


def taken_out(plan: SavedPlan, options: Options) -> tuple[Options, dict[str, str]]:
    """The options without the variables (`-e`) that answer questions which were asked for the plan, and these: so a
    plan with private questions can be applied where nobody can be asked."""
    asked = {name for kept in (plan.answers, plan.private_answers) for by_name in kept.values() for name in by_name}
    given = {name: str(value) for name, value in options.extra_vars.items() if name in asked}
    if not given:
        return options, given
    left = {name: value for name, value in options.extra_vars.items() if name not in given}
    return replace(options, extra_vars=left), given


def asked_again(plan: SavedPlan, prepared: Prepared, given: Mapping[str, str]) -> Answers:
    """The answers of the plan; only what it does not keep is asked, if it is not `given`. Raises OptionError."""
    from runner.asking import ask_all

    def known(play: str, name: str) -> str | None:
        return given.get(name, plan.answers.get(play, {}).get(name))

    return ask_all(prepared.playbook, prepared.options.extra_vars, prepared.value, known, bytes.fromhex(plan.seal))


def differing(plan: SavedPlan, answers: Answers) -> Sequence[str]:
    """Which answers are not those that the plan was made with."""
    now = (open_answers(answers), private_answers(answers, plan.seal))
    names = dict.fromkeys(
        name
        for old, new in zip((plan.answers, plan.private_answers), now, strict=True)
        for play in {**old, **new}
        for name in {**old.get(play, {}), **new.get(play, {})}
        if old.get(play, {}).get(name) != new.get(play, {}).get(name)
    )
    return [
        f"the question for {name} (vars_prompt): the answer is not the one that the plan was made with"
        for name in names
    ]
