from tests.evaluation.test_learning import RECORD
from tests.plots.extents import cut_off, words
from workbench.evaluation.learning import Learning
from workbench.plots.learning import learning


def test_each_leaf_has_its_verdict_and_its_cause() -> None:
    figure = learning(Learning(RECORD))
    assert {"lights", "islands", "learned", "not learned", "too few samples", "cannot say"} <= set(words(figure))
    assert "Likely causes: too few samples for islands." in figure.caption
    assert not cut_off(figure)


def test_where_nothing_was_asked_it_says_so() -> None:
    assert "Nothing was asked" in learning(Learning.read({})).caption
