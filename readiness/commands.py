"""What may a person ask of a launch or of a region launch?"""

# A command is what the command log holds of a request once the person is authenticated. It carries opaque ids and
# digests only: what people wrote stays in the log, because commands travel through Temporal.

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from readiness.plan import LaunchPlan, RegionPlan
from readiness.policy import CriterionKey, Function, Policy, Stage
from readiness.policy_events import Applies
from readiness.values import BasisPoints, Digest, Frozen, Identifier, Moment


class Role(StrEnum):
    """What a person may be in a region; a job title grants none of these."""

    PRODUCT_MANAGER = "product_manager"
    MARKETING = "marketing"
    SALES_LEAD = "sales_lead"
    ENABLEMENT = "enablement"
    EXECUTIVE = "executive"
    SELLER = "seller"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


ROLE_OF_FUNCTION: dict[Function, Role] = {
    Function.MARKETING: Role.MARKETING,
    Function.SALES: Role.SALES_LEAD,
    Function.ENABLEMENT: Role.ENABLEMENT,
    Function.PRODUCT: Role.PRODUCT_MANAGER,
}
"""Who acts for a function in a region holds this role there."""


class Position(StrEnum):
    """What a function says of the content that it is asked to sign."""

    APPROVE = "approve"
    SEND_BACK = "send_back"


class Stance(StrEnum):
    """What a function says of the launch in the poll."""

    AGREE = "agree"
    DISAGREE_BUT_SUPPORT = "disagree_but_support"
    DISSENT = "dissent"


class Choice(StrEnum):
    """What a decider may decide."""

    GO = "go"
    CONDITIONAL_GO = "conditional_go"
    NO_GO = "no_go"
    HOLD = "hold"


class Asked(Frozen):
    """What every command carries: who asked, when by the database's clock, by which right, having seen what."""

    command_id: str
    person: Identifier
    role: Role
    """The role that the person used, as authorised when the command was logged."""
    logged_at: Moment
    reason_digest: Digest | None = None
    """The digest of the reason that the person wrote; the words stay in the command log."""
    seen: int | None = None
    """The version of the readiness that the person acted on, where they said so."""


class StartLaunch(Asked):
    """Start a product's launch in every region of its plan."""

    kind: Literal["start_launch"] = "start_launch"
    plan: LaunchPlan


class AddRegion(Asked):
    """Add one region to a running launch."""

    kind: Literal["add_region"] = "add_region"
    region: RegionPlan


class HandOver(Asked):
    """Give a launch as a whole to another owner; its regions are given one by one."""

    kind: Literal["hand_over"] = "hand_over"
    owner: Identifier


class SignOff(Asked):
    """State a function's position on one exact revision of a stage's content."""

    kind: Literal["sign_off"] = "sign_off"
    stage: Stage
    function: Function
    digest: Digest
    position: Position = Position.APPROVE


class Promise(Frozen):
    """A condition as a decision asks for it: what is promised stays in the command log, under this digest."""

    owner: Identifier
    due_at: Moment
    text_digest: Digest


class AcceptedDissent(Frozen):
    """A dissent that the decider accepts by name; the reason stays in the command log, under this digest."""

    function: Function
    reason_digest: Digest


class Decide(Asked):
    """Decide whether the region launches."""

    kind: Literal["decide"] = "decide"
    choice: Choice
    review_at: Moment | None = None
    conditions: tuple[Promise, ...] = ()
    dissents_accepted: tuple[AcceptedDissent, ...] = ()


class OpenPoll(Asked):
    """Ask every function of the policy for its position."""

    kind: Literal["open_poll"] = "open_poll"


class CastBallot(Asked):
    """Hand in a sealed ballot for a function: what it says stays in the command log until the poll closes."""

    kind: Literal["cast_ballot"] = "cast_ballot"
    function: Function


class NameSeat(Asked):
    """Name another person of a function whose seat has been idle for too long."""

    kind: Literal["name_seat"] = "name_seat"
    function: Function
    named: Identifier


class MeetCondition(Asked):
    """Say that a condition of the standing go is met, with the proof."""

    kind: Literal["meet_condition"] = "meet_condition"
    condition: str
    proof_digest: Digest | None = None


class AddressLesson(Asked):
    """Say how what an earlier wave learned is addressed in this region."""

    kind: Literal["address_lesson"] = "address_lesson"
    lesson: str
    how_digest: Digest | None = None
    """The digest of what is done about it; the words stay in the command log."""


class RequestWaiver(Asked):
    """Ask for permission to pass an unmet criterion; the waiver is known by the id of this command."""

    kind: Literal["request_waiver"] = "request_waiver"
    criterion: CriterionKey
    expires_at: Moment
    floor: BasisPoints | None = None
    """The lowest share that the waiver is to cover; left out, the share as it stands."""
    control_digest: Digest | None = None
    """The digest of the compensating control: what is done instead."""


class GrantWaiver(Asked):
    """Grant a waiver that was asked for."""

    kind: Literal["grant_waiver"] = "grant_waiver"
    waiver: str


class DenyWaiver(Asked):
    """Deny a waiver that was asked for."""

    kind: Literal["deny_waiver"] = "deny_waiver"
    waiver: str


class RevokeWaiver(Asked):
    """Take back a waiver that was granted."""

    kind: Literal["revoke_waiver"] = "revoke_waiver"
    waiver: str


class Hold(Asked):
    """Stop the launch of a region, without stopping learning or signing."""

    kind: Literal["hold"] = "hold"
    review_at: Moment | None = None


class Resume(Asked):
    """End a hold."""

    kind: Literal["resume"] = "resume"


class Cancel(Asked):
    """End a region launch for good."""

    kind: Literal["cancel"] = "cancel"


class Reschedule(Asked):
    """Move a region's launch instant."""

    kind: Literal["reschedule"] = "reschedule"
    launch_at: Moment
    wall_clock: str
    """The new instant on the region's own clock, as written."""


class ChangeOwner(Asked):
    """Give a region launch to another owner."""

    kind: Literal["change_owner"] = "change_owner"
    owner: Identifier


class AskPolicyChange(Asked):
    """Ask for another policy in a running region."""

    kind: Literal["ask_policy_change"] = "ask_policy_change"
    change: Digest
    """The digest of what was asked for, the same in every region that it was asked for in."""
    policy: Policy
    below_tier: tuple[str, ...] = ()
    applies: Applies
    from_at: Moment | None = None


class ConfirmPolicyChange(Asked):
    """Confirm a change of policy that another person asked for."""

    kind: Literal["confirm_policy_change"] = "confirm_policy_change"
    change: Digest


class DeclinePolicyChange(Asked):
    """Decline a change of policy, or take it back."""

    kind: Literal["decline_policy_change"] = "decline_policy_change"
    change: Digest


class RevokePermit(Asked):
    """Take the permit of a region that has launched away, for ever."""

    kind: Literal["revoke_permit"] = "revoke_permit"


LaunchCommand = Annotated[StartLaunch | AddRegion | HandOver, Field(discriminator="kind")]
"""Whatever may be asked of a launch as a whole."""

RegionCommand = Annotated[
    SignOff
    | Decide
    | Hold
    | Resume
    | Cancel
    | Reschedule
    | RequestWaiver
    | GrantWaiver
    | DenyWaiver
    | RevokeWaiver
    | MeetCondition
    | OpenPoll
    | CastBallot
    | NameSeat
    | AddressLesson
    | ChangeOwner
    | AskPolicyChange
    | ConfirmPolicyChange
    | DeclinePolicyChange
    | RevokePermit,
    Field(discriminator="kind"),
]
"""Whatever may be asked of one region launch."""

STEERING = frozenset({"decide", "hold", "resume", "cancel", "reschedule", "revoke_waiver"})
"""Kinds that a later one of them overtakes: a stale wish is never carried out after a newer one."""
