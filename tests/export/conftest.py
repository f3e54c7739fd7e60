import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Variant = Callable[..., Path]


@pytest.fixture
def variant(tiny_model: Path, tmp_path: Path) -> Variant:
    """A random model of a class and with settings of its own, beside the tiny model's tokenizer."""

    def make(family: str = "Llama", *, name: str = "variant", half: bool = False, **settings: Any) -> Path:
        import torch
        import transformers

        folder = tmp_path / name
        shutil.copytree(tiny_model, folder)
        plain = json.loads((tiny_model / "config.json").read_text())
        for key in ("rope_parameters", "architectures", "model_type"):
            plain.pop(key)
        config = getattr(transformers, f"{family}Config")(**plain | {"head_dim": 64} | settings)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = getattr(transformers, f"{family}ForCausalLM")(config)
            for key, weights in model.named_parameters():
                # Biases and norms begin at 0 and 1, where a lost one would not be missed; matrices so small that
                # attention looks everywhere alike, where lost positions would not be missed.
                if weights.dim() == 1:
                    torch.nn.init.normal_(weights, mean=0.0 if key.endswith("bias") else 1.0, std=0.3)
                elif "_proj" in key:
                    # In BF16 llama.cpp rounds what it multiplies as well, which is seen where it is large.
                    torch.nn.init.normal_(weights, std=0.04 if half else 0.08)
        (model.bfloat16() if half else model).save_pretrained(folder)
        return folder

    return make
