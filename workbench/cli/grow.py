"""`workbench model grow-seedling`: the embedded models made anew, by the recipe that made them."""

import signal
from pathlib import Path
from types import FrameType

import click

from workbench.errors import OptionsError
from workbench.notebook import TerminalView
from workbench.runs import Stop


@click.command("grow-seedling")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where the models are made.")
@click.option("--write-documents", "documents", type=click.IntRange(min=1), metavar="N", help="Write passages instead.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the passages.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File of the passages.")
def grow_seedling(folder: Path | None, documents: int | None, seed: int, output: Path | None) -> None:
    """Train the embedded base and teacher from scratch into --folder.

    Stopped, it exits with 75 and goes on from its last checkpoint when called again. With --write-documents it writes
    passages that no training text holds, each with the facts it states, for anybody to test a teacher with.
    """
    if documents:
        _write_documents(documents, seed, output)
    elif folder:
        _grow(folder)
    else:
        raise OptionsError("it is not said where to", hint="give --folder DIR, or --write-documents N --output FILE")


def _write_documents(count: int, seed: int, output: Path | None) -> None:
    from workbench.seedling.trial import write_documents

    if output is None:
        raise OptionsError("it is not said where the passages go", hint="give --output FILE")
    write_documents(output, count, seed)
    click.echo(f"{output}: {count} passages")


def _grow(folder: Path) -> None:
    from workbench.seedling.grow import TEACHER_FILE, grow
    from workbench.seedling.recipe import RECIPE

    stop, view = Stop(), TerminalView()
    _obey_signals(stop)
    progress = grow(folder, RECIPE, view, stop)
    done = ", ".join(f"{name}: {one.step} steps in {one.seconds:.0f} s" for name, one in progress.items())
    view.finish(done or "both models were there already")
    click.echo(folder / TEACHER_FILE)


def _obey_signals(stop: Stop) -> None:
    """Both ask for a checkpoint, which is at most a step away."""

    def request(number: int, frame: FrameType | None) -> None:
        stop.request(f"{signal.Signals(number).name} was received")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request)
