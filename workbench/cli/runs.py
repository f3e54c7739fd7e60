"""Runs on the command line: doing a step to its end, listing what the workspace holds, showing one run."""

import json
from pathlib import Path
from typing import Any

import click

from workbench.generation.summary import Summary
from workbench.notebook import StartedStep, start
from workbench.options import Options
from workbench.runs import Run
from workbench.workspace import Workspace

_HEADS = ("name", "folder", "status", "made", "says")
Record = dict[str, Any]


def do_step(step: str, options: Options, workspace: Path | None, output: str) -> StartedStep:
    """Starts a step and waits; progress goes to standard error. With `json` its manifest is printed."""
    done = start(step, options, workspace=Workspace.find(workspace)).wait()
    if output == "json":
        click.echo(json.dumps(done.manifest, indent=2, ensure_ascii=False))
    return done


def show_summary(summary: Summary) -> None:
    """As columns below its caption."""
    click.echo(f"{summary.caption}\n{aligned([summary.heads, *summary.rows])}")


def show_runs(records: list[Record], output: str, heads: tuple[str, ...] = _HEADS) -> None:
    """As a table, or as a JSON list of whole records."""
    if output == "json":
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
    elif records:
        click.echo(aligned([heads, *(tuple(str(record[head]) for head in heads) for record in records)]))
    else:
        click.echo("nothing was made yet", err=True)


def show_run(record: Record, output: str) -> None:
    """As JSON, or as YAML, which reads easily and says the same."""
    import yaml

    if output == "json":
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=100).rstrip())


def run_record(run: Run) -> Record:
    """One run in a list."""
    state = run.state
    return {
        "name": run.name,
        "folder": run.folder.name,
        "id": run.id,
        "status": state["status"],
        "made": run.created_at[:16].replace("T", " "),
        "seconds": run.seconds,
        "says": state["sentence"],
    }


def whole_record(run: Run) -> Record:
    """One run with what was asked and, once it is done, what came of it."""
    record = run_record(run) | {"path": str(run.folder), "options": run.options}
    return record | ({"manifest": run.manifest} if run.done else {})


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
