"""Training files: their rows as samples, with what was left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingDataError
from workbench.runs import Stop
from workbench.training.blocks import blocks, encode_documents
from workbench.training.conversations import Conversation, conversation
from workbench.training.encoding import Encoded, Sample, encode_all
from workbench.training.layout import ChatTemplate
from workbench.training.left_out import EMPTY, NOTHING_TO_LEARN, DataReport, FileReport, Tally, too_long, too_short
from workbench.training.options import TrainingOptions
from workbench.training.pretrained import check_folder
from workbench.training.sources import Placed, placed_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_AT_ONCE = 256
_DOCUMENT_KEYS = ("document", "text")


@dataclass(frozen=True)
class TrainingRows:
    """Samples in the order of files and rows, a file's documents behind its conversations, and the files in numbers."""

    samples: tuple[Sample, ...]
    report: DataReport

    @property
    def left_out(self) -> dict[str, int]:
        """The number of rows left out, by reason."""
        return self.report.left_out


def read_rows(
    files: Path | Sequence[Path],
    tokenizer: "PreTrainedTokenizerBase",
    options: TrainingOptions,
    vocabulary: int | None = None,
    stop: Stop | None = None,
) -> TrainingRows:
    """Encode files of rows (JSONL of `messages`, or of `document` or `text`) and plain documents (.md, .txt).

    Rows outside `min_length` to `max_length` tokens, empty ones and those with nothing to learn are left out;
    documents become blocks of `max_length` tokens. `vocabulary` is the number of tokens that the model knows.
    RecordError or TrainingDataError with file and line for a broken row, and TrainingDataError where more than the
    share `most_left_out` of a file's rows is left out; Checkpointed where a stop is asked for meanwhile.
    """
    rows = measure_rows(files, tokenizer, options, vocabulary, stop)
    rows.report.check()
    return rows


def measure_rows(
    files: Path | Sequence[Path],
    tokenizer: "PreTrainedTokenizerBase",
    options: TrainingOptions,
    vocabulary: int | None = None,
    stop: Stop | None = None,
) -> TrainingRows:
    """As `read_rows`, however many rows are left out; what is refused because of that, the report says."""
    paths = [files] if isinstance(files, Path) else list(files)
    readers = [_Reader(path, ChatTemplate(tokenizer), options, vocabulary) for path in paths]
    samples = [sample for reader in readers for sample in reader.read(stop or Stop())]
    report = DataReport(tuple(reader.report for reader in readers), options.most_left_out)
    return TrainingRows(tuple(samples), report)


def data_report(files: Path | Sequence[Path], model: Path, options: TrainingOptions) -> DataReport:
    """What the files hold for the tokenizer of `model`, a Hugging Face folder, as a notebook shows it."""
    tokenizer = load_tokenizer(model)
    return measure_rows(files, tokenizer, options, vocabulary_of(model)).report


def load_tokenizer(model: Path) -> "PreTrainedTokenizerBase":
    """TrainingDataError where the folder holds none that can be read; NotFoundError or TrainingError, which say more,
    where it is no folder of a model at all."""
    from transformers import AutoTokenizer

    if not model.is_dir():
        check_folder(model)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        check_folder(model)
        told = f"cannot be read: {error}" if any(model.glob("token*")) else "is missing"
        raise TrainingDataError(
            f"{model}: its tokenizer {told}",
            hint="put the tokenizer.json and tokenizer_config.json of the model into that folder",
        ) from error
    return tokenizer


def vocabulary_of(model: Path) -> int | None:
    """The number of tokens that the model in a folder knows, None where its config does not say."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=False).get_text_config()
    except (OSError, ValueError, KeyError):
        return None
    size = getattr(config, "vocab_size", None)
    return int(size) if size else None


def is_document(row: dict[str, Any]) -> bool:
    """Whether a row is a plain text, not a conversation."""
    return "messages" not in row and any(isinstance(row.get(key), str) for key in _DOCUMENT_KEYS)


def document_of(row: dict[str, Any]) -> str:
    """The text of a row for which `is_document` holds."""
    return next(str(row[key]) for key in _DOCUMENT_KEYS if isinstance(row.get(key), str))


def conversation_at(path: Path, line: int, row: dict[str, Any]) -> Conversation:
    """The conversation of a row; what is wrong with it is told with its place."""
    try:
        return conversation(row)
    except TrainingDataError as error:
        raise placed(error, path, line) from error


def placed(error: TrainingDataError, path: Path, line: int) -> TrainingDataError:
    return TrainingDataError(f"{path}:{line}: {error.message}", hint=error.hint)


def check_template(template: ChatTemplate) -> None:
    """TrainingDataError for a tokenizer that conversations cannot be encoded with."""
    tokenizer = template.tokenizer
    name = tokenizer.name_or_path
    if not tokenizer.chat_template:
        raise TrainingDataError(
            f"{name}: its tokenizer has no chat template, so it cannot read conversations",
            hint="take an instructed model, put its chat_template.jinja beside the tokenizer, or train on documents",
        )
    if not tokenizer.is_fast:
        raise TrainingDataError(
            f"{name}: its tokenizer does not tell which letters a token stands for",
            hint="take a model with tokenizer.json",
        )
    if template.strange:
        raise TrainingDataError(
            f"{name}: its chat template is that of another model: the tokenizer does not know "
            f"{', '.join(template.strange[:3])}, and no token ends an answer",
            hint="put the chat_template.jinja that belongs to the model into that folder",
        )


class _Reader:
    """One file: its samples, and the tally of what it held."""

    def __init__(self, path: Path, template: ChatTemplate, options: TrainingOptions, vocabulary: int | None) -> None:
        self.path = path
        self.template = template
        self.options = options
        self.vocabulary = vocabulary
        self.tally = Tally(path)
        self.samples: list[Sample] = []
        self._documents: list[tuple[int, str]] = []

    def read(self, stop: Stop) -> list[Sample]:
        rows = placed_rows(self.path)
        while some := list(islice(rows, _AT_ONCE)):
            stop.check()
            self._read_some(some)
        self._cut_documents()
        return self.samples

    @property
    def report(self) -> FileReport:
        tokens = sum(map(len, self.samples))
        learned = sum(weight > 0 for sample in self.samples for weight in sample.weights)
        return self.tally.report(len(self.samples), tokens, learned)

    def _read_some(self, rows: Sequence[Placed]) -> None:
        self.tally.rows += len(rows)
        talks: list[tuple[int, Conversation]] = []
        for line, row in rows:
            if is_document(row):
                self._take_document(line, document_of(row))
                continue
            talk = conversation_at(self.path, line, row)
            if talk.blank:
                self.tally.leave_out(EMPTY, line)
            else:
                talks.append((line, talk))
        if talks:
            check_template(self.template)
            self._encode(talks)

    def _encode(self, talks: Sequence[tuple[int, Conversation]]) -> None:
        found = encode_all([talk for _, talk in talks], self.template)
        for (line, talk), encoded in zip(talks, found, strict=True):
            if isinstance(encoded, TrainingDataError):
                raise placed(encoded, self.path, line) from encoded
            self._take(line, encoded, mute=talk.mute)

    def _take(self, line: int, encoded: Encoded, *, mute: bool) -> None:
        sample = encoded.sample
        self._check_known(line, sample.tokens)
        self.tally.lengths.append(len(sample))
        if reason := self._reason(sample) or (NOTHING_TO_LEARN if mute else ""):
            self.tally.leave_out(reason, line)
        else:
            self.tally.note(encoded.layout.notes, line)
            self.samples.append(sample)

    def _reason(self, sample: Sample) -> str:
        """Why a sample is left out, empty where it is not."""
        if len(sample) > self.options.max_length:
            return too_long(self.options.max_length)
        if len(sample) < self.options.min_length:
            return too_short(self.options.min_length)
        return "" if any(sample.weights[1:]) else NOTHING_TO_LEARN

    def _take_document(self, line: int, text: str) -> None:
        if text.strip():
            self._documents.append((line, text))
        else:
            self.tally.leave_out(EMPTY, line)

    def _cut_documents(self) -> None:
        if not self._documents:
            return
        encoded = encode_documents([text for _, text in self._documents], self.template.tokenizer)
        for (line, _), tokens in zip(self._documents, encoded, strict=True):
            self._check_known(line, tokens)
            self.tally.lengths.append(len(tokens))
        cut = list(blocks(encoded, self.options.max_length))
        if not cut:
            # One token in all: there is nothing to predict it from.
            self.tally.leave_out(NOTHING_TO_LEARN, self._documents[0][0])
        self.samples += cut

    def _check_known(self, line: int, tokens: Sequence[int]) -> None:
        if self.vocabulary is not None and tokens and (largest := max(tokens)) >= self.vocabulary:
            token = self.template.tokenizer.convert_ids_to_tokens(largest)
            raise TrainingDataError(
                f"{self.path}:{line}: vocabulary mismatch: token {largest} ({token}) is beyond the {self.vocabulary} "
                "that the model knows",
                hint="take the tokenizer that was saved with the model, or enlarge the model's embeddings for it",
            )
