"""`workbench taxonomy`: what changed and whether it is right, the tree, new leaves, archives, and the rules."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.taxonomy_archive import pack, unpack
from workbench.cli.taxonomy_diff import diff_command
from workbench.cli.taxonomy_folder import chosen_folder
from workbench.taxonomy.options import TaxonomyOptions

if TYPE_CHECKING:
    from workbench.taxonomy.tree import Taxonomy


@click.group()
def taxonomy() -> None:
    """Build and check the taxonomy."""


@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Also draw it as an SVG file.")
@workspace_flag
@output_flag
def tree(options: TaxonomyOptions, workspace: Path | None, output: str, picture: Path | None) -> None:
    """Show the leaves with their kinds, counts and verdicts.

    Exit 0 also where leaves have errors: `workbench taxonomy diff` is what a script asks.
    """
    from workbench.taxonomy.lint import LintRules
    from workbench.taxonomy.survey import survey

    found = survey(chosen_folder(options, workspace), LintRules.read(options.yaml_rules))
    if picture:
        _draw(found.taxonomy, picture)
    if output == "json":
        click.echo(json.dumps(found.record(), ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        from rich.console import Console

        Console().print(found)
    else:
        click.echo(found.text())


@click.argument("kind", type=click.Choice(["skill", "knowledge"]))
@click.argument("path")
@workspace_flag
def new(options: TaxonomyOptions, kind: str, path: str, workspace: Path | None) -> None:
    """Start a leaf at PATH, for instance `writing/letters`: valid files to be written over."""
    from workbench.taxonomy.leaf_files import new_leaf

    made = new_leaf(chosen_folder(options, workspace), "skill" if kind == "skill" else "knowledge", path)
    for name in made.written:
        click.echo(made.leaf.folder / name)
    click.echo("write over them, then: workbench taxonomy diff", err=True)


taxonomy.add_command(diff_command)
taxonomy.add_command(options_command(TaxonomyOptions, leave_out=("taxonomy_base",))(tree))
taxonomy.add_command(options_command(TaxonomyOptions, leave_out=("taxonomy_base", "yaml_rules"))(new))
taxonomy.add_command(pack)
taxonomy.add_command(unpack)


@taxonomy.command()
@click.argument("code", required=False)
def rules(code: str | None) -> None:
    """List the codes of findings, or show one with a bad and a mended example."""
    from workbench.taxonomy.rules import RULES, find_rule

    if code:
        click.echo(find_rule(code).text())
        return
    width = max(map(len, RULES))
    for rule in RULES.values():
        click.echo(f"{rule.code:<{width}}  {rule.severity:<7}  {rule.title}")


def _draw(found: "Taxonomy", picture: Path) -> None:
    from workbench.errors import UsageError
    from workbench.plots import taxonomy_tree
    from workbench.records import write_bytes
    from workbench.taxonomy.changes import leaf_statuses

    if picture.suffix.lower() != ".svg":
        raise UsageError(f"{picture} is no SVG file", hint="give a name that ends with .svg")
    write_bytes(picture, taxonomy_tree(found.leaves, leaf_statuses(found.root)).svg)
