"""Question and answer of a seed example."""

from collections.abc import Callable
from typing import Any

from workbench.taxonomy.content_rules import PAIR_WORDS
from workbench.taxonomy.yaml_file import Keys
from workbench.widgets.field import Field, Put, column
from workbench.widgets.finding_places import ByPlace
from workbench.widgets.panel import button

_ROWS = 2


class PairForm:
    """`number` counts from 1 among several pairs; 0 stands for the one pair of a skill's example."""

    def __init__(self, number: int, put: Put, remove: Callable[[], None]) -> None:
        counted = f" {number}" if number else ""
        self.question = Field(f"Question{counted}:", put, rows=_ROWS, advised=PAIR_WORDS)
        self.answer = Field(f"Answer{counted}:", put, rows=_ROWS, advised=PAIR_WORDS)
        children = [self.question.widget, self.answer.widget]
        if number:
            out = button(f"Remove pair {number}")
            out.on_click(lambda pressed: remove())
            children.append(out)
        self.widget = column(children, "workbench-pair")

    @property
    def places(self) -> list[str]:
        return [self.question.place, self.answer.place]

    def show(self, get: Callable[[Keys], Any], keys: Keys) -> None:
        for field, name in ((self.question, "question"), (self.answer, "answer")):
            field.show(get((*keys, name)), (*keys, name))

    def tell(self, found: ByPlace) -> None:
        for field in (self.question, self.answer):
            field.tell(found.get(field.place, ()))
