"""A taxonomy with a verdict on each of its leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workbench.errors import TaxonomyError
from workbench.taxonomy.findings import Finding, Findings
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.printable import printable
from workbench.taxonomy.tree import Leaf, Taxonomy, read_taxonomy
from workbench.taxonomy.validation import RELAXED, check_taxonomy

if TYPE_CHECKING:
    from rich.tree import Tree as RichTree


@dataclass(frozen=True)
class Survey:
    """What `survey` saw; shows itself in a notebook as a tree."""

    taxonomy: Taxonomy
    findings: Findings

    @property
    def valid(self) -> bool:
        return self.findings.valid

    @property
    def summary(self) -> str:
        """`2 knowledge leaves, 3 skills: valid`."""
        return f"{self.taxonomy.summary}: {self.findings.summary}"

    def verdict(self, leaf: Leaf) -> Findings:
        """What was found in the leaf's own folder."""
        return self._verdicts.get(leaf.path, Findings())

    def text(self) -> str:
        """Folders indented under each other, each leaf with its kind, counts and verdict."""
        lines = [f"{printable(self.taxonomy.root.name)}/  ({self.summary})"]
        for depth, name, leaf in self.taxonomy.lines():
            said = f"  [{self._said(leaf)}]" if leaf else ""
            lines.append(f"{'    ' * depth}{printable(name)}/{said}")
        return "\n".join(lines)

    def record(self) -> dict[str, object]:
        """As JSON has it; the counts of a leaf that cannot be read are 0."""
        leaves = [self._record(leaf) for leaf in self.taxonomy]
        return {"valid": self.valid, "leaves": leaves, "findings": self.findings.records()}

    def __rich__(self) -> "RichTree":
        from rich.markup import escape as plain
        from rich.tree import Tree

        top = Tree(f"{plain(printable(self.taxonomy.root.name))} ({self.summary})")
        branches = [top]
        for depth, name, leaf in self.taxonomy.lines():
            label = plain(printable(name))
            if leaf:
                style = "green" if self.verdict(leaf).valid else "red"
                label += f" [dim]{plain(leaf.summary)}[/dim] [{style}]{self.verdict(leaf).summary}[/{style}]"
            branches[depth:] = [branches[depth - 1].add(label)]
        return top

    def _repr_html_(self) -> str:
        parts, level = [f"<p>{escape(self.summary)}</p>"], 0
        for depth, name, leaf in self.taxonomy.lines():
            parts.append("<ul>" if depth > level else "</li>" + "</ul></li>" * (level - depth))
            said = f" <small>({escape(self._said(leaf))})</small>" if leaf else ""
            parts.append(f"<li>{escape(printable(name))}{said}")
            level = depth
        return "".join(parts) + "</li></ul>" * level

    @cached_property
    def _verdicts(self) -> Mapping[str, Findings]:
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(PurePosixPath(finding.path).parent.as_posix(), []).append(finding)
        return {folder: Findings(findings) for folder, findings in found.items()}

    def _said(self, leaf: Leaf) -> str:
        return f"{leaf.summary}: {self.verdict(leaf).summary}"

    def _record(self, leaf: Leaf) -> dict[str, object]:
        try:
            qna = leaf.qna()
            said: dict[str, object] = {"form": qna.form, "version": qna.version}
            said |= {"seeds": len(qna.seed_examples), "pairs": qna.pairs}
        except TaxonomyError:
            said = {"form": leaf.kind, "version": 0, "seeds": 0, "pairs": 0}
        verdict = self.verdict(leaf)
        counts = {f"{name}s": len(verdict.of(name)) for name in ("error", "warning")} | {
            "advice": len(verdict.of("advice"))
        }
        return {"path": leaf.path, "kind": leaf.kind, **said, **counts}


def survey(root: Path, rules: LintRules = RELAXED, *, cache: Path | None = None) -> Survey:
    """Reads and checks all of a taxonomy; NotFoundError where there is no such folder."""
    taxonomy = read_taxonomy(root.resolve())
    return Survey(taxonomy, check_taxonomy(taxonomy, rules, cache=cache))
