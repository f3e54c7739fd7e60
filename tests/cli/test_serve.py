from collections.abc import Callable

import pytest

from workbench.cli.main import answer
from workbench.serving import server
from workbench.serving.options import ServeOptions
from workbench.workspace import Workspace


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ServeOptions]:
    """What servers were started with; none is."""
    found: list[ServeOptions] = []

    def serve(options: ServeOptions, workspace: Workspace, tell: Callable[[str], None]) -> None:
        found.append(options)
        tell(f"serving from {workspace.root.name}")

    monkeypatch.setattr(server, "serve", serve)
    return found


@pytest.mark.parametrize("command", [["model", "serve"], ["serve"]])
def test_flags_are_the_servers_options(
    asked: list[ServeOptions], command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKBENCH_API_KEY", "sk-1")
    assert answer([*command, "--model", "demo", "--model", "b:x.gguf", "--port", "0", "--max-queue", "3"]) == 0
    expected = ServeOptions(model=["demo", "b:x.gguf"], port=0, max_queue=3, api_key="sk-1")
    assert asked == [expected]
    out, err = capsys.readouterr()
    assert (out, err) == ("", "serving from workspace\n")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--host", "0.0.0.0"], "no key to keep them out"),
        (["--model", "nowhere"], "nowhere"),
        (["--model", "seedling-teacher-Q4_K_M", "--model", "seedling-teacher-Q4_K_M"], "two models are called"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_loaded(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_API_KEY", raising=False)
    assert answer(["serve", *flags]) == 2
    assert said in capsys.readouterr().err
