"""What a run's checkpoints, its base and its trained model are asked: found out before anything is trained."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.alignment.options import AlignmentOptions
from workbench.engines.catalogue import find_entry
from workbench.engines.engine import Request, Sampling
from workbench.errors import EvaluationError
from workbench.evaluation.asking import ask
from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.models import Models, Subject
from workbench.evaluation.options import EvaluationOptions, QuestionOptions
from workbench.evaluation.plan import Plan, find_questions, make_plan
from workbench.messages import user
from workbench.records import digest_json, read_json, write_json
from workbench.training.keeping import remove_folder
from workbench.workspace import Workspace

# What a choice is asked does not hang on which benchmarks come in the end.
_APART = {"benchmarks"}


@dataclass(frozen=True)
class Exam:
    """`data` is the data run's uuid, empty where files of one's own are trained on; `compact` says that its rows are
    those of the embedded models, whose answers are compared word for word."""

    options: AlignmentOptions
    workspace: Workspace
    base: Path
    data: str = ""
    compact: bool = False

    @property
    def judged(self) -> bool:
        """Whether somebody is there whose ratings tell one checkpoint from another; the embedded judge's do not."""
        known = find_entry(self.options.judge_model)
        return bool(self.options.judge_endpoint_url) or not (known and known.embedded)

    @property
    def final(self) -> Plan:
        """Of base and trained model, all benchmarks that are wished for or have questions."""
        return self.plan(self.options.benchmarks)

    def count(self, name: str) -> int:
        """How many questions a benchmark has."""
        return len(find_questions(self.asking(), self.workspace, name))

    def plan(self, names: Sequence[str]) -> Plan:
        """With the base in the place of the model that is still to be made; raises as an evaluation would."""
        return make_plan(self.asking(names), self.workspace)

    def asking(self, names: Sequence[str] = ()) -> EvaluationOptions:
        shared = {name: getattr(self.options, name) for name in QuestionOptions.model_fields}
        fixed = {"benchmarks": [*names], "seed": self.options.seed, "name": self.options.name}
        return EvaluationOptions(**shared | fixed | {"model": str(self.base), "data": self.data})

    def inputs(self, name: str) -> dict[str, str]:
        """Digests of what chooses by a benchmark: its questions, the judge, and how they are asked."""
        found = self.plan([name]).inputs()
        return {key: digest for key, digest in found.items() if key != "trained"} | {"asking": self._settings}

    def begin(self, folder: Path) -> None:
        """Make the folder for the journals of the final benchmarks; what was answered there to other questions, or
        rated by another judge, goes."""
        asked, path = self.final.inputs() | {"asking": self._settings}, folder / "inputs.json"
        before = read_json(path) if path.is_file() else {}
        if any(before.get(name, digest) != digest for name, digest in asked.items()):
            remove_folder(folder)
            before = {}
        write_json(path, before | asked)

    def check_judge(self, names: Sequence[str]) -> None:
        """EndpointError where the judge of one of these benchmarks lives behind an endpoint and does not answer."""
        if not self.options.judge_endpoint_url or not any(benchmark(name).way == "ratings" for name in names):
            return
        from workbench.engines import endpoint_settings, open_engine

        endpoint = endpoint_settings(self.options, "judge_")
        trial = Request("a trial of the judge", messages=(user("Say yes."),), sampling=Sampling(max_tokens=1))
        with closing(open_engine(self.options.judge_model, endpoint=endpoint)) as engine:
            ask(engine, [trial], lambda completion: None, _too_long)

    @property
    def _settings(self) -> str:
        """A digest of how questions are asked, whichever they are."""
        settings = {key: value for key, value in self.asking().result_values().items() if key not in _APART}
        return digest_json(settings)


def _too_long(tag: str, reason: str) -> None:
    raise EvaluationError(f"{tag}: {reason}", hint="name another judge")


def seated(plan: Plan, trained: Path, name: str, base: Path | None = None) -> Plan:
    """The same questions for a checkpoint or the trained model of that name, beside its base or alone."""
    subjects = Subject("trained", name, str(trained)), Subject("base", base.name, str(base)) if base else None
    return replace(plan, models=Models(*subjects, run=None))
