"""How a judge is asked to rate an answer from 1 to 10, and how its rating is read."""

import re
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workbench.engines.catalogue import find_entry
from workbench.records import digest_json

_RATING = re.compile(r"\[\[(\d+(?:\.\d+)?)\]\]")
# The compact form asks for the rating alone, the full one for a reason as well.
LONGEST = {"compact": 16, "full": 512}
_NUMBER = 'rating ::= "[[" ("10" | [1-9]) "]]"'
# Reasons are free but for a pair of brackets, and each of their lines ends.
GRAMMARS = {
    "compact": f"root ::= rating\n{_NUMBER}",
    "full": f'root ::= line+ rating\nline ::= ([^\\[\\n] | "[" [^\\[\\n])* "\\n"\n{_NUMBER}',
}


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


@cache
def judge_prompts() -> dict[str, str]:
    """The prompts by name, as they are written in judge.yaml."""
    found: dict[str, str] = yaml.safe_load(resources.files(__package__).joinpath("judge.yaml").read_text("utf-8"))
    return found


def form_digest(form: str) -> str:
    """Of all prompts of a form."""
    return digest_json({name: text for name, text in judge_prompts().items() if name.split("_")[0] == form})


def judge_prompt(form: str, **columns: Any) -> str:
    """The prompt for `question`, `answer` and `reference`, which may be empty; `before` are the turns before, each with
    the same three.

    In the compact form only the last paragraph of the question is shown: a small judge was taught without passages, and
    the reference says what is right.
    """
    if form == "compact":
        columns["question"] = columns["question"].rsplit("\n\n", 1)[-1]
    later = "_later" if form == "full" and columns["before"] else ""
    return render(f"{form}{later}" if columns["reference"] else f"{form}{later}_open", **columns)


def render(name: str, **columns: Any) -> str:
    return _environment().from_string(judge_prompts()[name]).render(**columns)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
