import time

from workbench.cli.watch import Watch
from workbench.events import Event
from workbench.options import Options
from workbench.workspace import Workspace


class Recorder:
    def __init__(self) -> None:
        self.seen: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.seen.append(event)

    def finish(self, sentence: str) -> None: ...


def test_events_of_all_runs_are_followed_from_now_on(workspace: Workspace) -> None:
    view = Recorder()
    first = workspace.open_run("evaluations", "first", Options(), {})
    with first.hold() as attempt:
        attempt.events.emit("before", step=1)
        with Watch(workspace, view, interval=0.01):
            attempt.events.emit("during", step=2)
            second = workspace.open_run("synthetic_data", "second", Options(), {})
            with second.hold() as another:
                another.events.emit("another", step=1)
                another.finish({})
            deadline = time.monotonic() + 5
            while len(view.seen) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
        attempt.finish({})
    assert {event["stage"] for event in view.seen} == {"during", "another", "finished"}
