"""What does a rehearsal answer?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api.commanding import region_not_found
from api.problems import ProblemDocument, document_of, problem_of
from readiness.commands import RegionCommand
from readiness.plan import LaunchPlan
from readiness.rehearsal import Beginning, Foreseen, Outlook, Rehearsed, StartRehearsed, Would
from store.engine import Store
from store.regions import latest_record
from store.rehearsing import rehearse_command


class RehearsalAnswer(BaseModel):
    """What would follow from a request. Nothing was changed, and nobody was told."""

    accepted: bool
    """Whether it would be carried out."""
    refusal: ProblemDocument | None
    """The problem that it would be answered with instead."""
    events: tuple[Foreseen, ...]
    """What would be written, in order; with a refusal only what falls due by itself."""
    would: Would
    readiness_before: tuple[Outlook, ...]
    readiness_after: tuple[Outlook, ...]
    """Of each region that it concerns, how it stands and how it would stand."""


class StartRehearsalAnswer(RehearsalAnswer):
    """What would follow from a start; its refusals are answered as those of the start itself."""

    below_tier: tuple[str, ...]
    """The settings that ask less than the tier does."""
    regions: tuple[Beginning, ...]


REHEARSED: dict[int | str, dict[str, Any]] = {
    200: {"model": RehearsalAnswer, "description": "With `rehearse=true`: what would follow. Nothing was changed."}
}
START_REHEARSED: dict[int | str, dict[str, Any]] = {200: {**REHEARSED[200], "model": StartRehearsalAnswer}}
"""For routes that answer otherwise with another status: what the description says of a rehearsal."""


def rehearsal_of(rehearsed: Sequence[Rehearsed], refusal: dict[str, Any] | None = None) -> RehearsalAnswer:
    """Return what these regions would come to, together; `refusal` is what the door itself would answer."""
    would = Would()
    for each in rehearsed:
        would = would.and_also(each.would)
    refused = next((each.refusal for each in rehearsed if each.refusal is not None), None)
    if refusal is None and refused is not None:
        refusal = document_of(problem_of(refused))
    return RehearsalAnswer(
        accepted=refusal is None,
        refusal=ProblemDocument.model_validate(refusal) if refusal is not None else None,
        events=tuple(event for each in rehearsed for event in each.events),
        would=would,
        readiness_before=tuple(each.before for each in rehearsed),
        readiness_after=tuple(each.after for each in rehearsed),
    )


def rehearsal_response(answer: BaseModel) -> Response:
    """Return the answer that carries a rehearsal: 200 whether or not the act would be accepted."""
    return Response(answer.model_dump_json(), media_type="application/json")


def rehearse_act(
    store: Store, product: str, region: str, make: Callable[[Connection, str, datetime], RegionCommand]
) -> RehearsalAnswer:
    """Return what an act on the latest run of `product` in `region` would lead to; raises `not-found`."""
    with store.reading() as tx:
        record = latest_record(tx, product, region)
        if record is None:
            raise region_not_found(product, region)
        rehearsed = rehearse_command(tx, record, lambda i, at: make(tx, i, at), now=store.now(tx))
    return rehearsal_of([rehearsed])


def start_rehearsal_of(plan: LaunchPlan, rehearsed: StartRehearsed) -> StartRehearsalAnswer:
    """Return what a start would come to; raises the problem of its refusal."""
    if rehearsed.refusal is not None:
        raise problem_of(rehearsed.refusal)
    return StartRehearsalAnswer(
        accepted=True,
        refusal=None,
        events=rehearsed.events,
        would=rehearsed.would,
        readiness_before=(),
        readiness_after=(),
        below_tier=plan.below_tier,
        regions=rehearsed.beginnings,
    )
