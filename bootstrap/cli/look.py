"""How is readiness read on the command line?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, Product, Region, named, one_of

if TYPE_CHECKING:
    from rich.console import RenderableType

_BOARD = ("product", "region", "colour", "verdict", "stage", "index", "launches at", "forecast", "reasons")
_PEOPLE = (
    *("person_id", "name", "manager_id", "status", "missing_courses", "trained_at"),
    *("best_score", "certified_until", "attempts_left"),
)


def status(
    product: Annotated[str | None, typer.Argument(metavar="[PRODUCT]", callback=named)] = None,
    region: Annotated[str | None, typer.Argument(metavar="[REGION]", callback=named)] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Show the board; for a PRODUCT its regions; for a REGION of it every gate, with what blocks it and why."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.AUDITOR) as api:
        document: Any
        if product is None:
            document = {"items": api.read_all("/v1/readiness"), "next_cursor": None}
        elif region is None:
            document = api.read(f"/v1/launches/{product}/readiness")
        else:
            document = api.read(f"/v1/launches/{product}/regions/{region}/readiness")
    if as_json:
        showing.as_json(document)
    elif product is None:
        _show_board(document["items"])
    elif region is None:
        _show_product(document)
    else:
        show_region(document)


def people(
    product: Product,
    region: Region,
    at_status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="Only who is so: learning, lapses, …")
    ] = None,
    manager: Annotated[
        str | None, typer.Option("--manager", metavar="ID", help="Only whom this manager leads.")
    ] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Show who of a region's audience is missing what."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role
    from readiness.people import PersonStatus

    wanted = one_of(at_status, PersonStatus, hint="--status") if at_status else None
    with opened(directory, person, Role.AUDITOR) as api:
        path = f"/v1/launches/{product}/regions/{region}/people"
        rows = api.read_all(path, status=wanted, manager=manager)
    if as_json:
        showing.as_json({"items": rows, "next_cursor": None})
        return
    shown = ([_person_cell(row, column) for column in _PEOPLE] for row in rows)
    columns = tuple(column.removesuffix("_id") for column in _PEOPLE)
    showing.console().print(showing.table(f"{product} in {region}: {len(rows)} people", columns, shown))


def show_region(readiness: dict[str, Any]) -> None:
    """Print the readiness of one region: verdict, gates, what blocks it."""
    from bootstrap.cli import showing

    out = showing.console()
    title = f"{readiness['product']} in {readiness['region']}"
    out.print(showing.table(title, _BOARD[2:8], [_board_row(readiness)[2:8]]))
    rows = [
        (
            showing.words(stage["stage"]),
            showing.words(stage["status"]),
            showing.words(criterion["key"]),
            showing.words(criterion["status"]),
            f"{criterion['numerator']} of {criterion['denominator']}",
            showing.share(criterion.get("actual")),
            showing.share(criterion.get("required")),
            showing.moment(criterion.get("forecast_at")),
            criterion.get("reasons"),
        )
        for stage in readiness["stages"]
        for criterion in stage["criteria"]
    ]
    gates = ("stage", "is", "criterion", "is", "count", "actual", "required", "forecast", "reasons")
    out.print(showing.table("Gates", gates, rows))
    if readiness.get("blockers"):
        blockers = [
            (each["waiting_on"], showing.words(each["stage"]), showing.moment(each.get("since")), each["reason"])
            for each in readiness["blockers"]
        ]
        out.print(showing.table("Who holds the ball", ("waiting on", "stage", "since", "reason"), blockers))
    _show_lessons(readiness)
    _show_consent(readiness)
    for name in ("hold", "decision"):
        standing = readiness.get(name)
        if standing:
            said = showing.words(standing.get("verdict") or standing.get("cause"))
            since = showing.moment(standing.get("at") or standing.get("since"))
            showing.line(f"{name.capitalize()}: {said}, by {standing.get('person') or 'rule'}, {since}")
            if standing.get("slipped_to"):
                taken_for, slipped_to = showing.moment(standing["launch_at"]), showing.moment(standing["slipped_to"])
                showing.line(f"Taken for the launch on {taken_for}, it covers the slip to {slipped_to}")
            if standing.get("revives_until"):
                until = showing.moment(standing["revives_until"])
                showing.line(f"The go stands again if its gate is met by {until} and nothing else changes")


def _show_lessons(readiness: dict[str, Any]) -> None:
    """Print what earlier waves learned and what is done about it, where there is anything."""
    from bootstrap.cli import showing

    if not readiness.get("must_address"):
        return
    columns = ("lesson", "from", "is", "at", "reason", "addressed by", "how")
    lessons = [
        (
            each["id"],
            each["region"],
            showing.words(each["kind"]),
            showing.moment(each["at"]),
            each.get("reason"),
            each.get("addressed_by"),
            each.get("how"),
        )
        for each in readiness["must_address"]
    ]
    showing.console().print(showing.table("What earlier waves learned", columns, lessons))


def _show_consent(readiness: dict[str, Any]) -> None:
    """Print the waivers, the poll and the conditions of a region, where there are any."""
    from bootstrap.cli import showing

    out = showing.console()
    if readiness.get("waivers"):
        columns = ("waiver", "of", "is", "down to", "until", "asked by", "answered by", "reason")
        waivers = [
            (
                each["id"],
                showing.words(each["criterion"]),
                showing.words(each["status"]),
                showing.share(each["floor"]),
                showing.moment(each["expires_at"]),
                each["requested_by"],
                each.get("answered_by"),
                each.get("reason"),
            )
            for each in readiness["waivers"]
        ]
        out.print(showing.table("Waivers", columns, waivers))
    poll = readiness.get("poll")
    if poll:
        closing = "closed" if poll.get("closed_at") else "closes"
        when = showing.moment(poll.get("closed_at") or poll["closes_at"])
        seats = [
            (
                each["function"],
                "yes" if each["voted"] else "no",
                each.get("person"),
                showing.words(each.get("position")) if poll.get("closed_at") or each.get("carried") else "sealed",
                showing.moment(each.get("at")),
                each.get("reason"),
            )
            for each in poll["seats"]
        ]
        title = f"Poll, {closing} {when}"
        out.print(showing.table(title, ("seat", "voted", "by", "position", "at", "reason"), seats))
    if readiness.get("conditions"):
        headings = ("condition", "is", "owner", "due", "text")
        conditions = [
            (each["id"], showing.words(each["status"]), each["owner"], showing.moment(each["due_at"]), each["text"])
            for each in readiness["conditions"]
        ]
        out.print(showing.table("Conditions", headings, conditions))


def board_table(title: str, rows: list[dict[str, Any]]) -> "RenderableType":
    """Return rows of the board as a table."""
    from bootstrap.cli import showing

    return showing.table(title, _BOARD, [_board_row(row) for row in rows])


def _show_board(rows: list[dict[str, Any]]) -> None:
    from bootstrap.cli import showing

    if rows:
        showing.console().print(board_table("Readiness", rows))
    else:
        showing.line("No launch has been started; `ltl start PLAN` starts one.")


def _show_product(document: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    counts = [
        ", ".join(f"{count} {showing.words(name)}" for name, count in document.get(kind, {}).items() if count)
        for kind in ("verdicts", "colours")
    ]
    showing.line(
        f"{document.get('name') or document['product']}: {counts[0] or 'no regions'} ({counts[1]})", style="bold"
    )
    for reason in document.get("reasons", ()):
        showing.line(f"  {reason}")
    showing.console().print(board_table(document["product"], list(document.get("regions", ()))))


def _board_row(row: dict[str, Any]) -> list[Any]:
    from bootstrap.cli import showing

    return [
        row["product"],
        row["region"],
        showing.rag(row.get("rag")),
        showing.words(row.get("verdict")),
        showing.words(row.get("stage")),
        f"{row['index']:g} ({showing.share(row.get('coverage'))})" if row.get("index") is not None else None,
        showing.moment(row.get("launch_at")),
        showing.moment(row.get("forecast_at")),
        row.get("reasons"),
    ]


def _person_cell(row: dict[str, Any], column: str) -> Any:
    from bootstrap.cli import showing

    value = row.get(column)
    if column in {"trained_at", "certified_until"}:
        return showing.moment(value)
    return showing.words(value) if column == "status" else value
