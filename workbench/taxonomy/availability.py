"""Whether the documents of knowledge leaves can be had: fetched, found, and read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.documents.convert import convert
from workbench.documents.patterns import matches
from workbench.documents.repositories import without_name
from workbench.documents.sources import READABLE, Origin, Place, SourceFile, covered, is_cloned, is_readable
from workbench.errors import DocumentError, NotFoundError
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FILE_NAME, qna_of
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.yaml_file import YamlFile, open_yaml


@dataclass(frozen=True)
class Availability:
    """`files` are those that were found and can be read, by the leaf's path."""

    files: Mapping[str, tuple[SourceFile, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def check_documents(leaves: Iterable[Leaf], cache: Path, *, offline: bool = False) -> Availability:
    """Fetches what is not in `cache` yet; a source that failed is not asked again for the next leaf."""
    files: dict[str, tuple[SourceFile, ...]] = {}
    findings: list[Finding] = []
    failed: dict[tuple[str, str], DocumentError] = {}
    for leaf in leaves:
        file = open_yaml(leaf.qna_file, f"{leaf.path}/{FILE_NAME}")
        document = qna_of(file, leaf.kind).document if leaf.kind == "knowledge" and not file.findings else None
        if not document or not (document.repo and document.commit and all(document.patterns)):
            continue
        origin = document.origin
        source = (origin.repo, origin.commit)
        found = failed.get(source) or _found(origin, Place(leaf.root, leaf.folder, cache), offline)
        if isinstance(found, DocumentError):
            if found.field != "patterns" and is_cloned(origin.repo):
                failed[source] = found
            findings.append(_unavailable(file, found))
            continue
        files[leaf.path], problems = _readable(file, found, origin)
        findings += [*_unmatched(file, found, origin), *problems]
    return Availability(files, tuple(findings))


def _found(origin: Origin, place: Place, offline: bool) -> list[SourceFile] | DocumentError:
    try:
        return covered(origin, place, offline=offline)
    except DocumentError as error:
        return error
    except NotFoundError as error:
        return DocumentError(error.message, hint=error.hint, field="repo")
    except (OSError, ValueError, RuntimeError) as error:
        # Folders without rights, loops of links, and names that no file can have.
        said = f"{without_name(origin.repo)} cannot be read: {error}"
        return DocumentError(said, hint="look at its rights and links", field="repo")


def _unavailable(file: YamlFile, error: DocumentError) -> Finding:
    keys = ["document", error.field] if error.field else ["document"]
    return file.finding(keys, "documents-unavailable", printable(error.message), hint=error.hint)


def _unmatched(file: YamlFile, found: Sequence[SourceFile], origin: Origin) -> Iterator[Finding]:
    """An error where nothing is covered at all, a warning for a pattern that the others could do without."""
    if not found:
        hint = '"*.md" covers the folder itself, "**/*.md" all folders below it too'
        said = f"no file is covered by {', '.join(origin.patterns)}"
        yield file.finding(["document", "patterns"], "documents-unmatched", printable(said), hint=hint)
        return
    counts = [sum(matches(one.name, [pattern]) for one in found) for pattern in origin.patterns]
    for place, pattern in enumerate(origin.patterns):
        # A repo that is one file is taken whatever the patterns say.
        if not counts[place] and any(counts):
            keys: list[str | int] = ["document", "patterns", place]
            said = f"no file is covered by {printable(pattern)}"
            finding = file.finding(keys, "documents-unmatched", said, hint="mend the pattern, or delete it")
            yield replace(finding, severity="warning")


def _readable(
    file: YamlFile, found: Sequence[SourceFile], origin: Origin
) -> tuple[tuple[SourceFile, ...], list[Finding]]:
    readable, problems = [], []
    for one in found:
        message, hint = _problem(one)
        if message:
            place = next((number for number, pattern in enumerate(origin.patterns) if matches(one.name, [pattern])), 0)
            keys: list[str | int] = ["document", "patterns", place]
            problems.append(file.finding(keys, "documents-unreadable", printable(message), hint=hint))
        else:
            readable.append(one)
    return tuple(readable), problems


def _problem(file: SourceFile) -> tuple[str, str]:
    """What keeps a file from being read, and what to do about it; empty where nothing does."""
    if not is_readable(file.path.name):
        hint = f"narrow the pattern to {' or '.join(READABLE)}; upstream refuses other files"
        return f"{file.name} is neither Markdown nor PDF", hint
    try:
        convert(file)
    except DocumentError as error:
        return error.message.replace(str(file.path), file.name), error.hint
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}", "look at its rights"
    return "", ""
