"""How is an edit of content written, refused or only rehearsed?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.answers import RevisionAnswer
from api.bodies import EditBody
from api.commanding import key_reused, launch_not_found
from api.conditional import Preconditions
from api.dependencies import Dependencies
from api.identity import Actor
from api.problems import Problem, document_of
from api.rehearsing import RehearsalAnswer, rehearsal_of, rehearsal_response
from readiness.policy import Stage
from store.commands import KeyReused
from store.content import Revision, WouldHoldRegions, open_rows, put_content, withdraw_content
from store.edit_plans import (
    EditIsMaterial,
    EditPlan,
    NotThere,
    RevisionMovedOn,
    Standing,
    plan_put,
    plan_withdrawal,
)
from store.regions import LaunchUnknown, RegionRecord, RegionUnknown
from store.rehearsing import rehearse_edit


class Put(NamedTuple):
    """What somebody wants one text to say."""

    product: str
    stage: Stage
    key: str
    fields: dict[str, object]
    body: EditBody
    conditional: Preconditions
    actor: Actor

    def how(self, now: datetime) -> dict[str, Any]:
        """Return the edit as the store takes it."""
        return {
            "product": self.product,
            "stage": self.stage,
            "key": self.key,
            "body": self.fields,
            "person": self.actor.person,
            "now": now,
            "regions": self.body.regions,
            "material": self.body.material,
            "if_match": _expected_revision(self.conditional),
            "must_be_new": self.conditional.if_none_match == ("*",),
        }


class Withdrawal(NamedTuple):
    """Which adaptations somebody wants to end."""

    product: str
    stage: Stage
    key: str
    regions: Sequence[str]
    holds: Sequence[str]
    actor: Actor

    def how(self, now: datetime) -> dict[str, Any]:
        """Return the withdrawal as the store takes it."""
        return {
            "product": self.product,
            "stage": self.stage,
            "key": self.key,
            "regions": self.regions,
            "person": self.actor.person,
            "now": now,
        }


async def carry_out_edit(deps: Dependencies, edit: Put, *, rehearse: bool) -> Response:
    """Write one text, or tell what that would do; raises the problem of its refusal."""
    if rehearse:
        return rehearsal_response(await rehearsed_edit(deps, edit))
    return _revision_response(await written_edit(deps, edit), etag=True)


async def written_edit(deps: Dependencies, edit: Put) -> Revision:
    """Write one text and return its revision; raises the problem of its refusal."""
    holds = edit.body.holds
    return await written(deps, edit.product, lambda tx: put_content(tx, holds=holds, **edit.how(deps.store.now(tx))))


async def rehearsed_edit(deps: Dependencies, edit: Put) -> RehearsalAnswer:
    """Return what writing one text would do; raises the problem of what is not there."""

    def plan(tx: Connection, records: Sequence[RegionRecord], now: datetime) -> EditPlan | Standing:
        return plan_put(tx, records, **edit.how(now))

    return await _rehearsed(deps, edit.product, edit.body.regions, plan, edit.body.holds)


async def carry_out_withdrawal(deps: Dependencies, withdrawal: Withdrawal, *, rehearse: bool) -> Response:
    """End adaptations of one text, or tell what that would do; raises the problem of its refusal."""

    def plan(tx: Connection, records: Sequence[RegionRecord], now: datetime) -> EditPlan | Standing:
        return plan_withdrawal(tx, records, if_match=None, **withdrawal.how(now))

    if rehearse:
        product, regions, holds = withdrawal.product, withdrawal.regions, withdrawal.holds
        return rehearsal_response(await _rehearsed(deps, product, regions, plan, holds))
    return _revision_response(await written_withdrawal(deps, withdrawal), etag=False)


async def written_withdrawal(deps: Dependencies, withdrawal: Withdrawal, *, if_match: int | None = None) -> Revision:
    """End adaptations of one text, of the revision `if_match` if given; raises the problem of its refusal."""
    holds = withdrawal.holds
    return await written(
        deps,
        withdrawal.product,
        lambda tx: withdraw_content(tx, holds=holds, if_match=if_match, **withdrawal.how(deps.store.now(tx))),
    )


async def _rehearsed(
    deps: Dependencies,
    product: str,
    regions: Sequence[str] | None,
    plan: Callable[[Connection, Sequence[RegionRecord], datetime], EditPlan | Standing],
    holds: Sequence[str],
) -> RehearsalAnswer:
    """Tell what an edit would do; one that would be refused for want of `holds` still tells all that it would do."""

    def within() -> RehearsalAnswer:
        with deps.store.reading() as tx:
            now = deps.store.now(tx)
            planned = plan(tx, open_rows(tx, product, regions), now)
            if isinstance(planned, Standing):
                return rehearsal_of(())
            ending = planned.ending(holds)
            refusal = document_of(_problem_of_edit(WouldHoldRegions(ending), product)) if ending else None
            return rehearsal_of(rehearse_edit(tx, planned, now=now), refusal)

    try:
        return await run_in_threadpool(within)
    except (EditIsMaterial, RevisionMovedOn) as refused:
        return rehearsal_of((), document_of(_problem_of_edit(refused, product)))
    except (LaunchUnknown, RegionUnknown, NotThere) as unknown:
        raise _problem_of_edit(unknown, product) from unknown


async def written(deps: Dependencies, product: str, write: Callable[[Connection], Revision]) -> Revision:
    """Write an edit; it marks the regions that it touches, and the relay hints those in which a gate moves."""

    def within() -> Revision:
        with deps.store.writing() as tx:
            return write(tx)

    try:
        return await run_in_threadpool(within)
    except KeyReused as reused:
        raise key_reused() from reused
    except _NOT_WRITTEN as why:
        raise _problem_of_edit(why, product) from why


_NOT_WRITTEN = (LaunchUnknown, RegionUnknown, NotThere, EditIsMaterial, WouldHoldRegions, RevisionMovedOn)


def _problem_of_edit(why: Exception, product: str) -> Problem:
    """Return the problem by which an edit is answered that the store does not make."""
    match why:
        case LaunchUnknown():
            return launch_not_found(product)
        case RegionUnknown():
            return Problem("not-found", f"{why}. See /v1/launches/{product} for its regions.")
        case NotThere():
            return Problem("not-found", f"{why}, so there is nothing to withdraw.")
        case EditIsMaterial():
            detail = (
                "The edit changes more than case, space and punctuation. Send it as material; it is signed anew then."
            )
            return Problem("edit-is-material", detail)
        case WouldHoldRegions():
            named = ", ".join(why.regions)
            detail = f"The edit would end the go of {named}. Name these regions in `holds` if you mean it."
            return Problem("would-hold-regions", detail, regions=list(why.regions))
        case RevisionMovedOn():
            tag = {"ETag": f'"{why.current}"'} if why.current is not None else None
            return Problem("precondition-failed", "It changed since you read it; read it again.", headers=tag)
        case _:
            raise why


def _expected_revision(conditional: Preconditions) -> int | None:
    tags = conditional.if_match
    if tags is None or tags == ("*",):
        return None
    numbers = [tag.strip('"') for tag in tags]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        raise Problem(
            "precondition-failed", 'If-Match takes the revision that you read, in quotes, as in If-Match: "3".'
        )
    return int(numbers[0])


def _revision_response(revision: Revision, *, etag: bool) -> Response:
    headers = {"ETag": f'"{revision.revision}"'} if etag else None
    body = revision_answer(revision).model_dump_json()
    return Response(body, headers=headers, media_type="application/json")


def revision_answer(revision: Revision) -> RevisionAnswer:
    """Return what an edit made, as it is answered."""
    return RevisionAnswer(
        key=revision.key,
        revision=revision.revision,
        digest=revision.digest,
        touched=tuple(key.region for key in revision.touched),
    )
