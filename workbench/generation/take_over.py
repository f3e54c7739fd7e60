"""The step without a taxonomy: earlier runs and files in, `synthetic_data/<run>/` out; no model is asked anything."""

from typing import Any

from workbench.generation.imports import Imports
from workbench.generation.options import GenerationOptions
from workbench.generation.outcome import Outcome
from workbench.generation.roles import open_teacher
from workbench.runs import Attempt, Run
from workbench.workspace import Workspace


def take_over(options: GenerationOptions, imports: Imports, run: Run, attempt: Attempt) -> dict[str, Any]:
    """Hold out and mix what was taken over; the teacher only counts tokens. Returns what the manifest records."""
    total = len(imports.files) + len(imports.runs)
    attempt.events.emit("take_over", done=0, total=total, sentence=f"Taking over {total:,} samples.")
    outcome = Outcome(run, options, None, {}, imports)
    outcome.write_samples()
    outcome.keep_heldout()
    with open_teacher(options, Workspace(run.folder.parent.parent).models) as teacher:
        made = outcome.finish(teacher)
    attempt.events.emit("take_over", done=total, total=total, sentence=f"Took over {total:,} samples.")
    return made | {"requests": 0, "generated_tokens": 0}
