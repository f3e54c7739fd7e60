"""Answers rated by a judge, turn by turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.engines.engine import Completion, Engine, Request, Sampling
from workbench.evaluation.answers import seed_of
from workbench.evaluation.asking import ask
from workbench.evaluation.journal import Journal, Row, failure
from workbench.evaluation.judge import GRAMMARS, LONGEST, judge_prompt, parse_rating
from workbench.evaluation.questions import Key, Question
from workbench.messages import user

# An answer that is not in form is asked for once more, drawn this time: the likeliest one would be the same again.
_TEMPERATURES = (0.0, 0.7)
Rows = Mapping[Key, Row]


@dataclass(frozen=True)
class Judging:
    """The `form` of the prompts, whether a grammar holds the judge to it where its engine can, and the seed."""

    form: str
    grammar: bool = False
    seed: int = 0


def rate(engine: Engine, questions: Sequence[Question], answers: Rows, journal: Journal, judging: Judging) -> None:
    """Journals the judgement and the rating of the answer to every part of the questions, None for a judgement that is
    not in form twice. An answer that failed is not judged, and what does not fit the judge's context is kept as
    failed."""
    bench = _Bench(engine, questions, answers, journal, judging)
    ask(engine, bench.begin(), bench.heard, bench.refused)


def rated(question: Question, answers: Rows, judgements: Rows) -> Row:
    """The whole item, when all its turns are judged: `turns`, `references`, `answers`, `judgements`, `ratings` and
    `failures` by turn, each None where there is none; `failed` where no turn could be rated for such a reason."""
    parts = [part.key for part in question.parts()]
    failures: list[str | None] = [judgements[key].get("failed") for key in parts]
    row: dict[str, Any] = {
        "category": question.category,
        "turns": list(question.turns),
        "references": list(question.references),
        "answers": [answers[key].get("answer") for key in parts],
        "judgements": [judgements[key].get("judgement") for key in parts],
        "ratings": [judgements[key].get("rating") for key in parts],
        "failures": failures,
    }
    return row | {"failed": failures[0]} if all(failures) else row


class _Bench:
    """`_left` are the parts without a judgement by tag, `_drawn` the tags that were asked for again."""

    def __init__(
        self, engine: Engine, questions: Sequence[Question], answers: Rows, journal: Journal, judging: Judging
    ) -> None:
        self._answers = answers
        self._journal = journal
        self._judging = judging
        self._before = {
            part.key: question.parts()[:turn] for question in questions for turn, part in enumerate(question.parts())
        }
        parts = [part for question in questions for part in question.parts()]
        self._left = {part.tag: part for part in journal.left(parts)}
        self._drawn: set[str] = set()
        follows = judging.grammar and "grammar" in engine.capabilities
        self._grammar = GRAMMARS[judging.form] if follows else ""

    def begin(self) -> list[Request]:
        requests = []
        for tag, part in self._left.items():
            if reason := self._answers[part.key].get("failed"):
                self._journal.keep(part, failure(reason))
            else:
                requests.append(self._request(tag, 0))
        return requests

    def heard(self, completion: Completion) -> Request | None:
        tag, text = completion.request.tag, completion.text.strip()
        rating = parse_rating(text)
        if rating is None and tag not in self._drawn:
            self._drawn.add(tag)
            return self._request(tag, 1)
        self._journal.keep(self._left[tag], {"judgement": text, "rating": rating})
        return None

    def refused(self, tag: str, reason: str) -> None:
        self._journal.keep(self._left[tag], failure(f"the judge could not read it: {reason}"))

    def _request(self, tag: str, attempt: int) -> Request:
        part, judging = self._left[tag], self._judging
        prompt = judge_prompt(
            judging.form, before=[self._shown(each) for each in self._before[part.key]], **self._shown(part)
        )
        return Request(
            tag,
            messages=(user(prompt),),
            sampling=Sampling(max_tokens=LONGEST[judging.form], temperature=_TEMPERATURES[attempt]),
            seed=seed_of(judging.seed, "judge", tag, str(attempt)),
            grammar=self._grammar,
        )

    def _shown(self, part: Question) -> dict[str, str]:
        return {"question": part.asked, "reference": part.expected, "answer": self._answers[part.key]["answer"]}
