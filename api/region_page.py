"""What does the page of one region show of its readiness and of what happened there?"""

from datetime import datetime, timedelta

from api.commanding import region_not_found
from api.decision_seen import command_of, decision_seen, record_address
from api.dependencies import Dependencies
from api.identity import Actor
from api.lacking import if_missed
from api.live import readiness_of_record
from api.page_answers import REFRESH_SECONDS, viewer_of
from api.rights import Action, can
from api.room import Given, room_acts, shown_contents
from api.room_acts import Sight
from api.speakers import speakers
from readiness.ball import Ball, tallies
from readiness.events import BallotCast, DecisionTaken
from readiness.permit import standing_of
from readiness.policy import SIGNED_STAGES
from readiness.readiness import Readiness
from store.ball import ball_after
from store.commands import logged_all
from store.content import StageContent, stage_content
from store.decision_records import latest_kept
from store.ledger import Happening, timeline
from store.names import names_of
from store.permits import permit_in
from store.regions import latest_region, region_record
from templates.happenings import happening
from templates.pages import HeldFor, PolicyWaits, RegionPage, TimelineLine

LATEST_ENTRIES = 20
"""Entries of the timeline that the page shows: what happened lately; all of it is in the API."""


WORTH_TELLING = timedelta(hours=1)
"""Who held a region for less, and holds it no more, is left out."""


def region_page(
    deps: Dependencies,
    actor: Actor,
    product: str,
    region: str,
    *,
    given: Given | None = None,
    opened: str | None = None,
) -> RegionPage:
    """Return the page of the latest run of `product` in `region`; raises the problem `not-found`.

    Forms that are `given` keep what was filled in, and that of the act called `opened` lies open.
    """
    with deps.store.reading() as tx:
        key = latest_region(tx, product, region)
        if key is None:
            raise region_not_found(product, region)
        read_at = deps.store.now(tx)
        record = region_record(tx, key)
        readiness = readiness_of_record(tx, record, now=read_at)
        shown: tuple[Happening, ...] = ()
        if can(actor, Action.READ_TIMELINE, region):
            shown = timeline(tx, key, after=max(0, readiness.version - LATEST_ENTRIES), limit=LATEST_ENTRIES)
        taken = latest_kept(tx, key) if can(actor, Action.READ_TIMELINE, region) else None
        asked_by = command_of(taken) if can(actor, Action.READ_LEDGER, region) else None
        wish = logged_all(tx, [asked_by]).get(asked_by) if asked_by is not None else None
        seen = decision_seen(taken, readiness, asked=wish)
        ball = ball_after(tx, record, ()) if can(actor, Action.READ_BALL, region) else None
        contents: tuple[StageContent, ...] = ()
        if can(actor, Action.READ_CONTENT, region):
            contents = tuple(stage_content(tx, key, stage) for stage in SIGNED_STAGES)
        sight = Sight(record.region, readiness, contents, read_at)
        acts = room_acts(tx, deps, actor, record, sight, given=given, opened=opened)
        texts = shown_contents(tx, actor, record, contents, now=read_at)
        permit = permit_in(tx, product, region, at=read_at) if can(actor, Action.READ_PERMIT, region) else None
        change = record.region.policy_change
        asked = {entry.row.event.person for entry in shown} | persons_in(readiness) | {actor.person}
        asked |= {seen.person} if seen is not None else set()
        asked |= persons_in(seen.then) if seen is not None and seen.then is not None else set()
        asked |= {each.person for text in texts for each in text.signed}
        asked |= {each.person for text in texts for each in text.sent_back}
        asked |= {change.asked_by, change.confirmed_by} if change is not None else set()
        asked |= {blocker.named for blocker in readiness.blockers}
        names = names_of(tx, {person for person in asked if person is not None})
        spoken = speakers(tx, deps, actor, (region,), now=read_at)
    return RegionPage(
        viewer=viewer_of(actor, deps, name=names.get(actor.person)),
        # A page that reloads by itself would lose what is being typed.
        refresh_seconds=REFRESH_SECONDS if not acts.offers else None,
        readiness=readiness,
        read_at=read_at,
        names=names,
        timeline=tuple(_line(entry, names, product, region) for entry in reversed(shown)),
        earlier=shown[0].row.version - 1 if shown else 0,
        held_for=_held_for(ball, readiness.time_zone, now=read_at) if ball is not None else (),
        shows_people=can(actor, Action.READ_PEOPLE, region),
        shows_record=can(actor, Action.READ_LEDGER, region),
        if_missed=if_missed(actor, record.region, readiness),
        speakers=spoken.names.get(region, {}),
        seen=seen,
        change=PolicyWaits(
            asked_by=change.asked_by,
            asked_at=change.asked_at,
            applies=change.applies,
            confirmed_by=change.confirmed_by,
            from_at=change.from_at,
        )
        if change is not None
        else None,
        contents=texts,
        acts=acts,
        sale=standing_of(permit.found) if permit is not None else None,
    )


def _held_for(ball: Ball, zone: str, *, now: datetime) -> tuple[HeldFor, ...]:
    each = [t for t in tallies(ball, zone=zone, now=now) if t.holding or t.span >= WORTH_TELLING]
    longest = max((tally.days for tally in each), default=0.0) or 1.0
    return tuple(
        HeldFor(
            function=tally.function,
            stage=tally.stage,
            elapsed=tally.span,
            working_days=tally.days,
            share=tally.days / longest,
            holding=tally.holding > 0,
        )
        for tally in each
    )


def persons_in(readiness: Readiness) -> set[str | None]:
    """Return everybody whom a readiness speaks of."""
    waivers, lessons = readiness.waivers, readiness.must_address
    seats = readiness.poll.seats if readiness.poll is not None else ()
    return {
        readiness.owner,
        *(seat.person for seat in seats),
        *(condition.owner for condition in readiness.conditions),
        *(waiver.requested_by for waiver in waivers),
        *(waiver.answered_by for waiver in waivers),
        *(lesson.addressed_by for lesson in lessons),
        readiness.decision.person if readiness.decision is not None else None,
        readiness.hold.person if readiness.hold is not None else None,
    }


def _line(entry: Happening, names: dict[str, str], product: str, region: str) -> TimelineLine:
    event = entry.row.event
    body = entry.command.body if entry.command is not None else None
    # A ballot's reason would tell how it voted: the poll tells both once it has closed.
    reason = body.get("reason") if isinstance(body, dict) and not isinstance(event, BallotCast) else None
    return TimelineLine(
        version=entry.row.version,
        at=event.at,
        what=happening(event),
        who=names.get(event.person, event.person) if event.person is not None else None,
        reason=reason if isinstance(reason, str) else None,
        record_address=record_address(product, region, entry.row.version)
        if isinstance(event, DecisionTaken)
        else None,
    )
