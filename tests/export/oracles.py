"""What transformers and llama.cpp make of the same model."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from workbench.engines import llama_binding
from workbench.engines.llama_binding import Layout, LlamaBatch, LlamaContext, LlamaModel

TEXT = "<|user|>Who built the lighthouse of Vel Marin? It was built in 1843.<|assistant|>Tarn Osgood.<|end|>"


def llama_logits(path: Path, ids: list[int]) -> NDArray[np.float32]:
    """One row a token. Keys and values are kept in F32, so that what differs is the file."""
    model = LlamaModel(path)
    with patch.object(llama_binding.LlamaModel, "kinds", lambda model, exact: (0, 0)):
        context = LlamaContext(model, Layout(256, 1, 128, 1, True))
    batch = LlamaBatch(128)
    batch.add(ids, 0, 0, len(ids))
    context.decode(batch)
    found = context.logits(len(ids)).copy()
    context.close()
    model.close()
    return found


def true_logits(folder: Path, ids: list[int], **settings: Any) -> NDArray[np.float32]:
    """Transformers' in float32; `settings` replace what the folder's config says."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **settings)
        found: NDArray[np.float32] = model(torch.tensor([ids])).logits[0].numpy()
    return found


def ids_of(folder: Path, text: str = TEXT, **settings: Any) -> list[int]:
    from transformers import PreTrainedTokenizerFast

    settings = {"add_special_tokens": False} | settings
    return list(PreTrainedTokenizerFast.from_pretrained(folder)(text, **settings)["input_ids"])


def difference(folder: Path, path: Path) -> float:
    """The largest of all logits' differences."""
    ids = ids_of(folder)
    return float(np.abs(llama_logits(path, ids) - true_logits(folder, ids)).max())
