"""How do plans and facts get in?"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, Rehearse

if TYPE_CHECKING:
    from rich.progress import Progress

    from bootstrap.api_client import Api

POLL_SECONDS = 0.25
LONG_QUEUED_SECONDS = 20
"""After this a file that nobody has begun to load is worth a word."""

ENDED = frozenset({"completed", "failed", "refused"})

KINDS = ("people", "audience", "completions", "attempts")
ROWS_SHOWN = 20
"""Bad rows that are printed; the rest is said to be there."""

ExistingFile = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)]


class PlanUnreadable(Exception):  # noqa: N818 - named as what is the case.
    """The plan file is not one YAML or JSON mapping."""


def start(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", exists=True, dir_okay=False, readable=True, help="YAML or JSON.")
    ],
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Start the launch that a plan file describes. A plan that cannot work is refused with every fault named."""
    document = plan_in(plan)
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from bootstrap.cli.foreseeing import show_rehearsed_start
    from readiness.commands import Role

    with opened(directory, person, Role.PRODUCT_MANAGER) as api:
        launch = api.rehearse("/v1/launches", document) if rehearse else api.ask("/v1/launches", document)
    if as_json:
        showing.as_json(launch)
        return
    if rehearse:
        show_rehearsed_start(launch)
        return
    showing.line(f"Started the launch of {launch.get('name')} ({launch.get('product')}).", style="bold")
    rows = [
        (each["region"], each.get("name"), showing.moment(each.get("launch_at")), showing.words(each.get("stage")))
        for each in launch.get("regions", ())
    ]
    showing.console().print(showing.table("Regions", ("region", "name", "launches at", "stage"), rows))
    for mark in launch.get("below_tier", ()):
        showing.line(f"Asks less than its tier does: {mark}", style="yellow")


def import_(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    file: ExistingFile,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Load a bulk file (CSV, or NDJSON by its suffix) and wait until it is loaded; bad rows are listed."""
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind} is not one of {', '.join(KINDS)}", param_hint="KIND")
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    with opened(directory, person, Role.ENABLEMENT) as api, _progress(quiet=as_json) as progress:
        ended = _followed(api, kind, file, progress)
    if as_json:
        showing.as_json(ended)
    else:
        _show_import(ended, file)
    if ended["state"] != "completed":
        raise typer.Exit(1)


def plan_in(file: Path) -> dict[str, Any]:
    """Return the mapping in a plan file; raises PlanUnreadable.

    What YAML 1.1 would guess stays as written: `no` is Norway here and a moment is text, as in the API.
    """
    import yaml

    from api.plain_yaml import PlainLoader

    try:
        # JSON is read as the YAML that it is.
        document = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=PlainLoader)  # noqa: S506 - a SafeLoader.
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlanUnreadable(f"{file} cannot be read as YAML or JSON: {error}") from error
    except RecursionError as error:
        raise PlanUnreadable(f"{file} is nested deeper than any plan.") from error
    if not isinstance(document, dict):
        raise PlanUnreadable(f"{file} does not hold a plan: one mapping with product, regions and so on is needed.")
    return document


def _followed(api: "Api", kind: str, file: Path, progress: "Progress") -> dict[str, Any]:
    """Upload `file` and return its import once that has ended, showing both on the way."""
    sending = progress.add_task(f"Sending {file.name}", total=max(1, file.stat().st_size))
    current: dict[str, Any] = api.upload(kind, file, on_sent=lambda count: progress.update(sending, completed=count))
    loading = progress.add_task("Loading", total=None)
    begun = time.monotonic()
    told = False
    while current["state"] not in ENDED:
        time.sleep(POLL_SECONDS)
        current = api.read(f"/v1/imports/{current['id']}")
        if current["state"] == "queued" and not told and time.monotonic() - begun > LONG_QUEUED_SECONDS:
            told = True
            typer.echo("It still waits for a worker; `ltl doctor` says whether one is running.", err=True)
        progress.update(loading, total=current.get("rows_total"), completed=current["rows_read"])
    progress.update(loading, total=max(1, current["rows_read"]), completed=max(1, current["rows_read"]))
    return current


def _progress(*, quiet: bool) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from bootstrap.cli import showing

    out = showing.console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        # In a file a bar is only a smear.
        disable=quiet or not out.is_terminal,
    )


def _show_import(ended: dict[str, Any], file: Path) -> None:
    from bootstrap.cli import showing

    refused = ended.get("refused")
    if refused:
        at_line = f"line {refused['line']}: " if refused.get("line") else ""
        showing.line(f"✗ {file.name} was refused whole: {at_line}{refused['reason']}", style="bold red")
        return
    if ended["state"] == "failed":
        showing.line(f"✗ Loading {file.name} failed; see `ltl doctor`, then load it again.", style="bold red")
    counts = [ended[name] for name in ("rows_read", "accepted", "unchanged", "rejected")]
    title = f"Import {ended['id']}: {ended['state']}"
    showing.console().print(showing.table(title, ("rows read", "accepted", "unchanged", "rejected"), [counts]))
    if ended.get("unknown"):
        showing.line(
            f"{ended['unknown']} of the accepted are about someone or something not known yet; they count then."
        )
    errors = ended.get("errors", ())
    if errors:
        rows = [[each.get(name) for name in ("line", "column", "code", "reason")] for each in errors[:ROWS_SHOWN]]
        showing.console().print(showing.table("Bad rows", ("line", "column", "code", "reason"), rows))
    if len(errors) > ROWS_SHOWN or ended.get("errors_url"):
        showing.line(f"The first {min(len(errors), ROWS_SHOWN)} are shown; `--json` has more.")
