"""What does a region remember of what it lost and whom it waits for?"""

# Part of the fold: what these functions make of a written event never changes either. Launches whose policy knows
# neither revivals nor idle seats remember nothing, so that their ledgers fold to what they did before there were any.

from readiness.events import (
    BallotCast,
    CriteriaJudged,
    HoldCause,
    PollClosed,
    PollOpened,
    RegionEvent,
    RegionHeld,
    SentBack,
    SignedOff,
    SignOffVoided,
    StagePassed,
    StageReopened,
    StageWaived,
)
from readiness.policy import Stage
from readiness.region import IdleSeat, LostGo, RegionLaunch
from readiness.seat_events import SeatIdled, SeatNamed


def lost_go(region: RegionLaunch, event: RegionEvent) -> LostGo | None:
    """Return what is remembered after `event` of a go that a gate took away.

    It is remembered from the first gate that reopens under it, and only if the hold that follows is for that; then
    gates may close and reopen, and whatever else happens makes it forgotten.
    """
    decision = region.decision
    match event:
        case CriteriaJudged() | StagePassed() | StageWaived():
            return region.lost
        case StageReopened() if decision is not None and decision.is_go and region.lost is None:
            return LostGo(decision=decision, stages=region.stages)
        case StageReopened():
            return region.lost
        case RegionHeld(cause=HoldCause.GATE_UNMET) if region.lost is not None and region.lost.held_at is None:
            return region.lost.model_copy(update={"held_at": event.at})
        case _:
            return None


def idle_seats(region: RegionLaunch, event: RegionEvent) -> tuple[IdleSeat, ...]:
    """Return the seats that are with the executive after `event`: until they are filled, or asked anew."""
    match event:
        case SeatIdled():
            idled = IdleSeat(stage=event.stage, function=event.function, since=event.since, escalated_at=event.at)
            return (*_others(region, idled), idled)
        case SeatNamed():
            named = {"named": event.named, "named_by": event.person, "named_at": event.at}
            return tuple(
                seat.model_copy(update=named) if seat.function is event.function else seat for seat in region.idle
            )
        case SignedOff() | SentBack() | SignOffVoided():
            acted = (event.stage, event.function)
            return tuple(seat for seat in region.idle if (seat.stage, seat.function) != acted)
        case BallotCast():
            voted = (Stage.GO_NO_GO, event.function)
            return tuple(seat for seat in region.idle if (seat.stage, seat.function) != voted)
        case PollOpened() | PollClosed():
            return tuple(seat for seat in region.idle if seat.stage is not Stage.GO_NO_GO)
        case StagePassed() | StageWaived() | StageReopened():
            return tuple(seat for seat in region.idle if seat.stage is not event.stage)
        case _:
            return region.idle


def _others(region: RegionLaunch, idled: IdleSeat) -> tuple[IdleSeat, ...]:
    return tuple(seat for seat in region.idle if (seat.stage, seat.function) != (idled.stage, idled.function))
