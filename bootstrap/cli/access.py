"""How are roles granted, withdrawn and looked up on the command line?"""

from pathlib import Path
from typing import Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, Reason, one_of

Whom = Annotated[str, typer.Argument(metavar="PERSON", help="Whose role, for example exec-1.")]
Which = Annotated[str, typer.Argument(metavar="ROLE", help="For example executive or sales-lead.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="REGION", help="May be given several times; unless said, every region."),
]
FromAt = Annotated[
    str | None,
    typer.Option("--from-at", metavar="MOMENT", help="Count from then, with its offset; unless said, at once."),
]


def grant(
    whom: Whom,
    role: Which,
    reason: Reason,
    region: Where = None,
    from_at: FromAt = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Grant a person a role, whatever their token claims."""
    _change("grants", whom, role, reason, region, from_at, directory, person, as_json=as_json)


def withdraw(
    whom: Whom,
    role: Which,
    reason: Reason,
    region: Where = None,
    from_at: FromAt = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Withdraw a role from a person at once, whatever their token claims; what they gave by it counts no more."""
    _change("withdrawals", whom, role, reason, region, from_at, directory, person, as_json=as_json)


def roles(
    whom: Annotated[str | None, typer.Option("--of", metavar="PERSON", help="Of this person only.")] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Show every role that was granted or withdrawn: whose, where, from when on, by whom and why."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.AUDITOR) as api:
        changes = api.read_all("/v1/roles", person=whom)
    if as_json:
        showing.as_json({"items": changes})
        return
    rows = [
        (
            each["person"],
            each["change"],
            showing.words(each["role"]),
            "every region" if each["region"] == "*" else each["region"],
            showing.moment(each["effective_at"]),
            each["by"],
            each["reason"],
        )
        for each in changes
    ]
    columns = ("person", "change", "role", "where", "from", "by", "reason")
    showing.console().print(showing.table("Changes of roles", columns, rows))


def key(
    act: Annotated[str, typer.Argument(metavar="ACT", help="create, list or revoke.")],
    subject: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the program, to create one; of the key, to revoke it.")
    ] = None,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="service or auditor.")] = "service",
    region: Where = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it opens the door.")] = 90,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Create a key for a program (it is shown once), list keys, or revoke one at once."""
    from datetime import UTC, datetime, timedelta

    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    verb = one_of(act, ("create", "list", "revoke"), hint="ACT")
    if (verb == "list") is not (subject is None):
        raise typer.BadParameter("create and revoke take a name, list takes none", param_hint="NAME")
    with opened(directory, person, Role.ADMIN) as api:
        if verb == "list":
            items = api.read("/v1/keys")["items"]
            if as_json:
                showing.as_json({"items": items})
            else:
                showing.console().print(showing.table("Keys of programs", _KEY_COLUMNS, map(_key_row, items)))
            return
        if verb == "revoke":
            document = api.ask(f"/v1/keys/{subject}/revoke", {})
        else:
            scope = {"role": one_of(role, Role, hint="--role"), "regions": region or "*"}
            ends = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
            document = api.ask("/v1/keys", {"name": subject, "scopes": [scope], "expires_at": ends})
    if as_json:
        showing.as_json(document)
    elif verb == "revoke":
        showing.line(f"{document['id']} of {document['name']} opens nothing any more.")
    else:
        print(document["key"])
        until = showing.moment(document["expires_at"])
        typer.echo(f"It acts as {document['person']} until {until}, and is not shown again.", err=True)


_KEY_COLUMNS = ("key", "program", "scopes", "until", "last used", "revoked")


def _key_row(each: dict[str, Any]) -> tuple[str, ...]:
    from bootstrap.cli import showing

    scopes = ", ".join(f"{scope['role']} in {scope['region']}" for scope in each["scopes"])
    revoked = f"{showing.moment(each['revoked_at'])} by {each['revoked_by']}" if each["revoked_at"] else "-"
    moments = (showing.moment(each["expires_at"]), showing.moment(each["last_used_at"]))
    return (each["id"], each["name"], scopes, *moments, revoked)


def _change(
    call: str,
    whom: str,
    role: str,
    reason: str,
    regions: list[str] | None,
    from_at: str | None,
    directory: Path,
    person: str,
    *,
    as_json: bool,
) -> None:
    from urllib.parse import quote

    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    named = one_of(role, Role, hint="ROLE")
    made = []
    with opened(directory, person, Role.ADMIN) as api:
        for region in regions or ["*"]:
            body = {"role": named, "region": region, "reason": reason}
            if from_at is not None:
                body["effective_at"] = from_at
            made.append(api.ask(f"/v1/roles/{quote(whom, safe='')}/{call}", body))
    if as_json:
        showing.as_json({"items": made})
        return
    for each in made:
        where = "in every region" if each["region"] == "*" else f"in {each['region']}"
        what = "may act as" if each["change"] == "granted" else "may not act any more as"
        since = showing.moment(each["effective_at"])
        showing.line(f"{each['person']} {what} {showing.words(each['role'])} {where} from {since}.")
