"""Do readers learn of a waiver, a poll and a condition just what was asked, answered, voted and promised?"""

from datetime import timedelta

import pytest

from readiness.commands import Choice, Role, Stance
from readiness.events import RegionLaunched
from readiness.evidence import Evidence
from readiness.policy import TIERS, CriterionKey, Function, Stage
from readiness.readiness import CriterionResult, PollShown, Rag, Readiness, SeatShown, WaiverShown
from readiness.region import ConditionStatus, RegionLaunch, WaiverStatus
from readiness.role_values import RoleLost
from readiness.rules import evaluate, evolve, propose
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import (
    SHORT_WORLD,
    accepting,
    asked,
    at,
    ballot,
    conditional,
    deny,
    meet,
    open_poll,
    polled_region,
    revoke,
    short,
    slipped,
    voted,
    waived,
)
from tests.readiness.steps import accepted, looked, proposed, refused, signed

WAIVER = WaiverShown(
    id="waiver-1",
    stage=Stage.CERTIFICATION,
    criterion=CriterionKey.CERTIFIED_SHARE,
    status=WaiverStatus.GRANTED,
    floor=0.75,
    expires_at=LAUNCH_AT + timedelta(days=7),
    covers_launch=True,
    requested_by="en-1",
    requested_at=NOW,
    answered_by="ex-2",
    answered_at=NOW,
    ended_by=None,
    ended_at=None,
)
"""The waiver of `governing.waived`, as readers see it."""

HOUR = timedelta(hours=1)


def shown(region: RegionLaunch, world: World | Evidence) -> Readiness:
    """Return what readers see of `region` at its launch instant."""
    evidence = world.evidence(launch_at=region.launch_at) if isinstance(world, World) else world
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def criterion(region: RegionLaunch, world: World | Evidence, key: CriterionKey) -> CriterionResult:
    """Return how one criterion reads."""
    return next(each for each in shown(region, world).criteria if each.key is key)


def without(role: Role, person: str, *, world: World, until_before: timedelta | None = None) -> Evidence:
    """Return the evidence of a world in which `person` lost a role an hour ago, or had it back by then."""
    until_at = NOW - until_before if until_before is not None else None
    span = RoleLost(person=person, role=role, from_at=NOW - 2 * HOUR, until_at=until_at)
    return world.evidence().model_copy(update={"roles_lost": (span,)})


# --- waivers


def test_a_waiver_reads_as_it_was_asked_for_answered_and_ended() -> None:
    """By whom, when, down to where and until when, whatever became of it."""
    requested = accepted(short(), asked(), SHORT_WORLD)
    open_one = {"status": WaiverStatus.REQUESTED, "covers_launch": False, "answered_by": None, "answered_at": None}
    assert shown(requested, SHORT_WORLD).waivers == (WAIVER.model_copy(update=open_one),)
    assert shown(waived(), SHORT_WORLD).waivers == (WAIVER,)
    denied = {"status": WaiverStatus.DENIED, "covers_launch": False}
    assert shown(accepted(requested, deny(), SHORT_WORLD), SHORT_WORLD).waivers == (WAIVER.model_copy(update=denied),)
    ended = {"status": WaiverStatus.REVOKED, "covers_launch": False, "ended_by": "ex-3", "ended_at": NOW}
    assert shown(accepted(waived(), revoke(), SHORT_WORLD), SHORT_WORLD).waivers == (WAIVER.model_copy(update=ended),)


def test_a_criterion_that_is_waived_says_until_when_and_down_to_where() -> None:
    """It is amber, waits for nobody any more, and still says what is missing."""
    found = criterion(waived(), SHORT_WORLD, CriterionKey.CERTIFIED_SHARE)
    assert (found.status.value, found.rag, found.waiting_on, found.waiver) == ("waived", Rag.AMBER, (), WAIVER)
    assert found.reasons == (
        "Waived until 2027-03-08 08:00 UTC down to 0.75",
        "12 of 50 hold no certification valid at launch",
        "2 more are needed",
    )


def test_a_waiver_makes_amber_what_was_red() -> None:
    """After the due date an unmet share is red; waived, somebody has taken it on and it is amber."""
    late = SHORT_WORLD.but(now=LAUNCH_AT - timedelta(days=1))
    assert criterion(short(), late, CriterionKey.CERTIFIED_SHARE).rag is Rag.RED
    assert criterion(waived(), late, CriterionKey.CERTIFIED_SHARE).rag is Rag.AMBER


def test_a_waiver_that_reaches_too_low_or_ends_too_soon_is_shown_beside_what_it_lacks() -> None:
    """Too low leaves the colour as it is, too soon makes it red."""
    fewer = World(trained=45, certified=37)
    low = criterion(waived(), fewer, CriterionKey.CERTIFIED_SHARE)
    assert (low.status.value, low.rag, low.waiver) == ("unmet", Rag.AMBER, WAIVER)
    assert low.reasons[0] == "Its waiver covers no less than 0.75"
    soon = LAUNCH_AT - timedelta(days=1)
    lapsing = criterion(waived(expires_at=soon), SHORT_WORLD, CriterionKey.CERTIFIED_SHARE)
    assert (lapsing.status.value, lapsing.rag) == ("unmet", Rag.RED)
    assert lapsing.waiver == WAIVER.model_copy(update={"expires_at": soon, "covers_launch": False})
    assert lapsing.reasons[0] == "Its waiver lapses on 2027-02-28 08:00 UTC, before the launch"


def test_a_waiver_counts_no_more_once_whoever_granted_it_lost_the_role() -> None:
    """It is shown as covering nothing; a role that was lost and had again before the grant takes nothing away."""
    lost = criterion(waived(), without(Role.EXECUTIVE, "ex-2", world=SHORT_WORLD), CriterionKey.CERTIFIED_SHARE)
    assert lost.status.value == "unmet"
    assert lost.waiver == WAIVER.model_copy(update={"covers_launch": False})
    assert lost.reasons[0] == (
        "Its waiver does not count: the role of executive was withdrawn from ex-2; have it revoked and ask anew"
    )
    back = without(Role.EXECUTIVE, "ex-2", world=SHORT_WORLD, until_before=HOUR)
    assert criterion(waived(), back, CriterionKey.CERTIFIED_SHARE).waiver == WAIVER


def test_a_role_that_was_had_again_before_the_signature_takes_nothing_from_it() -> None:
    """Only what was given before the role was lost must be given again."""
    key, region = CriterionKey.VALUE_PROPOSITIONS_SIGNED, signed(region_launch(), READY_WORLD)
    assert criterion(region, without(Role.MARKETING, "ma-1", world=READY_WORLD), key).status.value == "unmet"
    back = without(Role.MARKETING, "ma-1", world=READY_WORLD, until_before=HOUR)
    assert criterion(region, back, key).status.value == "met"


def test_a_decision_names_the_waivers_that_it_rests_on_and_no_other() -> None:
    """A waiver of what is met by now carries nothing."""

    def rested_on(region: RegionLaunch, world: World) -> tuple[str, ...]:
        _, proposal = proposed(region, decision(), world)
        return tuple(waiver for event in proposal.events for waiver in getattr(event, "waivers", ()))

    assert rested_on(waived(), SHORT_WORLD) == ("waiver-1",)
    assert rested_on(looked(waived(), READY_WORLD), READY_WORLD) == ()


# --- the poll

SEATS = (Function.MARKETING, Function.SALES, Function.ENABLEMENT, Function.PRODUCT)
VOTERS = ("ma-1", "sa-1", "en-1", "pm-8")


def test_an_open_poll_shows_who_has_voted_and_not_how() -> None:
    """Until it closes a seat is only voted or not; the criterion counts the seats that have."""
    region = accepted(accepted(polled_region(), open_poll(), READY_WORLD), ballot(Function.SALES), READY_WORLD)
    poll = shown(region, READY_WORLD).poll
    assert poll is not None
    assert poll == PollShown(
        opened_at=NOW,
        opened_by="pm-7",
        closes_at=poll.closes_at,
        closed_at=None,
        seats=tuple(
            SeatShown(function=seat, voted=True, person="sa-1", at=NOW)
            if seat is Function.SALES
            else SeatShown(function=seat, voted=False)
            for seat in SEATS
        ),
    )
    found = criterion(region, READY_WORLD, CriterionKey.POLL_COMPLETE)
    assert (found.numerator, found.denominator, found.actual) == (1, 4, 0.25)
    assert found.waiting_on == ("marketing", "enablement", "product")


def test_a_closed_poll_shows_how_each_seat_voted_which_were_carried_over_and_which_count_no_more() -> None:
    """After a slip product alone votes again: its seat is stale until it has, and the others are carried over."""
    region = voted(polled_region(), stances={Function.SALES: Stance.DISSENT})
    poll = shown(region, READY_WORLD).poll
    assert poll is not None
    assert (poll.opened_by, poll.closed_at) == ("pm-7", NOW)
    assert [
        (seat.function, seat.person, seat.at, seat.position, seat.carried, seat.stale) for seat in poll.seats
    ] == [
        (seat, voter, NOW, Stance.DISSENT if seat is Function.SALES else Stance.AGREE, False, False)
        for seat, voter in zip(SEATS, VOTERS, strict=True)
    ]
    complete = criterion(region, READY_WORLD, CriterionKey.POLL_COMPLETE)
    assert (complete.numerator, complete.waiting_on) == (4, ())

    later = at(READY_WORLD, NOW + HOUR)
    moved = slipped(region)
    assert [seat.function for seat in _poll(moved, later).seats if seat.stale] == [Function.PRODUCT]
    assert criterion(moved, later, CriterionKey.POLL_COMPLETE).waiting_on == ("product",)
    again = accepted(moved, open_poll(at=later.now), later)
    assert [(seat.function, seat.carried, seat.voted) for seat in _poll(again, later).seats] == [
        (seat, seat is not Function.PRODUCT, seat is not Function.PRODUCT) for seat in SEATS
    ]


def _poll(region: RegionLaunch, world: World) -> PollShown:
    poll = shown(region, world).poll
    assert poll is not None
    return poll


def test_a_ballot_whose_voter_lost_the_role_is_stale_and_the_poll_waits_for_product() -> None:
    """Product opens the poll anew, so it is waited for; the seat says that it counts no more."""
    region = voted(polled_region())
    gone = without(Role.SALES_LEAD, "sa-1", world=READY_WORLD)
    late = gone.model_copy(
        update={"roles_lost": tuple(each.model_copy(update={"from_at": NOW + HOUR}) for each in gone.roles_lost)}
    )
    poll = shown(region, late).poll
    assert poll is not None
    assert [seat.function for seat in poll.seats if seat.stale] == [Function.SALES]
    found = criterion(region, late, CriterionKey.POLL_COMPLETE)
    assert (found.status.value, found.numerator, found.denominator) == ("unmet", 3, 4)
    assert found.waiting_on == ("product",)


# --- conditions, dissents and dates of a decision


def test_a_condition_says_who_met_it_and_when() -> None:
    """Until then nobody."""
    ready = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    region = accepted(ready, conditional(LAUNCH_AT), READY_WORLD)
    (open_one,) = shown(region, READY_WORLD).conditions
    assert (open_one.status, open_one.closed_by, open_one.closed_at) == (ConditionStatus.OPEN, None, None)
    (met,) = shown(accepted(region, meet(open_one.id), READY_WORLD), READY_WORLD).conditions
    assert (met.status, met.closed_by, met.closed_at) == (ConditionStatus.MET, "en-1", NOW)
    assert refused(accepted(region, meet(open_one.id), READY_WORLD), meet(open_one.id), READY_WORLD) == (
        "condition-closed"
    )


def test_a_condition_that_is_met_stays_met_after_the_launch() -> None:
    """Once launched a missed one may be made good; one that is met is closed."""
    due = LAUNCH_AT + timedelta(days=7)
    ready = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    region = accepted(ready, conditional(due, due), READY_WORLD)
    gone = evolve(region, RegionLaunched(at=LAUNCH_AT, launch_at=LAUNCH_AT, decision_version=region.version))
    promised, _ = shown(gone, READY_WORLD).conditions
    after = READY_WORLD.but(now=LAUNCH_AT)
    met = accepted(gone, meet(promised.id), after)
    assert refused(met, meet(promised.id), after) == "condition-closed"


@pytest.mark.parametrize("days", [0, 30])
def test_a_condition_may_be_due_up_to_the_last_moment_of_the_policy(days: int) -> None:
    """Thirty days after the launch instant is still allowed in tier 1."""
    ready = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    assert accepted(ready, conditional(LAUNCH_AT + timedelta(days=days)), READY_WORLD).decision is not None


def test_a_condition_that_is_due_at_the_judged_instant_is_broken() -> None:
    """At its very moment it should have been met: the colour is red, a moment before it is amber."""
    due = LAUNCH_AT - timedelta(days=1)
    region = accepted(looked(signed(region_launch(), READY_WORLD), READY_WORLD), conditional(due), READY_WORLD)
    assert shown(region, READY_WORLD.but(now=due)).rag is Rag.RED
    assert shown(region, READY_WORLD.but(now=due - timedelta(seconds=1))).rag is Rag.AMBER


def test_a_decision_shows_the_dissents_that_were_accepted_and_when_a_no_go_is_looked_at_again() -> None:
    """Each by name, as the executive gave them."""
    region = accepted(
        voted(polled_region(), stances={Function.SALES: Stance.DISSENT}), accepting(Function.SALES), READY_WORLD
    )
    found = shown(region, READY_WORLD).decision
    assert found is not None
    assert (found.dissents_accepted, found.review_at) == ((Function.SALES,), None)
    no = accepted(polled_region(), decision(Choice.NO_GO), READY_WORLD)
    stands = shown(no, READY_WORLD).decision
    assert stands is not None
    assert stands.review_at == NOW + timedelta(days=7)


def test_who_acts_on_an_older_version_learns_who_moved_it_on() -> None:
    """By name and moment, so that one can ask them."""
    region = signed(region_launch(policy=TIERS[1]), READY_WORLD)
    refusal = propose(region, decision(seen=region.version - 1), evidence=READY_WORLD.evidence(), now=NOW).refusal
    assert refusal is not None
    assert (refusal.kind, getattr(refusal, "by", None), getattr(refusal, "at", None)) == (
        "readiness-moved-on",
        "sa-1",
        NOW,
    )
