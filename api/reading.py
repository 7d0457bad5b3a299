"""Where does every product stand in every region, who is missing what, and what has happened?"""

import re
from collections import Counter
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.answers import PersonAnswer, ProductReadiness, TimelineEntry
from api.commanding import launch_not_found, region_not_found
from api.conditional import KnownTags, entity_tag, not_modified
from api.cursors import (
    ABOUT_CURSOR,
    ABOUT_LIMIT,
    LARGEST_PAGE,
    LONGEST_CURSOR,
    PAGE_SIZE,
    Cursors,
    CursorText,
    Limit,
    Listing,
    listed,
)
from api.dependencies import Deps, dependencies_of
from api.guard import Judged, guarded_router, requires
from api.identity import Actor
from api.live import readiness_of_latest, region_readiness
from api.rights import Action, allowed_regions
from api.showing import MOST_REGIONS
from readiness.events import BallotCast, RegionEvent
from readiness.ledger import RegionRow
from readiness.meanings import meaning_of
from readiness.people import PersonStatus
from readiness.plan_document import policy_as_document
from readiness.policy import GATED_STAGES, TIERS, Policy, Stage
from readiness.readiness import WORST_FIRST, Blocker, ConditionShown, DecisionShown, Rag, Readiness, WaiverShown
from readiness.region import Verdict
from readiness.values import Frozen, Moment
from store.board import BoardRow, board
from store.ledger import Happening, timeline
from store.names import names_of
from store.people import Sought, tracker_now
from store.regions import latest_region

_BOARD = Cursors(tuple[str, str])
_PEOPLE = Cursors(tuple[str])
_TIMELINE = Cursors(tuple[int])

_ENVELOPE = frozenset({"type", "at", "person", "command_id", "command_digest"})
"""What a timeline shows of an event by itself; the rest is its data."""


class BoardAnswer(Frozen):
    """One row of the board: a readiness without its stages, with its top reasons."""

    product: str
    region: str
    run: int
    version: int
    name: str
    product_name: str
    tier: int
    wave: int
    owner: str
    stage: Stage
    verdict: Verdict
    rag: Rag
    index: float
    coverage: float
    launch_at: AwareDatetime
    time_zone: str
    forecast_at: Moment | None
    as_of: Moment | None
    reasons: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    decision: DecisionShown | None
    conditions: tuple[ConditionShown, ...]
    waivers: tuple[WaiverShown, ...]


class TierAnswer(Frozen):
    """The defaults of one tier: its policy as a plan document has it, and days before the launch instant."""

    tier: int
    lead_time_days: int
    due_days: dict[Stage, int]
    policy: dict[str, Any]


def reading_router() -> APIRouter:
    """Return the routes by which everybody sees where things stand."""
    router = guarded_router(prefix="/v1", tags=["readiness"])
    region = "/launches/{product}/regions/{region}"
    router.add_api_route("/readiness", readiness_board, methods=["GET"], response_model=Listing[BoardAnswer])
    router.add_api_route("/policies", policies, methods=["GET"], response_model=Listing[TierAnswer])
    router.add_api_route(
        "/launches/{product}/readiness", product_readiness, methods=["GET"], response_model=ProductReadiness
    )
    router.add_api_route(f"{region}/readiness", readiness, methods=["GET"], response_model=Readiness)
    router.add_api_route(f"{region}/people", people, methods=["GET"], response_model=Listing[PersonAnswer])
    router.add_api_route(f"{region}/timeline", events, methods=["GET"], response_model=Listing[TimelineEntry])
    return router


async def readiness_board(
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_BOARD, judged=Judged.BY_FILTER)],
    product: Annotated[str | None, Query(max_length=64)] = None,
    region: Annotated[str | None, Query(max_length=64)] = None,
    verdict: Verdict | None = None,
    rag: Rag | None = None,
    stage: Stage | None = None,
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """Return the board: one row per product and region, as last counted."""
    allowed = allowed_regions(actor, Action.READ_BOARD)
    filters = {"product": product, "region": region, "verdict": verdict, "rag": rag, "stage": stage}
    holder = deps.holder(actor)
    after = _BOARD.read(cursor, of="board", holder=holder, filters=filters)

    def page() -> Response:
        with deps.store.reading() as tx:
            rows = board(
                tx,
                product=product,
                region=region,
                verdict=verdict,
                rag=rag,
                stage=stage,
                within=None if allowed.everywhere else allowed.named,
                after=after,
                limit=limit + 1,
                now=deps.store.now(tx),
            )
        shown = rows[:limit]
        following = None
        if len(rows) > limit:
            following = _BOARD.write(
                (shown[-1].product, shown[-1].region), of="board", holder=holder, filters=filters
            )
        return listed([board_answer(row) for row in shown], following)

    return await run_in_threadpool(page)


async def product_readiness(
    product: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_READINESS, judged=Judged.BY_FILTER)],
) -> ProductReadiness:
    """Return a product's readiness over the regions that you may see."""
    allowed = allowed_regions(actor, Action.READ_READINESS)

    def read() -> tuple[BoardRow, ...]:
        with deps.store.reading() as tx:
            within = None if allowed.everywhere else allowed.named
            return board(tx, product=product, within=within, limit=MOST_REGIONS, now=deps.store.now(tx))

    rows = await run_in_threadpool(read)
    if not rows:
        raise launch_not_found(product)
    worst = [reason for colour in WORST_FIRST for row in rows if row.rag is colour for reason in row.reasons[:1]]
    return ProductReadiness(
        product=product,
        name=rows[0].product_name,
        tier=rows[0].tier,
        verdicts=dict(sorted(Counter(row.verdict.value for row in rows).items())),
        colours={colour.value: sum(row.rag is colour for row in rows) for colour in WORST_FIRST},
        reasons=tuple(dict.fromkeys(worst))[:3],
        regions=tuple(board_answer(row).model_dump(mode="json") for row in rows),
    )


_AS_OF = re.compile(r'"as_of":"[^"]*",')
"""What of a readiness, as JSON, no tag speaks for; a text that reads so has its quotes escaped there."""


def _told(found: Readiness, if_none_match: str | None) -> Response:
    """Return a readiness as it is sent, with the tag of all but when it was gathered; 304 where that is known."""
    # It is valid as it was computed: validating it once more costs as much as computing it.
    text = found.model_dump_json()
    tag = entity_tag(_AS_OF.sub("", text, count=1))
    known = not_modified(if_none_match, tag)
    return known or Response(text.encode(), media_type="application/json", headers={"ETag": tag})


def _readiness_asked(tx: Connection, request: Request, _actor: Actor) -> Response | None:
    """Answer what is asked for without a query, in the transaction that reads the roles of who asks."""
    if request.scope["query_string"]:
        return None
    product, region = request.path_params["product"], request.path_params["region"]
    found = readiness_of_latest(tx, product, region, now=dependencies_of(request).store.now(tx))
    return _told(found, request.headers.get("if-none-match"))


async def readiness(
    deps: Deps,
    product: str,
    region: str,
    actor: Annotated[Actor, requires(Action.READ_READINESS, reads=_readiness_asked)],
    if_none_match: KnownTags = None,
    at: Annotated[Moment | None, Query(description="Judge as of this instant instead.")] = None,
) -> Response:
    """Return the readiness of one region, computed live, judged as of its launch instant or of `at`."""
    del actor
    return await run_in_threadpool(lambda: _told(region_readiness(deps.store, product, region, at=at), if_none_match))


class PeopleAsked(BaseModel):
    """Which people of a region are asked for."""

    status: list[PersonStatus] | None = Field(None, description="Only people of these statuses.")
    manager: str | None = Field(None, max_length=128)
    territory: str | None = Field(None, max_length=300)
    course: str | None = Field(None, max_length=128, description="Only who has not completed it.")
    name: str | None = Field(None, max_length=128, description="Only whose name or id has this in it.")
    cursor: str | None = Field(None, max_length=LONGEST_CURSOR, description=ABOUT_CURSOR)
    limit: int = Field(PAGE_SIZE, ge=1, le=LARGEST_PAGE, description=ABOUT_LIMIT)

    @property
    def sought(self) -> Sought:
        """Whom the store is to look for."""
        statuses = tuple(sorted(set(self.status or ())))
        return Sought(statuses, self.manager, self.territory, self.course, self.name)


def _people_asked(tx: Connection, request: Request, actor: Actor) -> Response | None:
    """Answer what is asked for, in the transaction that reads the roles of who asks; None where the query is at
    fault, which FastAPI tells."""
    query = request.query_params
    try:
        asked = PeopleAsked.model_validate(
            {name: query.getlist(name) if name == "status" else value for name, value in query.items()}
        )
    except ValidationError:
        return None
    deps = dependencies_of(request)
    product, region = request.path_params["product"], request.path_params["region"]
    filters = {"product": product, "region": region, **asked.sought._asdict()}
    holder = deps.holder(actor)
    after = _PEOPLE.read(asked.cursor, of="people", holder=holder, filters=filters)
    found = tracker_now(
        tx,
        product,
        region,
        now=deps.store.now(tx),
        sought=asked.sought,
        cursor=after[0] if after else None,
        limit=asked.limit,
    )
    if found is None:
        raise region_not_found(product, region)
    rows, last = found
    following = _PEOPLE.write((last,), of="people", holder=holder, filters=filters) if last is not None else None
    return listed(rows, following)


async def people(
    product: str,
    region: str,
    actor: Annotated[Actor, requires(Action.READ_PEOPLE, reads=_people_asked)],
    asked: Annotated[PeopleAsked, Query()],
) -> Response:
    """Return who is in the audience and who is missing what, by person id."""
    del actor
    # FastAPI refuses before this what the door has left to it.
    raise RuntimeError(f"nobody read who is asked for in {product}, {region}: {asked}")


async def events(
    product: str,
    region: str,
    deps: Deps,
    actor: Annotated[Actor, requires(Action.READ_TIMELINE)],
    cursor: CursorText = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """Return what happened to a region launch, oldest first, with who asked for it and why."""
    filters = {"product": product, "region": region}
    holder = deps.holder(actor)
    after = _TIMELINE.read(cursor, of="timeline", holder=holder, filters=filters)

    def page() -> Response:
        with deps.store.reading() as tx:
            key = latest_region(tx, product, region)
            if key is None:
                raise region_not_found(product, region)
            happened = timeline(tx, key, after=after[0] if after else 0, limit=limit + 1)
            names = names_of(tx, [h.row.event.person for h in happened if h.row.event.person is not None])
        shown = happened[:limit]
        following = None
        if len(happened) > limit:
            following = _TIMELINE.write((shown[-1].row.version,), of="timeline", holder=holder, filters=filters)
        return listed([timeline_entry(happening, names) for happening in shown], following)

    return await run_in_threadpool(page)


async def policies(
    actor: Annotated[Actor, requires(Action.READ_POLICIES)],
) -> Listing[TierAnswer]:
    """Return the defaults of each tier."""
    del actor
    return Listing(items=[tier_answer(policy) for _, policy in sorted(TIERS.items())])


def tier_answer(policy: Policy) -> TierAnswer:
    """Return the defaults of a tier as they are shown."""
    return TierAnswer(
        tier=policy.tier,
        lead_time_days=policy.lead_time_days,
        due_days={stage: policy.due_days_of(stage) for stage in GATED_STAGES},
        policy=policy_as_document(policy),
    )


def board_answer(row: BoardRow) -> BoardAnswer:
    """Return a row of the board as it is shown, its launch instant on the region's own clock."""
    return BoardAnswer(
        product=row.product,
        region=row.region,
        run=row.run,
        version=row.version,
        name=row.name,
        product_name=row.product_name,
        tier=row.tier,
        wave=row.wave,
        owner=row.owner,
        stage=row.stage,
        verdict=row.verdict,
        rag=row.rag,
        index=row.index,
        coverage=row.coverage,
        launch_at=_local(row.launch_at, row.time_zone),
        time_zone=row.time_zone,
        forecast_at=row.forecast_at,
        as_of=row.as_of,
        reasons=row.reasons,
        blockers=row.blockers,
        decision=row.decision,
        conditions=row.conditions,
        waivers=row.waivers,
    )


def _is_sealed(event: RegionEvent) -> bool:
    """A ballot's reason would tell how it voted; the poll tells both once it has closed."""
    return isinstance(event, BallotCast)


def timeline_entry(happening: Happening, names: dict[str, str]) -> TimelineEntry:
    """Return what happened as it is shown, with the words of who asked."""
    row: RegionRow = happening.row
    event = row.event
    command = happening.command
    return TimelineEntry(
        version=row.version,
        at=event.at,
        type=event.type,
        person=event.person,
        name=happening.printed or (names.get(event.person) if event.person is not None else None),
        reason=command.body.get("reason") if command is not None and not _is_sealed(event) else None,
        data=event.model_dump(mode="json", exclude=set(_ENVELOPE)),
        meaning=meaning_of(command.kind, command.body) if command is not None and not _is_sealed(event) else None,
    )


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))
