"""Does a go revive only where the gate that took it away is met again in time, and nothing else has changed?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.canonical import digest
from readiness.commands import Cancel, Choice, Hold, Position, RegionCommand, Resume, Role, Stance
from readiness.events import HoldCause, RegionEvent, RegionHeld, StagePassed, StageReopened
from readiness.lasting import GoRevived
from readiness.ledger import LaunchRefused, Look
from readiness.policy import TIERS, CriterionKey, Function, Policy, Stage
from readiness.region import RegionLaunch, Verdict
from readiness.rules import evaluate, evolve, propose, verdict_of, why_not_launch
from tests.effort import examples
from tests.readiness.builders import (
    LAUNCH_AT,
    NOW,
    OWNER,
    READY_WORLD,
    SIGNERS,
    World,
    decision,
    lasting,
    region_launch,
    sign_off,
)
from tests.readiness.governing import SHORT_WORLD, accepting, asked, at, conditional, grant, revoke, told, voted
from tests.readiness.steps import accepted, looked, signed
from tests.readiness.test_slips import slip, slipped

HOUR = timedelta(hours=1)
WITHIN = 24 * HOUR
LOST_WORLD = READY_WORLD.but(certified=34)
"""One short of what tier 2 asks of fifty people."""


def gone(policy: Policy | None = None, world: World = READY_WORLD) -> RegionLaunch:
    """Return a region with a standing go that may revive."""
    region = looked(signed(region_launch(policy=policy or lasting(2)), world), world)
    return accepted(region, decision(), world)


def lost(region: RegionLaunch, world: World = LOST_WORLD) -> RegionLaunch:
    """Return the region once its certified share has fallen."""
    region = looked(region, world)
    assert region.holding is not None
    assert region.holding.cause is HoldCause.GATE_UNMET
    return region


def won(region: RegionLaunch, after: timedelta = HOUR, world: World = READY_WORLD) -> RegionLaunch:
    """Return the region once the share is there again, so long after."""
    return looked(region, at(world, NOW + after))


def command(kind: type[RegionCommand], person: str = OWNER) -> RegionCommand:
    """Return a command that says why and nothing else."""
    asked_for = {"command_id": "c-9", "person": person, "role": Role.PRODUCT_MANAGER, "logged_at": NOW}
    return kind.model_validate({**asked_for, "reason_digest": digest("because")})


def as_it_stood(region: RegionLaunch) -> RegionLaunch:
    """Return everything of a region but how often and when it moved."""
    return region.model_copy(update={"version": 0, "last_at": NOW})


def test_each_tier_revives_as_the_rule_book_says_and_a_model_never() -> None:
    """Tier 1 never, the others within a day; launches that began before know nothing of it."""
    assert [TIERS[tier].go_no_go.go_revives_hours for tier in (1, 2, 3)] == [0, 24, 24]
    old = lasting(2).model_dump()
    del old["go_no_go"]["go_revives_hours"]
    assert Policy.model_validate(old).go_no_go.go_revives_hours == 0


def test_a_go_revives_as_an_event_of_its_own_and_equals_the_go_that_was_lost() -> None:
    """Stages, decision and hold are as they were before the gate was lost."""
    before = gone()
    held = lost(before)
    proposal = propose(held, Look(), evidence=at(READY_WORLD, NOW + HOUR).evidence(), now=NOW + HOUR)
    types = [event.type for event in proposal.events]
    assert types == ["criteria_judged", "stage_passed", "go_revived"]
    revived = won(held)
    assert verdict_of(revived) is Verdict.GO
    assert as_it_stood(revived) == as_it_stood(before)
    evidence = at(READY_WORLD, LAUNCH_AT).evidence(at=LAUNCH_AT)
    assert why_not_launch(revived, evidence, at=LAUNCH_AT) == ()


def test_the_hold_says_until_when_the_go_may_revive() -> None:
    """Whoever looks at it knows that hurrying helps, and how long."""
    held = lost(gone())
    evidence = LOST_WORLD.evidence()
    hold = evaluate(held.policy, evidence, held, at=evidence.figures.at).hold
    assert hold is not None
    assert hold.revives_until == NOW + WITHIN
    assert "2027-01-05 09:00 UTC" in hold.reasons[-1]


def test_a_go_revives_until_its_hours_are_over_and_not_after() -> None:
    """The last moment counts, the next does not."""
    assert verdict_of(won(lost(gone()), WITHIN)) is Verdict.GO
    late = won(lost(gone()), WITHIN + timedelta(microseconds=1))
    assert verdict_of(late) is Verdict.HELD


def test_a_lost_go_may_revive_from_the_moment_of_the_hold_on_until_its_hours_are_over() -> None:
    """Both ends count; while the gate is unmet, before the hold, and before what came last, nothing revives."""
    region = lost(gone())
    assert not region.may_revive_at(NOW)
    region = evolve(region, StagePassed(at=NOW, stage=Stage.CERTIFICATION))
    assert region.may_revive_at(NOW)
    assert region.may_revive_at(NOW + WITHIN)
    assert not region.may_revive_at(NOW + WITHIN + timedelta(microseconds=1))
    assert not region.may_revive_at(NOW - timedelta(microseconds=1))
    since = region.model_copy(update={"last_at": NOW + HOUR})
    assert not since.may_revive_at(NOW + HOUR - timedelta(microseconds=1))


def test_tier_1_never_revives_and_remembers_nothing() -> None:
    """Strict: what was lost is decided anew, and a ledger of before folds to what it did."""
    world = READY_WORLD.but(certified=39)
    held = lost(gone(lasting(1)), world)
    assert held.lost is None
    assert verdict_of(won(held)) is Verdict.HELD


def test_a_revived_conditional_go_has_its_conditions_and_dissents() -> None:
    """The dissent stands beside the go for ever, and no seat votes again: nothing that it said has changed."""
    region = looked(signed(region_launch(policy=TIERS[2]), READY_WORLD), READY_WORLD)
    region = voted(region, stances={Function.SALES: Stance.DISSENT})
    promise = conditional(LAUNCH_AT + 5 * HOUR).model_copy(
        update={"dissents_accepted": accepting(Function.SALES).dissents_accepted}
    )
    before = accepted(region, promise, READY_WORLD)
    revived = won(lost(before))
    assert verdict_of(revived) is Verdict.CONDITIONAL_GO
    assert as_it_stood(revived) == as_it_stood(before)
    assert revived.decision is not None
    assert revived.decision.dissents_accepted == (Function.SALES,)
    evidence = told(revived, at(READY_WORLD, NOW + HOUR), {})
    assert propose(revived, Look(), evidence=evidence, now=NOW + HOUR).events == ()


def test_a_go_whose_condition_fell_due_meanwhile_does_not_revive() -> None:
    """What was promised was not kept: the executive decides again."""
    region = looked(signed(region_launch(policy=lasting(2)), READY_WORLD), READY_WORLD)
    region = accepted(region, conditional(NOW + HOUR), READY_WORLD)
    assert verdict_of(won(lost(region), 2 * HOUR)) is Verdict.HELD
    assert verdict_of(won(lost(region), HOUR / 2)) is Verdict.CONDITIONAL_GO


def test_a_go_does_not_revive_once_its_instant_has_come() -> None:
    """It would have had to stand then."""
    eve = LAUNCH_AT - HOUR
    held = looked(gone(), at(LOST_WORLD, eve))
    assert verdict_of(looked(held, at(READY_WORLD, LAUNCH_AT - HOUR / 2))) is Verdict.GO
    assert verdict_of(looked(held, at(READY_WORLD, LAUNCH_AT))) is Verdict.HELD


def test_a_slipped_go_revives_for_the_instant_that_it_slipped_to() -> None:
    """Each rule by itself, and both together."""
    later = LAUNCH_AT + timedelta(days=3)
    before = slipped(gone(), later)
    revived = won(lost(before))
    assert as_it_stood(revived) == as_it_stood(before)
    assert revived.decision is not None
    assert revived.decision.stands_for == later


def test_a_gate_that_is_met_in_another_way_revives_nothing() -> None:
    """Evidence in place of a waiver, or a waiver in place of evidence, is a change: it is decided anew."""
    short = SHORT_WORLD.but(certified=33)
    region = looked(signed(region_launch(policy=lasting(2)), short), short)
    ask = asked(floor=6_000)
    region = accepted(accepted(region, ask, short), grant(), short)
    region = accepted(region, decision(), short)
    held = looked(region, short.but(certified=29))
    assert verdict_of(held) is Verdict.HELD
    assert verdict_of(won(held, world=short)) is Verdict.GO
    assert verdict_of(won(held, world=READY_WORLD)) is Verdict.HELD


def acts() -> Iterator[tuple[str, RegionCommand, World]]:
    """Yield everything that somebody may do to a region whose go was lost."""
    yield "hold", command(Hold), LOST_WORLD
    yield "resume", command(Resume), LOST_WORLD
    yield "cancel", command(Cancel), LOST_WORLD
    yield "slip", slip(LAUNCH_AT + timedelta(days=1)), LOST_WORLD
    function, role, person = SIGNERS[0]
    back = sign_off(function, role, person, world=LOST_WORLD, position=Position.SEND_BACK)
    yield "send back", back, LOST_WORLD
    yield "ask for a waiver", asked(floor=6_000), LOST_WORLD


@pytest.mark.parametrize(("name", "act", "world"), list(acts()), ids=lambda value: str(value)[:20])
def test_after_any_command_a_lost_go_does_not_revive(name: str, act: RegionCommand, world: World) -> None:
    """Nothing else has changed, or it is decided anew."""
    held = accepted(lost(gone()), act, world)
    assert held.lost is None, name
    assert verdict_of(won(held)) not in {Verdict.GO, Verdict.CONDITIONAL_GO}, name


def test_an_edit_or_a_lapse_makes_a_lost_go_forgotten() -> None:
    """New words and waivers that end are changes though nobody asked the region."""
    edited = looked(lost(gone()), LOST_WORLD.but(message="message 2"))
    assert edited.lost is None
    short = SHORT_WORLD.but(certified=33)
    region = looked(signed(region_launch(policy=lasting(2)), short), short)
    region = accepted(region, asked(floor=6_000), short)
    region = accepted(accepted(region, grant(), short), decision(), short)
    revoked = accepted(region, revoke(), short)
    assert verdict_of(revoked) is Verdict.HELD
    assert verdict_of(won(revoked)) is Verdict.HELD


@pytest.mark.parametrize("cause", [c for c in HoldCause if c is not HoldCause.GATE_UNMET])
def test_a_hold_for_anything_else_is_remembered_by_no_go(cause: HoldCause) -> None:
    """A person's hold, a missed instant or condition, a launch that was refused: the go is gone for good."""
    reopened = StageReopened(at=NOW, stage=Stage.CERTIFICATION, criteria=(CriterionKey.CERTIFIED_SHARE,))
    for region in (gone(), evolve(gone(), reopened)):
        held = evolve(region, RegionHeld(at=NOW, cause=cause, person="ex-1"))
        assert held.lost is None
        assert verdict_of(won(held)) is Verdict.HELD


def test_a_launch_that_was_refused_does_not_revive() -> None:
    """The second lock saw something that the first did not: somebody looks at it."""
    instant = at(READY_WORLD, LAUNCH_AT)
    region, evidence = gone(), instant.evidence()
    for event in propose(region, LaunchRefused(objections=("no",)), evidence=evidence, now=LAUNCH_AT).events:
        region = evolve(region, event)
    assert region.holding is not None
    assert region.holding.cause is HoldCause.LAUNCH_REFUSED
    assert region.lost is None


@pytest.mark.parametrize("place", ["never decided", "go stands", "late", "gate unmet", "held by a person"])
def test_a_row_that_revives_what_was_not_lost_gives_nothing(place: str) -> None:
    """Whoever wrote it: the fold gives back only a go that it remembers, in time, with its stages closed."""
    regions = {
        "never decided": looked(signed(region_launch(policy=lasting(2)), READY_WORLD), READY_WORLD),
        "go stands": gone(),
        "late": lost(gone()),
        "gate unmet": lost(gone()),
        "held by a person": accepted(gone(), command(Hold), READY_WORLD),
    }
    region = regions[place]
    moment = NOW + WITHIN + HOUR if place == "late" else NOW + HOUR
    claimed = GoRevived(at=moment, choice=Choice.GO, decision_version=region.version)
    after = evolve(region, claimed)
    assert (after.decision, after.holding, after.stages) == (region.decision, region.holding, region.stages)


@settings(max_examples=examples(150))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["facts", "facts", "facts", "hold", "resume", "edit", "sign", "slip"]),
            st.sampled_from([40, 34]),
            st.integers(0, 30),
        ),
        max_size=12,
    )
)
def test_a_revival_follows_nothing_but_a_hold_for_a_gate(steps: list[tuple[str, int, int]]) -> None:
    """Whatever happens: before a revival come that hold and gates alone, in time, and the go is the one it took."""
    world, region = READY_WORLD, gone()
    ledger: list[tuple[RegionLaunch, RegionEvent]] = []
    for number, (what, certified, hours) in enumerate(steps):
        world = world.later(timedelta(hours=hours)).but(certified=certified)
        if what == "edit":
            world = world.but(message=f"message {number} edited")
        evidence = world.evidence(launch_at=region.launch_at)
        cause: RegionCommand | Look = Look()
        if what in {"hold", "resume"}:
            cause = command(Hold if what == "hold" else Resume)
        if what == "sign":
            function, role, person = SIGNERS[number % 2]
            cause = sign_off(function, role, person, world=world)
        if what == "slip":
            cause = slip(region.launch_at + timedelta(days=1))
            evidence = world.evidence(launch_at=cause.launch_at)
        for event in propose(region, cause, evidence=evidence, now=world.now).events:
            ledger.append((region, event))
            region = evolve(region, event)
    for place, (_, event) in enumerate(ledger):
        if isinstance(event, GoRevived):
            _audit_revival(ledger[: place + 1], evolve(*ledger[place]))


def _audit_revival(ledger: list[tuple[RegionLaunch, RegionEvent]], revived: RegionLaunch) -> None:
    """Hold a revival to what the ledger before it tells."""
    (*before, (_, revival)) = ledger
    held_at = max(n for n, (_, event) in enumerate(before) if isinstance(event, RegionHeld))
    held = before[held_at][1]
    assert isinstance(held, RegionHeld)
    assert held.cause is HoldCause.GATE_UNMET
    assert {event.type for _, event in before[held_at + 1 :]} <= {"criteria_judged", "stage_passed", "stage_reopened"}
    assert timedelta(0) <= revival.at - held.at <= WITHIN
    assert revived.decision == before[held_at][0].decision
    assert revived.launch_at > revival.at
