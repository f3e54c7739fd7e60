from pathlib import Path

import pytest

from workbench.errors import FlowError
from workbench.generation.sdg_configs import read_config, read_texts


def read(folder: Path, text: str) -> None:
    (folder / "ask.yaml").write_text(text)
    read_config("p.yaml: block ask", folder / "p.yaml", "ask.yaml")


def test_the_parts_of_a_prompt_are_lines_in_their_order(tmp_path: Path) -> None:
    text = "generation: '{{ b }}'\nsystem: a\nprinciples:\nstart_tags: ['<']\nend_tags: ['>']"
    (tmp_path / "ask.yaml").write_text(text)
    config = read_config("x", tmp_path / "p.yaml", "ask.yaml")
    assert config.prompt == "a\n\n\n\n{{ b }}"
    assert config.tags == [("<", ">")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a", "a config is a mapping"),
        ("system: {", "not YAML"),
        ("start_tags: ['']\nend_tags: ['']", "holds no prompt"),
        ("system: [a]", "holds no prompt"),
        ("system: a\nprinciple: b", "has no key `principle`"),
        ("system: a\nstart_tags: ['<']", "one end for each start"),
    ],
)
def test_a_wrong_config_is_told_with_block_and_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FlowError, match=r"p\.yaml: block ask: .*ask\.yaml") as caught:
        read(tmp_path, text)
    assert told in caught.value.message


def test_a_missing_config_is_told(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="no config can be read") as caught:
        read_texts("p.yaml: block ask", tmp_path / "p.yaml", "gone.yaml")
    assert "from the pipeline file" in caught.value.hint
