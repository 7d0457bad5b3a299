"""What do the pages of deliveries know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.delivering import Channel, DeliveryState
from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One thing told to one target."""

    id: str
    channel: Channel
    target: str
    type: str
    product: str
    region: str
    state: DeliveryState
    tries: int
    at: datetime
    next_at: datetime | None

    @property
    def address(self) -> str:
        """The address of its page."""
        return f"/deliveries/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTotal:
    """One state that deliveries may be in, with the address that shows only those (or all again, where chosen)."""

    state: DeliveryState
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesPage(Page):
    """What was told to whom, and how far did it come?"""

    template: ClassVar[str] = "deliveries.html"
    place: ClassVar[str | None] = "deliveries"

    read_at: datetime
    states: tuple[StateTotal, ...]
    lines: tuple[DeliveryLine, ...]
    subscribed: int
    """Programs that are told of what happens."""
    disabled: int
    """Programs that are told nothing any more."""
    next_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLine:
    """One try of a delivery."""

    round: int
    number: int
    began_at: datetime
    ended_at: datetime | None
    fate: str
    """In words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage(Page):
    """One delivery: every try, and what was sent."""

    template: ClassVar[str] = "delivery.html"
    place: ClassVar[str | None] = "deliveries"

    read_at: datetime
    line: DeliveryLine
    tries: tuple[TryLine, ...]
    body: str | None
    form: Form | None
    """By which it is sent again; None where the reader may not, or it is on its way."""
