"""How is it read on the command line who has held the ball, and for how long?"""

from typing import Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, named

_TIMES = ("stage", "function", "hours", "working days")


def ball(
    product: Annotated[str | None, typer.Argument(metavar="[PRODUCT]", callback=named)] = None,
    region: Annotated[str | None, typer.Argument(metavar="[REGION]", callback=named)] = None,
    running: Annotated[
        bool, typer.Option("--running", help="Over all launches: leave out what has launched or was cancelled.")
    ] = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Show how long each function has held launches at each stage; for a PRODUCT also who holds which region now, for
    a REGION every interval."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    if running and product is not None:
        raise typer.BadParameter(
            "it narrows what is counted over all launches; leave PRODUCT out", param_hint="--running"
        )
    with opened(directory, person, Role.AUDITOR) as api:
        document: Any
        if product is None:
            document = api.read("/v1/ball", running="true" if running else None)
        elif region is None:
            document = api.read(f"/v1/launches/{product}/ball")
        else:
            document = api.read(f"/v1/launches/{product}/regions/{region}/ball")
    if as_json:
        showing.as_json(document)
    elif product is None:
        _show_times(f"Over {document['regions']} regions", document["times"], by_region=True)
    elif region is None:
        _show_product(document)
    else:
        _show_region(document)


def _show_product(document: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    regions = [
        (each["region"], showing.words(each["stage"]), each["holding"], showing.moment(each.get("since")))
        for each in document["regions"]
    ]
    out = showing.console()
    out.print(showing.table(f"Who holds {document['name']} now", ("region", "stage", "function", "since"), regions))
    _show_times("So far, over these regions", document["times"], by_region=True)


def _show_region(document: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    now = f"held by {', '.join(document['holding'])}" if document["holding"] else "ended"
    _show_times(f"{document['product']} in {document['region']}: {now}", document["times"], by_region=False)
    rows = [
        (
            showing.words(each["stage"]),
            each["function"],
            showing.moment(each["began_at"]),
            showing.moment(each["ended_at"]) if each["ended_at"] else "still",
            each["hours"],
            each["working_days"],
        )
        for each in document["intervals"]
    ]
    columns = ("stage", "function", "from", "to", "hours", "working days")
    showing.console().print(showing.table(f"One by one, working days in {document['time_zone']}", columns, rows))


def _show_times(title: str, times: list[dict[str, Any]], *, by_region: bool) -> None:
    from bootstrap.cli import showing

    rows = [
        (
            showing.words(each["stage"]),
            each["function"],
            each["hours"],
            each["working_days"],
            *((each["regions"], each["holding"]) if by_region else ("yes" if each["holding"] else "no",)),
        )
        for each in times
    ]
    columns = (*_TIMES, "regions", "of them now") if by_region else (*_TIMES, "now")
    showing.console().print(showing.table(title, columns, rows))
