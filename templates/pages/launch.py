"""What does the page of one product know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.policy import Stage
from readiness.prospect import Reddening
from readiness.readiness import Rag
from readiness.region import StageStatus, Verdict
from templates.pages.addresses import launch_address, region_address
from templates.pages.content import RegionChoice
from templates.pages.frame import Form, Page
from templates.pages.launch_acts import BurnUp, Slip, SlipChoice
from templates.timescale import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How many regions have this verdict."""

    verdict: Verdict
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBar:
    """When one stage of a region was open, on the line of its launch; width 0 while it is locked."""

    stage: Stage
    status: StageStatus
    x: int
    width: int
    planned_x: int
    """From when the stage before it is due; of the first, from the start."""
    planned_width: int
    """From there to when it is due itself."""

    @property
    def is_closed(self) -> bool:
        """Say whether it is passed or waived, and not open again."""
        return self.status in {StageStatus.PASSED, StageStatus.WAIVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """On whom a region waits, and since when."""

    whom: str
    names: tuple[str, ...]
    """Of those who speak for it, as far as the reader may know."""
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRow:
    """One region of a launch beside the others."""

    product: str
    region: str
    name: str
    time_zone: str
    launch_at: datetime
    launch_x: int
    stage: Stage
    verdict: Verdict
    rag: Rag
    index: float
    forecast_at: datetime | None
    forecast_x: int | None
    red_for: tuple[Reddening, ...]
    """What makes it red, where its forecast reads better than it stands."""
    reason: str | None
    waits: tuple[Waits, ...]
    bars: tuple[StageBar, ...]
    is_old: bool
    """True where its figures are so old that nobody can be counting."""

    @property
    def has_learned(self) -> bool:
        """Say whether every learning stage is behind it, so that nothing is left to forecast."""
        return self.stage in {Stage.GO_NO_GO, Stage.LAUNCHED}

    @property
    def closed(self) -> int:
        """How many stages are passed or waived."""
        return sum(bar.is_closed for bar in self.bars)

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The regions that launch together, or first learn from those before them."""

    number: int
    rows: tuple[LaunchRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPage(Page):
    """One product: where do its regions stand beside each other, and on whom do they wait?"""

    template: ClassVar[str] = "launch.html"
    is_live: ClassVar[bool] = True

    read_at: datetime
    product: str
    name: str
    tier: int
    owner: str
    counts: tuple[VerdictCount, ...]
    waves: tuple[Wave, ...]
    ticks: tuple[Tick, ...]
    today: int
    burn_ups: tuple[BurnUp, ...]
    more_charts: tuple[RegionChoice, ...]
    """Regions that are drawn when asked for."""
    slip: Form | None
    """For another launch instant; None for whoever may move no region."""
    movable: tuple[SlipChoice, ...]
    slips: tuple[Slip, ...]
    """What the move that is filled in would mean, region by region; empty where nobody asked."""
    adding: Form | None
    """For another region; None for whoever may add none."""
    owning: Form | None
    """For another owner; None for whoever may not hand the launch over."""
    zones: tuple[str, ...]
    shows_workflows: bool
    """Whether there are links to the workflows at work."""
    shows_content: bool

    @property
    def live_address(self) -> str:
        """Where an open page learns that something has changed in a region of this product."""
        return f"/live?product={self.product}"

    @property
    def renewed_from(self) -> str:
        """The address of the page alone where it is the answer to an act, which is not done again."""
        return self.frame.path if self.frame.path.partition("?")[0] == self.address else self.address

    @property
    def address(self) -> str:
        """The address of this page."""
        return launch_address(self.product)

    @property
    def regions(self) -> int:
        """How many regions are shown."""
        return sum(len(wave.rows) for wave in self.waves)
