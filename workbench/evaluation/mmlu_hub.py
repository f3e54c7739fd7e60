"""MMLU's files on the hub."""

from pathlib import Path

from workbench.evaluation.datasets import dataset_folder

REPOSITORY = "cais/mmlu"
# One file for all subjects of a split.
_PATTERNS = ("all/test-*.parquet", "all/dev-*.parquet")


def mmlu_folder() -> Path:
    """Downloaded, or as the cache has it where there is no network; EvaluationError when it is in neither."""
    return dataset_folder(REPOSITORY, _PATTERNS, "--mmlu-data")
