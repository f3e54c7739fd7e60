"""`workbench model export` and `workbench model quantize`: files that llama.cpp runs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from workbench.assets import assets_folder
from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.export.options import PLAIN_TYPES, ExportOptions
from workbench.workspace import Workspace


@click.argument("source")
@click.option("--folder", "target", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@workspace_flag
@output_flag
def _export(options: ExportOptions, source: str, target: Path | None, workspace: Path | None, output: str) -> None:
    """Make GGUF files of SOURCE, a trained run, a Hugging Face folder or a model's name. An adapter is merged first.

    They are written into the run's folder GGUF, or into NAME-GGUF beside the folder NAME, unless --folder says where;
    files of the same name there are replaced. The second, smaller file is left out where the first is not in F32, F16
    or BF16.
    """
    from workbench.export import export_gguf, quantize
    from workbench.export.quantization import quantization

    small = options.quantization if options.outtype in PLAIN_TYPES else ""
    if small:
        quantization(small)
    found = Workspace.find(workspace)
    folder, beside = _exported(source, found)
    into = target or beside
    base = found.resolve(options.adapter_base) if options.adapter_base else None
    with _shown(output) as (done, tell):
        whole = into / f"model-{options.outtype}.gguf"
        done(export_gguf(folder, whole, options.outtype, base, tell), options.outtype)
        if small and small != options.outtype:
            done(quantize(whole, into / f"model-{small}.gguf", small, options.export_threads, tell), small)


@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", required=False, type=click.Path(dir_okay=False, path_type=Path))
@output_flag
def _quantize(options: ExportOptions, source: Path, target: Path | None, output: str) -> None:
    """Make a smaller GGUF file of SOURCE, one in F32, F16 or BF16; a file that is there already is replaced.

    TARGET is its name; without one it lies beside SOURCE, with the kind in its name.
    """
    from workbench.export import quantize as quantize_file

    kind = options.quantization
    plain = next((name for name in PLAIN_TYPES if source.stem.endswith(f"-{name}")), "")
    out = target or source.with_name(f"{source.stem.removesuffix(f'-{plain}')}-{kind}.gguf")
    with _shown(output) as (done, tell):
        done(quantize_file(source, out, kind, options.export_threads, tell), kind)


@contextmanager
def _shown(output: str) -> Iterator[tuple[Callable[[Path, str], None], Callable[[str], None]]]:
    """What is done with a file that is finished, and with a difference: as text at once, as JSON at the end."""
    files: list[dict[str, object]] = []
    notes: list[str] = []

    def done(path: Path, kind: str) -> None:
        files.append({"path": str(path), "type": kind, "bytes": path.stat().st_size})
        if output == "text":
            click.echo(path)

    def tell(note: str) -> None:
        notes.append(note)
        if output == "text":
            click.echo(f"note: {note}", err=True)

    yield done, tell
    if output == "json":
        click.echo(json.dumps({"files": files, "notes": notes}, indent=2, ensure_ascii=False))


def _exported(source: str, workspace: Workspace) -> tuple[Path, Path]:
    """The Hugging Face folder, and where its GGUF files go."""
    from workbench.engines.catalogue import resolve
    from workbench.engines.chat import trained_run

    path = workspace.resolve(source)
    if not path.exists():
        if run := trained_run(source, workspace):
            return run.folder / run.manifest["model"], run.folder / "GGUF"
        path = resolve(source, workspace.models)
    if path.name == "Model":
        return path, path.with_name("GGUF")
    # Nothing is written beside what belongs to the workbench itself.
    beside = workspace.models if path.is_relative_to(assets_folder()) else path.parent
    return path, beside / f"{path.resolve().name}-GGUF"


export = options_command(ExportOptions, name="export")(_export)
quantize = options_command(ExportOptions, name="quantize", leave_out=("outtype", "adapter_base"))(_quantize)
