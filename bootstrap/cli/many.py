"""How is one act carried out in several regions on the command line?"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bootstrap.api_client import Api

_ENDED = frozenset({"launched", "cancelled"})


def act_on_each(
    api: "Api",
    product: str,
    regions: tuple[str, ...] | None,
    call: str,
    said: dict[str, Any],
    *,
    as_json: bool,
    rehearse: bool,
    is_after_launch: bool = False,
) -> None:
    """Act in several regions, None for every running one, on the versions that the board shows; show each answer.

    Ends the command with 1 where not every region did what was asked. An act `is_after_launch` where it is about
    regions that have launched: then None means every one of these.
    """
    rows = _launched(api, product) if is_after_launch else _running(api, product, regions)
    seen = {row["region"]: row["version"] for row in rows if regions is None or row["region"] in regions}
    if regions is not None and set(regions) - set(seen):
        # Whoever names a region that does not run is told so by the server, region by region.
        asked: Any = list(regions)
    else:
        asked = seen
    answer = _asked(api, f"/v1/launches/{product}/{call}", {**said, "regions": asked}, rehearse=rehearse)
    show_each(answer["items"], as_json=as_json, rehearse=rehearse)


def sign_each(
    api: "Api",
    product: str,
    regions: tuple[str, ...] | None,
    said: dict[str, Any],
    *,
    as_json: bool,
    rehearse: bool,
    show: Callable[[dict[str, Any]], None],
) -> None:
    """Show what is to be signed in several regions, once for each digest, and sign exactly that; as `act_on_each`."""
    where = regions or tuple(row["region"] for row in _running(api, product, None))
    by_digest: dict[str, list[dict[str, Any]]] = {}
    for region in where:
        content = api.read(f"/v1/launches/{product}/regions/{region}/content/{said['stage']}")
        by_digest.setdefault(content["digest"], []).append(content)
    items: list[dict[str, Any]] = []
    for digest, contents in by_digest.items():
        if not as_json:
            show(contents[0])
        body = {**said, "digest": digest, "regions": [content["region"] for content in contents]}
        items += _asked(api, f"/v1/launches/{product}/sign-offs", body, rehearse=rehearse)["items"]
    show_each(sorted(items, key=lambda item: str(item["region"])), as_json=as_json, rehearse=rehearse)


def _running(api: "Api", product: str, regions: tuple[str, ...] | None) -> list[dict[str, Any]]:
    rows = [row for row in api.read_all("/v1/readiness", product=product) if row["verdict"] not in _ENDED]
    if not rows:
        typer.echo(f"{product} has no running region. `ltl status` shows every launch.", err=True)
        raise typer.Exit(1)
    return [row for row in rows if regions is None or row["region"] in regions]


def _launched(api: "Api", product: str) -> list[dict[str, Any]]:
    rows = [row for row in api.read_all("/v1/readiness", product=product) if row["verdict"] == "launched"]
    if not rows:
        typer.echo(f"{product} has launched nowhere. `ltl status` shows every launch.", err=True)
        raise typer.Exit(1)
    return rows


def _asked(api: "Api", path: str, body: dict[str, Any], *, rehearse: bool) -> Any:
    return api.rehearse(path, body) if rehearse else api.ask_each(path, body)


def show_each(items: list[dict[str, Any]], *, as_json: bool, rehearse: bool) -> None:
    """Show what each region answered; ends the command with 1 where not every region did what was asked."""
    from bootstrap.cli import showing
    from bootstrap.cli.foreseeing import show_rehearsal

    if as_json:
        showing.as_json({"items": items})
    elif rehearse:
        for item in items:
            if item["problem"] is None:
                showing.line(item["region"], style="bold")
                show_rehearsal(item["answer"])
            else:
                showing.line(f"✗ {item['region']}: {item['problem']['detail']}", style="bold red")
    else:
        rows = [
            (
                item["region"],
                "✓ done" if item["problem"] is None else "✗ refused",
                showing.words((item["answer"] or {}).get("verdict")),
                (item["problem"] or {}).get("detail"),
            )
            for item in items
        ]
        showing.console().print(showing.table("Region by region", ("region", "it is", "verdict", "why not"), rows))
    if any(item["problem"] is not None for item in items):
        raise typer.Exit(1)
