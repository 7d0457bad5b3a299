"""Does a poll hear every function once, keep ballots sealed, and ask again only whose ground has moved?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.commands import Choice, Role, Stance
from readiness.events import BallotCast, PollClosed
from readiness.ledger import Look
from readiness.policy import TIERS, Function, Stage
from readiness.poll import moved_seats
from readiness.region import RegionLaunch, Verdict
from readiness.rules import bearings, evaluate, propose, verdict_of, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, region_launch, sign_off
from tests.readiness.governing import (
    SEATS,
    accepting,
    at,
    ballot,
    closed,
    open_poll,
    polled_region,
    slipped,
    told,
    voted,
)
from tests.readiness.steps import accepted, looked, refused, signed

CLOSES_AT = NOW + timedelta(hours=72)


def seats_asked(region: RegionLaunch) -> tuple[Function, ...]:
    """Return whom the open poll still asks."""
    assert region.poll is not None
    return region.poll.awaited


def relearned(region: RegionLaunch, world: World) -> RegionLaunch:
    """Return the region after certification was lost and won again, an hour later each."""
    lost = looked(region, at(world, world.now + timedelta(hours=1)).but(certified=39))
    return looked(lost, at(world, world.now + timedelta(hours=2)))


def test_a_poll_opens_only_over_gates_that_are_met() -> None:
    """Before that nobody is asked, and a launch without seats has no poll."""
    assert refused(region_launch(policy=TIERS[1]), open_poll(), World()) == "gates-not-met"
    unpolled = looked(signed(region_launch(), READY_WORLD), READY_WORLD)
    assert refused(unpolled, open_poll(), READY_WORLD) == "no-poll-here"
    assert seats_asked(accepted(polled_region(), open_poll(), READY_WORLD)) == tuple(SEATS)


def test_no_go_is_taken_before_the_poll_is_complete() -> None:
    """A go needs the poll; a no-go does not: stopping is safe."""
    region = polled_region()
    assert refused(region, decision(), READY_WORLD) == "gates-not-met"
    region = accepted(region, open_poll(), READY_WORLD)
    assert refused(region, decision(), READY_WORLD) == "gates-not-met"
    assert verdict_of(accepted(region, decision(Choice.NO_GO), READY_WORLD)) is Verdict.NO_GO
    assert verdict_of(accepted(voted(polled_region()), decision(), READY_WORLD)) is Verdict.GO


@pytest.mark.parametrize(
    ("vote", "kind"),
    [
        (ballot(Function.SALES, role=Role.MARKETING), "function-not-held"),
        (ballot(Function.SALES, person="ma-1"), "two-seats-one-person"),
        (ballot(Function.MARKETING, person="ma-2"), "seat-has-voted"),
    ],
)
def test_a_ballot_that_may_not_be_is_refused_by_name(vote: Any, kind: str) -> None:
    """One seat for each function, and nobody holds two."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    region = accepted(region, ballot(Function.MARKETING), READY_WORLD)
    assert refused(region, vote, READY_WORLD) == kind


def test_a_function_without_a_seat_does_not_vote() -> None:
    """Tier 3 asks marketing and sales."""
    region = looked(signed(region_launch(policy=TIERS[3]), READY_WORLD), READY_WORLD)
    region = accepted(region, open_poll(), READY_WORLD)
    assert refused(region, ballot(Function.PRODUCT), READY_WORLD) == "no-such-seat"


def test_nobody_votes_where_no_poll_is_open() -> None:
    """Neither before it opens, nor after it has closed, nor once the clock has run out."""
    assert refused(polled_region(), ballot(Function.SALES), READY_WORLD) == "poll-not-open"
    assert refused(voted(polled_region()), ballot(Function.SALES), READY_WORLD) == "poll-not-open"
    opened = accepted(polled_region(), open_poll(), READY_WORLD)
    assert refused(opened, ballot(Function.SALES), at(READY_WORLD, CLOSES_AT)) == "poll-not-open"


def test_nobody_votes_once_the_clock_has_run_out_though_the_ballots_are_not_told_yet() -> None:
    """The hour ends the vote, not the look that opens the ballots."""
    opened = accepted(accepted(polled_region(), open_poll(), READY_WORLD), ballot(Function.SALES), READY_WORLD)
    late = looked(opened, at(READY_WORLD, CLOSES_AT))
    assert late.poll is not None
    assert late.poll.closed_at is None
    assert refused(late, ballot(Function.MARKETING), at(READY_WORLD, CLOSES_AT)) == "poll-not-open"


def test_a_ballot_says_nothing_until_all_are_in() -> None:
    """Commands, events and readiness tell that a seat has voted, and who for it; never how."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    vote = ballot(Function.SALES)
    assert not any(stance.value in vote.model_dump_json() for stance in Stance)
    proposal = propose(region, vote, evidence=READY_WORLD.evidence(), now=NOW)
    assert [type(event) for event in proposal.events] == [BallotCast]
    region = accepted(region, vote, READY_WORLD)
    evidence = READY_WORLD.evidence()
    shown = evaluate(region.policy, evidence, region, at=evidence.figures.at).poll
    assert shown is not None
    assert [(seat.function, seat.voted, seat.position) for seat in shown.seats] == [
        (function, function is Function.SALES, None) for function in SEATS
    ]


def test_a_poll_closes_once_every_seat_has_voted_and_the_ballots_are_told() -> None:
    """The last ballot makes the region look again at once; without the ballots told nothing is opened."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    for function in SEATS:
        assert bearings(region, now=NOW).due_at == CLOSES_AT
        region = accepted(region, ballot(function), READY_WORLD)
    assert bearings(region, now=NOW).due_at == NOW
    assert propose(region, Look(), evidence=READY_WORLD.evidence(), now=NOW).events == ()
    region = closed(region, READY_WORLD, {Function.SALES: Stance.DISSENT})
    assert region.poll is not None
    assert [b.stance for b in region.poll.opened] == [Stance.AGREE, Stance.DISSENT, Stance.AGREE, Stance.AGREE]


def test_no_ballot_is_opened_early() -> None:
    """Even where the evidence tells them, an open poll with seats to come stays sealed."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    region = accepted(region, ballot(Function.SALES), READY_WORLD)
    events = propose(region, Look(), evidence=told(region, READY_WORLD, {}), now=NOW).events
    assert not any(isinstance(event, PollClosed) for event in events)


def test_an_absent_seat_dissents_and_leaves_the_quorum_short() -> None:
    """Tier 1 needs all four votes: after the clock has run out a go still needs another poll."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    for function in (Function.MARKETING, Function.SALES, Function.ENABLEMENT):
        region = accepted(region, ballot(function), READY_WORLD)
    late = at(READY_WORLD, CLOSES_AT)
    region = closed(region, late)
    assert region.poll is not None
    assert region.poll.opened[3].is_absent
    assert region.poll.opened[3].stance is Stance.DISSENT
    assert refused(region, accepting(Function.PRODUCT), late) == "votes-missing"
    region = accepted(region, open_poll(at=CLOSES_AT), late)
    assert seats_asked(region) == (Function.PRODUCT,)


def test_an_absent_seat_of_tier_3_abstains() -> None:
    """A holiday must not stop a tier 3."""
    region = looked(signed(region_launch(policy=TIERS[3]), READY_WORLD), READY_WORLD)
    region = accepted(accepted(region, open_poll(), READY_WORLD), ballot(Function.SALES), READY_WORLD)
    late = at(READY_WORLD, NOW + timedelta(hours=24))
    assert verdict_of(accepted(closed(region, late), decision(), late)) is Verdict.GO


def test_a_dissent_is_accepted_by_name_before_a_go_and_stands_beside_it() -> None:
    """Disagreeing and supporting is no dissent; a dissent that nobody voiced cannot be accepted."""
    stances = {Function.SALES: Stance.DISSENT, Function.ENABLEMENT: Stance.DISAGREE_BUT_SUPPORT}
    region = voted(polled_region(), stances=stances)
    assert refused(region, decision(), READY_WORLD) == "dissent-not-accepted"
    assert refused(region, accepting(Function.MARKETING, Function.SALES), READY_WORLD) == "no-such-dissent"
    region = accepted(region, accepting(Function.SALES), READY_WORLD)
    assert region.decision is not None
    assert region.decision.dissents_accepted == (Function.SALES,)
    assert [b.stance for b in region.decision.ballots].count(Stance.DISSENT) == 1


def test_after_a_lost_gate_only_the_seats_that_rest_on_it_vote_again() -> None:
    """Certification was lost and won again: marketing's ballot is carried over."""
    region = relearned(accepted(voted(polled_region()), decision(), READY_WORLD), READY_WORLD)
    later = at(READY_WORLD, NOW + timedelta(hours=3))
    assert verdict_of(region) is Verdict.HELD
    assert refused(region, decision(), later) == "gates-not-met"
    region = accepted(region, open_poll(), later)
    assert seats_asked(region) == (Function.SALES, Function.ENABLEMENT, Function.PRODUCT)
    assert region.poll is not None
    assert [(carried.function, carried.at) for carried in region.poll.carried] == [(Function.MARKETING, NOW)]


def test_who_voted_before_a_gate_was_lost_and_won_votes_again_though_the_poll_closed_after_it() -> None:
    """What counts is when the ballot was cast, and not when it was opened; where nobody polled, nobody is asked."""
    assert moved_seats(polled_region()) == ()
    region = accepted(accepted(polled_region(), open_poll(), READY_WORLD), ballot(Function.ENABLEMENT), READY_WORLD)
    region = looked(region, at(READY_WORLD.but(certified=39), NOW + timedelta(hours=1)))
    region = looked(region, at(READY_WORLD, NOW + timedelta(hours=2)))
    later = at(READY_WORLD, NOW + timedelta(hours=3))
    assert region.poll is not None
    for function in region.poll.awaited:
        region = accepted(region, ballot(function), later)
    region = closed(region, later)
    assert region.poll is not None
    assert region.poll.closed_at == later.now
    assert moved_seats(region) == (Function.ENABLEMENT,)


def test_after_a_slip_only_product_votes_again() -> None:
    """Nothing was learned or unlearned: the date alone has moved."""
    later = at(READY_WORLD, NOW + timedelta(hours=1))
    region = slipped(voted(polled_region()))
    region = accepted(region, open_poll(), later)
    assert seats_asked(region) == (Function.PRODUCT,)


def test_a_poll_that_still_holds_is_not_held_again() -> None:
    """Every ballot counts still, so there is nothing to ask."""
    assert refused(voted(polled_region()), open_poll(), READY_WORLD) == "poll-already-open"
    opened = accepted(polled_region(), open_poll(), READY_WORLD)
    assert refused(opened, open_poll(), READY_WORLD) == "poll-already-open"


def test_the_launch_predicate_asks_for_the_poll_and_every_dissent() -> None:
    """A go whose poll is gone, or that passed over a dissent, launches nothing."""
    region = accepted(voted(polled_region()), decision(), READY_WORLD)
    evidence = at(READY_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT)
    assert why_not_launch(region, evidence, at=LAUNCH_AT) == ()
    assert why_not_launch(region.model_copy(update={"poll": None}), evidence, at=LAUNCH_AT) != ()
    assert region.poll is not None
    forged = tuple(b.model_copy(update={"stance": Stance.DISSENT}) for b in region.poll.opened)
    passed_over = region.model_copy(update={"poll": region.poll.model_copy(update={"opened": forged})})
    objections = why_not_launch(passed_over, evidence, at=LAUNCH_AT)
    assert "the dissent of sales was not accepted" in objections


def test_an_edit_makes_the_poll_ask_whoever_it_concerns() -> None:
    """New words are signed anew, and marketing, sales and product vote anew on them."""
    region = voted(polled_region())
    later = at(READY_WORLD, NOW + timedelta(hours=1)).but(message="message 2")
    region = looked(region, later)
    for function, role, person in (
        (Function.MARKETING, Role.MARKETING, "ma-1"),
        (Function.SALES, Role.SALES_LEAD, "sa-1"),
    ):
        region = accepted(
            region, sign_off(function, role, person, stage=Stage.VALUE_PROPOSITIONS, world=later), later
        )
    region = accepted(region, open_poll(), later)
    assert seats_asked(region) == (Function.MARKETING, Function.SALES, Function.PRODUCT)


def test_whoever_holds_no_seat_learns_who_is_asked() -> None:
    """The seats of the poll without those whose earlier ballot still counts."""
    region = looked(signed(region_launch(policy=TIERS[3]), READY_WORLD), READY_WORLD)
    assert said(accepted(region, open_poll(), READY_WORLD), Function.PRODUCT) == (
        "This poll asks marketing, sales, not product."
    )
    again = accepted(slipped(voted(polled_region())), open_poll(), at(READY_WORLD, NOW + timedelta(hours=1)))
    assert said(again, Function.SALES) == "This poll asks product, not sales."


def said(region: RegionLaunch, function: Function) -> str:
    """Return in which words the ballot of `function` is refused."""
    refusal = propose(region, ballot(function), evidence=READY_WORLD.evidence(), now=NOW).refusal
    assert refusal is not None
    return refusal.detail


def test_an_opened_ballot_names_its_voter_its_moment_and_its_command() -> None:
    """What was sealed is opened as it was cast."""
    region = accepted(polled_region(), open_poll(), READY_WORLD)
    for hour, function in enumerate(SEATS):
        region = accepted(region, ballot(function), at(READY_WORLD, NOW + timedelta(hours=hour)))
    poll = closed(region, at(READY_WORLD, NOW + timedelta(hours=4))).poll
    assert poll is not None
    assert [(b.function, b.person, b.at, b.command_id) for b in poll.opened] == [
        (function, person, NOW + timedelta(hours=hour), f"ballot-{function.value}")
        for hour, (function, person) in enumerate(SEATS.items())
    ]


def test_who_votes_at_the_moment_of_the_slip_votes_on_the_new_instant() -> None:
    """A ballot counts unless the instant moved after it."""
    region = voted(slipped(polled_region(), hours=0))
    assert verdict_of(accepted(region, decision(), READY_WORLD)) is Verdict.GO


def test_without_seats_no_votes_are_needed() -> None:
    """A number of votes says nothing where nobody holds a seat."""
    rules = TIERS[1].go_no_go.model_copy(update={"polled": (), "votes_needed": 4})
    policy = TIERS[1].model_copy(update={"go_no_go": rules})
    region = looked(signed(region_launch(policy=policy), READY_WORLD), READY_WORLD)
    assert verdict_of(accepted(region, decision(), READY_WORLD)) is Verdict.GO
