"""What does a page know of what was seen when a decision was taken?"""

from dataclasses import dataclass
from datetime import datetime

from readiness.commands import Choice, Role
from readiness.policy import CriterionKey, Function
from readiness.readiness import CriterionResult, Readiness, SeatShown, WaiverShown


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSeen:
    """How one criterion stood when it was decided, and how it stands now; None where it was or is none."""

    criterion: CriterionKey
    then: CriterionResult | None
    now: CriterionResult | None
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverSeen:
    """A waiver as it stood when it was decided, and as it stands now."""

    then: WaiverShown | None
    now: WaiverShown | None
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteSeen:
    """How a function had voted when it was decided, and how its vote stands now."""

    function: Function
    then: SeatShown | None
    now: SeatShown | None
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSeen:
    """What the latest decision of a region was taken on, as it was written down then, beside what is so now."""

    choice: Choice
    person: str
    at: datetime
    stands: bool
    """False where the decision was lost since: by a hold, a move or a gate."""
    digest: str
    record_address: str
    """Where it is read byte for byte."""
    right: Role | None
    """By which role it was taken; None where that is not for the reader."""
    act_address: str | None
    """Where the audit record shows everything of it; None where that is not for the reader."""
    then: Readiness | None
    """None where this version cannot read what an earlier one wrote."""
    figures: tuple[FigureSeen, ...] = ()
    waivers: tuple[WaiverSeen, ...] = ()
    votes: tuple[VoteSeen, ...] = ()

    @property
    def differences(self) -> int:
        """How many of all that are otherwise now."""
        differing = (
            *(each.differs for each in self.figures),
            *(each.differs for each in self.waivers),
            *(each.differs for each in self.votes),
        )
        return sum(differing)
