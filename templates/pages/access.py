"""What does the page of roles and keys know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLine:
    """One change of somebody's roles."""

    person: str
    name: str | None
    role: str
    """In words."""
    region: str
    """By name; `*` for every one."""
    is_granted: bool
    effective_at: datetime
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderLine:
    """A person with the roles that they hold now, as far as is known here."""

    person: str
    name: str | None
    roles: tuple[str, ...]
    """In words, each with where it is held."""
    seen_at: datetime | None
    """When they were last here; None where they are not signed in: only what was granted here is told."""

    @property
    def address(self) -> str:
        """The address that shows this person alone, with every change of their roles."""
        return f"/access?person={quote(self.person, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One key of a program."""

    id: str
    name: str
    scopes: str
    """In words."""
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    standing: str
    """A key of `words.KEY_STANDINGS`."""
    form: Form | None
    """By which it is revoked; None where it cannot be, or not by the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLine:
    """Who may say go in some regions, as far as is known here."""

    regions: tuple[str, ...]
    """By name."""
    names: tuple[str, ...]
    """Empty where nobody is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage(Page):
    """Who may come in as whom?"""

    template: ClassVar[str] = "access.html"
    place: ClassVar[str | None] = "access"

    read_at: datetime
    roles: tuple[tuple[str, str], ...]
    """Every role that can be granted, with its word."""
    holders: tuple[HolderLine, ...]
    """By their ids."""
    more_holders: bool
    changes: tuple[RoleLine, ...]
    """The latest, newest first."""
    person: str
    """Of whom alone; empty for everybody."""
    sought_role: str
    """Who holds it alone; empty for any."""
    sought_region: str
    """Who holds a role there alone; empty for anywhere."""
    regions: tuple[tuple[str, str], ...]
    """Every region of the reader's board, with its name."""
    says_go: tuple[GoLine, ...]
    change_form: Form | None
    """None where the reader may change no roles."""
    keys: tuple[KeyLine, ...] | None
    """None where the reader may not see them."""
    key_form: Form | None
    key_roles: tuple[tuple[str, str], ...]
    """What a program may be, each with its word."""
    new_key: str | None
    """The key that was made just now: shown this once."""
