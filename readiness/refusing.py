"""How is a command refused, and what does every event take from the command behind it?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from readiness.commands import Asked
from readiness.refusals import CommandRefused, ReasonMissing, Refusal


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
