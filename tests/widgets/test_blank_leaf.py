from pathlib import Path

import pytest

from workbench.taxonomy.qna import Kind
from workbench.taxonomy.splice import fresh
from workbench.taxonomy.validation import check_yaml
from workbench.taxonomy.yaml_file import parse_yaml
from workbench.widgets.blank_leaf import blank_contents


@pytest.mark.parametrize(("kind", "folder"), [("skill", "compositional_skills"), ("knowledge", "knowledge")])
def test_a_blank_leaf_has_all_that_the_format_asks_for_but_texts(kind: Kind, folder: str) -> None:
    file = parse_yaml(fresh(blank_contents(kind)), "qna.yaml")
    codes = {one.code for one in check_yaml(file, Path(folder, "a", "qna.yaml")) if one.severity == "error"}
    assert codes == {"empty-text", "repeated-item"}
