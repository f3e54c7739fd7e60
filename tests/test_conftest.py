import json
from pathlib import Path


def test_the_tiny_model_has_the_form_of_the_embedded_ones(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    talk = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]
    assert tokenizer.apply_chat_template(talk, tokenize=False) == "<|user|>Who?<|assistant|>Me.<|end|>"
    assert (
        tokenizer.apply_chat_template(talk[:1], tokenize=False, add_generation_prompt=True)
        == "<|user|>Who?<|assistant|>"
    )
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id) == (0, 1, None)
    assert tokenizer("<|user|>")["input_ids"] == [3]
    assert len(tokenizer("1843")["input_ids"]) == 4
    assert tokenizer.decode(tokenizer("Tarn  Osgood, 1843. Ö")["input_ids"]) == "Tarn  Osgood, 1843. Ö"
    assert model.config.hidden_size == 256
    assert len(tokenizer) <= model.config.vocab_size == 384


def test_the_tiny_model_is_saved_like_the_embedded_ones(tiny_model: Path) -> None:
    files = {path.name for path in tiny_model.iterdir()}
    expected = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
    assert expected | {"generation_config.json"} <= files
    assert json.loads((tiny_model / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]
