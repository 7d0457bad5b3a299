"""What does the page of one product in one region know?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from readiness.ball import Holder
from readiness.commands import Role, Stance
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Stage
from readiness.policy_events import Applies
from readiness.readiness import Readiness, SeatShown
from templates.pages.acts import RoomActs, ShownContent
from templates.pages.frame import Page
from templates.pages.seen import DecisionSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """Something that happened in a region, who asked for it and why."""

    version: int
    at: datetime
    what: str
    who: str | None
    """None where it fell due by itself."""
    reason: str | None
    record_address: str | None = None
    """Where what it was taken on is read, if it is a decision."""


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
class Lacking:
    """How many people a criterion still waits for, and where they are seen and reminded."""

    criterion: CriterionKey
    people: int
    """How many have not got there, of all who must."""
    needed: int
    """How many more are enough."""
    is_satisfied: bool
    due_at: datetime
    people_address: str | None
    """None where the reader may not see who they are."""
    nudge_address: str | None
    """None where the reader may not remind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IfMissed:
    """What follows if people do not learn in time, and who can do something about it."""

    lacking: tuple[Lacking, ...]
    """In the order of the stages."""
    waivable: tuple[CriterionKey, ...]
    """What of it the policy allows to be waived."""
    asked_by: tuple[Role, ...]
    """Who may ask for a waiver."""
    granted_by: tuple[Role, ...]
    reminded_by: tuple[Role, ...]

    @property
    def reminder(self) -> str | None:
        """Where all who are missing are reminded; None where there is nobody, or the reader may not."""
        addresses = [each.nudge_address for each in self.lacking if each.people]
        return addresses[-1] if addresses else None

    @property
    def short(self) -> tuple[Lacking, ...]:
        """What is not reached yet, or passed by a waiver alone."""
        return tuple(each for each in self.lacking if each.needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPage(Page):
    """One product in one region: what is open, what blocks, since when and on whom?"""

    template: ClassVar[str] = "region.html"
    is_live: ClassVar[bool] = True

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
    seen: DecisionSeen | None
    """What the latest decision was taken on; None where none was, or the reader may not see it."""
    change: PolicyWaits | None
    contents: tuple[ShownContent, ...]
    """What is signed here, stage by stage; nothing where the reader may not see it."""
    acts: RoomActs
    shows_people: bool
    """Whether the reader may see who is missing what."""
    shows_record: bool
    """Whether the reader may see the audit record."""
    if_missed: IfMissed | None
    """None where it is over."""
    speakers: Mapping[str, tuple[str, ...]]
    """The names of who speaks here, by whom it waits for; nobody where none is known, or the reader may not."""
    sale: PermitStanding | None
    """Whether it may be sold there today; None where that is not for the reader."""

    @property
    def live_address(self) -> str:
        """Where an open page learns that something has changed in this region."""
        return f"/live?product={self.readiness.product}&at={self.readiness.region}"

    @property
    def seats(self) -> tuple[SeatShown, ...]:
        """The seats of the poll, dissent first."""
        seats = self.readiness.poll.seats if self.readiness.poll is not None else ()
        return tuple(sorted(seats, key=lambda seat: seat.position is not Stance.DISSENT))

    @property
    def has_learned(self) -> bool:
        """Say whether nothing of what people do is left to forecast."""
        return self.readiness.has_learned

    def lacking(self, criterion: CriterionKey) -> Lacking | None:
        """Return whom a criterion still waits for; None where it waits for nobody who learns."""
        every = self.if_missed.lacking if self.if_missed is not None else ()
        return next((each for each in every if each.criterion is criterion and each.people), None)

    def speaking(self, waiting_on: str, named: str | None = None) -> tuple[str, ...]:
        """Return the names of those who speak for whom it waits: of who was `named` for an idle seat alone."""
        return (self.named(named),) if named is not None else self.speakers.get(waiting_on, ())

    def named(self, person: str) -> str:
        """Return the name of a person, or the id where there is none."""
        return self.names.get(person, person)
