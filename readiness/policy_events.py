"""What may happen to the policy of a running region?"""

from enum import StrEnum
from typing import Literal

from readiness.happened import Happened
from readiness.policy import Policy
from readiness.values import Digest, Moment


class Applies(StrEnum):
    """From when a changed policy counts in a running region."""

    NEXT_GATE = "next_gate"
    """At once, for the stages that are not closed; what was closed keeps the rules that it was closed by."""
    ALL = "all"
    """From a moment, for every stage: what was closed is judged anew."""


class PolicyChangeAsked(Happened):
    """Somebody asked for another policy; until a second person confirms it nothing changes."""

    type: Literal["policy_change_asked"] = "policy_change_asked"
    change: Digest
    """What identifies the change: the digest of what was asked for, the same in every region it was asked for in."""
    policy: Policy
    below_tier: tuple[str, ...]
    applies: Applies
    from_at: Moment | None


class PolicyChangeConfirmed(Happened):
    """A second person confirmed the change."""

    type: Literal["policy_change_confirmed"] = "policy_change_confirmed"
    change: Digest


class PolicyChangeDeclined(Happened):
    """A second person declined the change, or whoever asked took it back."""

    type: Literal["policy_change_declined"] = "policy_change_declined"
    change: Digest


class PolicyChanged(Happened):
    """The moment of a confirmed change came; it brings nothing that was not confirmed."""

    type: Literal["policy_changed"] = "policy_changed"
    change: Digest
