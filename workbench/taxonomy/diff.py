"""What is new in a taxonomy, and whether it is right: the leaves that the next generation is about."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.documents.git import git
from workbench.errors import NotFoundError
from workbench.taxonomy.availability import Availability
from workbench.taxonomy.changes import blind_spots, changed_files, find_base, texts_at
from workbench.taxonomy.diff_html import leaves_html, page
from workbench.taxonomy.diff_text import PLAIN, Marks, leaf_line, leaf_text
from workbench.taxonomy.findings import Finding, Findings
from workbench.taxonomy.leaf_changes import LeafChange, changed_leaf, new_leaf
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.markup import paragraph
from workbench.taxonomy.options import DEFAULT_BASE, NO_BASE, TaxonomyOptions
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FILE_NAME, FOLDERS
from workbench.taxonomy.tree import is_misnamed, leaf_of, read_taxonomy, taxonomy_root
from workbench.taxonomy.validation import check_file, check_leaves, check_names, check_taxonomy
from workbench.taxonomy.workflow_commands import workflow_command


@dataclass(frozen=True)
class Diff:
    """Leaves in the order of their paths; `messages` tell what stood in for a base that is not there."""

    root: Path
    base: str
    leaves: tuple[LeafChange, ...]
    findings: Findings
    messages: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[LeafChange]:
        return iter(self.leaves)

    def __len__(self) -> int:
        return len(self.leaves)

    @property
    def valid(self) -> bool:
        return self.findings.valid

    @property
    def summary(self) -> str:
        """`1 leaf since main: valid`."""
        leaves = "1 leaf" if len(self) == 1 else f"{len(self)} leaves"
        since = "in the taxonomy" if self.base == NO_BASE else f"changed since {self.base}"
        return f"{leaves} {since}: {self.findings.summary}"

    def text(self, marks: Marks = PLAIN) -> str:
        """Each leaf with what changed in it, then the findings, then the verdict."""
        leaves = "\n".join(leaf_text(one, marks) for one in self)
        return "\n".join(part for part in (leaves, _text(self.findings), self.summary) if part)

    def record(self) -> dict[str, object]:
        """What `--format json` shows."""
        leaves = [one.record() for one in self]
        return {"valid": self.valid, "base": self.base, "leaves": leaves, "findings": self.findings.records()}

    def json(self) -> str:
        return json.dumps(self.record(), ensure_ascii=False, indent=2)

    def github(self, *, errors_only: bool = False) -> str:
        """Workflow commands, with paths as GitHub wants them: seen from the root of the repository."""
        prefix = _prefix(self.root)
        if errors_only:
            return "\n".join(workflow_command(finding, prefix) for finding in self.findings.of("error"))
        commands = (workflow_command(finding, prefix) for finding in self.findings)
        return "\n".join([*(leaf_line(one) for one in self), *commands, self.summary])

    def errors(self) -> str:
        """The errors alone, as text."""
        return _text(self.findings.of("error"))

    def files(self) -> list[str]:
        """Posix paths in the taxonomy of the files that were looked into, also of those that are misnamed."""
        misnamed = [finding.path for finding in self.findings if finding.code == "file-name"]
        return sorted({*(f"{one.path}/{FILE_NAME}" for one in self), *misnamed})

    def html(self) -> str:
        """The leaves, what changed in them, and the findings."""
        messages = [paragraph(message) for message in self.messages]
        findings = self.findings._repr_html_() if self.findings else ""
        return "".join([*messages, leaves_html(self), findings, paragraph(self.summary)])

    def page(self) -> str:
        """The same as a document of its own."""
        return page("Changes of the taxonomy", self.html())

    def with_documents(self, available: Availability) -> "Diff":
        """Also with what was found of the documents."""
        leaves = tuple(replace(one, documents=available.files.get(one.path, ())) for one in self)
        return replace(self, leaves=leaves, findings=Findings([*self.findings, *available.findings]))

    def _repr_html_(self) -> str:
        return self.html()


def diff_taxonomy(path: Path, options: TaxonomyOptions | None = None, *, cache: Path | None = None) -> Diff:
    """Of a taxonomy's folder against its base, or of one qna.yaml, which needs neither git nor a base.

    `cache` is the workspace's, where verdicts and fetched documents are kept.
    Raises UsageError for a base that git does not know, and NotFoundError for a path that is not there.
    """
    options = options or TaxonomyOptions()
    rules = LintRules.read(options.yaml_rules)
    if not path.exists():
        raise NotFoundError(f"there is no taxonomy {path}", hint="the first notebook lays out a sample taxonomy")
    whole = path.resolve()
    if not whole.is_dir():
        return _diff_file(whole, rules, cache)
    base = options.taxonomy_base or DEFAULT_BASE
    found = _diff_all(whole, rules, cache) if base == NO_BASE else _diff_changed(whole, base, rules, cache)
    return replace(found, messages=(*found.messages, *_misplaced(whole)))


def _diff_file(file: Path, rules: LintRules, cache: Path | None) -> Diff:
    root = taxonomy_root(file)
    if file.name != FILE_NAME:
        return Diff(root, NO_BASE, (), check_file(file, file.relative_to(root).as_posix(), rules))
    leaf = leaf_of(file, root)
    return Diff(root, NO_BASE, (new_leaf(leaf),), check_leaves([leaf], rules, cache=cache))


def _diff_all(root: Path, rules: LintRules, cache: Path | None) -> Diff:
    taxonomy = read_taxonomy(root)
    findings = check_taxonomy(taxonomy, rules, cache=cache)
    return Diff(root, NO_BASE, tuple(new_leaf(leaf) for leaf in taxonomy), findings)


def _diff_changed(root: Path, name: str, rules: LintRules, cache: Path | None) -> Diff:
    base = find_base(root, name)
    changes = [change for change in changed_files(root, base) if os.path.lexists(root / change.path)]
    files = [change for change in changes if Path(change.path).name == FILE_NAME]
    before = texts_at(root, [change.blob for change in files])
    leaves = [changed_leaf(leaf_of(root / one.path, root), one, before.get(one.blob)) for one in files]
    misnamed = [root / change.path for change in changes if is_misnamed(Path(change.path).name)]
    findings = [*check_leaves((one.leaf for one in leaves), rules, cache=cache), *check_names(root, misnamed)]
    return Diff(
        root=root,
        base=base.name,
        leaves=tuple(sorted(leaves, key=lambda one: one.path)),
        findings=Findings(findings),
        messages=(*([base.message] if base.message else []), *blind_spots(root)),
    )


def _misplaced(root: Path) -> list[str]:
    if any((root / name).is_dir() for name in FOLDERS):
        return []
    above = next((folder.parent for folder in (root, *root.parents) if folder.name in FOLDERS), None)
    advice = f"; is {above} the taxonomy?" if above else ""
    return [f"{root} holds neither {' nor '.join(sorted(FOLDERS))}: there are no leaves to check{advice}"]


def _text(findings: Iterable[Finding]) -> str:
    """Whatever a path holds, a finding stays on its lines."""
    return "\n".join(
        str(replace(one, path=printable(one.path), message=printable(one.message), hint=printable(one.hint)))
        for one in findings
    )


def _prefix(root: Path) -> str:
    """The taxonomy's folder in its repository, empty outside of one."""
    try:
        answer = git(root, "rev-parse", "--show-prefix")
    except NotFoundError:
        return ""
    return os.fsdecode(answer.output).removesuffix("\n") if answer.ok else ""
