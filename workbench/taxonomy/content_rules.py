"""What the format allows and the method advises against: warnings and advice about a file that can be read."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath

from workbench.documents.repositories import FULL_HASH, without_name
from workbench.documents.sources import is_cloned
from workbench.taxonomy.attribution import parse_attribution
from workbench.taxonomy.findings import Finding, Severity
from workbench.taxonomy.near_seeds import check_likeness
from workbench.taxonomy.qna import FILE_NAME, Qna, texts_of
from workbench.taxonomy.secrets import check_secrets
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.yaml_file import Keys, YamlFile, read_bytes

# Recommended by the upstream taxonomy's documentation; its tools never look at them.
CONTEXT_WORDS = 500
PAIR_WORDS = 250
FILE_WORDS = 2300
_FIELDS = ("created_by", "task_description", "domain", "document_outline")


def check_content(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    """All that can be said of a file by itself: its texts, its examples among each other, where its documents are."""
    yield from _long_texts(file, qna)
    yield from _blank_texts(file, qna)
    yield from check_likeness(file, qna)
    yield from check_secrets(file, qna)
    if qna.kind == "skill":
        yield from _mixed(file, qna)
    if qna.document:
        yield from _moving_commit(file, qna.document.repo, qna.document.commit)
        yield from check_formats(file, qna.document.patterns)


def check_formats(file: YamlFile, names: Sequence[str]) -> Iterator[Finding]:
    """One leaf's documents, by their names or patterns: all Markdown or all PDF."""
    endings = {PurePosixPath(name).suffix.casefold() for name in names}
    if {".md", ".pdf"} <= endings:
        message = "Markdown and PDF documents in one leaf"
        hint = "convert the PDF to Markdown, or make two leaves: upstream's tools fail on both together"
        yield replace(file.finding(["document", "patterns"], "mixed-documents", message, hint=hint), severity="warning")


def check_attribution(leaf: Leaf) -> Iterator[Finding]:
    """The file beside qna.yaml: there, not empty, and with its fields."""
    shown = f"{leaf.path}/{leaf.attribution_file.name}"
    data = read_bytes(leaf.attribution_file, shown) if leaf.attribution_file.is_file() else None
    if isinstance(data, YamlFile):
        yield from (replace(one, code="attribution-unreadable", severity="warning") for one in data.findings)
    else:
        yield from check_attribution_bytes(data, shown)


def check_attribution_bytes(data: bytes | None, shown: str) -> Iterator[Finding]:
    """What the file holds or is to hold; None where there is none."""
    if data is None:
        hint = "write title, link, licence and creators of what the leaf is made from"
        yield Finding(shown, 1, 1, "", "attribution-missing", "warning", "there is no attribution.txt", hint)
        return
    try:
        attribution = parse_attribution(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save the file as UTF-8"
        yield Finding(shown, line, 1, "", "attribution-unreadable", "warning", "not UTF-8", hint)
        return
    if not attribution.text().strip():
        hint = "add a line: Title of work: "
        yield Finding(shown, 1, 1, "", "attribution-empty", "warning", "the file is empty", hint)
    elif attribution.missing:
        message = f"without {', '.join(attribution.missing)}"
        hint = f"add a line: {attribution.missing[0]}: "
        yield Finding(shown, 1, 1, "", "attribution-field", "warning", message, hint)


def check_folder(leaf: Leaf) -> Iterator[Finding]:
    """The names of the folders that a leaf lies in."""
    parts = leaf.path.split("/")
    if blank := next((part for part in parts if len(part.split()) > 1 or part != part.strip()), None):
        shown = f"{leaf.path}/{FILE_NAME}"
        above = parts[: parts.index(blank)]
        old, new = "/".join([*above, blank]), "/".join([*above, "_".join(blank.split())])
        hint = f"git mv {shlex.quote(old)} {shlex.quote(new)}"
        yield Finding(shown, 1, 1, "", "folder-blank", "warning", f"the folder {blank!r} has a blank in its name", hint)


def _long_texts(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    total = 0
    for keys, text in texts_of(qna):
        words = len(text.split())
        name = str(keys[-1])
        limit = CONTEXT_WORDS if name == "context" else PAIR_WORDS
        total += words
        if words > limit:
            yield _remark(file, keys, f"long-{name}", "advice", f"{words} words; at most {limit} are advised")
    if total > FILE_WORDS:
        message = f"{total} words in all; at most {FILE_WORDS} are advised"
        yield _remark(file, ["seed_examples"], "long-file", "advice", message)


def _blank_texts(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    fields: Iterator[tuple[Keys, str]] = (((name,), getattr(qna, name)) for name in _FIELDS)
    for keys, text in chain(fields, texts_of(qna)):
        if text and not text.strip():
            yield _remark(file, keys, "blank-text", "warning", "the text is nothing but blanks")


def _mixed(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    without = [number for number, seed in enumerate(qna.seed_examples) if not seed.context]
    if qna.grounded and without:
        message = "an example without a context among examples that have one"
        hint = "give each example a context, or none: the two kinds are generated differently"
        finding = file.finding(["seed_examples", without[0]], "mixed-grounding", message, hint=hint)
        yield replace(finding, severity="warning")


def _moving_commit(file: YamlFile, repo: str, commit: str) -> Iterator[Finding]:
    """Of documents in the taxonomy, or in a folder of this machine, the files as they are now are read."""
    if is_cloned(repo) and commit.strip() and not FULL_HASH.fullmatch(commit):
        message = "not the full hash of a commit: it can stand for other documents tomorrow"
        hint = f"git ls-remote {shlex.quote(without_name(repo))} {shlex.quote(commit)} shows the hash"
        yield replace(file.finding(["document", "commit"], "commit-hash", message, hint=hint), severity="warning")


def _remark(file: YamlFile, keys: Keys, code: str, severity: Severity, message: str) -> Finding:
    hint = "shorten it, or make two of it" if severity == "advice" else "write something, or delete it"
    return replace(file.finding(keys, code, message, hint=hint), severity=severity)
