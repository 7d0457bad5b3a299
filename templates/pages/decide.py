"""What does the page know on which executives see what to decide?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.commands import Choice, Stance
from readiness.events import RegionEvent
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import Later, Reddening
from readiness.readiness import Rag
from readiness.region import ConditionStatus, Verdict
from templates.pages.addresses import region_address
from templates.pages.coming import Then
from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How a function stands to the launch, as far as the poll tells."""

    function: Function
    stance: Stance | None
    """None while the ballot is sealed, and for who has not voted."""
    has_voted: bool
    person: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A criterion that is passed by a waiver, or for which one was asked."""

    criterion: CriterionKey
    floor: float
    expires_at: datetime
    is_granted: bool
    lapses: bool
    """Whether it is granted and does not reach the launch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """A condition of the go that stands."""

    owner: str
    due_at: datetime
    status: ConditionStatus
    is_before: bool
    """Whether it is open and due before the launch: unmet by then it takes the go away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsOn:
    """On whom a region waits, since when and for what."""

    whom: str
    since: datetime
    reason: str
    names: tuple[str, ...] = ()
    """Of those who speak for it; empty where nobody is known, or that is not for the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """How many more people must get there for a criterion to be met, and by when."""

    criterion: CriterionKey
    reached: int
    of_all: int
    needed: int
    """How many more."""
    due_at: datetime

    @property
    def asked(self) -> int:
        """How many are enough."""
        return self.reached + self.needed


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRow:
    """One region: how it stands, and everything that a decision on it is taken on."""

    product: str
    region: str
    version: int
    product_name: str
    name: str
    time_zone: str
    launch_at: datetime
    stage: Stage
    verdict: Verdict
    rag: Rag
    forecast_at: datetime | None
    reasons: tuple[str, ...]
    waits: tuple[WaitsOn, ...]
    may_decide: bool
    """Whether the reader holds the right to decide here."""
    decided: Choice | None
    decided_by: str | None
    decided_at: datetime | None
    review_at: datetime | None
    votes: tuple[Vote, ...]
    """Dissent first."""
    poll_closes_at: datetime | None
    """While the poll is open: when it closes at the latest."""
    waived: tuple[Waived, ...]
    promised: tuple[Promised, ...]
    looked_at: datetime | None
    """When the reader last said that they have read it; None for never."""
    changes: tuple[RegionEvent, ...]
    """What has happened since, the latest first."""
    changes_left_out: int
    short: tuple[Short, ...] = ()
    """Of what people must do while the region is not ready, in the order of the stages."""
    later: tuple[Later, ...] = ()
    """What is missing besides, behind what is open, that is not about people."""
    ahead: tuple[Then, ...] = ()
    """What comes then."""
    red_for: tuple[Reddening, ...] = ()

    @property
    def address(self) -> str:
        """Where the region's page is."""
        return region_address(self.product, self.region)

    @property
    def has_lapsing(self) -> bool:
        """Say whether something that holds now does not hold on launch day by itself."""
        return any(each.lapses for each in self.waived) or any(each.is_before for each in self.promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSection:
    """Regions that wait for the same thing."""

    key: str
    count: int
    """How many there are in all, on this page and on others."""
    rows: tuple[DecideRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidePage(Page):
    """What waits for my decision, what is stopped, what cannot be decided yet and who must do what?"""

    template: ClassVar[str] = "decide.html"
    is_live: ClassVar[bool] = True
    place: ClassVar[str | None] = "decide"

    read_at: datetime
    words: str
    """What was searched for; empty for everything."""
    decides: bool
    """Whether the reader decides anywhere."""
    sections: tuple[DecideSection, ...]
    next_cursor: str | None
    is_first: bool
