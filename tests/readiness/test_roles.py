"""Does what somebody gave count only while they held the role that they gave it by?"""

from datetime import datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from readiness.commands import Role
from readiness.events import CriterionStatus, HoldCause, RegionHeld
from readiness.evidence import Evidence
from readiness.ledger import Look
from readiness.policy import CriterionKey, Function, Stage
from readiness.poll import stale_seats
from readiness.readiness import Readiness
from readiness.refusals import AlreadySigned
from readiness.region import RegionLaunch, Verdict
from readiness.role_values import RoleLost
from readiness.roles import (
    EVERYWHERE,
    HeldRole,
    RoleChange,
    givers,
    grant_behind,
    roles_held,
    roles_lost,
    speakers_in,
)
from readiness.rules import evaluate, evolve, must_look, propose, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, World, decision, lasting, region_launch, sign_off
from tests.readiness.governing import SEATS, SHORT_WORLD, at, ballot, open_poll, polled_region, voted, waived
from tests.readiness.steps import accepted, looked, signed, with_go

HOUR = timedelta(hours=1)
LATER = READY_WORLD.later(HOUR)


def change(what: str, role: Role = Role.EXECUTIVE, region: str = "*", *, at: datetime = NOW) -> RoleChange:
    """Return a change of the roles of ex-1."""
    return RoleChange.model_validate(
        {"person": "ex-1", "role": role, "region": region, "change": what, "effective_at": at}
    )


def lost(person: str, role: Role, *, from_at: datetime = NOW, until_at: datetime | None = None) -> RoleLost:
    """Return that a person was without a role."""
    return RoleLost(person=person, role=role, from_at=from_at, until_at=until_at)


def knowing(world: World, *spans: RoleLost, at: datetime | None = None) -> Evidence:
    """Return what a look gathers where these roles were withdrawn."""
    return world.evidence(at=at).model_copy(update={"roles_lost": spans})


def judged(region: RegionLaunch, world: World, *spans: RoleLost) -> Readiness:
    """Return the readiness of `region` where these roles were withdrawn."""
    evidence = knowing(world, *spans)
    return evaluate(region.policy, evidence, region, at=evidence.figures.at)


def after_look(region: RegionLaunch, evidence: Evidence, *, now: datetime) -> RegionLaunch:
    """Return the region after a look at `evidence`."""
    for event in propose(region, Look(), evidence=evidence, now=now).events:
        region = evolve(region, event)
    return region


# --- who holds what


def test_a_role_is_traced_to_the_grant_that_gave_it() -> None:
    """The latest grant in force for the region counts; what was withdrawn, is still to come, or came with a sign-in
    has none."""
    everywhere, here = change("granted"), change("granted", region="emea", at=NOW + HOUR)
    later, gone = NOW + 2 * HOUR, change("withdrawn", at=NOW + HOUR)
    assert grant_behind([everywhere, here], Role.EXECUTIVE, "emea", at=later) == here
    assert grant_behind([everywhere, here], Role.EXECUTIVE, "emea", at=NOW) == everywhere
    assert grant_behind([everywhere, here], Role.EXECUTIVE, "apac", at=later) == everywhere
    assert grant_behind([everywhere, gone], Role.EXECUTIVE, "emea", at=later) is None
    assert grant_behind([everywhere], Role.MARKETING, "emea", at=later) is None
    assert grant_behind([], Role.EXECUTIVE, "emea", at=later) is None


def test_a_withdrawal_stands_whatever_a_token_claims_until_granted_again() -> None:
    """What a token claims is older than any change."""
    claimed = [(Role.EXECUTIVE, EVERYWHERE)]
    withdrawn = change("withdrawn")
    assert roles_held(claimed, [withdrawn], at=NOW) == ()
    granted = change("granted", at=NOW + HOUR)
    assert roles_held(claimed, [withdrawn, granted], at=NOW + HOUR) == (
        HeldRole(role=Role.EXECUTIVE, region=EVERYWHERE),
    )
    assert roles_held(claimed, [withdrawn, granted], at=NOW) == ()


def test_a_role_for_every_region_is_kept_in_the_others() -> None:
    """Who loses a role in one region keeps it everywhere else, and a grant for every region gives it back."""
    claimed = [(Role.EXECUTIVE, EVERYWHERE)]
    here = change("withdrawn", region="emea")
    (held,) = roles_held(claimed, [here], at=NOW)
    assert held == HeldRole(role=Role.EXECUTIVE, region=EVERYWHERE, excluding=("emea",))
    (again,) = roles_held(claimed, [here, change("granted")], at=NOW)
    assert again.excluding == ()


def test_a_change_announced_for_later_counts_from_then() -> None:
    """Nobody loses a role before its moment."""
    announced = change("withdrawn", at=NOW + HOUR)
    assert roles_held([(Role.EXECUTIVE, "emea")], [announced], at=NOW) != ()
    assert roles_held([(Role.EXECUTIVE, "emea")], [announced], at=NOW + HOUR) == ()


def test_a_withdrawal_taken_back_for_the_same_moment_never_was() -> None:
    """An announcement that is taken back in time costs nobody a signature."""
    announced = [change("withdrawn", at=NOW + HOUR), change("granted", at=NOW + HOUR)]
    assert roles_lost(announced, "emea") == ()


_CHANGES = st.lists(
    st.builds(
        change,
        st.sampled_from(("granted", "withdrawn")),
        role=st.just(Role.EXECUTIVE),
        region=st.sampled_from(("*", "emea", "apac")),
        at=st.integers(0, 5).map(lambda hours: NOW + hours * HOUR),
    ),
    max_size=6,
)


@given(changes=_CHANGES, region=st.sampled_from(("emea", "apac")), hours=st.integers(0, 6))
def test_who_lost_a_role_does_not_hold_it_and_the_other_way_round(
    changes: list[RoleChange], region: str, hours: int
) -> None:
    """The door and the launch read one history: a claimed role is held just where no withdrawal is in force."""
    at = NOW + hours * HOUR
    held = roles_held([(Role.EXECUTIVE, EVERYWHERE)], changes, at=at)
    holds = any(role.region == region or (role.region == "*" and region not in role.excluding) for role in held)
    is_without = any(
        span.from_at <= at and (span.until_at is None or at < span.until_at) for span in roles_lost(changes, region)
    )
    assert holds is not is_without


# --- what they gave


def test_nothing_launches_on_a_go_whose_giver_is_no_executive_any_more() -> None:
    """The launch predicate says so, the region reads held, and it is held for that at the next look."""
    spans = (lost("ex-1", Role.EXECUTIVE),)
    region = with_go()
    assert region.decision is not None
    assert region.decision.person == "ex-1"
    (objection,) = why_not_launch(region, knowing(LATER, *spans), at=LAUNCH_AT)
    assert objection == "the go counts no more: the role of executive was withdrawn from ex-1"
    assert judged(region, LATER, *spans).verdict is Verdict.HELD
    proposal = propose(region, Look(), evidence=knowing(LATER, *spans), now=LATER.now)
    (held,) = [event for event in proposal.events if isinstance(event, RegionHeld)]
    assert held.cause is HoldCause.ROLE_WITHDRAWN


def test_a_withdrawal_announced_for_before_the_launch_counts_today() -> None:
    """Ready on the day, not today: what will have lapsed by the launch instant is said now, one for after is not."""
    region = with_go()
    before = lost("ex-1", Role.EXECUTIVE, from_at=LAUNCH_AT - HOUR)
    after = lost("ex-1", Role.EXECUTIVE, from_at=LAUNCH_AT + HOUR)
    (objection,) = why_not_launch(region, knowing(LATER, before), at=LAUNCH_AT)
    assert "will not be executive here any more from 2027-03-01" in objection
    assert why_not_launch(region, knowing(LATER, after), at=LAUNCH_AT) == ()


def test_a_sign_off_counts_no_more_and_another_person_signs() -> None:
    """Its stage is unmet with a reason that names the function, and the next signature is taken."""
    spans = (lost("ma-1", Role.MARKETING),)
    region = with_go()
    result = next(
        c for c in judged(region, LATER, *spans).criteria if c.key is CriterionKey.VALUE_PROPOSITIONS_SIGNED
    )
    assert result.status is CriterionStatus.UNMET
    assert result.waiting_on == ("marketing",)
    assert result.reasons == (
        "Marketing signed the value propositions, but the role of marketing was withdrawn from ma-1; "
        "someone else must sign",
    )
    held = after_look(region, knowing(LATER, *spans), now=LATER.now)
    assert held.holding is not None
    again = sign_off(Function.MARKETING, Role.MARKETING, "ma-2")
    refused = propose(held, again, evidence=LATER.evidence(), now=LATER.now).refusal
    assert isinstance(refused, AlreadySigned)
    proposal = propose(held, again, evidence=knowing(LATER, *spans), now=LATER.now)
    assert proposal.refusal is None


def test_a_waiver_counts_no_more_once_its_giver_is_no_executive() -> None:
    """What it covered is unmet again, and the reason says what to do."""
    region = waived()
    result = next(
        c
        for c in judged(region, SHORT_WORLD.later(HOUR), lost("ex-2", Role.EXECUTIVE)).criteria
        if c.key is CriterionKey.CERTIFIED_SHARE
    )
    assert result.status is CriterionStatus.UNMET
    assert result.reasons[0].startswith("Its waiver does not count: the role of executive was withdrawn from ex-2")


def test_a_ballot_counts_no_more_and_its_seat_alone_is_asked_again() -> None:
    """The poll says why, asks nobody else, and the ballot of whoever votes next counts."""
    region, later = voted(polled_region()), at(READY_WORLD, NOW + HOUR)
    spans = (lost(SEATS[Function.ENABLEMENT], Role.ENABLEMENT, from_at=NOW + HOUR),)
    result = next(c for c in judged(region, later, *spans).criteria if c.key is CriterionKey.POLL_COMPLETE)
    assert result.status is CriterionStatus.UNMET
    assert result.reasons == (
        f"Enablement voted, but the role of enablement was withdrawn from {SEATS[Function.ENABLEMENT]}; poll again",
    )
    assert judged(region, later).of(Stage.GO_NO_GO)[0].status is CriterionStatus.MET
    opened = propose(region, open_poll(), evidence=knowing(later, *spans), now=later.now)
    region = reduce(evolve, opened.events, region)
    assert region.poll is not None
    assert region.poll.awaited == (Function.ENABLEMENT,)


def test_nothing_launches_on_a_ballot_whose_voter_lost_the_role() -> None:
    """The go is held as soon as anybody looks, and the launch itself would refuse."""
    region = accepted(voted(polled_region()), decision(), READY_WORLD)
    spans = (lost(SEATS[Function.ENABLEMENT], Role.ENABLEMENT, from_at=NOW + HOUR),)
    world = at(READY_WORLD, NOW + 2 * HOUR)
    assert must_look(region, judged(region, world, *spans), knowing(world, *spans))
    held = after_look(region, knowing(world, *spans), now=world.now)
    assert held.holding is not None
    at_launch = at(READY_WORLD, LAUNCH_AT)
    assert why_not_launch(region, knowing(at_launch, *spans), at=LAUNCH_AT)
    assert not why_not_launch(region, knowing(at_launch), at=LAUNCH_AT)


def test_another_role_or_another_person_takes_nothing_away() -> None:
    """Only the role that it was given by matters, and only theirs."""
    others = (lost("ex-1", Role.SALES_LEAD), lost("ex-9", Role.EXECUTIVE), lost("ma-1", Role.EXECUTIVE))
    assert why_not_launch(with_go(), knowing(LATER, *others), at=LAUNCH_AT) == ()


def test_what_was_withdrawn_before_it_was_given_by_takes_nothing_away() -> None:
    """Who held the role again when they gave it gave it rightly."""
    earlier = lost("ex-1", Role.EXECUTIVE, from_at=NOW - 2 * HOUR, until_at=NOW - HOUR)
    assert why_not_launch(with_go(), knowing(LATER, earlier), at=LAUNCH_AT) == ()


def test_who_held_the_role_again_when_they_signed_or_voted_did_so_rightly() -> None:
    """A span that was over before takes neither a signature nor a ballot away."""
    over: dict[str, datetime] = {"from_at": NOW - 2 * HOUR, "until_at": NOW - HOUR}
    region = accepted(voted(polled_region()), decision(), READY_WORLD)
    signer = next(each.person for each in region.sign_offs if each.function is Function.SALES)
    spans = (lost(signer, Role.SALES_LEAD, **over), lost(SEATS[Function.ENABLEMENT], Role.ENABLEMENT, **over))
    evidence = knowing(READY_WORLD, *spans)
    assert stale_seats(region, evidence) == ()
    again = sign_off(Function.SALES, Role.SALES_LEAD, signer)
    refusal = propose(region, again, evidence=evidence, now=NOW).refusal
    assert isinstance(refusal, AlreadySigned)


def test_a_hold_for_a_withdrawn_role_says_whose_and_why() -> None:
    """Whoever decides anew reads what had become of the go."""
    held = after_look(with_go(), knowing(LATER, lost("ex-1", Role.EXECUTIVE)), now=LATER.now)
    assert held.holding is not None
    (said,) = held.holding.objections
    assert said.startswith("The go counts no more: ")


def test_a_region_whose_go_counts_no_more_must_look() -> None:
    """No criterion changed, and still the workflow is told."""
    region = with_go()
    spans = (lost("ex-1", Role.EXECUTIVE),)
    assert must_look(region, judged(region, LATER, *spans), knowing(LATER, *spans))
    assert not must_look(region, judged(region, LATER), knowing(LATER))


def test_who_gave_what_the_launch_rests_on_is_known() -> None:
    """Both signers of both stages, the executive and whoever voted, each by their role."""
    assert givers(with_go()) == {
        ("ma-1", Role.MARKETING),
        ("sa-1", Role.SALES_LEAD),
        ("ex-1", Role.EXECUTIVE),
    }
    opened = accepted(polled_region(), open_poll(), READY_WORLD)
    assert (SEATS[Function.PRODUCT], Role.PRODUCT_MANAGER) not in givers(opened)
    one_voted = accepted(opened, ballot(Function.PRODUCT), READY_WORLD)
    for region in (one_voted, voted(polled_region())):
        assert (SEATS[Function.PRODUCT], Role.PRODUCT_MANAGER) in givers(region)


@given(
    from_hours=st.integers(1, 300),
    lasting_hours=st.none() | st.integers(1, 300),
    looks=st.lists(st.integers(1, 400), max_size=4).map(sorted),
)
def test_after_any_withdrawal_of_the_deciders_role_nothing_launches_on_that_go(
    from_hours: int, lasting_hours: int | None, looks: list[int]
) -> None:
    """However long it lasts, whoever looks meanwhile, and though the role is granted again: not on that go."""
    ready = looked(signed(region_launch(policy=lasting(1)), READY_WORLD), READY_WORLD)
    region = accepted(ready, decision(), READY_WORLD)
    assert region.decision is not None
    until = NOW + (from_hours + lasting_hours) * HOUR if lasting_hours is not None else None
    spans = (lost(region.decision.person, Role.EXECUTIVE, from_at=NOW + from_hours * HOUR, until_at=until),)
    for hours in looks:
        world = READY_WORLD.later(hours * HOUR)
        region = after_look(region, knowing(world, *spans), now=world.now)
        assert why_not_launch(region, knowing(world, *spans), at=LAUNCH_AT)
    at_launch = READY_WORLD.but(now=LAUNCH_AT)
    assert why_not_launch(region, knowing(at_launch, *spans), at=LAUNCH_AT)


def test_who_speaks_for_a_function_is_who_holds_its_role_there() -> None:
    """Who holds it for the region comes before who holds it for all; who is without it there, or has another, not."""
    held = {
        "sa-9": [HeldRole(role=Role.SALES_LEAD, region="emea"), HeldRole(role=Role.SALES_LEAD, region="*")],
        "sa-1": [HeldRole(role=Role.SALES_LEAD, region="*")],
        "sa-2": [HeldRole(role=Role.SALES_LEAD, region="apac")],
        "ex-2": [HeldRole(role=Role.EXECUTIVE, region="*", excluding=("emea",))],
        "ex-1": [HeldRole(role=Role.EXECUTIVE, region="*"), HeldRole(role=Role.SELLER, region="emea")],
        "ad-1": [HeldRole(role=Role.ADMIN, region="*")],
    }
    assert speakers_in(held, "emea") == {"sales": ("sa-9", "sa-1"), "executive": ("ex-1",)}
    assert speakers_in(held, "apac") == {"sales": ("sa-2", "sa-1", "sa-9"), "executive": ("ex-1", "ex-2")}
    assert speakers_in({}, "emea") == {}
