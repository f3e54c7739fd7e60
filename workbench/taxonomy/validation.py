"""The one judge of what is valid: for what instructlab-schema and yamllint check, the verdict is theirs."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.balance import check_balance
from workbench.taxonomy.check_cache import CheckCache, Verdict, contexts_digest, verdict_digest
from workbench.taxonomy.content_rules import check_attribution, check_content, check_folder, check_formats
from workbench.taxonomy.contexts import check_contexts
from workbench.taxonomy.findings import Finding, Findings, first_of
from workbench.taxonomy.leaf_documents import AtHand, documents_at_hand
from workbench.taxonomy.lint import LintRules, lint, syntax_problem
from workbench.taxonomy.qna import FILE_NAME, folder_kind, kind_of, qna_of
from workbench.taxonomy.schemas import check_schema, newest_version
from workbench.taxonomy.tree import Leaf, Taxonomy, ignored_leaves, is_misnamed
from workbench.taxonomy.yaml_file import YamlFile, decode_yaml, read_bytes

RELAXED = LintRules()


@dataclass(frozen=True)
class _Opened:
    """A file's bytes, the digest under which the verdict on it is kept, and what was read where there was none."""

    shown: str
    data: bytes
    digest: bytes
    file: YamlFile | None = None


def check_file(path: Path, shown: str = "", rules: LintRules = RELAXED) -> Findings:
    """One qna.yaml by itself; `shown` is how findings call it. Never raises for what lies there, only for nothing."""
    if not os.path.lexists(path):
        raise NotFoundError(f"there is no file {path}", hint="workbench taxonomy tree shows the leaves")
    verdict, _ = _judge(path, shown or str(path), rules, CheckCache(None))
    return Findings(verdict.findings)


def check_leaf(leaf: Leaf, rules: LintRules = RELAXED, *, cache: Path | None = None) -> Findings:
    """The leaf's qna.yaml, its attribution, its folders, and its contexts as far as the documents are at hand.

    `cache` is the workspace's, in which fetched documents lie, and where verdicts are kept too.
    """
    return check_leaves([leaf], rules, cache=cache)


def check_leaves(leaves: Iterable[Leaf], rules: LintRules = RELAXED, *, cache: Path | None = None) -> Findings:
    found, _ = _check_leaves(leaves, rules, cache)
    return Findings(found)


def check_taxonomy(taxonomy: Taxonomy, rules: LintRules = RELAXED, *, cache: Path | None = None) -> Findings:
    """All leaves, how seeds are spread over them, and files that were meant as one but that no tool reads."""
    found, seeds = _check_leaves(taxonomy, rules, cache)
    return Findings([*found, *check_balance(seeds), *check_names(taxonomy.root, taxonomy.misnamed)])


def check_names(root: Path, misnamed: Iterable[Path]) -> Iterator[Finding]:
    """Warnings with the rename that mends them, also for leaves in a folder that upstream silently leaves out."""
    for path in misnamed:
        shown = path.relative_to(root).as_posix()
        new = Path(shown).with_name(FILE_NAME).as_posix()
        message = f"nobody reads it: it is not called {FILE_NAME}"
        yield Finding(shown, 1, 1, "", "file-name", "warning", message, _rename(shown, new))
    for leaf in ignored_leaves(root):
        shown = leaf.path.split("/", 1)[0]
        message = f"leaves under {shown} are never generated for"
        hint = _rename(leaf.path, leaf.path.replace(shown, "compositional_skills", 1))
        yield Finding(f"{leaf.path}/{FILE_NAME}", 1, 1, "", "foundational-skills", "warning", message, hint)


def require_valid(findings: Findings) -> None:
    """Raises TaxonomyError with the first errors for a stage that cannot go on with them."""
    errors = findings.of("error")
    if errors:
        shown = "\n".join(str(error) for error in errors[:5])
        more = f"\nand {len(errors) - 5} more" if len(errors) > 5 else ""
        raise TaxonomyError(f"the taxonomy has {findings.summary}\n{shown}{more}", hint="workbench taxonomy diff")


def _check_leaves(
    leaves: Iterable[Leaf], rules: LintRules, folder: Path | None
) -> tuple[list[Finding], dict[str, int]]:
    found: list[Finding] = []
    seeds: dict[str, int] = {}
    with CheckCache.at(folder) as kept:
        for leaf in leaves:
            verdict, opened = _judge(leaf.qna_file, f"{leaf.path}/{FILE_NAME}", rules, kept)
            seeds[leaf.path] = verdict.seeds
            found += [*verdict.findings, *check_attribution(leaf), *check_folder(leaf)]
            if opened and verdict.origin:
                at_hand = documents_at_hand(leaf, verdict.origin, folder)
                found += _judge_documents(opened, at_hand, kept).findings if at_hand.files else ()
    return found, seeds


def _judge(path: Path, shown: str, rules: LintRules, kept: CheckCache) -> tuple[Verdict, _Opened | None]:
    whole = Path(os.path.realpath(path))
    if whole.name != FILE_NAME:
        hint = f"rename it to {FILE_NAME}" if is_misnamed(whole.name) else f"give the path of a {FILE_NAME}"
        message = f"the file has to be called {FILE_NAME}, not {whole.name}"
        return Verdict((Finding(shown, 1, 1, "", "file-name", "error", message, hint),)), None
    data = read_bytes(path, shown)
    if isinstance(data, YamlFile):
        return Verdict(data.findings), None
    opened = _Opened(shown, data, verdict_digest(data, folder_kind(whole) or "", rules.text))
    verdict = kept.get(opened.digest, shown)
    if not verdict:
        file = decode_yaml(data, shown)
        opened, verdict = replace(opened, file=file), _verdict(file, whole, rules)
        kept.put(opened.digest, verdict)
    return verdict, opened


def _verdict(file: YamlFile, path: Path, rules: LintRules) -> Verdict:
    findings = tuple(check_yaml(file, path, rules))
    if not isinstance(file.contents, Mapping):
        return Verdict(findings)
    qna = qna_of(file, kind_of(path, file.contents))
    known = qna.document if qna.kind == "knowledge" and qna.document and qna.document.patterns else None
    return Verdict(findings, len(qna.seed_examples), known.origin if known else None)


def _judge_documents(opened: _Opened, at_hand: AtHand, kept: CheckCache) -> Verdict:
    """Their formats, and whether the contexts are passages of them."""
    digest = contexts_digest(opened.digest, at_hand.names, at_hand.digests)
    verdict = kept.get(digest, opened.shown)
    if not verdict:
        file = opened.file or decode_yaml(opened.data, opened.shown)
        formats = check_formats(file, at_hand.names)
        documents = at_hand.documents()
        contexts = check_contexts(file, qna_of(file, "knowledge"), documents) if documents else ()
        verdict = Verdict((*formats, *contexts))
        kept.put(digest, verdict)
    return verdict


def check_yaml(file: YamlFile, path: Path, rules: LintRules = RELAXED) -> Iterator[Finding]:
    """A file that was opened already; the folders of `path` decide between skill and knowledge."""
    if file.findings:
        yield from file.findings
    elif not file.contents:
        hint = "workbench taxonomy new writes a starting file"
        yield Finding(file.shown, 1, 1, "", "empty-file", "warning", "the file is empty", hint)
    elif not isinstance(file.contents, Mapping):
        hint = f"begin with a line version: {newest_version()}"
        yield file.finding([], "not-a-mapping", "the file holds no keys at its outermost level", hint=hint)
    else:
        yield from _check_contents(file, file.contents, path, rules)


def _check_contents(file: YamlFile, contents: Mapping[Any, Any], path: Path, rules: LintRules) -> Iterator[Finding]:
    kind = kind_of(path, contents)
    version = _declared(contents.get("version", 1))
    # Upstream leaves the style of version 1 alone; what its parser cannot read is an error all the same.
    yield from first_of(lint(file.text, file.shown, rules) if version > 1 else syntax_problem(file.text, file.shown))
    yield from first_of(check_schema(file, kind, version))
    yield from first_of(check_content(file, qna_of(file, kind)))


def _declared(version: object) -> int:
    """The version whose schema is asked; `true` stays what it is, so that no schema is found for it."""
    if isinstance(version, int):
        return version
    try:
        return int(version)  # type: ignore[call-overload, no-any-return]
    except (ValueError, TypeError):
        return 1
    except OverflowError:
        return 0


def _rename(old: str, new: str) -> str:
    return f"git mv {shlex.quote(old)} {shlex.quote(new)}"
