"""What do the sealed ballots of a poll say, and who may be told?"""

# How a seat voted lies in the command log alone. It is told once every seat has voted or the clock has run out, and
# nothing is believed of a closed poll that the log does not hold.

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from readiness.commands import CastBallot, Stance
from readiness.events import OpenedBallot, PollClosed
from readiness.evidence import BallotTold
from readiness.keys import RegionKey
from readiness.region import RegionLaunch
from readiness.values import Moment
from store.commands import LoggedCommand, logged_all


def told(tx: Connection, region: RegionLaunch, *, now: Moment) -> tuple[BallotTold, ...]:
    """Return what the ballots of the region's poll say; none while it is open and a seat may still vote."""
    poll = region.poll
    if poll is None or not poll.may_close_at(now):
        return ()
    asked = logged_all(tx, (ballot.command_id for ballot in poll.sealed if ballot.command_id is not None))
    return tuple(
        BallotTold(command_id=command.id, function=command.command.function, person=command.person, stance=stance)
        for ballot in poll.sealed
        if (command := asked.get(ballot.command_id or "")) is not None
        and isinstance(command.command, CastBallot)
        and (stance := stance_of(command)) is not None
    )


def stance_of(command: LoggedCommand) -> Stance | None:
    """Return how a logged ballot voted; None where the command is no ballot that was carried out."""
    if not isinstance(command.command, CastBallot) or not command.is_accepted:
        return None
    return Stance(command.body["position"])


def untrue_ballots(key: RegionKey, event: PollClosed, logged: Mapping[str, LoggedCommand]) -> tuple[str, ...]:
    """Return every ballot of a closed poll that the command log does not hold as it was opened, with what is wrong.

    Only absence needs no command: it gives nothing.
    """
    return tuple(
        f"the ballot of {ballot.function.value} is not in the command log as it was opened"
        for ballot in event.ballots
        if not ballot.is_absent and not _is_true(key, ballot, logged.get(ballot.command_id or ""))
    )


def ballots_named(events: Iterable[object]) -> tuple[str, ...]:
    """Return the ids of the commands behind the ballots that `events` open."""
    return tuple(
        ballot.command_id
        for event in events
        if isinstance(event, PollClosed)
        for ballot in event.ballots
        if ballot.command_id is not None
    )


def _is_true(key: RegionKey, ballot: OpenedBallot, command: LoggedCommand | None) -> bool:
    return (
        command is not None
        and command.scope == key
        and isinstance(command.command, CastBallot)
        and command.command.function is ballot.function
        and command.person == ballot.person
        and stance_of(command) is ballot.stance
    )
