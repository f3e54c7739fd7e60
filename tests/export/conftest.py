import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Variant = Callable[..., Path]


@pytest.fixture
def variant(tiny_model: Path, tmp_path: Path) -> Variant:
    """A random model with some settings of its own, beside the tiny model's tokenizer."""

    def make(**settings: Any) -> Path:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        folder = tmp_path / "variant"
        shutil.copytree(tiny_model, folder)
        plain = json.loads((tiny_model / "config.json").read_text())
        plain.pop("rope_parameters")
        config = LlamaConfig(**plain | settings)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = LlamaForCausalLM(config)
            for name, weights in model.named_parameters():
                # Biases and norms begin at 0 and 1, where a lost one would not be missed.
                if weights.dim() == 1:
                    torch.nn.init.normal_(weights, mean=0.0 if name.endswith("bias") else 1.0, std=0.3)
        model.save_pretrained(folder)
        return folder

    return make
