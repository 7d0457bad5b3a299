"""What may happen to a go that does not end it?"""

from typing import Literal

from readiness.commands import Choice
from readiness.happened import Happened
from readiness.values import Moment


class RegionSlipped(Happened):
    """The launch instant moved to a later one that the standing go covers: the go stays."""

    type: Literal["region_slipped"] = "region_slipped"
    launch_at: Moment
    wall_clock: str
    choice: Choice
    """The go that is kept."""


class GoRevived(Happened):
    """The gate that took a go away was met again in time and nothing else had changed: the go stands as it stood.

    No command is behind it, so it gives nothing of its own: it restores what the fold remembers of the go that was
    lost, and that go's decision has one.
    """

    type: Literal["go_revived"] = "go_revived"
    choice: Choice
    decision_version: int
    """The version of the decision that stands again."""
