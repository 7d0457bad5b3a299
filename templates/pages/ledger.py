"""What does the page of the audit record know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilters:
    """Which entries are asked for; an empty field asks for nothing."""

    product: str = ""
    region: str = ""
    person: str = ""
    kind: str = ""

    @property
    def query(self) -> str:
        """What stands behind the question mark of an address that keeps them; empty for none."""
        asked = {"product": self.product, "region": self.region, "person": self.person, "kind": self.kind}
        return urlencode({name: value for name, value in asked.items() if value})

    def address(self, *, after: int | None = None) -> str:
        """Return the address of the entries behind a position."""
        query = "&".join(part for part in (self.query, f"after={after}" if after is not None else "") if part)
        return f"/ledger?{query}" if query else "/ledger"


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
    waits_since: datetime | None
    """Since when the oldest row waits to be sealed; None where none waits."""
    filters: RecordFilters
    lines: tuple[RecordLine, ...]
    next_address: str | None
    first_address: str
    export_query: str
