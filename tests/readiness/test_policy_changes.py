"""Does a running region get another policy only by two people, at its moment, and is it judged by it?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.canonical import digest
from readiness.commands import AskPolicyChange, ConfirmPolicyChange, DeclinePolicyChange, Role
from readiness.events import CriterionStatus, HoldCause
from readiness.ledger import Look
from readiness.policy import TIERS, CriterionKey, Function, Policy, Stage
from readiness.policy_changes import flips
from readiness.policy_events import Applies, PolicyChangeConfirmed, PolicyChanged
from readiness.readiness import Readiness
from readiness.region import RegionLaunch, StageStatus, Verdict
from readiness.rules import due_at, evaluate, evolve, propose, verdict_of, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, READY_WORLD, UNPOLLED, World, decision, region_launch
from tests.readiness.governing import SHORT_WORLD, at, polled_region, short, voted
from tests.readiness.steps import accepted, looked, refused, signed, with_go

CHANGE = digest("seventy is enough")
IN_A_WEEK = NOW + timedelta(days=7)


def certified(share: int, policy: Policy = UNPOLLED) -> Policy:
    """Return the policy with another share of certified people."""
    certification = policy.certification.model_copy(update={"required_share": share})
    return policy.model_copy(update={"certification": certification})


def asked(policy: Policy, **changes: Any) -> AskPolicyChange:
    """Return the wish for `policy`, from the next gate unless said."""
    fields: dict[str, Any] = {
        "command_id": "policy-1",
        "person": OWNER,
        "role": Role.PRODUCT_MANAGER,
        "logged_at": NOW,
        "reason_digest": digest("a harder test"),
        "change": CHANGE,
        "policy": policy,
        "below_tier": ("policy.certification.required_share",),
        "applies": Applies.NEXT_GATE,
    }
    return AskPolicyChange(**{**fields, **changes})


def confirmed(*, person: str = "ex-2", role: Role = Role.EXECUTIVE, change: str = CHANGE) -> ConfirmPolicyChange:
    """Return the confirmation of the change."""
    return ConfirmPolicyChange(
        command_id="policy-2", person=person, role=role, logged_at=NOW, reason_digest=digest("read"), change=change
    )


def declined(*, person: str = "ex-2", role: Role = Role.EXECUTIVE) -> DeclinePolicyChange:
    """Return that the change is declined."""
    return DeclinePolicyChange(
        command_id="policy-3", person=person, role=role, logged_at=NOW, reason_digest=digest("no"), change=CHANGE
    )


def changed(region: RegionLaunch, policy: Policy, world: World, **how: Any) -> RegionLaunch:
    """Return the region after the change was asked for and confirmed."""
    return accepted(accepted(region, asked(policy, **how), world), confirmed(), world)


def seen(region: RegionLaunch, world: World) -> Readiness:
    """Return the readiness of the region at its launch instant."""
    evidence = world.evidence(launch_at=region.launch_at)
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def test_a_change_that_nobody_confirmed_changes_nothing() -> None:
    """Asking alone leaves the policy, the gates and the colour as they are."""
    region = accepted(short(), asked(certified(7_000)), SHORT_WORLD)
    assert region.policy == UNPOLLED
    assert seen(region, SHORT_WORLD).unmet_of(Stage.CERTIFICATION)
    assert looked(region, at(SHORT_WORLD, NOW + timedelta(days=30))).policy == UNPOLLED


def test_a_confirmed_change_counts_from_the_next_gate() -> None:
    """The open gate is judged by it at the next look, on evidence that was gathered by it."""
    region = changed(short(), certified(7_000), SHORT_WORLD)
    assert region.policy.certification.required_share == 7_000
    assert region.stage(Stage.CERTIFICATION).status is StageStatus.OPEN
    assert looked(region, SHORT_WORLD).stage(Stage.CERTIFICATION).status is StageStatus.PASSED
    assert region.below_tier == ("policy.certification.required_share",)


def test_what_was_closed_keeps_the_rules_that_it_was_closed_by() -> None:
    """A stricter share from the next gate reopens nothing; one for all stages does, and the go is gone."""
    training = UNPOLLED.training.model_copy(update={"required_share": 10_000})
    stricter = UNPOLLED.model_copy(update={"training": training, "lead_time_days": 3})
    region = looked(changed(with_go(), stricter, READY_WORLD), READY_WORLD)
    assert region.policy.training.required_share == 9_000
    assert verdict_of(region) is Verdict.GO
    later = changed(with_go(), stricter, READY_WORLD, applies=Applies.ALL, from_at=IN_A_WEEK)
    assert looked(later, at(READY_WORLD, IN_A_WEEK - timedelta(seconds=1))).policy == UNPOLLED
    there = looked(looked(later, at(READY_WORLD, IN_A_WEEK)), at(READY_WORLD, IN_A_WEEK))
    assert there.stage(Stage.TRAINING).status is StageStatus.REOPENED
    assert there.holding is not None
    assert there.holding.cause is HoldCause.GATE_UNMET


def test_a_change_for_all_comes_by_itself_at_its_moment() -> None:
    """The region wakes up for it, and not before."""
    waiting = changed(short(), certified(7_000), SHORT_WORLD, applies=Applies.ALL, from_at=IN_A_WEEK)
    assert due_at(waiting, now=NOW) == IN_A_WEEK
    proposal = propose(
        waiting, Look(), evidence=at(SHORT_WORLD, IN_A_WEEK).evidence(launch_at=waiting.launch_at), now=IN_A_WEEK
    )
    assert [event.type for event in proposal.events] == ["policy_changed"]


def test_gates_are_not_judged_by_what_was_gathered_before_the_change() -> None:
    """In the step that changes the policy no gate moves: its evidence was read by the rules before."""
    region = accepted(short(), asked(certified(7_000)), SHORT_WORLD)
    evidence = SHORT_WORLD.evidence(launch_at=region.launch_at)
    events = propose(region, confirmed(), evidence=evidence, now=NOW).events
    assert [event.type for event in events] == ["policy_change_confirmed", "policy_changed"]


def test_nobody_decides_on_what_was_gathered_before_the_change() -> None:
    """A decision that comes as the policy changes is refused, and asks to be tried again."""
    waiting = changed(undecided(), certified(7_000), READY_WORLD, applies=Applies.ALL, from_at=IN_A_WEEK)
    assert refused(waiting, decision(at=IN_A_WEEK), at(READY_WORLD, IN_A_WEEK)) == "evidence-missing"


def undecided() -> RegionLaunch:
    """Return a region that is ready, and on which nobody has decided."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"reason_digest": None}, "reason-missing"),
        ({"policy": UNPOLLED}, "policy-unchanged"),
        ({"applies": Applies.ALL}, "policy-change-dated"),
        ({"from_at": IN_A_WEEK}, "policy-change-dated"),
        ({"applies": Applies.ALL, "from_at": NOW}, "policy-change-dated"),
        ({"applies": Applies.ALL, "from_at": LAUNCH_AT}, "policy-change-dated"),
        (
            {
                "policy": UNPOLLED.model_copy(
                    update={"training": UNPOLLED.training.model_copy(update={"functions": ("partners",)})}
                )
            },
            "policy-change-impossible",
        ),
    ],
)
def test_a_change_that_may_not_be_asked_for_is_refused_by_name(change: dict[str, Any], kind: str) -> None:
    """It says why, differs from what counts, leaves the audience alone, and has a moment just where it needs one."""
    assert refused(short(), asked(certified(7_000)).model_copy(update=change), SHORT_WORLD) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (confirmed(role=Role.PRODUCT_MANAGER), "policy-change-not-yours"),
        (confirmed(person=OWNER), "policy-change-not-yours"),
        (confirmed(change=digest("another")), "policy-change-unknown"),
        (declined(person="pm-8", role=Role.PRODUCT_MANAGER), "policy-change-not-yours"),
        (asked(certified(6_000)), "policy-change-open"),
    ],
)
def test_an_answer_that_may_not_be_is_refused_by_name(answer: Any, kind: str) -> None:
    """Only an executive who neither asked nor owns confirms just what was asked for."""
    assert refused(accepted(short(), asked(certified(7_000)), SHORT_WORLD), answer, SHORT_WORLD) == kind


def test_nobody_confirms_their_own_change() -> None:
    """An executive who manages the product too needs a second person like anyone else."""
    region = accepted(short(), asked(certified(7_000), person="ex-2"), SHORT_WORLD)
    assert refused(region, confirmed(person="ex-2"), SHORT_WORLD) == "policy-change-by-asker"
    assert accepted(region, confirmed(person="ex-3"), SHORT_WORLD).policy.certification.required_share == 7_000


def test_whoever_asked_takes_it_back_and_may_ask_anew() -> None:
    """A declined change leaves the policy as it was."""
    region = accepted(short(), asked(certified(7_000)), SHORT_WORLD)
    region = accepted(region, declined(person=OWNER, role=Role.PRODUCT_MANAGER), SHORT_WORLD)
    assert (region.policy, region.policy_change) == (UNPOLLED, None)
    assert accepted(region, asked(certified(7_500)), SHORT_WORLD).policy_change is not None


def test_a_seat_that_is_added_under_a_go_is_asked_before_the_launch() -> None:
    """The go is gone until the new seat has voted, and the poll asks only that one."""
    three = TIERS[1].go_no_go.model_copy(update={"polled": TIERS[1].go_no_go.polled[:3], "votes_needed": 3})
    policy = TIERS[1].model_copy(update={"go_no_go": three})
    region = looked(polled_region().model_copy(update={"policy": policy}), READY_WORLD)
    region = accepted(voted(region), decision(), READY_WORLD)
    region = changed(region, TIERS[1], READY_WORLD, applies=Applies.ALL, from_at=IN_A_WEEK)
    then = at(READY_WORLD, IN_A_WEEK)
    held = looked(looked(region, then), then)
    assert verdict_of(held) is Verdict.HELD
    assert why_not_launch(held, READY_WORLD.but(now=LAUNCH_AT).evidence(), at=LAUNCH_AT)
    unmet = seen(held, then).unmet_of(Stage.GO_NO_GO)
    assert [criterion.key for criterion in unmet] == [CriterionKey.POLL_COMPLETE]


@given(at_once=st.booleans(), early=st.timedeltas(timedelta(seconds=1), timedelta(days=7)))
def test_a_written_change_without_its_confirmation_or_before_its_moment_changes_nothing(
    at_once: bool, early: timedelta
) -> None:
    """Whoever writes that the policy changed brings nothing that two people did not agree on."""
    region = accepted(short(), asked(certified(7_000), applies=Applies.ALL, from_at=IN_A_WEEK), SHORT_WORLD)
    if at_once:
        region = evolve(region, PolicyChangeConfirmed(at=NOW, change=CHANGE, person="ex-2"))
        moment: datetime = IN_A_WEEK - early
    else:
        moment = IN_A_WEEK + early
    assert evolve(region, PolicyChanged(at=moment, change=CHANGE)).policy == UNPOLLED
    self_confirmed = evolve(region, PolicyChangeConfirmed(at=NOW, change=CHANGE, person=OWNER))
    assert self_confirmed.policy_change is not None
    assert self_confirmed.policy_change.confirmed_by != OWNER


def test_a_rehearsal_names_every_criterion_that_would_stand_otherwise() -> None:
    """With the stage, the status before and after and why; and what becomes of the verdict."""
    evidence = SHORT_WORLD.evidence()
    found = flips(short(), certified(7_000), before=evidence, evidence=evidence, applies=Applies.ALL)
    assert (found.verdict, found.verdict_after) == (Verdict.NOT_READY, Verdict.NOT_READY)
    assert [(f.stage, f.criterion, f.before, f.after) for f in found.flips] == [
        (Stage.CERTIFICATION, CriterionKey.CERTIFIED_SHARE, CriterionStatus.UNMET, CriterionStatus.MET)
    ]
    ready = READY_WORLD.evidence()
    lost = flips(with_go(), certified(9_500), before=ready, evidence=ready, applies=Applies.ALL)
    assert lost.verdict_after is Verdict.HELD
    assert flips(with_go(), certified(9_500), before=ready, evidence=ready, applies=Applies.NEXT_GATE).flips == ()
    seats = UNPOLLED.go_no_go.model_copy(update={"polled": (Function.SALES,)})
    polled = UNPOLLED.model_copy(update={"go_no_go": seats})
    (flip,) = flips(short(), polled, before=evidence, evidence=evidence, applies=Applies.ALL).flips
    assert (flip.before, flip.after) == (None, CriterionStatus.NO_EVIDENCE)
    assert region_launch().policy == UNPOLLED
