import pytest

from tests.generation.whole_run import LEAVES, engine, open_run
from workbench.engines.engine import Completion, Request
from workbench.errors import ContextError, EndpointError
from workbench.generation.flow import load_flow
from workbench.generation.ledger import Ledger
from workbench.generation.options import GenerationOptions
from workbench.generation.setup import Setup, open_setup
from workbench.records import read_json
from workbench.runs import Stop
from workbench.workspace import Workspace


def test_everything_is_open_and_then_closed(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch)
    run = open_run(workspace, options)
    with open_setup(options, run) as setup:
        assert setup.teacher is fake
        assert len(setup.works) == LEAVES
        assert setup.promise() == "5 leaves x 10 samples each: 50 samples are to be kept."
        shelves = setup.production(Stop(), 7).shelves.values()
        assert {shelf.quota for shelf in shelves} == {7}
        assert all(isinstance(shelf.decided, Ledger) for shelf in shelves)
    assert fake.closed
    assert (run.artifacts / "flow.yaml").read_text() == load_flow("compact").source
    assert read_json(run.artifacts / "flow.json")["stages"]["knowledge"][1]["role"] == "teacher"
    assert not (run.artifacts / "decided.part").exists()


def test_a_lost_endpoint_is_told_with_what_is_kept(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    run = open_run(workspace, options)

    def lose(setup: Setup) -> None:
        for key in ("first", "second"):
            setup.journal.record(key, "answer", Completion(Request("a#0 x"), 0, "x", "stop", 1, 1))
        raise EndpointError("it is gone", hint="is it up?")

    with pytest.raises(EndpointError, match="it is gone") as caught, open_setup(options, run) as setup:
        lose(setup)
    assert caught.value.hint == "is it up?; the 2 answers so far are kept, and starting again goes on from there"


def test_what_cannot_fit_is_refused_before_anything_is_asked(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch, context_size=120)
    run = open_run(workspace, options)
    with pytest.raises(ContextError, match="do not fit into the 120 tokens of fake"), open_setup(options, run):
        pytest.fail("it was opened")
    assert not fake.asked
