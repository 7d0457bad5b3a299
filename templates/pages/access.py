"""What does the page of roles and keys know?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLine:
    """One change of somebody's roles."""

    person: str
    name: str | None
    role: str
    """In words."""
    region: str
    is_granted: bool
    effective_at: datetime
    at: datetime
    by: str
    reason: str


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
class AccessPage(Page):
    """Who may come in as whom?"""

    template: ClassVar[str] = "access.html"
    place: ClassVar[str | None] = "access"

    read_at: datetime
    roles: tuple[tuple[str, str], ...]
    """Every role that can be granted, with its word."""
    changes: tuple[RoleLine, ...]
    """The latest, newest first."""
    person: str
    """Of whom alone; empty for everybody."""
    change_form: Form | None
    """None where the reader may change no roles."""
    keys: tuple[KeyLine, ...] | None
    """None where the reader may not see them."""
    key_form: Form | None
    new_key: str | None
    """The key that was made just now: shown this once."""
