"""What does a workflow send to the ledger, and by which errors does it answer?"""

from datetime import timedelta

from readiness.evidence import Evidence
from readiness.keys import LaunchKey, RegionKey
from readiness.launch import LaunchCause, LaunchProposal
from readiness.ledger import Cause, Proposal
from readiness.region import RegionLaunch
from readiness.values import Frozen, Moment

STORE_PATIENCE = timedelta(seconds=5)
"""How long a person waits for a store that is away before the answer is `store-away`, which is no outcome."""

STORE_AWAY = "store-away"
"""The error type of a store that did not answer: no outcome, the command is sent again."""

COMMAND_FORGED = "command-forged"
"""The error type of a command that the command log does not hold: an alarm was recorded, the ledger is unchanged."""

OTHER_RUN = "other-run"
"""The error type of a command for another run, which came to a workflow that is ending: it is sent again."""

PROPOSAL_FORGED = "proposal-forged"
"""The error type of events that settling never writes: an alarm was recorded, the ledger is unchanged."""

LEDGER_BEHIND = "ledger-behind"
"""The error type of a ledger that knows less than its workflow (a restored database): nothing is written."""

LEDGER_BROKEN = "ledger-broken"
"""The error type of rows that do not follow on each other: nothing is written."""

LEDGER_UNKNOWN = "ledger-unknown"
"""The error type of a launch or region launch that was never started."""


GREATEST_SKEW = timedelta(seconds=10)
"""How far the store's clock and Temporal's may seem apart before someone is told: beyond what a look may take. It is
told, not acted upon: a region launches only once both clocks have reached its instant."""


class _Request(Frozen):
    now: Moment
    """The workflow's clock as it asks: the store judges by its own, and watches how far the two are apart."""


class LookRequest(_Request):
    """Ask for the rows after version `known` and for the evidence."""

    key: RegionKey
    known: int
    launch_at: Moment | None = None
    """Gather the evidence for this instant instead of the region's own: what a reschedule would mean."""


class SettleRequest(_Request):
    """Ask to write what the core proposes for a cause, on top of version `known`."""

    key: RegionKey
    known: int
    cause: Cause
    proposal: Proposal
    evidence: Evidence | None = None
    """What the proposal was made on."""


class CarryOutRequest(_Request):
    """Ask to look, to propose what follows from a cause, and to settle that: all that a region needs to move."""

    key: RegionKey
    region: RegionLaunch | None
    """The region as its workflow knows it, from rows of the ledger alone; None where it knows nothing yet."""
    cause: Cause


class LaunchRequest(_Request):
    """Ask to launch on top of version `known`."""

    key: RegionKey
    known: int


class LookLaunchRequest(_Request):
    """Ask for the rows of a launch as a whole after version `known`, and for its open regions."""

    key: LaunchKey
    known: int


class SettleLaunchRequest(_Request):
    """Ask to write what the core proposes for a launch as a whole, on top of version `known`."""

    key: LaunchKey
    known: int
    cause: LaunchCause
    proposal: LaunchProposal
