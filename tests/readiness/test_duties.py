"""Which assignments of the duties of a launch to people may bring it to a go?"""

# The core knows people by their ids alone, so two assignments that differ in names only are one: every run tries the
# 203 that differ in who is the same as whom, and the long run all 46,656. They are walked as a tree, so that what two
# of them share is done once.

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from readiness.commands import RegionCommand, Role
from readiness.policy import CriterionKey, Function, Stage
from readiness.region import RegionLaunch
from readiness.rules import begin, why_not_launch
from tests.effort import PROFILE
from tests.readiness.builders import KEY, LAUNCH_AT, READY_WORLD, UNPOLLED, World, decision, sign_off, started
from tests.readiness.governing import SHORT_WORLD, asked, grant
from tests.readiness.steps import looked, proposed

PEOPLE = ("ann", "ben", "cem", "dea", "eli", "fay")
DUTIES = ("owner", "marketing", "sales", "requester", "approver", "executive")

CLASHES = {
    ("marketing", "sales"),
    ("requester", "approver"),
    ("owner", "approver"),
    ("owner", "executive"),
    ("marketing", "executive"),
    ("sales", "executive"),
    ("requester", "executive"),
    ("approver", "executive"),
}
"""Duties that are never one person's, whatever is waived."""

OF_THE_ITEM = {("marketing", "approver"), ("sales", "approver")}
"""Who signed the stage of what is waived does not answer the waiver either."""

CASES = {
    CriterionKey.CERTIFIED_SHARE: (SHORT_WORLD, 7_500, CLASHES),
    CriterionKey.TRAINING_COMPLETION: (World(trained=43, certified=40), 8_500, CLASHES),
    CriterionKey.OBJECTIONS_ANSWERED: (READY_WORLD.but(answered=4), 8_000, CLASHES | OF_THE_ITEM),
}
WAIVABLE = UNPOLLED.waivers.model_copy(update={"deepest_floor": 2_000})
POLICY = UNPOLLED.model_copy(update={"waivers": WAIVABLE})
"""Tier 1, save that one of five objections may be waived: its own ten points are fewer than one objection is."""


@dataclass(frozen=True)
class Step:
    """A region on its way, and who does what so far; None where the rules stopped it."""

    region: RegionLaunch | None
    people: tuple[str, ...]


def next_to(people: tuple[str, ...]) -> tuple[str, ...]:
    """Return who may be tried beside `people`: everyone in the long run, else those and one new name."""
    return PEOPLE if PROFILE == "long" else PEOPLE[: len(set(people)) + 1]


def owned_by(owner: str, world: World) -> RegionLaunch:
    """Return a region of that owner, which has looked."""
    event = started(policy=POLICY).model_copy(update={"owner": owner, "person": owner})
    return looked(begin(KEY, event), world)


def given(region: RegionLaunch | None, world: World, *commands: RegionCommand) -> RegionLaunch | None:
    """Return the region after these commands; None where one of them is refused."""
    for command in commands:
        if region is None:
            return None
        region, proposal = proposed(region, command, world)
        if proposal.refusal is not None:
            return None
    return region


def signatures(marketing: str, sales: str, world: World) -> list[RegionCommand]:
    """Return the sign-offs of both stages, one stage after the other."""
    keys = ((Function.MARKETING, Role.MARKETING, marketing), (Function.SALES, Role.SALES_LEAD, sales))
    stages = (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING)
    return [sign_off(*key, stage=stage, world=world) for stage in stages for key in keys]


def assignments(criterion: CriterionKey) -> Iterator[Step]:
    """Yield every assignment, with the region as it stands after the decision, or None where it was stopped."""
    world, floor, _ = CASES[criterion]
    for owner in next_to(()):
        start = owned_by(owner, world)
        for marketing, sales in ((m, s) for m in next_to((owner,)) for s in next_to((owner, m))):
            keys = signatures(marketing, sales, world)
            signed = Step(given(start, world, *keys), (owner, marketing, sales))
            yield from _decided(_answered(_requested(signed, world, criterion, floor), world), world)


def _requested(signed: Step, world: World, criterion: CriterionKey, floor: int | None) -> Iterator[Step]:
    for requester in next_to(signed.people):
        request = asked(person=requester, criterion=criterion, floor=floor)
        yield Step(given(signed.region, world, request), (*signed.people, requester))


def _answered(requested: Iterator[Step], world: World) -> Iterator[Step]:
    for step in requested:
        for approver in next_to(step.people):
            yield Step(given(step.region, world, grant(person=approver)), (*step.people, approver))


def _decided(answered: Iterator[Step], world: World) -> Iterator[Step]:
    for step in answered:
        for executive in next_to(step.people):
            yield Step(given(step.region, world, decision(person=executive)), (*step.people, executive))


@pytest.mark.parametrize("criterion", CASES)
def test_exactly_the_lawful_assignments_of_duties_come_to_a_go(criterion: CriterionKey) -> None:
    """Each assignment that unites no two clashing duties in one person comes to a go, and no other."""
    clashes = CASES[criterion][2]
    seen = lawful = 0
    for step in assignments(criterion):
        who = dict(zip(DUTIES, step.people, strict=True))
        is_lawful = all(who[one] != who[other] for one, other in clashes)
        assert (step.region is not None) is is_lawful, who
        seen += 1
        lawful += is_lawful
    assert seen == (46_656 if PROFILE == "long" else 203)
    assert 0 < lawful < seen


def test_the_last_lock_knows_the_clashes_too() -> None:
    """A region brought to its go past the rules of the commands is refused at its launch for each clash by itself."""
    world = SHORT_WORLD.but(now=LAUNCH_AT - timedelta(minutes=1))
    evidence = world.evidence()
    lawful = dict(zip(DUTIES, PEOPLE, strict=True))
    for one, other in CLASHES | {("", "")}:
        who = {**lawful, other: lawful[one]} if one else lawful
        reasons = why_not_launch(_forged(who), evidence, at=LAUNCH_AT)
        assert bool(reasons) is bool(one), (one, other, reasons)


def _forged(who: dict[str, str]) -> RegionLaunch:
    """Return a region with a go in which `who` did what, whether or not they may."""
    names = dict(zip(DUTIES, PEOPLE, strict=True))
    region = brought_to_a_go(names)
    swapped = {names[duty]: person for duty, person in who.items()}

    def renamed(value: str | None) -> str | None:
        return swapped.get(value, value) if value is not None else None

    decided = region.decision
    assert decided is not None
    return region.model_copy(
        update={
            "owner": renamed(region.owner),
            "sign_offs": tuple(s.model_copy(update={"person": renamed(s.person)}) for s in region.sign_offs),
            "waivers": tuple(
                w.model_copy(update={"requested_by": renamed(w.requested_by), "answered_by": renamed(w.answered_by)})
                for w in region.waivers
            ),
            "decision": decided.model_copy(update={"person": renamed(decided.person)}),
        }
    )


def brought_to_a_go(who: dict[str, str]) -> RegionLaunch:
    """Return the region in which each of `who` does their duty, lawfully."""
    region = given(
        owned_by(who["owner"], SHORT_WORLD),
        SHORT_WORLD,
        *signatures(who["marketing"], who["sales"], SHORT_WORLD),
        asked(person=who["requester"]),
        grant(person=who["approver"]),
        decision(person=who["executive"]),
    )
    assert region is not None
    return region
