"""What does every event carry, whatever happened?"""

from readiness.values import Digest, Frozen, Identifier, Moment


class Happened(Frozen):
    """What every event carries; `at` is stamped by the store's clock as it is written."""

    at: Moment
    person: Identifier | None = None
    """Who asked for it; None where it fell due by itself."""
    command_id: str | None = None
    """The authenticated command behind it; None where it fell due by itself."""
    command_digest: Digest | None = None
    """The digest of that command as logged: an event that gives counts only while the log agrees."""
