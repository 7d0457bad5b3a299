"""How is a local installation brought up, and found to be well?"""

from typing import Annotated

import typer

from bootstrap.cli.options import HERE, Directory


def up(
    directory: Directory = HERE,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65_535, help="For API and pages; unless said, 8000 or the next."),
    ] = None,
    workflow_ui_port: Annotated[
        int | None,
        typer.Option(
            "--workflow-ui-port",
            min=1,
            max=65_535,
            help="For Temporal's own pages, where its workflows are seen; unless said, 8233 or the next.",
        ),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Do not load the demonstration launch.")] = False,
) -> None:
    """Bring everything up on this machine: Temporal, database, worker, API and pages. Ctrl-C stops it all."""
    import asyncio

    from bootstrap import up as house
    from bootstrap.cli import showing
    from bootstrap.settings import Settings

    settings = Settings().model_copy(update={"directory": directory})
    try:
        asyncio.run(house.up(settings, port=port, ui_port=workflow_ui_port, empty=empty, console=showing.console()))
    except house.CannotStart as error:
        typer.echo(f"ltl up cannot go on: {error}", err=True)
        raise typer.Exit(1) from None


def doctor(
    directory: Directory = HERE,
    seen: Annotated[
        bool, typer.Option("--seen", help="Note that you have looked at the alarms that stand; they are kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for programs.")] = False,
) -> None:
    """Check everything that must be well, say what is not, and what to do. Exit status 1 where something is not."""
    import asyncio

    from rich.text import Text

    from bootstrap.cli import showing
    from bootstrap.doctor import examine, settle_alarms
    from bootstrap.settings import Settings

    settings = Settings().model_copy(update={"directory": directory})
    findings = asyncio.run(examine(settings))
    if seen and any(each.about == "database" and each.well for each in findings):
        showing.line(f"Noted as seen: {settle_alarms(settings)} alarms.")
    if as_json:
        showing.as_json(
            {"well": all(each.well for each in findings), "findings": [each.document for each in findings]}
        )
    else:
        rows = [
            (
                Text("✓", style="green") if each.well else Text("✗", style="bold red"),
                each.about,
                each.says,
                each.remedy,
            )
            for each in findings
        ]
        showing.console().print(showing.table("ltl doctor", ("", "what", "finding", "what to do"), rows))
    if not all(each.well for each in findings):
        raise typer.Exit(1)
