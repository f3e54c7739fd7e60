import json
from pathlib import Path

import pytest

from tests.widgets.conftest import KNOWLEDGE, SKILL, sample
from workbench.errors import NotFoundError
from workbench.options import Options
from workbench.records import write_text
from workbench.runs import Run
from workbench.widgets.samples import Filter, Samples
from workbench.workspace import Workspace


def test_samples_are_found_by_leaf_verdict_and_stage(data_run: Run) -> None:
    samples = Samples(data_run)
    assert [entry.verdict for entry in samples.entries] == ["kept", "kept", "kept", "rejected", "failed"]
    assert len(samples.find(Filter())) == 5
    assert [entry.leaf for entry in samples.find(Filter(verdict="failed"))] == [SKILL]
    assert [entry.line for entry in samples.find(Filter(stage="faithful", leaf=KNOWLEDGE))] == ["Question <3>?"]
    assert samples.find(Filter(leaf=SKILL, verdict="kept")) == []


def test_words_are_looked_for_in_question_and_answer(data_run: Run) -> None:
    samples = Samples(data_run)
    assert [entry.line for entry in samples.find(Filter(words="ANSWER 2."))] == ["Question <2>?"]
    assert len(samples.find(Filter(words="question", verdict="kept"))) == 3
    assert samples.find(Filter(words="passage")) == []


def test_counts_are_those_under_the_other_fields(data_run: Run) -> None:
    samples = Samples(data_run)
    assert samples.counts(Filter(verdict="kept"), "verdict") == {"kept": 3, "rejected": 1, "failed": 1}
    assert samples.counts(Filter(leaf=SKILL), "verdict") == {"failed": 1}
    assert samples.counts(Filter(verdict="kept"), "leaf") == {KNOWLEDGE: 3}


def test_a_sample_is_read_whole_from_the_disk(data_run: Run) -> None:
    entry = Samples(data_run).find(Filter(verdict="rejected"))[0]
    assert entry.read() == sample(KNOWLEDGE, 3, "rejected")


def test_all_kept_samples_are_those_of_the_leaves(data_run: Run) -> None:
    assert [record["leaf"] for record in Samples(data_run).kept] == [KNOWLEDGE] * 3


def test_a_long_question_is_one_line(workspace: Workspace) -> None:
    run = workspace.open_run("synthetic_data", "long", Options(), {})
    with run.hold() as attempt:
        record = sample("knowledge/a", 1) | {"question": "word\n" * 400}
        write_text(run.artifacts / "knowledge/a.jsonl", json.dumps(record) + "\n")
        attempt.finish({"leaves": [{"path": "knowledge/a"}]})
    (entry,) = Samples(run).entries
    assert len(entry.line) == 96
    assert "\n" not in entry.line
    assert entry.line.endswith("…")
    assert entry.path == Path(run.artifacts / "knowledge/a.jsonl")


def test_a_run_without_leaves_has_nothing_to_browse(workspace: Workspace) -> None:
    run = workspace.open_run("synthetic_data", "empty", Options(), {})
    with run.hold() as attempt:
        attempt.finish({"leaves": []})
    with pytest.raises(NotFoundError, match="has no leaves"):
        Samples(run)
