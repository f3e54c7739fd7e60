"""The prompts that the embedded models are trained on: those of the compact flow and of the judge, rendered."""

from functools import cache
from importlib import resources
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

_DOCUMENT = "{{ document }}\n\n"
REPAIR_TASK = "Repair the spelling of a sentence."
REWORD_TASK = "Say a question in other words."
REPAIR = "Repair the spelling: "
ECHO = "Say this again: "
REWORD = "Say this in other words: "


@cache
def _prompts() -> dict[str, Template]:
    flow = yaml.safe_load(resources.files("workbench.generation").joinpath("flows/compact.yaml").read_text("utf-8"))
    judge = yaml.safe_load(resources.files("workbench.evaluation").joinpath("judge.yaml").read_text("utf-8"))
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    texts = {**flow["prompts"], "judge": judge["compact"]}
    # A later turn about the same document does not repeat it.
    texts.update({f"{name}, again": text.removeprefix(_DOCUMENT) for name, text in texts.items()})
    return {name: environment.from_string(text) for name, text in texts.items()}


def prompt(form: str, **columns: Any) -> str:
    """The prompt of a form, as generation and evaluation ask it; `<form>, again` leaves the document out."""
    return _prompts()[form].render(**columns)
