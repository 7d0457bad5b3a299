"""What does the page know that looks over every launch at once?"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from readiness.ball import Holder
from readiness.policy import CriterionKey, Stage
from templates.pages.addresses import region_address
from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDay:
    """How all running regions stood on one day."""

    day: date
    regions: int
    index: float
    red: int
    amber: int
    grey: int
    green: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A region that launched, beside what was planned and foreseen."""

    product: str
    product_name: str
    region: str
    name: str
    time_zone: str
    planned_at: datetime
    foreseen_at: datetime | None
    foreseen_on: date | None
    launched_at: datetime
    slipped_days: int
    """How many days after the first plan it launched; negative for before."""
    off_days: int | None
    """How many days after the launch people would have been ready, as foreseen; negative for before."""

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRow:
    """The open waivers of one criterion."""

    criterion: CriterionKey
    requested: int
    granted: int
    young: int
    middle: int
    old: int
    """Asked for within a week, within a month, or longer ago."""
    lapses_next_at: datetime
    share: float
    """0 to 1: of the criterion with most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """How long one function has held regions at one stage."""

    stage: Stage
    function: Holder
    working_days: float
    days_a_region: float
    regions: int
    holding: int
    share: float
    """0 to 1: of the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPage(Page):
    """Every launch at once: is it getting better, do forecasts hold, what is owed, and where does time go?"""

    template: ClassVar[str] = "portfolio.html"
    place: ClassVar[str | None] = "portfolio"

    read_at: datetime
    trend: tuple[TrendDay, ...]
    """Newest first."""
    index_line: str
    red_line: str
    """Points as SVG has them, from (0, 0) to (1000, 100)."""
    outcomes: tuple[Foreseen, ...]
    debt: tuple[DebtRow, ...]
    held: tuple[HeldRow, ...]
    regions: int
    """How many regions the times are of."""
