"""What does each page know, down to the last value that its template may show?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlencode

from readiness.ball import Holder
from readiness.commands import Choice, Stance
from readiness.policy import CriterionKey, Stage
from readiness.policy_events import Applies
from readiness.readiness import Rag, Readiness, SeatShown
from readiness.region import StageStatus, Verdict
from templates.timescale import Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at the page, and by which right."""

    person: str
    name: str | None
    """None where the person is not among the people that were imported."""
    roles: tuple[str, ...]
    """In words, each with where it holds: `Executive everywhere`."""
    is_persona: bool
    """True where nobody signed in: the browser on this machine is taken for this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page knows."""

    template: ClassVar[str]

    viewer: Viewer | None
    """None where nobody could be told apart, on a page that says so."""
    refresh_seconds: int | None
    """After how long the browser asks again by itself; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the board was asked for: all of it, where nothing is said. Kept in the address."""

    product: str | None = None
    region: str | None = None
    verdict: Verdict | None = None
    rag: Rag | None = None
    stage: Stage | None = None
    paused: bool = False
    """True where the reader does not want the page to change by itself."""

    @property
    def are_set(self) -> bool:
        """Say whether anything is left out of the board."""
        return any(value is not None for value in (self.product, self.region, self.verdict, self.rag, self.stage))

    def address(self, *, after: str | None = None) -> str:
        """Return the address of the board with these filters, from the product behind `after` on."""
        asked = {
            "product": self.product,
            "region": self.region,
            "verdict": self.verdict,
            "rag": self.rag,
            "stage": self.stage,
            "live": "off" if self.paused else None,
            "after": after,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A product or region that one may filter by, and its column where it has one."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTotal:
    """How many regions have this colour, and the address that shows only them (or all again, where chosen)."""

    rag: Rag
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTotal:
    """How many regions have this verdict, and the address that shows only them (or all again, where chosen)."""

    verdict: Verdict
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One product in one region, as last counted."""

    product: str
    region: str
    name: str
    """The region's name in this product's plan."""
    time_zone: str
    launch_at: datetime
    stage: Stage
    verdict: Verdict
    rag: Rag
    index: float
    """0 to 100; it shows a trend and opens no gate."""
    coverage: float
    """0 to 1."""
    forecast_at: datetime | None
    reason: str | None
    as_of: datetime | None
    """When its figures were gathered; None where none have been yet."""
    is_behind: bool
    """True while facts are there that its figures do not count yet."""
    is_old: bool
    """True where its figures are so old that nobody can be counting."""

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """One product with its cells, one for each column of the board; None where there is nothing to show."""

    product: str
    name: str
    tier: int
    owner: str
    owner_name: str | None
    first_launch_at: datetime
    """The earliest launch of its cells, on that region's own clock."""
    last_launch_at: datetime
    """The latest launch of its cells, on that region's own clock."""
    cells: tuple[Cell | None, ...]

    @property
    def address(self) -> str:
        """The address of the product's page."""
        return launch_address(self.product)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage(Page):
    """Product by region: where does every launch stand?"""

    template: ClassVar[str] = "board.html"

    read_at: datetime
    oldest_figures_at: datetime | None
    """When the oldest figures on this page were gathered; None where there are none."""
    filters: Filters
    pause_address: str
    """The same page that changes by itself, where it is paused, and the other way round."""
    clear_address: str
    products: tuple[Named, ...]
    regions: tuple[Named, ...]
    colours: tuple[ColourTotal, ...]
    verdicts: tuple[VerdictTotal, ...]
    cells_found: int
    products_found: int
    first_position: int
    """Which of the products found is the first on this page, from 1."""
    columns: tuple[Named, ...]
    rows: tuple[ProductRow, ...]
    first_address: str | None
    """Where the first page is, if this is another one."""
    next_address: str | None
    """Where the next page is, if there is one."""

    @property
    def is_blank(self) -> bool:
        """Say whether the reader's board has nothing at all, with any filters."""
        return not self.products


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """Something that happened in a region, who asked for it and why."""

    version: int
    at: datetime
    what: str
    who: str | None
    """None where it fell due by itself."""
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFor:
    """How long one function has held a region at one stage."""

    function: Holder
    stage: Stage
    elapsed: timedelta
    working_days: float
    share: float
    """0 to 1: of the longest of them."""
    holding: bool
    """Whether it holds it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWaits:
    """A change of policy that waits for a second person, or for its moment."""

    asked_by: str
    asked_at: datetime
    applies: Applies
    confirmed_by: str | None
    from_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPage(Page):
    """One product in one region: what is open, what blocks, since when and on whom?"""

    template: ClassVar[str] = "region.html"

    readiness: Readiness
    read_at: datetime
    names: dict[str, str]
    """The names of the persons whom the readiness speaks of, by id, where they are known."""
    timeline: tuple[TimelineLine, ...]
    """The latest of it, newest first."""
    earlier: int
    """How many entries lie before the oldest that is shown."""
    held_for: tuple[HeldFor, ...]
    """In the order of the stages; nothing where the reader may not see it."""
    change: PolicyWaits | None

    @property
    def seats(self) -> tuple[SeatShown, ...]:
        """The seats of the poll, dissent first."""
        seats = self.readiness.poll.seats if self.readiness.poll is not None else ()
        return tuple(sorted(seats, key=lambda seat: seat.position is not Stance.DISSENT))

    @property
    def has_learned(self) -> bool:
        """Say whether nothing of what people do is left to forecast."""
        people = (CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE)
        return all(each.is_satisfied for each in self.readiness.criteria if each.key in people)

    def named(self, person: str) -> str:
        """Return the name of a person, or the id where there is none."""
        return self.names.get(person, person)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """On whom a region waits, and since when."""

    whom: str
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

    read_at: datetime
    product: str
    name: str
    tier: int
    owner: str
    counts: tuple[VerdictCount, ...]
    waves: tuple[Wave, ...]
    ticks: tuple[Tick, ...]
    today: int

    @property
    def regions(self) -> int:
        """How many regions are shown."""
        return sum(len(wave.rows) for wave in self.waves)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """One thing wrong with what was asked: where, and a whole sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage(Page):
    """What went wrong, and what to do next?"""

    template: ClassVar[str] = "problem.html"

    status: int
    title: str
    detail: str
    advice: tuple[str, ...]
    """What to do next, a whole sentence each."""
    faults: tuple[FaultLine, ...]
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPermit:
    """What a permit that somebody showed says, and how it stands now."""

    name: str
    product: str
    region: str
    standing: str
    """A key of `words.PERMIT_STANDINGS`."""
    is_valid: bool
    from_at: datetime
    issued_at: datetime
    expires_at: datetime
    has_expired: bool
    checked_at: datetime
    verdict: Choice
    decided_at: datetime
    decision_digest: str | None
    conditions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitPage(Page):
    """What is a permit worth that somebody pastes here?"""

    template: ClassVar[str] = "permit.html"

    shown: ShownPermit | None
    """None where nothing was pasted yet, or no permit of ours."""
    fault: str | None
    """Why what was pasted is no permit of ours, a whole sentence."""


PAGES: tuple[type[Page], ...] = (BoardPage, LaunchPage, RegionPage, ProblemPage, PermitPage)
"""Every page there is; each has a template of its own."""


def launch_address(product: str) -> str:
    """Return the address of a product's page."""
    return f"/launches/{quote(product, safe='')}"


def region_address(product: str, region: str) -> str:
    """Return the address of a region's page."""
    return f"/launches/{quote(product, safe='')}/{quote(region, safe='')}"
