"""Does the store carry out a change of policy as the core means it, and rehearse one without a trace?"""

from datetime import timedelta
from typing import Any

import pytest

from api.live import region_readiness
from readiness.canonical import digest
from readiness.commands import Choice, Role
from readiness.events import CriterionStatus
from readiness.keys import RegionKey
from readiness.ledger import LaunchDenied, Launched, Look, Proposal
from readiness.policy import CriterionKey, Policy, Stage
from readiness.policy_events import Applies, PolicyChangeConfirmed, PolicyChanged
from readiness.region import StageStatus, Verdict
from store.board import marked_regions, refresh_figures
from store.ledger import ProposalForged, rows_after
from store.policy_changes import flips_of
from store.settling import settle
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, UNPOLLED
from tests.store.desk import PRODUCT, Desk

CHANGE = digest("another policy")


def certified(share: int, policy: Policy = UNPOLLED) -> Policy:
    """Return the policy with another share of certified people."""
    certification = policy.certification.model_copy(update={"required_share": share})
    return policy.model_copy(update={"certification": certification})


def short(desk: Desk) -> RegionKey:
    """Return a region of ten of whom seven are certified, one short of eight."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea", certified=7)
    desk.sign_all(key)
    desk.look(key)
    return key


def change(desk: Desk, key: RegionKey, policy: Policy, **how: Any) -> None:
    """Have the change asked for and confirmed."""
    fields: dict[str, Any] = {"policy": policy, "change": CHANGE, "applies": Applies.NEXT_GATE, **how}
    desk.accepted(key, desk.ask(key, "ask_policy_change", OWNER, Role.PRODUCT_MANAGER, **fields))
    desk.accepted(key, desk.ask(key, "confirm_policy_change", "ex-2", Role.EXECUTIVE, change=CHANGE))


def test_a_region_launches_by_the_policy_that_two_people_agreed_on(desk: Desk) -> None:
    """From the wish to the launch record, through both locks."""
    key = short(desk)
    change(desk, key, certified(7_000))
    desk.look(key)
    assert desk.region(key).stage(Stage.CERTIFICATION).status is StageStatus.PASSED
    desk.accepted(key, desk.decide(key, Choice.GO))
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_what_the_rules_before_had_counted_is_counted_anew(desk: Desk) -> None:
    """A go is not shown until the region was judged by the new policy; then it is held."""
    key = desk.with_go()
    moment = NOW + timedelta(days=3)
    change(desk, key, certified(10_000), applies=Applies.ALL, from_at=moment)
    desk.void_passes("emea", people=1)
    desk.look(key)
    assert region_readiness(desk.store, PRODUCT, "emea").verdict is Verdict.GO
    desk.clock.now = moment
    desk.look(key)
    assert region_readiness(desk.store, PRODUCT, "emea").verdict is Verdict.HELD
    with desk.store.reading() as tx:
        assert key in marked_regions(tx, limit=9)
    assert key in refresh_figures(desk.store, [key])
    desk.look(key)
    assert desk.region(key).holding is not None


def test_a_change_that_nobody_confirmed_launches_nothing(desk: Desk) -> None:
    """Written past the rules, its confirmation has no command in the log, and the launch is denied."""
    key = short(desk)
    fields: dict[str, Any] = {"policy": certified(7_000), "change": CHANGE, "applies": Applies.NEXT_GATE}
    desk.accepted(key, desk.ask(key, "ask_policy_change", OWNER, Role.PRODUCT_MANAGER, **fields))
    known = desk.region(key).version
    forged = PolicyChangeConfirmed(at=NOW, change=CHANGE, person="ex-2", command_id="none")
    with pytest.raises(ProposalForged):
        settle(desk.store, key, known, Look(), Proposal(events=(forged,)))
    settle(desk.store, key, known, Look(), Proposal(events=(PolicyChanged(at=NOW, change=CHANGE),)))
    assert desk.region(key).policy == UNPOLLED
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), LaunchDenied)


def test_a_rehearsal_says_what_would_flip_and_leaves_no_trace(desk: Desk) -> None:
    """Every running region is tried by its own policy, and nothing is written."""
    key = short(desk)
    with desk.store.reading() as tx:
        before = rows_after(tx, key, 0)
        (found,) = flips_of(
            tx, certified_at_seventy, product=PRODUCT, within=None, applies=Applies.ALL, now=desk.clock.now
        )
        nothing = flips_of(
            tx, certified_at_seventy, product=PRODUCT, within=["apac"], applies=Applies.ALL, now=desk.clock.now
        )
        assert rows_after(tx, key, 0) == before
    assert nothing == ()
    assert [(flip.criterion, flip.before, flip.after) for flip in found.flips] == [
        (CriterionKey.CERTIFIED_SHARE, CriterionStatus.UNMET, CriterionStatus.MET)
    ]


def certified_at_seventy(base: Policy) -> Policy:
    """Return `base` with seven of ten certified as enough."""
    return certified(7_000, base)
