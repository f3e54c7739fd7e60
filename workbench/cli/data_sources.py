"""`workbench data import|merge`: training data from files and earlier runs, alone or together."""

from pathlib import Path
from typing import Any

import click

from workbench.cli.data_runs import counted, left_out_text
from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import do_step
from workbench.errors import OptionsError
from workbench.generation.earlier_runs import find_runs
from workbench.generation.options import GenerationOptions
from workbench.options import describe
from workbench.workspace import Workspace

_TAKEN = (
    *("knowledge_paths", "skills_paths", "internal_ids", "skip_bad", "replay", "precomputed_skills", "heldout_share"),
    *("document_share", "distractors", "right_document_share", "unmask_documents", "system_prompt"),
    *("near_duplicate", "model", "seed", "name"),
)
_OTHERS = tuple(field.name for field in describe(GenerationOptions) if field.name not in _TAKEN)


@workspace_flag
@output_flag
def import_data(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    """Make training data of your own files: rows of messages, or pairs of question and answer, as .jsonl or .json.

    Lines that cannot be read are all reported with their reason. Earlier runs may be added with --internal-ids; for a
    taxonomy beside them, give the same flags to `workbench data generate`.
    """
    if not options.knowledge_paths and not options.skills_paths:
        hint = "name files with --knowledge-paths or --skills-paths; earlier runs alone are for data merge"
        raise OptionsError("there is no file to import", hint=hint)
    _take_over(options, workspace, output)


@workspace_flag
@output_flag
def merge_data(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    """Make one data run of 2 to 20 earlier ones, named by --internal-ids ID,ID: names, folders or uuids.

    What any of them held out is trained on in none, and what two of them hold is taken once.
    """
    if len(find_runs(options.internal_ids, Workspace.find(workspace))) < 2:
        raise OptionsError("there is nothing to merge: name two runs or more", hint="--internal-ids ID,ID")
    _take_over(options, workspace, output)


def _take_over(options: GenerationOptions, workspace: Path | None, output: str) -> None:
    done = do_step("generate", options.model_copy(update={"taxonomy": False}), workspace, output)
    if output == "text":
        click.echo(f"{done.run.folder}: {_rows_text(done.manifest)}")
        if left_out := left_out_text(done.manifest):
            click.echo(left_out)


def _rows_text(manifest: dict[str, Any]) -> str:
    samples = manifest["data_metrics"]["samples"]
    held = sum(leaf["heldout"] for leaf in manifest["leaves"])
    return (
        f"{counted(samples['total'], 'row')} to train on ({samples['knowledge']:,} in phase 1, "
        f"{samples['skills']:,} in phase 2) and {counted(held, 'sample')} held out, "
        f"of {counted(len(manifest['leaves']), 'leaf', 'leaves')}"
    )


import_command = options_command(GenerationOptions, name="import", leave_out=_OTHERS)(import_data)
merge_command = options_command(GenerationOptions, name="merge", leave_out=_OTHERS)(merge_data)
