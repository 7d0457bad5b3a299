"""What does the page of the audit record know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple
from urllib.parse import quote, urlencode

from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilters:
    """Which entries are asked for; an empty field asks for nothing."""

    product: str = ""
    region: str = ""
    person: str = ""
    kind: str = ""
    act: str = ""
    """Everything of this one act."""

    @property
    def query(self) -> str:
        """What stands behind the question mark of an address that keeps them; empty for none."""
        asked = {
            "product": self.product,
            "region": self.region,
            "person": self.person,
            "kind": self.kind,
            "act": self.act,
        }
        return urlencode({name: value for name, value in asked.items() if value})

    def address(self, *, after: int | None = None, before: int | None = None) -> str:
        """Return the address of the entries behind a position, or of those before one."""
        places = (f"{name}={place}" for name, place in (("after", after), ("before", before)) if place is not None)
        query = "&".join(part for part in (self.query, *places) if part)
        return f"/ledger?{query}" if query else "/ledger"


class KeptRecord(NamedTuple):
    """Where what a decision was taken on is read word for word, and the digest of that."""

    address: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One entry of the audit record."""

    position: int
    at: datetime | None
    source: str
    """A key of `words.SOURCES`."""
    kind: str | None
    person: str | None
    name: str | None
    """As it was printed then."""
    on_behalf_of: str | None = None
    """Who answers for a program."""
    role: str | None
    place: str
    """Product and region, as far as it is about them."""
    reason: str | None
    meaning: str | None
    outcome: str | None
    """A key of `words.OUTCOMES`."""
    refusal: str | None
    withheld: str | None
    digest: str
    act_address: str | None = None
    """Where everything of the same act is shown; None where it belongs to none, or that is shown already."""
    kept: KeptRecord | None = None
    """What a decision was taken on, where the entry is that."""


def act_address(command_id: str) -> str:
    """Return where the audit record shows everything of one act."""
    return f"/ledger?act={quote(command_id, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage(Page):
    """Who asked what, when, by which right, and can it be proved?"""

    template: ClassVar[str] = "ledger.html"
    place: ClassVar[str | None] = "ledger"

    read_at: datetime
    entries: int
    sealed_until: int
    """Up to which position a signed checkpoint proves the record."""
    verified_at: datetime | None
    """When the whole record was last verified."""
    faults: int
    """Found then."""
    checkpoint_minutes: int
    """How many minutes after the last checkpoint the next one comes at the latest, where anything was sealed."""
    waits_since: datetime | None
    """Since when the oldest row waits to be sealed; None where none waits."""
    filters: RecordFilters
    lines: tuple[RecordLine, ...]
    newest_first: bool
    next_address: str | None
    first_address: str
    export_query: str
