"""What has a region to address of what earlier waves learned, and who says how?"""

from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import AddressLesson, RequestWaiver, Role
from readiness.events import CriterionStatus, HoldCause, RegionHeld
from readiness.evidence import Evidence, Lesson
from readiness.lesson_events import LessonAddressed
from readiness.lessons import teaches
from readiness.policy import CriterionKey, Stage
from readiness.readiness import CriterionResult
from readiness.region import RegionLaunch, Verdict, Waiver, WaiverStatus
from readiness.rules import evaluate, evolve, propose
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, UNPOLLED, region_launch
from tests.readiness.steps import with_go

HOLD = Lesson(id="command-1", kind="hold", region="apac", wave=1, at=NOW)
HEARD = Lesson(id="field-1", kind="objection", region="latam", wave=1, at=NOW)
ADDRESSED = LessonAddressed(
    at=NOW, person="ma-1", command_id="address-1", lesson=HOLD.id, how_digest=digest("We changed the list.")
)


def learned(*lessons: Lesson) -> Evidence:
    """Return evidence by which everything is met but what earlier waves learned."""
    evidence = READY_WORLD.evidence()
    contents = tuple(
        content.model_copy(update={"lessons": lessons}) if content.stage is Stage.OBJECTION_HANDLING else content
        for content in evidence.contents
    )
    return evidence.model_copy(update={"contents": contents})


def answered(region: RegionLaunch, *lessons: Lesson) -> CriterionResult:
    """Return how the criterion stands by which objections are answered."""
    shown = evaluate(UNPOLLED, learned(*lessons), region, at=LAUNCH_AT)
    return next(each for each in shown.criteria if each.key is CriterionKey.OBJECTIONS_ANSWERED)


def address(lesson: str = HOLD.id, **changes: Any) -> AddressLesson:
    """Return marketing's word on a lesson."""
    said = {
        "command_id": "address-1",
        "person": "ma-1",
        "role": Role.MARKETING,
        "logged_at": NOW,
        "lesson": lesson,
        "how_digest": digest("We changed the list."),
    }
    return AddressLesson.model_validate({**said, **changes})


def test_objections_count_as_answered_only_once_every_lesson_is_addressed() -> None:
    """Every answer may be there, and still what the wave before learned stands in the way."""
    region = with_go()
    assert answered(region).status is CriterionStatus.MET
    unmet = answered(region, HOLD, HEARD)
    assert (unmet.status, unmet.unaddressed) == (CriterionStatus.UNMET, 2)
    assert unmet.reasons == (
        "What earlier waves learned is still to be addressed: a hold in apac, an objection in latam",
    )
    assert unmet.waiting_on == ("marketing",)
    assert answered(evolve(region, ADDRESSED), HOLD).status is CriterionStatus.MET
    assert answered(evolve(region, ADDRESSED), HOLD, HEARD).unaddressed == 1


def test_a_new_lesson_takes_a_go_as_any_gate_does() -> None:
    """A wave that learned something late still holds the next."""
    shown = evaluate(UNPOLLED, learned(HOLD), with_go(), at=LAUNCH_AT)
    assert shown.verdict is Verdict.HELD


def test_readiness_lists_what_was_learned_where_and_what_became_of_it() -> None:
    """Addressed or not, a lesson stays in view."""
    shown = evaluate(UNPOLLED, learned(HOLD, HEARD), evolve(with_go(), ADDRESSED), at=LAUNCH_AT)
    assert [(each.id, each.kind, each.region, each.addressed_by) for each in shown.must_address] == [
        ("command-1", "hold", "apac", "ma-1"),
        ("field-1", "objection", "latam", None),
    ]


def test_no_waiver_covers_a_lesson() -> None:
    """What is waived is a share of answers, never what another region learned."""
    waiver = Waiver(
        id="w",
        criterion=CriterionKey.OBJECTIONS_ANSWERED,
        floor=1,
        expires_at=LAUNCH_AT.replace(year=2028),
        status=WaiverStatus.GRANTED,
        requested_by="ma-1",
        requested_at=NOW,
    )
    region = with_go().model_copy(update={"waivers": (waiver,)})
    assert answered(region, HOLD).status is CriterionStatus.UNMET
    asked = RequestWaiver(
        command_id="w-2",
        person="ma-1",
        role=Role.MARKETING,
        logged_at=NOW,
        reason_digest=digest("why"),
        control_digest=digest("control"),
        criterion=CriterionKey.OBJECTIONS_ANSWERED,
        expires_at=LAUNCH_AT,
    )
    assert propose(with_go(), asked, evidence=learned(HOLD), now=NOW).refusal is not None


def test_marketing_or_the_product_manager_addresses_a_lesson_once() -> None:
    """The event carries the digest of what was said, and no words."""
    proposal = propose(region_launch(), address(), evidence=learned(HOLD), now=NOW)
    assert [event for event in proposal.events if isinstance(event, LessonAddressed)] == [ADDRESSED]
    as_manager = address(role=Role.PRODUCT_MANAGER)
    assert propose(region_launch(), as_manager, evidence=learned(HOLD), now=NOW).refusal is None


@pytest.mark.parametrize(
    ("command", "region", "kind"),
    [
        (address(role=Role.SALES_LEAD), region_launch(), "lesson-addresser-not-allowed"),
        (address(how_digest=None), region_launch(), "reason-missing"),
        (address("command-2"), region_launch(), "no-such-lesson"),
        (address(), evolve(region_launch(), ADDRESSED), "lesson-addressed"),
    ],
)
def test_a_word_on_a_lesson_that_may_not_be_is_refused_by_name(
    command: AddressLesson, region: RegionLaunch, kind: str
) -> None:
    """Only who may, on what there is, with words, and once."""
    refusal = propose(region, command, evidence=learned(HOLD), now=NOW).refusal
    assert refusal is not None
    assert refusal.kind == kind


def test_only_what_people_said_teaches() -> None:
    """A hold by a rule has no reason of anybody's."""
    assert teaches(RegionHeld(at=NOW, person="pm-7", cause=HoldCause.PERSON))
    assert not teaches(RegionHeld(at=NOW, cause=HoldCause.GATE_UNMET))
    assert not teaches(ADDRESSED)
