"""How is it said on the command line who is told of what, and seen how far that has come?"""

from typing import Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, Product, Region

_WEBHOOK = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, for example whk-0123456789abcdef.")]
_DELIVERY = Annotated[str | None, typer.Argument(metavar="[DELIVERY]", help="Its id: every try of it is shown.")]


def webhooks(directory: Directory = HERE, person: Person = OPERATOR, as_json: AsJson = False) -> None:
    """List the webhooks: where events are sent, and which."""
    from bootstrap.cli import showing

    with _opened(directory, person) as api:
        found = api.read_all("/v1/webhooks")
    if as_json:
        showing.as_json({"items": found})
        return
    rows = [
        (
            each["id"],
            each["url"],
            each["types"] or "all",
            each["products"] or "all",
            each["regions"] or "all",
            "yes" if each["enabled"] else each["disabled_because"],
        )
        for each in found
    ]
    columns = ("id", "url", "types", "products", "regions", "enabled")
    showing.console().print(showing.table("Webhooks", columns, rows))


def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are sent: https://receiver.example/path.")],
    types: Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; repeatable.")] = None,
    products: Annotated[list[str] | None, typer.Option("--product", help="Only of this product; repeatable.")] = None,
    regions: Annotated[list[str] | None, typer.Option("--region", help="Only of this region; repeatable.")] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Have events sent to URL from now on. The secret to verify them with is shown once."""
    from bootstrap.cli import showing

    body = {"url": url, "types": types or [], "products": products or [], "regions": regions or []}
    with _opened(directory, person) as api:
        made = api.ask("/v1/webhooks", body)
    if as_json:
        showing.as_json(made)
        return
    showing.line(f"{made['id']} sends to {made['url']}.")
    _show_secret(made)


def change_webhook(
    webhook: _WEBHOOK,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Send to it again, or no more.")] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="Give it a new secret beside the newest old one.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it, and forget its secrets.")] = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
) -> None:
    """Enable, disable or remove a webhook, or rotate its secret: exactly one of these."""
    from bootstrap.cli import showing

    if sum((enable is not None, rotate, remove)) != 1:
        raise typer.BadParameter("give one of --enable, --disable, --rotate and --remove")
    path = f"/v1/webhooks/{webhook}"
    with _opened(directory, person) as api:
        if remove:
            api.edit("DELETE", path, None, if_match="*")
            showing.line(f"{webhook} is removed.")
        elif rotate:
            made = api.edit("POST", f"{path}/rotate", {}, if_match="*")
            showing.line(
                f"{webhook} signs with its new secret and with the one before; rotate again to end that one."
            )
            _show_secret(made)
        else:
            changed = api.edit("PATCH", path, {"enabled": enable}, if_match="*")
            showing.line(f"{webhook} is {'enabled' if changed['enabled'] else 'disabled'}.")


def deliveries(
    delivery: _DELIVERY = None,
    state: Annotated[
        str | None, typer.Option("--state", help="pending, delivered, given_up, disabled, unknown or unaddressed.")
    ] = None,
    product: Annotated[str | None, typer.Option("--product", help="Only those about this product.")] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """List the latest deliveries: what was told to whom, and how far it has come; of one DELIVERY every try."""
    from bootstrap.cli import showing

    with _opened(directory, person) as api:
        if delivery is not None:
            document = api.read(f"/v1/deliveries/{delivery}")
        else:
            document = api.read("/v1/deliveries", state=state, product=product)
    if as_json:
        showing.as_json(document)
    elif delivery is not None:
        _show_tries(document)
    else:
        rows = [
            (
                each["id"],
                each["type"],
                each["target"],
                each["event_id"],
                showing.words(each["state"]),
                each["tries"],
                showing.moment(each["next_at"]),
            )
            for each in document["items"]
        ]
        columns = ("id", "type", "target", "event", "state", "tries", "next try")
        showing.console().print(showing.table("Deliveries, the latest first", columns, rows))


def replay(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Its id, as `ltl deliveries` shows it.")],
    directory: Directory = HERE,
    person: Person = OPERATOR,
) -> None:
    """Send a delivery again from the start; its receiver knows it by the same id."""
    from bootstrap.cli import showing

    with _opened(directory, person) as api:
        again = api.ask(f"/v1/deliveries/{delivery}/replay", {})
    showing.line(f"{delivery} is sent again, round {again['round']}.")


def nudge(
    product: Product,
    region: Region,
    people: Annotated[list[str] | None, typer.Argument(metavar="[PERSON]...", help="Who is to be reminded.")] = None,
    statuses: Annotated[
        list[str] | None, typer.Option("--status", help="Everybody of this status, not_started say; repeatable.")
    ] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
) -> None:
    """Remind people of a region's audience of what they are missing: each hears of it in one digest a day."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    if not people and not statuses:
        raise typer.BadParameter("name people, or a --status")
    with opened(directory, person, Role.ENABLEMENT) as api:
        path = f"/v1/launches/{product}/regions/{region}/nudges"
        told = api.ask(path, {"people": people or [], "statuses": statuses or []})
    showing.line(f"{len(told['nudged'])} will be reminded; {told['waiting']} were to be already.")


def _opened(directory: Any, person: str) -> Any:
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    return opened(directory, person, Role.ADMIN)


def _show_secret(made: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    showing.line(f"Its secret, shown this once: {made['secret']}")


def _show_tries(document: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    rows = [
        (
            each["round"],
            each["number"],
            showing.moment(each["began_at"]),
            each["fate"] or "under way",
            each["status"],
            each["detail"],
        )
        for each in document["each_try"]
    ]
    title = f"{document['type']} {document['event_id']} to {document['target']}: {showing.words(document['state'])}"
    showing.console().print(showing.table(title, ("round", "try", "began", "came to", "status", "says"), rows))
