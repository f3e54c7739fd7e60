"""`workbench model download`: a model of the catalogue, or any other of a hub, into the workspace."""

import time
from pathlib import Path

import click

from workbench.cli.flags import workspace_flag
from workbench.engines.catalogue import Entry, find_entry, resolve
from workbench.errors import UsageError
from workbench.workspace import Workspace

_MEGA = 1e6


@click.command("download")
@click.argument("name", required=False)
@click.option("--repository", default="", metavar="OWNER/NAME", help="The hub's repository.")
@click.option("--filename", default="", help="A GGUF file in it; without one the whole model is fetched.")
@click.option("--release", default="main", show_default=True, help="Branch, tag or commit.")
@click.option("--token", "--hf-token", default="", envvar="HF_TOKEN", help="Of somebody who may read a gated one.")
@workspace_flag
def download_model(
    name: str | None, repository: str, filename: str, release: str, token: str, workspace: Path | None
) -> None:
    """Fetch the model NAME, such as granite-7b-lab-Q4_K_M, or one of any --repository.

    A download that broke off is continued. HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE are heeded.
    """
    from workbench.engines.download import download
    from workbench.notebook import progress_view

    entry = hub_entry(name or "", repository, filename)
    if entry.embedded:
        click.echo(f"{entry.name} is embedded: there is nothing to download", err=True)
        return click.echo(resolve(entry.name))
    view, begun = progress_view(), time.monotonic()
    seen: dict[str, int] = {}

    def tell(file: str, done: int, total: int) -> None:
        first = seen.setdefault(file, done)
        rate = (done - first) / max(time.monotonic() - begun, 0.1)
        view({"stage": f"download {file}", "sentence": _sentence(file, done, total, rate)})

    path = download(entry, Workspace.find(workspace).models, release=release, token=token, tell=tell)
    if seen:
        view.finish(f"{entry.name}: downloaded, its checksum is the hub's.")
    click.echo(path)


def hub_entry(name: str, repository: str, filename: str) -> Entry:
    """What a name means, or a repository with a file of it; UsageError for neither."""
    if repository:
        called = name or Path(filename).stem or repository.rsplit("/", 1)[-1]
        return Entry(called, repository=repository, filename=filename)
    if not name:
        hint = "give a name, or --repository, and --filename for a GGUF file"
        raise UsageError("nothing says which model", hint=hint)
    known = find_entry(name)
    return known if known else Entry(name, filename=filename)


def _sentence(file: str, done: int, total: int, rate: float) -> str:
    share = f" ({100 * done / total:.0f} %)" if total else ""
    return f"{file}: {done / _MEGA:,.1f} of {total / _MEGA:,.1f} MB{share}, {rate / _MEGA:,.1f} MB/s"
