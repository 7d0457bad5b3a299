"""What does the page know on which a launch is started?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.impact import Question
from readiness.policy import Stage
from templates.pages.frame import Form, Page
from templates.pages.problem import FaultLine


@dataclass(frozen=True, slots=True, kw_only=True)
class DueShown:
    """When one stage of a region is due; `is_past` where that has gone by already."""

    stage: Stage
    due_at: datetime
    is_past: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionBegins:
    """How one region would begin."""

    name: str
    time_zone: str
    wave: int
    launch_at: datetime
    is_short: bool
    """Whether the launch is nearer than its tier asks for."""
    due: tuple[DueShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPreview:
    """What the start of a launch would begin."""

    product: str
    name: str
    tier: int
    owner: str
    regions: tuple[RegionBegins, ...]
    below_tier: tuple[str, ...]
    segments: tuple[str, ...]
    courses: tuple[str, ...]
    assessment: str
    trained: float
    certified: float
    top_objections: int
    seats: tuple[str, ...]
    digest: str
    """Of what was shown, so that nothing else is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProposed:
    """The tier that the answers propose, and why."""

    tier: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage(Page):
    """How is a launch started: by a form or a plan file, checked and shown before it is begun?"""

    template: ClassVar[str] = "start.html"

    read_at: datetime
    form: Form
    file: Form
    """What was pasted as a plan, where it could not be taken over."""
    file_faults: tuple[FaultLine, ...]
    region_rows: tuple[int, ...]
    course_rows: tuple[int, ...]
    questions: tuple[Question, ...]
    zones: tuple[str, ...]
    missing: int | None
    """How many fields are still to be filled in; None where nobody has looked."""
    wrong: int
    """How many of those that are filled in are faulty."""
    proposal: TierProposed | None
    preview: StartPreview | None
