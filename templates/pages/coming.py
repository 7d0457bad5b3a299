"""What do pages know of what is still to come in a region, and of the people who are missing for it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from readiness.people import PersonStatus
from readiness.policy import Stage
from readiness.prospect import Ahead, Foretold, Later
from readiness.readiness import PEOPLE_CRITERIA
from templates.pages.addresses import region_address


class Spoken(NamedTuple):
    """A function for which something waits, and who speaks for it as far as the reader may know."""

    whom: str
    names: tuple[str, ...]


class Then(NamedTuple):
    """What comes once the gates are passed, and the names of whose it is as far as the reader may know them."""

    ahead: Ahead
    names: tuple[str, ...]
    voters: tuple[Spoken, ...] = ()
    """Empty for what one person does."""


class MissingOnes(NamedTuple):
    """The names of people who are missing and have come equally far."""

    status: PersonStatus
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Who is missing for a gate that people pass by learning."""

    named: tuple[MissingOnes, ...]
    """The first of them, who are nearest to it first."""
    more: int
    """How many are missing besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a region will ask of the reader once what is open before it is met."""

    product: str
    region: str
    product_name: str
    region_name: str
    time_zone: str
    stage: Stage
    """What is open before it."""
    each: tuple[Later, ...]
    then: tuple[Ahead, ...]
    """What is the reader's once all gates are passed that people pass by learning and signing."""
    decide_by: datetime
    """By when that is due."""
    foretold: Foretold | None
    """Whether people will have learned in time; None where none of it is about people."""
    missing: Missing | None
    """None where none of it is about people, they are not for the reader, or there are too many to look at each."""
    people_address: str | None
    """Where those are who may learn ahead; None where none of it is about people, or they are not for the reader."""

    @property
    def of_people(self) -> tuple[Later, ...]:
        """What of it people do who learn: they need not wait for what is open before it."""
        return tuple(one for one in self.each if one.criterion in PEOPLE_CRITERIA)

    @property
    def of_texts(self) -> tuple[Later, ...]:
        """What of it is signed, written or answered."""
        return tuple(one for one in self.each if one.criterion not in PEOPLE_CRITERIA)

    @property
    def address(self) -> str:
        """The address of the region's page."""
        return region_address(self.product, self.region)


class LaterLine(NamedTuple):
    """One thing that a region will ask of the reader: of a text, or once the gates are passed."""

    due_at: datetime
    of: Coming
    text: Later | None
    then: Ahead | None


def later_lines(coming: Iterable[Coming]) -> tuple[LaterLine, ...]:
    """Return what must wait for what is open before it, the soonest due first."""
    lines = [LaterLine(one.due_at, each, one, None) for each in coming for one in each.of_texts]
    lines += [LaterLine(each.decide_by, each, None, one) for each in coming for one in each.then]
    return tuple(sorted(lines, key=attrgetter("due_at")))
