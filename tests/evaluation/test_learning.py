from typing import Any

from workbench.evaluation.causes import CAUSES
from workbench.evaluation.learning import CAUSE_TITLES, Learning


def scores(before: float | None, after: float, items: int = 40) -> dict[str, Any]:
    def score(share: float) -> dict[str, Any]:
        return {"items": items, "right": round(items * share), "score": share, "interval": [share / 2, share]}

    return {"base": None if before is None else score(before), "trained": score(after)}


def leaf(verdict: str, before: float | None, after: float, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "verdict": verdict,
        "reason": "12 questions",
        "kinds": {},
        "cause": None,
        "unexplained": "",
    }
    return found | scores(before, after) | changes


CAUSE = {
    "name": "too_few_samples",
    "evidence": "9 of 10 <rows>.",
    "remedy": "Give num_instructions 300.",
    "figures": {},
}
RECORD: dict[str, Any] = {
    "leaves": {
        "knowledge/a/lights": leaf("learned", 0.1, 0.9, kinds={"seeds": scores(0.0, 1.0, 5)}),
        "knowledge/a/islands": leaf("not learned", 0.1, 0.1, cause=CAUSE),
        "knowledge/a/rivers": leaf("cannot say", None, 0.5, unexplained=""),
        "compositional_skills/b": leaf("learned in part", 0.1, 0.4, unexplained="Nothing explains it."),
    },
    "general": None,
    "rehearsal": {"knowledge/a/lights": {"base": 0.0, "trained": 1.0}},
    "unknown": "",
    "missing": "",
}


def general(verdict: str, worse: list[str]) -> dict[str, Any]:
    found = {"title": "General questions", "change": {"verdict": verdict}, "base": 0.8, "trained": 0.6, "worse": worse}
    return RECORD | {"general": found}


def test_the_page_says_for_each_leaf_what_became_of_it_and_why() -> None:
    text = str(Learning(RECORD))
    assert text.startswith("Of 4 leaves: 1 learned, 1 learned in part, 1 not learned, 1 cannot say.")
    assert "\N{CHECK MARK} learned" in text
    lights = next(line.split() for line in text.splitlines() if line.startswith("knowledge/a/lights"))
    assert " ".join(lights[3:]).replace("\N{RIGHTWARDS ARROW}", ">") == "10 > 90 % of 40 0 > 100 % of 5 0 > 100 %"
    assert "knowledge/a/islands: not learned, likely because: too few samples\n  9 of 10 <rows>.\n  Give num" in text
    assert "12 questions.\n  Evaluate again with base_model" in text
    assert "compositional_skills/b: learned in part\n  Nothing explains it." in text


def test_the_page_in_a_notebook_can_be_read_without_colours() -> None:
    page = Learning(RECORD)._repr_html_()
    assert page.count("<tr>") == 5
    assert page.count("<circle") == 7, "two a leaf, one for the leaf without a base"
    assert "9 of 10 &lt;rows&gt;." in page
    assert "\N{CHECK MARK} learned" in page


def test_what_was_forgotten_is_told() -> None:
    assert "not known" in Learning(RECORD).general
    forgot = Learning(general("worse", ["general_reading"])).general
    assert forgot == "General questions: 80 % before, 60 % now: some of it was forgotten, in general_reading above all."
    assert Learning(general("same within noise", [])).general.endswith("60 % now: no loss that shows.")
    assert Learning(general("same within noise", ["x"])).general.endswith("no loss that shows, but x got worse.")


def test_what_cannot_be_told_is_told() -> None:
    old = Learning.read({})
    assert "made without a proof of learning" in str(old)
    assert "made without a proof of learning" in old._repr_html_()
    unknown = Learning(RECORD | {"unknown": "The model is no run."})
    assert str(unknown).endswith("The model is no run.")
    assert "<p>The model is no run.</p>" in unknown._repr_html_()


def test_an_open_question_has_advice_too() -> None:
    few = Learning(RECORD | {"leaves": {"knowledge/a": leaf("cannot say", 0.1, 0.2)}})
    assert "12 questions.\n  Hold out more questions: heldout_share 0.2" in str(few)
    assert "fewer epochs" in str(Learning(RECORD | {"leaves": {"knowledge/a": leaf("forgotten", 0.9, 0.2)}}))


def test_every_cause_has_a_title() -> None:
    assert tuple(CAUSE_TITLES) == CAUSES
