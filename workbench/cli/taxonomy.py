"""`workbench taxonomy`: what changed and whether it is right, the tree, new leaves, and the rules."""

import sys
from pathlib import Path

import click

from workbench.cli.flags import options_command, workspace_flag
from workbench.taxonomy.options import TaxonomyOptions


@click.group()
def taxonomy() -> None:
    """Build and check the taxonomy."""


@click.option("--format", "shape", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--quiet", is_flag=True, help="Show errors only.")
@workspace_flag
def diff(options: TaxonomyOptions, shape: str, quiet: bool, workspace: Path | None) -> None:
    """Show new and changed leaves and check them.

    Exit 0: valid, 1: errors were found, 2: wrong use.
    """
    from workbench.taxonomy.diff import diff_taxonomy

    found = diff_taxonomy(_find(options, workspace), options)
    if quiet:
        shown = "\n".join(str(error) for error in found.findings.of("error"))
    else:
        for message in found.messages:
            click.echo(message, err=True)
        shown = {"text": found.text, "json": found.json, "html": found.html}[shape]()
    if shown:
        click.echo(shown)
    click.get_current_context().exit(0 if found.valid else 1)


@workspace_flag
def tree(options: TaxonomyOptions, workspace: Path | None) -> None:
    """Show the leaves with their kinds and counts."""
    from workbench.taxonomy.tree import read_taxonomy

    found = read_taxonomy(_find(options, workspace))
    if sys.stdout.isatty():
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

    made = new_leaf(_find(options, workspace), "skill" if kind == "skill" else "knowledge", path)
    for name in made.written:
        click.echo(made.leaf.folder / name)


taxonomy.add_command(options_command(TaxonomyOptions)(diff))
for _command in (tree, new):
    taxonomy.add_command(options_command(TaxonomyOptions, leave_out=("taxonomy_base", "yaml_rules"))(_command))


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


def _find(options: TaxonomyOptions, workspace: Path | None) -> Path:
    """A path that was given needs no workspace, and none is made for it."""
    from workbench.errors import NotFoundError
    from workbench.taxonomy.location import find_taxonomy
    from workbench.workspace import Workspace

    given = Path(options.taxonomy_path).expanduser()
    if options.taxonomy_path and (given.is_absolute() or given.exists()):
        if not given.exists():
            raise NotFoundError(f"there is no taxonomy {given}", hint="check --taxonomy-path")
        return given
    return find_taxonomy(options, Workspace.find(workspace))
