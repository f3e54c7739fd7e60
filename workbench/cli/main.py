"""The command's outermost part: which subcommands there are, and how an error is shown."""

import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType

import click

from workbench import __version__
from workbench.errors import Checkpointed, Interrupted, UsageError, WorkbenchError, explain

# Dotted names and one line each: asking for help loads none of them.
COMMANDS = {
    "tour": ("workbench.cli.tour:tour", "Run every notebook in order on the embedded models."),
    "init": ("workbench.cli.init:init", "Lay out notebooks, sample taxonomy and presets in a folder."),
    "lab": ("workbench.cli.lab:lab", "Open JupyterLab on the notebooks."),
    "run": ("workbench.cli.run:run", "Run one notebook with parameters, unattended."),
    "taxonomy": ("workbench.cli.taxonomy:taxonomy", "Read, check and compare a taxonomy."),
    "diff": (
        "workbench.cli.taxonomy_diff:diff_command",
        "Show what is new and check it: short for taxonomy diff.",
    ),
    "documents": ("workbench.cli.documents:documents", "Fetch, convert and divide documents."),
    "data": ("workbench.cli.data:data", "Generate training data and look at it."),
    "model": ("workbench.cli.model:model", "Train, evaluate, export and talk to models."),
    "chat": ("workbench.cli.chat:chat", "Talk to a model and its base: short for model chat."),
    "serve": ("workbench.cli.serve:serve", "Serve models behind OpenAI's API: short for model serve."),
    "notebooks": ("workbench.cli.notebooks:notebooks", "Keep the notebooks' parameters cells as their options say."),
    "system": ("workbench.cli.system:system", "Show what this machine has and what would be used."),
}


class LazyGroup(click.Group):
    """Loads a subcommand's module when the subcommand is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="workbench")
def workbench() -> None:
    """InstructLab on your own machine: taxonomy, synthetic data, training, evaluation and chat."""


def main() -> None:
    """The entry point; its exit code is the error's."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show, such as a file name of another encoding, is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: Sequence[str]) -> int:
    """Runs one command line; every error ends here as two lines on standard error and an exit code."""
    try:
        result = workbench.main(list(arguments), prog_name="workbench", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except WorkbenchError as error:
        return _show(error)
    except (KeyboardInterrupt, click.Abort) as error:
        return _show(_ending(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough, as `head` does; the interpreter's last flush must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the boundary: a traceback is for a file, not for the person
        return _show(_unexpected(error))


def _show(error: WorkbenchError) -> int:
    prefix = "" if isinstance(error, Checkpointed | Interrupted) else "error: "
    click.echo(prefix + explain(error), err=True)
    return error.exit_code


def _ending(error: BaseException) -> WorkbenchError:
    from workbench.jobs.job import Terminated

    cause = error.__cause__ or error.__context__ or error
    if isinstance(error, Terminated) or isinstance(cause, Terminated):
        return Checkpointed("stopped: SIGTERM was received", hint="run the same command again to go on")
    return Interrupted("stopped from the keyboard", hint="run the same command again to go on")


def _unexpected(error: Exception) -> WorkbenchError:
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        return UsageError(f"{error.strerror}: {error.filename}")
    with tempfile.NamedTemporaryFile("w", prefix="workbench-", suffix=".txt", delete=False, encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    hint = f"this is a fault of the workbench; {file.name} holds what is needed to mend it"
    return WorkbenchError(f"{type(error).__name__}: {error}", hint=hint)


def _terminate(number: int, frame: FrameType | None) -> None:
    """SIGTERM, as batch systems send it before they kill: running steps get to a checkpoint."""
    from workbench.jobs.job import Terminated

    raise Terminated


if __name__ == "__main__":
    main()
