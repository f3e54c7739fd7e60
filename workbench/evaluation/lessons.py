"""What a run was taught: the rows of its training files, what of each was learned, and which were left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import NotFoundError
from workbench.evaluation.questions import Question
from workbench.records import digest_file, digest_json
from workbench.training.conversations import Conversation
from workbench.training.encoding import Encoded, encode_all
from workbench.training.layout import ChatTemplate
from workbench.training.left_out import NOTHING_TO_LEARN, too_long, too_short
from workbench.training.rows import conversation_at, document_of, is_document
from workbench.training.sources import placed_rows
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Enough to tell a model that knows its rows from one that does not: the interval of a half is then 0.28 to 0.72.
ASKED_EACH = 16
_FILES = ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl")


@dataclass(frozen=True)
class TrainingFile:
    """A file that a phase was trained on."""

    phase: int
    path: Path


@dataclass(frozen=True)
class Lesson:
    """A row. `asked` and `said` are the question and the answer of a chat of one answer, empty for any other row; a
    `document` is learned as it stands.

    `learned` is the text that counts in the loss, `given` the rest; `left_out` says why it was not trained on. The leaf
    is empty for a row of no leaf, such as a replayed one; of a file that no data run made it is `file <name>`.
    """

    leaf: str
    phase: int
    asked: str
    said: str
    given: str
    learned: str
    tokens: int
    left_out: str
    passage: str
    document: bool = False


def training_files(inputs: Mapping[str, str], manifest: Mapping[str, Any], workspace: Workspace) -> list[TrainingFile]:
    """The files of a trained run's phases by its inputs and manifest; NotFoundError where the data run or a file is
    gone or has changed."""
    found = {digest: path for path in _candidates(manifest, workspace) for digest in [digest_file(path)]}
    files = []
    for name, digest in sorted(inputs.items()):
        if name.startswith("phase_"):
            if digest not in found:
                raise NotFoundError(
                    "the training files have changed since the training", hint="train again, then evaluate again"
                )
            files.append(TrainingFile(int(name.split("_")[1]), found[digest]))
    return files


def data_files(folder: Path) -> list[TrainingFile]:
    """Those that a data run has for a training."""
    paths = [folder / name for name in _FILES]
    return [TrainingFile(number, path) for number, path in enumerate(paths, start=1) if path.is_file()]


def row_questions(files: Sequence[TrainingFile]) -> list[Question]:
    """Training rows of one question and answer each, as questions without any system message: of each leaf at most
    `ASKED_EACH`, the same ones whenever they are drawn."""
    by_leaf: dict[str, dict[str, Question]] = {}
    for file in files:
        for _, row in placed_rows(file.path):
            asked, said = _pair(row)
            leaf = _leaf(row, file.path)
            if asked and said and leaf:
                identity = digest_json([asked, said])[:16]
                by_leaf.setdefault(leaf, {})[identity] = Question(identity, leaf, asked, said)
    return [found[identity] for _, found in sorted(by_leaf.items()) for identity in sorted(found)[:ASKED_EACH]]


def read_lessons(
    files: Sequence[TrainingFile], tokenizer: "PreTrainedTokenizerBase", options: Mapping[str, Any]
) -> list[Lesson]:
    """All rows; `options` are those of the training, of which `max_length` and `min_length` leave rows out."""
    template = ChatTemplate(tokenizer)
    return [lesson for file in files for lesson in _lessons(file, template, options)]


def _lessons(file: TrainingFile, template: ChatTemplate, options: Mapping[str, Any]) -> Iterator[Lesson]:
    placed = list(placed_rows(file.path))
    talks = [(row, conversation_at(file.path, line, row)) for line, row in placed if not is_document(row)]
    encoded = encode_all([talk for _, talk in talks], template)
    for (row, talk), found in zip(talks, encoded, strict=True):
        if isinstance(found, Encoded):
            yield _told(row, file, talk, found, options)
    for _, row in placed:
        if is_document(row):
            text = document_of(row)
            size = len(template.tokenizer(text, add_special_tokens=False)["input_ids"])
            yield Lesson(_leaf(row, file.path), file.phase, "", "", "", text, size, "", "", document=True)


def _told(
    row: Mapping[str, Any], file: TrainingFile, talk: Conversation, found: Encoded, options: Mapping[str, Any]
) -> Lesson:
    text, place = found.layout.text, 0
    given, learned = [], []
    for start, end in found.layout.learned:
        given.append(text[place:start])
        learned.append(text[start:end])
        place = end
    size = len(found.sample)
    asked, said = _pair(row)
    most, least = int(options.get("max_length", size)), int(options.get("min_length", 0))
    reason = too_long(most) if size > most else too_short(least) if size < least else ""
    return Lesson(
        leaf=_leaf(row, file.path),
        phase=file.phase,
        asked=asked,
        said=said,
        given="".join([*given, text[place:]]),
        learned="\n".join(learned),
        tokens=size,
        left_out=reason or ("" if any(found.sample.weights[1:]) and not talk.mute else NOTHING_TO_LEARN),
        passage=str(_metadata(row).get("sdg_document", "")),
    )


def _pair(row: Mapping[str, Any]) -> tuple[str, str]:
    """Question and answer of a row that has one of each, beside a system message; empty texts otherwise."""
    messages = row.get("messages")
    turns = [turn for turn in messages if turn.get("role") != "system"] if isinstance(messages, list) else []
    if [turn.get("role") for turn in turns] != ["user", "assistant"]:
        return "", ""
    asked, said = (turn.get("content") for turn in turns)
    return (asked.strip(), said.strip()) if isinstance(asked, str) and isinstance(said, str) else ("", "")


def _leaf(row: Mapping[str, Any], path: Path) -> str:
    found = _metadata(row)
    if "leaf" in found or "dataset" in found:
        return str(found.get("leaf", ""))
    return f"file {path.name}"


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    """It is JSON in a text; other projects put other things there."""
    given = row.get("metadata")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    return given if isinstance(given, dict) else {}


def _candidates(manifest: Mapping[str, Any], workspace: Workspace) -> list[Path]:
    """The files that it may have been trained on."""
    data: dict[str, Any] = manifest.get("data", {})
    if "files" in data:
        paths = [workspace.resolve(name) for name in data["files"]]
    elif data.get("id"):
        try:
            folder = workspace.get("synthetic_data", data["id"]).folder
        except NotFoundError as error:
            told = f"the data run {data.get('name', '')} that it was trained on has been deleted"
            raise NotFoundError(told, hint="generate data again, train on them, then evaluate again") from error
        paths = [folder / name for name in _FILES]
    else:
        raise NotFoundError("the run does not say what it was trained on", hint="train again, then evaluate again")
    if missing := [path for path in paths if not path.is_file() and "files" in data]:
        raise NotFoundError(f"there is no training file {missing[0]} any more", hint="put it back, or train again")
    return [path for path in paths if path.is_file()]
