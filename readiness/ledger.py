"""What passes between a workflow, which decides, and the ledger, which arbitrates?"""

from typing import Annotated, Literal

from pydantic import Field

from readiness.commands import RegionCommand
from readiness.events import LaunchEvent, RegionEvent
from readiness.evidence import Evidence
from readiness.policy import Stage
from readiness.refusals import Refusal
from readiness.region import Verdict
from readiness.values import Frozen, Moment

CORE_VERSION = 2
"""The version of the rules in this room, written into every ledger row; raised when a verdict may change."""


class RegionRow(Frozen):
    """One row of a region launch's ledger; versions count from 1 without gaps."""

    version: int
    core_version: int = CORE_VERSION
    event: RegionEvent


class LaunchRow(Frozen):
    """One row of the ledger of a launch as a whole."""

    version: int
    core_version: int = CORE_VERSION
    event: LaunchEvent


class Look(Frozen):
    """Nobody asked: a hint, a timer or a beginning makes the region look for itself."""

    kind: Literal["look"] = "look"


class LaunchRefused(Frozen):
    """The launch transaction said no, for these reasons."""

    kind: Literal["launch_refused"] = "launch_refused"
    objections: tuple[str, ...]


Cause = Annotated[RegionCommand | Look | LaunchRefused, Field(discriminator="kind")]
"""Whatever makes a region launch move."""


class Proposal(Frozen):
    """What the core would write for a cause: events, and a refusal where a command is refused."""

    events: tuple[RegionEvent, ...] = ()
    refusal: Refusal | None = None


class Accepted(Frozen):
    """The command was carried out; its last event has this version."""

    kind: Literal["accepted"] = "accepted"
    version: int


class Refused(Frozen):
    """The command was refused, and will stay so."""

    kind: Literal["refused"] = "refused"
    refusal: Refusal


Outcome = Annotated[Accepted | Refused, Field(discriminator="kind")]
"""What became of a command, recorded once."""


class Bearings(Frozen):
    """What a workflow needs to know about its region to set its timer, its search attributes and its next step.

    Computed where the ledger is read, and recorded with the answer: a corrected core must not change it in replay.
    """

    version: int
    stage: Stage
    verdict: Verdict
    launch_at: Moment
    due_at: Moment | None
    """When something next falls due by itself; None where nothing does."""
    launch_is_due: bool
    """True where a go stands and its launch instant has come."""
    ended: bool
    owes: bool = False
    """True where it has launched and conditions are still to be met."""


class Sight(Frozen):
    """What a look returns: the ledger rows not known yet, the evidence, and the store's clock."""

    rows: tuple[RegionRow, ...] = ()
    evidence: Evidence | None = None
    now: Moment


class Settled(Frozen):
    """What `settle` returns. Where `is_behind`, nothing was written: evolve with the rows and decide again."""

    rows: tuple[RegionRow, ...] = ()
    is_behind: bool = False
    outcome: Outcome | None = None
    bearings: Bearings


class Launched(Frozen):
    """The launch record stands; the rows lead up to it."""

    kind: Literal["launched"] = "launched"
    rows: tuple[RegionRow, ...]
    bearings: Bearings


class NotNow(Frozen):
    """Neither yes nor no: try again, with the region's row released between tries."""

    kind: Literal["not_now"] = "not_now"
    reason: str


class LaunchDenied(Frozen):
    """A real no: the region is held for these reasons."""

    kind: Literal["denied"] = "denied"
    objections: tuple[str, ...]


LaunchAnswer = Annotated[Launched | NotNow | LaunchDenied, Field(discriminator="kind")]
"""What the launch transaction says."""
