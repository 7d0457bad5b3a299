"""What does a page know of the acts in a region: those of the viewer, and those of others?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from readiness.commands import Choice, Role
from readiness.policy import CriterionKey, Function, Stage
from readiness.rehearsal import Outlook, Would
from readiness.signing import SigningState
from templates.pages.frame import Form, Page

About = tuple[Stage | Function | CriterionKey | str, ...]
"""What an act is about, where several things may be: shown in words, or as people wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOffer:
    """An act that the viewer may do, with the form that does it."""

    name: str
    key: str
    """Which of several things it is about; empty where there is one."""
    anchor: str
    at: str
    """The part of the page that it belongs to."""
    about: About
    form: Form
    fixed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the form says whatever is filled in."""
    is_open: bool = False
    choices: tuple[Choice, ...] = ()
    """What may be decided now, where the act is a decision."""
    impossible: tuple[tuple[Choice, str], ...] = ()
    """What may not be decided now, each with why."""
    latest: datetime | None = None
    """The latest moment that the policy allows, where the form asks for one."""
    dissents: tuple[Function, ...] = ()
    """Whose dissent a go would have to accept by name."""
    conditions: int = 0
    """How many conditions the policy allows."""
    asks_first: bool = False
    """Whether one sees what it would lead to before it is done."""
    needs_login: bool = False
    """Whether the viewer must sign in afresh before it is done."""
    has_spoken: bool = False
    """Whether the viewer's function sent this very text back: it is asked again once that is written anew."""

    @property
    def only_holds(self) -> bool:
        """Say whether all that may be decided now is a hold."""
        return self.choices == (Choice.HOLD,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActNotNow:
    """An act that the viewer may do, but not as things stand."""

    name: str
    about: About
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActElsewhere:
    """An act that is for others to do."""

    name: str
    about: About
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBackLine:
    """Who sent a revision back, and why."""

    function: Function
    person: str
    at: datetime
    reason: str | None
    of_this: bool
    """Whether it was the revision that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLine:
    """Who has signed for a function, and how that stands to what is shown."""

    function: Function
    person: str | None
    """None where nobody has signed yet."""
    at: datetime | None
    state: SigningState


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One text of a stage as it holds in a region."""

    key: str
    revision: int
    is_adapted: bool
    moved_on: int | None
    """The product-wide revision that came after the region's own."""
    headline: str
    """The statement, or the objection."""
    answer: str | None
    """What is said to the objection; None for a statement, and where there is no answer yet."""
    rank: int | None
    address: str
    """Of its own page."""
    write: str | None
    """Where the viewer writes its next revision; None where that is for others."""
    points: tuple[str, ...] = ()
    """Proof points and advantages."""
    buyers: tuple[str, ...] = ()
    worth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownContent:
    """What is signed at a stage in a region, under which digest, and by whom."""

    stage: Stage
    digest: str
    missing: tuple[str, ...]
    texts: tuple[TextLine, ...]
    raised: tuple[TextLine, ...]
    """What was heard in the field and nobody has ranked."""
    signed: tuple[SignedLine, ...]
    sent_back: tuple[SentBackLine, ...]

    @property
    def must_rewrite(self) -> bool:
        """Whether it was sent back as it stands, and the viewer may write it anew."""
        return any(each.of_this for each in self.sent_back) and any(text.write is not None for text in self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomActs:
    """Everything that can be done in a region, by whom and when."""

    offers: tuple[ActOffer, ...] = ()
    not_now: tuple[ActNotNow, ...] = ()
    elsewhere: tuple[ActElsewhere, ...] = ()
    fresh_until: datetime | None = None
    """Until when the viewer's login is fresh enough for what bears their name."""

    def placed(self, at: str) -> tuple[ActOffer, ...]:
        """Return the acts that belong to one part of the page."""
        return tuple(offer for offer in self.offers if offer.at == at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that somebody filled in, as a field and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(Page):
    """What would an act lead to that is asked for twice?"""

    template: ClassVar[str] = "confirm.html"

    product: str
    region: str
    product_name: str
    region_name: str
    time_zone: str
    launch_at: datetime
    act: str
    said: tuple[Said, ...]
    """What was filled in, to be read before it is done."""
    form: Form
    """All of it, to be sent again: with the same key, so that it is done once."""
    asks_why: bool
    """Whether nobody has said why yet: it is looked at without a reason, and done with one."""
    before: Outlook
    after: Outlook
    would: Would
