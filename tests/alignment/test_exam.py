import asyncio
import socket
from pathlib import Path

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.exam import Exam, seated
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.setting import Setting
from workbench.errors import EndpointError
from workbench.workspace import Workspace


@pytest.fixture
def exam(workspace: Workspace, options: AlignmentOptions, make_data: MakeData) -> Exam:
    make_data(choices=12, heldout=4)
    return Setting(options, workspace).exam


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def with_options(exam: Exam, **changes: object) -> Exam:
    return Exam(exam.options.model_copy(update=changes), exam.workspace, exam.base, exam.data, exam.compact)


def test_questions_are_those_of_the_data_run(exam: Exam) -> None:
    assert (exam.count("mmlu_branch"), exam.count("heldout"), exam.count("mt_bench_branch")) == (12, 4, 0)
    assert exam.compact
    assert list(exam.plan(["heldout"]).questions) == ["heldout"]


def test_the_base_sits_in_for_the_model_until_that_is_there(exam: Exam, tmp_path: Path) -> None:
    plan = exam.plan(["heldout"])
    assert [subject.model for subject in plan.models.subjects] == [str(exam.base)]
    pair = seated(plan, tmp_path / "Model", "demo-1", exam.base).models
    assert [(each.who, each.name, each.model) for each in pair.subjects] == [
        ("base", exam.base.name, str(exam.base)),
        ("trained", "demo-1", str(tmp_path / "Model")),
    ]
    assert seated(plan, tmp_path, "demo-1/phase_1/epoch_2").models.base is None


def test_what_another_judge_rated_goes_and_what_nobody_asked_otherwise_stays(exam: Exam, tmp_path: Path) -> None:
    folder = tmp_path / "evaluation"
    exam.begin(folder)
    journal = folder / "heldout_base.jsonl"
    journal.write_text("{}\n")
    for changes in ({}, {"benchmarks": ["heldout"]}, {"threads": 2}):
        with_options(exam, **changes).begin(folder)
        assert journal.exists(), changes
    with_options(exam, judge_prompt="full").begin(folder)
    assert not journal.exists()


@pytest.mark.parametrize(
    ("wishes", "judged"),
    [
        ({}, False),
        ({"judge_model": "granite-7b-lab-Q4_K_M"}, True),
        ({"judge_model": "models/my-judge.gguf"}, True),
        ({"judge_endpoint_url": "http://127.0.0.1:1/v1"}, True),
    ],
)
def test_the_embedded_judge_tells_no_checkpoint_from_another(wishes: dict[str, str], judged: bool, exam: Exam) -> None:
    assert with_options(exam, **wishes).judged is judged


def test_a_judge_behind_an_endpoint_that_is_not_there_is_told(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr("workbench.engines.retries.asyncio.sleep", lambda seconds: sleep(0))
    far = with_options(exam, judge_endpoint_url=nobody(), judge_model="judge")
    far.check_judge(["mmlu_branch", "heldout"])
    with pytest.raises(EndpointError):
        far.check_judge(["mmlu_branch", "mt_bench"])
    exam.check_judge(["mt_bench"])
