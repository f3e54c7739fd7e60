from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.generation.answering import FakeEngine, FakeSession
from workbench.assets import sample_taxonomy_folder
from workbench.generation import roles
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow, read_flow
from workbench.generation.imports import digest_imports, read_imports
from workbench.generation.journal import Journal
from workbench.generation.options import GenerationOptions
from workbench.generation.rows import LeafWork, Source
from workbench.generation.take_over import take_over
from workbench.runs import Run
from workbench.workspace import Workspace

Take = Callable[..., Run]

FLOW = """
name: trial
one_section: true
prompts:
  ask: "{{ document }} Ask."
  new: "{{ seed_question }} Another one."
  say: "{{ document }} {{ question }}"
  reply: "{{ question }} Reply."
  judge: "{{ question }} {{ answer }} True?"
  judge_question: "{{ question }} True?"
  wrong: "{{ document }} {{ answer }} Three wrong ones."
  reword: "{{ question }} Reword."
knowledge:
  - {name: question, prompt: ask, writes: question, temperature: 1.0, max_tokens: 9}
  - {name: answer, prompt: say, writes: answer, span_of: document}
  - {name: judgement, prompt: judge, verdict: "(YES|NO)$", keep: ["YES"]}
freeform:
  - {name: question, prompt: new, writes: question, temperature: 1.0}
  - {name: judgement, prompt: judge_question, verdict: "(YES|NO)$", keep: ["YES"]}
  - {name: answer, prompt: reply, writes: answer}
choices:
  - {name: wrong_answers, prompt: wrong, writes: wrong_answers}
rewording:
  - {name: rewording, prompt: reword, writes: question}
"""

PASSAGES = (
    "The ferry leaves from Aldern at nine. It takes forty minutes and costs 12 crowns.",
    "Mara Tholen keeps the tower of Brise. The tower is 45 metres tall.",
    "In Corby a mill stands by the river. Its wheel has 24 blades of oak.",
)


@pytest.fixture
def flow() -> Flow:
    return read_flow(FLOW, "trial.yaml")


@pytest.fixture
def works(flow: Flow) -> list[LeafWork]:
    """A knowledge leaf of three passages and a skill of two seeds."""
    passages = tuple(Source(f"town.md#{number}", {"document": text}) for number, text in enumerate(PASSAGES))
    seeds = tuple(
        Source(
            f"seed {number}", {"seed_question": f"How does {who} say it?", "seed_response": "So.", "seed_context": ""}
        )
        for number, who in enumerate(("Ann", "Ben"), start=1)
    )
    return [
        LeafWork("knowledge/town", "knowledge", passages, flow.for_kind("knowledge")),
        LeafWork("compositional_skills/saying", "freeform", seeds, flow.for_kind("freeform")),
    ]


@pytest.fixture
def take(workspace: Workspace, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Take:
    """Takes over runs and files as options say, with a model that counts words."""
    monkeypatch.setattr(roles, "open_engine", lambda *args, **kwargs: FakeEngine())

    def taken(name: str, **given: object) -> Run:
        options = GenerationOptions.parse({"name": name, "taxonomy": False, "pipeline": "simple", **given})
        run = workspace.open_run("synthetic_data", name, options, digest_imports(options, flow, workspace))
        with run.hold() as attempt:
            attempt.finish(take_over(options, read_imports(options, flow, workspace), run, attempt))
        return run

    return taken


@pytest.fixture
def open_exchange(tmp_path: Path) -> Iterator[Callable[[FakeEngine], Exchange]]:
    """Opens an exchange with one engine in both roles, each time with the test's one journal."""
    journals: list[Journal] = []

    def exchange(engine: FakeEngine) -> Exchange:
        session = FakeSession(engine)
        journals.append(Journal(tmp_path / "journal.jsonl"))
        engines = {"teacher": engine, "critic": engine}
        return Exchange({"teacher": session, "critic": session}, engines, journals[-1], 42)

    yield exchange
    for journal in journals:
        journal.close()


@pytest.fixture
def options(tmp_path: Path) -> GenerationOptions:
    """Of a whole run with the fake teacher: ten samples for each leaf of the sample taxonomy."""
    model = tmp_path / "teacher.gguf"
    model.write_text("weights")
    return GenerationOptions(
        model=str(model),
        pipeline="compact",
        taxonomy_path=str(sample_taxonomy_folder()),
        num_instructions=10,
        heldout_share=0.3,
    )
