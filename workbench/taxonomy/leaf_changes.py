"""What happened to one leaf since the base."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from workbench.documents.sources import SourceFile
from workbench.taxonomy.changes import ChangedFile, Status
from workbench.taxonomy.field_changes import FieldChange, compare_fields
from workbench.taxonomy.qna import FILE_NAME, Kind, qna_of
from workbench.taxonomy.seed_changes import SeedChanges, compare_seeds
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.yaml_file import YamlFile, open_yaml, parse_yaml

_FIELDS_NAMED = 3


@dataclass(frozen=True)
class LeafChange:
    """`version` is 0 where the file cannot be read; `previous` is the path of a leaf that was elsewhere.

    `fields` are those that changed beside the seed examples; `documents` are those that were found when asked for.
    """

    leaf: Leaf
    status: Status
    version: int
    seeds: SeedChanges
    previous: str = ""
    fields: tuple[FieldChange, ...] = ()
    new: bool = True
    documents: tuple[SourceFile, ...] = field(default=(), compare=False)

    @property
    def path(self) -> str:
        return self.leaf.path

    @property
    def kind(self) -> Kind:
        return self.leaf.kind

    @property
    def summary(self) -> str:
        """`seeds: 1 added, 2 edited; document.commit`, or `contents unchanged`."""
        if not self.version:
            return "no contents that can be read"
        parts = [f"seeds: {self.seeds.summary}"] if self.seeds else []
        names = [change.name for change in self.fields]
        more = f" and {len(names) - _FIELDS_NAMED} more" if len(names) > _FIELDS_NAMED else ""
        parts += [", ".join(names[:_FIELDS_NAMED]) + more] if names else []
        return "; ".join(parts) or ("no seeds" if self.new else "contents unchanged")

    def record(self) -> dict[str, object]:
        return {"path": self.path, "kind": self.kind, "version": self.version, "status": self.status}


def new_leaf(leaf: Leaf, status: Status = "added") -> LeafChange:
    """Of a leaf that was not there before: all its seed examples are added."""
    return _change(leaf, status, None)


def changed_leaf(leaf: Leaf, change: ChangedFile, before: str | None) -> LeafChange:
    """`before` is the text of its qna.yaml at the base, None where there was none that can be read."""
    previous = PurePosixPath(change.previous).parent.as_posix() if change.previous else ""
    if before is None:
        return replace(_change(leaf, change.status, None), previous=previous)
    old = parse_yaml(before.replace("\r\n", "\n").replace("\r", "\n"), change.previous or change.path)
    return replace(_change(leaf, change.status, old), previous=previous, new=False)


def _change(leaf: Leaf, status: Status, before: YamlFile | None) -> LeafChange:
    now = open_yaml(leaf.qna_file, f"{leaf.path}/{FILE_NAME}")
    if now.findings or not isinstance(now.contents, Mapping):
        return LeafChange(leaf, status, 0, SeedChanges())
    qna = qna_of(now, leaf.kind)
    seeds = compare_seeds(qna_of(before, leaf.kind) if before else None, qna)
    fields = compare_fields(before.contents, now.contents) if before else ()
    return LeafChange(leaf, status, qna.version, seeds, fields=fields)
