import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from tests.generation.answering import FakeEngine, said
from tests.generation.conftest import PASSAGES
from tests.generation.test_production import Open, produce
from tests.generation.wide import WORDS
from workbench.assets import sample_taxonomy_folder
from workbench.engines.engine import Request
from workbench.errors import FlowError
from workbench.generation import roles
from workbench.generation.flow import Flow, load_flow, read_flow
from workbench.generation.flow_checks import GIVEN
from workbench.generation.generate import generate, inputs
from workbench.generation.options import GenerationOptions
from workbench.generation.rows import LeafWork, Source
from workbench.generation.sdg_pipelines import is_pipeline, translate
from workbench.records import read_jsonl
from workbench.runs import Stop
from workbench.workspace import Workspace

FILES = Path(__file__).parent / "pipeline_files"
PARTS = Path(__file__).parent / "pipeline_parts" / "freeform_parts.yaml"


def work(flow: Flow, kind: str, count: int = 5) -> LeafWork:
    """A leaf whose sources have every column that a leaf of this kind has."""
    own = "document" if kind == "knowledge" else "seed_question"
    sources = tuple(
        Source(f"{n}", {name: f"{name} of old" for name in GIVEN[kind]} | {own: f"{WORDS[n]} of {PASSAGES[n % 3]}"})
        for n in range(count)
    )
    return LeafWork(f"{kind}/x", kind, sources, flow.for_kind(kind))


def answering(request: Request, rng: Random) -> str:
    """A teacher and critic who keep to the marks that these files ask for, mostly."""
    asked = said(request).strip("<>")
    last = asked.rsplit("\n", 1)[-1]
    new = " ".join(rng.choices(WORDS, k=6))
    return {
        "Tidy it.": f"tidy {new}",
        "Ask about it.": f"[Q] Why {new}? [A] For {new}. [STOP]\n[Q] How {new[::-1]}? [A] By {new}.",
        "Is it true?": f"[R]so[/R][J]{rng.choice(('YES', 'YES', 'NO', ''))}[/J]",
        "Rate it.": rng.choice(("[S]1[/S]", "[S]2.5[/S]", "[S]high[/S]", "[S]3[/S]")),
        "Propose 4 more.": "".join(f"[Q]What of {' '.join(rng.choices(WORDS, k=5))}?[/Q]" for _ in range(6)),
        "Score it.": f"[R]x[/R][S]{rng.choice((0, 1, 2))}[/S]",
        "Reply.": f"[A]{new}[/A]",
        "Another one.": f"[C]A text of {new}.[/C]",
        "Ask of it.": f"[Q]Which {new}?[/Q]",
        "Verse or prose?": "prose" if rng.random() < 0.7 else "verse",
        "Remark.": f"ha {new}",
    }.get(last, f"[Q]{last} {new}?[/Q] said")


def run(flow: Flow, kind: str, open_exchange: Open, quota: int = 15) -> tuple[list[dict[str, Any]], FakeEngine]:
    engine = FakeEngine(answering, order=1)
    leaf = work(flow, kind)
    shelf = produce([leaf], open_exchange(engine), quota).shelves[leaf.path]
    return [one.record() for one in shelf.decided], engine


def test_a_folder_of_pipelines_is_a_flow() -> None:
    flow = load_flow(str(FILES))
    assert flow.name == "pipeline_files"
    assert set(flow.stages) == {"knowledge", "freeform", "grounded", "rewording", "choices"}
    assert flow.auxiliary == {"tidied": ("Tidy this text.", "Write this text without its slips.")}
    names = [stage.name for stage in flow.for_kind("knowledge")]
    assert names == [
        *("keep_original", "tidy", "each_version", "name_versions", "ask", "ask distinct", "judge_truth", "only_true"),
        *("rate_pair", "well_rated", "sample"),
    ]
    assert read_flow(flow.source, "copy.yaml").stages == flow.stages, "the translation is no flow file of its own"


def test_every_filter_is_a_stage_of_the_funnel(open_exchange: Open) -> None:
    records, _ = run(load_flow(str(FILES)), "knowledge", open_exchange, 60)
    ends = Counter((one["outcome"], one["stage"]) for one in records)
    assert ends["kept", "sample"] == 60
    assert ends["rejected", "only_true"]
    assert ends["rejected", "well_rated"]
    assert ends["failed", "rate_pair"], "a rating that is no number was asked for twice and is counted apart"
    assert ends["failed", "judge_truth"]
    assert {one["reason"] for one in records if one["outcome"] == "failed"} == {"unparsable judgement"}
    kept = [one for one in records if one["outcome"] == "kept"]
    assert {one["dataset_type"] for one in kept} == {"tidied", "base_document"}
    assert all((one["context"] == one["raw_document"]) == (one["dataset_type"] == "base_document") for one in kept)
    assert not any("[STOP]" in one["answer"] for one in kept)


def test_the_critic_judges_and_the_chunk_is_tidied_once(open_exchange: Open) -> None:
    flow = load_flow(str(FILES))
    roles = {stage.name: stage.role for stage in flow.for_kind("knowledge") if stage.role}
    assert roles == {"tidy": "teacher", "ask": "teacher", "judge_truth": "critic", "rate_pair": "critic"}
    _, engine = run(flow, "knowledge", open_exchange, 40)
    tidied = [request for request in engine.asked if request.tag.endswith("tidy")]
    assert len({request.messages[0]["content"] for request in tidied}) == len(tidied) <= 5


def test_skills_come_out_whole(open_exchange: Open) -> None:
    flow = load_flow(str(FILES))
    records, engine = run(flow, "freeform", open_exchange)
    assert Counter(one["outcome"] for one in records)["kept"] == 15
    assert any(one["stage"] == "good_questions" for one in records)
    replies = [request for request in engine.asked if request.tag.endswith("reply")]
    assert all(request.prompt.startswith("<<") and not request.messages for request in replies)
    records, engine = run(flow, "grounded", open_exchange)
    kept = [one for one in records if one["outcome"] == "kept"]
    assert len(kept) == 15
    assert all(one["question"].startswith(one["context"]) and one["answer"] for one in kept)


def test_ten_contexts_are_ten_contexts(open_exchange: Open) -> None:
    _, engine = run(load_flow(str(FILES)), "grounded", open_exchange)
    drawn = [request.seed for request in engine.asked if request.tag.endswith("contexts")]
    assert len(drawn) == len(set(drawn)) >= 3


def test_a_source_that_comes_round_again_is_asked_warmer(open_exchange: Open) -> None:
    _, engine = run(load_flow(str(FILES)), "freeform", open_exchange, 60)
    asked = [request for request in engine.asked if request.tag.endswith("propose")]
    warmth = {int(one.tag.split("#")[1].split()[0]) // 5: one.sampling.temperature for one in asked}
    assert warmth[0] == 0.0
    assert set(warmth.values()) == {0.0, 0.7}


def test_the_other_blocks_run(open_exchange: Open) -> None:
    flow = load_flow(str(PARTS))
    assert set(flow.stages) == {"freeform", "rewording", "choices"}
    records, engine = run(flow, "freeform", open_exchange, 5)
    kept = [one for one in records if one["outcome"] == "kept"]
    assert len(kept) == 5
    asked = [one.messages[0]["content"] for one in engine.asked if one.tag.endswith("ask_by_manner")]
    manners = {text.rsplit("\n", 1)[1] for text in asked[:5]}
    assert len(manners) == 1, "all sources of a turn have the manner that is most frequent"
    assert all(("a page" in text) == text.endswith("prose.") and "You help." in text for text in asked)
    assert any(request.messages[0]["content"].startswith("Talk in") for request in engine.asked)


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "told"),
    [
        ("knowledge", 'version: "1.0"', 'version: "2.0"', "knowledge.yaml: its version is '2.0'"),
        ("knowledge", 'version: "1.0"', 'version: "1.1"', "its version is '1.1'"),
        ("knowledge", "type: LLMBlock", "type: LMBlock", "block tidy: there is no block type 'LMBlock'"),
        ("knowledge", "filter_column: truth", "filter_column: trut", "block only_true needs the column trut"),
        ("knowledge", "configs/tidy.yaml", "configs/tydy.yaml", "block tidy: "),
        (
            "knowledge",
            "drop_columns: [reason",
            "drop_column: [reason",
            "block 7 (only_true): there is no key `drop_column`",
        ),
        ("knowledge", "datamixing:", "mixing:", "knowledge.yaml: there is no key `mixing`"),
        (
            "freeform_skills",
            "output_cols: [response]",
            "output_cols: [reply]",
            "freeform_skills.yaml: no stage writes answer",
        ),
        ("grounded_skills", "temperature: 0.7, ", "", "`samples` need a temperature"),
    ],
)
def test_a_wrong_file_is_told_before_any_model(tmp_path: Path, kind: str, right: str, wrong: str, told: str) -> None:
    folder = Path(shutil.copytree(FILES, tmp_path / "mine"))
    path = folder / f"{kind}.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(FlowError) as caught:
        load_flow(str(folder))
    assert caught.value.message.startswith(f"{path}: ")
    assert told in caught.value.message


def test_what_is_no_pipeline_is_told(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="there is no pipeline file in it") as caught:
        translate(tmp_path)
    assert "knowledge.yaml" in caught.value.hint
    strange = tmp_path / "mine.yaml"
    shutil.copy(FILES / "knowledge.yaml", strange)
    with pytest.raises(FlowError, match="does not say what kind"):
        load_flow(str(strange))
    assert not is_pipeline({"prompts": {}})
    (tmp_path / "knowledge.yaml").write_text("blocks: 3\nversion: '1.0'")
    with pytest.raises(FlowError, match="`blocks` is no list"):
        load_flow(str(tmp_path / "knowledge.yaml"))


def test_one_answer_with_question_and_answer_is_cut_behind_the_question(tmp_path: Path, open_exchange: Open) -> None:
    config = {"system": "Ask.", "generation": "{{ document }}", "start_tags": [""], "end_tags": [""]}
    (tmp_path / "ask.yaml").write_text(yaml.safe_dump(config))
    block = {"config_path": "ask.yaml", "output_cols": ["output"], "gen_kwargs": {"temperature": 0.7, "n": "scaled"}}
    blocks = [{"name": "ask", "type": "LLMBlock", "config": block, "drop_duplicates": ["output"]}]
    (tmp_path / "knowledge.yaml").write_text(yaml.safe_dump({"version": "1.0", "blocks": blocks}))
    flow = load_flow(str(tmp_path))
    engine = FakeEngine(lambda request, rng: f"Who has {rng.random()}? Ann has {rng.random()}.")
    leaf = work(flow, "knowledge")
    kept = [one.record() for one in produce([leaf], open_exchange(engine), 8).shelves[leaf.path].decided]
    assert all(one["question"].endswith("?") and one["answer"].startswith("Ann") for one in kept)


def test_a_run_follows_pipeline_files_from_start_to_end(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(answering, order=1)
    monkeypatch.setattr(roles, "open_engine", lambda *args, **kwargs: engine)
    model = tmp_path / "teacher.gguf"
    model.write_text("weights")
    options = GenerationOptions(
        model=str(model), pipeline=str(FILES), taxonomy_path=str(sample_taxonomy_folder()), num_instructions=6
    )
    run = workspace.open_run("synthetic_data", "demo", options, inputs(options, workspace))
    with run.hold() as attempt:
        attempt.finish(generate(options, run, attempt, Stop()))
    assert run.manifest["flow"] == "pipeline_files"
    for leaf in run.manifest["leaves"]:
        assert leaf["kept"] == 6
        assert leaf["made"] == leaf["kept"] + sum(leaf["rejected"].values()) + leaf["failed"]
        for line, later in pairwise(leaf["funnel"]):
            assert line["in"] == line["passed"] + line["rejected"] + line["failed"]
            assert later["in"] == line["passed"]
        for record in read_jsonl(run.artifacts / f"{leaf['path']}.jsonl"):
            named = (record["leaf"], record["flow"], record["model"])
            assert named == (leaf["path"], "pipeline_files", "fake")
            assert record["source"]
            assert record["seed"] >= 0
