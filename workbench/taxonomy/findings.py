"""What the checks found, each with the place it was found at."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Literal, overload

from workbench.taxonomy.markup import paragraph, table

Severity = Literal["error", "warning", "advice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` is relative to the taxonomy, `line` and `column` count from 1, `yaml_path` reads `.seed_examples[0]`."""

    path: str
    line: int
    column: int
    yaml_path: str
    code: str
    severity: Severity
    message: str
    hint: str = ""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def __str__(self) -> str:
        where = f" {self.yaml_path}" if self.yaml_path else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.place}: {self.severity} [{self.code}]{where} {self.message}{hint}"


def first_of(found: Iterable[Finding], most: int = 200) -> Iterator[Finding]:
    """No more than a person reads and a page shows; the last says that there are others. What is behind is not made."""
    kept = list(islice(found, most + 1))
    yield from kept[: most - 1]
    for last in kept[most - 1 : most]:
        yield replace(last, message=f"{last.message}; more follow, unlisted") if len(kept) > most else last


class Findings(Sequence[Finding]):
    """In the order of files and lines, without repetitions; shows itself as a table in a notebook."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        order = sorted(dict.fromkeys(found), key=lambda one: (one.path, one.line, one.column, one.code, one.message))
        self._found = tuple(order)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Findings) and self._found == other._found

    def __hash__(self) -> int:
        return hash(self._found)

    def __repr__(self) -> str:
        return f"<Findings: {self.summary}>"

    @property
    def valid(self) -> bool:
        """No errors; warnings and advice do not matter."""
        return not self.of("error")

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(one for one in self if one.severity == severity)

    @property
    def summary(self) -> str:
        """`valid`, or `2 errors, 1 warning`."""
        counted: tuple[tuple[Severity, str], ...] = (("error", "errors"), ("warning", "warnings"), ("advice", "advice"))
        counts = [(len(self.of(name)), name, many) for name, many in counted]
        parts = [f"{count} {name if count == 1 else many}" for count, name, many in counts if count]
        return ", ".join(parts) or "valid"

    def text(self) -> str:
        return "\n".join(str(one) for one in self)

    def records(self) -> list[dict[str, object]]:
        """As JSON has them: one object a finding with the fields of `Finding`."""
        return [asdict(one) for one in self]

    def json(self) -> str:
        return json.dumps(self.records(), ensure_ascii=False, indent=2)

    def _repr_html_(self) -> str:
        if not self:
            return paragraph("No findings: valid.")
        rows = (
            (one.severity, one.place, one.yaml_path, f"{one.message}\n{one.hint}".strip(), one.code) for one in self
        )
        return table(
            f"Findings: {self.summary}", ("Severity", "Place", "Field", "What and how to mend it", "Rule"), rows
        )
