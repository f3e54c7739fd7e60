"""The recipe carried out: tokenizer, trunk (the base), teacher, GGUF; each part is reused where it is done."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.export import export_gguf, quantize
from workbench.runs import Stop
from workbench.seedling.curriculum import ExerciseCurriculum, draws
from workbench.seedling.recipe import Recipe, Schooling
from workbench.seedling.tokenizer import END, LAST_WRITTEN, PAD, save_tokenizer, train_tokenizer
from workbench.training.checkpoints import Progress
from workbench.training.loop import Phase, Report, Settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

BASE = "seedling-base"
TEACHER = "seedling-teacher"
TEACHER_FILE = "seedling-teacher-Q4_K_M.gguf"
_SAVE_EVERY = 100


def recipe_texts(recipe: Recipe) -> Iterator[str]:
    """Text as the tokenizer sees it: every kind of exercise in equal numbers."""
    rng = random.Random(f"{recipe.seed}:tokenizer")
    for draw in draws(recipe.seed).values():
        for _ in range(recipe.tokenizer_exercises):
            for turn in draw(rng).turns:
                yield from turn


def grow(folder: Path, recipe: Recipe, report: Report, stop: Stop) -> dict[str, Progress]:
    """Make both models in `folder`; called again after a stop or a kill, it goes on from the last checkpoint.

    A part that lies there whole is taken as it is, so that a new teacher can be made from the same base. Returns the
    progress of each schooling that there was something left to do for.
    """
    import torch

    # Sums in another order would end in other weights.
    torch.set_num_threads(recipe.threads)
    progress: dict[str, Progress] = {}
    if not _is_whole(folder / BASE):
        tokenizer = _tokenizer(folder, recipe)
        base = new_model(tokenizer, recipe)
        progress |= _school(base, (recipe.base,), folder, (recipe, tokenizer), report, stop)
        save_model(folder / BASE, base, tokenizer, recipe)
    if not (folder / TEACHER_FILE).is_file():
        teacher, tokenizer = _load_model(folder / BASE)
        progress |= _school(teacher, recipe.teacher, folder, (recipe, tokenizer), report, stop)
        if len(recipe.teacher) > 1:
            _blend(teacher, folder / f"{recipe.teacher[-2].name}.safetensors", recipe.last_share)
        save_model(folder / TEACHER, teacher, tokenizer, recipe)
        whole = export_gguf(folder / TEACHER, folder / f"{TEACHER}-F16.gguf", "F16")
        quantize(whole, folder / TEACHER_FILE, "Q4_K_M")
    return progress


def _is_whole(folder: Path) -> bool:
    return (folder / LAST_WRITTEN).is_file()


def _school(
    model: "LlamaForCausalLM",
    schoolings: tuple[Schooling, ...],
    folder: Path,
    made_from: "tuple[Recipe, Tokenizer]",
    report: Report,
    stop: Stop,
) -> dict[str, Progress]:
    return {
        one.name: _train(model, one, folder / f"{one.name}.safetensors", made_from, report, stop) for one in schoolings
    }


def _tokenizer(folder: Path, recipe: Recipe) -> "Tokenizer":
    from tokenizers import Tokenizer

    made = folder / "tokenizer"
    if not _is_whole(made):
        save_tokenizer(train_tokenizer(recipe_texts(recipe), recipe.shape.vocabulary), made, recipe.shape.context)
    return Tokenizer.from_file(str(made / "tokenizer.json"))


def new_model(tokenizer: "Tokenizer", recipe: Recipe) -> "LlamaForCausalLM":
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = recipe.shape
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
    )
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(config)


def _blend(model: "LlamaForCausalLM", before: Path, share: float) -> None:
    """Move the weights to that share of the way from those in the state `before`."""
    import torch
    from safetensors import safe_open

    with torch.no_grad(), safe_open(before, framework="pt") as state:
        for name, weight in model.named_parameters():
            # The state is a Learner's, which holds the model under that name too.
            weight.copy_((1 - share) * state.get_tensor(f"model.model.{name}") + share * weight)


def _load_model(folder: Path) -> "tuple[LlamaForCausalLM, Tokenizer]":
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


def _train(
    model: "LlamaForCausalLM",
    schooling: Schooling,
    state: Path,
    made_from: tuple[Recipe, "Tokenizer"],
    report: Report,
    stop: Stop,
) -> Progress:
    from workbench.training.learner import Learner

    recipe, tokenizer = made_from
    settings = Settings(learning_rate=schooling.rate, optimizer="muon", warmup=recipe.warmup, save_every=_SAVE_EVERY)
    phase = Phase(Learner(model), ExerciseCurriculum(schooling.stages, recipe.seed, tokenizer), settings, state)
    progress = phase.run(lambda event: report({"stage": schooling.name, **event}), stop)
    phase.save()
    return progress


def save_model(folder: Path, model: "LlamaForCausalLM", tokenizer: "Tokenizer", recipe: Recipe) -> None:
    """A Hugging Face folder in float16: half the bytes, and no loss that the figures show."""
    import copy

    import torch

    copy.deepcopy(model).to(torch.float16).save_pretrained(folder)
    save_tokenizer(tokenizer, folder, recipe.shape.context)
