"""When does a launch as a whole start, take in a region and end?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import AddRegion, HandOver, Role, StartLaunch
from readiness.events import LaunchEnded, LaunchStarted, RegionAdded, RegionLaunchStarted
from readiness.impact import TierGrounds
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import Launch, LaunchProposal, LaunchSettled, evolve_launch, propose_launch
from readiness.ledger import Look
from readiness.plan import LaunchPlan, RegionPlan
from readiness.policy import TIERS
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, started

KEY = LaunchKey(product="atlas-2", run=2)
EMEA = started().plan
APAC = EMEA.model_copy(update={"region": "apac", "name": "APAC"})
PLAN = LaunchPlan(
    product="atlas-2",
    name="Atlas 2",
    tier=1,
    owner="somebody-else",
    regions=(EMEA, APAC),
    courses=started().courses,
    assessment=started().assessment,
    policy=TIERS[1],
    below_tier=("policy.training.required_share",),
)
ASKED: dict[str, Any] = {"command_id": "c-1", "person": OWNER, "role": Role.PRODUCT_MANAGER, "logged_at": NOW}
START = StartLaunch(**ASKED, plan=PLAN)


def add(region: RegionPlan = APAC) -> AddRegion:
    """Return the wish to add a region."""
    return AddRegion(**ASKED, region=region)


def running(plan: LaunchPlan = PLAN) -> Launch:
    """Return a launch that is running."""
    return evolve_launch(KEY, None, LaunchStarted(at=NOW, person=OWNER, plan=plan))


def ended() -> Launch:
    """Return a launch that has ended."""
    return evolve_launch(KEY, running(), LaunchEnded(at=NOW + timedelta(days=1)))


def refusal_of(proposal: LaunchProposal) -> tuple[str, str]:
    """Return kind and words of the refusal; a refused command proposes nothing."""
    assert (proposal.events, proposal.openings) == ((), ())
    assert proposal.refusal is not None
    return proposal.refusal.kind, proposal.refusal.detail


def test_a_start_opens_every_region_of_its_plan_with_the_whole_of_it() -> None:
    """Each region keeps the rules that the launch started with, and knows which launch it is of."""
    proposal = propose_launch(KEY, None, START, open_regions=(), now=NOW)
    assert proposal.events == (LaunchStarted(at=NOW, person=OWNER, command_id="c-1", plan=PLAN),)
    assert proposal.openings == tuple(
        RegionLaunchStarted(
            at=NOW,
            person=OWNER,
            command_id="c-1",
            launch_run=2,
            product="atlas-2",
            product_name="Atlas 2",
            tier=1,
            owner="somebody-else",
            plan=plan,
            courses=PLAN.courses,
            assessment=PLAN.assessment,
            policy=TIERS[1],
            below_tier=("policy.training.required_share",),
        )
        for plan in (EMEA, APAC)
    )


def test_a_launch_begins_with_its_start() -> None:
    """Who started it, when, and with which plan."""
    launch = running()
    assert launch == Launch(key=KEY, version=1, plan=PLAN, started_at=NOW, started_by=OWNER)


def test_a_product_has_one_launch_at_a_time() -> None:
    """A second start is refused while the first launch runs, and for the same launch once it has ended."""
    again = propose_launch(KEY, running(), START, open_regions=(), now=NOW)
    assert refusal_of(again) == (
        "launch-already-running",
        "Atlas 2 has a launch running since 2027-01-04. "
        "Add regions to it, or wait until each of its regions has launched or is cancelled.",
    )
    after = propose_launch(KEY, ended(), START, open_regions=(), now=NOW)
    assert refusal_of(after) == (
        "launch-ended",
        "This launch has ended on 2027-01-05. Start the product's next launch instead.",
    )


def test_a_launch_that_has_ended_says_when_to_whoever_asks_something_of_it() -> None:
    """Neither a region joins it nor is it handed over, and both are told the day."""
    handed = HandOver(**ASKED, owner="pm-9", reason_digest=digest("a holiday"))
    for command in (add(), handed):
        proposal = propose_launch(KEY, ended(), command, open_regions=(), now=NOW)
        assert refusal_of(proposal) == (
            "launch-ended",
            "This launch has ended on 2027-01-05. Start the product's next launch instead.",
        )


def test_a_region_opens_with_the_grounds_of_its_tier() -> None:
    """Why it is this tier is told by each region's own ledger."""
    grounds = TierGrounds(answers=(), proposed=2)
    start = StartLaunch(**ASKED, plan=PLAN.model_copy(update={"tier_grounds": grounds}))
    proposal = propose_launch(KEY, None, start, open_regions=(), now=NOW)
    assert {opening.tier_grounds for opening in proposal.openings} == {grounds}


def test_a_region_that_is_being_launched_is_not_launched_twice() -> None:
    """Neither a start nor an addition takes a region that has not ended."""
    for launch, command in ((None, START), (running(), add())):
        proposal = propose_launch(KEY, launch, command, open_regions=("apac",), now=NOW)
        assert refusal_of(proposal) == (
            "region-already-running",
            "APAC is part of a launch of this product that has not ended. Cancel it there first.",
        )


@pytest.mark.parametrize(("days", "is_refused"), [(0, True), (-1, False)])
def test_a_region_whose_instant_has_come_cannot_join(days: int, is_refused: bool) -> None:
    """What would launch now or before was never ready to."""
    now = LAUNCH_AT + timedelta(days=days)
    for launch, command in ((None, START), (running(), add())):
        proposal = propose_launch(KEY, launch, command, open_regions=(), now=now)
        if is_refused:
            kind, words = refusal_of(proposal)
            assert kind == "launch-in-the-past"
            assert words.endswith("would launch at 2027-03-01T09:00, which has passed. Name a later time.")
        else:
            assert proposal.refusal is None


def test_an_added_region_opens_under_the_rules_of_its_launch() -> None:
    """The plan, the policy and the owner are those of the launch, whoever adds the region."""
    proposal = propose_launch(KEY, running(), add(), open_regions=("emea",), now=NOW)
    assert proposal.events == (RegionAdded(at=NOW, person=OWNER, command_id="c-1", plan=APAC),)
    (opening,) = proposal.openings
    assert (opening.launch_run, opening.owner, opening.policy, opening.plan) == (2, "somebody-else", TIERS[1], APAC)


@pytest.mark.parametrize("launch", [None, ended()])
def test_nothing_joins_a_launch_that_is_not_running(launch: Launch | None) -> None:
    """A launch that never began, or has ended, takes no region in."""
    kind, words = refusal_of(propose_launch(KEY, launch, add(), open_regions=(), now=NOW))
    assert kind == "launch-ended"
    assert words.startswith("This launch has ended. " if launch is None else "This launch has ended on 2027-01-05. ")


def test_a_region_that_joins_takes_the_place_of_an_earlier_run() -> None:
    """The plan of a launch has each region once, as it is launched now."""
    later = EMEA.model_copy(update={"launch_at": LAUNCH_AT + timedelta(days=7)})
    launch = evolve_launch(KEY, running(), RegionAdded(at=NOW, plan=later))
    assert launch.plan.regions == (APAC, later)
    assert (launch.version, launch.ended_at) == (2, None)


def test_a_launch_ends_once_when_no_region_of_it_is_open() -> None:
    """A look ends it, while a region is open it does nothing, and what has ended does not end again."""

    def looked(launch: Launch | None, *open_regions: str) -> LaunchProposal:
        return propose_launch(KEY, launch, Look(), open_regions=open_regions, now=NOW)

    assert looked(running()).events == (LaunchEnded(at=NOW),)
    assert looked(running(), "emea") == looked(None) == looked(ended()) == LaunchProposal()
    assert (ended().version, ended().ended_at) == (2, NOW + timedelta(days=1))


def test_a_launch_is_made_of_nothing_but_its_start() -> None:
    """Another first event is a broken ledger."""
    with pytest.raises(ValueError, match=r"launch_ended cannot be the first event of atlas-2 \(launch 2\)"):
        evolve_launch(KEY, None, LaunchEnded(at=NOW))


def test_open_regions_travel_with_their_product_named_once() -> None:
    """Fifty of them are read as they were written, take less than a kilobyte, and are read from what versions wrote
    that named the product with each."""
    regions = tuple(RegionKey(product="atlas-2", region=f"r-{number:02}", run=number) for number in range(1, 51))
    settled = LaunchSettled(open_regions=regions)
    written = settled.model_dump_json(include={"open_regions"})
    assert len(written) < 1_000
    assert LaunchSettled.model_validate_json(written) == settled
    as_before = {"open_regions": [region.model_dump(mode="json") for region in regions]}
    assert LaunchSettled.model_validate(as_before) == settled
    for few in (LaunchSettled(open_regions=regions[:1]), LaunchSettled()):
        assert LaunchSettled.model_validate_json(few.model_dump_json()) == few
