"""What follows from each try to deliver, when is the next one, and when is it given up?"""

# At least once and never silently: a receiver drops a double by the id, which no try changes. A mail server knows no
# such id, so a mail whose fate is not known is not sent again unless a person says so.

from datetime import datetime, timedelta
from enum import StrEnum

from readiness.values import Frozen, Moment


class Channel(StrEnum):
    """By which way a delivery goes."""

    WEBHOOK = "webhook"
    MAIL = "mail"
    CHAT = "chat"


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """Not tried yet, or between two tries."""
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """Three days of tries; somebody is told."""
    DISABLED = "disabled"
    """Nobody wants it there any more: the receiver said so, or whoever runs the installation."""
    UNKNOWN = "unknown"
    """It went out, and nobody knows whether it arrived; it is not sent again unless a person says so."""
    UNADDRESSED = "unaddressed"
    """There is no address to send it to."""


class Fate(StrEnum):
    """What came of one try."""

    ACCEPTED = "accepted"
    GONE = "gone"
    """The receiver wants nothing more."""
    FAILED = "failed"
    REFUSED = "refused"
    """The target may not be reached from here."""
    UNCERTAIN = "uncertain"
    """It was begun, and its end is not known."""
    UNWANTED = "unwanted"
    """The subscription was disabled meanwhile."""
    UNADDRESSED = "unaddressed"


class Tried(Frozen):
    """One try: what came of it, with the status that was answered where there was one."""

    fate: Fate
    status: int | None = None
    detail: str = ""
    retry_after: timedelta | None = None
    """How long the receiver asked to be left alone."""


class Next(Frozen):
    """What follows from a try."""

    state: DeliveryState
    at: Moment | None = None
    """When it is tried again; None where it is not."""


WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The pauses between tries, as Standard Webhooks proposes them: ten tries in a little more than three days."""

GIVEN_UP_AFTER = timedelta(days=3, hours=4)
"""Nothing is tried later than this after the first try, however long a receiver asked to be left alone."""

LONGEST_ASKED = timedelta(hours=24)
"""The longest pause that a receiver may ask for."""

ASKS_FOR_PAUSE = frozenset({429, 503})
"""The statuses whose Retry-After is obeyed."""

STALE_AFTER = timedelta(days=3)
"""News older than this is no news: a person is not mailed it, and a chat is spared it."""

_STATE_OF: dict[Fate, DeliveryState] = {
    Fate.ACCEPTED: DeliveryState.DELIVERED,
    Fate.GONE: DeliveryState.DISABLED,
    Fate.UNWANTED: DeliveryState.DISABLED,
    Fate.UNADDRESSED: DeliveryState.UNADDRESSED,
}


def fate_of_status(status: int) -> Fate:
    """Return what a receiver's status says: 2xx took it, 410 wants nothing more, everything else did not take it.

    A redirect is not followed: whoever moves changes the subscription.
    """
    if 200 <= status < 300:
        return Fate.ACCEPTED
    return Fate.GONE if status == 410 else Fate.FAILED


def after_try(tried: Tried, *, channel: Channel, number: int, first_at: datetime, now: datetime) -> Next:
    """Return what follows from the try of this number, counted from 1; `first_at` is when the first of them was."""
    if tried.fate in _STATE_OF:
        return Next(state=_STATE_OF[tried.fate])
    if tried.fate is Fate.UNCERTAIN and channel is not Channel.WEBHOOK:
        return Next(state=DeliveryState.UNKNOWN)
    if number > len(WAITS):
        return Next(state=DeliveryState.GIVEN_UP)
    wait = WAITS[number - 1]
    if tried.retry_after is not None and tried.status in ASKS_FOR_PAUSE:
        wait = max(wait, min(tried.retry_after, LONGEST_ASKED))
    at = now + wait
    if at > first_at + GIVEN_UP_AFTER:
        return Next(state=DeliveryState.GIVEN_UP)
    return Next(state=DeliveryState.PENDING, at=at)


def is_news(at: datetime, *, now: datetime) -> bool:
    """Say whether what happened at `at` is still worth a notice to people."""
    return now - at <= STALE_AFTER
