"""Multiple choice as lm-eval asks it: the same log-likelihoods and the same choice, question by question."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Measure
from tests.evaluation.lm_eval_tasks import write_questions, write_tasks
from workbench.assets import assets_folder
from workbench.engines.transformers import TransformersEngine
from workbench.evaluation.choices import choose
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.journal import Journal
from workbench.evaluation.mmlu import read_mmlu
from workbench.evaluation.papers import Sheet
from workbench.evaluation.questions import Question, read_choices

pytestmark = [pytest.mark.prove, pytest.mark.filterwarnings("ignore")]
BASE = assets_folder() / "models" / "seedling-base"
SUBJECTS = ("by_heart", "exactness", "repeating", "spelling")
ITEMS = 10
# One leaves white space before the answer, the other will hear of no system.
TEMPLATES = {
    "qwen2": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "llama": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}",
}
Scores = dict[tuple[str, str], list[float]]


class Tally:
    """What all forms of a model come to."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, int, float]] = {}

    def add(self, model: str, items: int, different: int, off: float) -> None:
        asked, before, most = self._found.get(model, (0, 0, 0.0))
        self._found[model] = asked + items, before + different, max(most, off)

    def said(self, model: str) -> str:
        asked, different, off = self._found[model]
        return f"{different} of {asked} choices differ, log-likelihoods by at most {off:.0e}"


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


@pytest.fixture(scope="module", params=["seedling", *TEMPLATES])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "seedling":
        return BASE
    folder = tmp_path_factory.mktemp("models") / str(request.param)
    shutil.copytree(BASE, folder)
    (folder / "chat_template.jinja").write_text(TEMPLATES[str(request.param)])
    _make_random(folder, str(request.param))
    return folder


def _make_random(folder: Path, kind: str) -> None:
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(
        kind, vocab_size=1536, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=2048,
    )  # fmt: skip
    # Weights of the usual size make every choice about as likely.
    config.initializer_range = 0.2
    torch.manual_seed(11)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)


@pytest.fixture
def engine(model: Path) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(model)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    write_questions(folder, assets_folder() / "benchmarks" / "general", SUBJECTS, ITEMS)
    return folder


def theirs(model: Path, folder: Path, shots: int, *, texts: bool, chat: bool) -> Scores:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    names = write_tasks(folder, SUBJECTS, texts=texts)
    found = lm_eval.simple_evaluate(
        model=HFLM(pretrained=str(model), device="cpu", dtype="float32", batch_size=8),
        tasks=names,
        num_fewshot=shots,
        apply_chat_template=chat,
        fewshot_as_multiturn=chat,
        task_manager=TaskManager(include_path=str(folder / "tasks"), include_defaults=False),
        bootstrap_iters=0,
        log_samples=True,
    )
    return {
        (name, sample["doc"]["question"]): [float(score) for score, _ in sample["filtered_resps"]]
        for name in names
        for sample in found["samples"][name]
    }


def ours(engine: TransformersEngine, folder: Path, shots: int, *, texts: bool, chat: bool) -> Scores:
    questions, given = read_mmlu(folder / "mmlu") if not texts else (_branch(folder), {})
    rows: dict[Any, Any] = {}

    class Kept(Journal):
        def keep(self, question: Question, said: Any) -> None:
            rows[question.key] = said

    with Kept(folder / "journal.jsonl", lambda done: None) as journal:
        choose(engine, questions, journal, Sheet(Examples(questions, given), shots, texts=texts, chat=chat))
    return {(_task(question), question.asked): rows[question.key]["scores"] for question in questions}


def _branch(folder: Path) -> list[Question]:
    return read_choices(sorted((folder / "branch").glob("*.jsonl")))


def _task(question: Question) -> str:
    return question.leaf.replace("general_", "branch_")


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat"])
@pytest.mark.parametrize("shots", [0, 5])
@pytest.mark.parametrize("texts", [False, True], ids=["letters", "texts"])
def test_every_question_is_scored_as_lm_eval_scores_it(
    engine: TransformersEngine,
    model: Path,
    folder: Path,
    shots: int,
    texts: bool,
    chat: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measured: Measure,
    tally: Tally,
) -> None:
    pytest.importorskip("lm_eval", reason="pip install instructlab-workbench[peers]")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    expected = theirs(model, folder, shots, texts=texts, chat=chat)
    found = ours(engine, folder, shots, texts=texts, chat=chat)
    assert found.keys() == expected.keys()
    assert len(found) == len(SUBJECTS) * ITEMS
    off = max(abs(one - other) for key in found for one, other in zip(found[key], expected[key], strict=True))
    different = [key for key in found if _chosen(found[key]) != _chosen(expected[key])]
    tally.add(model.name, len(found), len(different), off)
    measured(f"Multiple choice beside lm-eval, {model.name}", tally.said(model.name), "none, 1e-3")
    assert not different
    assert off < 1e-3


def _chosen(scores: list[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)
