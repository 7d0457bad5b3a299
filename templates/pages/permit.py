"""What does the page know that says what a permit is worth?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.commands import Choice
from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPermit:
    """What a permit that somebody showed says, and how it stands now."""

    name: str
    product: str
    region: str
    standing: str
    """A key of `words.PERMIT_STANDINGS`."""
    is_valid: bool
    from_at: datetime
    issued_at: datetime
    expires_at: datetime
    has_expired: bool
    checked_at: datetime
    verdict: Choice
    decided_at: datetime
    decision_digest: str | None
    conditions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitPage(Page):
    """What is a permit worth that somebody pastes here?"""

    template: ClassVar[str] = "permit.html"

    shown: ShownPermit | None
    """None where nothing was pasted yet, or no permit of ours."""
    fault: str | None
    """Why what was pasted is no permit of ours, a whole sentence."""
