"""Puts the questions of a plan to its models, one model open at a time, and the answers to the judge."""

from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from workbench.engines.engine import Engine
from workbench.evaluation.abilities import check_able
from workbench.evaluation.answers import Answering, answer
from workbench.evaluation.benchmarks import Benchmark, Who
from workbench.evaluation.choices import choose
from workbench.evaluation.dialogues import converse
from workbench.evaluation.journal import Journal, Row, read_rows
from workbench.evaluation.models import Subject
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.plan import Plan
from workbench.evaluation.progress import Progress
from workbench.evaluation.questions import Question
from workbench.evaluation.ratings import Judging, rate, rated


def journal_path(artifacts: Path, name: str, who: str, part: str = "") -> Path:
    """Where an item's row goes; `answers` and `judgements` of what is rated have journals with a row for each turn."""
    return artifacts / f"{name}_{who}{f'_{part}' if part else ''}.jsonl"


class Examination:
    """What is in the journals already is not asked again; a model that has nothing left to say is not opened."""

    def __init__(self, plan: Plan, options: EvaluationOptions, artifacts: Path, progress: Progress) -> None:
        self._plan = plan
        self._options = options
        self._artifacts = artifacts
        self._progress = progress

    def check(self) -> None:
        """EvaluationError where an endpoint cannot do what it will be asked for; a file is looked at when it is opened,
        which may take long."""
        for subject in self._plan.models.subjects:
            if subject.endpoint and (left := self._left(subject)):
                self._progress.say(f"Trying out what {subject.name} can do.")
                with closing(subject.open(self._options)) as engine:
                    check_able(engine, left, self._plan.papers, served=True)

    def ask(self, subject: Subject) -> None:
        """All benchmarks of one model; answers that are to be rated wait for the judge."""
        left = self._left(subject)
        if not left:
            return
        self._progress.say(f"Opening the {subject.who} model, {subject.name}.")
        with closing(subject.open(self._options)) as engine:
            if not subject.endpoint:
                check_able(engine, left, self._plan.papers)
            for each in left:
                self._ask(engine, each, subject.who)

    def judge(self) -> None:
        """Rates the answers of all models that have been asked."""
        wanted = [each for each in self._plan.benchmarks if each.way == "ratings"]
        pairs = [(each, subject.who) for each in wanted for subject in self._plan.models.subjects]
        left = [(each, who) for each, who in pairs if len(self.rows(each, who)) < len(self._plan.questions[each.name])]
        if not left:
            return
        self._progress.say(f"Opening the judge, {Path(self._plan.judge).name}.")
        with closing(self._open_judge()) as engine:
            for each, who in left:
                self._rate(engine, each, who)

    def rows(self, each: Benchmark, who: Who) -> list[Row]:
        """The finished items in the order of the questions."""
        found = read_rows(journal_path(self._artifacts, each.name, who))
        return [found[question.key] for question in self._plan.questions[each.name] if question.key in found]

    def _ask(self, engine: Engine, each: Benchmark, who: Who) -> None:
        questions, options = self._plan.questions[each.name], self._options
        with Journal(self._path(each, who), self._progress.follow(each, who, _rows(each, questions))) as journal:
            if each.way == "choices":
                choose(engine, questions, journal, self._plan.papers[each.name])
            elif each.way == "answers":
                answer(engine, questions, journal, Answering(options.max_tokens, options.seed, each.loose))
            else:
                converse(engine, questions, journal, max_tokens=options.max_tokens, seed=options.seed)

    def _rate(self, engine: Engine, each: Benchmark, who: Who) -> None:
        """A row of an item is written when all its turns are rated."""
        questions, options = self._plan.questions[each.name], self._options
        answers = read_rows(self._path(each, who))
        judging = Judging(self._plan.form, options.judge_grammar, options.seed)
        follow = self._progress.follow(each, who, _rows(each, questions), doing="rated")
        with Journal(journal_path(self._artifacts, each.name, who, "judgements"), follow) as journal:
            rate(engine, questions, answers, journal, judging)
            judgements = journal.rows
        with Journal(journal_path(self._artifacts, each.name, who), lambda done: None) as items:
            for question in items.left(questions):
                items.keep(question, rated(question, answers, judgements))

    def _path(self, each: Benchmark, who: Who) -> Path:
        return journal_path(self._artifacts, each.name, who, "answers" if each.way == "ratings" else "")

    def _left(self, subject: Subject) -> list[Benchmark]:
        wanted = [each for each in self._plan.benchmarks if self._plan.asks(each, subject.who)]
        return [each for each in wanted if self._unanswered(each, subject.who)]

    def _unanswered(self, each: Benchmark, who: Who) -> bool:
        found, questions = read_rows(self._path(each, who)), self._plan.questions[each.name]
        parts = chain(*(question.parts() for question in questions)) if each.way == "ratings" else questions
        return any(part.key not in found for part in parts)

    def _open_judge(self) -> Engine:
        from workbench.engines import endpoint_settings, open_engine

        endpoint = endpoint_settings(self._options, "judge_")
        return open_engine(self._plan.judge, endpoint=endpoint, machine=self._options)


def _rows(each: Benchmark, questions: Sequence[Question]) -> int:
    """How many rows the journal of what is asked has in the end: of what is rated one for each turn."""
    return sum(len(question.turns) for question in questions) if each.way == "ratings" else len(questions)
