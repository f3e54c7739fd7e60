"""Puts the questions of a plan to its models, one model open at a time, and the answers to the judge."""

from contextlib import closing
from pathlib import Path

from workbench.engines.engine import Engine
from workbench.evaluation.answers import Sitting, answer, asked, compared, kept
from workbench.evaluation.benchmarks import Benchmark, Who
from workbench.evaluation.choices import choose
from workbench.evaluation.journal import Journal, Row, failure, read_rows
from workbench.evaluation.judge import judging
from workbench.evaluation.models import Subject
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.plan import Plan
from workbench.evaluation.progress import Progress


def journal_path(artifacts: Path, name: str, who: str, *, answers: bool = False) -> Path:
    """Where an item's row goes; answers that wait for the judge have a journal of their own."""
    return artifacts / f"{name}_{who}{'_answers' if answers else ''}.jsonl"


class Examination:
    """What is in the journals already is not asked again; a model that has nothing left to say is not opened."""

    def __init__(self, plan: Plan, options: EvaluationOptions, artifacts: Path, progress: Progress) -> None:
        self._plan = plan
        self._options = options
        self._artifacts = artifacts
        self._progress = progress

    def ask(self, subject: Subject) -> None:
        """All benchmarks of one model; its answers to seed examples wait for the judge."""
        wanted = [each for each in self._plan.benchmarks if self._plan.asks(each, subject.who)]
        left = [each for each in wanted if self._unanswered(each, subject.who)]
        if not left:
            return
        self._progress.say(f"Opening the {subject.who} model, {subject.name}.")
        with closing(self._open(subject.model)) as engine:
            for each in left:
                self._ask(engine, each, subject.who)

    def judge(self) -> None:
        """Rates the answers of all models that have been asked."""
        rated = [each for each in self._plan.benchmarks if each.way == "ratings"]
        pairs = [(each, subject.who) for each in rated for subject in self._plan.models.subjects]
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
        questions = self._plan.questions[each.name]
        with Journal(self._path(each, who), self._progress.follow(each, who, len(questions))) as journal:
            if each.way == "choices":
                choose(engine, questions, journal, self._plan.papers[each.name])
                return
            read = compared if each.way == "answers" else kept
            sitting = Sitting(asked, read, max_tokens=self._options.max_tokens, seed=self._options.seed)
            answer(engine, questions, journal, sitting)

    def _rate(self, engine: Engine, each: Benchmark, who: Who) -> None:
        questions = self._plan.questions[each.name]
        answers = read_rows(self._path(each, who))
        follow = self._progress.follow(each, who, len(questions), doing="rated")
        with Journal(journal_path(self._artifacts, each.name, who), follow) as journal:
            for question in journal.left(questions):
                if "failed" in answers[question.key]:
                    journal.keep(question, failure(answers[question.key]["failed"]))
            answer(engine, questions, journal, judging(self._plan.form, answers, self._options.seed))

    def _path(self, each: Benchmark, who: Who) -> Path:
        return journal_path(self._artifacts, each.name, who, answers=each.way == "ratings")

    def _unanswered(self, each: Benchmark, who: Who) -> bool:
        found = read_rows(self._path(each, who))
        return any(question.key not in found for question in self._plan.questions[each.name])

    def _open(self, model: str) -> Engine:
        from workbench.engines import open_engine

        return open_engine(model, machine=self._options)

    def _open_judge(self) -> Engine:
        from workbench.engines import endpoint_settings, open_engine

        endpoint = endpoint_settings(self._options, "judge_")
        return open_engine(self._plan.judge, endpoint=endpoint, machine=self._options)
