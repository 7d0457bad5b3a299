"""Where does every function stand on the launch, and which positions still count?"""

# A ballot stays sealed until every seat has voted or the clock has run out: until then commands and events say that a
# function has voted, and never how.

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.commands import ROLE_OF_FUNCTION, AcceptedDissent, CastBallot, OpenPoll, Stance
from readiness.consent_refusals import (
    DissentNotAccepted,
    DissentUnknown,
    PollAlreadyOpen,
    PollNotHeld,
    PollNotOpen,
    SeatHasVoted,
    SeatUnknown,
    TwoSeatsOnePerson,
    VotesMissing,
)
from readiness.events import BallotCast, OpenedBallot, PollClosed, PollOpened, RegionEvent
from readiness.evidence import Evidence
from readiness.policy import LEARNING_STAGES, AbsentSeat, Function, Stage
from readiness.refusals import FunctionNotHeld
from readiness.refusing import by, refuse
from readiness.region import RegionLaunch
from readiness.role_values import RoleLost

RESTS_ON: dict[Function, tuple[Stage, ...]] = {
    Function.MARKETING: (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING),
    Function.SALES: LEARNING_STAGES,
    Function.ENABLEMENT: (Stage.TRAINING, Stage.CERTIFICATION),
    Function.PRODUCT: LEARNING_STAGES,
}
"""What a function's position rests on: it votes again only after one of these was closed anew. Product's rests on the
launch instant too."""


def poll_opened(
    region: RegionLaunch, command: OpenPoll, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return the opening of a poll over the gates that are met; raises CommandRefused."""
    rules = region.policy.go_no_go
    if not rules.polled:
        raise refuse(
            PollNotHeld, "The policy of this launch gives nobody a seat. An executive may decide right away."
        )
    if region.poll is not None and region.poll.closed_at is None:
        raise refuse(
            PollAlreadyOpen,
            "A poll is open. Vote in it, or wait until it closes.",
            by=region.poll.opened_by,
            at=region.poll.opened_at,
        )
    carried = tuple(ballot for ballot in _opened(region) if still_counts(region, ballot, evidence))
    if len(carried) == len(rules.polled):
        raise refuse(PollAlreadyOpen, "Every seat has voted on what stands now. An executive may decide.")
    closes_at = now + timedelta(hours=rules.poll_hours)
    return (PollOpened(seats=rules.polled, closes_at=closes_at, carried=carried, **by(command, now)),)


def ballot_cast(region: RegionLaunch, command: CastBallot, now: datetime) -> tuple[RegionEvent, ...]:
    """Return a sealed ballot; raises CommandRefused."""
    poll = region.poll
    if poll is None or poll.closed_at is not None or poll.closes_at <= now:
        raise refuse(PollNotOpen, "No poll is open in this region. Have one opened first.")
    if command.role is not ROLE_OF_FUNCTION[command.function]:
        raise refuse(
            FunctionNotHeld,
            f"Only someone with the role {ROLE_OF_FUNCTION[command.function].value} in this region "
            f"votes for {command.function.value}.",
        )
    carried = {ballot.function for ballot in poll.carried}
    if command.function not in poll.seats or command.function in carried:
        asked = ", ".join(seat for seat in poll.seats if seat not in carried)
        raise refuse(SeatUnknown, f"This poll asks {asked}, not {command.function.value}.")
    voted = next((ballot for ballot in poll.sealed if ballot.function is command.function), None)
    if voted is not None:
        raise refuse(SeatHasVoted, f"The ballot of {command.function.value} is in.", by=voted.person, at=voted.at)
    voters = {ballot.person for ballot in poll.sealed} | {ballot.person for ballot in poll.carried}
    if command.person in voters:
        raise refuse(TwoSeatsOnePerson, "You voted for another function. Someone else votes for this one.")
    return (BallotCast(function=command.function, **by(command, now)),)


def poll_closes(region: RegionLaunch, evidence: Evidence | None, now: datetime) -> Iterator[RegionEvent]:
    """Yield the closing of the poll once every seat has voted, or its clock has run out, and the ballots are told."""
    poll = region.poll
    if poll is None or evidence is None or not poll.may_close_at(now):
        return
    told = {ballot.command_id: ballot for ballot in evidence.ballots}
    if any(ballot.command_id not in told for ballot in poll.sealed):
        return
    opened = {ballot.function: ballot for ballot in poll.carried}
    for sealed in poll.sealed:
        opened[sealed.function] = OpenedBallot(
            function=sealed.function,
            stance=told[sealed.command_id or ""].stance,
            person=sealed.person,
            at=sealed.at,
            command_id=sealed.command_id,
        )
    absent = Stance.DISSENT if region.policy.go_no_go.absent is AbsentSeat.DISSENT else None
    yield PollClosed(
        at=now,
        ballots=tuple(opened.get(seat, OpenedBallot(function=seat, stance=absent)) for seat in poll.seats),
    )


def next_closing_at(region: RegionLaunch, *, now: datetime) -> datetime | None:
    """Return when the poll is to be closed: now where it may be, else when its clock runs out."""
    poll = region.poll
    if poll is None or poll.closed_at is not None:
        return None
    return now if poll.may_close_at(now) else poll.closes_at


def still_counts(region: RegionLaunch, ballot: OpenedBallot, evidence: Evidence | None) -> bool:
    """Say whether nothing that the ballot rests on was closed anew, reopened or moved since it was cast, and nobody
    withdrew the role that it was cast by.

    An absent seat counts for the poll in which it was absent: it is asked again in the next.
    """
    if ballot.at is None:
        return False
    return _rests(region, ballot.function, ballot.at) and ballot_lost(ballot, evidence) is None


def ballot_lost(ballot: OpenedBallot, evidence: Evidence | None) -> RoleLost | None:
    """Return the withdrawal by which the ballot counts no more; None where it counts as far as roles go."""
    if evidence is None:
        return None
    return evidence.lost(ballot.person, ROLE_OF_FUNCTION[ballot.function], given_at=ballot.at)


def moved_seats(region: RegionLaunch) -> tuple[Function, ...]:
    """Return the seats of the closed poll whose evidence has changed since they voted, or were absent, and those that
    the policy has named since: what the ledger alone tells."""
    poll = region.poll
    if poll is None or poll.closed_at is None:
        return ()
    return tuple(
        ballot.function
        for ballot in poll.opened
        if not _rests(region, ballot.function, ballot.at if ballot.at is not None else poll.closed_at)
    ) + tuple(seat for seat in region.policy.go_no_go.polled if seat not in poll.seats)


def unmade_ballots(region: RegionLaunch, evidence: Evidence | None) -> dict[Function, RoleLost]:
    """Return the seats of the closed poll whose voter had the role withdrawn since, with the withdrawal."""
    found = {ballot.function: ballot_lost(ballot, evidence) for ballot in _opened(region)}
    return {function: lost for function, lost in found.items() if lost is not None}


def stale_seats(region: RegionLaunch, evidence: Evidence | None) -> tuple[Function, ...]:
    """Return the seats of the closed poll that are to vote again."""
    moved = moved_seats(region)
    return moved + tuple(seat for seat in unmade_ballots(region, evidence) if seat not in moved)


def require_votes(region: RegionLaunch, accepted: tuple[AcceptedDissent, ...], *, is_spared: bool) -> None:
    """Raise CommandRefused unless enough seats have voted for a go, or the poll `is_spared`, and every dissent is
    accepted by name."""
    ballots = _opened(region)
    dissents = [ballot.function for ballot in ballots if ballot.stance is Stance.DISSENT]
    named = {dissent.function for dissent in accepted}
    unknown = tuple(function.value for function in sorted(named - set(dissents)))
    if unknown:
        raise refuse(
            DissentUnknown, f"There is no dissent of {', '.join(unknown)} to accept. Leave it out.", functions=unknown
        )
    is_asked = region.policy.go_no_go.polled and not is_spared
    needed = region.policy.go_no_go.votes_needed if is_asked else 0
    voted = sum(not ballot.is_absent for ballot in ballots)
    missing = tuple(function.value for function in dissents if function not in named)
    if missing:
        raise refuse(
            DissentNotAccepted,
            f"The dissent of {', '.join(missing)} stands. Accept it by name with a reason in `dissents_accepted`, "
            "or decide no_go.",
            functions=missing,
        )
    if voted < needed:
        raise refuse(
            VotesMissing,
            f"A go needs the votes of {needed} seats, and {voted} have voted. Poll again, or decide no_go.",
            needed=needed,
            voted=voted,
        )


def _rests(region: RegionLaunch, function: Function, at: datetime) -> bool:
    closed = [region.stage(stage).closed_at for stage in RESTS_ON[function]]
    if function is Function.PRODUCT and _is_moved(region, at):
        return False
    return all(moment is not None and moment <= at for moment in closed)


def _is_moved(region: RegionLaunch, at: datetime) -> bool:
    """Say whether the launch instant has moved since `at`, for whoever rests on it.

    A slip that the go covers asks nobody: while that go stands, product's ballot is part of it, and the policy said
    beforehand how far it reaches. Once the go is gone the next one is for another instant than product voted on, so
    its seat votes again.
    """
    has_go = region.decision is not None and region.decision.is_go
    moves = (region.moved_at, None if has_go else region.slipped_at)
    return any(moved_at is not None and moved_at > at for moved_at in moves)


def _opened(region: RegionLaunch) -> tuple[OpenedBallot, ...]:
    return region.poll.opened if region.poll is not None and region.poll.closed_at is not None else ()
