"""Since when is it the turn of whoever is waited for?"""

# Only what events and the standing content tell. A turn never begins before its stage opened: until then nobody was
# waited for.

from collections.abc import Iterable
from datetime import datetime

from readiness.evidence import ContentEvidence, Evidence, Lesson
from readiness.policy import LEARNING_STAGES, Function, Stage
from readiness.poll import unmade_ballots
from readiness.region import RegionLaunch, Signature
from readiness.role_values import RoleLost


def note_standing(
    region: RegionLaunch, stage: Stage, function: Function, content: ContentEvidence | None
) -> Signature | None:
    """Return by which note `function` has sent back the very text that is there; None where it has not, or has signed
    since."""
    if content is None or region.signature(stage, function) is not None:
        return None
    counting = (content.digest, *content.same_as)
    notes = (n for n in region.sent_back if (n.stage, n.function) == (stage, function) and n.digest in counting)
    return max(notes, key=lambda note: note.at, default=None)


def opened_since(region: RegionLaunch, stage: Stage) -> datetime:
    """Return since when `stage` is open as it is now; the start of the region launch where it never was."""
    return region.stage(stage).since or region.started_at


def to_sign_since(
    region: RegionLaunch, stage: Stage, content: ContentEvidence | None, lost: RoleLost | None, *, now: datetime
) -> datetime:
    """Return since when the text that is there is to be signed: the stage opened, it was changed, or the role
    by which it had been signed was `lost`."""
    lost_at = lost.from_at if lost is not None and lost.from_at <= now else None
    return _latest(opened_since(region, stage), [content.changed_at if content is not None else None, lost_at])


def to_write_anew_since(region: RegionLaunch, stage: Stage, notes: Iterable[Signature]) -> datetime:
    """Return since when a text that was sent back waits to be written anew: since the first of `notes` that stand."""
    return _latest(opened_since(region, stage), [min((note.at for note in notes), default=None)])


def to_address_since(region: RegionLaunch, owed: Iterable[Lesson]) -> datetime:
    """Return since when lessons of earlier waves wait to be addressed: since the first that is `owed` was learned."""
    return _latest(opened_since(region, Stage.OBJECTION_HANDLING), [min((each.at for each in owed), default=None)])


def to_vote_since(region: RegionLaunch) -> datetime:
    """Return since when the seats of the poll are asked."""
    return _latest(opened_since(region, Stage.GO_NO_GO), [region.poll.opened_at if region.poll is not None else None])


def to_poll_since(region: RegionLaunch, evidence: Evidence) -> datetime:
    """Return since when a poll is to be opened: every gate was met, or what was voted on has moved since."""
    poll = region.poll
    opened_at = opened_since(region, Stage.GO_NO_GO)
    if poll is None:
        return opened_at
    lost = [span.from_at for span in unmade_ballots(region, evidence).values()]
    now = evidence.figures.gathered_at
    moved = [poll.closed_at, *_closed(region), region.moved_at, region.slipped_at, *(at for at in lost if at <= now)]
    return _latest(opened_at, moved)


def to_decide_since(region: RegionLaunch) -> datetime:
    """Return since when the decision is open: every gate was met, and the poll, where there was one, had closed."""
    closed_at = region.poll.closed_at if region.poll is not None else None
    return _latest(opened_since(region, Stage.GO_NO_GO), [closed_at, *_closed(region)])


def _closed(region: RegionLaunch) -> list[datetime | None]:
    return [region.stage(stage).closed_at for stage in LEARNING_STAGES]


def _latest(opened_at: datetime, moments: Iterable[datetime | None]) -> datetime:
    return max([opened_at, *(moment for moment in moments if moment is not None)])
