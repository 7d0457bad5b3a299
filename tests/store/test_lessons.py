"""Does every later wave learn what an earlier one did, until it has said what it does about it?"""

from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import Choice, Role
from readiness.evidence import Lesson
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Refused
from readiness.lesson_events import LessonAddressed
from readiness.policy import Stage
from readiness.region import Verdict
from store.board import refresh_figures
from store.commands import logged
from store.content import raise_objection, withdraw_content
from store.ledger import ProposalForged
from store.lessons import lessons_of, objections_heard
from store.regions import region_record
from store.settling import settle
from tests.store.desk import PRODUCT, Desk
from tests.store.test_waves import started, take_to_go


def learned(desk: Desk, key: RegionKey) -> tuple[Lesson, ...]:
    """Return what the waves before a region learned."""
    with desk.store.reading() as tx:
        return lessons_of(tx, [desk.region(key)]).get(key, ())


def hear(desk: Desk, key: RegionKey, objection: str = "Does it run without the cloud?") -> str:
    """Raise an objection in a region and return its key."""
    with desk.store.writing() as tx:
        return raise_objection(
            tx,
            key,
            objection=objection,
            heard="At the fair",
            person="se-1",
            idempotency_key=objection,
            now=desk.store.now(tx),
        ).key


def address(desk: Desk, key: RegionKey, lesson: str) -> Any:
    """Log the word of marketing on a lesson."""
    how = "We say so now."
    return desk.ask(
        key, "address_lesson", "ma-1", Role.MARKETING, said={"how": how}, lesson=lesson, how_digest=digest(how)
    )


def is_marked(desk: Desk, key: RegionKey) -> bool:
    """Say whether the facts of a region are newer than its figures."""
    with desk.store.reading() as tx:
        record = region_record(tx, key)
    return record.facts_revision > record.figures_revision


def test_holds_no_gos_and_unanswered_objections_are_lessons_for_every_later_wave(desk: Desk) -> None:
    """Each under an id that stays, with where it came from; the first wave owes nothing, its own included."""
    apac, emea, latam = started(desk, {"apac": 1, "emea": 2, "latam": 3})
    desk.teach("emea", people=1, trained=1, certified=1)
    desk.sign_all(emea)
    desk.look(emea)
    no_go = desk.decide(emea, Choice.NO_GO)
    desk.accepted(emea, no_go)
    hold = desk.hold(apac)
    desk.accepted(apac, hold)
    heard = hear(desk, apac)
    assert learned(desk, apac) == ()
    assert [(each.id, each.kind, each.region, each.wave) for each in learned(desk, emea)] == [
        (hold.command_id, "hold", "apac", 1),
        (heard, "objection", "apac", 1),
    ]
    assert [each.id for each in learned(desk, latam)] == [hold.command_id, heard, no_go.command_id]
    with desk.store.reading() as tx:
        assert objections_heard(tx, PRODUCT, [heard]) == {heard: "Does it run without the cloud?"}


def test_a_go_of_a_later_wave_falls_to_a_new_lesson_and_no_board_shows_it_meanwhile(desk: Desk) -> None:
    """The hold marks the later wave, its figures are counted with the lesson, and it is hinted and held."""
    apac, emea = started(desk, {"apac": 1, "emea": 2})
    take_to_go(desk, emea)
    desk.accepted(apac, desk.hold(apac))
    assert is_marked(desk, emea)
    assert refresh_figures(desk.store, [emea]) == (emea,)
    desk.look(emea)
    assert desk.region(emea).holding is not None
    assert refresh_figures(desk.store, [emea]) == ()


def test_a_lesson_is_addressed_once_and_the_gate_is_met_again(desk: Desk) -> None:
    """What was said lies in the command log; the ledger has its digest."""
    apac, emea = started(desk, {"apac": 1, "emea": 2})
    lesson = hear(desk, apac)
    assert is_marked(desk, emea)
    desk.teach("emea", people=1, trained=1, certified=1)
    desk.sign_all(emea)
    assert desk.look(emea).bearings.stage is Stage.OBJECTION_HANDLING
    command = address(desk, emea, lesson)
    settled = desk.accepted(emea, command)
    assert isinstance(settled.rows[0].event, LessonAddressed)
    assert settled.bearings.verdict is Verdict.READY
    assert isinstance(desk.carry_out(emea, address(desk, emea, lesson)).outcome, Refused)
    with desk.store.reading() as tx:
        said = logged(tx, command.command_id)
    assert said is not None
    assert said.body["how"] == "We say so now."


@pytest.mark.parametrize("regions", [None, ("apac",)])
def test_an_objection_that_is_answered_is_owed_nowhere_any_more(desk: Desk, regions: tuple[str, ...] | None) -> None:
    """Where it was heard or for the whole product; and later waves are told at once."""
    apac, emea = started(desk, {"apac": 1, "emea": 2})
    lesson = hear(desk, apac)
    refresh_figures(desk.store, [apac, emea])
    answer = {"objection": "Does it run without the cloud?", "answer": "It does.", "rank": 6}
    desk.write(Stage.OBJECTION_HANDLING, lesson, answer, regions=regions)
    assert learned(desk, emea) == ()
    assert is_marked(desk, emea)


def test_withdrawing_an_objection_answers_nothing(desk: Desk) -> None:
    """What a customer said was said."""
    apac, emea = started(desk, {"apac": 1, "emea": 2})
    lesson = hear(desk, apac)
    with desk.store.writing() as tx:
        withdraw_content(
            tx,
            product=PRODUCT,
            stage=Stage.OBJECTION_HANDLING,
            key=lesson,
            regions=("apac",),
            person="ma-1",
            now=desk.store.now(tx),
        )
    assert [each.id for each in learned(desk, emea)] == [lesson]


def test_a_lesson_that_nobody_addressed_so_is_not_written_as_addressed(desk: Desk) -> None:
    """The event gives, so it needs the very command behind it."""
    apac, emea = started(desk, {"apac": 1, "emea": 2})
    lesson, other = hear(desk, apac), hear(desk, apac, "It is too dear.")
    command = address(desk, emea, lesson)
    region, proposal, evidence = desk.proposed(emea, command)
    lies = tuple(
        event.model_copy(update={"lesson": other}) if isinstance(event, LessonAddressed) else event
        for event in proposal.events
    )
    with pytest.raises(ProposalForged):
        settle(
            desk.store,
            emea,
            region.version,
            command,
            proposal.model_copy(update={"events": lies}),
            evidence=evidence,
        )
    assert isinstance(desk.carry_out(emea, command).outcome, Accepted)
