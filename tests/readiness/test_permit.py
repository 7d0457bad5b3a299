"""When may a product be sold in a region, and what says that it may not?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.commands import RevokePermit, Role
from readiness.events import (
    ConditionMissed,
    PermitRestored,
    PermitSuspended,
    RegionCancelled,
    RegionEvent,
    RegionLaunched,
)
from readiness.ledger import CORE_VERSION
from readiness.permit import NoPermit, Permit, PermitProof, PermitStanding, grant_of, permit_id, permit_of
from readiness.permit_events import PermitRevoked
from readiness.readiness import Rag
from readiness.region import RegionLaunch
from readiness.rules import bearings, evaluate, evolve
from tests.effort import examples
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, region_launch
from tests.readiness.governing import at, meet
from tests.readiness.steps import accepted, launched, looked, refused, with_go
from tests.readiness.test_reinforcement import CONDITION, DUE_AT, GRACE, owing, types

AFTER = LAUNCH_AT + timedelta(days=1)
RECORD = "sha256:" + "5" * 64


def proof_of(region: RegionLaunch, **changes: Any) -> PermitProof:
    """Return what the tables tell of a region that launched at LAUNCH_AT, with `changes`."""
    decision = region.decision
    assert decision is not None
    told = {
        "grant": grant_of(region.model_copy(update={"version": decision.version + 1}), decision, record=RECORD),
        "launch_version": decision.version + 1,
        "decision_version": decision.version,
        "is_in_ledger": True,
        "is_revoked": region.revoked_at is not None,
        "is_suspended": region.suspended_at is not None,
    }
    return PermitProof.model_validate({**told, **changes})


def standing(region: RegionLaunch, moment: datetime, **changes: Any) -> PermitStanding:
    """Return how it stands with the permit of a region that launched."""
    found = permit_of(region, proof_of(region, **changes), at=moment)
    return PermitStanding.VALID if isinstance(found, Permit) else found.standing


def revoking(person: str = "ex-1", *, reason: str | None = RECORD) -> RevokePermit:
    """Return the wish to take the permit away."""
    return RevokePermit(
        command_id="revoke-1", person=person, role=Role.EXECUTIVE, logged_at=AFTER, reason_digest=reason
    )


def test_a_region_that_launched_has_a_permit_that_says_on_which_decision() -> None:
    """From the instant of its launch, under a name that stays the same."""
    region = launched()
    permit = permit_of(region, proof_of(region), at=AFTER)
    assert isinstance(permit, Permit)
    assert region.decision is not None
    assert (permit.id, permit.run, permit.from_at) == (permit_id(region.key), region.key.run, LAUNCH_AT)
    assert (permit.decision.version, permit.decision.digest) == (region.decision.version, RECORD)
    assert (permit.conditions, permit.ends_by) == ((), None)


def test_nothing_is_permitted_before_the_instant_of_the_launch() -> None:
    """Whoever asks by a clock that is behind is told from when."""
    assert standing(launched(), LAUNCH_AT - timedelta(microseconds=1)) is PermitStanding.NOT_YET
    assert standing(launched(), LAUNCH_AT) is PermitStanding.VALID


@pytest.mark.parametrize(
    ("region", "how"),
    [
        (region_launch(), PermitStanding.NOT_LAUNCHED),
        (with_go(), PermitStanding.NOT_LAUNCHED),
        (evolve(with_go(), RegionCancelled(at=NOW)), PermitStanding.CANCELLED),
    ],
)
def test_whatever_has_not_launched_has_no_permit(region: RegionLaunch, how: PermitStanding) -> None:
    """A go is no launch, whatever a record says, and the reason says what is missing."""
    recorded = PermitProof(
        grant=None, launch_version=2, decision_version=1, is_in_ledger=True, is_revoked=False, is_suspended=False
    )
    for proof in (None, recorded):
        found = permit_of(region, proof, at=AFTER)
        assert isinstance(found, NoPermit)
        assert found.standing is how
        assert region.product_name in found.reason
        assert region.plan.name in found.reason


@pytest.mark.parametrize(
    "doubt",
    [
        {"is_in_ledger": False},
        {"is_suspended": True},
        {"decision_version": 1},
        {"launch_version": 10_000},
    ],
    ids=str,
)
def test_a_fold_that_the_tables_do_not_bear_out_is_no_permit(doubt: dict[str, Any]) -> None:
    """Two must agree before anything is sold: a row that somebody changed says nothing."""
    assert standing(launched(), AFTER, **doubt) is PermitStanding.UNKNOWN
    assert standing(launched(), AFTER, is_revoked=True) is PermitStanding.REVOKED


def test_what_newer_rules_wrote_or_no_record_bears_out_is_no_permit() -> None:
    """An older process does not know what a newer one may have taken away."""
    region = launched()
    for found in (
        permit_of(region, proof_of(region), at=AFTER, core_version=CORE_VERSION + 1),
        permit_of(region, None, at=AFTER),
    ):
        assert isinstance(found, NoPermit)
        assert found.standing is PermitStanding.UNKNOWN


def test_a_launch_recorded_before_grants_were_has_its_permit_all_the_same() -> None:
    """What it says is folded; only the record of its decision is not named."""
    region = launched()
    permit = permit_of(region, proof_of(region, grant=None), at=AFTER)
    assert isinstance(permit, Permit)
    assert permit == permit_of(region, proof_of(region), at=AFTER).model_copy(update={"decision": permit.decision})
    assert permit.decision.digest is None


def test_an_older_run_is_superseded() -> None:
    """A product that is launched anew in a region is sold there by its new launch or not at all."""
    region = launched()
    found = permit_of(region, proof_of(region), at=AFTER, is_latest=False)
    assert isinstance(found, NoPermit)
    assert found.standing is PermitStanding.SUPERSEDED


def test_a_permit_names_what_is_owed_and_when_it_ends_by_itself() -> None:
    """Nobody who holds it is surprised by the suspension."""
    region = owing()
    permit = permit_of(region, proof_of(region), at=AFTER)
    assert isinstance(permit, Permit)
    assert [(c.id, c.due_at, c.missed) for c in permit.conditions] == [(CONDITION, DUE_AT, False)]
    assert permit.ends_by == DUE_AT + GRACE


def test_a_condition_long_overdue_suspends_also_while_nobody_writes_it_down() -> None:
    """A worker that is away never leaves a permit valid that should be suspended."""
    region = owing()
    assert standing(region, DUE_AT + GRACE - timedelta(microseconds=1)) is PermitStanding.VALID
    assert region.suspended_at is None
    assert standing(region, DUE_AT + GRACE) is PermitStanding.SUSPENDED
    late = at(READY_WORLD, DUE_AT + GRACE)
    suspended = looked(region, late)
    assert standing(suspended, late.now) is PermitStanding.SUSPENDED
    assert standing(accepted(suspended, meet(CONDITION), late), late.now) is PermitStanding.VALID


def test_what_is_revoked_stays_so() -> None:
    """Once, with a reason, after the launch only; nothing gives it back in this run."""
    world = at(READY_WORLD, AFTER)
    region = accepted(launched(), revoking(), world)
    assert region.revoked_at == AFTER
    assert standing(region, AFTER) is PermitStanding.REVOKED
    assert refused(region, revoking(), world) == "permit-revoked-already"
    assert refused(launched(), revoking(reason=None), world) == "reason-missing"
    assert refused(with_go(), revoking(), READY_WORLD) == "permit-not-given"
    assert refused(evolve(with_go(), RegionCancelled(at=NOW)), revoking(), READY_WORLD) == "permit-not-given"


def test_a_revocation_needs_no_newest_version() -> None:
    """Whoever takes away is never told to look again first."""
    world = at(READY_WORLD, AFTER)
    stale = revoking().model_copy(update={"seen": 1})
    assert accepted(launched(), stale, world).revoked_at == AFTER


def test_a_revoked_permit_is_neither_suspended_nor_restored() -> None:
    """What was promised is still owed and told of, but says nothing about the permit any more."""
    world = at(READY_WORLD, AFTER)
    region = accepted(owing(), revoking(), world)
    late = at(READY_WORLD, DUE_AT + GRACE)
    assert types(region, late) == ["condition_missed"]
    assert bearings(region, now=AFTER).due_at == DUE_AT
    assert bearings(looked(region, late), now=late.now).due_at is None
    suspended = accepted(looked(owing(), late), revoking(), late)
    met = accepted(suspended, meet(CONDITION), late)
    assert standing(met, late.now) is PermitStanding.REVOKED


def test_a_revoked_region_reads_red_and_says_so_first() -> None:
    """Where people look they see it, whatever the figures say."""
    world = at(READY_WORLD, AFTER)
    region = accepted(launched(), revoking(), world)
    shown = evaluate(region.policy, world.evidence(launch_at=region.launch_at, at=AFTER), region, at=AFTER)
    assert (shown.rag, shown.revoked_at) == (Rag.RED, AFTER)
    assert shown.reasons[0] == "The permit was revoked on 2027-03-02: it may not be sold here in this run"


_OWING, _GONE = owing(), with_go()
_HAPPENS: dict[str, Any] = {
    "missed": lambda moment: ConditionMissed(at=moment, condition=CONDITION),
    "suspended": lambda moment: PermitSuspended(at=moment, conditions=(CONDITION,)),
    "restored": lambda moment: PermitRestored(at=moment),
    "revoked": lambda moment: PermitRevoked(at=moment, person="ex-1"),
}


@settings(max_examples=examples(200))
@given(
    has_launched=st.booleans(),
    happens=st.lists(st.tuples(st.sampled_from([*_HAPPENS]), st.integers(0, 400)), max_size=12),
    asked=st.integers(0, 20 * 24),
)
def test_a_permit_stands_exactly_where_a_region_launched_and_nothing_took_it_away(
    has_launched: bool, happens: list[tuple[str, int]], asked: int
) -> None:
    """Whatever the ledger holds in whatever order: launched, neither suspended nor revoked, and nothing overdue."""
    region = _OWING if has_launched else _GONE
    events: list[RegionEvent] = [
        _HAPPENS[what](LAUNCH_AT + timedelta(hours=hours)) for what, hours in happens if has_launched
    ]
    suspended = revoked = False
    for event in events:
        region = evolve(region, event)
        suspended = event.type == "permit_suspended" or (suspended and event.type != "permit_restored")
        revoked = revoked or event.type == "permit_revoked"
    moment = LAUNCH_AT + timedelta(hours=asked)
    found = permit_of(region, proof_of(region) if has_launched else None, at=moment)
    is_overdue = moment >= DUE_AT + GRACE
    assert isinstance(found, Permit) is (has_launched and not suspended and not revoked and not is_overdue)


def test_a_launch_that_only_the_fold_knows_of_is_no_permit() -> None:
    """An event that nobody recorded as a launch gives nothing."""
    region = with_go()
    forged = evolve(region, RegionLaunched(at=LAUNCH_AT, launch_at=LAUNCH_AT, decision_version=region.version))
    found = permit_of(forged, None, at=AFTER)
    assert isinstance(found, NoPermit)
    assert found.standing is PermitStanding.UNKNOWN
