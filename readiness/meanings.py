"""What did a signature mean, in a sentence (21 CFR 11.50)?"""

from collections.abc import Mapping
from typing import Any

_MEANINGS: Mapping[str, str] = {
    "decide": "Decided {verdict} as an executive of the region, on the evidence shown then.",
    "cast_ballot": "Stated the position of {function} in the poll: {position}.",
    "request_waiver": "Asked that {criterion} may be passed unmet, and answers for the control.",
    "grant_waiver": "Allowed, as an executive, that an unmet criterion is passed.",
    "deny_waiver": "Refused, as an executive, that an unmet criterion is passed.",
    "revoke_waiver": "Took back, as an executive, the permission to pass an unmet criterion.",
    "confirm_policy_change": "Agreed, as a second person, to a change of the rules of a running launch.",
    "decline_policy_change": "Declined a change of the rules of a running launch.",
    "meet_condition": "Declared that a condition of the go is met, with its proof.",
    "name_seat": "Named another person for a seat that was idle, as an executive.",
    "address_lesson": "Declared how a lesson of an earlier wave is addressed here.",
    "hold": "Stopped the launch of the region.",
    "resume": "Ended the hold of the region.",
    "cancel": "Ended the launch of the region for good.",
}

_APPROVED = "Approved exactly the revision of {stage} that the digest names, on behalf of {function}."
_SENT_BACK = "Sent {stage} back on behalf of {function}, with a reason."


def meaning_of(kind: str, body: Mapping[str, Any] | None) -> str | None:
    """Return what it meant that a person put their name to a command of this kind; None where it is no signature."""
    said = body or {}
    if kind == "sign_off":
        sentence: str | None = _SENT_BACK if said.get("position") == "send_back" else _APPROVED
    else:
        sentence = _MEANINGS.get(kind)
    if sentence is None:
        return None
    words = {name: _word(said.get(name)) for name in ("verdict", "function", "position", "criterion", "stage")}
    return sentence.format(**words)


def _word(value: object) -> str:
    return str(value).replace("_", " ") if isinstance(value, str) else "what was named"
