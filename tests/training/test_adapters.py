from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from tests.training.conftest import MakeModel
from workbench.errors import OptionsError
from workbench.training.adapters import FOLDER, base_of, choose_targets, merged, save_weights, with_adapters
from workbench.training.options import TrainingOptions

if TYPE_CHECKING:
    from peft import PeftModel

LORA = TrainingOptions(lora_rank=4, lora_alpha=8.0, seed=3)
TOKENS = torch.arange(1, 13)[None]


def trained(make_model: MakeModel, options: TrainingOptions = LORA, **changes: object) -> "PeftModel":
    """Under adapters that say something: their second half begins at zero."""
    model = with_adapters(make_model(**changes), options)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
    return model.eval()


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model.eval()(input_ids=TOKENS).logits
    return result


def test_without_a_rank_the_model_stays_as_it_is(make_model: MakeModel) -> None:
    model = make_model()
    assert with_adapters(model, TrainingOptions()) is model
    assert base_of(model) is model
    assert merged(model).keys() == model.state_dict().keys()


def test_only_adapters_learn_and_they_come_from_the_seed_alone(make_model: MakeModel) -> None:
    before = torch.random.get_rng_state()
    first, again, other = (with_adapters(make_model(), LORA.model_copy(update={"seed": n})) for n in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    learned = {name: weight for name, weight in first.named_parameters() if weight.requires_grad}
    assert learned
    assert all("lora_" in name for name in learned)
    assert all(torch.equal(weight, dict(again.named_parameters())[name]) for name, weight in learned.items())
    assert not all(torch.equal(weight, dict(other.named_parameters())[name]) for name, weight in learned.items())


def test_an_adapter_begins_the_same_whatever_else_is_adapted(make_model: MakeModel) -> None:
    every, some = (with_adapters(make_model(), LORA.model_copy(update={"lora_targets": n})) for n in ([], ["q_proj"]))
    weights = dict(every.named_parameters())
    for name, weight in some.named_parameters():
        if "lora_" in name:
            assert torch.equal(weight, weights[name])
        if "lora_A" in name:
            assert 0.9 < float(weight.detach().abs().max()) * weight.shape[1] ** 0.5 <= 1
        if "lora_B" in name:
            assert not weight.any()


def test_all_linear_layers_of_the_decoder_get_adapters(make_model: MakeModel) -> None:
    targets = choose_targets(make_model(), [])
    leaves = {target.rpartition(".")[2] for target in targets}
    assert leaves == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert len(targets) == 14
    model = with_adapters(make_model(), LORA)
    assert sum("lora_A" in name for name, _ in model.named_parameters()) == 14


def test_targets_may_be_named_by_their_last_parts(make_model: MakeModel) -> None:
    targets = choose_targets(make_model(), ["q_proj", "1.mlp.up_proj"])
    assert targets == [
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("q_porj", "there is no layer q_porj; did you mean q_proj"),
        ("lm_head", "lm_head turns tokens into numbers or back"),
        ("embed_tokens", "embed_tokens turns tokens"),
        ("input_layernorm", "input_layernorm is no linear layer"),
    ],
)
def test_a_target_that_cannot_be_one_is_refused(make_model: MakeModel, name: str, message: str) -> None:
    with pytest.raises(OptionsError, match=message) as caught:
        choose_targets(make_model(tie_word_embeddings=False), [name])
    assert "q_proj" in caught.value.hint


@pytest.mark.parametrize("tied", [True, False])
def test_merged_weights_say_what_the_adapters_say(make_model: MakeModel, tied: bool) -> None:
    model = trained(make_model, tie_word_embeddings=tied)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    plain = make_model(seed=9, tie_word_embeddings=tied)
    missing = plain.load_state_dict(merged(model), strict=False)
    plain.tie_weights()
    assert not missing.unexpected_keys
    assert set(missing.missing_keys) <= {"lm_head.weight"}
    assert torch.allclose(logits(plain), logits(model), atol=1e-5)
    assert not torch.allclose(logits(make_model(tie_word_embeddings=tied)), logits(model), atol=1e-2)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_a_bias_of_an_adapted_layer_is_kept(make_model: MakeModel) -> None:
    model = trained(make_model, attention_bias=True)
    biases = [name for name in merged(model) if name.endswith("q_proj.bias")]
    assert biases == [f"model.layers.{layer}.self_attn.q_proj.bias" for layer in (0, 1)]


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
def test_a_saved_folder_is_a_plain_model_with_the_adapter_beside(make_model: MakeModel, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = trained(make_model)
    save_weights(model, tmp_path / "saved")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "saved")
    assert plain.dtype == torch.float32
    assert torch.allclose(logits(plain), logits(model), atol=1e-5)
    alone = PeftModel.from_pretrained(make_model(), tmp_path / "saved" / FOLDER)
    assert torch.allclose(logits(alone), logits(model), atol=1e-6)


def test_a_model_without_adapters_is_saved_as_ever(make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model()
    save_weights(model, tmp_path / "ours")
    model.save_pretrained(tmp_path / "theirs")
    ours, theirs = (tmp_path / name / "model.safetensors" for name in ("ours", "theirs"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert not (tmp_path / "ours" / FOLDER).exists()


def test_a_base_in_half_precision_keeps_it(make_model: MakeModel, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    model = with_adapters(make_model().to(torch.bfloat16), LORA)
    assert {weight.dtype for name, weight in model.named_parameters() if "lora_" in name} == {torch.float32}
    save_weights(model, tmp_path)
    assert {weight.dtype for weight in load_file(tmp_path / "model.safetensors").values()} == {torch.bfloat16}


def test_a_base_of_four_bits_is_merged_as_it_was_trained(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    from transformers import AutoModelForCausalLM

    from workbench.training.precision import Precision, _load

    options = LORA.model_copy(update={"quantize_base": "nf4"})
    base = _load(tiny_model, options, "cpu", Precision("float32", "float32", ""))
    assert base.get_decoder().layers[0].mlp.up_proj.weight.dtype == torch.uint8
    # On a processor, a model that does not train computes in another form of four bits.
    model = trained(lambda: base, options).train()
    with torch.no_grad():
        said = model(input_ids=TOKENS).logits
    save_weights(model, tmp_path)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    assert not hasattr(plain.config, "quantization_config")
    assert torch.allclose(logits(plain), said, atol=1e-4)
