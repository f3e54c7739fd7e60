"""`workbench model export` and `workbench model quantize`: files that llama.cpp runs."""

from pathlib import Path

import click

from workbench.cli.flags import options_command, workspace_flag
from workbench.export.options import PLAIN_TYPES, ExportOptions
from workbench.workspace import Workspace


@click.argument("source")
@click.option("--output", "target", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@workspace_flag
def _export(options: ExportOptions, source: str, target: Path | None, workspace: Path | None) -> None:
    """Make GGUF files of SOURCE, a trained run or a Hugging Face folder: of a model, or of an adapter, which is merged.

    They are written into the run's GGUF folder, or beside the folder, unless --output says where. The second, smaller
    file is left out where the first is not in F32, F16 or BF16.
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
    whole = export_gguf(folder, into / f"model-{options.outtype}.gguf", options.outtype, base)
    click.echo(whole)
    if small:
        click.echo(quantize(whole, into / f"model-{small}.gguf", small, options.export_threads))


@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", required=False, type=click.Path(dir_okay=False, path_type=Path))
def _quantize(options: ExportOptions, source: Path, target: Path | None) -> None:
    """Make a smaller GGUF file of SOURCE, one in F32, F16 or BF16."""
    from workbench.export import quantize as quantize_file

    kind = options.quantization
    plain = next((name for name in PLAIN_TYPES if source.stem.endswith(f"-{name}")), "")
    out = target or source.with_name(f"{source.stem.removesuffix(f'-{plain}')}-{kind}.gguf")
    click.echo(quantize_file(source, out, kind, options.export_threads))


def _exported(source: str, workspace: Workspace) -> tuple[Path, Path]:
    """The Hugging Face folder, and where its GGUF files go."""
    path = workspace.resolve(source)
    if path.exists():
        return path, path.parent / "GGUF"
    run = workspace.get("trained_models", source)
    return run.folder / run.manifest["model"], run.folder / "GGUF"


export = options_command(ExportOptions, name="export")(_export)
quantize = options_command(ExportOptions, name="quantize", leave_out=("outtype", "adapter_base"))(_quantize)
