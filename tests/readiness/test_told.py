"""What does whoever is refused learn beside the name: who was first, when, how many, how far and until when?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import Choice, Decide, Hold, RegionCommand, Role, Stance
from readiness.consent_refusals import VotesMissing
from readiness.events import WaiverLapsed
from readiness.policy import TIERS, CriterionKey, Function, Stage
from readiness.region import RegionLaunch, StageStatus
from readiness.rules import evaluate, propose
from readiness.waivers import lapses, next_lapse_at, parties
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, READY_WORLD, World, decision, lasting, region_launch
from tests.readiness.governing import (
    SHORT_WORLD,
    accepting,
    asked,
    at,
    ballot,
    closed,
    conditional,
    deny,
    grant,
    meet,
    open_poll,
    polled_region,
    revoke,
    short,
    voted,
)
from tests.readiness.steps import accepted, is_sentence, looked, refused, signed

HOURS = [NOW + timedelta(hours=number) for number in range(6)]
HOLD = Hold(
    command_id="hold-1", person=OWNER, role=Role.PRODUCT_MANAGER, logged_at=NOW, reason_digest=digest("wait a little")
)


def after(region: RegionLaunch, *commands: RegionCommand, world: World = SHORT_WORLD, hour: int = 0) -> RegionLaunch:
    """Return the region after `commands`, the first of them at that hour, each of the others an hour later."""
    for number, command in enumerate(commands, hour):
        region = accepted(region, command, at(world, HOURS[number]))
    return region


def two_allowed(**changes: Any) -> RegionLaunch:
    """Return a region short of two shares, whose policy allows two waivers here and three in the launch."""
    both = World(trained=44, certified=38)
    allowed = {"open_per_region": 2, "deepest_floor": 1_500, **changes}
    policy = lasting().model_copy(update={"waivers": TIERS[1].waivers.model_copy(update=allowed)})
    return looked(signed(region_launch(policy=policy), both), both)


def without_poll() -> RegionLaunch:
    """Return a region in which every gate is met, and which has no poll."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def strict_about_review(days: int) -> RegionLaunch:
    """Return a region in which every gate is met, and whose policy has a no-go looked at within so many days."""
    rules = lasting().go_no_go.model_copy(update={"longest_review_days": days})
    policy = lasting().model_copy(update={"go_no_go": rules})
    return looked(signed(region_launch(policy=policy), READY_WORLD), READY_WORLD)


def no_go(review_at: datetime) -> Decide:
    """Return a no-go that is looked at again then."""
    return decision(Choice.NO_GO).model_copy(update={"review_at": review_at})


def conditioned() -> RegionLaunch:
    """Return a region with a conditional go of two conditions."""
    return after(without_poll(), conditional(LAUNCH_AT, LAUNCH_AT), world=READY_WORLD)


def voting() -> RegionLaunch:
    """Return a region whose poll was opened, in which marketing voted an hour later, and sales after it."""
    votes = ballot(Function.MARKETING), ballot(Function.SALES)
    return after(polled_region(), open_poll(), *votes, world=READY_WORLD)


def short_of_votes() -> RegionLaunch:
    """Return a region whose poll closed without product, whose absence was taken for a dissent."""
    votes = tuple(ballot(f) for f in (Function.MARKETING, Function.SALES, Function.ENABLEMENT))
    return closed(after(polled_region(), open_poll(), *votes, world=READY_WORLD), at(READY_WORLD, CLOSES_AT))


CLOSES_AT = NOW + timedelta(hours=72)
NEXT = {"command_id": "waiver-2"}
TRAINING = {"criterion": CriterionKey.TRAINING_COMPLETION, "floor": 8_500}
MET = meet("decide-conditional_go-1", person=OWNER), meet("decide-conditional_go-2")
SALES_OBJECT = {Function.SALES: Stance.DISSENT}

TOLD: dict[str, tuple[Callable[[], RegionLaunch], RegionCommand, World, datetime, dict[str, Any]]] = {
    "another waiver of the same": (
        lambda: after(short(), asked(), HOLD),
        asked(**NEXT),
        SHORT_WORLD,
        HOURS[3],
        {"kind": "waiver-already-open", "waiver": "waiver-1", "by": "en-1", "at": HOURS[0]},
    ),
    "a waiver too many in the region": (
        lambda: after(short(), asked()),
        asked(**NEXT, **TRAINING),
        SHORT_WORLD.but(trained=44),
        HOURS[3],
        {"kind": "waiver-budget-spent", "allowed": 1, "scope": "region"},
    ),
    "a waiver that ends too late": (
        short,
        asked(expires_at=LAUNCH_AT + timedelta(days=31)),
        SHORT_WORLD,
        NOW,
        {"kind": "waiver-expiry-bad", "latest": LAUNCH_AT + timedelta(days=30)},
    ),
    "a waiver that reaches too deep": (
        short,
        asked(floor=6_999),
        SHORT_WORLD,
        NOW,
        {"kind": "waiver-floor-bad", "deepest": 0.7},
    ),
    "an answer to a waiver that was granted": (
        lambda: after(short(), asked(), grant(), HOLD),
        deny(),
        SHORT_WORLD,
        HOURS[3],
        {"kind": "waiver-not-open", "status": "granted", "by": "ex-2", "at": HOURS[1]},
    ),
    "an answer to a waiver that was revoked": (
        lambda: after(short(), asked(), grant(), revoke(), HOLD),
        grant(),
        SHORT_WORLD,
        HOURS[4],
        {"kind": "waiver-not-open", "status": "revoked", "by": "ex-3", "at": HOURS[2]},
    ),
    "a poll beside an open one": (
        lambda: after(polled_region(), open_poll(), HOLD, world=READY_WORLD),
        open_poll(),
        READY_WORLD,
        HOURS[2],
        {"kind": "poll-already-open", "by": "pm-7", "at": HOURS[0]},
    ),
    "a poll over what everybody has voted on": (
        lambda: voted(polled_region()),
        open_poll(),
        READY_WORLD,
        HOURS[1],
        {"kind": "poll-already-open", "by": "pm-8", "at": NOW},
    ),
    "a second ballot of a function": (
        voting,
        ballot(Function.MARKETING, person="ma-2"),
        READY_WORLD,
        HOURS[3],
        {"kind": "seat-has-voted", "by": "ma-1", "at": HOURS[1]},
    ),
    "a dissent that nobody voiced": (
        lambda: voted(polled_region(), stances=SALES_OBJECT),
        accepting(Function.MARKETING, Function.ENABLEMENT, Function.SALES),
        READY_WORLD,
        HOURS[1],
        {"kind": "no-such-dissent", "functions": ("enablement", "marketing"), "by": "pm-8", "at": NOW},
    ),
    "a dissent that stands": (
        lambda: voted(polled_region(), stances={**SALES_OBJECT, Function.PRODUCT: Stance.DISSENT}),
        accepting(Function.PRODUCT),
        READY_WORLD,
        HOURS[1],
        {"kind": "dissent-not-accepted", "functions": ("sales",), "by": "pm-8", "at": NOW},
    ),
    "too many conditions": (
        without_poll,
        conditional(LAUNCH_AT, LAUNCH_AT, LAUNCH_AT, LAUNCH_AT),
        READY_WORLD,
        NOW,
        {"kind": "too-many-conditions", "allowed": 3},
    ),
    "a condition that is due too late": (
        without_poll,
        conditional(LAUNCH_AT, LAUNCH_AT + timedelta(days=31)),
        READY_WORLD,
        NOW,
        {"kind": "condition-due-badly", "latest": LAUNCH_AT + timedelta(days=30)},
    ),
    "a condition of somebody else": (
        conditioned,
        meet("decide-conditional_go-1", person="sa-1"),
        READY_WORLD,
        HOURS[1],
        {"kind": "condition-not-yours", "owner": "en-1"},
    ),
    "a condition that was met": (
        lambda: after(conditioned(), *MET, world=READY_WORLD, hour=1),
        meet("decide-conditional_go-1"),
        READY_WORLD,
        HOURS[3],
        {"kind": "condition-closed", "status": "met", "by": "pm-7", "at": HOURS[1]},
    ),
    "a go that stands": (
        lambda: after(without_poll(), decision(), world=READY_WORLD),
        decision(person="ex-2"),
        READY_WORLD,
        HOURS[1],
        {"kind": "already-decided", "by": "ex-1", "at": HOURS[0]},
    ),
    "a no-go that looks again too late": (
        lambda: strict_about_review(14),
        no_go(HOURS[1] + timedelta(days=14, seconds=1)),
        READY_WORLD,
        HOURS[1],
        {"kind": "review-date-too-far", "latest": HOURS[1] + timedelta(days=14)},
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_refusal_tells_who_was_first_and_where_the_limit_lies(name: str) -> None:
    """Whatever happened since by another hand, it names the act that stands in the way, in a whole sentence."""
    build, command, world, moment, expected = TOLD[name]
    region = build()
    evidence = at(world, moment).evidence(launch_at=region.launch_at)
    refusal = propose(region, command, evidence=evidence, now=moment).refusal
    assert refusal is not None
    assert refusal.model_dump(exclude={"detail"}) == expected
    assert is_sentence(refusal.detail)


def test_the_waivers_of_this_region_count_for_the_launch_too() -> None:
    """One here and two elsewhere are the three that the launch allows; one here and one elsewhere leave room."""
    both = World(trained=44, certified=38)
    region = after(two_allowed(), asked(), world=both)

    def refusal(elsewhere: int) -> Any:
        evidence = both.evidence().model_copy(update={"waivers_elsewhere": elsewhere})
        return propose(region, asked(**NEXT, **TRAINING), evidence=evidence, now=NOW).refusal

    assert refusal(1) is None
    assert refusal(2).model_dump(exclude={"detail"}) == {
        "kind": "waiver-budget-spent",
        "allowed": 3,
        "scope": "launch",
    }
    assert "regions of a launch, and 3 are." in refusal(2).detail


def test_an_audience_of_one_may_be_waived_down_to_nothing() -> None:
    """Where the policy allows every depth, a floor of 0 covers the one person who has learned nothing."""
    one = World(audience=1, trained=1)
    policy = lasting().model_copy(update={"waivers": TIERS[1].waivers.model_copy(update={"deepest_floor": 10_000})})
    region = after(looked(signed(region_launch(policy=policy), one), one), asked(floor=None), grant(), world=one)
    assert region.waivers[0].floor == 0
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.WAIVED


def test_a_floor_left_out_is_rounded_down_to_what_is_there() -> None:
    """Two of three is waived at 6,666 basis points, which it reaches."""
    three = World(audience=3, trained=3, certified=2)
    policy = lasting().model_copy(update={"waivers": TIERS[1].waivers.model_copy(update={"deepest_floor": 1_500})})
    region = after(
        looked(signed(region_launch(policy=policy), three), three), asked(floor=None), grant(), world=three
    )
    assert region.waivers[0].floor == 6_666
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.WAIVED


def test_every_waiver_lapses_in_its_own_time() -> None:
    """One that was answered with no hides none of those that run, each of which wakes the region at its moment."""
    both = World(trained=44, certified=38)
    soon, late = asked(expires_at=NOW + timedelta(days=9), **NEXT), asked(command_id="waiver-3", **TRAINING)
    region = after(two_allowed(), asked(), deny(), soon, late, world=both)
    assert next_lapse_at(region, now=HOURS[4]) == NOW + timedelta(days=9)
    granted_one = after(region, grant(waiver="waiver-2"), world=both, hour=4)
    assert next_lapse_at(granted_one, now=HOURS[5]) == NOW + timedelta(days=6)
    assert next_lapse_at(granted_one, now=NOW + timedelta(days=6)) == NOW + timedelta(days=9)
    events = tuple(lapses(granted_one, LAUNCH_AT + timedelta(days=7)))
    assert [(event.type, event.waiver) for event in events if isinstance(event, WaiverLapsed)] == [
        ("waiver_lapsed", "waiver-2"),
        ("waiver_lapsed", "waiver-3"),
    ]
    assert next_lapse_at(without_poll(), now=NOW) is None


def test_everybody_who_touched_a_waiver_is_a_party_of_it() -> None:
    """Who asked, who answered and who took it back; nobody else."""
    assert parties(after(short(), asked(), grant(), revoke())) == {"en-1", "ex-2", "ex-3"}
    assert parties(after(short(), asked())) == {"en-1"}


def test_votes_that_are_missing_are_counted() -> None:
    """Three of four have voted, and the dissent of the absent seat is accepted."""
    refusal = propose(
        short_of_votes(), accepting(Function.PRODUCT), evidence=at(READY_WORLD, CLOSES_AT).evidence(), now=CLOSES_AT
    ).refusal
    assert isinstance(refusal, VotesMissing)
    assert (refusal.needed, refusal.voted) == (4, 3)
    assert is_sentence(refusal.detail)


def test_an_audience_that_empties_is_covered_by_no_waiver() -> None:
    """Nobody to train passes no gate, whatever floor was granted before; one person who is there counts."""
    nobody = World(audience=0)
    region = looked(after(short(), asked(floor=7_500), grant()), at(nobody, HOURS[2]))
    assert not region.stage(Stage.CERTIFICATION).is_closed
    alone = looked(after(short(), asked(floor=7_500), grant()), at(World(audience=1, trained=1), HOURS[2]))
    assert not alone.stage(Stage.CERTIFICATION).is_closed


def test_a_criterion_shows_no_waiver_but_its_own_that_was_granted() -> None:
    """What is only asked for, or granted for another criterion, stands at no criterion."""
    both = World(trained=44, certified=38)

    def shown(region: RegionLaunch) -> dict[str, str]:
        evidence = at(both, HOURS[5]).evidence()
        readiness = evaluate(region.policy, evidence, region, at=evidence.figures.at)
        return {each.key.value: each.waiver.id for each in readiness.criteria if each.waiver is not None}

    asked_for = after(two_allowed(), asked(floor=7_600), world=both)
    assert shown(asked_for) == {}
    assert shown(after(asked_for, grant(), world=both, hour=1)) == {"certified_share": "waiver-1"}
    too_short = after(two_allowed(), asked(expires_at=LAUNCH_AT), grant(), world=both)
    assert shown(too_short) == {"certified_share": "waiver-1"}


@pytest.mark.parametrize(
    ("waivable", "criterion"),
    [
        ((), CriterionKey.CERTIFIED_SHARE),
        ((CriterionKey.TRAINING_COMPLETION,), CriterionKey.CERTIFIED_SHARE),
        ((CriterionKey.VALUE_PROPOSITIONS_SIGNED,), CriterionKey.VALUE_PROPOSITIONS_SIGNED),
    ],
    ids=["nothing", "another share", "a sign-off"],
)
def test_only_a_share_that_the_policy_names_is_waived(
    waivable: tuple[CriterionKey, ...], criterion: CriterionKey
) -> None:
    """What it leaves out is met instead, and a sign-off is never waived, though a policy name it."""
    both = World(trained=44, certified=38)
    assert refused(two_allowed(waivable=waivable), asked(criterion=criterion), both) == "not-waivable"


def test_who_signed_another_stage_answers_the_waiver_of_this_one() -> None:
    """Only the hands on the stage itself are kept from waiving it; that others signed it keeps nobody."""
    unanswered = READY_WORLD.but(answered=4)
    region = two_allowed(deepest_floor=5_000)
    others = tuple(
        s.model_copy(update={"person": "else-1"}) if s.stage is Stage.OBJECTION_HANDLING else s
        for s in region.sign_offs
    )
    region = looked(region.model_copy(update={"sign_offs": others}), unanswered)
    region = accepted(region, asked(criterion=CriterionKey.OBJECTIONS_ANSWERED, floor=8_000), unanswered)
    assert refused(region, grant(person="else-1"), unanswered) == "waiver-by-owner"
    assert accepted(region, grant(person="sa-1"), unanswered).waivers[0].answered_by == "sa-1"


def test_shares_are_told_as_shares() -> None:
    """A floor that reaches too deep is told beside what is required and what is allowed."""
    refusal = propose(short(), asked(floor=6_999), evidence=SHORT_WORLD.evidence(), now=NOW).refusal
    assert refusal is not None
    assert "from below 0.8 down to 0.7, not to 0.6999." in refusal.detail
