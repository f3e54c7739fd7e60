"""A judge rates answers from 1 to 10 against a reference."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.engines.catalogue import find_entry
from workbench.evaluation.answers import Sitting
from workbench.evaluation.journal import Row
from workbench.evaluation.questions import Key, Question

_RATING = re.compile(r"\[\[(\d+(?:\.\d+)?)\]\]")
# The compact form asks for the rating alone, the full one for a reason as well.
_LONGEST = {"compact": 16, "full": 512}


def parse_rating(text: str) -> float | None:
    """The number in double brackets, from 1 to 10; None when there is none or when there are different ones."""
    found = {float(number) for number in _RATING.findall(text)}
    rating = found.pop() if len(found) == 1 else None
    return rating if rating is not None and 1 <= rating <= 10 else None


def judge_form(form: str, judge: str) -> str:
    """`auto` asks a model of the compact flow as it was trained to be asked, any other one in full."""
    if form != "auto":
        return form
    known = find_entry(judge)
    return "compact" if known and known.flow == "compact" else "full"


def judge_prompts() -> dict[str, str]:
    """The prompts by form, as they are written in judge.yaml."""
    found: dict[str, str] = yaml.safe_load(resources.files(__package__).joinpath("judge.yaml").read_text("utf-8"))
    return found


def judging(form: str, answers: Mapping[Key, Row], seed: int) -> Sitting:
    """How a judge is asked about the answers that were journaled before."""

    def prompt(question: Question) -> str:
        answer = str(answers[question.key]["answer"])
        return render(form, question=question.asked, reference=question.expected, answer=answer)

    def read(question: Question, text: str) -> Row:
        given = answers[question.key]["answer"]
        said = {"expected": question.expected, "answer": given, "judgement": text.strip()}
        return {**said, "rating": parse_rating(text)}

    return Sitting(prompt, read, max_tokens=_LONGEST[form], seed=seed)


def render(form: str, **columns: Any) -> str:
    return _environment().from_string(judge_prompts()[form]).render(**columns)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
