"""What is asked of whoever is waited for?"""

from enum import StrEnum

from readiness.events import HoldCause
from readiness.policy import Function
from readiness.values import Frozen, Moment


class Ask(StrEnum):
    """What is asked of whoever is waited for."""

    WRITE = "write"
    """Write what is not there yet."""
    WRITE_ANEW = "write_anew"
    """Write anew what was sent back."""
    SIGN = "sign"
    """Read what is there and sign it, or send it back."""
    AWAIT_WRITING = "await_writing"
    """Nothing until the text that they sent back is written anew: they have spoken."""
    ANSWER = "answer"
    """Answer the objections that are heard most."""
    ADDRESS_LESSONS = "address_lessons"
    """Say what is done about what earlier waves learned."""
    LEARN = "learn"
    """Have people complete the courses."""
    CERTIFY = "certify"
    """Have people pass the assessment."""
    OPEN_POLL = "open_poll"
    """Ask the seats, for the first time or again."""
    VOTE = "vote"
    """Say where their function stands."""
    DECIDE = "decide"
    """Say go or no-go, also anew after a hold."""
    ANSWER_WAIVER = "answer_waiver"
    """Grant or deny a waiver that was asked for."""
    RESUME = "resume"
    """End the hold that a person asked for."""
    RESCHEDULE = "reschedule"
    """Set another launch instant: the one there was has gone by."""
    NAME_SEAT = "name_seat"
    """Name another person for a seat that has been idle for too long."""
    AWAIT_WAVE = "await_wave"
    """Nothing: the others of the wave are waited for."""


class Asked(Frozen):
    """What is asked of one function by one criterion, since when, and why."""

    of: Function
    ask: Ask
    since: Moment
    reason: str


_ASKS_OF_HOLD = {HoldCause.PERSON: Ask.RESUME, HoldCause.LAUNCH_INSTANT_MISSED: Ask.RESCHEDULE}


def ask_of_hold(cause: HoldCause) -> Ask:
    """Return what is asked where a region is held: whatever a rule held is decided anew."""
    return _ASKS_OF_HOLD.get(cause, Ask.DECIDE)
