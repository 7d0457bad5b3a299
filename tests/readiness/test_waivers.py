"""Does a waiver open a gate just as far and as long as the rule book allows, and for nobody's own hand?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.commands import Choice, Role
from readiness.events import HoldCause, WaiverLapseNears
from readiness.evidence import Evidence
from readiness.ledger import Look
from readiness.policy import TIERS, CriterionKey, Stage
from readiness.readiness import Rag, Readiness
from readiness.region import RegionLaunch, StageStatus, WaiverStatus
from readiness.rules import bearings, evaluate, propose, verdict_of, why_not_launch
from readiness.waivers import LAPSE_NOTICE
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import SHORT_WORLD, asked, at, deny, grant, revoke, short, voted, waived
from tests.readiness.steps import accepted, looked, refused, signed


def seen(region: RegionLaunch, world: World) -> Readiness:
    """Return the readiness of the region at its launch instant."""
    evidence = world.evidence(launch_at=region.launch_at)
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def test_a_granted_waiver_closes_its_stage_as_waived() -> None:
    """The stage reads as waived, its colour is amber, and a decision may be taken."""
    region = waived()
    shown = seen(region, SHORT_WORLD)
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.WAIVED
    assert shown.verdict.value == "ready"
    assert shown.rag is Rag.AMBER
    assert shown.of(Stage.CERTIFICATION)[0].waiver is not None
    assert accepted(region, decision(), SHORT_WORLD).decision is not None


def test_a_waiver_that_is_only_asked_for_opens_nothing() -> None:
    """Until an executive has answered, the gate stays shut and the executive is waited on."""
    region = accepted(short(), asked(), SHORT_WORLD)
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.OPEN
    assert "executive" in {blocker.waiting_on for blocker in seen(region, SHORT_WORLD).blockers}
    assert refused(region, decision(), SHORT_WORLD) == "gates-not-met"


def test_a_denied_waiver_opens_nothing() -> None:
    """Denied is an answer, and another may be asked for."""
    region = accepted(accepted(short(), asked(), SHORT_WORLD), deny(), SHORT_WORLD)
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.OPEN
    assert accepted(region, asked(command_id="waiver-2"), SHORT_WORLD).waivers[1].is_open


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"reason_digest": None}, "reason-missing"),
        ({"control_digest": None}, "reason-missing"),
        ({"criterion": CriterionKey.VALUE_PROPOSITIONS_SIGNED}, "not-waivable"),
        ({"criterion": CriterionKey.OBJECTIONS_SIGNED}, "not-waivable"),
        ({"criterion": CriterionKey.POLL_COMPLETE}, "not-waivable"),
        ({"criterion": CriterionKey.TRAINING_COMPLETION}, "nothing-to-waive"),
        ({"floor": 8_000}, "waiver-floor-bad"),
        ({"floor": 6_999}, "waiver-floor-bad"),
        ({"expires_at": NOW}, "waiver-expiry-bad"),
        ({"expires_at": LAUNCH_AT + timedelta(days=30, seconds=1)}, "waiver-expiry-bad"),
    ],
)
def test_a_waiver_that_may_not_be_asked_for_is_refused_by_name(change: dict[str, Any], kind: str) -> None:
    """Each fault of a request has its own refusal."""
    assert refused(short(), asked(**change), SHORT_WORLD) == kind


def test_the_floor_and_the_expiry_reach_just_as_far_as_the_policy_says() -> None:
    """Ten points below the share and thirty days after the launch are still allowed in tier 1."""
    edge = asked(floor=7_000, expires_at=LAUNCH_AT + timedelta(days=30))
    assert accepted(short(), edge, SHORT_WORLD).waivers[0].floor == 7_000


def test_a_floor_left_out_is_the_share_as_it_stands() -> None:
    """What is seen is what is waived: 38 of 50."""
    assert accepted(short(), asked(floor=None), SHORT_WORLD).waivers[0].floor == 7_600


def test_an_empty_audience_is_never_waived() -> None:
    """Nobody to train is no reason to launch."""
    nobody = World(audience=0)
    region = looked(short(), nobody)
    assert refused(region, asked(floor=None), nobody) == "not-waivable"


def test_a_region_keeps_to_its_budget() -> None:
    """Tier 1 allows one open waiver in a region; a denied one no longer counts."""
    both = World(trained=44, certified=38)
    region = accepted(looked(short(), both), asked(), both)
    second = asked(command_id="waiver-2", criterion=CriterionKey.TRAINING_COMPLETION, floor=8_500)
    assert refused(region, second, both) == "waiver-budget-spent"
    assert len(accepted(accepted(region, deny(), both), second, both).waivers) == 2


def test_the_regions_of_a_launch_share_a_budget() -> None:
    """Tier 1 allows three open waivers over all regions; where nobody counted those elsewhere, none is given."""

    def proposal(elsewhere: int | None) -> str | None:
        evidence = SHORT_WORLD.evidence().model_copy(update={"waivers_elsewhere": elsewhere})
        found = propose(short(), asked(), evidence=evidence, now=NOW).refusal
        return found.kind if found is not None else None

    assert proposal(2) is None
    assert proposal(3) == "waiver-budget-spent"
    assert proposal(None) == "evidence-missing"


def test_a_decision_rests_on_no_waiver_of_what_is_met_by_now() -> None:
    """A waiver that nobody needs any more is not among what the decision passed over."""
    needed = accepted(waived(), decision(), SHORT_WORLD)
    not_needed = accepted(looked(waived(), READY_WORLD), decision(), READY_WORLD)
    assert needed.decision is not None
    assert not_needed.decision is not None
    assert (needed.decision.waivers, not_needed.decision.waivers) == (("waiver-1",), ())


def test_one_criterion_has_one_open_waiver() -> None:
    """A second request for the same is refused, and names the first."""
    region = accepted(short(), asked(), SHORT_WORLD)
    assert refused(region, asked(command_id="waiver-2"), SHORT_WORLD) == "waiver-already-open"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (grant(person="en-1"), "waiver-by-requester"),
        (grant(person="pm-7"), "waiver-by-owner"),
        (grant(role=Role.PRODUCT_MANAGER), "waiver-approver-not-allowed"),
        (grant(waiver="another"), "waiver-unknown"),
        (grant().model_copy(update={"reason_digest": None}), "reason-missing"),
        (deny(person="en-1"), "waiver-by-requester"),
        (revoke(), "waiver-not-open"),
    ],
)
def test_an_answer_that_may_not_be_is_refused_by_name(answer: Any, kind: str) -> None:
    """Nobody answers their own request, and only an executive answers at all."""
    region = accepted(short(), asked(), SHORT_WORLD)
    assert refused(region, answer, SHORT_WORLD) == kind


def test_who_signed_a_stage_does_not_waive_it() -> None:
    """The items of a stage belong to whoever signed it."""
    unanswered = READY_WORLD.but(answered=4)
    policy = TIERS[1].model_copy(update={"waivers": TIERS[1].waivers.model_copy(update={"deepest_floor": 5_000})})
    region = looked(short(), unanswered).model_copy(update={"policy": policy})
    region = accepted(region, asked(criterion=CriterionKey.OBJECTIONS_ANSWERED, floor=8_000), unanswered)
    assert refused(region, grant(person="sa-1"), unanswered) == "waiver-by-owner"


def test_whoever_answered_a_waiver_does_not_decide() -> None:
    """The hand that loosened a gate does not say go, and whoever said go does not loosen one."""
    assert refused(waived(), decision(person="ex-2"), SHORT_WORLD) == "decider-in-waiver"
    asked_of_ex_1 = asked(person="ex-1")
    region = accepted(accepted(short(), asked_of_ex_1, SHORT_WORLD), grant(), SHORT_WORLD)
    assert refused(region, decision(), SHORT_WORLD) == "decider-in-waiver"


def test_whoever_decided_grants_no_waiver_afterwards() -> None:
    """A go that stands would become the go of a party."""
    region = accepted(waived(), decision(), SHORT_WORLD)
    worse = SHORT_WORLD.but(trained=44)
    region = looked(region, worse)
    assert verdict_of(region).value == "held"
    again = accepted(waived(), decision(Choice.NO_GO), SHORT_WORLD)
    lost = accepted(again, revoke(), SHORT_WORLD)
    renewed = accepted(lost, asked(command_id="waiver-2"), SHORT_WORLD)
    assert refused(renewed, grant(person="ex-1", waiver="waiver-2"), SHORT_WORLD) == "waiver-by-decider"


def test_below_its_floor_a_waiver_covers_nothing() -> None:
    """37 of 50 is below 0.75: the gate is open again and a go is lost."""
    region = accepted(waived(), decision(), SHORT_WORLD)
    worse = SHORT_WORLD.but(certified=37)
    region = looked(region, worse)
    assert region.holding is not None
    assert region.holding.cause is HoldCause.GATE_UNMET
    assert seen(region, worse).of(Stage.CERTIFICATION)[0].reasons[0] == "Its waiver covers no less than 0.75"


def test_a_waiver_that_ends_before_the_launch_does_not_cover_it() -> None:
    """Ready on the day: it counts red today and the reason says so."""
    region = waived(expires_at=LAUNCH_AT)
    shown = seen(region, SHORT_WORLD)
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.OPEN
    assert shown.of(Stage.CERTIFICATION)[0].rag is Rag.RED
    assert "before the launch" in shown.of(Stage.CERTIFICATION)[0].reasons[0]
    assert waived(expires_at=LAUNCH_AT + timedelta(seconds=1)).stage(Stage.CERTIFICATION).is_closed


def test_a_lapsed_waiver_reopens_its_gate_at_that_moment() -> None:
    """The workflow is woken just then, the stage reopens and the go is gone."""
    region = accepted(waived(), decision(), SHORT_WORLD)
    expiry = region.waivers[0].expires_at
    slipped = region.model_copy(
        update={"plan": region.plan.model_copy(update={"launch_at": LAUNCH_AT + timedelta(days=20)})}
    )
    announced = looked(slipped, at(SHORT_WORLD, expiry - LAPSE_NOTICE))
    assert bearings(announced, now=expiry - LAPSE_NOTICE).due_at == expiry
    lapsed = looked(announced, at(SHORT_WORLD, expiry))
    assert lapsed.waivers[0].status is WaiverStatus.LAPSED
    assert lapsed.stage(Stage.CERTIFICATION).status is StageStatus.REOPENED


def test_requester_and_approver_are_told_before_a_waiver_lapses() -> None:
    """Three days before, once."""
    region = waived()
    notice_at = region.waivers[0].expires_at - LAPSE_NOTICE
    day_before = at(SHORT_WORLD, notice_at - timedelta(seconds=1))

    def nears(of: RegionLaunch, world: World) -> int:
        proposal = propose(of, Look(), evidence=world.evidence(launch_at=of.launch_at), now=world.now)
        return sum(isinstance(event, WaiverLapseNears) for event in proposal.events)

    assert nears(region, day_before) == 0
    assert nears(region, at(SHORT_WORLD, notice_at)) == 1
    assert nears(looked(region, at(SHORT_WORLD, notice_at)), at(SHORT_WORLD, notice_at)) == 0


def test_a_revoked_waiver_takes_the_go_with_it() -> None:
    """Taking back is safe at any time."""
    region = accepted(accepted(waived(), decision(), SHORT_WORLD), revoke(), SHORT_WORLD)
    assert verdict_of(region).value == "held"
    assert region.waivers[0].status is WaiverStatus.REVOKED


def test_a_waiver_that_is_no_longer_needed_leaves_its_stage_passed() -> None:
    """Once the share is met by evidence the stage says so."""
    region = looked(waived(), READY_WORLD)
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.PASSED
    assert seen(region, READY_WORLD).rag is Rag.GREEN


def test_better_evidence_behind_a_waiver_makes_no_ballot_stale() -> None:
    """A gate that goes from waived to passed was closed all along: the poll stays complete and the go stands."""
    short_polled = looked(signed(region_launch(policy=TIERS[1]), SHORT_WORLD), SHORT_WORLD)
    covered = accepted(accepted(short_polled, asked(), SHORT_WORLD), grant(), SHORT_WORLD)
    decided = accepted(voted(covered, SHORT_WORLD), decision(), SHORT_WORLD)
    better = looked(decided, at(READY_WORLD, NOW + timedelta(days=1)))
    assert better.stage(Stage.CERTIFICATION).status is StageStatus.PASSED
    assert verdict_of(better).value == "go"
    evidence = READY_WORLD.but(now=LAUNCH_AT).evidence()
    assert why_not_launch(better, evidence, at=LAUNCH_AT) == ()


def test_a_go_on_a_waiver_launches_only_while_it_covers() -> None:
    """The launch predicate judges the waiver as of the instant."""
    region = accepted(waived(), decision(), SHORT_WORLD)

    def objections(world: World) -> tuple[str, ...]:
        evidence: Evidence = world.evidence(at=LAUNCH_AT)
        return why_not_launch(region, evidence, at=LAUNCH_AT)

    assert objections(at(SHORT_WORLD, LAUNCH_AT)) == ()
    assert objections(at(SHORT_WORLD.but(certified=37), LAUNCH_AT)) != ()


@pytest.mark.parametrize("granter", ["en-1", "pm-7"])
def test_a_forged_grant_by_the_wrong_hand_launches_nothing(granter: str) -> None:
    """Even where the ledger holds such a grant, the launch predicate objects."""
    region = accepted(waived(), decision(), SHORT_WORLD)
    forged = tuple(w.model_copy(update={"answered_by": granter}) for w in region.waivers)
    region = region.model_copy(update={"waivers": forged})
    objections = why_not_launch(region, at(SHORT_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT), at=LAUNCH_AT)
    assert any("was granted by whoever asked for it" in objection for objection in objections)
