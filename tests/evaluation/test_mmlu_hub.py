from pathlib import Path

import pytest

from workbench.evaluation import mmlu_hub
from workbench.evaluation.mmlu_hub import mmlu_folder


def test_tests_and_examples_of_all_subjects_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def folder(*named: object) -> Path:
        asked.extend(named)
        return Path("there")

    monkeypatch.setattr(mmlu_hub, "dataset_folder", folder)
    assert mmlu_folder() == Path("there")
    assert asked == ["cais/mmlu", ("all/test-*.parquet", "all/dev-*.parquet"), "--mmlu-data"]
