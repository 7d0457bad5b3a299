"""What does the page know that tells what went wrong?"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from templates.pages.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """One thing wrong with what was asked: where, and a whole sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage(Page):
    """What went wrong, and what to do next?"""

    template: ClassVar[str] = "problem.html"

    status: int
    title: str
    detail: str
    advice: tuple[str, ...]
    """What to do next, a whole sentence each."""
    faults: tuple[FaultLine, ...]
    request_id: str | None
    sees_board: bool
    """Whether the board is open to the reader, as far as is known who reads."""

    @property
    def offers_sign_in(self) -> bool:
        """Whoever could not be told apart here may well have signed in: only who must is asked to."""
        return self.viewer is not None or self.status == HTTPStatus.UNAUTHORIZED
