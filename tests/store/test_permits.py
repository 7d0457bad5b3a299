"""Does the database permit only what its ledger does, in the very transaction that wrote it?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from readiness.canonical import digest
from readiness.commands import Choice, Promise, Role
from readiness.events import RegionLaunched
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, Launched, Look
from readiness.permit import NoPermit, Permit, PermitGrant, PermitStanding, standing_of
from readiness.region import RegionLaunch, Verdict
from readiness.rules import evolve
from store.decision_records import kept
from store.launching import launch_record
from store.permits import permit_in, permit_of_run, permits_in_region, standings_of
from store.records_schema import launch_records, ledger, region_launches
from store.settling import settle
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import PRODUCT, Desk

MONTH = timedelta(days=30)


def launched(desk: Desk, region: str = "emea") -> RegionKey:
    """Return a region that has launched on a plain go."""
    key = desk.with_go(region)
    desk.clock.now = LAUNCH_AT
    answer = desk.launch(key)
    assert isinstance(answer, Launched), answer
    return key


def launched_owing(desk: Desk) -> RegionKey:
    """Return a region that has launched on a condition which is due five days later."""
    key = desk.ready()
    promise = Promise(owner="en-1", due_at=LAUNCH_AT + timedelta(days=5), text_digest=digest("print it"))
    decided = desk.ask(key, "decide", "ex-1", Role.EXECUTIVE, choice=Choice.CONDITIONAL_GO, conditions=(promise,))
    desk.accepted(key, decided)
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)
    return key


def standing(desk: Desk, key: RegionKey, at: datetime | None = None) -> PermitStanding | None:
    """Return how it stands with the permit, as every question to the database is answered."""
    moment = at or desk.clock.now
    with desk.store.reading() as tx:
        one = permit_in(tx, key.product, key.region, at=moment)
        run = permit_of_run(tx, key, at=moment)
        many = {each.key: each.found for each in permits_in_region(tx, key.region, at=moment)}
        shown = standings_of(tx, {(key.product, key.region), (key.product, "mars")}, at=moment)
    if one is None or run is None:
        return None
    assert run.found == one.found == many[key]
    assert shown == {(key.product, key.region): standing_of(one.found)}
    return PermitStanding.VALID if isinstance(one.found, Permit) else one.found.standing


def tamper(desk: Desk, key: RegionKey, **columns: Any) -> None:
    """Change columns of the region's row by hand."""
    with desk.store.writing() as tx:
        here = update(region_launches).filter_by(product=key.product, region=key.region, run=key.run)
        tx.execute(here.values(**columns))


def test_the_launch_itself_writes_down_what_it_permits(desk: Desk) -> None:
    """The record of the launch names the permit, its decision and the record of that decision."""
    key = launched(desk)
    region = desk.region(key)
    assert region.decision is not None
    with desk.store.reading() as tx:
        record = launch_record(tx, key)
        decided = kept(tx, key, region.decision.version)
        found = permit_in(tx, PRODUCT, "emea", at=LAUNCH_AT)
    assert record is not None
    assert decided is not None
    assert found is not None
    grant = PermitGrant.model_validate(record["permit"])
    assert (grant.id, grant.from_at, grant.launch_version) == ("atlas-2/emea/1", LAUNCH_AT, record["version"])
    assert grant.decision.digest == decided.digest
    assert isinstance(found.found, Permit)
    assert (found.found.decision, found.found.policy) == (grant.decision, grant.policy)


def test_nothing_is_permitted_that_was_never_started_or_has_not_launched(desk: Desk) -> None:
    """What nobody knows has no answer, what has a go has not launched, and what launches is valid at once."""
    with desk.store.reading() as tx:
        assert permit_in(tx, PRODUCT, "emea", at=LAUNCH_AT) is None
        assert list(permits_in_region(tx, "emea", at=LAUNCH_AT)) == []
    key = desk.with_go()
    assert standing(desk, key, LAUNCH_AT + MONTH) is PermitStanding.NOT_LAUNCHED
    desk.clock.now = LAUNCH_AT
    desk.launch(key)
    assert standing(desk, key) is PermitStanding.VALID


def test_what_was_cancelled_is_not_permitted(desk: Desk) -> None:
    """An ending is not a launch."""
    key = desk.with_go()
    desk.accepted(key, desk.ask(key, "cancel", "pm-7", Role.PRODUCT_MANAGER))
    assert standing(desk, key, LAUNCH_AT + MONTH) is PermitStanding.CANCELLED


def test_a_revocation_counts_in_the_transaction_that_wrote_it(desk: Desk) -> None:
    """There is no moment in which it is written and not yet told."""
    key = launched(desk)
    command = desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE)
    region, proposal, evidence = desk.proposed(key, command)
    assert standing(desk, key) is PermitStanding.VALID
    settled = settle(desk.store, key, region.version, command, proposal, evidence=evidence)
    assert isinstance(settled.outcome, Accepted)
    assert [row.event.type for row in settled.rows] == ["permit_revoked"]
    assert standing(desk, key) is PermitStanding.REVOKED
    assert standing(desk, key, LAUNCH_AT + MONTH) is PermitStanding.REVOKED


def test_a_suspension_counts_in_the_transaction_that_wrote_it_and_ends_with_its_cause(desk: Desk) -> None:
    """What is owed and missed takes the permit, and what is met after all gives it back."""
    key = launched_owing(desk)
    with desk.store.reading() as tx:
        found = permit_in(tx, PRODUCT, "emea", at=LAUNCH_AT)
    assert found is not None
    assert isinstance(found.found, Permit)
    assert len(found.found.conditions) == 1
    assert found.found.ends_by is not None
    desk.clock.now = found.found.ends_by
    assert standing(desk, key) is PermitStanding.SUSPENDED
    assert desk.region(key).suspended_at is None
    assert [row.event.type for row in desk.look(key).rows] == ["condition_missed", "permit_suspended"]
    assert standing(desk, key) is PermitStanding.SUSPENDED
    condition = found.found.conditions[0].id
    met = desk.ask(key, "meet_condition", "en-1", Role.ENABLEMENT, condition=condition, proof_digest=digest("done"))
    assert [row.event.type for row in desk.accepted(key, met).rows] == ["condition_met", "permit_restored"]
    assert standing(desk, key) is PermitStanding.VALID


def test_a_new_launch_supersedes_the_permit_of_the_old_one(desk: Desk) -> None:
    """What is sold under the new run is learned anew; a permit of the old run is told so by its own name."""
    key = launched(desk)
    desk.carry_out_launch(LaunchKey(product=PRODUCT, run=1), Look())
    desk.start("emea", launch_at=LAUNCH_AT + MONTH)
    with desk.store.reading() as tx:
        now = permit_in(tx, PRODUCT, "emea", at=LAUNCH_AT)
        old = permit_of_run(tx, key, at=LAUNCH_AT)
        (only,) = permits_in_region(tx, "emea", at=LAUNCH_AT)
    assert now is not None
    assert old is not None
    assert isinstance(now.found, NoPermit)
    assert isinstance(old.found, NoPermit)
    assert (now.key.run, now.found.standing) == (2, PermitStanding.NOT_LAUNCHED)
    assert old.found.standing is PermitStanding.SUPERSEDED
    assert only == now


def forged(region: RegionLaunch) -> RegionLaunch:
    """Return what a forger would like the row to say."""
    assert region.decision is not None
    return evolve(region, RegionLaunched(at=LAUNCH_AT, launch_at=LAUNCH_AT, decision_version=region.decision.version))


def test_a_row_that_somebody_changed_permits_nothing(desk: Desk) -> None:
    """It says launched, all of it: without the record of a launch that is not believed."""
    key = desk.with_go()
    state = forged(desk.region(key))
    tamper(
        desk,
        key,
        state=state.model_dump(mode="json"),
        version=state.version,
        verdict=Verdict.LAUNCHED.value,
        shown_verdict=Verdict.LAUNCHED.value,
        ended_at=LAUNCH_AT,
    )
    assert standing(desk, key, LAUNCH_AT + MONTH) is PermitStanding.UNKNOWN


def test_a_record_without_the_event_in_the_ledger_permits_nothing(desk: Desk) -> None:
    """Whoever adds a launch record as well still lacks the ledger's own row."""
    key = desk.with_go()
    region = desk.region(key)
    assert region.decision is not None
    state = forged(region)
    tamper(desk, key, state=state.model_dump(mode="json"), version=state.version, ended_at=LAUNCH_AT)
    with desk.store.writing() as tx:
        tx.execute(
            insert(launch_records).values(
                **key.model_dump(),
                at=LAUNCH_AT,
                launch_at=LAUNCH_AT,
                version=state.version,
                decision_version=region.decision.version,
                readiness={},
                readiness_digest="sha256:" + "0" * 64,
            )
        )
    assert standing(desk, key, LAUNCH_AT + MONTH) is PermitStanding.UNKNOWN


@pytest.mark.parametrize("forgotten", ["revoked_at", "suspended_at"])
def test_a_row_that_forgot_what_took_the_permit_away_is_not_believed(forgotten: str, desk: Desk) -> None:
    """The ledger still knows, and its word is the last."""
    key = launched_owing(desk)
    if forgotten == "revoked_at":
        desk.accepted(key, desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE))
    else:
        desk.clock.now = LAUNCH_AT + MONTH
        desk.carry_out(key, Look())
    region = desk.region(key)
    assert getattr(region, forgotten) is not None
    tamper(desk, key, state=region.model_copy(update={forgotten: None}).model_dump(mode="json"))
    assert standing(desk, key, LAUNCH_AT) in {PermitStanding.REVOKED, PermitStanding.UNKNOWN}


@pytest.mark.parametrize("state", [{}, {"key": "nobody's"}, []], ids=str)
def test_a_row_that_nobody_can_read_permits_nothing_and_spoils_no_others(state: Any, desk: Desk) -> None:
    """Everybody else's answers are still given."""
    key = launched(desk)
    tamper(desk, key, state=state)
    assert standing(desk, key) is PermitStanding.UNKNOWN


def test_another_regions_state_permits_nothing(desk: Desk) -> None:
    """A row that was given the fold of a region that has launched is not that region."""
    emea, apac = desk.start("apac", "emea")[::-1]
    desk.write_all()
    for region in ("apac", "emea"):
        desk.teach(region)
    for key in (emea, apac):
        desk.sign_all(key)
        desk.look(key)
        desk.accepted(key, desk.decide(key, Choice.GO))
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(emea), Launched)
    tamper(desk, apac, state=desk.region(emea).model_dump(mode="json"))
    assert standing(desk, apac) is PermitStanding.UNKNOWN
    assert standing(desk, emea) is PermitStanding.VALID


def test_each_question_is_one_query(desk: Desk) -> None:
    """However many products there are."""
    from sqlalchemy import event

    key = launched(desk)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    with desk.store.reading() as tx:
        event.listen(desk.store.engine, "before_cursor_execute", note)
        try:
            permit_in(tx, PRODUCT, "emea", at=LAUNCH_AT)
            assert len(asked) == 1
            assert [each.key for each in permits_in_region(tx, "emea", at=LAUNCH_AT)] == [key]
            assert len(asked) == 2
        finally:
            event.remove(desk.store.engine, "before_cursor_execute", note)


def test_what_is_forged_into_the_ledger_after_a_revocation_gives_nothing_back(desk: Desk) -> None:
    """A permit restored by an event that nobody asked for stays revoked."""
    key = launched(desk)
    desk.accepted(key, desk.ask(key, "revoke_permit", "ex-1", Role.EXECUTIVE))
    version = desk.region(key).version + 1
    with desk.store.writing() as tx:
        tx.execute(
            insert(ledger).values(
                **key.model_dump(),
                version=version,
                type="permit_restored",
                at=LAUNCH_AT,
                core_version=2,
                event={"type": "permit_restored", "at": LAUNCH_AT.isoformat()},
            )
        )
    assert standing(desk, key) is PermitStanding.REVOKED
