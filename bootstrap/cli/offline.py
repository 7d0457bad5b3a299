"""What can be done with the data directory or the database alone, without a server?"""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bootstrap.cli.options import HERE, AsJson, Directory

if TYPE_CHECKING:
    from bootstrap.settings import Settings
    from bootstrap.verifying import Difference
    from store.engine import Store


def token(
    person: Annotated[str, typer.Option("--person", metavar="ID", help="Whom the token speaks for.")],
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="May be given several times; unless said, seller."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="REGION", help="May be given several times; unless said, every region."),
    ] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=24 * 366, help="How long it is valid.")] = 12,
    directory: Directory = HERE,
    as_json: AsJson = False,
) -> None:
    """Sign a token for a person with this installation's own key: each role for each region."""
    from bootstrap.cli import showing
    from bootstrap.local_door import mint
    from readiness.commands import Role

    try:
        roles = [Role(each.replace("-", "_")) for each in role or ["seller"]]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; roles are {', '.join(Role)}", param_hint="--role") from None
    regions = tuple(region or ("*",))
    try:
        minted = mint(directory.absolute(), person, roles, regions, lifetime=timedelta(hours=hours))
    except ValueError:
        raise typer.BadParameter("a person is an id such as pm-7, a region a slug such as emea or *") from None
    if as_json:
        showing.as_json({"token": minted, "person": person, "roles": roles, "regions": list(regions), "hours": hours})
    else:
        print(minted)


def payload_key(
    key_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Unless said, today's date.")] = None,
) -> None:
    """Make a key that seals what passes through Temporal, for LTL_PAYLOAD_KEYS: the newest comes first there."""
    from datetime import UTC, datetime

    from bootstrap.codec import PayloadKeysUnusable, new_payload_key

    try:
        print(new_payload_key(key_id or f"{datetime.now(UTC):%Y-%m-%d}"))
    except PayloadKeysUnusable as error:
        raise typer.BadParameter(str(error), param_hint="ID") from None


def rebuild(directory: Directory = HERE, as_json: AsJson = False) -> None:
    """Fold what the board shows from the ledger again, region by region, while everything runs; where Temporal runs,
    hold what its workflows know against it."""
    from bootstrap.cli import showing
    from bootstrap.settings import Settings

    settings = Settings().model_copy(update={"directory": directory})
    from store.engine import open_store
    from store.rebuild import rebuild as fold_again

    if settings.database_url is None and not (directory.absolute() / "store.sqlite").is_file():
        raise typer.BadParameter(
            f"{directory} holds no installation: there is no store.sqlite in it", param_hint="--data"
        )
    store = open_store(settings.store_url)
    try:
        if as_json:
            streams = [
                {"of": str(each.key), "version": each.version, "differed": each.differed}
                for each in fold_again(store)
            ]
            found = _workflows(settings, store)
            workflows = None if found is None else [{"of": str(e.key), "what": e.what} for e in found]
            showing.as_json({"streams": streams, "workflows": workflows})
            return
        count = differed = 0
        with showing.console(stderr=True).status("Folding the ledger …"):
            for each in fold_again(store):
                count += 1
                if each.differed:
                    differed += 1
                    showing.line(f"{each.key}: mended, now at version {each.version}")
        showing.line(f"{count} streams of the ledger folded again, {differed} of them differed.")
        found = _workflows(settings, store)
        if found is None:
            showing.line("Temporal does not run, so its workflows were not compared.")
            return
        for difference in found:
            style = "red" if difference.must_be_looked_at else "yellow"
            showing.line(f"{difference.key}: {difference.what}", style=style)
        if not found:
            showing.line("Every workflow that runs knows what the ledger tells.")
    finally:
        store.close()


def _workflows(settings: "Settings", store: "Store") -> "list[Difference] | None":
    """Return where workflows differ from the ledger; None where no Temporal answers."""
    import asyncio

    from bootstrap.installation import Installation
    from bootstrap.temporal import connect
    from bootstrap.verifying import differences

    running = Installation(settings.directory.absolute()).running()
    address = settings.temporal_address or (running.temporal_address if running is not None else None)
    if address is None:
        return None

    async def compare() -> "list[Difference] | None":
        try:
            client = await connect(
                address,
                namespace=settings.temporal_namespace,
                patience=timedelta(seconds=5),
                converter=settings.converter,
            )
        except RuntimeError:
            return None
        return [each async for each in differences(client, store)]

    return asyncio.run(compare())


def migrate(directory: Directory = HERE) -> None:
    """Prepare database and Temporal for this version; `ltl up` does it by itself, elsewhere do it before a deploy."""
    import asyncio

    from bootstrap.cli import showing
    from bootstrap.settings import Settings
    from store.engine import migrate as migrate_store

    settings = Settings().model_copy(update={"directory": directory})
    migrate_store(settings.store_url)
    showing.line("The database has the tables of this version.")
    if settings.temporal_address is not None:
        from bootstrap.temporal import connect, prepare

        async def register() -> None:
            client = await connect(
                settings.engine_address, namespace=settings.temporal_namespace, converter=settings.converter
            )
            # How long a cluster keeps histories is its operators' choice; `ltl doctor` says where it is too short.
            await prepare(client, retention=None)

        asyncio.run(register())
        showing.line("Temporal knows the search attributes of this version.")
