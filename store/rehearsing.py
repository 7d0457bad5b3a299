"""What would an act on a region, an edit of content or a start lead to, as the database knows things now?"""

# Nothing here writes: every function runs in a transaction that only reads, on the evidence that the real act would
# be proposed on.

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from readiness.commands import RegionCommand, Reschedule, StartLaunch
from readiness.content import content_evidence
from readiness.evidence import ContentEvidence, Evidence
from readiness.ledger import Look
from readiness.rehearsal import Rehearsed, StartRehearsed, rehearse, rehearse_start
from store.edit_plans import EditPlan
from store.regions import RegionRecord, key_to_start, launch_record, open_regions
from store.sight import evidence_of

NOT_LOGGED = "rehearsal"
"""The id of a command that is only rehearsed: no log has it."""


def rehearse_command(
    tx: Connection, record: RegionRecord, make: Callable[[str, datetime], RegionCommand], *, now: datetime
) -> Rehearsed:
    """Return what the command that `make` makes of an id and a moment would lead to, if it came now."""
    command = make(NOT_LOGGED, now)
    at_hand = evidence_of(tx, record, now=now)
    evidence = (
        evidence_of(tx, record, now=now, launch_at=command.launch_at) if isinstance(command, Reschedule) else at_hand
    )
    return rehearse(record.region, command, evidence=evidence, at_hand=at_hand, now=now)


def rehearse_edit(tx: Connection, plan: EditPlan, *, now: datetime) -> tuple[Rehearsed, ...]:
    """Return what each region whose digest the edit changes would make of it as it looks next."""
    rehearsed: list[Rehearsed] = []
    for changed in plan.changes:
        record = changed.record
        at_hand = evidence_of(tx, record, now=now)
        content = content_evidence(plan.edit.stage, changed.entries, record.region.policy, changed.same_as)
        rehearsed.append(rehearse(record.region, Look(), evidence=_with(at_hand, content), at_hand=at_hand, now=now))
    return tuple(rehearsed)


def _with(evidence: Evidence, content: ContentEvidence) -> Evidence:
    before = evidence.content_of(content.stage)
    if before is not None:
        # What an edit changes materially is proven by nobody: the digest is another.
        proven = before.proven_in if before.digest in (content.digest, *content.same_as) else ()
        content = content.model_copy(update={"lessons": before.lessons, "proven_in": proven})
    others = [each for each in evidence.contents if each.stage is not content.stage]
    contents = sorted((*others, content), key=lambda each: [e.stage for e in evidence.contents].index(each.stage))
    return evidence.model_copy(update={"contents": tuple(contents)})


def rehearse_launch(
    tx: Connection, product: str, make: Callable[[str, datetime], StartLaunch], *, now: datetime
) -> StartRehearsed:
    """Return what the start that `make` makes of an id and a moment would lead to, if it came now."""
    key = key_to_start(tx, product)
    opened = tuple(region.region for region in open_regions(tx, product))
    launch = launch_record(tx, key).launch
    return rehearse_start(key, launch, make(NOT_LOGGED, now), open_regions=opened, now=now)
