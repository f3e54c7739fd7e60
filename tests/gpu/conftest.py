import json
from itertools import islice
from pathlib import Path

import pytest

from tests.gpu.llamas import make_llama
from workbench.assets import assets_folder

DEVICE = "cuda"


@pytest.fixture(scope="session")
def seedling() -> Path:
    """The embedded student."""
    return assets_folder() / "models" / "seedling-base"


@pytest.fixture(scope="session")
def seedling_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 80 rows of its replay."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    with (assets_folder() / "replay" / "seedling-base.jsonl").open(encoding="utf-8") as file:
        path.write_text("".join(islice(file, 80)), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["messages"]
    return path


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Llama of 340 million random weights, so that libraries are a small part of what a GPU holds."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("large") / "model"
    make_llama("340m", "cpu", torch.float32, 1024).save_pretrained(folder)
    empty = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=empty, unk_token="<unk>", pad_token="<unk>").save_pretrained(folder)
    return folder
