import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workbench.assets import assets_folder
from workbench.messages import assistant, user
from workbench.seedling.curriculum import GIVEN_WEIGHT, ExerciseCurriculum, Stage, draws, drill_draws, old_facts
from workbench.seedling.recipe import RECIPE
from workbench.seedling.tokenizer import save_tokenizer, train_tokenizer
from workbench.training.encoding import Weights, encode

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STAGES = (Stage("first", 3, 600, {"echo": 0.5, "reading": 0.5}), Stage("second", 2, 900, {"school": 1.0, "table": 2.0}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer in the form of the embedded models', trained on a little of the recipe's text."""
    rng = random.Random(1)
    texts = [text for draw in draws(7).values() for _ in range(20) for turn in draw(rng).turns for text in turn]
    made = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(texts, 500), made, 1024)
    return made


def read(folder: Path) -> "Tokenizer":
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture
def curriculum(folder: Path) -> ExerciseCurriculum:
    return ExerciseCurriculum(STAGES, 7, read(folder))


@pytest.mark.parametrize("embedded", [False, True])
def test_an_exercise_is_encoded_as_a_users_row_would_be(embedded: bool, folder: Path) -> None:
    from transformers import AutoTokenizer

    source = assets_folder() / "models" / "seedling-base" if embedded else folder
    curriculum, tokenizer = ExerciseCurriculum(STAGES, 7, read(source)), AutoTokenizer.from_pretrained(source)
    rng = random.Random(3)
    for draw in draws(7).values():
        for _ in range(8):
            exercise = draw(rng)
            messages = [message for asked, said in exercise.turns for message in (user(asked), assistant(said))]
            expected = encode(messages, tokenizer, weights=Weights(said=1.0, given=GIVEN_WEIGHT))
            assert curriculum.encode(exercise) == expected


def test_steps_follow_from_seed_stage_and_number(curriculum: ExerciseCurriculum, folder: Path) -> None:
    assert curriculum.steps == 5
    batches = [list(curriculum.batch(step)) for step in range(5)]
    assert [list(curriculum.batch(step)) for step in reversed(range(5))] == batches[::-1]
    assert len({str(batch) for batch in batches}) == 5
    other = ExerciseCurriculum(STAGES, 8, read(folder))
    assert list(other.batch(0)) != batches[0]
    with pytest.raises(IndexError):
        curriculum.batch(5)


def test_a_stage_fills_its_tokens(curriculum: ExerciseCurriculum) -> None:
    for step, wanted in ((0, 600), (4, 900)):
        tokens = sum(len(sample) for sample in curriculum.batch(step))
        assert wanted <= tokens < wanted + 1200


def test_every_kind_has_its_share_in_tokens(folder: Path) -> None:
    tokenizer = read(folder)
    both, echo = (
        sum(len(sample) for sample in ExerciseCurriculum((Stage("a", 1, 60_000, shares),), 7, tokenizer).batch(0))
        for shares in ({"echo": 1.0, "reading": 2.0}, {"echo": 1.0})
    )
    assert both == pytest.approx(60_000, rel=0.02)
    assert echo == pytest.approx(60_000, rel=0.02)


def test_every_kind_that_the_recipe_names_can_be_drawn() -> None:
    stages = [stage for schooling in (RECIPE.base, *RECIPE.teacher) for stage in schooling.stages]
    assert {kind for stage in stages for kind in stage.shares} <= {*draws(RECIPE.seed), *drill_draws()}
    for stage in stages:
        assert sum(stage.shares.values()) == pytest.approx(1.0)
    names = [stage.name for stage in stages]
    assert len(names) == len(set(names)), "stages of one name would draw the same exercises"


def test_the_base_is_not_made_from_drills() -> None:
    assert not set(draws(RECIPE.seed)) & set(drill_draws())
    assert {kind for stage in RECIPE.base.stages for kind in stage.shares} <= set(draws(RECIPE.seed))


def test_the_old_world_is_the_same_each_time_and_of_its_own() -> None:
    facts = old_facts(7)
    assert facts == old_facts(7) != old_facts(8)
    assert len({fact.key for fact in facts}) == len(facts) == 300
    assert {fact.entity.family for fact in facts} == {"landmark", "island", "college"}
