"""Is a row that somebody changed by hand seen through, reported and put right?"""

from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import text

from readiness.commands import Choice, Role
from readiness.events import RegionEvent, RegionLaunchStarted
from readiness.keys import RegionKey
from readiness.region import LostGo, RegionLaunch, Verdict
from readiness.rules import decision_shown, evolve
from store.alarms import AlarmKind, settle_all, standing_alarms
from store.board import board, refresh_figures
from store.checking import MOVES_A_DECISION, check_row, unfounded
from store.ledger import rows_after
from store.rebuild import mend_regions
from store.regions import ROW_IN_DOUBT, WORKFLOW_LOST, mark_lost, region_record, update_region
from tests.readiness.builders import LAUNCH_AT, NOW, UNPOLLED
from tests.store.desk import Desk

GO = Verdict.GO.value


def differing(desk: Desk, key: RegionKey) -> tuple[str, ...]:
    """Return the columns of a row that tell something else than its ledger."""
    with desk.store.reading() as tx:
        checked = check_row(tx, key, now=desk.store.now(tx))
    assert checked is not None
    return checked.differing


def tamper(desk: Desk, key: RegionKey, **columns: Any) -> None:
    """Change a row by hand."""
    with desk.store.writing() as tx:
        update_region(tx, key, **columns)


def state_with_a_go(desk: Desk, key: RegionKey) -> dict[str, Any]:
    """Return the state of the region as it would be if somebody had said go."""
    region, proposal, _ = desk.proposed(key, desk.decide(key, Choice.GO))
    for event in proposal.events:
        region = evolve(region, event)
    assert region.decision is not None
    return region.model_dump(mode="json")


@pytest.mark.parametrize("ended", ["not", "launched", "cancelled", "held", "no_go", "missed", "lost"])
def test_a_row_that_nobody_changed_is_true(desk: Desk, ended: str) -> None:
    """In whatever way a region stands, and whenever somebody last looked, nothing is said against its row."""
    key = desk.with_go()
    match ended:
        case "launched":
            desk.clock.now = LAUNCH_AT
            desk.launch(key)
        case "cancelled":
            desk.accepted(key, desk.ask(key, "cancel", "pm-7", Role.PRODUCT_MANAGER))
        case "held":
            desk.void_passes("emea")
            assert differing(desk, key) == ()
            desk.look(key)
        case "no_go":
            desk.accepted(key, desk.decide(key, Choice.NO_GO))
            desk.clock.now += timedelta(days=8)
        case "missed":
            desk.clock.now = LAUNCH_AT + timedelta(hours=2)
            assert differing(desk, key) == ()
            desk.look(key)
        case "lost":
            with desk.store.writing() as tx:
                mark_lost(tx, key, now=desk.clock.now)
    refresh_figures(desk.store, [key])
    assert differing(desk, key) == ()
    desk.clock.now += timedelta(days=1)
    assert differing(desk, key) == ()
    assert mend_regions(desk.store, after=None, limit=10).keys == ()


def tampered(desk: Desk, key: RegionKey, what: str) -> dict[str, Any]:
    """Return the columns that somebody writes by hand who tampers with that."""
    columns: dict[str, dict[str, Any]] = {
        "shown_verdict": {"shown_verdict": GO},
        "verdict": {"verdict": GO, "shown_verdict": GO},
        "launched": {"verdict": "launched", "shown_verdict": "launched", "stage": "launched"},
        "launch_at": {"launch_at": LAUNCH_AT + timedelta(days=9)},
        "is_latest": {"is_latest": False},
        "revisit_at": {"revisit_at": LAUNCH_AT + timedelta(days=999)},
        "figures_gathered_at": {"figures_gathered_at": LAUNCH_AT + timedelta(days=999)},
        "figures_revision": {"figures_revision": 10**9},
        "owner": {"owner": "ex-1"},
        "an unreadable state": {"state": {"key": 5}},
        "decision": {"decision": {"verdict": GO}},
    }
    if what in {"state", "all of it"}:
        state = state_with_a_go(desk, key)
        region = RegionLaunch.model_validate(state)
        columns["state"] = {"state": state}
        columns["all of it"] = {"state": state, "version": region.version, "verdict": GO, "shown_verdict": GO}
    return columns[what]


TAMPERED = (
    *("shown_verdict", "verdict", "launched", "launch_at", "is_latest", "revisit_at", "figures_gathered_at"),
    *("figures_revision", "owner", "an unreadable state", "decision", "state", "all of it"),
)


def test_a_row_that_somebody_changed_is_written_anew_and_told_of(desk: Desk) -> None:
    """Whatever of it was changed: the next check finds it, the row tells the truth again, and an alarm stands."""
    key = desk.ready()
    truth = desk.region(key)
    for what in TAMPERED:
        tamper(desk, key, **tampered(desk, key, what))
        assert differing(desk, key) != (), what
        assert mend_regions(desk.store, after=None, limit=10).keys == (key,)
        assert desk.region(key) == truth
        assert differing(desk, key) == ()
        with desk.store.writing() as tx:
            (alarm,) = standing_alarms(tx)
            assert (alarm.kind, alarm.region) == (AlarmKind.ROW_UNTRUE, "emea")
            settle_all(tx, now=desk.clock.now)
        assert refresh_figures(desk.store, [key]) == ()
        with desk.store.reading() as tx:
            (row,) = board(tx)
            assert (row.verdict, row.is_behind) == (Verdict.READY, False)


def test_what_says_go_without_a_go_is_found_among_any_number(desk: Desk) -> None:
    """A claim of a go or a launch is held against the ledger at each check, whosever turn it is."""
    keys = desk.start("amer", "apac", "emea")
    desk.write_all()
    desk.teach("emea")
    desk.sign_all(keys[2])
    desk.look(keys[2])
    for what in ("verdict", "all of it", "launched"):
        tamper(desk, keys[2], **tampered(desk, keys[2], what))
        with desk.store.reading() as tx:
            assert unfounded(tx) == (keys[2],)
        mended = mend_regions(desk.store, after=None, limit=1)
        assert (mended.keys, mended.until) == ((keys[2],), keys[0])


def test_a_row_that_contradicts_itself_is_not_believed_meanwhile(desk: Desk) -> None:
    """Whoever changes only what is shown is not even shown it: the board reads held, and says why."""
    key = desk.ready()
    claimed = decision_shown(RegionLaunch.model_validate(state_with_a_go(desk, key)))
    assert claimed is not None
    tamper(desk, key, shown_verdict=GO, decision=claimed.model_dump(mode="json"))
    with desk.store.reading() as tx:
        (row,) = board(tx, now=desk.clock.now)
        assert (row.verdict, row.reasons[0], row.decision) == (Verdict.HELD, ROW_IN_DOUBT, None)
        assert board(tx, verdict=Verdict.GO, now=desk.clock.now) == ()
    tamper(desk, key, shown_verdict="ready", state=state_with_a_go(desk, key))
    with desk.store.reading() as tx:
        assert not region_record(tx, key).is_whole


def test_a_document_that_is_none_at_all_is_written_anew(desk: Desk) -> None:
    """What cannot even be read keeps neither the check from working nor the others from being read."""
    if not desk.store.is_sqlite:
        pytest.skip("PostgreSQL keeps nothing that is no document")
    key = desk.ready()
    truth = desk.region(key)
    with desk.store.writing() as tx:
        tx.execute(text("UPDATE region_launches SET state = '{', figures = 'nonsense', decision = '['"))
    assert mend_regions(desk.store, after=None, limit=10).keys == (key,)
    assert desk.region(key) == truth


def test_a_lost_workflow_stays_lost_when_its_row_is_written_anew(desk: Desk) -> None:
    """Folding the ledger again is no sign of life of a workflow: the row reads held until it settles."""
    key = desk.with_go()
    with desk.store.writing() as tx:
        mark_lost(tx, key, now=desk.clock.now)
    tamper(desk, key, owner="ex-1")
    assert mend_regions(desk.store, after=None, limit=10).keys == (key,)
    with desk.store.reading() as tx:
        (row,) = board(tx)
        assert (row.verdict, row.reasons) == (Verdict.HELD, (WORKFLOW_LOST,))
    desk.look(key)
    with desk.store.reading() as tx:
        assert region_record(tx, key).lost_at is None


def test_rows_have_their_turn_one_after_the_other(desk: Desk) -> None:
    """A check of a few rows at a time comes to all of them, and then begins again."""
    keys = desk.start("amer", "apac", "emea")
    seen: list[RegionKey | None] = [None]
    for _ in range(4):
        seen.append(mend_regions(desk.store, after=seen[-1], limit=1).until)
    assert seen == [None, *keys, None]


def test_every_event_that_moves_a_decision_is_known_to_the_check(desk: Desk) -> None:
    """The check knows by its types alone which events change what stands decided; a new type must be told to it."""
    key = desk.with_go()
    with desk.store.reading() as tx:
        region = region_record(tx, key).region
        started = rows_after(tx, key, 0)[0].event
    assert isinstance(started, RegionLaunchStarted)
    assert region.decision is not None
    lost = LostGo(decision=region.decision, stages=region.stages, held_at=NOW)
    kinds = get_args(get_args(RegionEvent)[0])
    moving = {
        kind.model_fields["type"].default
        for kind in kinds
        for before in (region, region.model_copy(update={"decision": None, "lost": lost}))
        if kind is not RegionLaunchStarted and evolve(before, _some(kind)).decision != before.decision
    }
    assert moving == MOVES_A_DECISION


def _some(kind: Any) -> Any:
    """Return an event of a kind, with as little in it as it takes."""
    some = {
        "stage": "training",
        "function": "sales",
        "digest": "sha256:" + "0" * 64,
        "choice": "no_go",
        "launch_at": LAUNCH_AT + timedelta(days=9),
        "wall_clock": "2027-03-10T09:00",
        "decision_version": 1,
        "waiver": "waiver-1",
        "since": NOW,
        "named": "sa-2",
        "criterion": "certified_share",
        "floor": 7_000,
        "expires_at": LAUNCH_AT,
        "condition": "condition-1",
        "conditions": ("condition-1",),
        "lesson": "lesson-1",
        "how_digest": "sha256:" + "0" * 64,
        "change": "sha256:" + "0" * 64,
        "policy": UNPOLLED,
        "below_tier": (),
        "applies": "next_gate",
        "from_at": None,
        "proof_digest": "sha256:" + "0" * 64,
        "seats": ("sales",),
        "closes_at": LAUNCH_AT,
        "ballots": (),
        "cause": "person",
        "judged": (),
        "criteria": (),
        "owner": "pm-8",
    }
    needed = {name for name, made in kind.model_fields.items() if made.is_required()} - {"at"}
    return kind(at=NOW, person="ex-2", command_id="c", **{name: some[name] for name in needed})
