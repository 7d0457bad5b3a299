"""How is the audit record sealed, verified and taken out on the command line?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, one_of

if TYPE_CHECKING:
    from bootstrap.ledger_keeping import Keeper

app = typer.Typer(no_args_is_help=True, help="The audit record: who asked what, when, why, by which right.")

FORMATS = ("ndjson", "csv")


@app.command()
def seal(directory: Directory = HERE, as_json: AsJson = False) -> None:
    """Seal what was written since the last time, and write a checkpoint; the worker does so by itself."""
    from bootstrap.cli import showing

    with _keeper(directory) as keeper:
        taken = keeper.turn(at_once=True)
    if as_json:
        showing.as_json({"sealed": taken})
    else:
        showing.line(f"{taken} entries sealed.")


@app.command()
def verify(directory: Directory = HERE, as_json: AsJson = False) -> None:
    """Verify the whole record, its checkpoints and those outside the database. Exit status 1 for any fault."""
    from bootstrap.cli import showing

    with _keeper(directory) as keeper:
        report = keeper.verify(whole=True)
    if as_json:
        faults = [fault.model_dump(mode="json") for fault in report.faults]
        showing.as_json(
            {"intact": report.is_intact, "until": report.until, "count": report.faults_found, "faults": faults}
        )
    else:
        for fault in report.faults:
            showing.line(fault.sentence, style="red")
        if report.faults_found > len(report.faults):
            showing.line(f"… and {report.faults_found - len(report.faults)} more.")
        result = "no fault" if report.is_intact else f"{report.faults_found} faults"
        showing.line(f"{report.until} entries verified: {result}.")
    if not report.is_intact:
        raise typer.Exit(1)


@app.command(name="copy-out")
def copy_out(directory: Directory = HERE) -> None:
    """Write to the place outside every checkpoint that it lacks: for a new place, or after a loss.

    Verify first: whoever does this says that the database is right.
    """
    from bootstrap.cli import showing

    with _keeper(directory) as keeper:
        showing.line(f"{keeper.copy_out()} checkpoints written.")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="ndjson (can be verified) or csv.")
    ] = "ndjson",
    directory: Directory = HERE,
    person: Person = OPERATOR,
) -> None:
    """Take the record out of the server, for an auditor: as NDJSON, which docs/verify_ledger.py verifies, or CSV."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    chosen = one_of(form, FORMATS, hint="--format")
    with opened(directory, person, Role.AUDITOR) as api:
        size = api.save(f"/v1/ledger/export?format={chosen}", file)
    showing.line(f"{size} bytes written to {file}.")


@app.command()
def keys(
    directory: Directory = HERE,
    person: Person = OPERATOR,
) -> None:
    """Print the public key with which checkpoints are verified, as JWKS."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.AUDITOR) as api:
        showing.as_json(api.read("/v1/ledger/keys"))


@contextmanager
def _keeper(directory: Path) -> "Iterator[Keeper]":
    from bootstrap.ledger_keeping import keeper_of
    from bootstrap.settings import Settings
    from store.engine import open_store

    settings = Settings().model_copy(update={"directory": directory})
    if settings.database_url is None and not (directory.absolute() / "store.sqlite").is_file():
        raise typer.BadParameter(
            f"{directory} holds no installation: there is no store.sqlite in it", param_hint="--data"
        )
    store = open_store(settings.store_url)
    try:
        yield keeper_of(settings, store)
    finally:
        store.close()
