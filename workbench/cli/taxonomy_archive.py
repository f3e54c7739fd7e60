"""`workbench taxonomy pack` and `unpack`: a taxonomy as the archive that the managed service takes."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.flags import output_flag

if TYPE_CHECKING:
    from workbench.taxonomy.findings import Findings

_rules = click.option("--yaml-rules", default="", metavar="FILE", help="yamllint rules that replace the usual ones.")
_path = click.Path(path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=_path)
@click.argument("archive", metavar="ARCHIVE", type=_path)
@_rules
@output_flag
def pack(folder: Path, archive: Path, yaml_rules: str, output: str) -> None:
    """Pack the taxonomy in DIR into ARCHIVE, for instance taxonomy.tar.gz: the same bytes for the same tree.

    It is checked before; with errors nothing is packed, because the service would refuse it only after the upload.

    Exit 0: packed, 1: errors were found, 2: wrong use.
    """
    from workbench.errors import NotFoundError
    from workbench.taxonomy.archive import pack as pack_taxonomy
    from workbench.taxonomy.lint import LintRules
    from workbench.taxonomy.survey import survey

    if folder.is_file():
        raise NotFoundError(f"{folder} is a file, not a folder", hint="first the folder, then the archive")
    found = survey(folder, LintRules.read(yaml_rules))
    record: dict[str, object] = {"valid": found.valid, "archive": None, "files": [], "left_out": [], "size": 0}
    said = "nothing was packed: mend the errors first"
    if found.valid:
        packed = pack_taxonomy(folder, archive)
        record |= {"archive": str(archive), "files": packed.files, "left_out": packed.left_out, "size": packed.size}
        said = packed.summary
    _show(record, said, found.findings, output)


@click.command()
@click.argument("archive", metavar="ARCHIVE", type=_path)
@click.argument("folder", metavar="DIR", type=_path)
@_rules
@output_flag
def unpack(archive: Path, folder: Path, yaml_rules: str, output: str) -> None:
    """Unpack the taxonomy in ARCHIVE into DIR, which must be new or empty, and check it.

    Exit 0: unpacked and valid, 1: refused, or unpacked with errors, 2: wrong use.
    """
    from workbench.taxonomy.archive import unpack as unpack_taxonomy
    from workbench.taxonomy.lint import LintRules
    from workbench.taxonomy.survey import survey

    rules = LintRules.read(yaml_rules)
    unpacked = unpack_taxonomy(archive, folder)
    found = survey(folder, rules)
    record: dict[str, object] = {"valid": found.valid, "folder": str(folder)}
    record |= {"files": unpacked.files, "left_out": unpacked.left_out}
    _show(record, unpacked.summary, found.findings, output)


def _show(record: dict[str, object], said: str, findings: "Findings", output: str) -> None:
    from workbench.taxonomy.printable import printable_lines

    if output == "json":
        click.echo(json.dumps(record | {"findings": findings.records()}, ensure_ascii=False, indent=2))
    else:
        lines = [printable_lines(findings.text())] if findings else []
        click.echo("\n".join([*lines, said, f"verdict: {findings.summary}"]))
    click.get_current_context().exit(0 if findings.valid else 1)
