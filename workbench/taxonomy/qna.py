"""A qna.yaml as values: who wrote it, what it is about, and its seed examples with their lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from workbench.documents.sources import Origin
from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_file import Keys, YamlFile, open_yaml

Kind = Literal["knowledge", "skill"]
FOLDERS: dict[str, Kind] = {"compositional_skills": "skill", "knowledge": "knowledge"}
FILE_NAME = "qna.yaml"


@dataclass(frozen=True)
class QuestionAnswer:
    question: str
    answer: str
    line: int


@dataclass(frozen=True)
class SeedExample:
    """A skill's example has one pair and perhaps a context, a knowledge leaf's a context and several pairs."""

    context: str
    pairs: tuple[QuestionAnswer, ...]
    line: int


@dataclass(frozen=True)
class DocumentSource:
    """The `document` of a knowledge leaf; `origin` is how the documents stage takes it."""

    repo: str
    commit: str
    patterns: tuple[str, ...]
    line: int

    @property
    def origin(self) -> Origin:
        return Origin(self.repo, self.commit, self.patterns)


@dataclass(frozen=True)
class Qna:
    """Fields that a kind does not have are empty."""

    kind: Kind
    version: int
    created_by: str
    task_description: str
    domain: str
    document_outline: str
    document: DocumentSource | None
    seed_examples: tuple[SeedExample, ...]

    @property
    def grounded(self) -> bool:
        """Whether questions are about a context; a skill without any context is freeform."""
        return any(seed.context for seed in self.seed_examples)

    @property
    def form(self) -> str:
        if self.kind == "knowledge":
            return "knowledge"
        return "grounded skill" if self.grounded else "freeform skill"

    @property
    def pairs(self) -> int:
        return sum(len(seed.pairs) for seed in self.seed_examples)


def read_qna(path: Path, shown: str = "") -> Qna:
    """Takes what is there, also of a file with findings; TaxonomyError where the file is no mapping at all."""
    file = open_yaml(path, shown or str(path))
    if file.findings:
        found = file.findings[0]
        raise TaxonomyError(f"{found.place}: {found.message}", hint=found.hint)
    if not isinstance(file.contents, Mapping):
        raise TaxonomyError(f"{file.shown}: holds no keys", hint="workbench taxonomy new writes a starting file")
    return qna_of(file, kind_of(path, file.contents))


def qna_of(file: YamlFile, kind: Kind) -> Qna:
    """For a file that was opened already; where a value has a wrong type, its field is empty."""
    contents = file.contents if isinstance(file.contents, Mapping) else {}
    seeds = (_seed(file, number, seed) for number, seed in enumerate(_list(contents, "seed_examples")))
    return Qna(
        kind=kind,
        version=version_of(contents),
        created_by=_text(contents, "created_by"),
        task_description=_text(contents, "task_description"),
        domain=_text(contents, "domain"),
        document_outline=_text(contents, "document_outline"),
        document=_document(file, contents),
        seed_examples=tuple(seed for seed in seeds if seed),
    )


def kind_of(path: PurePath, contents: Any = None) -> Kind:
    """By the folder nearest to the file that is called as the kinds are; outside such folders by what the file holds.

    The rule of instructlab-schema's parser, which sees a leaf `compositional_skills/knowledge/x` as knowledge.
    """
    if named := folder_kind(path):
        return named
    return "knowledge" if isinstance(contents, Mapping) and "document" in contents else "skill"


def folder_kind(path: PurePath) -> Kind | None:
    """None outside the folders that decide."""
    return next((FOLDERS[part] for part in reversed(path.parts) if part in FOLDERS), None)


def texts_of(qna: Qna) -> Iterator[tuple[Keys, str]]:
    """Contexts, questions and answers with the keys that lead to them, in the order of the file."""
    for number, seed in enumerate(qna.seed_examples):
        where: tuple[str | int, ...] = ("seed_examples", number)
        if seed.context:
            yield (*where, "context"), seed.context
        for place, pair in enumerate(seed.pairs):
            within = (*where, "questions_and_answers", place) if qna.kind == "knowledge" else where
            yield (*within, "question"), pair.question
            yield (*within, "answer"), pair.answer


def version_of(contents: Mapping[Any, Any]) -> int:
    """As instructlab-schema's parser reads it: 1 where it is missing or no number can be made of it."""
    version = contents.get("version", 1)
    try:
        return int(version)
    except (ValueError, TypeError, OverflowError):
        return 1


def _document(file: YamlFile, contents: Mapping[Any, Any]) -> DocumentSource | None:
    document = contents.get("document")
    if not isinstance(document, Mapping):
        return None
    patterns = tuple(str(pattern) for pattern in _list(document, "patterns"))
    line, _ = file.position(["document"])
    return DocumentSource(_text(document, "repo"), _text(document, "commit"), patterns, line)


def _seed(file: YamlFile, number: int, seed: Any) -> SeedExample | None:
    if not isinstance(seed, Mapping):
        return None
    keys: list[str | int] = ["seed_examples", number]
    line, _ = file.position(keys)
    pairs = [QuestionAnswer(_text(seed, "question"), _text(seed, "answer"), line)] if "question" in seed else []
    for place, pair in enumerate(_list(seed, "questions_and_answers")):
        if isinstance(pair, Mapping):
            of_pair, _ = file.position([*keys, "questions_and_answers", place])
            pairs.append(QuestionAnswer(_text(pair, "question"), _text(pair, "answer"), of_pair))
    return SeedExample(_text(seed, "context"), tuple(pairs), line)


def _text(mapping: Mapping[Any, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _list(mapping: Mapping[Any, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    return value if isinstance(value, list) else []
