"""Does a go live on in the store only as far as its policy and the command log carry it?"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update

from api.live import region_readiness
from readiness.commands import Choice, RegionCommand, Role
from readiness.events import RegionEvent
from readiness.keys import RegionKey
from readiness.lasting import GoRevived, RegionSlipped
from readiness.ledger import LaunchDenied, Launched, Look, NotNow, Proposal, RegionRow
from readiness.region import Verdict
from readiness.rules import fold
from store.board import board
from store.checking import unfounded
from store.guards import unguard
from store.ledger import ProposalForged, rows_after
from store.projection import move_row
from store.proof import unfounded_revival
from store.records_schema import commands, ledger
from store.regions import lock_region
from store.settling import settle
from tests.readiness.builders import LAUNCH_AT, OWNER, lasting
from tests.store.desk import PRODUCT, Desk

DAY = timedelta(days=1)


def gone(desk: Desk) -> RegionKey:
    """Return a region with a standing go that covers a slip of seven days."""
    desk.policy = lasting()
    return desk.with_go()


def slip(desk: Desk, key: RegionKey, launch_at: datetime) -> RegionCommand:
    """Log the wish to launch at another instant."""
    return desk.ask(
        key, "reschedule", OWNER, Role.PRODUCT_MANAGER, launch_at=launch_at, wall_clock=f"{launch_at:%Y-%m-%dT%H:%M}"
    )


def types(desk: Desk, key: RegionKey) -> list[str]:
    """Return the types of the events of a region, in order."""
    with desk.store.reading() as tx:
        return [row.event.type for row in rows_after(tx, key, 0)]


def test_a_slipped_go_launches_at_the_new_instant_and_not_before(desk: Desk) -> None:
    """Board, page and check agree on it, and both locks prove it anew as of the later instant."""
    key = gone(desk)
    later = LAUNCH_AT + 7 * DAY
    desk.accepted(key, slip(desk, key, later))
    assert types(desk, key)[-1] == "region_slipped"
    shown = region_readiness(desk.store, PRODUCT, "emea")
    assert (shown.verdict, shown.launch_at) == (Verdict.GO, later)
    assert shown.decision is not None
    assert (shown.decision.launch_at, shown.decision.slipped_to) == (LAUNCH_AT, later)
    with desk.store.reading() as tx:
        assert [(row.verdict, row.launch_at) for row in board(tx)] == [("go", later)]
        assert unfounded(tx) == ()
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), NotNow)
    desk.look(key)
    desk.clock.now = later
    assert isinstance(desk.launch(key), Launched)


def test_passes_that_lapse_between_the_two_instants_end_the_go(desk: Desk) -> None:
    """Facts are counted for the instant that is asked for, in the look that the move is proposed on."""
    desk.policy = lasting(3)
    lapse_at = desk.clock.now + timedelta(days=364)
    (key,) = desk.start("emea", launch_at=lapse_at - 10 * DAY)
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(key)
    desk.look(key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    desk.accepted(key, slip(desk, key, lapse_at - DAY))
    assert types(desk, key)[-1] == "region_slipped"
    desk.accepted(key, slip(desk, key, lapse_at + DAY))
    assert "region_rescheduled" in types(desk, key)
    assert (desk.region(key).decision, desk.region(key).launch_at) == (None, lapse_at + DAY)


def test_a_proposal_to_slip_further_than_the_go_covers_gives_nothing(desk: Desk) -> None:
    """A workflow may be lied to; what the fold makes of such a row is a reschedule without a go."""
    key = gone(desk)
    too_far = LAUNCH_AT + 8 * DAY
    asked = slip(desk, key, too_far)
    lie = RegionSlipped(
        at=desk.clock.now,
        person=OWNER,
        command_id=asked.command_id,
        launch_at=too_far,
        wall_clock=f"{too_far:%Y-%m-%dT%H:%M}",
        choice=Choice.GO,
    )
    settle(desk.store, key, desk.region(key).version, asked, Proposal(events=(lie,)))
    assert desk.region(key).decision is None
    desk.clock.now = too_far
    assert isinstance(desk.launch(key), LaunchDenied)


def test_a_slip_that_nobody_asked_for_is_not_written(desk: Desk) -> None:
    """It keeps a go, so it gives: the ledger takes it only with its command."""
    key = gone(desk)
    before = desk.region(key)
    forged = RegionSlipped(at=desk.clock.now, launch_at=LAUNCH_AT + DAY, wall_clock="later", choice=Choice.GO)
    with pytest.raises(ProposalForged, match="nobody asked for"):
        settle(desk.store, key, before.version, Look(), Proposal(events=(forged,)))
    assert desk.region(key) == before


def test_a_slip_whose_command_asked_for_another_instant_launches_nothing(desk: Desk) -> None:
    """The row and the command must say the same."""
    key = gone(desk)
    later = LAUNCH_AT + DAY
    asked = slip(desk, key, later)
    desk.accepted(key, asked)
    with desk.store.writing() as tx:
        unguard(tx)
        other = asked.model_copy(update={"launch_at": later + DAY}).model_dump(mode="json")
        tx.execute(update(commands).where(commands.c.id == asked.command_id).values(command=other))
    desk.clock.now = later
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("region_slipped" in objection for objection in answer.objections)


def lost(desk: Desk) -> RegionKey:
    """Return a region whose go a gate took away, and may still revive."""
    desk.policy = lasting(2)
    key = desk.with_go()
    desk.void_passes("emea")
    desk.look(key)
    assert desk.region(key).lost is not None
    return key


def claim(desk: Desk, key: RegionKey, event: RegionEvent) -> None:
    """Write an event into the ledger as somebody with the database's password could."""
    with desk.store.writing() as tx:
        record = lock_region(tx, key)
        row = RegionRow(version=record.version + 1, event=event)
        where = {"product": key.product, "region": key.region, "run": key.run, "version": row.version}
        written = {"type": event.type, "at": event.at, "event": event.model_dump(mode="json")}
        tx.execute(insert(ledger).values(**where, **written, core_version=row.core_version))
        region = fold(key, record.region, [row])
        assert region is not None
        move_row(tx, record, region, now=desk.clock.now)


def revival(desk: Desk, version: int, *, after: timedelta = timedelta(0)) -> GoRevived:
    """Return the claim that the decision of that version stands again."""
    return GoRevived(at=desk.clock.now + after, choice=Choice.GO, decision_version=version)


def test_a_revived_go_launches(desk: Desk) -> None:
    """Facts that come back bring the go back, on the board too, and both locks agree."""
    key = lost(desk)
    hold = region_readiness(desk.store, PRODUCT, "emea").hold
    assert hold is not None
    assert hold.revives_until == desk.clock.now + timedelta(hours=24)
    desk.clock.now += timedelta(hours=2)
    desk.teach("emea")
    desk.look(key)
    assert types(desk, key)[-2:] == ["stage_passed", "go_revived"]
    with desk.store.reading() as tx:
        assert [row.verdict for row in board(tx)] == ["go"]
        assert unfounded(tx) == ()
    desk.void_passes("emea")
    desk.look(key)
    desk.teach("emea")
    desk.look(key)
    assert types(desk, key).count("go_revived") == 2
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_a_revival_of_what_was_not_lost_is_not_written(desk: Desk) -> None:
    """Whoever can reach Temporal may propose anything; the ledger remembers whether a go was lost."""
    desk.policy = lasting(2)
    key = desk.ready()
    before = desk.region(key)
    with pytest.raises(ProposalForged, match="may stand again"):
        settle(desk.store, key, before.version, Look(), Proposal(events=(revival(desk, before.version),)))
    assert desk.region(key) == before


@pytest.mark.parametrize("what", ["never decided", "too late", "another decision", "after a person's hold"])
def test_a_row_that_revives_what_may_not_stand_again_launches_nothing(desk: Desk, what: str) -> None:
    """Written past every door, it is an objection of its own at the launch, and no go stands by the fold."""
    if what == "never decided":
        desk.policy = lasting(2)
        key = desk.ready()
    else:
        key = lost(desk)
    if what == "after a person's hold":
        desk.accepted(key, desk.hold(key))
    late = timedelta(hours=25) if what == "too late" else timedelta(0)
    decided = 2 if what == "another decision" else types(desk, key).count("decision_taken") and _decided(desk, key)
    claim(desk, key, revival(desk, decided, after=late))
    desk.teach("emea")
    assert desk.region(key).decision is None
    with desk.store.reading() as tx:
        rows = rows_after(tx, key, 0)
    claimed = rows[-1].event
    assert isinstance(claimed, GoRevived)
    assert unfounded_revival(claimed, rows) != ()
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), LaunchDenied)


def won_and_not_revived(desk: Desk, key: RegionKey) -> None:
    """Have the gates close again, with a workflow that keeps the revival to itself."""
    desk.teach("emea")
    region, proposal, evidence = desk.proposed(key, Look())
    kept = tuple(event for event in proposal.events if event.type in {"criteria_judged", "stage_passed"})
    settle(desk.store, key, region.version, Look(), Proposal(events=kept[:2]), evidence=evidence)


def test_a_revival_that_names_another_decision_than_was_lost_is_an_objection(desk: Desk) -> None:
    """The fold gives back what it remembers; the second lock reads the rows as well, and both must agree."""
    key = lost(desk)
    won_and_not_revived(desk, key)
    claim(desk, key, revival(desk, 2))
    assert desk.region(key).decision is not None
    desk.clock.now = LAUNCH_AT
    desk.look(key)
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("no such go had been decided" in objection for objection in answer.objections)


def test_a_revival_dated_back_gives_nothing(desk: Desk) -> None:
    """A row that claims an earlier moment than the one it follows is no revival in time."""
    key = lost(desk)
    in_time = desk.clock.now + timedelta(hours=1)
    desk.clock.now += timedelta(hours=30)
    won_and_not_revived(desk, key)
    claim(desk, key, GoRevived(at=in_time, choice=Choice.GO, decision_version=_decided(desk, key)))
    assert desk.region(key).decision is None
    with desk.store.reading() as tx:
        rows = rows_after(tx, key, 0)
    claimed = rows[-1].event
    assert isinstance(claimed, GoRevived)
    assert "the go revived too late" in unfounded_revival(claimed, rows)


def _decided(desk: Desk, key: RegionKey) -> int:
    return types(desk, key).index("decision_taken") + 1
