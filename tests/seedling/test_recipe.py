import json

from workbench.assets import assets_folder
from workbench.seedling.recipe import RECIPE

BASE = assets_folder() / "models" / "seedling-base"


def test_the_embedded_models_are_of_this_shape() -> None:
    config = json.loads((BASE / "config.json").read_text())
    shape = RECIPE.shape
    assert (config["vocab_size"], config["max_position_embeddings"]) == (shape.vocabulary, shape.context)
    assert (config["num_hidden_layers"], config["hidden_size"]) == (shape.layers, shape.width)
    assert (config["intermediate_size"], config["num_attention_heads"]) == (shape.inner, shape.heads)


def test_every_matrix_becomes_a_true_k_quant() -> None:
    assert RECIPE.shape.width % 256 == RECIPE.shape.inner % 256 == 0
    assert RECIPE.shape.width % RECIPE.shape.heads == 0


def test_steps_and_tokens_are_of_all_schoolings() -> None:
    assert RECIPE.steps == sum(stage.steps for one in (RECIPE.base, *RECIPE.teacher) for stage in one.stages)
    assert 2048 * RECIPE.steps < RECIPE.tokens <= 4096 * RECIPE.steps
    names = [schooling.name for schooling in (RECIPE.base, *RECIPE.teacher)]
    assert len(set(names)) == len(names), "their states would lie in one file"
