"""What does the page know on which somebody reads what is due for them?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from readiness.asks import Ask
from readiness.people import PersonStatus
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.prospect import Foretold
from readiness.readiness import Shortfall
from templates.pages.addresses import region_address
from templates.pages.coming import Coming, Missing
from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseDue:
    """A course that a launch asks for, and whether it is completed."""

    title: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchDue:
    """What one launch asks of the reader, and how they stand."""

    product_name: str
    region_name: str
    time_zone: str
    launch_at: datetime
    has_launched: bool
    sale: PermitStanding | None
    """Whether it may be sold there today; None where that is not for the reader."""
    status: PersonStatus
    learn_by: datetime
    pass_by: datetime
    next_course: str | None
    """The first course that is missing; None where none is."""
    courses: tuple[CourseDue, ...]
    assessment: str
    pass_mark: float
    best_score: float | None
    attempts_left: int | None
    """None where there may be any number."""
    certified_until: datetime | None
    manager: str | None
    """Who helps."""
    reminded_by: str | None
    """Who reminded the reader last, while something is missing; None where nobody did."""
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidBack:
    """Why somebody sent a text back."""

    who: str
    at: datetime
    text: str


class TextToWrite(NamedTuple):
    """A text that is to be written anew, and where."""

    key: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitedFor:
    """Something that waits for what the reader speaks for."""

    product: str
    region: str
    product_name: str
    region_name: str
    whom: str
    """The function or role that is waited for: as `words.whom` takes it."""
    names: tuple[str, ...]
    """Of those who speak for it, where it is not the reader; empty where they do not matter or are not known."""
    stage: Stage
    since: datetime
    reason: str
    time_zone: str
    ask: Ask | None
    """What is asked of the reader; None where it was written down before that was kept."""
    criterion: CriterionKey | None
    due_at: datetime | None
    shortfall: Shortfall | None
    foretold: Foretold | None
    """Whether people will have done it in time; None where it is not about people, or that is not known."""
    missing: Missing | None
    """Who is missing; None where it is not about people, or they are not for the reader or too many."""
    texts: tuple[TextToWrite, ...]
    """Which texts are to be written anew; empty where none is, or the reader does not write."""
    said_back: tuple[SaidBack, ...]
    """Why what is to be written anew was sent back, in the words of who did."""
    signers: tuple[Function, ...]
    """Who signs what is to be written anew; empty where nothing is."""
    act_address: str
    """Where it is done."""

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A text that the reader's function sent back, and that marketing has yet to write anew."""

    product: str
    region: str
    product_name: str
    region_name: str
    whom: str
    """Which function sent it back: as `words.whom` takes it."""
    stage: Stage
    since: datetime
    due_at: datetime | None
    """By when it is to be signed."""
    time_zone: str
    is_own: bool
    """Whether the reader sent it back in person."""
    writer: str
    """Who is to write it anew: as `words.whom` takes it."""
    names: tuple[str, ...]
    """Of those who speak for the writer, as far as the reader may know."""

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Something that is broken in the installation."""

    what: str
    """A key of `words.BROKEN`."""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How the installation runs."""

    broken: tuple[Broken, ...]
    verified_at: datetime | None
    """When the whole audit record was last verified."""
    is_telling: bool
    """Whether a program asked to be told of what happens, or anybody was told of anything."""
    mails: bool
    """Whether mail is set up, so that people can be told by it."""
    says_go: tuple[str, ...]
    """Who may say go somewhere, by name, as far as is known here."""
    says_go_everywhere: bool
    """True where each of them may in every region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MePage(Page):
    """What is due for me, and what am I waited for?"""

    template: ClassVar[str] = "me.html"
    place: ClassVar[str | None] = "me"

    read_at: datetime
    name: str
    due: tuple[LaunchDue, ...]
    """What is still missing first, then by launch."""
    speaks: bool
    """True where others may wait for the reader: they speak for a function, or decide."""
    decides: bool
    """True where the reader decides on launches somewhere."""
    running: Running | None
    """None for whoever does not run the installation."""
    waited_for: tuple[WaitedFor, ...]
    """The longest waiting first."""
    helping: tuple[WaitedFor, ...]
    """What waits for others, and is about people whom the reader leads."""
    given_back: tuple[GivenBack, ...]
    """What the reader need do nothing about until it is written anew."""
    coming: tuple[Coming, ...]
    """What will wait for the reader, the soonest due first."""
    more: int
    """How much more waits than is shown."""

    @property
    def open(self) -> int:
        """For how many launches something is still to do."""
        return sum(each.status is not PersonStatus.CERTIFIED for each in self.due)
