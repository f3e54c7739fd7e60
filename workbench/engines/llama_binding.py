"""All of the workbench's ctypes: llama.cpp's model, context, batch and quantizer through llama-cpp-python.

Only the low-level API is used; llama.h documents each function. Samplers and grammars are in `llama_sampler`.
"""

import ctypes
import os
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.engines.llama_library import llama_cpp
from workbench.errors import EngineError, ModelError

_MAGIC = b"GGUF"
_ERROR, _CONTINUED = 4, 5
_SENTENCEPIECE = 1
_FLASH_OFF, _FLASH_ON = 0, 1
_F32, _F16, _Q8 = 0, 1, 8  # ggml's types, in which keys and values are kept
_BYTES = {_F32: 4, _F16: 2, _Q8: 34 / 32}
_BLOCK = 32  # numbers of a head that share a scale in Q8
_WHOLE = ("", "0", "1", "32")  # a file's types whose weights have 16 bits and more: not named, F32, F16, BF16

Logits = NDArray[np.float32]


class _Log:
    """Holds the library's last lines, so that its silence costs no explanation."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=8)
        self._last = 0
        self._heard: list[str] | None = None
        self.callback = llama_cpp.llama_log_callback(self._take)

    def _take(self, level: int, text: bytes, _: Any) -> None:
        self._last = level if level != _CONTINUED else self._last
        if self._heard is not None:
            self._heard.append(text.decode(errors="replace"))
        if self._last == _ERROR and (line := text.decode(errors="replace").strip()):
            self.errors.append(line)

    def explain(self) -> str:
        """What was said since the last question, in one line."""
        said = "; ".join(self.errors)
        self.errors.clear()
        return said or "llama.cpp gave no reason"

    def all_during(self, work: Callable[[], object]) -> str:
        """Everything that is said, errors or not, until `work` returns."""
        said: list[str] = []
        self._heard = said
        try:
            work()
        finally:
            self._heard = None
        return "".join(said)


LOG = _Log()
llama_cpp.llama_log_set(LOG.callback, ctypes.c_void_p(0))
llama_cpp.llama_backend_init()


class LlamaModel:
    """The weights and vocabulary of one GGUF file."""

    def __init__(self, path: Path, *, gpu_layers: int = -1, vocabulary_only: bool = False) -> None:
        _check_file(path)
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers if gpu_usable() else 0
        parameters.vocab_only = vocabulary_only
        LOG.errors.clear()
        self.path = path
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self.handle:
            raise ModelError(
                f"{path} could not be loaded: {LOG.explain()}",
                hint="the file may be cut off, or of an architecture that this llama.cpp does not know",
            )
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.handle)
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self._pieces: dict[int, bytes] = {}

    @cached_property
    def trained_context(self) -> int:
        return int(llama_cpp.llama_model_n_ctx_train(self.handle))

    def kinds(self, exact: bool) -> tuple[int, int]:
        """Types of keys and of values; `exact` see `LlamaContext`."""
        if not exact:
            return _F16, _F16
        quantized = self._metadata("general.file_type") not in _WHOLE
        return (_Q8, _F16) if quantized and self._head_width % _BLOCK == 0 else (_F16, _F32)

    def cell_bytes(self, exact: bool) -> int:
        """Memory that one token takes in the key-value cache."""
        width = self._head_width * llama_cpp.llama_model_n_head_kv(self.handle)
        each = sum(_BYTES[kind] for kind in self.kinds(exact))
        return int(each * width * llama_cpp.llama_model_n_layer(self.handle))

    @cached_property
    def parameter_count(self) -> int:
        return int(llama_cpp.llama_model_n_params(self.handle))

    @cached_property
    def chat_template(self) -> str:
        found = llama_cpp.llama_model_chat_template(self.handle, None)
        return found.decode() if found else ""

    @cached_property
    def controls(self) -> frozenset[int]:
        """Ids of control tokens that do not end an answer."""
        return frozenset(self._control_ids) - self.ends

    @cached_property
    def ends(self) -> frozenset[int]:
        """Ids that end an answer."""
        vocabulary = self.vocabulary
        tokens = range(self.vocabulary_size)
        return frozenset(token for token in tokens if llama_cpp.llama_vocab_is_eog(vocabulary, token))

    @cached_property
    def special_spellings(self) -> tuple[str, ...]:
        """Texts that `tokenize` turns into control tokens when special tokens are parsed."""
        return tuple(text for token in self._control_ids if (text := self.text(token)))

    @cached_property
    def special_tokens(self) -> dict[str, str]:
        """What chat templates call bos_token and eos_token."""
        return {
            f"{name}_token": self.text(token) if (token := self._named_token(name)) >= 0 else ""
            for name in ("bos", "eos")
        }

    @cached_property
    def first_token(self) -> int:
        """What stands before an empty context: the token that begins texts, or else the one that ends them."""
        begin = self._named_token("bos")
        return begin if begin >= 0 else int(llama_cpp.llama_vocab_eos(self.vocabulary))

    @cached_property
    def joins_words(self) -> bool:
        """Whether a text on its own gets a blank in front (SentencePiece)."""
        return bool(llama_cpp.llama_vocab_type(self.vocabulary) == _SENTENCEPIECE)

    def _named_token(self, name: str) -> int:
        """The id that the file gives to bos, eos, ...; -1 where it names none and llama.cpp would make one up."""
        return int(self._metadata(f"tokenizer.ggml.{name}_token_id") or -1)

    def _metadata(self, key: str) -> str:
        """A number or short text of the file's metadata, as text; empty when it is not there."""
        buffer = ctypes.create_string_buffer(16)
        found = llama_cpp.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode() if found > 0 else ""

    @cached_property
    def _head_width(self) -> int:
        heads = llama_cpp.llama_model_n_head(self.handle) or 1
        return int(llama_cpp.llama_model_n_embd(self.handle) // heads)

    @cached_property
    def _control_ids(self) -> list[int]:
        vocabulary = self.vocabulary
        return [token for token in range(self.vocabulary_size) if llama_cpp.llama_vocab_is_control(vocabulary, token)]

    def text(self, token: int) -> str:
        """The vocabulary's own spelling; special tokens included."""
        return str(llama_cpp.llama_vocab_get_text(self.vocabulary, token).decode(errors="replace"))

    def tokenize(self, text: str, *, begin: bool, special: bool) -> list[int]:
        """Ids of a text. `begin`: behind what the model wants in front; `special`: special tokens are read as such."""
        encoded = text.encode()
        room = len(encoded) + 8
        ids = (ctypes.c_int32 * room)()
        count = llama_cpp.llama_tokenize(self.vocabulary, encoded, len(encoded), ids, room, begin, special)
        if count < 0:
            raise EngineError(f"{self.path.name} cannot turn a text of {len(encoded)} bytes into tokens")
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """The bytes that a token adds to a text: none for control tokens; half a character is possible."""
        found = self._pieces.get(token)
        if found is None:
            room = 256
            buffer = ctypes.create_string_buffer(room)
            count = llama_cpp.llama_token_to_piece(self.vocabulary, token, buffer, room, 0, False)
            found = self._pieces[token] = buffer.raw[: max(0, count)]
        return found

    def spelling(self, token: int) -> bytes:
        """The bytes by which a token is told from others: its piece, or the vocabulary's name of a control token."""
        return self.piece(token) or self.text(token).encode()

    def close(self) -> None:
        if self.handle:
            llama_cpp.llama_model_free(self.handle)
            self.handle = None


class LlamaBatch:
    """The tokens of one evaluation: any number from any sequences, up to the capacity."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._token = np.zeros(capacity, np.int32)
        self._position = np.zeros(capacity, np.int32)
        self._sequence = np.zeros(capacity, np.int32)
        self._output = np.zeros(capacity, np.int8)
        self._count = np.ones(capacity, np.int32)
        self._struct = self._describe()

    @property
    def room(self) -> int:
        return self.capacity - self.size

    def clear(self) -> None:
        self.size = 0

    def add(self, tokens: Sequence[int] | NDArray[np.int32], sequence: int, position: int, outputs: int) -> None:
        """Appends tokens from `position` on; the last `outputs` get logits."""
        start, end = self.size, self.size + len(tokens)
        self._token[start:end] = tokens
        self._position[start:end] = np.arange(position, position + len(tokens))
        self._sequence[start:end] = sequence
        self._output[start:end] = 0
        self._output[end - outputs : end] = 1
        self.size = end

    def add_each(self, tokens: Sequence[int], sequences: Sequence[int], positions: Sequence[int]) -> None:
        """One token of each sequence, all with logits."""
        start, end = self.size, self.size + len(tokens)
        self._token[start:end] = tokens
        self._sequence[start:end] = sequences
        self._position[start:end] = positions
        self._output[start:end] = 1
        self.size = end

    def structure(self) -> Any:
        self._struct.n_tokens = self.size
        return self._struct

    def _describe(self) -> Any:
        number = ctypes.POINTER(ctypes.c_int32)
        start, step = self._sequence.ctypes.data, self._sequence.itemsize
        addresses = [ctypes.cast(start + step * row, number) for row in range(self.capacity)]
        # Kept alive with the batch: llama.cpp reads through these pointers.
        self._sequence_of = (number * (self.capacity + 1))(*addresses, number())
        return llama_cpp.llama_batch(
            n_tokens=0,
            token=self._token.ctypes.data_as(number),
            embd=None,
            pos=self._position.ctypes.data_as(number),
            n_seq_id=self._count.ctypes.data_as(number),
            seq_id=ctypes.cast(self._sequence_of, ctypes.POINTER(number)),
            logits=self._output.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """How much a context holds, and how much it does at once; `exact` see `LlamaContext`."""

    cells: int
    sequences: int
    batch: int
    threads: int
    exact: bool


class LlamaContext:
    """The memory of many sequences: one pool of `cells` tokens, in which equal beginnings are held once.

    `exact`: attention over the whole pool as two matrix products. Logits then differ by rounding alone from those that
    a request gets without company. Values are in F32, but where the weights are quantized in F16, and keys in 8 bits: a
    tenth faster, and company matters no more. Otherwise flash attention, which skips what a sequence does not look at,
    but adds up in half precision or not by how many tokens share a batch, so that logits differ by a thousandth and
    more with the company.
    """

    def __init__(self, model: LlamaModel, layout: Layout) -> None:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = layout.cells
        parameters.n_seq_max = layout.sequences
        parameters.n_batch = parameters.n_ubatch = layout.batch
        parameters.n_threads = parameters.n_threads_batch = layout.threads
        parameters.kv_unified = True
        parameters.flash_attn_type = _FLASH_OFF if layout.exact else _FLASH_ON
        parameters.type_k, parameters.type_v = model.kinds(layout.exact)
        parameters.no_perf = True
        LOG.errors.clear()
        self.model = model
        self.handle = llama_cpp.llama_init_from_model(model.handle, parameters)
        if not self.handle:
            gigabytes = layout.cells * model.cell_bytes(layout.exact) / 2**30
            raise EngineError(
                f"there is no memory for {layout.cells} tokens of {model.path.name} ({gigabytes:.1f} GiB): "
                f"{LOG.explain()}",
                hint="give a smaller context_size, or close other models",
            )
        self._memory = llama_cpp.llama_get_memory(self.handle)

    def decode(self, batch: LlamaBatch) -> None:
        """Evaluates the batch; its rows' logits can be read until the next call."""
        result = llama_cpp.llama_decode(self.handle, batch.structure())
        if result:
            raise EngineError(
                f"{self.model.path.name} could not evaluate {batch.size} tokens (code {result}): {LOG.explain()}"
            )

    def work_with(self, threads: int) -> None:
        """How many threads the next evaluations take."""
        llama_cpp.llama_set_n_threads(self.handle, threads, threads)

    def logits(self, count: int) -> Logits:
        """Rows of one number for each token of the vocabulary, a view on llama.cpp's own memory: those of the last
        batch that were to have logits, `count` of them, in its order."""
        pointer = llama_cpp.llama_get_logits(self.handle)
        if not pointer:
            raise EngineError(f"the last batch has no logits: {LOG.explain()}")
        width = self.model.vocabulary_size
        numbers = (ctypes.c_float * (count * width)).from_address(ctypes.addressof(pointer.contents))
        return np.frombuffer(memoryview(numbers).cast("B"), np.float32).reshape(count, width)

    def share(self, source: int, target: int, length: int) -> None:
        """The target sequence holds the first `length` tokens of the source, in the same cells."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, sequence: int, length: int) -> None:
        """The sequence keeps its first `length` tokens."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def close(self) -> None:
        if self.handle:
            llama_cpp.llama_free(self.handle)
            self.handle = None


def gpu_usable() -> bool:
    """Whether this llama.cpp was built for a GPU and finds one."""
    return bool(llama_cpp.llama_supports_gpu_offload())


def quantizations() -> dict[str, int]:
    """llama.cpp's names of file types, such as Q4_K_M, with their numbers."""
    found = {"F32": llama_cpp.LLAMA_FTYPE_ALL_F32}
    for name in dir(llama_cpp):
        if match := re.fullmatch(r"LLAMA_FTYPE_MOSTLY_(\w+)", name):
            found[match.group(1)] = getattr(llama_cpp, name)
    return found


def quantize_file(source: Path, out: Path, kind: int, threads: int = 0, *, dry: bool = False) -> None:
    """Writes `out`, unless it is a dry run; EngineError with llama.cpp's own words when it refuses."""
    _check_file(source)
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype, parameters.nthread, parameters.dry_run = kind, threads, dry
    LOG.errors.clear()
    if llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(out), ctypes.byref(parameters)):
        raise EngineError(LOG.explain())


def foretell_quantization(source: Path, kind: int) -> tuple[int, dict[str, str]]:
    """Bytes that the file will have, to a hundredth of a MiB, and the tensors whose rows do not fill the blocks of the
    format that they should have, with the format that llama.cpp gives them instead."""
    said = LOG.all_during(lambda: quantize_file(source, Path(os.devnull), kind, dry=True))
    before, after = (float(re.findall(rf"{name} size +=\s+([\d.]+) MiB", said)[-1]) for name in ("model", "quant"))
    others = dict(re.findall(r"warning: (\S+) +- ncols.*-> falling back to +(\w+)", said))
    return int(source.stat().st_size + (after - before) * 2**20), others


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if magic != _MAGIC:
        raise ModelError(
            f"{path} is no GGUF file",
            hint="give a .gguf file, or export the model folder to one (workbench model export)",
        )
