import pytest

from tests.evaluation.pupils import Pupil
from workbench.engines.engine import Engine
from workbench.errors import EndpointError, EvaluationError
from workbench.evaluation.abilities import check_able
from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.papers import Answers, Paper, Sheet

LETTERS = Sheet(Examples([], {}), 0)


def refusal(engine: Engine, papers: dict[str, Paper], *others: str, served: bool = False) -> EvaluationError:
    wanted = [benchmark(name) for name in (*papers, *others)]
    with pytest.raises(EvaluationError) as raised:
        check_able(engine, wanted, papers, served=served)
    return raised.value


def test_one_that_cannot_score_is_asked_what_needs_no_scores() -> None:
    found = refusal(Pupil(capabilities=frozenset()), {"proof": Answers(), "mmlu": LETTERS}, "heldout", "mt_bench")
    assert found.message == "pupil cannot tell how likely a text is, which proof and mmlu need"
    assert found.hint.startswith("ask it no more than --benchmark heldout --benchmark mt_bench, or take a GGUF file")
    assert "leave it out" in refusal(Pupil(capabilities=frozenset()), {"mmlu": LETTERS}).hint


def test_one_without_a_template_is_asked_by_letter() -> None:
    engine = Pupil(template=False)
    found = refusal(engine, {"proof": Answers(), "mmlu": Answers(), "mmlu_branch": LETTERS}, "heldout")
    assert found.message == "pupil has no chat template, which proof, mmlu and heldout need"
    assert "--benchmark mmlu --benchmark mmlu_branch --choices-form letters, or" in found.hint
    check_able(engine, [benchmark("mmlu")], {"mmlu": LETTERS})
    in_chat = refusal(engine, {"mmlu": Sheet(Examples([], {}), 0, chat=True)})
    assert in_chat.message.endswith("which mmlu needs")


def test_a_server_has_a_template_of_its_own_for_messages() -> None:
    engine = Pupil(template=False)
    check_able(engine, [benchmark("heldout"), benchmark("mmlu")], {"mmlu": LETTERS}, served=True)
    found = refusal(engine, {"proof": Answers()}, "heldout", served=True)
    assert "no more than --benchmark heldout, or" in found.hint


def test_a_server_that_is_gone_is_no_question_of_templates() -> None:
    class Gone(Pupil):
        def render(self, *_: object, **__: object) -> str:
            raise EndpointError("gone")

    with pytest.raises(EndpointError):
        check_able(Gone(), [benchmark("proof")], {"proof": Answers()}, served=True)
