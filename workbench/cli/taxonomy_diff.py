"""`workbench taxonomy diff`, also called `workbench diff`: what changed, whether it is right, and mending it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.flags import options_command, workspace_flag
from workbench.cli.taxonomy_folder import chosen_taxonomy
from workbench.errors import UsageError
from workbench.taxonomy.options import TaxonomyOptions

if TYPE_CHECKING:
    from workbench.taxonomy.diff import Diff
    from workbench.taxonomy.fixes import Fix

_SHAPES = click.Choice(["text", "json", "github", "html"])
# A switch that only says how another one works.
_NEEDS = {"yes": "fix", "offline": "documents"}


@click.option("--format", "shape", type=_SHAPES, default="text", show_default=True, help="How to show it.")
@click.option("--quiet", is_flag=True, help="Show errors only, and nothing where there is none.")
@click.option("--documents", is_flag=True, help="Also check that the documents of knowledge leaves can be had.")
@click.option("--offline", is_flag=True, help="With --documents: take them from folders and the cache only.")
@click.option("--fix", is_flag=True, help="Mend what is mechanical; shows the change and asks before.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@workspace_flag
def diff(options: TaxonomyOptions, workspace: Path | None, shape: str, quiet: bool, **switches: bool) -> None:
    """Show new and changed leaves and check them.

    --taxonomy-path may also name one qna.yaml, which is checked by itself.

    Exit 0: valid, 1: errors were found, 2: wrong use.
    """
    for name, needed in _NEEDS.items():
        if switches[name] and not switches[needed]:
            raise UsageError(f"--{name} says nothing without --{needed}", hint=f"add --{needed}")
    found = _diff(options, workspace, switches)
    if switches["fix"]:
        aside = quiet or shape != "text"
        if _mend(found, aside=aside, sure=switches["yes"], silent=quiet and switches["yes"]):
            found = _diff(options, workspace, switches)
    _show(found, shape, quiet)
    click.get_current_context().exit(0 if found.valid else 1)


diff_command = options_command(TaxonomyOptions, name="diff")(diff)


def _diff(options: TaxonomyOptions, workspace: Path | None, switches: dict[str, bool]) -> "Diff":
    from workbench.taxonomy.availability import check_documents
    from workbench.taxonomy.diff import diff_taxonomy
    from workbench.workspace import Workspace

    path = chosen_taxonomy(options, workspace)
    if not switches["documents"]:
        cache = None if options.taxonomy_path else Workspace.find(workspace).cache
        return diff_taxonomy(path, options, cache=cache)
    cache = Workspace.find(workspace).cache
    # Fetched first: what contexts are compared with is then at hand.
    changed = diff_taxonomy(path, options, cache=cache)
    available = check_documents((one.leaf for one in changed), cache, offline=switches["offline"])
    return diff_taxonomy(path, options, cache=cache).with_documents(available)


def _mend(found: "Diff", *, aside: bool, sure: bool, silent: bool) -> bool:
    """Whether anything was written; shown on standard error where standard output is for something else."""
    fixes = _fixes(found)
    if not fixes:
        _say("nothing can be mended mechanically", silent)
        return False
    if not silent:
        for fix in fixes:
            click.echo(fix.text(), err=aside)
    files = "1 file" if len(fixes) == 1 else f"{len(fixes)} files"
    if not sure and not sys.stdin.isatty():
        _say(f"nothing was written: to write {files}, add --yes", silent)
        return False
    if not sure and not click.confirm(f"Write {files}?", err=True):
        _say("nothing was written", silent)
        return False
    for fix in fixes:
        fix.apply()
    _say(f"mended {files}", silent)
    return True


def _fixes(found: "Diff") -> list["Fix"]:
    """Of several misnamed files in a folder the first can have the name."""
    from workbench.taxonomy.fixes import propose

    fixes: list[Fix] = []
    for shown in found.files():
        fix = propose(found.root / shown, shown)
        if fix and not any(fix.renamed and one.renamed and one.path.parent == fix.path.parent for one in fixes):
            fixes.append(fix)
    return fixes


def _say(message: str, silent: bool) -> None:
    if not silent:
        click.echo(message, err=True)


def _show(found: "Diff", shape: str, quiet: bool) -> None:
    from workbench.taxonomy.diff_text import COLOURED, PLAIN

    if quiet and found.valid:
        return
    for message in () if quiet else found.messages:
        click.echo(message, err=True)
    if shape == "json":
        click.echo(found.json())
    elif shape == "html":
        click.echo(found.page())
    elif shape == "github":
        click.echo(found.github(errors_only=quiet))
    elif quiet:
        click.echo(found.errors())
    else:
        click.echo(found.text(COLOURED if sys.stdout.isatty() else PLAIN))
