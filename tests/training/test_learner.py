from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from transformers import AttentionInterface

from tests.training.conftest import VOCABULARY, MakeModel
from workbench.errors import TrainingError
from workbench.training import attention
from workbench.training import loss as loss_module
from workbench.training.adapters import with_adapters
from workbench.training.attention import NAME
from workbench.training.encoding import Sample
from workbench.training.learner import Learner, check_forward
from workbench.training.options import TrainingOptions
from workbench.training.packing import collate

SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}
SLIDING = ["sliding_attention", "full_attention"]
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
    "Mistral": {"sliding_window": 5},
    "Qwen2": {"use_sliding_window": True, "sliding_window": 4, "layer_types": SLIDING},
    "Qwen3": {"head_dim": 16},
    "Granite": {
        "logits_scaling": 8.0, "residual_multiplier": 0.3, "attention_multiplier": 0.2, "embedding_multiplier": 3.0,
    },
}  # fmt: skip


def make(family: str, **changes: Any) -> Any:
    import transformers

    config = getattr(transformers, f"{family}Config")(**{**SIZES, **FAMILIES.get(family, {}), **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return getattr(transformers, f"{family}ForCausalLM")(config)


def alone(model: Any, sample: Sample) -> torch.Tensor:
    """The loss as anybody would compute it: one sample, the model's own forward pass, all logits at once."""
    tokens = torch.tensor(sample.tokens)
    logits = model(input_ids=tokens[None]).logits[0, :-1]
    losses = functional.cross_entropy(logits, tokens[1:], reduction="none")
    return (losses * torch.tensor(sample.weights[1:])).sum()


def gradients(model: nn.Module, loss: Any) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def assert_same(model: Any, samples: list[Sample], how: str = "ragged", length: int = 0) -> None:
    """Loss and gradients of the pack are those of the samples one at a time."""
    lone = sum((alone(model, sample) for sample in samples), torch.zeros(()))
    expected = gradients(model, lone)
    packed = Learner(model, how)(collate(samples, 0, length))
    torch.testing.assert_close(packed, lone, rtol=1e-5, atol=1e-4)
    found = gradients(model, packed)
    assert found.keys() == expected.keys()
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=2e-6 * largest)


@pytest.mark.parametrize("how", ["ragged", "padded"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sample_in_a_pack_loses_what_it_loses_alone(
    family: str, how: str, samples: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_CPU", 16 * VOCABULARY)
    model = make(family)
    check_forward(Learner(model, how))
    assert_same(model, samples, how)
    assert_same(model, samples[3:9], how, length=80)


def test_what_a_neighbour_says_changes_nothing(make_model: MakeModel, samples: list[Sample]) -> None:
    learner = Learner(make_model().eval())
    first, second = samples[5], samples[8]
    other = Sample(tuple(1 + token % 60 for token in first.tokens), first.weights)
    states = [learner.hidden(collate([one, second]))[len(first) :] for one in (first, other)]
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=1e-6)


def test_a_rank_with_nothing_to_do_takes_part_in_every_weight(make_model: MakeModel) -> None:
    learner = Learner(make_model(tie_word_embeddings=False))
    loss = learner(collate([], pad=0, length=0))
    assert float(loss.detach()) == 0.0
    found = gradients(learner, loss)
    assert len(found) == len(list(learner.parameters()))
    assert not any(gradient.any() for gradient in found.values())


@pytest.mark.parametrize("targets", [["q_proj", "v_proj"], []])
def test_adapters_learn_what_they_would_learn_alone(targets: list[str], samples: list[Sample]) -> None:
    model = with_adapters(make("Granite"), TrainingOptions(lora_rank=4, lora_targets=targets))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    lone = sum((alone(model, sample) for sample in samples), torch.zeros(()))
    expected = gradients(model, lone)
    learner = Learner(model)
    check_forward(learner)
    packed = learner(collate(samples))
    torch.testing.assert_close(packed, lone, rtol=1e-5, atol=1e-4)
    found = gradients(model, packed)
    assert found.keys() == expected.keys()
    assert {name.rpartition("lora_")[1] for name in found} == {"lora_"}
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-4)


def test_checkpointed_activations_change_nothing(samples: list[Sample]) -> None:
    model = make("Llama").train()
    expected = gradients(model, Learner(model)(collate(samples)))
    model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    found = gradients(model, Learner(model)(collate(samples)))
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient)


def test_a_saved_model_knows_nothing_of_it(make_model: MakeModel, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    learner = Learner(make_model())
    learner.base.save_pretrained(tmp_path)
    assert NAME not in (tmp_path / "config.json").read_text()
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config._attn_implementation == "sdpa"


def test_a_model_is_checked_and_left_as_it_was(make_model: MakeModel) -> None:
    learner = Learner(make_model()).train()
    check_forward(learner)
    assert learner.training
    assert all(weight.grad is None for weight in learner.parameters())


def test_broken_weights_are_told(make_model: MakeModel) -> None:
    model = make_model()
    with torch.no_grad():
        model.model.norm.weight[0] = torch.nan
    with pytest.raises(TrainingError, match="what it answers are no numbers"):
        check_forward(Learner(model))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("family", "changes"),
    [("Cohere", {"logit_scale": 0.25}), ("Gemma2", {"final_logit_softcapping": 30.0, "head_dim": 8})],
)
def test_a_model_with_other_logits_is_refused(family: str, changes: dict[str, Any], dtype: torch.dtype) -> None:
    model = make(family, attn_logit_softcapping=None, **changes).to(dtype)
    with pytest.raises(TrainingError, match=f"{family}ForCausalLM does more to its logits") as caught:
        check_forward(Learner(model))
    assert "Llama" in caught.value.hint


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_is_known_from_a_leak(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other kernels round otherwise, here the plain one in place of torch's; a row that sees another is more."""
    learner, ragged = Learner(make(family).to(torch.bfloat16)), attention.ragged_attention
    check_forward(learner)

    def other(*arguments: Any, **settings: Any) -> Any:
        out, nothing = ragged(*arguments, **settings)
        return out * (1 + 2**-7), nothing

    def leaking(*arguments: Any, **settings: Any) -> Any:
        if segments := settings.get("segments"):
            settings["segments"] = replace(segments, lengths=(sum(segments.lengths),))
        return ragged(*arguments, **settings)

    for way, kept in ((other, True), (leaking, False)):
        monkeypatch.setitem(AttentionInterface._global_mapping, NAME, way)
        with nullcontext() if kept else pytest.raises(TrainingError, match="does not keep the rows of a pack apart"):
            check_forward(learner)


def test_a_model_with_an_attention_of_its_own_is_padded_or_refused(samples: list[Sample]) -> None:
    model = make("Bloom", n_layer=1, n_head=4)
    with pytest.raises(TrainingError, match="an attention of its own") as caught:
        Learner(model)
    assert "--attention padded" in caught.value.hint


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kernel", "again"), [(False, False), (True, False), (True, True)])
def test_compiled_code_serves_any_number_of_segments(
    kernel: bool, again: bool, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch gives compiling up once it has made the same code eight times."""
    from torch._dynamo.testing import CompileCounter

    # The GPU's kernel itself is not asked: what is read of the segments on the way to it decides.
    monkeypatch.setattr(attention, "_has_kernel", lambda *_: kernel)
    monkeypatch.setattr(attention, "_varlen", lambda query, key, value, where, more: query * where.longest)
    learner, counter = Learner(make_model()), CompileCounter()
    if again:
        learner.base.activation_checkpointing_enable({"use_reentrant": False})
    learner.compile(backend=counter)
    made = []
    for count in range(2, 12):
        samples = [
            Sample(tuple(range(1, 6 + count + number)), (1.0,) * (5 + count + number)) for number in range(count)
        ]
        learner(collate(samples, length=320)).backward()
        made.append(counter.frame_count)
    torch._dynamo.reset()
    assert made[-1] == made[4], "ten numbers of segments, and nothing was compiled for the last five"
