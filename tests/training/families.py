"""Tokenizers with templates in the shape of well-known families, each with a plain account of what it writes.

The account is what the tests trust: pieces of text with who they are of, written down without the template.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.training.conversations import Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# The text, and whose it is: the number of a message, and whether it is its end token, or nobody's.
Written = tuple[str, int | None, bool]
Account = Callable[[Sequence[Turn]], list[Written]]

_LEARNED_FROM = (
    "The lighthouse of Vel Marin was built in 1843 by Tarn Osgood. Who built it, and when was it opened?",
    "system user assistant tool: answer from the passage. été, 灯台, 🙂. <think> </think> a b c\n\n",
)


@dataclass(frozen=True)
class Family:
    """A template with its special tokens, whether texts are pieces behind blanks (as in SentencePiece), its account."""

    name: str
    template: str
    specials: tuple[str, ...]
    end: str
    account: Account
    pieces: bool = False
    systems: bool = True

    def tokenizer(self) -> "PreTrainedTokenizerBase":
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast(
            tokenizer_object=_piece_tokenizer(self.specials) if self.pieces else _byte_tokenizer(self.specials),
            eos_token=self.end,
            bos_token=self.specials[0] if self.specials[0] in ("<s>", "<|begin|>", "<bos>") else None,
            chat_template=self.template,
            clean_up_tokenization_spaces=False,
            name_or_path=self.name,
        )


def _byte_tokenizer(specials: Sequence[str]) -> object:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_LEARNED_FROM * 3, trainer)
    return tokenizer


def _piece_tokenizer(specials: Sequence[str]) -> object:
    """Blanks belong to the piece behind them; what is not in the vocabulary is spelled in bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=[*specials, "<unk>", *bytes_], show_progress=False, limit_alphabet=60
    )
    tokenizer.train_from_iterator(_LEARNED_FROM * 3, trainer)
    return tokenizer


def _chatml(messages: Sequence[Turn]) -> list[Written]:
    found: list[Written] = []
    if messages[0]["role"] != "system":
        found.append(("<|im_start|>system\nYou are helpful.<|im_end|>\n", None, False))
    for number, turn in enumerate(messages):
        found.append((f"<|im_start|>{turn['role']}\n", None, False))
        found += [(turn["content"], number, False), ("<|im_end|>", number, True), ("\n", None, False)]
    return found


CHATML = Family(
    "chatml",
    "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{%- endif %}"
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}",
    ("<|im_start|>", "<|im_end|>"),
    "<|im_end|>",
    _chatml,
)


def _header(messages: Sequence[Turn]) -> list[Written]:
    found: list[Written] = [("<|begin|>", None, False)]
    for number, turn in enumerate(messages):
        found.append((f"<|head|>{turn['role']}<|/head|>\n\n", None, False))
        found += [(turn["content"].strip(), number, False), ("<|eot|>", number, True)]
    return found


# As Llama 3: a beginning, headers, texts without the blanks around them.
HEADER = Family(
    "header",
    "{{- bos_token }}{%- for m in messages %}"
    "{{- '<|head|>' + m['role'] + '<|/head|>\n\n' + m['content'] | trim + '<|eot|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|head|>assistant<|/head|>\n\n' }}{%- endif %}",
    ("<|begin|>", "<|head|>", "<|/head|>", "<|eot|>"),
    "<|eot|>",
    _header,
)


def _roles(messages: Sequence[Turn]) -> list[Written]:
    found: list[Written] = []
    if messages[0]["role"] != "system":
        found.append(("<|role|>system<|/role|>Today is Monday.\nYou are a model.<|eos|>\n", None, False))
    for number, turn in enumerate(messages):
        found.append((f"<|role|>{turn['role']}<|/role|>", None, False))
        found += [(turn["content"], number, False), ("<|eos|>", number, True), ("\n", None, False)]
    return found


# As Granite 3: roles between marks, a system prompt of its own where there is none.
ROLES = Family(
    "roles",
    "{%- if messages[0]['role'] == 'system' %}{%- set first = messages[0]['content'] %}{%- set rest = messages[1:] %}"
    "{%- else %}{%- set first = 'Today is Monday.\nYou are a model.' %}{%- set rest = messages %}{%- endif %}"
    "{{- '<|role|>system<|/role|>' + first + '<|eos|>\n' }}"
    "{%- for m in rest %}{{- '<|role|>' + m['role'] + '<|/role|>' + m['content'] + '<|eos|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|role|>assistant<|/role|>' }}{%- endif %}",
    ("<|role|>", "<|/role|>", "<|eos|>"),
    "<|eos|>",
    _roles,
)


def _instructed(messages: Sequence[Turn]) -> list[Written]:
    found: list[Written] = [("<s>", None, False)]
    system = next((number for number, turn in enumerate(messages) if turn["role"] == "system"), None)
    last = max(number for number, turn in enumerate(messages) if turn["role"] == "user")
    for number, turn in enumerate(messages):
        if turn["role"] == "user":
            found.append(("[INST] ", None, False))
            if number == last and system is not None:
                found += [(messages[system]["content"], system, False), ("\n\n", None, False)]
            found += [(turn["content"], number, False), ("[/INST]", None, False)]
        elif turn["role"] == "assistant":
            found += [(" ", None, False), (turn["content"].strip(), number, False), ("</s>", number, True)]
    return found


# As Mistral: no prompt for an answer, roles that take turns, the system's words before the user's last.
INSTRUCTED = Family(
    "instructed",
    "{%- if messages[0]['role'] == 'system' %}{%- set first = messages[0]['content'] %}{%- set rest = messages[1:] %}"
    "{%- else %}{%- set rest = messages %}{%- endif %}{{- bos_token }}{%- for m in rest %}"
    "{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('roles must take turns') }}"
    "{%- endif %}{%- if m['role'] == 'user' %}{%- if first is defined "
    "and (loop.last or loop.index0 == (rest | length) - 2) %}"
    "{{- '[INST] ' + first + '\n\n' + m['content'] + '[/INST]' }}{%- else %}{{- '[INST] ' + m['content'] + '[/INST]' }}"
    "{%- endif %}{%- elif m['role'] == 'assistant' %}{{- ' ' + m['content'] | trim + eos_token }}"
    "{%- else %}{{- raise_exception('only user and assistant are known') }}{%- endif %}{%- endfor %}",
    ("<s>", "</s>", "[INST]", "[/INST]"),
    "</s>",
    _instructed,
    pieces=True,
)


def _turns(messages: Sequence[Turn]) -> list[Written]:
    found: list[Written] = [("<bos>", None, False)]
    for number, turn in enumerate(messages):
        role = "model" if turn["role"] == "assistant" else turn["role"]
        found.append((f"<turn>{role}\n", None, False))
        found += [(turn["content"].strip(), number, False), ("</turn>", number, True), ("\n", None, False)]
    return found


# As Gemma: the end of a turn is another token than the tokenizer's end of a text; there is no system.
TURNS = Family(
    "turns",
    "{{- bos_token }}{%- if messages[0]['role'] == 'system' %}{{- raise_exception('no system role') }}{%- endif %}"
    "{%- for m in messages %}{%- set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{- '<turn>' + role + '\n' + m['content'] | trim + '</turn>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<turn>model\n' }}{%- endif %}",
    ("<bos>", "<eos>", "<turn>", "</turn>"),
    "<eos>",
    _turns,
    systems=False,
)

FAMILIES = (CHATML, HEADER, ROLES, INSTRUCTED, TURNS)

# As Qwen 3: reasoning behind the last question alone, with empty marks for it in the last answer that has none.
THINKING = (
    "{%- set ns = namespace(last=0) %}{%- for m in messages %}{%- if m['role'] == 'user' %}"
    "{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- set said = m['content'] %}{%- set thought = '' %}"
    "{%- if m['reasoning_content'] is string %}{%- set thought = m['reasoning_content'] %}"
    "{%- elif m['role'] == 'assistant' and '</think>' in said %}"
    "{%- set thought = said.split('</think>')[0].split('<think>')[-1].strip('\n') %}"
    "{%- set said = said.split('</think>')[-1].lstrip('\n') %}{%- endif %}"
    "{{- '<|im_start|>' + m['role'] + '\n' }}"
    "{%- if m['role'] == 'assistant' and loop.index0 > ns.last and (loop.last or thought) %}"
    "{{- '<think>\n' + thought.strip('\n') + '\n</think>\n\n' + said.lstrip('\n') }}{%- else %}{{- said }}{%- endif %}"
    "{%- if m['tool_calls'] %}{%- for c in m['tool_calls'] %}{%- set c = c['function'] %}"
    "{{- '\n<tool_call>' + c['name'] + ' ' + (c['arguments'] | tojson) + '</tool_call>' }}{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
