"""What does a product manager ask for when starting a launch?"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from readiness.impact import TierGrounds
from readiness.policy import Policy
from readiness.values import Frozen, Identifier, Line, Moment, Slug

Score = Annotated[Decimal, Field(ge=0, le=100)]


class Course(Frozen):
    """Something that everyone in the audience must complete, with at least `min_score` out of 100."""

    course_id: Identifier
    title: Line
    min_score: Score = Decimal(0)


class Assessment(Frozen):
    """The proof of learning: passed at `pass_mark` of 100, valid for `valid_days` from then (None: for ever)."""

    assessment_id: Identifier
    title: Line
    pass_mark: Score
    valid_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] | None = None


class RegionPlan(Frozen):
    """One region of a launch: its launch instant in UTC, and the wall clock and zone that it was resolved from."""

    region: Slug
    name: Line
    time_zone: str
    wave: Annotated[int, Field(ge=1, le=100)] = 1
    launch_at: Moment
    wall_clock: str
    """The launch on the region's own clock, as written: `2027-03-01T09:00`."""
    short_lead: bool = False
    """True where the launch is nearer than the tier's lead time; marks, does not refuse."""


class LaunchPlan(Frozen):
    """One product's go-to-market, checked and complete: policy resolved, every launch instant in UTC."""

    product: Slug
    name: Line
    tier: Annotated[int, Field(ge=1, le=3)]
    owner: Identifier
    regions: tuple[RegionPlan, ...]
    courses: tuple[Course, ...]
    assessment: Assessment
    policy: Policy
    below_tier: tuple[str, ...] = ()
    """The paths of the settings that ask less than the tier does, for example `policy.training.required_share`."""
    wall_clock: str | None = None
    """The launch on the clock of each region that does not say otherwise; None where every region says its own."""
    tier_grounds: TierGrounds | None = None
    """Why it has this tier; None where the plan only names one."""
