"""The leaves of a taxonomy: folders with a qna.yaml under `knowledge` and `compositional_skills`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.qna import FILE_NAME, FOLDERS, Kind, Qna, kind_of, read_qna

if TYPE_CHECKING:
    from rich.tree import Tree as RichTree

# Once part of the public taxonomy; no tool of upstream reads it any more.
_IGNORED_FOLDER = "foundational_skills"
_SKIPPED = {".git", ".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True, order=True)
class Leaf:
    """`path` is the folder's posix path in the taxonomy, for instance `knowledge/harbours/lighthouses`."""

    path: str
    root: Path

    @property
    def kind(self) -> Kind:
        return kind_of(PurePosixPath(self.path))

    @property
    def folder(self) -> Path:
        return self.root / self.path

    @property
    def qna_file(self) -> Path:
        return self.folder / FILE_NAME

    @property
    def attribution_file(self) -> Path:
        return self.folder / "attribution.txt"

    def qna(self) -> Qna:
        """Read anew each time; TaxonomyError where the file is no mapping."""
        return read_qna(self.qna_file, f"{self.path}/{FILE_NAME}")

    @property
    def summary(self) -> str:
        """`freeform skill, 5 seeds, 5 pairs`."""
        try:
            qna = self.qna()
        except TaxonomyError:
            return f"{self.kind}, unreadable"
        return f"{qna.form}, {_count(len(qna.seed_examples), 'seed')}, {_count(qna.pairs, 'pair')}"


@dataclass(frozen=True)
class Taxonomy:
    """A taxonomy's leaves in the order of their paths, and files that were meant as one but are not called so."""

    root: Path
    leaves: tuple[Leaf, ...]
    misnamed: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[Leaf]:
        return iter(self.leaves)

    def __len__(self) -> int:
        return len(self.leaves)

    def leaf(self, path: str) -> Leaf:
        """By its path; NotFoundError names those there are."""
        found = next((leaf for leaf in self.leaves if leaf.path == path.strip("/")), None)
        if not found:
            known = ", ".join(leaf.path for leaf in self.leaves[:5]) or "none"
            raise NotFoundError(f"there is no leaf {path}", hint=f"there are: {known}")
        return found

    @property
    def summary(self) -> str:
        """`2 knowledge leaves, 3 skills`."""
        knowledge = sum(leaf.kind == "knowledge" for leaf in self.leaves)
        leaves = "leaf" if knowledge == 1 else "leaves"
        return f"{knowledge} knowledge {leaves}, {_count(len(self.leaves) - knowledge, 'skill')}"

    def text(self) -> str:
        """Folders indented under each other, each leaf with its kind and counts."""
        lines = [f"{self.root.name}/  ({self.summary})"]
        for depth, name, leaf in self.lines():
            lines.append("    " * depth + f"{name}/" + (f"  [{leaf.summary}]" if leaf else ""))
        return "\n".join(lines)

    def __rich__(self) -> "RichTree":
        from rich.markup import escape as plain
        from rich.tree import Tree

        top = Tree(f"{plain(self.root.name)} ({self.summary})")
        branches = [top]
        for depth, name, leaf in self.lines():
            label = plain(name) + (f" [dim]{plain(leaf.summary)}[/dim]" if leaf else "")
            branches[depth:] = [branches[depth - 1].add(label)]
        return top

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self.root.name)}: {escape(self.summary)}</p>"]
        level = 0
        for depth, name, leaf in self.lines():
            parts.append("<ul>" if depth > level else "</li>" + "</ul></li>" * (level - depth))
            parts.append(f"<li>{escape(name)}" + (f" <small>({escape(leaf.summary)})</small>" if leaf else ""))
            level = depth
        return "".join(parts) + "</li></ul>" * level

    def lines(self) -> Iterator[tuple[int, str, Leaf | None]]:
        """Depth from 1, folder name, and the leaf where the folder is one; folders above come once, before theirs."""
        by_path = {tuple(leaf.path.split("/")): leaf for leaf in self.leaves}
        folders = {path[:depth] for path in by_path for depth in range(1, len(path) + 1)}
        for folder in sorted(folders):
            yield len(folder), folder[-1], by_path.get(folder)


def read_taxonomy(root: Path) -> Taxonomy:
    """Walks the two folders without following links; NotFoundError where there is no such folder."""
    if not root.is_dir():
        raise NotFoundError(f"there is no taxonomy {root}", hint="the first notebook lays out a sample taxonomy")
    files = [file for folder in sorted(FOLDERS) for file in _files(root / folder)]
    leaves = [leaf_of(file, root) for file in files if file.name == FILE_NAME]
    return Taxonomy(root, tuple(sorted(leaves)), tuple(sorted(file for file in files if is_misnamed(file.name))))


def ignored_leaves(root: Path) -> list[Leaf]:
    """Leaves in a folder that upstream's tools pass over without a word, and so does `read_taxonomy`."""
    return [leaf_of(file, root) for file in _files(root / _IGNORED_FOLDER) if file.name == FILE_NAME]


def leaf_of(file: Path, root: Path) -> Leaf:
    """The leaf of a qna.yaml inside the taxonomy."""
    return Leaf(file.parent.relative_to(root).as_posix(), root)


def is_misnamed(name: str) -> bool:
    """`qna.yml`, `QNA.yaml`: nobody reads them, and nobody else says so."""
    return name != FILE_NAME and name.casefold() in ("qna.yaml", "qna.yml")


def taxonomy_root(file: Path) -> Path:
    """The folder above the outermost `knowledge` or `compositional_skills` that the file is in, else its own."""
    whole = file.resolve()
    above = [parent for parent in whole.parents if parent.name in FOLDERS]
    return above[-1].parent if above else whole.parent


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(parent, name) for name in sorted(names))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
