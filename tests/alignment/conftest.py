import json
from collections.abc import Callable
from typing import Any

import pytest

from workbench.options import Options, option
from workbench.records import write_text
from workbench.runs import Run
from workbench.workspace import Workspace

MakeData = Callable[..., Run]


class DataOptions(Options):
    """Stands for the options of any run that made data."""

    number: int = option(0, "which data")


def rows(count: int, word: str) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"{word} {number}?"},
                {"role": "assistant", "content": f"It is {number * 7 % 10}."},
            ]
        }
        for number in range(count)
    ]


@pytest.fixture
def make_data(workspace: Workspace) -> MakeData:
    """A data run of the test's workspace, done unless told otherwise."""

    def make(knowledge: int = 12, skills: int = 16, *, model: str = "some-teacher", done: bool = True) -> Run:
        run = workspace.open_run("synthetic_data", "demo", DataOptions(), {"rows": f"{knowledge} {skills}"})
        for name, count in (("knowledge", knowledge), ("skills", skills)):
            lines = [json.dumps(row) + "\n" for row in rows(count, name)]
            write_text(run.folder / f"{name}_train_msgs.jsonl", "".join(lines))
        if done:
            with run.hold() as attempt:
                attempt.finish({"model": model})
        return run

    return make
