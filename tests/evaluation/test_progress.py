from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.progress import Progress
from workbench.events import read_events
from workbench.options import Options, option
from workbench.runs import Stop
from workbench.workspace import Workspace


class Nothing(Options):
    number: int = option(0, "any number")


def test_the_last_item_is_always_told_and_few_of_the_others(workspace: Workspace) -> None:
    run = workspace.open_run("evaluations", "demo", Nothing(), {})
    with run.hold() as attempt:
        kept = Progress(attempt, Stop()).follow(benchmark("proof"), "base", 50)
        for done in range(1, 51):
            kept(done)
        assert run.state["sentence"] == "Proof questions: 50 are asked, base model."
        attempt.finish({})
    told = [event for event in read_events(run.events) if event["stage"] == "evaluate"]
    assert told[-1]["done"] == told[-1]["total"] == 50
    assert len(told) < 50
