"""What does the page of one product know of how its regions came along, and of moving and adding them?"""

from dataclasses import dataclass
from datetime import datetime

from readiness.policy import CriterionKey, Function, Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from templates.timescale import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnDay:
    """How far a region was at the end of one day, in UTC."""

    at: datetime
    trained: int
    trained_share: float
    certified: int
    certified_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnUp:
    """How one region came to where it stands, against what is required; drawn from (0, 0) to (1000, 100)."""

    region: str
    name: str
    time_zone: str
    launch_at: datetime
    audience: int
    required_trained: float
    required_certified: float
    trained_line: str
    certified_line: str
    """Points as SVG has them; empty where nobody is there yet."""
    trained_y: int
    certified_y: int
    """Where what is required lies."""
    today: int
    launch_x: int
    forecast_line: str
    """From where certification stands today to where it is forecast to be enough; empty without a forecast."""
    forecast_at: datetime | None
    ticks: tuple[Tick, ...]
    days: tuple[BurnDay, ...]
    """Newest first, one for each point that is drawn."""


LATER_WEEKS = (1, 2, 4)
"""How much later a launch may be moved without naming the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipRed:
    """What would be late after a move."""

    stage: Stage
    criterion: CriterionKey | None
    reason: str
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipDue:
    """By when a stage that is not passed would have to be."""

    stage: Stage
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a move of the launch would mean, or has meant, for one region."""

    name: str
    refusal: str | None
    verdict_before: Verdict | None
    verdict_after: Verdict | None
    rag_before: Rag | None
    rag_after: Rag | None
    voided: tuple[Function, ...]
    reopened: tuple[Stage, ...]
    red: tuple[SlipRed, ...]
    time_zone: str = "UTC"
    due: tuple[SlipDue, ...] = ()
    """By when each stage that is open or locked would be due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipChoice:
    """A region that may be moved, and when it launches now."""

    region: str
    name: str
    time_zone: str
    launch_at: datetime
