"""Which seat has been waited for too long, and whom may an executive name for it?"""

# A seat is a function that signs an open stage and has not, or one that has not voted in an open poll. Whom a
# function has in a region, tokens tell and the store does not: that nobody can fill a seat is not seen here, only
# that nobody did. Whoever is named still proves at the door that they speak for the function.

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from readiness.commands import NameSeat, Role
from readiness.consent_refusals import SeatNamedSelf, SeatNamerNotAllowed, SeatNotIdle, TwoSeatsOnePerson
from readiness.evaluate import evaluate
from readiness.events import RegionEvent
from readiness.evidence import Evidence
from readiness.policy import SIGNED_STAGES, CriterionKey, Function, Stage
from readiness.readiness import earliest
from readiness.refusals import TwoKeysOneHand
from readiness.refusing import by, refuse, require_reason
from readiness.region import IdleSeat, RegionLaunch, StageStatus
from readiness.seat_events import SeatIdled, SeatNamed
from readiness.working_days import after_working_days, whole_working_days

_SIGNED = frozenset({CriterionKey.VALUE_PROPOSITIONS_SIGNED, CriterionKey.OBJECTIONS_SIGNED})


class EmptySeat(NamedTuple):
    """A seat that is waited for, and since when."""

    stage: Stage
    function: Function
    since: datetime


def seats_idled(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """Yield every seat that goes to the executive, once for each time that it is waited for."""
    late = [seat for seat in _unescalated(region) if _idle_at(region, seat) <= now]
    if not late or evidence is None or evidence.launch_at != region.launch_at:
        return
    readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at)
    for seat in late:
        asked = {
            function
            for criterion in readiness.of(seat.stage)
            if criterion.key in _SIGNED or seat.stage is Stage.GO_NO_GO
            for function in criterion.waiting_on
        }
        content = evidence.content_of(seat.stage)
        changed_at = content.changed_at if content is not None else None
        since = seat.since if changed_at is None else max(seat.since, changed_at)
        # Nobody signs what is not written yet: until then it is whoever writes it that is waited for.
        if seat.function in asked and _idle_at(region, seat._replace(since=since)) <= now:
            yield SeatIdled(at=now, stage=seat.stage, function=seat.function, since=since)


def next_idle_at(region: RegionLaunch, *, now: datetime) -> datetime | None:
    """Return when a seat may next go to the executive, after `now`.

    What the region alone does not tell, since when the text stands that is to be signed, is asked again after each
    working day.
    """
    zone = region.plan.time_zone
    return earliest(
        *(
            moment
            if (moment := _idle_at(region, seat)) > now
            else after_working_days(seat.since, whole_working_days(seat.since, now, zone) + 1, zone)
            for seat in _unescalated(region)
        )
    )


def seat_named(region: RegionLaunch, command: NameSeat, now: datetime) -> tuple[RegionEvent, ...]:
    """Return that a person was named for the idle seats of a function; raises CommandRefused."""
    if command.role is not Role.EXECUTIVE:
        raise refuse(SeatNamerNotAllowed, "Only an executive for this region names another person for a seat.")
    require_reason(command, "Naming another person")
    if command.named == command.person:
        raise refuse(SeatNamedSelf, "You do not name yourself: whoever decides fills no seat. Name somebody else.")
    function = command.function.value
    idle = tuple(seat for seat in region.idle if seat.function is command.function)
    if not idle:
        waiting = ", ".join(dict.fromkeys(seat.function.value for seat in region.idle)) or "none"
        raise refuse(
            SeatNotIdle, f"No seat of {function} has been idle for too long; idle now: {waiting}. Nudge them first."
        )
    for seat in idle:
        _require_another_hand(region, seat, command.named)
    return (SeatNamed(function=command.function, named=command.named, **by(command, now)),)


def _unescalated(region: RegionLaunch) -> Iterator[EmptySeat]:
    """Yield the seats that are waited for and are not with the executive; as far as the region alone tells."""
    if not region.policy.idle_working_days or region.ending is not None:
        return
    for seat in _empty(region):
        idle = region.idle_seat(seat.stage, seat.function)
        if idle is None:
            yield seat
        elif idle.named_at is not None:
            yield seat._replace(since=max(seat.since, idle.named_at))


def _empty(region: RegionLaunch) -> Iterator[EmptySeat]:
    for stage in SIGNED_STAGES:
        state = region.stage(stage)
        if state.status not in {StageStatus.OPEN, StageStatus.REOPENED}:
            continue
        for function in region.policy.signers_of(stage):
            if region.signature(stage, function) is None:
                said = [s.at for s in region.sent_back if (s.stage, s.function) == (stage, function)]
                yield EmptySeat(stage, function, max([state.since or region.started_at, *said]))
    poll = region.poll
    if poll is not None and poll.closed_at is None:
        for function in poll.awaited:
            yield EmptySeat(Stage.GO_NO_GO, function, poll.opened_at)


def _idle_at(region: RegionLaunch, seat: EmptySeat) -> datetime:
    return after_working_days(seat.since, region.policy.idle_working_days, region.plan.time_zone)


def _require_another_hand(region: RegionLaunch, seat: IdleSeat, person: str) -> None:
    """Two functions, two people: also where the second is named, and also for the launch owner."""
    if seat.stage is Stage.GO_NO_GO:
        poll = region.poll
        ballots = [(each.function, each.person) for each in (poll.sealed if poll is not None else ())]
        ballots += [(each.function, each.person or "") for each in (poll.carried if poll is not None else ())]
        if any(voter == person and function is not seat.function for function, voter in ballots):
            raise refuse(TwoSeatsOnePerson, f"{person} has voted for another function. Name somebody else.")
        return
    hands = [(s.function, s.person) for s in region.sign_offs if s.stage is seat.stage]
    hands += [(s.function, s.named or "") for s in region.idle if s.stage is seat.stage]
    other = next((function for function, hand in hands if hand == person and function is not seat.function), None)
    if other is not None:
        raise refuse(
            TwoKeysOneHand,
            f"{person} signs this stage for {other.value}: two functions, two people. Name somebody else.",
        )
