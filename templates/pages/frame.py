"""What does every page know, whatever it shows?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, NamedTuple


class Place(NamedTuple):
    """A page that one can go to from every other: a key of `words.PLACES`, and its address."""

    key: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at the page, and by which right."""

    person: str
    name: str | None
    """None where the person is not among the people that were imported."""
    roles: tuple[str, ...]
    """In words, each with where it holds: `Executive everywhere`."""
    is_persona: bool
    """True where nobody proved who they are: the browser on this machine is taken for this person."""
    is_signed_in: bool = False
    """True where a session can be ended."""
    places: tuple[Place, ...] = ()
    """Where this person may go."""

    @property
    def home(self) -> str:
        """Where the name of the house leads: the board, or else the first page that is open to this person."""
        addresses = [place.address for place in self.places]
        return "/" if "/" in addresses or not addresses else addresses[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How whoever asked reads, where they are, and what they have just done."""

    path: str = "/"
    """The address that was asked for, with its query."""
    language: str = "en"
    zone: str = "UTC"
    """The reader's own time zone."""
    said: str | None = None
    """What their last act led to, a whole sentence."""
    sign_in: str | None = None
    """Where one says who one is; None where nobody can on these pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What somebody filled in, what is wrong with it, and by which key a repeat is known."""

    wish: str
    """New for each wish: it comes back as the hidden field `wish`, so that sending twice does it once."""
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of each field."""
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Whole sentences, by the name of the field that they are about."""
    refusal: str | None = None
    """Why the whole was refused, a whole sentence."""

    def value(self, name: str, otherwise: str = "") -> str:
        """Return what was filled in as `name`."""
        return self.values.get(name, otherwise)

    def has(self, name: str, value: str) -> bool:
        """Say whether `value` is among those chosen as `name`; several are kept apart by line breaks."""
        return value in self.values.get(name, "").split("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page knows."""

    template: ClassVar[str]
    place: ClassVar[str | None] = None
    """Which of the places it is; None for a page below them."""
    is_live: ClassVar[bool] = False
    """Whether an open page learns of every change."""

    viewer: Viewer | None
    """None where nobody could be told apart, on a page that says so."""
    refresh_seconds: int | None
    """After how long the browser asks again by itself; None for never."""
    frame: Frame = Frame()

    @property
    def live_address(self) -> str | None:
        """Where an open page learns that something has changed; None for nowhere."""
        return "/live" if self.is_live and self.refresh_seconds is not None else None

    @property
    def renewed_from(self) -> str:
        """The address at which an open page asks for itself again."""
        return self.frame.path

    @property
    def offers_sign_in(self) -> bool:
        """Whether somebody who has not signed in is told where to."""
        return True
