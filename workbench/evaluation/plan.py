"""What is going to be asked of whom: found out, read and checked before any model is loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from workbench.assets import assets_folder
from workbench.errors import EvaluationError, NotFoundError
from workbench.evaluation.banks import OWN, Bank, read_bank
from workbench.evaluation.benchmarks import Benchmark, Who, all_benchmarks, benchmark
from workbench.evaluation.conversations import Conversations, read_conversations
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.judge import form_digest, judge_form
from workbench.evaluation.lessons import data_files, row_questions, training_files
from workbench.evaluation.models import Models, find_judge, find_models, model_digest
from workbench.evaluation.options import EvaluationOptions
from workbench.evaluation.papers import Answers, Paper, Sheet
from workbench.evaluation.questions import (
    Question,
    check_leaves,
    digest_questions,
    read_choices,
    read_heldout,
    read_seed_answers,
    read_seeds,
)
from workbench.runs import Run
from workbench.taxonomy.tree import read_taxonomy
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Plan:
    """`questions` by benchmark, none of them empty; `skipped` says why a benchmark has none; `form` is the judge's.

    Where nothing is to be rated, `judge` and `form` are empty. `papers` say how multiple choice is put; `sets` have the
    questions of mmlu and mt_bench.
    """

    models: Models
    judge: str
    form: str
    questions: dict[str, list[Question]]
    skipped: dict[str, str]
    papers: dict[str, Paper]
    sets: dict[str, Bank | Conversations]
    reading_trained: bool

    @property
    def benchmarks(self) -> list[Benchmark]:
        return [self._named(benchmark(name)) for name in self.questions]

    def _named(self, asked: Benchmark) -> Benchmark:
        found = self.sets.get(asked.name)
        return replace(asked, title=found.title, set=found.set) if found else asked

    def asks(self, wanted: Benchmark, who: Who) -> bool:
        """A control is for the base; without a base the model stands in for it."""
        return who == "base" or not wanted.control or self.reading_trained or self.models.base is None

    def inputs(self) -> dict[str, str]:
        """Digests of questions with their examples and of models, and of judge and prompt where something is rated."""
        found = {f"questions/{name}": digest_questions(questions) for name, questions in self.questions.items()}
        bank = self.sets.get("mmlu")
        if isinstance(bank, Bank) and bank.examples:
            found["examples/mmlu"] = digest_questions(list(chain(*bank.examples.values())))
        found |= {subject.who: subject.digest for subject in self.models.subjects}
        if self.judge:
            found["judge"] = model_digest(self.judge)
            found["judge_prompt"] = form_digest(self.form)
        return found


def make_plan(options: EvaluationOptions, workspace: Workspace) -> Plan:
    """EvaluationError when a benchmark that was named has no questions, or none at all has any."""
    models = find_models(options, workspace)
    sources = _Sources(options, workspace, models.run)
    questions: dict[str, list[Question]] = {}
    skipped: dict[str, str] = {}
    for asked in all_benchmarks():
        if options.benchmarks and asked.name not in options.benchmarks:
            continue
        if found := sources.read(asked.name):
            questions[asked.name] = found
        else:
            skipped[asked.name] = sources.why_empty(asked.name)
    _check(options, questions, skipped)
    judge = find_judge(options, workspace) if _rates(questions) else ""
    form = judge_form(options.judge_prompt, judge) if judge else ""
    papers = {name: sources.paper(name, questions[name]) for name in questions if benchmark(name).way == "choices"}
    return Plan(models, judge, form, questions, skipped, papers, sources.sets, options.reading_trained)


def find_questions(options: EvaluationOptions, workspace: Workspace, name: str) -> list[Question]:
    """Those of one benchmark, none where it has none; no model and no judge is looked for."""
    return _Sources(options, workspace, None).read(name)


def _rates(questions: Mapping[str, Sequence[Question]]) -> bool:
    return any(benchmark(name).way == "ratings" for name in questions)


def _check(options: EvaluationOptions, questions: dict[str, list[Question]], skipped: dict[str, str]) -> None:
    empty = {name: skipped[name] for name in options.benchmarks if name in skipped}
    if empty or not questions:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in (empty or skipped).items())
        raise EvaluationError(f"there are no questions: {reasons}", hint="leave it out, or name a run that has some")


class _Sources:
    """Reads the questions of each benchmark; a proof file that two benchmarks need is read for each."""

    def __init__(self, options: EvaluationOptions, workspace: Workspace, trained: Run | None) -> None:
        self._options = options
        self._workspace = workspace
        self._trained = trained
        self.sets: dict[str, Bank | Conversations] = {}
        self._untrained = ""
        self._readers: dict[str, Callable[[], list[Question]]] = {
            "proof": lambda: self._proof(with_passage=False),
            "reading": lambda: self._proof(with_passage=True),
            "mmlu": self._mmlu,
            "mmlu_branch": self._mmlu_branch,
            "heldout": self._heldout,
            "seeds": self._seed_answers,
            "rows": self._rows,
            "mt_bench": self._conversations,
            "mt_bench_branch": self._seeds,
        }

    def read(self, name: str) -> list[Question]:
        return self._readers[name]()

    def paper(self, name: str, questions: Sequence[Question]) -> Paper:
        """Letters as usual, but whole answers of models that were made for these."""
        options = self._options
        if name not in ("mmlu", "mmlu_branch"):
            return Answers()
        bank = self.sets.get(name)
        own = bank.set == OWN if bank else self._compact
        form = options.choices_form if options.choices_form != "auto" else ("answers" if own else "letters")
        if form == "answers":
            return Answers()
        given = bank.examples if isinstance(bank, Bank) else {}
        texts, chat = form == "texts", options.apply_chat_template
        return Sheet(Examples(questions, given), options.few_shots, texts=texts, chat=chat)

    def why_empty(self, name: str) -> str:
        if name == "mt_bench_branch":
            return f"{self._taxonomy} has no skills with seed examples"
        if name == "seeds":
            return f"{self._taxonomy} has no seed examples whose answers can be compared"
        if name == "rows":
            if not self._trained and not self._data:
                return "the model is no run of this workspace, and no data run was named"
            return self._untrained or "the training files have no rows of one question and one answer"
        if name in ("mmlu", "mt_bench"):
            return "it holds none"
        if name in ("proof", "reading"):
            if self._options.proof:
                return f"{self._options.proof} holds no question" + (" with a passage" if name == "reading" else "")
            return "the data run has none of the sample's leaves, and no proof was named"
        if self._data:
            return f"the data run {self._data.folder.name} has none"
        gone = self._trained_on.get("id")
        return f"the data run {self._trained_on['name']} has been deleted" if gone else "no data run was named"

    @cached_property
    def _data(self) -> Run | None:
        """The one that was named, else the one that was trained on, where it has not been deleted."""
        if self._options.data:
            return self._workspace.get("synthetic_data", self._options.data)
        return next(
            (run for run in self._workspace.runs("synthetic_data") if run.id == self._trained_on.get("id")), None
        )

    @property
    def _trained_on(self) -> dict[str, str]:
        return self._trained.manifest.get("data", {}) if self._trained and self._trained.done else {}

    @property
    def _compact(self) -> bool:
        """Whether the questions of the data run were written in the embedded models' flow."""
        return bool(self._data and self._data.manifest.get("flow") == "compact")

    @cached_property
    def _leaves(self) -> list[str]:
        return [str(leaf["path"]) for leaf in self._data.manifest["leaves"]] if self._data else []

    @property
    def _taxonomy(self) -> Path:
        named = self._options.taxonomy_path
        return self._workspace.resolve(named) if named else self._workspace.taxonomy

    def _proof(self, *, with_passage: bool) -> list[Question]:
        if not self._options.proof:
            folder = assets_folder() / "proof"
            paths = [folder / f"{leaf.replace('/', '_')}.jsonl" for leaf in self._leaves]
            return read_choices([path for path in paths if path.is_file()], with_passage=with_passage)
        path = self._workspace.resolve(self._options.proof)
        if not path.exists():
            raise NotFoundError(f"there are no proof questions {path}", hint="give a folder of JSONL files, or one")
        found = read_choices(_jsonl_files(path), with_passage=with_passage)
        return self._checked(found, self._options.proof)

    def _mmlu(self) -> list[Question]:
        bank = read_bank(self._options.mmlu_data, self._workspace.resolve).pick(self._options.mmlu_subjects)
        self.sets["mmlu"] = bank
        return bank.questions

    def _conversations(self) -> list[Question]:
        found = read_conversations(self._options.mt_bench_data, self._workspace.resolve)
        self.sets["mt_bench"] = found
        return found.questions

    def _mmlu_branch(self) -> list[Question]:
        folder = self._data.folder / "mmlu_branch" if self._data else None
        return self._checked(read_choices(_jsonl_files(folder)), f"{folder}") if folder else []

    def _heldout(self) -> list[Question]:
        path = self._data.folder / "heldout.jsonl" if self._data else None
        return self._checked(read_heldout(path), f"{path}") if path else []

    def _seeds(self) -> list[Question]:
        if self._options.taxonomy_path and not self._taxonomy.is_dir():
            raise NotFoundError(f"there is no taxonomy {self._taxonomy}", hint="give the folder that its leaves lie in")
        return read_seeds(read_taxonomy(self._taxonomy)) if self._taxonomy.is_dir() else []

    def _seed_answers(self) -> list[Question]:
        return read_seed_answers(read_taxonomy(self._taxonomy)) if self._taxonomy.is_dir() else []

    def _rows(self) -> list[Question]:
        """Of what the model was trained on; of another one those of the data run that was named."""
        self._untrained = ""
        trained = self._trained if self._trained and self._trained.done else None
        try:
            if not trained:
                return row_questions(data_files(self._data.folder)) if self._data else []
            return row_questions(training_files(trained.inputs, trained.manifest, self._workspace))
        except NotFoundError as error:
            self._untrained = error.message
            return []

    def _checked(self, questions: list[Question], source: str) -> list[Question]:
        if self._data:
            check_leaves(questions, self._leaves, source)
        return questions


def _jsonl_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.jsonl"))
