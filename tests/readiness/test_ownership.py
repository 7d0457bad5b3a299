"""Who may own a launch, and does nobody who owned it ever decide on it?"""

from datetime import timedelta
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import ChangeOwner, HandOver, Role
from readiness.events import LaunchOwnerChanged, OwnerChanged, RegionAdded
from readiness.launch import evolve_launch, propose_launch
from readiness.refusals import Refusal
from readiness.region import RegionLaunch, Verdict
from readiness.rules import evolve, propose, verdict_of, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import SHORT_WORLD, asked, grant, revoke, short, waived
from tests.readiness.steps import accepted, looked, signed, with_go
from tests.readiness.test_launch import APAC, KEY, add, ended, running

HEIR = "pm-8"


def handing(owner: str = HEIR, *, person: str = OWNER, role: Role = Role.PRODUCT_MANAGER, **more: Any) -> ChangeOwner:
    """Return the wish to give a region to another owner."""
    fields = {"command_id": "own-1", "logged_at": NOW, "reason_digest": digest("why"), **more}
    return ChangeOwner(owner=owner, person=person, role=role, **fields)


def refusal_of(region: RegionLaunch, command: Any, world: World = READY_WORLD) -> Refusal:
    """Return why `command` is refused, which it must be."""
    refusal = propose(region, command, evidence=world.evidence(), now=world.now).refusal
    assert refusal is not None
    return refusal


def ready() -> RegionLaunch:
    """Return a region that waits for its decision."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def test_a_region_passes_to_its_new_owner_and_remembers_the_old_one() -> None:
    """Who owned it before is kept, the first first, however often it changes hands."""
    region = accepted(region_launch(), handing(), READY_WORLD)
    assert (region.owner, region.former_owners) == (HEIR, (OWNER,))
    region = accepted(region, handing("pm-9", person=HEIR), READY_WORLD)
    assert (region.owner, region.former_owners) == ("pm-9", (OWNER, HEIR))
    back = accepted(region, handing(OWNER, person="pm-9"), READY_WORLD)
    assert (back.owner, set(back.former_owners)) == (OWNER, {OWNER, HEIR, "pm-9"})


@pytest.mark.parametrize("person", [HEIR, OWNER])
def test_neither_the_new_owner_nor_the_old_one_decides(person: str) -> None:
    """To own a launch until the day of its decision, and to take that then, would be both keys in one hand."""
    region = accepted(ready(), handing(), READY_WORLD)
    assert refusal_of(region, decision(person=person)).kind == "decider-is-owner"
    assert verdict_of(accepted(region, decision(), READY_WORLD)) is Verdict.GO


@pytest.mark.parametrize("person", [HEIR, OWNER])
def test_neither_the_new_owner_nor_the_old_one_grants_a_waiver(person: str) -> None:
    """Nobody waives what they own or have owned."""
    region = accepted(accepted(short(), asked(), SHORT_WORLD), handing(), SHORT_WORLD)
    assert refusal_of(region, grant(person=person), SHORT_WORLD).kind == "waiver-by-owner"


def test_a_change_of_owner_leaves_a_go_alone() -> None:
    """Who decided is neither owner, so nothing that was decided is in doubt."""
    region = accepted(with_go(), handing(), READY_WORLD)
    assert verdict_of(region) is Verdict.GO
    at_launch = READY_WORLD.but(now=LAUNCH_AT)
    assert why_not_launch(region, at_launch.evidence(), at=LAUNCH_AT) == ()


def test_who_took_the_decision_that_stands_does_not_become_owner() -> None:
    """The refusal says what to do: another executive decides first, and then it may be."""
    region = with_go()
    refusal = refusal_of(region, handing("ex-1"))
    assert refusal.kind == "owner-took-decision"
    assert "ex-1" in refusal.detail
    forced = evolve(region, OwnerChanged(at=NOW, person=OWNER, command_id="own-1", owner="ex-1"))
    at_launch = READY_WORLD.but(now=LAUNCH_AT)
    assert "the go was taken by the launch owner" in why_not_launch(forced, at_launch.evidence(), at=LAUNCH_AT)
    passed_on = evolve(forced, OwnerChanged(at=NOW, person=OWNER, command_id="own-2", owner=HEIR))
    objections = why_not_launch(passed_on, at_launch.evidence(), at=LAUNCH_AT)
    assert "the go was taken by a former launch owner" in objections


def test_who_granted_a_waiver_that_runs_does_not_become_owner() -> None:
    """Once it is revoked, they may."""
    region = waived()
    refusal = refusal_of(region, handing("ex-2"), SHORT_WORLD)
    assert (refusal.kind, getattr(refusal, "waiver", None)) == ("owner-granted-waiver", "waiver-1")
    after = accepted(accepted(region, revoke(), SHORT_WORLD), handing("ex-2"), SHORT_WORLD)
    assert after.owner == "ex-2"


def test_the_new_owner_is_another_person() -> None:
    """To hand a launch to its owner says nothing."""
    assert refusal_of(region_launch(), handing(OWNER)).kind == "owner-unchanged"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PRODUCT_MANAGER])
def test_only_the_owner_or_a_product_manager_hands_it_over(role: Role) -> None:
    """The owner may whatever their role is; nobody else may but who manages the product."""
    assert refusal_of(region_launch(), handing(person="ma-1", role=role)).kind == "owner-change-not-yours"
    assert accepted(region_launch(), handing(role=role), READY_WORLD).owner == HEIR
    stranger = handing(person="pm-6", role=Role.PRODUCT_MANAGER)
    assert accepted(region_launch(), stranger, READY_WORLD).owner == HEIR


def test_a_change_of_owner_says_why() -> None:
    """As everything that governs does."""
    assert refusal_of(region_launch(), handing(reason_digest=None)).kind == "reason-missing"


# --- the launch as a whole


def giving(owner: str = HEIR, *, person: str = "somebody-else", role: Role = Role.SALES_LEAD) -> HandOver:
    """Return the wish to give the launch as a whole to another owner."""
    return HandOver(
        command_id="c-1", person=person, role=role, logged_at=NOW, reason_digest=digest("why"), owner=owner
    )


def test_regions_that_join_a_launch_later_are_the_new_owners() -> None:
    """The launch shows its new owner, and opens with that one what is added from then on."""
    proposal = propose_launch(KEY, running(), giving(), open_regions=(), now=NOW)
    (event,) = proposal.events
    assert event == LaunchOwnerChanged(at=NOW, person="somebody-else", command_id="c-1", owner=HEIR)
    launch = evolve_launch(KEY, running(), event)
    assert (launch.version, launch.plan.owner) == (2, HEIR)
    joined = propose_launch(KEY, launch, add(), open_regions=(), now=NOW)
    assert [opening.owner for opening in joined.openings] == [HEIR]
    assert joined.events == (RegionAdded(at=NOW, person=OWNER, command_id="c-1", plan=APAC),)


def test_a_launch_is_handed_over_by_its_owner_or_a_product_manager_while_it_runs() -> None:
    """A stranger, an ended launch and a missing reason are refused; to hand it to its owner changes nothing."""
    refused = propose_launch(KEY, running(), giving(person="ma-1", role=Role.MARKETING), open_regions=(), now=NOW)
    assert refused.refusal is not None
    assert (refused.events, refused.refusal.kind) == ((), "owner-change-not-yours")
    later = NOW + timedelta(days=2)
    for launch in (None, ended()):
        over = propose_launch(KEY, launch, giving(), open_regions=(), now=later)
        assert over.refusal is not None
        assert over.refusal.kind == "launch-ended"
    same = propose_launch(KEY, running(), giving("somebody-else"), open_regions=(), now=NOW)
    assert (same.events, same.refusal) == ((), None)
