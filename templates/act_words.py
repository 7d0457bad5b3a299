"""Which words stand for what people may do in a region?"""

from readiness.commands import Choice
from readiness.policy import CriterionKey, Function, Stage
from templates.core_words import dated
from templates.language import gettext
from templates.pages.acts import About, Said
from templates.words import CHOICES, CRITERIA, FUNCTIONS, STAGES

ACTS: dict[str, str] = {
    "sign-off": "Sign off",
    "send-back": "Send back",
    "hold": "Hold the launch",
    "resume": "End the hold",
    "reschedule": "Move the date",
    "cancel": "Cancel the launch here",
    "open-poll": "Open the poll",
    "cast-ballot": "Vote",
    "name-seat": "Name somebody for an idle seat",
    "request-waiver": "Ask for a waiver",
    "grant-waiver": "Grant the waiver",
    "deny-waiver": "Deny the waiver",
    "revoke-waiver": "Take the waiver back",
    "decide": "Decide",
    "meet-condition": "Say that the condition is met",
    "address-lesson": "Say how this is addressed here",
    "ask-policy": "Ask for other rules",
    "confirm-policy": "Confirm the change of policy",
    "decline-policy": "Decline the change of policy",
    "revoke-permit": "Take the permit away",
}
"""What each act is called; its button says the same."""

ACTS_LEAD_TO: dict[str, str] = {
    "sign-off": "You sign the exact text shown here, under its digest. Whatever changes it in more than form asks "
    "you again.",
    "send-back": "The stage stays open, a sign-off of yours is withdrawn, and whoever writes the text reads your "
    "reason.",
    "hold": "Nothing launches until the hold is ended. Learning and signing go on. A go that stood is gone.",
    "resume": "The region goes back to ready or not ready, never to go: the executive decides anew.",
    "reschedule": "Every due date moves along. A go stands only if it covers the later date and every gate is "
    "met for it; else it is decided anew.",
    "cancel": "This ends the launch in this region for good. It may be started again later, from the beginning.",
    "open-poll": "Every function that holds a seat is asked. Ballots stay sealed until all are in or the time is up.",
    "cast-ballot": "Your vote is sealed: nobody reads how you voted until the poll closes, and it cannot be changed.",
    "name-seat": "This person may act for the function from now on, with their own hands: nobody signs for them.",
    "request-waiver": "Nothing opens until an executive who did not ask grants it. Everybody sees that it was asked "
    "for.",
    "grant-waiver": "The criterion counts as passed down to the floor until the waiver lapses. Who grants does not "
    "decide on this region.",
    "deny-waiver": "The criterion stays unmet. Who denies does not decide on this region.",
    "revoke-waiver": "The criterion counts by its figures again. A go that rests on the waiver is lost.",
    "decide": "Your name and reason stand beside the decision for good, with the evidence that it was taken on.",
    "meet-condition": "The condition is kept, with what you give as proof beside it.",
    "address-lesson": "The answers to objections count here only once each lesson is addressed.",
    "ask-policy": "Nothing changes until an executive who did not ask confirms it, and sees before what it would "
    "flip. Asking less than the tier is marked wherever the region is shown.",
    "confirm-policy": "The gates are judged anew by the other rules. A go may be lost by that.",
    "decline-policy": "The rules stay as they are.",
    "revoke-permit": "The product may not be sold here any more in this run. This cannot be undone.",
}
"""What follows from each act, in a sentence or two that stands above its form."""


def about_words(about: About) -> str:
    """Return what an act is about, in the reader's language where the words are ours."""
    return ", ".join(_word(each) for each in about)


def _word(each: Stage | Function | CriterionKey | str) -> str:
    match each:
        case Stage():
            return gettext(STAGES[each])
        case CriterionKey():
            return gettext(CRITERIA[each])
        case Function():
            return gettext(FUNCTIONS[each])
        case _:
            return each


FIELDS: dict[str, str] = {
    "verdict": "Decision",
    "launch_at": "New launch",
    "review_at": "To be looked at again",
    "text": "Promised",
    "owner": "By whom",
    "due_at": "Until when",
    "reason": "Reason",
}
"""What is asked for again before it is done, as its fields are called."""


def asked_for(name: str) -> str:
    """Return what the field called `name` is about; its last step, where it is one of several."""
    return gettext(FIELDS[name.rpartition(".")[2]])


def said_words(said: Said) -> str:
    """Return what was filled in, a choice in our words and a moment with a space in it."""
    if said.name == "verdict" and said.value in set(Choice):
        return gettext(CHOICES[Choice(said.value)])
    if said.name.endswith("_at"):
        return dated(said.value)
    return said.value
