"""What may a key open that is given to a program?"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from readiness.commands import Role
from readiness.refusals import KeyLifeBad, KeyScopeBad
from readiness.refusing import refuse

KEY_ROLES = frozenset({Role.SERVICE, Role.AUDITOR})
"""What a program may be: whoever governs, signs or decides is a person."""

LONGEST_KEY_LIFE = timedelta(days=366)
"""A year and a day: whoever renews keys once a year is never late."""


def require_key(roles: Iterable[Role], *, expires_at: datetime, now: datetime) -> None:
    """Raise CommandRefused unless a key may have these roles until then."""
    others = sorted({role.value for role in roles} - {role.value for role in KEY_ROLES})
    if others:
        raise refuse(
            KeyScopeBad,
            f"A program cannot be {', '.join(others)}: a key takes {' or '.join(sorted(KEY_ROLES))}. "
            "People act for themselves, with a login.",
        )
    if not now < expires_at <= now + LONGEST_KEY_LIFE:
        latest = now + LONGEST_KEY_LIFE
        raise refuse(
            KeyLifeBad, f"A key ends after now and at latest on {latest:%Y-%m-%d}. Name such a moment.", latest=latest
        )
