"""When was somebody without a role that they had given something by?"""

from collections.abc import Iterable
from datetime import datetime

from readiness.commands import Role
from readiness.values import Frozen, Identifier, Moment


class RoleLost(Frozen):
    """A span in which a person was without a role because it was withdrawn; `until_at` None: it still is."""

    person: Identifier
    role: Role
    from_at: Moment
    until_at: Moment | None = None


def lost_since(
    lost: Iterable[RoleLost], person: str | None, role: Role, *, given_at: datetime | None, at: datetime
) -> RoleLost | None:
    """Return the first withdrawal by which what `person` gave as `role` at `given_at` counts no more as of `at`.

    A role granted again gives nothing back: what was given before must be given again. None where it still counts.
    """
    return next(
        (
            span
            for span in lost
            if (span.person, span.role) == (person, role)
            and span.from_at <= at
            and (span.until_at is None or given_at is None or span.until_at > given_at)
        ),
        None,
    )


def lost_words(lost: RoleLost | None, *, seen_at: datetime) -> str | None:
    """Return in words that somebody lost a role, or will have by the launch; None where nobody did."""
    if lost is None:
        return None
    role = lost.role.value.replace("_", " ")
    if lost.from_at > seen_at:
        return f"{lost.person} will not be {role} here any more from {lost.from_at:%Y-%m-%d}, before the launch"
    return f"the role of {role} was withdrawn from {lost.person}"
