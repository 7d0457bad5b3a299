"""How is the policy of a running launch changed on the command line?"""

from pathlib import Path
from typing import Annotated

import typer

from bootstrap.cli.govern import act
from bootstrap.cli.options import (
    HERE,
    MANAGER,
    OPERATOR,
    Acting,
    AllRegions,
    AsJson,
    Directory,
    Person,
    Product,
    Reason,
    Region,
    Regions,
    Rehearse,
    chosen,
    one_of,
)
from bootstrap.cli.supply import plan_in

ANSWERS = ("confirm", "decline")


def policy(
    product: Product,
    region: Region,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Show the policy that counts in a region, and the change that waits for a second person or its moment."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.AUDITOR) as api:
        document = api.read(f"/v1/launches/{product}/regions/{region}/policy")
    if as_json:
        showing.as_json(document)
        return
    change = document["change"]
    wanted = change["policy"] if change is not None else None
    rows = [
        (showing.words(section), showing.words(name), value, wanted[section][name] if wanted is not None else "")
        for section, settings in document["policy"].items()
        for name, value in settings.items()
    ]
    columns = ("stage", "setting", "counts", "asked for")
    showing.console().print(showing.table(f"The policy of {product} in {region}", columns, rows))
    for mark in document["below_tier"]:
        showing.line(f"Asks less than its tier does: {mark}", style="yellow")
    if change is None:
        showing.line("No change waits.")
        return
    when = "from the next gate" if change["from_at"] is None else f"from {showing.moment(change['from_at'])}"
    by = change["confirmed_by"]
    state = f"is confirmed by {by}" if by is not None else "waits for an executive to confirm or decline it"
    showing.line(f"{change['asked_by']} asked for {change['change']}, {when}; it {state}.")


def change_policy(
    product: Product,
    regions: Regions = None,
    *,
    document: Annotated[
        Path,
        typer.Option(
            "--policy", metavar="FILE", exists=True, dir_okay=False, help="YAML or JSON, as a plan's `policy`."
        ),
    ],
    reason: Reason,
    from_at: Annotated[
        str | None,
        typer.Option("--from-at", metavar="MOMENT", help="Count for all stages from then; else from the next gate."),
    ] = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Ask for other rules in running regions; an executive confirms them before they count."""
    from readiness.commands import Role
    from readiness.policy_events import Applies

    applies = Applies.NEXT_GATE if from_at is None else Applies.ALL
    body = {"policy": plan_in(document), "applies": applies.value, "from_at": from_at, "reason": reason}
    act(
        directory,
        person,
        Role.PRODUCT_MANAGER.value,
        product,
        chosen(regions, everywhere=everywhere),
        "policy",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def answer_policy(
    product: Product,
    regions: Regions = None,
    *,
    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Its digest, as `ltl policy` shows it.")],
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="confirm or decline.")],
    reason: Reason,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Confirm a change of policy, as an executive who did not ask for it, or decline it."""
    from readiness.commands import Role

    verb = one_of(answer, ANSWERS, hint="ANSWER")
    acting = Role.EXECUTIVE.value if verb == "confirm" else role
    act(
        directory,
        person,
        acting,
        product,
        chosen(regions, everywhere=everywhere),
        f"policy/{verb}",
        {"change": change, "reason": reason},
        as_json=as_json,
        rehearse=rehearse,
    )
