"""What does the page know that lists the people of a region?"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from readiness.people import PersonStatus
from templates.pages.addresses import region_address
from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilters:
    """Which people of which region are asked for: all of them, where nothing is said. Kept in the address."""

    product: str
    region: str
    statuses: tuple[PersonStatus, ...] = ()
    manager: str | None = None
    territory: str | None = None
    course: str | None = None
    """Only who has not completed it."""
    called: str | None = None
    """Only whose name or id has this in it."""

    @property
    def are_set(self) -> bool:
        """Say whether anybody is left out."""
        return bool(self.statuses) or any((self.manager, self.territory, self.course, self.called))

    def address(self, below: str = "", *, after: str | None = None) -> str:
        """Return the address of the people with these filters, from the person behind `after` on.

        `below` is what follows `people` in it.
        """
        path = f"{region_address(self.product, self.region)}/people{below}"
        query = "&".join(each for each in (self.query, urlencode({"after": after}) if after else "") if each)
        return f"{path}?{query}" if query else path

    @property
    def query(self) -> str:
        """The filters as they stand in an address, without the region."""
        asked: list[tuple[str, str | None]] = [("status", status.value) for status in self.statuses]
        asked += [("manager", self.manager), ("territory", self.territory), ("course", self.course)]
        asked += [("name", self.called)]
        return urlencode([(name, value) for name, value in asked if value])

    def toggled(self, status: PersonStatus) -> "PeopleFilters":
        """Return the same with `status` among those asked for, or no more."""
        chosen = {*self.statuses} ^ {status}
        return replace(self, statuses=tuple(each for each in PersonStatus if each in chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTotal:
    """How many people stand so, and the address that shows them too (or no more, where they are chosen)."""

    status: PersonStatus
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTotal:
    """How many people have not completed a course, and the address that shows only them (or all again)."""

    course: str
    title: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLink:
    """A set of filters that is often wanted: a key of `people_words.PEOPLE_VIEWS`, and its address."""

    key: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """A set of filters that the reader keeps under a name of their own, and its address in this region."""

    name: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChoice:
    """A manager whose people may be asked for."""

    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person: what is done, what is missing, and whether it lasts until the launch."""

    person: str
    name: str | None
    """None where the name is not known, or was erased."""
    manager_name: str | None
    """The manager's id where they have no name; None where there is no manager."""
    manager_address: str | None
    """Where only this manager's people are."""
    territory: str | None
    status: PersonStatus
    due_at: datetime | None
    """By when they have to get further; None for who is certified through the launch."""
    then_due_at: datetime | None
    """By when they must have passed besides, where what they must do next is to learn."""
    missing: tuple[str, ...]
    """The titles of required courses that are not completed."""
    best_score: float | None
    attempts_left: int | None
    """None where there may be any number."""
    certified_until: datetime | None
    last_activity_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(Page):
    """The people of one region: who is missing what?"""

    template: ClassVar[str] = "people.html"

    read_at: datetime
    product_name: str
    region_name: str
    time_zone: str
    launch_at: datetime
    filters: PeopleFilters
    found: int
    """How many people fit all of the filters."""
    statuses: tuple[StatusTotal, ...]
    courses: tuple[CourseTotal, ...]
    views: tuple[ViewLink, ...]
    kept: tuple[KeptView, ...]
    form: Form
    """Under which name the filters are kept."""
    may_keep: bool
    managers: tuple[TeamChoice, ...]
    territories: tuple[str, ...]
    people: tuple[PersonRow, ...]
    clear_address: str
    csv_address: str
    xlsx_address: str
    nudge_address: str | None
    """Where these people can be reminded; None where the reader may not."""
    may_import: bool
    first_address: str | None
    """Where the first page is, if this is another one."""
    next_address: str | None
    """Where the next page is, if there is one."""

    @property
    def is_blank(self) -> bool:
        """Say whether the region has no audience at all."""
        return not self.filters.are_set and not self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgePage(Page):
    """Whom would a reminder reach that is asked for here, before it is asked for?"""

    template: ClassVar[str] = "nudge.html"

    product: str
    region: str
    product_name: str
    region_name: str
    form: Form
    nudge_address: str
    back_address: str
    count: int
    """How many people would be reminded anew."""
    names: tuple[str, ...]
    """Of the first of them; ids where there is no name."""
    more: int
    """How many there are beside those named."""
    waiting: int
    """How many wait for their next digest already."""
    reminded: int
    """How many of `count` were reminded in the last day."""
    most: int
    """How many one request may remind."""
    mails: bool
    """Whether they hear of it by mail; else they read it on their own page alone."""
    is_cut: bool
    """True where there are more than that."""
