"""What does every refusal say?"""

from readiness.values import Frozen, Moment


class RefusalBase(Frozen):
    """A refusal says in a whole sentence why, and what to do next; its `kind` is stable."""

    detail: str


class CameSecond(RefusalBase):
    """A refusal of somebody whom another may have been quicker than."""

    by: str | None = None
    """Who was first, or moved the region on last; None where nobody did."""
    at: Moment | None = None
    """When that was."""
