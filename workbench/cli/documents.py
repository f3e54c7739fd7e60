"""`workbench documents`: getting documents, turning them into Markdown, and dividing them into chunks."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.cli.runs import aligned
from workbench.documents.chunks import Chunks, divide
from workbench.documents.convert import Document, convert, convertible
from workbench.documents.converters import EXTRAS
from workbench.documents.options import ChunkOptions, ConvertOptions
from workbench.documents.sources import READABLE, Origin, Place, SourceFile, covered, is_cloned
from workbench.errors import DocumentError, NotFoundError, UsageError
from workbench.records import write_bytes, write_text
from workbench.workspace import Workspace

Record = dict[str, Any]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_NAMED = "FILE, FOLDER or URL"


@click.group()
def documents() -> None:
    """Fetch, convert and divide documents: what knowledge is generated from."""


def source_flags(function: Decorated) -> Decorated:
    """SOURCE with its commit and patterns, given to the command as list of files by `_files`."""
    flags = (
        click.argument("source", metavar=f"[{_NAMED}]"),
        click.option("--commit", default="", help="Commit, branch or tag; a folder is else read as it is."),
        click.option("--pattern", "patterns", multiple=True, metavar="GLOB", help="Which files, such as docs/*.md."),
        click.option("--offline", is_flag=True, help="Take repositories from the cache only."),
        workspace_flag,
        output_flag,
    )
    for flag in reversed(flags):
        function = flag(function)
    return function


@documents.command("fetch")
@source_flags
@click.option("--target", type=click.Path(path_type=Path), help="Folder to copy the files into.")
def fetch_documents(output: str, target: Path | None, **source: Any) -> None:
    """Fetch the documents of a repository at a commit, or list those of a folder.

    Of a repository one commit is fetched, once; nothing of it is ever run.
    """
    files = _files(**source)
    for file in files if target else ():
        write_bytes(target / file.name, file.path.read_bytes())  # type: ignore[operator]
    records = [
        {"name": file.name, "bytes": file.path.stat().st_size, "path": str(target / file.name if target else file.path)}
        for file in files
    ]
    _show(records, ("name", "bytes", "path"), output)


@source_flags
@click.option("--target", type=click.Path(path_type=Path), help="Folder for the .md files, or one such file.")
def convert_documents(options: ConvertOptions, output: str, target: Path | None, **source: Any) -> None:
    """Turn documents into Markdown: .md and .pdf at once, other formats with an extra.

    Of a PDF the running text is kept; tables lose their columns, unless docling reads them. Without --target a single
    document is printed.
    """
    files = _files(**source)
    found, failed = _converted(files, options.converter)
    if target is None and output == "text" and len(files) > 1:
        raise UsageError(f"{len(files)} documents cannot be printed as one", hint="name a folder with --target")
    records = [_document_record(document, _written(document, target, len(files))) for document in found]
    if target is None and output == "text":
        click.echo("".join(document.text for document in found))
    else:
        _show(records, ("name", "characters", "dropped", "file"), output)
    _say_dropped((document.dropped for document in found), "not in the text")
    _fail(failed, len(files))


@source_flags
@click.option("--model", default="seedling-teacher-Q4_K_M", show_default=True, help="Whose tokens are counted.")
@click.option("--target", type=click.Path(path_type=Path, dir_okay=False), help="A .jsonl file for the chunks.")
def chunk_documents(options: ChunkOptions, output: str, model: str, target: Path | None, **source: Any) -> None:
    """Divide documents into chunks that fit a model, as generation does; tables and code are kept whole.

    What had to be cut all the same is told.
    """
    from workbench.generation.options import GenerationOptions
    from workbench.generation.roles import open_teacher

    files = _files(**source)
    found, failed = _converted(files, "auto")
    models = Workspace.find(source["workspace"]).models
    with open_teacher(GenerationOptions(model=model), models) as teacher:
        divided = [divide(document, options, teacher.count_tokens) for document in found]
    records = [asdict(chunk) | {"headings": list(chunk.headings)} for each in divided for chunk in each.found]
    if target:
        write_text(target, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    if output == "json":
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        _show_chunks(divided)
    _say_dropped((each.lost.items() for each in divided), "not whole, or left out")
    _fail(failed, len(files))


documents.add_command(options_command(ConvertOptions, name="convert")(convert_documents))
documents.add_command(options_command(ChunkOptions, name="chunk")(chunk_documents))


def _files(
    source: str, commit: str, patterns: tuple[str, ...], offline: bool, workspace: Path | None
) -> list[SourceFile]:
    """Those that can be read; what else the patterns cover is told."""
    cache = Workspace.find(workspace).cache
    wanted = patterns or tuple(f"**/*{_either_case(ending)}" for ending in (*READABLE, *EXTRAS))
    if is_cloned(source):
        origin, place = Origin(source, commit or "HEAD", wanted), Place(cache, cache, cache)
    else:
        path = Path(source).expanduser().resolve()
        if not path.exists():
            raise NotFoundError(f"there is no file or folder {path}", hint="an URL begins with https://")
        # A folder that is its own taxonomy is read as it is, also where it is a repository.
        origin, place = Origin(str(path), commit or "HEAD", wanted), Place(cache if commit else path, path, cache)
    found = covered(origin, place, offline=offline)
    readable = [file for file in found if convertible(file.path.name)]
    if others := Counter(file.path.suffix or "no ending" for file in found if not convertible(file.path.name)):
        told = ", ".join(f"{count} {ending}" for ending, count in sorted(others.items()))
        click.echo(f"left out, as nothing reads them: {told}", err=True)
    if not readable:
        raise DocumentError(f"{source}: no document is covered by {', '.join(wanted)}", hint="name others by --pattern")
    return readable


def _either_case(ending: str) -> str:
    return "." + "".join(f"[{letter}{letter.upper()}]" for letter in ending[1:])


def _converted(files: Iterable[SourceFile], converter: str) -> tuple[list[Document], list[DocumentError]]:
    found, failed = [], []
    for file in files:
        try:
            found.append(convert(file, converter))
        except DocumentError as error:
            failed.append(error)
    return found, failed


def _fail(failed: list[DocumentError], total: int) -> None:
    """What could be read is there by now; the exit code says that not all could."""
    if len(failed) == 1:
        raise failed[0]
    if failed:
        lines = "".join(f"\n  {error.message}" for error in failed)
        raise DocumentError(f"{len(failed)} of {total} documents cannot be read:{lines}", hint=failed[0].hint)


def _written(document: Document, target: Path | None, total: int) -> str:
    if target is None:
        return ""
    single = target.suffix.casefold() == ".md"
    if single and total > 1:
        raise UsageError(f"{total} documents do not fit into {target}", hint="name a folder with --target")
    path = target if single else (target / document.name).with_suffix(".md")
    write_text(path, document.text)
    return str(path)


def _document_record(document: Document, file: str) -> Record:
    return {"name": document.name, "characters": len(document.text), "dropped": dict(document.dropped), "file": file}


def _show(records: list[Record], heads: tuple[str, ...], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(records, indent=2, ensure_ascii=False))
    else:
        rows = [tuple(_cell(record[head]) for head in heads) for record in records]
        click.echo(aligned([heads, *rows]))


def _cell(value: object) -> str:
    return _counts(value.items()) if isinstance(value, dict) else str(value)


def _show_chunks(divided: list[Chunks]) -> None:
    heads = ("document", "chunk", "tokens", "headings")
    chunks = [chunk for each in divided for chunk in each.found]
    rows = [(one.document, str(one.ordinal), str(one.tokens), " > ".join(one.headings)) for one in chunks]
    if rows:
        click.echo(aligned([heads, *rows]))
    click.echo(f"{len(chunks)} chunks of {len(divided)} documents, {sum(one.tokens for one in chunks):,} tokens")


def _say_dropped(each: Iterable[Iterable[tuple[str, int]]], what: str) -> None:
    total: Counter[str] = Counter()
    for counts in each:
        total.update(dict(counts))
    if total:
        click.echo(f"{what}: {_counts(total.items())}", err=True)


def _counts(items: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in items)
