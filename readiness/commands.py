"""What may a person ask of a launch or of a region launch?"""

# A command is what the command log holds of a request once the person is authenticated. It carries opaque ids and
# digests only: what people wrote stays in the log, because commands travel through Temporal.

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from readiness.plan import LaunchPlan, RegionPlan
from readiness.policy import Function, Stage
from readiness.values import Digest, Frozen, Identifier, Moment


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


class SignOff(Asked):
    """State a function's position on one exact revision of a stage's content."""

    kind: Literal["sign_off"] = "sign_off"
    stage: Stage
    function: Function
    digest: Digest
    position: Position = Position.APPROVE


class Decide(Asked):
    """Decide whether the region launches."""

    kind: Literal["decide"] = "decide"
    choice: Choice
    review_at: Moment | None = None


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


LaunchCommand = Annotated[StartLaunch | AddRegion, Field(discriminator="kind")]
"""Whatever may be asked of a launch as a whole."""

RegionCommand = Annotated[
    SignOff | Decide | Hold | Resume | Cancel | Reschedule,
    Field(discriminator="kind"),
]
"""Whatever may be asked of one region launch."""

STEERING = frozenset({"decide", "hold", "resume", "cancel", "reschedule", "revoke"})
"""Kinds that a later one of them overtakes: a stale wish is never carried out after a newer one."""
