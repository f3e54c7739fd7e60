import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.proof_page import Figure, figure, write_page
from workbench.workspace import VARIABLE, Workspace

_TEXT = (
    "The lighthouse of Vel Marin was built in 1843. Who built the lighthouse? It was built by Tarn Osgood.",
    "A harbour is a place where ships may anchor. What is a harbour? Is the answer true to the passage? YES NO",
    "Answer from the passage alone. Question: when was it opened? Answer: in the year 1907.",
)
_TEMPLATE = (
    "{%- for message in messages -%}{{- '<|' + message['role'] + '|>' + message['content'] -}}"
    "{%- if message['role'] == 'assistant' -%}{{- '<|end|>' -}}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
_FIGURES = pytest.StashKey[dict[str, Figure]]()
_SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


class Measure(Protocol):
    def __call__(self, name: str, value: str, goal: str = "") -> None: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that this machine cannot run is skipped, with the reason shown."""
    if any(item.get_closest_marker("gpu") for item in items) and not _cuda():
        _skip(items, "gpu", "torch sees no CUDA device")
    if not shutil.which("chromium"):
        _skip(items, "browser", "there is no chromium; Debian has a package of that name")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The figures of a run of `make prove`, or of a part of it, are kept, whether it passed or not."""
    measured = session.config.stash.get(_FIGURES, None)
    if measured and "not prove" not in session.config.option.markexpr:
        write_page(measured)


@pytest.fixture
def measured(pytestconfig: pytest.Config) -> Measure:
    """Keeps a figure for tests/PROOF.md: its name, what was measured, and the goal, which may be empty."""
    figures = pytestconfig.stash.setdefault(_FIGURES, {})

    def keep(name: str, value: str, goal: str = "") -> None:
        figures[name] = figure(value, goal)

    return keep


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """What a command that ran in this process does with Ctrl-C ends with its test."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test ever writes into the workspace of the clone it runs in, or into the cache of whoever runs it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "workspace"))
    monkeypatch.setenv("WORKBENCH_CHECK_CACHE", str(tmp_path / "checks"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.find(tmp_path / "workspace")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder with a random model of two layers, in the form of the embedded ones; read it, copy it."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    _save_tokenizer(folder)
    _save_model(folder)
    return folder


def _save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=384, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_TEXT, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        chat_template=_TEMPLATE,
        additional_special_tokens=_SPECIAL[2:],
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )
    fast.save_pretrained(folder)


def _save_model(folder: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=384,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        LlamaForCausalLM(config).save_pretrained(folder)


def _cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        # Keywords would do for folders of that name too.
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))
