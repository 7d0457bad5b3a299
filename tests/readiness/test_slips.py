"""Does a go stay through the slips that it covers, and through no other?"""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.canonical import digest
from readiness.commands import Choice, Reschedule, Role
from readiness.events import RegionRescheduled
from readiness.lasting import RegionSlipped
from readiness.ledger import Proposal
from readiness.policy import TIERS, CriterionKey, Function, Policy
from readiness.region import RegionLaunch, Verdict
from readiness.rules import bearings, evaluate, evolve, propose, verdict_of, wants_launch, why_not_launch
from tests.effort import examples
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, READY_WORLD, World, decision, lasting, region_launch
from tests.readiness.governing import SHORT_WORLD, asked, at, conditional, grant, open_poll, polled_region, voted
from tests.readiness.steps import accepted, looked, signed, with_go

DAY = timedelta(days=1)


def slip(launch_at: datetime) -> Reschedule:
    """Return the wish to launch at another instant."""
    return Reschedule(
        command_id="slip-1",
        person=OWNER,
        role=Role.PRODUCT_MANAGER,
        logged_at=NOW,
        reason_digest=digest("the partner needs time"),
        launch_at=launch_at,
        wall_clock=f"{launch_at:%Y-%m-%dT%H:%M}",
    )


def proposed(region: RegionLaunch, launch_at: datetime, world: World = READY_WORLD) -> tuple[RegionLaunch, Proposal]:
    """Return the region after a slip is asked for with evidence for the new instant, and what was proposed."""
    evidence = world.evidence(launch_at=launch_at)
    proposal = propose(region, slip(launch_at), evidence=evidence, now=world.now)
    for event in proposal.events:
        region = evolve(region, event)
    return region, proposal


def slipped(region: RegionLaunch, launch_at: datetime, world: World = READY_WORLD) -> RegionLaunch:
    """Return the region after a slip is asked for."""
    return proposed(region, launch_at, world)[0]


def gone(tier: int = 1, world: World = READY_WORLD) -> RegionLaunch:
    """Return a region with a standing go, by the policy of a tier but without a poll."""
    region = looked(signed(region_launch(policy=lasting(tier)), world), world)
    return accepted(region, decision(), world)


def has_go(region: RegionLaunch) -> bool:
    """Say whether a go stands."""
    return region.decision is not None and region.decision.is_go


def test_each_tier_covers_the_days_of_the_rule_book_and_a_model_none() -> None:
    """Tier 1 covers a week, tier 2 two, tier 3 a month; launches that began before know nothing of it."""
    assert [TIERS[tier].go_no_go.go_covers_slip_days for tier in (1, 2, 3)] == [7, 14, 30]
    old = lasting(1).model_dump()
    del old["go_no_go"]["go_covers_slip_days"]
    assert Policy.model_validate(old).go_no_go.go_covers_slip_days == 0


def test_a_covered_slip_keeps_the_go_and_names_both_instants() -> None:
    """The decision still says what it was taken for; the region launches at the new instant and not before."""
    later = LAUNCH_AT + 7 * DAY
    region, proposal = proposed(gone(), later)
    assert [event.type for event in proposal.events] == ["region_slipped"]
    assert verdict_of(region) is Verdict.GO
    assert region.decision is not None
    assert (region.decision.launch_at, region.decision.stands_for, region.launch_at) == (LAUNCH_AT, later, later)
    assert not wants_launch(region, now=LAUNCH_AT)
    assert wants_launch(region, now=later)
    assert bearings(region, now=NOW).due_at == later
    evidence = READY_WORLD.evidence(launch_at=later)
    shown = evaluate(region.policy, evidence, region, at=later).decision
    assert shown is not None
    assert (shown.launch_at, shown.slipped_to, shown.covers_until) == (LAUNCH_AT, later, later)


def test_a_slip_that_is_longer_or_earlier_takes_the_go_away() -> None:
    """A second too long is too long; an earlier date asks for a decision however near it is."""
    for launch_at in (LAUNCH_AT + 7 * DAY + timedelta(seconds=1), LAUNCH_AT - timedelta(hours=1)):
        region, proposal = proposed(gone(), launch_at)
        assert [event.type for event in proposal.events] == ["region_rescheduled"]
        assert verdict_of(region) is Verdict.READY
        assert region.launch_at == launch_at


def test_a_covered_slip_moves_the_clock_on_the_wall_too() -> None:
    """What the plan says and what is launched at are one time."""
    later = LAUNCH_AT + DAY
    assert slipped(gone(), later).plan.wall_clock == f"{later:%Y-%m-%dT%H:%M}"


def test_only_a_later_instant_is_covered_and_only_by_a_go() -> None:
    """The instant that a go stands for is no slip; without a go nothing is covered."""
    assert not gone().covers_slip_to(LAUNCH_AT)
    assert gone().covers_slip_to(LAUNCH_AT + DAY)
    undecided = looked(signed(region_launch(policy=lasting(1)), READY_WORLD), READY_WORLD)
    assert not undecided.covers_slip_to(LAUNCH_AT + DAY)


def test_slips_add_up_from_the_instant_of_the_decision() -> None:
    """Four days and four days are more than seven; back to an earlier day is no slip."""
    once = slipped(gone(), LAUNCH_AT + 4 * DAY)
    assert has_go(once)
    assert not has_go(slipped(once, LAUNCH_AT + 8 * DAY))
    assert has_go(slipped(once, LAUNCH_AT + 6 * DAY))
    assert not has_go(slipped(once, LAUNCH_AT + 2 * DAY))


def test_a_gate_that_is_not_met_at_the_new_instant_takes_the_go_away() -> None:
    """Ready on the day: the certificates that lapse between the two dates count as lapsed."""
    lapsed = READY_WORLD.but(certified=39, lapsing=1)
    region, proposal = proposed(gone(), LAUNCH_AT + DAY, lapsed)
    assert proposal.events[0].type == "region_rescheduled"
    assert verdict_of(region) is not Verdict.GO


def test_without_evidence_for_the_new_instant_no_slip_is_covered() -> None:
    """Unknown counts as no: evidence for the old instant says nothing of the new one."""
    for evidence in (None, READY_WORLD.evidence()):
        events = propose(gone(), slip(LAUNCH_AT + DAY), evidence=evidence, now=NOW).events
        assert [type(event) for event in events] == [RegionRescheduled]


def test_a_waiver_must_cover_the_new_instant_too() -> None:
    """One that ends two days after the first date covers a slip of one day and none of three."""
    region = looked(signed(region_launch(policy=lasting()), SHORT_WORLD), SHORT_WORLD)
    region = accepted(region, asked(expires_at=LAUNCH_AT + 2 * DAY), SHORT_WORLD)
    region = accepted(accepted(region, grant(), SHORT_WORLD), decision(), SHORT_WORLD)
    assert has_go(slipped(region, LAUNCH_AT + DAY, SHORT_WORLD))
    lost = slipped(region, LAUNCH_AT + 3 * DAY, SHORT_WORLD)
    assert not has_go(lost)
    assert CriterionKey.CERTIFIED_SHARE in {judged.key for judged in lost.judged}


def test_a_conditional_go_slips_with_its_conditions() -> None:
    """What was promised stays promised for its date; one that is broken keeps nothing alive."""
    region = looked(signed(region_launch(policy=lasting()), READY_WORLD), READY_WORLD)
    region = accepted(region, conditional(LAUNCH_AT + DAY), READY_WORLD)
    kept = slipped(region, LAUNCH_AT + 3 * DAY)
    assert verdict_of(kept) is Verdict.CONDITIONAL_GO
    assert kept.decision is not None
    assert region.decision is not None
    assert kept.decision.conditions == region.decision.conditions
    assert bearings(kept, now=NOW).due_at == LAUNCH_AT + DAY
    broken = at(READY_WORLD, LAUNCH_AT + DAY)
    assert not has_go(slipped(kept, LAUNCH_AT + 5 * DAY, broken))


def test_a_covered_slip_asks_no_seat_again_while_the_go_stands() -> None:
    """Product's ballot is part of the go; once the go is gone it votes on the new instant, and nobody else does."""
    region = accepted(voted(polled_region()), decision(), READY_WORLD)
    hour_later = at(READY_WORLD, NOW + timedelta(hours=1))
    region = slipped(region, LAUNCH_AT + 3 * DAY, hour_later)
    assert has_go(region)
    evidence = at(READY_WORLD, region.launch_at).evidence(launch_at=region.launch_at, at=region.launch_at)
    assert why_not_launch(region, evidence, at=region.launch_at) == ()
    lost = slipped(region, LAUNCH_AT + 30 * DAY, hour_later)
    reopened = accepted(lost, open_poll(), hour_later)
    assert reopened.poll is not None
    assert reopened.poll.awaited == (Function.PRODUCT,)


def test_product_votes_again_on_a_slipped_instant_once_the_go_is_gone() -> None:
    """A no-go after a covered slip: the next go is for an instant that product has not voted on."""
    region = accepted(voted(polled_region()), decision(), READY_WORLD)
    hour_later = at(READY_WORLD, NOW + timedelta(hours=1))
    region = slipped(region, LAUNCH_AT + 3 * DAY, hour_later)
    region = accepted(region, decision(Choice.NO_GO), hour_later)
    region = accepted(region, open_poll(), hour_later)
    assert region.poll is not None
    assert region.poll.awaited == (Function.PRODUCT,)


def test_a_row_that_claims_too_much_is_a_reschedule() -> None:
    """Whoever wrote it: the fold keeps no go further away than the policy lets it, and makes none."""
    for region, launch_at in (
        (gone(), LAUNCH_AT + 8 * DAY),
        (with_go(), LAUNCH_AT + DAY),
        (region_launch(policy=lasting()), LAUNCH_AT + DAY),
    ):
        claimed = RegionSlipped(at=NOW, launch_at=launch_at, wall_clock="later", choice=Choice.GO)
        after = evolve(region, claimed)
        assert (has_go(after), after.launch_at, after.moved_at) == (False, launch_at, NOW)


def test_a_go_for_another_instant_covers_no_slip() -> None:
    """Nobody gains days by a row that says the decision was for a later instant than stood."""
    region = gone()
    assert region.decision is not None
    ahead = region.decision.model_copy(update={"launch_at": LAUNCH_AT + 30 * DAY})
    forged = region.model_copy(update={"decision": ahead})
    claimed = RegionSlipped(at=NOW, launch_at=LAUNCH_AT + 35 * DAY, wall_clock="later", choice=Choice.GO)
    assert not has_go(evolve(forged, claimed))


def test_the_launch_predicate_holds_a_slipped_go_to_its_policy() -> None:
    """The second lock does not take the fold's word for how far a go may slip."""
    region = slipped(gone(), LAUNCH_AT + 7 * DAY)
    evidence = at(READY_WORLD, region.launch_at).evidence(launch_at=region.launch_at, at=region.launch_at)
    assert why_not_launch(region, evidence, at=region.launch_at) == ()
    strict = region.policy.go_no_go.model_copy(update={"go_covers_slip_days": 6})
    stretched = region.model_copy(update={"policy": region.policy.model_copy(update={"go_no_go": strict})})
    objections = why_not_launch(stretched, evidence, at=region.launch_at)
    assert objections == ("the launch slipped further than the go covers",)


@settings(max_examples=examples(100))
@given(
    tier=st.sampled_from([1, 2, 3]),
    hours=st.lists(st.integers(-24 * 10, 24 * 20), min_size=1, max_size=12),
    certified=st.lists(st.sampled_from([40, 40, 40, 39]), min_size=12, max_size=12),
)
def test_no_sequence_of_slips_lets_a_go_stand_further_than_the_policy_allows(
    tier: int, hours: list[int], certified: list[int]
) -> None:
    """However the date is moved, a go that stands is at most so many days after its instant, and never back."""
    policy = lasting(tier)
    strict = policy.certification.model_copy(update={"required_share": 8_000})
    policy = policy.model_copy(update={"certification": strict})
    region = accepted(looked(signed(region_launch(policy=policy), READY_WORLD), READY_WORLD), decision(), READY_WORLD)
    covers = policy.go_no_go.go_covers_slip_days * DAY
    for by, number in zip(hours, certified, strict=False):
        launch_at = region.launch_at + timedelta(hours=by)
        before, world = region, READY_WORLD.but(certified=number)
        region, proposal = proposed(region, launch_at, world)
        if has_go(region):
            assert proposal.refusal is not None or (by > 0 and number == 40 and has_go(before))
            assert LAUNCH_AT <= region.launch_at <= LAUNCH_AT + covers
            assert region.decision is not None
            assert (region.decision.launch_at, region.decision.stands_for) == (LAUNCH_AT, region.launch_at)
        if not has_go(before):
            assert not has_go(region)
