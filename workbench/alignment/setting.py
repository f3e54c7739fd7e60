"""What an alignment starts from: its base, its data and its plan, found and checked before anything is written."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.alignment.choice import find_rule
from workbench.alignment.exam import Exam
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import Plan, data_sources, file_sources, make_plan, with_rules
from workbench.engines.catalogue import find_entry, resolve_folder
from workbench.errors import OptionsError
from workbench.records import digest_file, digest_folder
from workbench.runs import Run
from workbench.training.keeping import check_keeping
from workbench.training.phase_spec import PhaseSpec
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Setting:
    """Read when it is asked for; NotFoundError where there are no finished data, OptionsError where they do not
    suit."""

    options: AlignmentOptions
    workspace: Workspace

    @cached_property
    def base(self) -> Path:
        return resolve_folder(self.options.base_model, self.workspace.models)

    @cached_property
    def data(self) -> Run | None:
        """The data run; None where files of one's own are trained on."""
        if self.options.training_file:
            return None
        data = self.workspace.get("synthetic_data", self.options.data)
        teacher, student = find_entry(str(data.manifest["model"])), find_entry(self.options.base_model)
        if teacher and student and not teacher.suits(student.name):
            raise OptionsError(
                f"{student.name} cannot learn from what {teacher.name} wrote: they were not made for each other",
                hint=f"students of {teacher.name}: {', '.join(teacher.students)}; or generate with another teacher",
            )
        return data

    @cached_property
    def plan(self) -> Plan:
        """What will run."""
        check_keeping(self.options)
        sources = data_sources(self.data.folder) if self.data else file_sources(self._files)
        plan = make_plan(self.options, sources, self.base)
        return with_rules(plan, [find_rule(self.options, phase, self.exam) for phase in plan.phases])

    @cached_property
    def exam(self) -> Exam:
        data = self.data
        compact = bool(data and data.manifest.get("flow") == "compact")
        return Exam(self.options, self.workspace, self.base, data.id if data else "", compact)

    @property
    def specs(self) -> list[PhaseSpec]:
        """The phases as they would be told what to do, each on the base itself: for reports and estimates."""
        nowhere = self.workspace.folder("trained_models")
        return [phase.spec(self.base, nowhere, self.options) for phase in self.plan.phases]

    @property
    def asked(self) -> list[str]:
        """The benchmarks that anybody will be asked; raises for what is missing or wrong among questions and judge."""
        final = [*self.exam.final.questions] if self.options.evaluate else []
        return list(dict.fromkeys([*self._choosing, *final]))

    def inputs(self) -> dict[str, str]:
        """Digests of the training files, of the base, and of what benchmarks choose a checkpoint by."""
        digests: dict[str, str] = {}
        for phase in self.plan.phases:
            names = [
                f"phase_{phase.number}",
                *(f"phase_{phase.number}_file_{n}" for n in range(2, len(phase.files) + 1)),
            ]
            digests |= {name: digest_file(file) for name, file in zip(names, phase.files, strict=True)}
        for name in self._choosing:
            digests |= self.exam.inputs(name)
        return digests | {"base_model": digest_folder(self.base)}

    def data_record(self) -> dict[str, Any]:
        """Whence the rows are, for the manifest."""
        if self.data:
            return {"id": self.data.id, "name": self.data.name}
        return {"files": [self.workspace.relative(file) for file in self._files]}

    @property
    def _files(self) -> tuple[Path, ...]:
        return tuple(self.workspace.resolve(name) for name in self.options.training_file)

    @property
    def _choosing(self) -> list[str]:
        rules = [phase.rule.by for phase in self.plan.phases]
        return [by for by in dict.fromkeys(rules) if by not in ("last", "validation_loss")]
