"""The forms of the JSON files in a Hugging Face folder, as far as they are read here; see `files.checked`.

tokenizer.json: https://github.com/huggingface/tokenizers; adapter_config.json: peft; the header of tensors:
https://huggingface.co/docs/safetensors.
"""

from typing import Annotated, Any, Required

from annotated_types import Ge, Len
from pydantic import FiniteFloat, StringConstraints
from typing_extensions import TypedDict

# With a constraint, even this one, it is refused when it is no Unicode, and could not be written.
Text = Annotated[str, StringConstraints(min_length=0)]
Id = Annotated[int, Ge(0)]


class StoredEntry(TypedDict):
    """Where a safetensors file holds a tensor."""

    dtype: str
    shape: list[Id]
    data_offsets: Annotated[list[Id], Len(2, 2)]


class Shards(TypedDict):
    """model.safetensors.index.json"""

    weight_map: dict[str, Text]


class Step(TypedDict, total=False):
    """One of the things that a tokenizer does to texts, or several; each `type` has keys of its own."""

    type: Required[str]
    normalizers: "list[Step]"
    pretokenizers: "list[Step]"
    processors: "list[Step]"
    single: list[Annotated[dict[str, "Piece"], Len(1, 1)]]


class Piece(TypedDict):
    """A special token, or the text itself, in what a tokenizer puts around texts."""

    id: str


class AddedToken(TypedDict, total=False):
    id: Required[Id]
    content: Required[Annotated[str, StringConstraints(min_length=1)]]
    special: Required[bool]
    normalized: bool
    lstrip: bool
    rstrip: bool
    single_word: bool


class BytePairs(TypedDict, total=False):
    vocab: Required[Annotated[dict[Text, Id], Len(1)]]
    merges: Required[list[Text | Annotated[list[Text], Len(2, 2)]]]
    unk_token: str | None
    byte_fallback: bool | None
    ignore_merges: bool | None
    continuing_subword_prefix: str | None
    end_of_word_suffix: str | None


class TokenizerFile(TypedDict, total=False):
    """tokenizer.json"""

    model: Required[BytePairs]
    added_tokens: list[AddedToken]
    normalizer: Step | None
    pre_tokenizer: Step | None
    post_processor: Step | None


class NamedTemplate(TypedDict):
    name: str
    template: Text


class Spelled(TypedDict):
    content: Text


class TokenizerSettings(TypedDict, total=False):
    """tokenizer_config.json, and special_tokens_map.json, which is a part of it."""

    bos_token: Text | Spelled | None
    cls_token: Text | Spelled | None
    mask_token: Text | Spelled | None
    extra_special_tokens: list[Text | Spelled] | dict[str, Text | Spelled] | None
    additional_special_tokens: list[Text | Spelled] | None
    eos_token: Text | Spelled | None
    unk_token: Text | Spelled | None
    sep_token: Text | Spelled | None
    pad_token: Text | Spelled | None
    add_bos_token: bool | None
    add_eos_token: bool | None
    chat_template: Text | list[NamedTemplate] | None


class AdapterSettings(TypedDict, total=False):
    """adapter_config.json"""

    peft_type: str | None
    use_dora: bool | None
    use_rslora: bool | None
    base_model_name_or_path: Text | None
    lora_alpha: FiniteFloat | None
    alpha_pattern: dict[str, FiniteFloat] | None


class Ends(TypedDict, total=False):
    """generation_config.json, or config.json where there is none."""

    eos_token_id: int | list[int] | None


class ModelSettings(TypedDict, total=False):
    """config.json, less the numbers, which `ModelConfig` asks for by name."""

    architectures: list[str] | None
    hidden_act: str
    tie_word_embeddings: bool | None
    attention_bias: bool | None
    mlp_bias: bool | None
    use_sliding_window: bool | None
    layer_types: list[str] | None
    max_window_layers: int | None
    quantization_config: dict[str, Any] | None
    rope_parameters: "Rotary | None"
    rope_scaling: "Rotary | None"


class Rotary(TypedDict, total=False):
    rope_type: str
    type: str
    truncate: bool | None
