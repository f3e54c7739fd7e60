import pytest

from workbench.engines.engine import Request, Sampling, check_request, sample_seed
from workbench.errors import EngineError

ALL = frozenset({"score", "grammar", "schema"})


def test_seeds_differ_by_request_and_sample_and_stay_the_same() -> None:
    seeds = {sample_seed(seed, index) for seed in range(20) for index in range(20)}
    assert len(seeds) == 400
    assert sample_seed(1, 2) == sample_seed(1, 2) == 1871854041
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request("a"), "either messages or a prompt"),
        (Request("a", prompt="x", messages=({"role": "user", "content": "x"},)), "either messages or a prompt"),
        (Request("a", prompt="x", samples=0), "less than one"),
        (Request("a", prompt="x", samples=2, continuations=("y",)), "neither samples nor a grammar"),
        (Request("a", prompt="x", grammar="root ::= [a]", continuations=("y",)), "neither samples nor a grammar"),
        (Request("a", prompt="x", sampling=Sampling(max_tokens=0)), "less than one"),
        (Request("a", prompt="x", grammar="root ::= [a]", schema="{}"), "give one of the two"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused_by_name(request_: Request, problem: str) -> None:
    with pytest.raises(EngineError, match=f"'a'.*{problem}"):
        check_request(request_, ALL)


def test_what_an_engine_cannot_do_is_refused() -> None:
    asked = Request("a", prompt="x", grammar="root ::= [a]")
    check_request(asked, ALL)
    with pytest.raises(EngineError, match="grammar"):
        check_request(asked, frozenset())
    scored = Request("a", continuations=("x",))
    check_request(scored, ALL)
    with pytest.raises(EngineError, match="cannot score"):
        check_request(scored, frozenset())
