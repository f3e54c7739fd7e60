from hypothesis import given
from hypothesis import strategies as st

from workbench.generation.leaf_names import flat_names, service_names

COLLIDING = ["knowledge/a/b_c", "knowledge/a_b/c", "knowledge/d/e", "compositional_skills/d/e"]


def test_leaves_are_named_as_the_service_does_and_kept_apart() -> None:
    assert service_names(COLLIDING) == {
        "knowledge/a/b_c": "knowledge_a/b_c",
        "knowledge/a_b/c": "knowledge_a_b/c",
        "knowledge/d/e": "knowledge_d_e",
        "compositional_skills/d/e": "compositional_d_e",
    }


def test_files_have_names_of_their_own() -> None:
    names = flat_names(COLLIDING)
    assert names["knowledge/d/e"] == "knowledge_d_e"
    assert names["knowledge/a/b_c"].startswith("knowledge_a_b_c-")
    assert len(set(names.values())) == 4


@given(st.sets(st.text("aB_/", min_size=1, max_size=5), max_size=12))
def test_no_two_leaves_share_a_name(tails: set[str]) -> None:
    paths = sorted(f"knowledge/{tail}" for tail in tails)
    assert len(set(service_names(paths).values())) == len(paths)
    assert len({name.casefold() for name in flat_names(paths).values()}) == len(paths)
    assert not any("/" in name for name in flat_names(paths).values())
