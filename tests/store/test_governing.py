"""Do waivers, ballots and decisions hold in the store as the core means them?"""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.live import region_readiness
from readiness.canonical import canonical_json
from readiness.commands import ROLE_OF_FUNCTION, Choice, Promise, RegionCommand, Role, Stance
from readiness.events import OpenedBallot, PollClosed
from readiness.keys import RegionKey
from readiness.ledger import LaunchDenied, Launched, Look, Proposal, Refused
from readiness.policy import TIERS, CriterionKey, Function
from readiness.region import Verdict
from readiness.rules import fold
from store.board import board
from store.commands import digest_of_document
from store.decision_records import kept
from store.guards import unguard
from store.ledger import ProposalForged, rows_after
from store.records_schema import commands, decision_records
from store.settling import settle
from store.waiver_debt import waiver_debt
from tests.readiness.builders import LAUNCH_AT, OWNER
from tests.readiness.governing import SEATS
from tests.store.desk import PRODUCT, Desk


def short(desk: Desk, *, certified: int = 7) -> RegionKey:
    """Return a region of ten of whom seven are certified, one short of eight."""
    (key,) = desk.start("emea")
    desk.write_all()
    desk.teach("emea", certified=certified)
    desk.sign_all(key)
    desk.look(key)
    return key


def waiver(desk: Desk, key: RegionKey, *, floor: int = 7_000) -> RegionCommand:
    """Ask for a waiver of the certified share, and return what was asked."""
    asked = desk.ask(
        key,
        "request_waiver",
        "en-1",
        Role.ENABLEMENT,
        said={"compensating_control": "They sell beside a colleague."},
        criterion=CriterionKey.CERTIFIED_SHARE,
        floor=floor,
        expires_at=LAUNCH_AT + timedelta(days=7),
        control_digest="sha256:" + "0" * 64,
    )
    desk.accepted(key, asked)
    return asked


def granted(desk: Desk, key: RegionKey) -> RegionCommand:
    """Have a waiver granted, and return what was asked."""
    asked = waiver(desk, key)
    desk.accepted(key, desk.ask(key, "grant_waiver", "ex-2", Role.EXECUTIVE, waiver=asked.command_id))
    return asked


def cast(desk: Desk, key: RegionKey, function: Function, stance: Stance = Stance.AGREE) -> RegionCommand:
    """Hand in a ballot."""
    ballot = desk.ask(
        key,
        "cast_ballot",
        SEATS[function],
        ROLE_OF_FUNCTION[function],
        said={"position": stance.value},
        function=function,
    )
    desk.accepted(key, ballot)
    return ballot


def polled(desk: Desk) -> RegionKey:
    """Return a region of tier 1 with its poll open."""
    desk.policy = TIERS[1]
    key = desk.ready()
    desk.accepted(key, desk.ask(key, "open_poll", OWNER, Role.PRODUCT_MANAGER))
    return key


def voted(desk: Desk, *, dissent: Function | None = None) -> RegionKey:
    """Return it with every ballot in and opened."""
    key = polled(desk)
    for function in SEATS:
        cast(desk, key, function, Stance.DISSENT if function is dissent else Stance.AGREE)
    desk.look(key)
    return key


def test_a_region_launches_on_a_waiver_that_was_granted(desk: Desk) -> None:
    """From the request to the launch record, through both locks."""
    key = short(desk)
    granted(desk, key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_a_waiver_is_shown_with_what_people_wrote(desk: Desk) -> None:
    """Reasons lie in the command log, and are laid beside the readiness; the board and the debt show it too."""
    key = short(desk)
    asked = granted(desk, key)
    (shown,) = region_readiness(desk.store, PRODUCT, "emea").waivers
    assert (shown.id, shown.reason, shown.compensating_control) == (
        asked.command_id,
        "why",
        "They sell beside a colleague.",
    )
    with desk.store.reading() as tx:
        assert [row.waivers[0].id for row in board(tx)] == [asked.command_id]
        (owed,) = waiver_debt(tx, within=None, now=desk.clock.now)
        assert waiver_debt(tx, within=["apac"], now=desk.clock.now) == ()
    assert (owed.key, owed.waiver.id) == (key, asked.command_id)


def test_the_regions_of_a_launch_share_a_budget_of_waivers(desk: Desk) -> None:
    """What is open elsewhere is counted by the store."""
    keys = desk.start("amer", "apac", "emea", "latam")
    desk.write_all()
    for key in keys:
        desk.teach(key.region, certified=7)
        desk.sign_all(key)
        desk.look(key)
    for key in keys[:3]:
        waiver(desk, key)
    last = desk.ask(
        keys[3],
        "request_waiver",
        "en-1",
        Role.ENABLEMENT,
        criterion=CriterionKey.CERTIFIED_SHARE,
        floor=7_000,
        expires_at=LAUNCH_AT + timedelta(days=7),
        control_digest="sha256:" + "0" * 64,
    )
    outcome = desk.carry_out(keys[3], last).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "waiver-budget-spent"


def test_two_who_ask_at_once_do_not_overspend_the_budget_of_a_launch(desk: Desk) -> None:
    """Both looked before either asked: whoever settles second is told to look again, and is refused then."""
    budget = desk.policy.waivers.model_copy(update={"open_per_launch": 1})
    desk.policy = desk.policy.model_copy(update={"waivers": budget})
    keys = desk.start("emea", "apac")
    desk.write_all()
    for key in keys:
        desk.teach(key.region, certified=7)
        desk.sign_all(key)
        desk.look(key)
    fields = {
        "criterion": CriterionKey.CERTIFIED_SHARE,
        "floor": 7_000,
        "expires_at": LAUNCH_AT + timedelta(days=7),
        "control_digest": "sha256:" + "0" * 64,
    }
    asked = [desk.ask(key, "request_waiver", "en-1", Role.ENABLEMENT, **fields) for key in keys]
    looked = [desk.proposed(key, command) for key, command in zip(keys, asked, strict=True)]
    settled = [
        settle(desk.store, key, region.version, command, proposal, evidence=evidence)
        for key, command, (region, proposal, evidence) in zip(keys, asked, looked, strict=True)
    ]
    assert [each.is_behind for each in settled] == [False, True]
    outcome = desk.carry_out(keys[1], asked[1]).outcome
    assert isinstance(outcome, Refused)
    assert outcome.refusal.kind == "waiver-budget-spent"


def test_a_grant_that_nobody_asked_for_launches_nothing(desk: Desk) -> None:
    """A waiver in the ledger counts only with the command behind it."""
    key = short(desk)
    asked = granted(desk, key)
    desk.accepted(key, desk.decide(key, Choice.GO))
    desk.clock.now = LAUNCH_AT
    with desk.store.writing() as tx:
        region = desk.region(key)
        assert region.waiver(asked.command_id) is not None
        grants = [row for row in rows_after(tx, key, 0) if row.event.type == "waiver_granted"]
        unguard(tx)
        tx.execute(
            update(commands)
            .where(commands.c.id == grants[0].event.command_id)
            .values(command_digest="sha256:" + "1" * 64)
        )
    answer = desk.launch(key)
    assert isinstance(answer, LaunchDenied)
    assert any("waiver_granted" in objection for objection in answer.objections)


def test_ballots_are_told_only_once_all_are_in(desk: Desk) -> None:
    """Three of four: the evidence of a look holds no ballot, and nothing is opened."""
    key = polled(desk)
    for function in list(SEATS)[:3]:
        cast(desk, key, function)
        _, proposal, evidence = desk.proposed(key, Look())
        assert evidence is not None
        assert evidence.ballots == ()
        assert not any(isinstance(event, PollClosed) for event in proposal.events)
    cast(desk, key, Function.PRODUCT, Stance.DISAGREE_BUT_SUPPORT)
    desk.look(key)
    poll = region_readiness(desk.store, PRODUCT, "emea").poll
    assert poll is not None
    assert [seat.position for seat in poll.seats] == [Stance.AGREE] * 3 + [Stance.DISAGREE_BUT_SUPPORT]
    assert [seat.reason for seat in poll.seats] == ["why"] * 4


def test_a_poll_is_not_closed_with_ballots_that_nobody_cast(desk: Desk) -> None:
    """Whoever can reach Temporal may propose anything; the log says how people voted."""
    key = polled(desk)
    cast_ids = {function: cast(desk, key, function, Stance.DISSENT).command_id for function in SEATS}
    region = desk.region(key)
    lie = PollClosed(
        at=desk.clock.now,
        ballots=tuple(
            OpenedBallot(
                function=function,
                stance=Stance.AGREE,
                person=SEATS[function],
                at=desk.clock.now,
                command_id=cast_ids[function],
            )
            for function in SEATS
        ),
    )
    with pytest.raises(ProposalForged, match="not in the command log as it was opened"):
        settle(desk.store, key, region.version, Look(), Proposal(events=(lie,)))
    assert desk.region(key) == region


def test_a_region_launches_on_a_poll_with_an_accepted_dissent(desk: Desk) -> None:
    """The dissent stands beside the go, and the launch transaction proves every ballot."""
    key = voted(desk, dissent=Function.SALES)
    plain = desk.carry_out(key, desk.decide(key, Choice.GO)).outcome
    assert isinstance(plain, Refused)
    assert plain.refusal.kind == "dissent-not-accepted"
    accepting = desk.ask(
        key,
        "decide",
        "ex-1",
        Role.EXECUTIVE,
        choice=Choice.GO,
        dissents_accepted=[{"function": "sales", "reason_digest": "sha256:" + "0" * 64}],
    )
    desk.accepted(key, accepting)
    shown = region_readiness(desk.store, PRODUCT, "emea")
    assert shown.decision is not None
    assert shown.decision.dissents_accepted == (Function.SALES,)
    desk.clock.now = LAUNCH_AT
    assert isinstance(desk.launch(key), Launched)


def test_a_conditional_go_shows_its_promises_and_is_held_when_one_is_broken(desk: Desk) -> None:
    """The text is what the decider wrote; the region wakes when it is due."""
    key = desk.ready()
    due_at = desk.clock.now + timedelta(days=3)
    decision = desk.ask(
        key,
        "decide",
        "ex-1",
        Role.EXECUTIVE,
        said={"conditions": [{"text": "Print the prices", "owner": "en-1", "due_at": due_at.isoformat()}]},
        choice=Choice.CONDITIONAL_GO,
        conditions=[Promise(owner="en-1", due_at=due_at, text_digest="sha256:" + "0" * 64).model_dump()],
    )
    desk.accepted(key, decision)
    shown = region_readiness(desk.store, PRODUCT, "emea")
    assert shown.verdict is Verdict.CONDITIONAL_GO
    assert [condition.text for condition in shown.conditions] == ["Print the prices"]
    desk.clock.now = due_at
    desk.look(key)
    assert region_readiness(desk.store, PRODUCT, "emea").verdict is Verdict.HELD


def test_what_a_decision_was_taken_on_is_kept_byte_for_byte(desk: Desk) -> None:
    """The black box is canonical JSON under its digest, and nobody changes it."""
    key = short(desk)
    granted(desk, key)
    settled = desk.accepted(key, desk.decide(key, Choice.GO))
    with desk.store.reading() as tx:
        region = fold(key, None, rows_after(tx, key, 0))
        assert region is not None
        assert region.decision is not None
        record = kept(tx, key, region.decision.version)
        assert kept(tx, key, 1) is None
    assert settled.outcome is not None
    assert record is not None
    document = json.loads(record.document)
    assert canonical_json(document) == record.document
    assert digest_of_document(document) == record.digest
    assert document["readiness"]["waivers"][0]["status"] == "granted"
    assert document["evidence"]["figures"]["certified"] == 7
    assert document["policy"]["tier"] == 1
    with pytest.raises(Exception, match="only added to"), desk.store.writing() as tx:
        tx.execute(update(decision_records).values(digest="sha256:" + "0" * 64))
    with desk.store.reading() as tx:
        assert tx.execute(select(decision_records.c.digest)).scalar_one() == record.digest
