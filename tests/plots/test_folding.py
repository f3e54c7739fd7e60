from typing import Any

from workbench.plots.folding import MOST_LEAVES, folded


def leaves(count: int, **said: Any) -> list[dict[str, Any]]:
    plain = {"kind": "knowledge", "size": 3, "status": "", "verdict": "valid", **said}
    return [{"path": f"knowledge/{'abc'[n % 3]}/folder_{n % 7}/leaf_{n:04}", **plain} for n in range(count)]


def test_few_leaves_stay_as_they_are() -> None:
    few = leaves(MOST_LEAVES)
    assert folded(few) == few


def test_many_leaves_of_a_folder_share_a_line() -> None:
    found = folded(leaves(300))
    assert len(found) == 21
    assert found[0]["path"] == "knowledge/a/folder_0: 15 leaves"
    assert sum(one["size"] for one in found) == 900
    assert found[0]["verdict"] == "no errors"


def test_leaves_to_look_at_keep_a_line_of_their_own() -> None:
    many = leaves(300)
    many[5]["verdict"] = "2 errors"
    many[6]["status"] = "modified"
    found = folded(many)
    assert {"knowledge/c/folder_5/leaf_0005", "knowledge/a/folder_6/leaf_0006"} <= {one["path"] for one in found}
    assert "knowledge/c/folder_5: 14 more leaves" in {one["path"] for one in found}


def test_where_most_are_new_the_line_says_how_many() -> None:
    many = leaves(300, status="added")
    many[0]["status"] = "renamed"
    many[3]["verdict"] = "1 error"
    found = {one["path"]: one for one in folded(many)}
    assert found["knowledge/a/folder_0: 15 leaves"]["status"] == "15 changed"
    assert found["knowledge/b/folder_1: 15 leaves"]["status"] == "15 added"
    assert found["knowledge/a/folder_3/leaf_0003"]["verdict"] == "1 error"


def test_a_thousand_folders_still_fit() -> None:
    wide = [{**leaf, "path": f"knowledge/a{n}/b/leaf"} for n, leaf in enumerate(leaves(1000))]
    assert [one["path"] for one in folded(wide)] == ["knowledge: 1,000 leaves"]
