"""The models on which engines are compared: the embedded teacher and a random one, with nothing that ends an answer."""

import struct
from pathlib import Path

from workbench.assets import assets_folder
from workbench.export import export_gguf, quantize

_END, _NO_END = b"<|end|>", b"<|fin|>"
_END_KEY = b"tokenizer.ggml.eos_token_id" + struct.pack("<I", 4)  # 4: a number of 32 bits without sign
_PADDING = 0


def make_model(kind: str, folder: Path) -> Path:
    """`kind` is seedling or random; what is in the folder already is taken as it is."""
    out = folder / f"{kind}-endless-Q4_K_M.gguf"
    if not out.exists():
        folder.mkdir(parents=True, exist_ok=True)
        source = _teacher() if kind == "seedling" else _random(folder)
        out.write_bytes(endless(source.read_bytes()))
    return out


def endless(model: bytes) -> bytes:
    """The same GGUF file but for its end token: that is spelled as no other model spells one, and the padding takes its
    office. A trained model never draws that, a random one once in the size of its vocabulary. So answers are as long as
    they may be, whoever draws them, or nearly all of them."""
    changed = model.replace(_END, _NO_END)
    place = changed.index(_END_KEY) + len(_END_KEY)
    return changed[:place] + struct.pack("<I", _PADDING) + changed[place + 4 :]


def _teacher() -> Path:
    return assets_folder() / "models" / "seedling-teacher-Q4_K_M.gguf"


def _random(folder: Path) -> Path:
    """115 million parameters with the tokenizer and the template of the embedded student."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    source = folder / "random"
    tokenizer = AutoTokenizer.from_pretrained(assets_folder() / "models" / "seedling-base")
    tokenizer.save_pretrained(source)
    config = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 256) * 256,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=16,
        num_attention_heads=12,
        num_key_value_heads=12,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(source)
    return quantize(export_gguf(source, folder / "random-F16.gguf"), folder / "random-Q4_K_M.gguf")
