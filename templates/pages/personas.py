"""What does the page know on which one chooses whom to be?"""

from dataclasses import dataclass
from typing import ClassVar

from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaLine:
    """Somebody whom one may be on this machine."""

    person: str
    name: str
    role: str
    """In words, with where it holds."""
    comes_for: str
    """What they come to this product for, a whole sentence."""
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonasPage(Page):
    """Whom may one be on this machine?"""

    template: ClassVar[str] = "personas.html"

    personas: tuple[PersonaLine, ...]
    return_to: str
