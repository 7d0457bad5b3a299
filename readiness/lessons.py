"""What has a region to address of what earlier waves of its launch learned, and who says how?"""

# A lesson is a reason for which a person held a region or said no-go, or an objection heard in the field and left
# unanswered there, in an earlier wave. It is known by an opaque id: of the command, or of the objection.

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from readiness.commands import AddressLesson, Choice, Role
from readiness.consent_refusals import LessonAddressedAlready, LessonAddresserNotAllowed, LessonUnknown
from readiness.events import DecisionTaken, HoldCause, PermitRestored, PermitSuspended, RegionEvent, RegionHeld
from readiness.evidence import ContentEvidence, Evidence, Lesson
from readiness.lesson_events import LessonAddressed
from readiness.policy import Stage
from readiness.readiness import LessonShown
from readiness.refusals import ReasonMissing
from readiness.refusing import by, refuse
from readiness.region import RegionLaunch

ADDRESSERS = (Role.MARKETING, Role.PRODUCT_MANAGER)
"""Who says how a lesson is addressed: who writes the message, or who plans the launch."""


def lesson_of(event: RegionEvent) -> Literal["hold", "no_go"] | None:
    """Return what kind of lesson `event` leaves to later waves; None where it leaves none."""
    match event:
        case RegionHeld() if event.cause is HoldCause.PERSON:
            return "hold"
        case DecisionTaken() if event.choice is Choice.NO_GO:
            return "no_go"
        case _:
            return None


def teaches(event: RegionEvent) -> bool:
    """Say whether later waves must look at `event`: it leaves a lesson, or the permit was suspended or restored, so
    that the region proves nothing, or does again."""
    return lesson_of(event) is not None or isinstance(event, PermitSuspended | PermitRestored)


def owed_to(region: RegionLaunch, lessons: Iterable[Lesson]) -> tuple[Lesson, ...]:
    """Return those of a launch's lessons that `region` has to address, the earliest wave first: none of its own wave
    or of a later one."""
    earlier = (lesson for lesson in lessons if lesson.wave < region.plan.wave)
    return tuple(sorted(earlier, key=lambda each: (each.wave, each.at, each.region, each.id)))


def lessons_of(evidence: Evidence | None) -> tuple[Lesson, ...]:
    """Return what earlier waves learned, whether or not it has been addressed here."""
    content = evidence.content_of(Stage.OBJECTION_HANDLING) if evidence is not None else None
    return content.lessons if content is not None else ()


def unaddressed(region: RegionLaunch, content: ContentEvidence | None) -> tuple[Lesson, ...]:
    """Return what `region` has still to address."""
    addressed = {each.lesson for each in region.addressed}
    return tuple(lesson for lesson in (content.lessons if content is not None else ()) if lesson.id not in addressed)


def lesson_addressed(
    region: RegionLaunch, command: AddressLesson, evidence: Evidence | None, now: datetime
) -> tuple[RegionEvent, ...]:
    """Return that a lesson was addressed; raises CommandRefused."""
    if command.role not in ADDRESSERS:
        raise refuse(
            LessonAddresserNotAllowed, "Marketing or the product manager says how a lesson is addressed. Ask them."
        )
    if command.how_digest is None:
        raise refuse(ReasonMissing, "Say in `how` what is done about it here.")
    earlier = next((each for each in region.addressed if each.lesson == command.lesson), None)
    if earlier is not None:
        raise refuse(
            LessonAddressedAlready,
            "This was addressed here already. Look at `must_address` in the readiness for how.",
            by=earlier.person,
            at=earlier.at,
        )
    if command.lesson not in {lesson.id for lesson in lessons_of(evidence)}:
        raise refuse(
            LessonUnknown,
            "No earlier wave left this region such a lesson. See `must_address` in its readiness for those it did.",
        )
    return (LessonAddressed(lesson=command.lesson, how_digest=command.how_digest, **by(command, now)),)


def lessons_shown(region: RegionLaunch, lessons: Iterable[Lesson]) -> Iterator[LessonShown]:
    """Yield what earlier waves learned as readers see it, without its words."""
    addressed = {each.lesson: each for each in region.addressed}
    for lesson in lessons:
        done = addressed.get(lesson.id)
        yield LessonShown(
            id=lesson.id,
            kind=lesson.kind,
            region=lesson.region,
            wave=lesson.wave,
            at=lesson.at,
            addressed_by=done.person if done is not None else None,
            addressed_at=done.at if done is not None else None,
        )


def lesson_words(lessons: Iterable[Lesson]) -> str:
    """Return what lessons are and where they come from, in words."""
    return ", ".join(f"{_KINDS[lesson.kind]} in {lesson.region}" for lesson in lessons)


_KINDS = {"hold": "a hold", "no_go": "a no-go", "objection": "an objection"}
