"""What did people write when they asked, voted, promised and decided?"""

# Reasons, controls and promises never travel: they lie in the command log, and are laid beside a readiness for those
# who read it. How a seat voted, and why, is told only once its poll has closed.

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from readiness.keys import LaunchKey
from readiness.launch import Launch
from readiness.readiness import LessonShown, Readiness
from readiness.region import RegionLaunch
from store.commands import logged_all
from store.keyed import is_among
from store.lessons import objections_heard
from store.records_schema import commands, ledger


def with_words(tx: Connection, region: RegionLaunch, readiness: Readiness) -> Readiness:
    """Return `readiness` with the words of its waivers, conditions, decision and closed poll; one query at most."""
    decision, poll = region.decision, region.poll
    opened = {ballot.function: ballot.command_id for ballot in poll.opened} if poll is not None else {}
    proofs = {c.promised.id: c.proof_command_id for c in (decision.conditions if decision is not None else ())}
    asked = {waiver.id for waiver in readiness.waivers}
    asked |= {command_id for command_id in (*opened.values(), *proofs.values()) if command_id is not None}
    if decision is not None and decision.command_id is not None:
        asked.add(decision.command_id)
    if readiness.must_address:
        readiness = readiness.model_copy(update={"must_address": told_lessons(tx, region, readiness.must_address)})
    if not asked:
        return readiness
    said: Mapping[str, Any] = {command.id: command.body for command in logged_all(tx, sorted(asked)).values()}

    def word(command_id: str | None, field: str) -> str | None:
        body = said.get(command_id or "")
        return body.get(field) if isinstance(body, dict) else None

    promises = said.get(decision.command_id or "", {}).get("conditions", ()) if decision is not None else ()
    texts = {f"{decision.command_id}-{n}": p["text"] for n, p in enumerate(promises, 1)} if decision else {}
    changes: dict[str, Any] = {
        "waivers": tuple(
            waiver.model_copy(
                update={
                    "reason": word(waiver.id, "reason"),
                    "compensating_control": word(waiver.id, "compensating_control"),
                }
            )
            for waiver in readiness.waivers
        ),
        "conditions": tuple(
            condition.model_copy(
                update={"text": texts.get(condition.id), "proof": word(proofs.get(condition.id), "proof")}
            )
            for condition in readiness.conditions
        ),
    }
    if readiness.decision is not None and decision is not None:
        reason = word(decision.command_id, "reason")
        changes["decision"] = readiness.decision.model_copy(update={"reason": reason})
    if readiness.poll is not None:
        seats = tuple(
            seat.model_copy(update={"reason": word(opened.get(seat.function), "reason")})
            for seat in readiness.poll.seats
        )
        changes["poll"] = readiness.poll.model_copy(update={"seats": seats})
    return readiness.model_copy(update=changes)


def told_lessons(tx: Connection, region: RegionLaunch, lessons: tuple[LessonShown, ...]) -> tuple[LessonShown, ...]:
    """Return what earlier waves learned with the words of those who said it, and of those who addressed it here; no
    query where there is nothing, else two at most."""
    if not lessons:
        return lessons
    how = {each.lesson: each.command_id for each in region.addressed}
    named = (*(each.id for each in lessons if each.kind != "objection"), *(id_ for id_ in how.values() if id_))
    said = logged_all(tx, named)
    heard = objections_heard(tx, region.key.product, [each.id for each in lessons if each.kind == "objection"])

    def word(command_id: str | None, field: str) -> str | None:
        command = said.get(command_id or "")
        return command.body.get(field) if command is not None and isinstance(command.body, dict) else None

    return tuple(
        each.model_copy(
            update={
                "reason": heard.get(each.id) if each.kind == "objection" else word(each.id, "reason"),
                "how": word(how.get(each.id), "how"),
            }
        )
        for each in lessons
    )


def tier_reasons(tx: Connection, launches: Iterable[Launch]) -> dict[LaunchKey, str]:
    """Return why launches are of their tier, for those whose plan says so; one query at most."""
    told = [each.key for each in launches if each.plan.tier_grounds and each.plan.tier_grounds.reason_digest]
    if not told:
        return {}
    scope = (ledger.c.product, ledger.c.run)
    asked = (
        select(*scope, commands.c.body["tier_reason"].as_string())
        .join(commands, commands.c.id == ledger.c.command_id)
        .where(
            is_among(scope, [(key.product, key.run) for key in told]),
            ledger.c.region == "",
            ledger.c.version == 1,
        )
    )
    return {LaunchKey(product=product, run=run): why.strip() for product, run, why in tx.execute(asked) if why}
