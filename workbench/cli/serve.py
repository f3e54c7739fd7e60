"""`workbench model serve`: models behind OpenAI's API."""

from pathlib import Path

import click

from workbench.cli.flags import options_command, workspace_flag
from workbench.serving.options import ServeOptions
from workbench.workspace import Workspace


@workspace_flag
def run_server(options: ServeOptions, workspace: Path | None) -> None:
    """Serve models to any client of OpenAI's API, many requests at once.

    Chats, plain completions and the list of models are under http://127.0.0.1:8000/v1; they stream, keep to a JSON
    schema and tell log-probabilities. A key is asked for once --api-key-file or WORKBENCH_API_KEY gives one.

    \b
    curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\
      -d '{"model": "seedling-teacher-Q4_K_M", "messages": [{"role": "user", "content": "Who built it?"}]}'
    """
    from workbench.serving.server import serve as run

    run(options, Workspace.find(workspace), lambda line: click.echo(line, err=True))


serve = options_command(ServeOptions, name="serve")(run_server)
