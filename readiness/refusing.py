"""How is a command refused, and what does every event take from the command behind it?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from readiness.commands import Asked
from readiness.refusals import CommandRefused, ReasonMissing, Refusal
from readiness.region import RegionLaunch


def refuse(refusal: Callable[..., Refusal], detail: str, **fields: Any) -> CommandRefused:
    """Return the exception to raise: this refusal, with a sentence that says what to do next."""
    return CommandRefused(refusal(detail=detail, **fields))


def by(command: Asked, now: datetime) -> dict[str, Any]:
    """Return what every event of `command` carries."""
    return {"at": now, "person": command.person, "command_id": command.command_id}


def require_reason(command: Asked, what: str) -> None:
    """Raise CommandRefused unless the person said why."""
    if command.reason_digest is None:
        raise refuse(ReasonMissing, f"{what} needs a reason. Say why in `reason`.")


def told_who(refusal: Refusal, region: RegionLaunch) -> Refusal:
    """Return `refusal` so that who came second reads who was first and when: whoever moved the region on last, unless
    it names somebody already."""
    fields = type(refusal).model_fields
    if not {"by", "at"} <= fields.keys() or getattr(refusal, "by", None) is not None:
        return refusal
    return refusal.model_copy(update={"by": region.last_person, "at": region.last_at})
