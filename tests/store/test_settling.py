"""Does settling write each thing once, in order, and nothing that nobody asked for?"""

from datetime import timedelta

import pytest

from readiness.commands import Choice, Role
from readiness.events import HoldCause, RegionHeld, RegionLaunched, RegionLaunchStarted, RegionResumed
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import LaunchProposal
from readiness.ledger import Accepted, Look, Proposal, Refused
from readiness.policy import Function, Stage
from readiness.region import Verdict
from store.alarms import AlarmKind, standing_alarms
from store.commands import CommandForged, commands_of, logged
from store.ledger import LedgerBehind, ProposalForged, launch_rows_after, rows_after, timeline, untold
from store.regions import LaunchUnknown, latest_launch, mark, open_regions, region_record, unseen_regions
from store.settling import settle, settle_launch
from store.sight import look, look_launch
from tests.readiness.builders import LAUNCH_AT, OWNER
from tests.store.desk import PRODUCT, Desk, plan


def refusal_kind(outcome: object) -> str:
    """Return the kind of the refusal that an outcome carries."""
    assert isinstance(outcome, Refused), outcome
    return outcome.refusal.kind


def test_a_start_writes_the_first_event_of_every_region(desk: Desk) -> None:
    """Once a start is settled, every region's ledger begins with its whole plan and policy."""
    keys = desk.start("emea", "apac")
    assert [key.region for key in keys] == ["apac", "emea"]
    with desk.store.reading() as tx:
        for key in keys:
            (row,) = rows_after(tx, key, 0)
            assert row.event.type == "region_launch_started"
            assert row.event.command_digest is not None
        assert [row.event.type for row in launch_rows_after(tx, LaunchKey(product=PRODUCT, run=1), 0)] == [
            "launch_started"
        ]


def test_a_second_start_is_refused_while_the_first_runs(desk: Desk) -> None:
    """A product has one launch at a time."""
    desk.start("emea")
    assert refusal_kind(desk.start_settled(plan("apac")).outcome) == "launch-already-running"


def test_a_product_is_launched_again_under_the_next_run(desk: Desk) -> None:
    """When every region has ended the launch ends, and the next start takes the next run everywhere."""
    (key,) = desk.start("emea")
    desk.accepted(key, desk.ask(key, "cancel", OWNER, Role.PRODUCT_MANAGER))
    ended = desk.carry_out_launch(LaunchKey(product=PRODUCT, run=1), Look())
    assert ended.ended
    (again,) = desk.start("emea")
    assert again == key.model_copy(update={"run": 2})
    assert desk.latest("emea") == again
    with desk.store.reading() as tx:
        assert latest_launch(tx, PRODUCT) == LaunchKey(product=PRODUCT, run=2)


def test_an_opening_of_a_region_that_is_open_writes_nothing(desk: Desk) -> None:
    """A launch that decides on what it saw before is told to look again."""
    (key,) = desk.start("emea")
    launch_key = LaunchKey(product=PRODUCT, run=1)
    with desk.store.reading() as tx:
        opening = rows_after(tx, key, 0)[0].event
    assert isinstance(opening, RegionLaunchStarted)
    settled = settle_launch(desk.store, launch_key, 1, Look(), LaunchProposal(openings=(opening,)))
    assert settled.is_behind
    assert settled.open_regions == (key,)


def test_a_look_sees_rows_and_evidence_and_writes_nothing(desk: Desk) -> None:
    """A look is a read: the ledger ends where it ended."""
    (key,) = desk.start("emea")
    desk.teach("emea", people=4, trained=3, certified=2)
    sight = look(desk.store, key, 0)
    assert sight.evidence is not None
    figures = sight.evidence.figures
    assert (figures.audience, figures.trained, figures.certified, figures.at) == (4, 3, 2, LAUNCH_AT)
    assert desk.region(key).version == 1


def test_a_look_for_another_launch_instant_judges_that_one(desk: Desk) -> None:
    """What a reschedule would lead to is judged as of the instant that it asks for."""
    (key,) = desk.start("emea")
    later = LAUNCH_AT + timedelta(days=400)
    evidence = look(desk.store, key, 0, later).evidence
    assert evidence is not None
    assert (evidence.launch_at, evidence.figures.at) == (later, later)


def test_a_look_at_nothing_sees_nothing(desk: Desk) -> None:
    """A region launch that was never started has neither rows nor evidence."""
    sight = look(desk.store, RegionKey(product=PRODUCT, region="mars", run=1), 0)
    assert (sight.rows, sight.evidence) == ((), None)
    assert look_launch(desk.store, LaunchKey(product=PRODUCT, run=9), 0).rows == ()


def test_stages_pass_as_evidence_and_sign_offs_arrive(desk: Desk) -> None:
    """The way through the gates, with every event stamped and told."""
    key = desk.ready()
    assert desk.region(key).stage(Stage.CERTIFICATION).is_closed
    settled = desk.accepted(key, desk.decide(key, Choice.GO))
    assert settled.bearings.verdict is Verdict.GO
    with desk.store.reading() as tx:
        rows = rows_after(tx, key, 0)
        assert [row.version for row in rows] == list(range(1, len(rows) + 1))
        events = {(told.version, told.type) for told in untold(tx) if told.region == key.region and told.version}
        assert events == {(row.version, row.event.type) for row in rows}


def test_a_ledger_ahead_answers_with_the_missing_rows(desk: Desk) -> None:
    """A workflow that is behind gets what it lacks, and nothing is written."""
    (key,) = desk.start("emea")
    _, proposal, _ = desk.proposed(key, Look())
    desk.accepted(key, desk.hold(key))
    before = desk.region(key)
    settled = settle(desk.store, key, 1, Look(), proposal)
    assert settled.is_behind
    assert [row.version for row in settled.rows] == list(range(2, before.version + 1))
    assert desk.region(key) == before


def test_a_ledger_behind_fails_closed_and_sounds_an_alarm(desk: Desk) -> None:
    """After a restore nothing is written, and somebody is told once."""
    (key,) = desk.start("emea")
    for _ in range(2):
        with pytest.raises(LedgerBehind):
            settle(desk.store, key, 7, Look(), Proposal())
    with desk.store.reading() as tx:
        assert [(alarm.kind, alarm.region) for alarm in standing_alarms(tx)] == [(AlarmKind.LEDGER_BEHIND, "emea")]


def test_a_command_that_the_log_lacks_is_forged(desk: Desk) -> None:
    """A command sent straight to a workflow changes nothing and sounds an alarm."""
    (key,) = desk.start("emea")
    forged = desk.hold(key).model_copy(update={"command_id": "made-up"})
    with pytest.raises(CommandForged):
        desk.carry_out(key, forged)
    with desk.store.reading() as tx:
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.COMMAND_FORGED]


@pytest.mark.parametrize("change", [{"person": "ex-9"}, {"choice": Choice.NO_GO}, {"role": Role.ADMIN}])
def test_a_command_that_differs_from_the_log_is_forged(desk: Desk, change: dict[str, object]) -> None:
    """Nobody changes on the way what was authenticated."""
    key = desk.ready()
    version = desk.region(key).version
    forged = desk.decide(key, Choice.GO).model_copy(update=change)
    with pytest.raises(CommandForged):
        settle(desk.store, key, version, forged, Proposal())
    assert desk.region(key).version == version


def test_a_command_for_another_region_is_forged(desk: Desk) -> None:
    """What was asked for one region is not carried out in another."""
    apac, emea = desk.start("apac", "emea")
    with pytest.raises(CommandForged):
        desk.carry_out(emea, desk.hold(apac))


def test_events_that_nobody_asked_for_are_not_written(desk: Desk) -> None:
    """What gives needs its command, and a launch has one way only."""
    (key,) = desk.start("emea")
    hold = desk.hold(key)
    now = desk.clock.now
    for event in (
        RegionResumed(at=now),
        RegionResumed(at=now, person=OWNER, command_id=hold.command_id),
        RegionLaunched(at=now, launch_at=LAUNCH_AT, decision_version=1),
        RegionHeld(at=now, cause=HoldCause.PERSON, person="somebody", command_id=hold.command_id),
    ):
        with pytest.raises(ProposalForged):
            settle(desk.store, key, 1, hold, Proposal(events=(event,)))
    assert desk.region(key).version == 1


def test_a_repeated_command_has_one_effect_and_the_same_outcome(desk: Desk) -> None:
    """The worker died after the ledger was written and before Temporal knew: the repeat is answered, not repeated."""
    (key,) = desk.start("emea")
    hold = desk.hold(key)
    region, proposal, evidence = desk.proposed(key, hold)
    first = settle(desk.store, key, region.version, hold, proposal, evidence=evidence)
    # The workflow's next run has replayed to the version before, and proposes the same again.
    again = settle(desk.store, key, region.version, hold, proposal, evidence=evidence)
    assert again.outcome == first.outcome
    assert again.rows == first.rows
    assert not again.is_behind
    assert desk.region(key).version == first.rows[-1].version


def test_a_stale_go_after_a_later_no_go_is_overtaken(desk: Desk) -> None:
    """An executive said go, then no-go: the go that was lost on its way is never carried out after that."""
    key = desk.ready()
    go = desk.decide(key, Choice.GO)
    desk.accepted(key, desk.decide(key, Choice.NO_GO, "ex-2"))
    settled = desk.carry_out(key, go)
    assert refusal_kind(settled.outcome) == "overtaken"
    assert desk.region(key).decision is not None
    assert settled.bearings.verdict is Verdict.NO_GO


def test_a_refused_later_wish_overtakes_nothing(desk: Desk) -> None:
    """Only what was carried out counts as the later word."""
    key = desk.ready()
    go = desk.decide(key, Choice.GO)
    resume = desk.ask(key, "resume", OWNER, Role.PRODUCT_MANAGER)
    assert refusal_kind(desk.carry_out(key, resume).outcome) == "region-not-held"
    desk.accepted(key, go)


def test_a_refusal_that_stands_survives_corrected_rules(desk: Desk) -> None:
    """The refusal is the outcome: rules that would now accept the same command do not change the answer."""
    key = desk.ready()
    go = desk.decide(key, Choice.GO)
    region, proposal, _ = desk.proposed(key, desk.decide(key, Choice.CONDITIONAL_GO))
    assert proposal.refusal is not None
    refused = settle(desk.store, key, region.version, go, Proposal(refusal=proposal.refusal))
    corrected = desk.carry_out(key, go)
    assert corrected.outcome == refused.outcome
    assert desk.region(key).decision is None


def test_a_command_open_for_a_minute_expires(desk: Desk) -> None:
    """A wish that came too late is refused, and recorded as refused."""
    (key,) = desk.start("emea")
    hold = desk.hold(key)
    desk.clock.now += timedelta(seconds=61)
    assert refusal_kind(desk.carry_out(key, hold).outcome) == "expired"
    assert desk.region(key).holding is None


def test_a_command_for_an_ended_region_is_refused(desk: Desk) -> None:
    """What has ended takes no more commands, and says so."""
    (key,) = desk.start("emea")
    desk.accepted(key, desk.ask(key, "cancel", OWNER, Role.PRODUCT_MANAGER))
    assert refusal_kind(desk.carry_out(key, desk.hold(key)).outcome) == "region-ended"


def test_a_sign_off_of_content_that_moves_on_meanwhile_is_stale(desk: Desk) -> None:
    """Between look and settle the text changed: settle reads it again, in its own transaction."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.look(key)
    signature = desk.sign_off(key, Stage.VALUE_PROPOSITIONS, Function.SALES, Role.SALES_LEAD, "sa-1")
    region, proposal, evidence = desk.proposed(key, signature)
    assert proposal.refusal is None
    desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Something else altogether."})
    settled = settle(desk.store, key, region.version, signature, proposal, evidence=evidence)
    assert refusal_kind(settled.outcome) == "digest-is-stale"
    assert desk.region(key).sign_offs == ()


def test_a_refused_command_is_kept_with_its_refusal(desk: Desk) -> None:
    """Refused attempts are recorded too."""
    (key,) = desk.start("emea")
    go = desk.decide(key, Choice.GO)
    assert refusal_kind(desk.carry_out(key, go).outcome) == "gates-not-met"
    with desk.store.reading() as tx:
        (kept,) = commands_of(tx, key)
        assert refusal_kind(kept.outcome) == "gates-not-met"
        assert logged(tx, "made-up") is None


def test_a_look_records_what_it_saw_even_where_nothing_changed(desk: Desk) -> None:
    """The sweep finds exactly the regions whose facts are newer than their last look."""
    (key,) = desk.start("emea")
    desk.look(key)
    with desk.store.writing() as tx:
        assert unseen_regions(tx) == ()
        assert mark(tx, [(PRODUCT, "emea"), (PRODUCT, "nowhere")]) == (key,)
        assert unseen_regions(tx) == (key,)
    desk.look(key)
    with desk.store.reading() as tx:
        assert unseen_regions(tx) == ()
        assert region_record(tx, key).looked_at == desk.clock.now


def test_a_timeline_tells_who_asked_with_their_words(desk: Desk) -> None:
    """Each event comes with the logged request behind it, where there is one."""
    (key,) = desk.start("emea")
    hold = desk.hold(key)
    desk.accepted(key, hold)
    with desk.store.reading() as tx:
        happened = timeline(tx, key)
        held = next(one for one in happened if one.row.event.type == "region_held")
        assert held.command is not None
        assert held.command.body == {"kind": "hold", "reason": "why"}
        assert open_regions(tx, PRODUCT) == (key,)


def test_content_before_any_launch_is_refused(desk: Desk) -> None:
    """A text belongs to a product that was launched at least once."""
    with pytest.raises(LaunchUnknown):
        desk.write(Stage.VALUE_PROPOSITIONS, "all", {"statement": "Too early."})


def test_an_accepted_command_names_the_version_that_it_led_to(desk: Desk) -> None:
    """Whoever asked can wait for that version, or act on it."""
    (key,) = desk.start("emea")
    settled = desk.accepted(key, desk.hold(key))
    assert settled.outcome == Accepted(version=desk.region(key).version)
