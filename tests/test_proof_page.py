from pathlib import Path

from tests.proof_page import Figure, figure, read_page, write_page


def test_figures_stay_until_they_are_measured_again(tmp_path: Path) -> None:
    page = tmp_path / "PROOF.md"
    old = Figure("12 %", "at most 20 %", "2025-01-02", "2 cores")
    write_page({"share of things": old, "another": figure("3 s")}, page)
    write_page({"another": figure("2 s")}, page)
    assert list(read_page(page)) == ["another", "share of things"]
    assert read_page(page)["share of things"] == old
    assert read_page(page)["another"].measured == "2 s"


def test_the_machine_is_told() -> None:
    assert "cores" in figure("1").machine
    assert "Python" in figure("1").machine
