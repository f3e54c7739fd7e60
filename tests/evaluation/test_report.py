from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evaluation.conftest import KNOWLEDGE, World
from tests.evaluation.pupils import Pupil
from workbench.errors import NotFoundError
from workbench.evaluation.report import Report


def test_the_report_says_in_words_what_changed(world: World) -> None:
    report = Report.of(world.evaluate())
    text = repr(report)
    assert report.headline == (
        "Proof questions answered right: the base 38 %, the trained model 88 %, the base with the passage before it "
        "100 %. Guessing gets 25 %."
    )
    line = next(line for line in text.splitlines() if line.startswith(KNOWLEDGE))
    assert "38 % (14 to 69), 3 of 8" in line
    assert "+50 points" in line
    assert line.endswith("same within noise") or line.endswith("better")


def test_the_table_can_be_read_without_colours(world: World) -> None:
    html = Report.of(world.evaluate())._repr_html_()
    assert html.count("<table>") == 8
    assert "same within noise" in html
    assert "color" not in html
    assert " of 10</td>" in html


def test_the_control_says_who_was_not_asked(world: World) -> None:
    text = str(Report.of(world.evaluate()))
    assert "not asked" in text
    assert "not compared" in text


def test_a_model_alone_has_a_table_of_its_own(world: World) -> None:
    text = str(Report.of(world.evaluate(world.options(model="models/base", benchmarks=["proof", "reading"]))))
    assert "answered right: the model 38 %, the model with the passage before it 100 %." in text
    assert "Leaf                            Model" in text
    assert "not asked" not in text


def test_a_judge_out_of_form_is_shown_and_not_hidden(world: World) -> None:
    world.engines[str(world.judge)] = Pupil("judge")
    assert "none of 2 could be scored" in str(Report.of(world.evaluate()))


def test_what_was_left_out_is_said(world: World) -> None:
    report = Report.of(world.evaluate(world.options(proof="")))
    assert "Proof questions (proof) was left out: the data run has none of the sample's leaves" in str(report)
    assert report.headline == ""
    assert "left out" in report._repr_html_()


def test_items_can_be_browsed(world: World) -> None:
    report = Report.of(world.evaluate())
    assert len(report.items("proof", leaf=KNOWLEDGE)) == 8
    assert len(report.items("proof").wrong()) == 1
    with pytest.raises(NotFoundError, match="was not asked of the trained model"):
        report.items("reading")
    with pytest.raises(NotFoundError, match="has no leaf other"):
        report.items("proof", leaf="other")


def test_an_evaluation_that_is_gone_is_said_to_be(world: World) -> None:
    run = world.evaluate()
    run.remove()
    with pytest.raises(NotFoundError, match=f"the evaluation {run.folder.name} is gone") as raised:
        Report.of(run)
    assert "workbench model evaluate" in raised.value.hint


@pytest.mark.parametrize("damage", [lambda path: path.write_text(""), lambda path: path.unlink()])
def test_an_empty_journal_is_no_empty_list_of_items(world: World, damage: Callable[[Path], object]) -> None:
    report = Report.of(world.evaluate())
    damage(report.artifacts / "proof_trained.jsonl")
    with pytest.raises(NotFoundError, match=r"proof_trained.jsonl holds no item, but 8 were asked"):
        report.items("proof")


def test_leaves_of_one_model_alone_are_new_or_gone(world: World) -> None:
    world.engines[str(world.workspace.models / "base")].context_size = 6
    text = str(Report.of(world.evaluate(world.options(benchmarks=["heldout"]))))
    assert "new: the base has no score" in text


def test_subjects_are_called_so(world: World) -> None:
    text = str(Report.of(world.evaluate(world.options(benchmarks=["mmlu"]))))
    assert "Workbench's own general questions (mmlu)\nSubject         Base" in text
    assert "-0" not in text
