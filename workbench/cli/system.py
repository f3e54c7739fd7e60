"""`workbench system info`: what this machine has, and where the arithmetic would run."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from workbench.cli.flags import output_flag, workspace_flag
from workbench.device import KINDS, choose_device
from workbench.system import system_facts
from workbench.workspace import Workspace


@click.group()
def system() -> None:
    """Show what this machine has and what would be used."""


@system.command()
@click.option("--device", type=click.Choice(KINDS), default="auto", show_default=True, help="The device to ask for.")
@workspace_flag
@output_flag
def info(device: str, workspace: Path | None, output: str) -> None:
    """The machine, the device and why, the versions, the workspace."""
    facts = system_facts()
    facts["device"] = dataclasses.asdict(choose_device(device))
    facts["workspace"] = str(Workspace.find(workspace).root)
    click.echo(json.dumps(facts, indent=2) if output == "json" else _text(facts))


def _text(facts: dict[str, Any]) -> str:
    rows = [
        ("machine", f"{facts['platform']}, {facts['processors']} processors, {facts['memory'] / 2**30:.1f} GiB"),
        ("device", facts["device"]["reason"]),
        ("python", facts["python"]),
        *((name, version or "not installed") for name, version in facts["packages"].items()),
        ("workspace", facts["workspace"]),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
