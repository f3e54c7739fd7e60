from workbench.taxonomy.starting_files import starting_files


def test_a_new_knowledge_leaf_has_a_document_that_holds_its_contexts() -> None:
    files = starting_files("knowledge")
    assert sorted(files) == ["attribution.txt", "document.md", "qna.yaml"]
    contexts = [line.strip() for line in files["document.md"].split("\n") if line and not line.startswith("#")]
    assert len(contexts) == 5
    assert all(context in files["qna.yaml"] for context in contexts)


def test_a_new_skill_has_no_document() -> None:
    assert sorted(starting_files("skill")) == ["attribution.txt", "qna.yaml"]
