"""What does the board know?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, NamedTuple
from urllib.parse import urlencode

from readiness.asks import Ask
from readiness.commands import Choice, Role, Stance
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import Later, Reddening
from readiness.readiness import Rag, Shortfall
from readiness.region import Verdict
from templates.pages.addresses import launch_address, region_address
from templates.pages.coming import Coming, Missing, Spoken, Then
from templates.pages.frame import Page
from templates.pages.me import GivenBack, Running, SaidBack, WaitedFor

WORTH_TELLING = timedelta(minutes=5)
"""Figures that are younger are as good as new: they are counted within seconds of what changes them."""


class Sort(StrEnum):
    """In which order the products come."""

    NAME = "name"
    LAUNCH = "launch"
    WORST = "worst"
    TIER = "tier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the board was asked for: all of it, where nothing is said. Kept in the address."""

    words: str | None = None
    """What the name of a product holds."""
    product: str | None = None
    region: str | None = None
    verdict: Verdict | None = None
    rag: Rag | None = None
    stage: Stage | None = None
    tier: int | None = None
    wave: int | None = None
    sort: Sort = Sort.NAME
    paused: bool = False
    """True where the reader does not want the page to change by itself."""

    @property
    def are_set(self) -> bool:
        """Say whether anything is left out of the board."""
        kept = (self.words, self.product, self.region, self.verdict, self.rag, self.stage, self.tier, self.wave)
        return any(value is not None for value in kept)

    def address(self, *, after: str | None = None) -> str:
        """Return the address of the board with these filters, from the product behind `after` on."""
        asked = {
            "q": self.words,
            "product": self.product,
            "region": self.region,
            "verdict": self.verdict,
            "rag": self.rag,
            "stage": self.stage,
            "tier": self.tier,
            "wave": self.wave,
            "sort": self.sort if self.sort is not Sort.NAME else None,
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
    wave: int | None = None
    """Of a column: the first wave in which any of its cells launches."""


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
class CellWait:
    """On whom a region waits, as a cell that is seen from close by tells it."""

    whom: str
    since: datetime
    reason: str
    ask: Ask | None
    """What is asked of them; None where it was written down before that was kept."""
    criterion: CriterionKey | None
    due_at: datetime | None
    shortfall: Shortfall | None
    names: tuple[str, ...]
    """Of those who speak for it; empty where nobody is known, or that is not for the reader."""
    said_back: tuple[SaidBack, ...]
    """Why what is to be written anew was sent back; empty where the reader is asked to, and reads it above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLater:
    """What the same functions are to bring once what is open before it is met."""

    of: tuple[Spoken, ...]
    each: tuple[Later, ...]


class Counted(NamedTuple):
    """How far a criterion had come."""

    criterion: CriterionKey
    reached: int
    of_all: int
    required: float | None
    """The share that was asked for; None where what was written down then is not for the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """By which right, why and with what proof a decision was taken."""

    right: Role
    granted_by: str | None
    granted_at: datetime | None
    """Who granted the right here, and when; None where it came with the sign-in."""
    reason: str | None
    """In the words of whoever decided."""
    act_address: str
    """Where it stands in the audit record."""
    record_address: str
    """Where all that it was taken on is kept, word for word."""
    digest: str
    """Of that record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedForGo:
    """How many people are certified on the launch day, in a region with a go that launches by itself."""

    reached: int
    of_all: int
    fewest: int
    """With fewer it is held instead."""
    missing: Missing | None
    """Who is not certified; None where all are, or they are not led by the reader or too many."""
    people_address: str | None
    """Where they are; None where all are certified, or they are not for the reader."""
    nudge_address: str | None
    """Where the reader may remind them; None where that is not theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision that stands, and what was seen when it was taken."""

    choice: Choice
    by: str
    at: datetime
    counted: tuple[Counted, ...]
    """How many people had learned and proved it."""
    votes: tuple[tuple[Function, Stance], ...]
    """Those that did not simply agree; all of them where the proof is for the reader."""
    seen_address: str | None
    """Where all that was seen is read; None where that is not for the reader."""
    proof: Proof | None
    """None for whoever may not read the audit record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUp:
    """What a cell tells beside the rest where the board is small enough to be read from close by."""

    waits: tuple[CellWait, ...]
    texts_later: tuple[CellLater, ...]
    """Which texts stand behind what is open, in the order of the stages."""
    people_later: tuple[CellLater, ...]
    """What is still missing of people behind what is open: they may learn ahead."""
    ahead: tuple[Then, ...]
    """What comes once all that is met; nothing where it is not for a region that is not ready."""
    decide_by: datetime | None
    """By when that is to be done; None where nothing comes."""
    red_for: tuple[Reddening, ...]
    reason: str | None
    """Why it stands so, where nobody who is waited for is the reason."""
    decided: Decided | None
    """None where no decision stands."""
    certified: CertifiedForGo | None
    """None where no go stands, or it asks for no certification."""
    people_address: str | None
    """Where those are who are missing while the region waits for people; None where they are not for the reader."""
    sale: PermitStanding | None
    """Whether it may be sold; None where the reader is not to know."""


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
    waiting_on: tuple[str, ...]
    """The functions, or roles that act for none, that it waits for, in the order of the stages."""
    as_of: datetime | None
    """When its figures were gathered; None where none have been yet."""
    is_behind: bool
    """True while facts are there that its figures do not count yet."""
    is_old: bool
    """True where its figures are so old that nobody can be counting."""
    close_up: CloseUp | None = None
    """None on a board of many cells."""

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What of the board waits for the reader, who speaks for a function or decides."""

    waiting: tuple[WaitedFor, ...]
    """The longest waiting first."""
    helping: tuple[WaitedFor, ...]
    """What waits for others, and is about people whom the reader leads."""
    given_back: tuple[GivenBack, ...]
    coming: tuple[Coming, ...]
    """What will wait for the reader, the soonest due first."""
    others: int
    """How many more regions wait."""
    decides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """What has happened in one region since the reader's last visit."""

    product: str
    region: str
    product_name: str
    name: str
    verdict: Verdict
    rag: Rag
    what: tuple[str, ...]
    """The latest of it, in words, oldest first."""
    last_at: datetime

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has happened since the reader's last visit."""

    since: datetime
    lines: tuple[ChangeLine, ...]
    others: int
    """How many regions more."""


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
    is_live: ClassVar[bool] = True
    place: ClassVar[str | None] = "board"

    read_at: datetime
    oldest_figures_at: datetime | None
    """When the oldest figures on this page were gathered; None where there are none."""
    filters: Filters
    pause_address: str
    """The same page that changes by itself, where it is paused, and the other way round."""
    clear_address: str
    products: tuple[Named, ...]
    regions: tuple[Named, ...]
    tiers: tuple[int, ...]
    waves: tuple[int, ...]
    sorts: tuple[tuple[Sort, str], ...]
    """Every order, with the address of the board in it."""
    may_start: bool
    """Whether the reader may start a launch somewhere."""
    changes: Changes | None
    """None on the first visit."""
    own: Own | None
    """None where nobody waits for the reader, whatever happens: they speak for no function."""
    running: Running | None
    """None for whoever does not run the installation."""
    colours: tuple[ColourTotal, ...]
    verdicts: tuple[VerdictTotal, ...]
    cells_found: int
    products_found: int
    first_position: int
    """Which of the products found is the first on this page, from 1."""
    columns: tuple[Named, ...]
    rows: tuple[ProductRow, ...]
    is_small: bool
    """True where all that the reader may see is read from close by: totals and filters then say less than it."""
    first_address: str | None
    """Where the first page is, if this is another one."""
    next_address: str | None
    """Where the next page is, if there is one."""

    @property
    def late(self) -> tuple[tuple[ProductRow, Cell], ...]:
        """What misses its date, of several regions seen from close by that ask nothing of the reader."""
        cells = [(row, cell) for row in self.rows for cell in row.cells if cell is not None]
        if len(cells) == 1 or (self.own is not None and (self.own.waiting or self.own.helping)):
            return ()
        return tuple(each for each in cells if each[1].close_up is not None and each[1].close_up.red_for)

    @property
    def tells_age(self) -> bool:
        """Say whether the oldest figures are old enough to be worth a word."""
        return self.oldest_figures_at is not None and self.read_at - self.oldest_figures_at >= WORTH_TELLING

    @property
    def is_blank(self) -> bool:
        """Say whether the reader's board has nothing at all, with any filters."""
        return not self.products
