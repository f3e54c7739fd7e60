"""What is new in a taxonomy, and whether it is right: the leaves that the next generation is about."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.changes import Base, ChangedFile, Status, changed_files, file_at, find_base
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.markup import paragraph, table
from workbench.taxonomy.options import DEFAULT_BASE, NO_BASE, TaxonomyOptions
from workbench.taxonomy.qna import FILE_NAME, Kind, Qna, qna_of
from workbench.taxonomy.seed_changes import SeedChanges, compare_seeds
from workbench.taxonomy.tree import Leaf, is_misnamed, leaf_of, read_taxonomy, taxonomy_root
from workbench.taxonomy.validation import check_file, check_leaves, check_names
from workbench.taxonomy.yaml_file import parse_yaml


@dataclass(frozen=True)
class LeafChange:
    """`version` is 0 where the file cannot be read; `previous` is the path of a leaf that was renamed."""

    leaf: Leaf
    status: Status
    version: int
    seeds: SeedChanges
    previous: str = ""

    @property
    def path(self) -> str:
        return self.leaf.path

    @property
    def kind(self) -> Kind:
        return self.leaf.kind

    def record(self) -> dict[str, object]:
        return {"path": self.path, "kind": self.kind, "version": self.version, "status": self.status}


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

    def text(self) -> str:
        """One line a leaf, then the findings, then the verdict."""
        lines = [
            f"{one.status:<10} {one.kind:<10} {one.path}{_renamed(one)} (seeds: {one.seeds.summary})" for one in self
        ]
        return "\n".join(part for part in ("\n".join(lines), self.findings.text(), self.summary) if part)

    def record(self) -> dict[str, object]:
        """What `--format json` shows."""
        leaves = [one.record() for one in self]
        return {"valid": self.valid, "base": self.base, "leaves": leaves, "findings": self.findings.records()}

    def json(self) -> str:
        return json.dumps(self.record(), ensure_ascii=False, indent=2)

    def html(self) -> str:
        """A table of the leaves and one of the findings."""
        parts = [paragraph(message) for message in self.messages]
        if self.leaves:
            heads = ("Leaf", "What happened", "Kind", "Version", "Seed examples")
            rows = ((one.path, one.status + _renamed(one), one.kind, one.version, one.seeds.summary) for one in self)
            parts.append(table("", heads, rows))
        return "".join([*parts, self.findings._repr_html_() if self.findings else "", paragraph(self.summary)])

    def _repr_html_(self) -> str:
        return self.html()


def diff_taxonomy(path: Path, options: TaxonomyOptions | None = None) -> Diff:
    """Of a taxonomy's folder against its base, or of one qna.yaml, which needs neither git nor a base.

    Raises UsageError for a base that git does not know, and NotFoundError for a path that is not there.
    """
    options = options or TaxonomyOptions()
    rules = LintRules.read(options.yaml_rules)
    if not path.exists():
        raise NotFoundError(f"there is no taxonomy {path}", hint="the first notebook lays out a sample taxonomy")
    whole = path.resolve()
    if whole.is_file():
        return _diff_file(whole, rules)
    base = options.taxonomy_base or DEFAULT_BASE
    return _diff_all(whole, rules) if base == NO_BASE else _diff_changed(whole, base, rules)


def _diff_file(file: Path, rules: LintRules) -> Diff:
    root = taxonomy_root(file)
    if file.name != FILE_NAME:
        return Diff(root, NO_BASE, (), check_file(file, file.relative_to(root).as_posix(), rules))
    leaf = leaf_of(file, root)
    return Diff(root, NO_BASE, (_new_leaf(leaf),), check_leaves([leaf], rules))


def _diff_all(root: Path, rules: LintRules) -> Diff:
    taxonomy = read_taxonomy(root)
    findings = [*check_leaves(taxonomy, rules), *check_names(root, taxonomy.misnamed)]
    return Diff(root, NO_BASE, tuple(_new_leaf(leaf) for leaf in taxonomy), Findings(findings))


def _diff_changed(root: Path, name: str, rules: LintRules) -> Diff:
    base = find_base(root, name)
    changes = [change for change in changed_files(root, base) if (root / change.path).is_file()]
    leaves = [_changed_leaf(root, base, change) for change in changes if Path(change.path).name == FILE_NAME]
    misnamed = [root / change.path for change in changes if is_misnamed(Path(change.path).name)]
    findings = [*check_leaves((one.leaf for one in leaves), rules), *check_names(root, misnamed)]
    return Diff(
        root=root,
        base=base.name,
        leaves=tuple(sorted(leaves, key=lambda one: one.path)),
        findings=Findings(findings),
        messages=(base.message,) if base.message else (),
    )


def _changed_leaf(root: Path, base: Base, change: ChangedFile) -> LeafChange:
    leaf = leaf_of(root / change.path, root)
    now = _readable(leaf)
    text = file_at(root, base, change.previous or change.path)
    before = qna_of(parse_yaml(text, change.path), leaf.kind) if text is not None else None
    seeds = compare_seeds(before, now) if now else SeedChanges()
    previous = Path(change.previous).parent.as_posix() if change.previous else ""
    return LeafChange(leaf, change.status, now.version if now else 0, seeds, previous)


def _new_leaf(leaf: Leaf) -> LeafChange:
    now = _readable(leaf)
    return LeafChange(leaf, "added", now.version if now else 0, compare_seeds(None, now) if now else SeedChanges())


def _readable(leaf: Leaf) -> Qna | None:
    try:
        return leaf.qna()
    except TaxonomyError:
        return None


def _renamed(change: LeafChange) -> str:
    return f" (was {change.previous})" if change.previous else ""
