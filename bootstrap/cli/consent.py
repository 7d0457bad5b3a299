"""How are waivers, the poll and conditions carried out on the command line?"""

from typing import Annotated, Any

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


def waive(
    product: Product,
    regions: Regions = None,
    *,
    criterion: Annotated[str, typer.Argument(metavar="CRITERION", help="For example certified-share.")],
    reason: Reason,
    control: Annotated[str, typer.Option("--control", metavar="TEXT", help="What is done instead.")],
    expires_at: Annotated[
        str, typer.Option("--expires-at", metavar="MOMENT", help="Until when, with offset: 2027-03-15T09:00Z.")
    ],
    floor: Annotated[
        float | None, typer.Option("--floor", help="The lowest share that it covers; left out, the share as it is.")
    ] = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Ask for permission to pass an unmet criterion; it opens nothing until an executive grants it."""
    from readiness.policy import CriterionKey

    body: dict[str, Any] = {
        "criterion": one_of(criterion, CriterionKey, hint="CRITERION"),
        "reason": reason,
        "compensating_control": control,
        "expires_at": expires_at,
        "floor": floor,
    }
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "waivers",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def answer_waiver(
    product: Product,
    region: Region,
    waiver: Annotated[str, typer.Argument(metavar="WAIVER", help="Its id, as `ltl status` shows it.")],
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="grant, deny or revoke.")],
    reason: Reason,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Grant, deny or revoke a waiver, as an executive who neither asked for it nor owns what it waives."""
    from readiness.commands import Role

    verb = one_of(answer, ("grant", "deny", "revoke"), hint="ANSWER")
    call = f"waivers/{waiver}/{verb}"
    act(
        directory,
        person,
        Role.EXECUTIVE.value,
        product,
        (region,),
        call,
        {"reason": reason},
        as_json=as_json,
        rehearse=rehearse,
    )


def poll(
    product: Product,
    regions: Regions = None,
    *,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Ask every function that holds a seat for its position, once every gate is met or waived."""
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "poll",
        {},
        as_json=as_json,
        rehearse=rehearse,
    )


def vote(
    product: Product,
    regions: Regions = None,
    *,
    position: Annotated[str, typer.Argument(metavar="POSITION", help="agree, disagree-but-support or dissent.")],
    function: Annotated[str, typer.Option("--function", metavar="FUNCTION", help="For whom: marketing, sales, …")],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; needed unless you agree.")
    ] = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Hand in a function's ballot; it stays sealed until every seat has voted or the clock has run out."""
    from readiness.commands import ROLE_OF_FUNCTION, Stance
    from readiness.policy import Function

    seat = Function(one_of(function, Function, hint="--function"))
    body = {"function": seat.value, "position": one_of(position, Stance, hint="POSITION"), "reason": reason}
    role = ROLE_OF_FUNCTION[seat].value
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "ballots",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def name_seat(
    product: Product,
    region: Region,
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="Whose seat is idle: marketing, sales, …")],
    named: Annotated[str, typer.Argument(metavar="NAMED", help="The id of whom you name.")],
    reason: Reason,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Name, as an executive, another person of a function whose seat was waited for too long."""
    from readiness.commands import Role
    from readiness.policy import Function

    call = f"seats/{one_of(function, Function, hint='FUNCTION')}/name"
    body = {"person": named, "reason": reason}
    act(
        directory,
        person,
        Role.EXECUTIVE.value,
        product,
        (region,),
        call,
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def meet(
    product: Product,
    region: Region,
    condition: Annotated[str, typer.Argument(metavar="CONDITION", help="Its id, as `ltl status` shows it.")],
    proof: Annotated[str, typer.Option("--proof", metavar="TEXT", help="What shows that it is met.")],
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Say, as who promised it or as the launch owner, that a condition of the standing go is met."""
    act(
        directory,
        person,
        role,
        product,
        (region,),
        f"conditions/{condition}/meet",
        {"proof": proof},
        as_json=as_json,
        rehearse=rehearse,
    )


def address(
    product: Product,
    region: Region,
    lesson: Annotated[str, typer.Argument(metavar="LESSON", help="Its id, under `must_address` in the readiness.")],
    how: Annotated[str, typer.Option("--how", metavar="TEXT", help="What is done about it here.")],
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Say, for marketing or as a product manager, how what an earlier wave learned is addressed in a region."""
    act(
        directory,
        person,
        role,
        product,
        (region,),
        f"must-address/{lesson}",
        {"how": how},
        as_json=as_json,
        rehearse=rehearse,
    )
