from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.test_architecture import LLAMA3, Recorder
from workbench.errors import ExportError
from workbench.export.model_config import ModelConfig
from workbench.export.rope import describe_rope, rope_factors

YARN: dict[str, Any] = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}


def config(**rope: Any) -> ModelConfig:
    values = {"architectures": ["SomeForCausalLM"], "head_dim": 64, "max_position_embeddings": 256}
    return ModelConfig(Path("model/config.json"), values | {"rope_parameters": {"rope_theta": 10000.0} | rope})


def described(factors: bool = True, **rope: Any) -> dict[str, Any]:
    recorder = Recorder()
    describe_rope(config(**rope), recorder, factors=factors)
    return recorder.values


@pytest.mark.parametrize(
    "rope",
    [LLAMA3, YARN | {"beta_fast": 8.0, "beta_slow": 2.0}, YARN | {"truncate": False}, YARN | {"beta_slow": 4.0}],
    ids=["llama3", "betas", "not truncated", "slow"],
)
def test_factors_make_the_frequencies_of_transformers(rope: dict[str, Any]) -> None:
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    full = LlamaConfig(head_dim=64, max_position_embeddings=256, rope_parameters={"rope_theta": 10000.0} | rope)
    wanted, attention = ROPE_INIT_FUNCTIONS[rope["rope_type"]](full, "cpu")
    plain = 10000.0 ** -(np.arange(0, 64, 2) / 64)
    factors = rope_factors(config(**rope))
    assert factors is not None
    assert factors.max() > 1.5 > factors.min()
    np.testing.assert_allclose(plain / factors, wanted.numpy(), rtol=1e-5)
    found = described(**rope)
    assert "rope_scaling_type" not in found
    if rope["rope_type"] == "yarn":
        assert found["rope_scaling_attn_factors"] == pytest.approx(attention)


def test_what_llama_cpp_has_a_name_for_needs_no_factors() -> None:
    for rope in ({"rope_type": "default"}, {"rope_type": "linear", "factor": 2.0}, YARN):
        assert rope_factors(config(**rope)) is None
    assert described(rope_type="linear", factor=2.0)["rope_scaling_factor"] == 2.0
    found = described(**YARN)
    assert (found["rope_scaling_factor"], found["rope_scaling_orig_ctx_len"]) == (4.0, 64)
    assert found["rope_scaling_attn_factors"] == pytest.approx(1.0)
    assert described(**YARN | {"attention_factor": 1.5})["rope_scaling_attn_factors"] == pytest.approx(1.5 / 1.1386294)
    assert described(**YARN | {"factor": None})["rope_scaling_factor"] == 4.0


@pytest.mark.parametrize(
    ("rope", "problem"),
    [
        ({"rope_type": "dynamic", "factor": 2.0}, "'dynamic' cannot be exported: its frequencies change"),
        ({"rope_type": "longrope"}, "change places"),
        ({"rope_type": "spiral"}, "no such scaling"),
        ({"rope_type": "linear"}, "linear scaling: factor is None where a number above 0 is needed"),
        (LLAMA3 | {"low_freq_factor": "low"}, "llama3 scaling: low_freq_factor is 'low'"),
        ({"partial_rotary_factor": 0.5}, "50% of each head is rotated"),
    ],
)
def test_what_llama_cpp_would_compute_differently_is_refused(rope: dict[str, Any], problem: str) -> None:
    with pytest.raises(ExportError, match=problem):
        described(**rope)


@pytest.mark.parametrize("rope", [LLAMA3, YARN | {"beta_fast": 8.0}])
def test_an_architecture_without_factors_refuses_them(rope: dict[str, Any]) -> None:
    with pytest.raises(ExportError, match=r"does not compute .* in a SomeForCausalLM"):
        described(factors=False, **rope)
    assert described(factors=False, **YARN)
