"""How is a permit read, revoked and given its keys on the command line?"""

from typing import Annotated, Any

import typer

from bootstrap.cli.govern import act
from bootstrap.cli.options import (
    HERE,
    OPERATOR,
    Acting,
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


def permit(
    product: Product,
    region: Region,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Say whether a product may be sold in a region, with the signed permit; exit status 1 where it may not."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.AUDITOR) as api:
        document = api.read(f"/v1/launches/{product}/regions/{region}/permit")
    if as_json:
        showing.as_json(document)
        return
    claims: dict[str, Any] = document["claims"]
    since = showing.moment(claims["from_at"])
    showing.line(f"✓ {claims['product_name']} may be sold in {claims['region_name']} since {since}.", style="green")
    decision = claims["decision"]
    rows = [
        (
            claims["jti"],
            f"{showing.words(decision['verdict'])} (version {decision['version']})",
            str(len(claims["conditions"])),
            showing.moment(_instant(claims["exp"])),
        )
    ]
    showing.console().print(
        showing.table("Permit", ("permit", "decision", "open conditions", "believe it until"), rows)
    )
    print(document["permit"])


def revoke_permit(
    product: Product,
    regions: Regions = None,
    *,
    reason: Reason,
    everywhere: Annotated[
        bool, typer.Option("--all-regions", help="In every region of the launch that has launched.")
    ] = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = "executive",
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Take the permit away for good, in one launched region or in several: only another launch can give a new one."""
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "permit/revoke",
        {"reason": reason},
        as_json=as_json,
        rehearse=rehearse,
        is_after_launch=True,
    )


def permit_keys(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="list, rotate or withdraw.")] = "list",
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID", help="Which key to withdraw; `list` shows their ids.")
    ] = None,
    directory: Directory = HERE,
    as_json: AsJson = False,
) -> None:
    """List the keys of permits; rotate: a new one signs, the old one stays published until its last permit expires;
    withdraw: nothing that a stolen key signed is believed from now on."""
    from datetime import UTC, datetime

    from api.identity import key_id
    from bootstrap import permit_keys as keys
    from bootstrap.cli import showing
    from bootstrap.settings import Settings

    asked = one_of(what, ("list", "rotate", "withdraw"), hint="WHAT")
    settings = Settings().model_copy(update={"directory": directory.absolute()})
    if settings.permit_keys is not None:
        raise typer.BadParameter("LTL_PERMIT_KEYS gives the keys here: change them there", param_hint="WHAT")
    if (asked == "withdraw") is not (key is not None):
        raise typer.BadParameter("`withdraw` names a key, and nothing else does", param_hint="--key")
    if not settings.directory.is_dir():
        raise typer.BadParameter(f"{directory} holds no installation", param_hint="--data")
    now = datetime.now(UTC)
    if asked == "rotate":
        keys.rotate(settings.directory, lifetime=settings.permit_lifetime, now=now)
    elif key is not None and not keys.withdraw(settings.directory, key, now=now):
        raise typer.BadParameter("there is no such key, or it was withdrawn before", param_hint="--key")
    found = [(key_id(each.key()), each) for each in keys.listed(settings.directory)]
    if as_json:
        told = [
            {
                "kid": kid,
                "state": each.state_at(now),
                **each.model_dump(mode="json", include={"made_at", "retires_at", "withdrawn_at"}),
            }
            for kid, each in found
        ]
        showing.as_json({"keys": told})
        return
    rows = [
        (kid, each.state_at(now), showing.moment(_said(each.made_at)), showing.moment(_said(each.retires_at)))
        for kid, each in found
    ]
    showing.console().print(showing.table("Keys of permits", ("key", "is", "made", "published until"), rows))


def _instant(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _said(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
