"""What do the pages know of what is said of a product?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.policy import Function, Stage
from readiness.region import Verdict
from readiness.signing import SigningState
from templates.differences import Piece
from templates.pages.addresses import content_address, launch_address, region_address, text_address
from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a text; several lines where it is a list."""

    field: str
    """A key of `words.CONTENT_FIELDS`."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSaid:
    """One text as the whole product says it, or as a region does that says it alone."""

    key: str
    address: str
    parts: tuple[Part, ...]
    """Empty where nobody has written it yet."""
    rank: int | None
    revision: int | None
    digest: str
    who: str
    at: datetime | None
    regions: tuple[str, ...]
    """The names of the regions that say it in their own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBy:
    """How one function stands to what one region says."""

    function: Function
    state: SigningState
    who: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRow:
    """What one region would sign, and who has."""

    product: str
    region: str
    name: str
    time_zone: str
    digest: str
    missing: tuple[str, ...]
    """The keys of what is not said yet."""
    signed: tuple[SignedBy, ...]

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSaid:
    """All that is said at one stage, and who has signed it where."""

    stage: Stage
    texts: tuple[TextSaid, ...]
    signers: tuple[Function, ...]
    rows: tuple[SigningRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What the field said of the texts: sent back with a reason, or an objection that was heard."""

    function: Function | None
    """None for an objection that was heard."""
    stage: Stage
    region: str
    """Its name."""
    time_zone: str
    who: str
    at: datetime
    text: str | None
    """None where the reason is not for the reader."""
    heard: str | None
    address: str | None
    """Where it is answered; None for what was sent back."""
    is_current: bool
    """Whether the text is still as it was sent back, or the objection still unranked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionChoice:
    """A region that may be chosen."""

    region: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPage(Page):
    """One product: what is said of it, who has signed that where, and what does the field say to it?"""

    template: ClassVar[str] = "content.html"

    product: str
    name: str
    read_at: datetime
    stages: tuple[StageSaid, ...]
    comments: tuple[Comment, ...]
    earlier: int
    """How many comments are older than those that are shown."""
    objection: Form | None
    """For a new objection with its answer; None for whoever may not write for the whole product."""
    heard: Form | None
    """For an objection heard in the field; None for whoever hears none."""
    hears_in: tuple[RegionChoice, ...]

    @property
    def launch(self) -> str:
        """The address of the product's page."""
        return launch_address(self.product)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanged:
    """One field of a text, and how it changed."""

    field: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLine:
    """One revision: who wrote it when and where, and what became another."""

    revision: int
    digest: str
    who: str
    at: datetime
    regions: tuple[str, ...]
    """The names of the regions that it is for; empty for the whole product."""
    is_material: bool
    is_withdrawal: bool
    is_first: bool
    """Whether there was nothing before it."""
    changes: tuple[PartChanged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """A region that says one text in its own words."""

    region: str
    name: str
    parts: tuple[Part, ...]
    revision: int
    moved_on: int | None
    """The product-wide revision that came after it; None where none did."""
    edit: str | None
    """Where it is edited; None for whoever may not."""
    withdraw: Form | None
    """None for whoever may not withdraw it."""
    ends_go: bool
    """Whether withdrawing it would end a standing go, which the form must say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """What would follow from an edit in one region."""

    region: str
    """Its name."""
    voided: tuple[Function, ...]
    """Whose sign-off would stand no more."""
    asked_again: tuple[Function, ...]
    """Who sent it back, and would be asked to sign it again."""
    reopened: tuple[Stage, ...]
    loses: Verdict | None
    """The verdict that it would lose by being held; None where it would not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPage(Page):
    """One text of a product: what does it say where, how did it come to that, and what shall it say?"""

    template: ClassVar[str] = "text.html"

    product: str
    name: str
    read_at: datetime
    stage: Stage
    key: str
    now: TextSaid
    own: tuple[OwnWords, ...]
    history: tuple[RevisionLine, ...]
    earlier: int
    """How many revisions are older than those that are shown."""
    objections: tuple[Comment, ...]
    """Why the texts of this stage were sent back that are still as they were."""
    form: Form | None
    """For the next revision; None for whoever may not write it."""
    region: RegionChoice | None
    """The region that the form is for; None where it is for the whole product."""
    choices: tuple[RegionChoice, ...]
    """The regions that may be given words of their own by whoever looks."""
    why_not: str | None
    """A key of `words.WHY_NOT`: why there is no form."""
    theirs: tuple[PartChanged, ...]
    """From what holds now to what was filled in, where somebody else wrote meanwhile."""
    moved_to: int | None
    """The revision that somebody else wrote meanwhile; None where nobody did."""
    ends: tuple[RegionChoice, ...]
    """The regions whose standing go the edit would end, and which it must name."""
    follows: tuple[Follows, ...] | None
    """What would follow from what is filled in; None where nobody asked."""

    @property
    def launch(self) -> str:
        """The address of the product's page."""
        return launch_address(self.product)

    @property
    def content(self) -> str:
        """The address of all that is said of the product."""
        return content_address(self.product)

    @property
    def address(self) -> str:
        """The address of this page."""
        return text_address(self.product, self.stage, self.key)
