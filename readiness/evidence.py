"""By which facts is a region judged, and when were they gathered?"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from readiness.commands import Role, Stance
from readiness.policy import Function, Stage
from readiness.role_values import RoleLost, lost_since
from readiness.values import Digest, Frozen, Identifier, Moment, Slug

PACE_WINDOW = timedelta(days=14)
"""The span before the gathering over which pace is measured (rule book: a forecast uses the last fourteen days)."""


def pace_begins_at(gathered_at: datetime) -> datetime:
    """Return the moment after which a completion counts for the pace: fourteen days before the last full hour.

    By the full hour, so that figures stay true while nothing but minutes go by.
    """
    return gathered_at.replace(minute=0, second=0, microsecond=0) - PACE_WINDOW


def pace_forgets_at(moment: datetime) -> datetime:
    """Return when a completion of that moment is left out of the pace: at the first full hour that is late enough."""
    gone_at = moment + PACE_WINDOW
    hour = gone_at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == gone_at else hour + timedelta(hours=1)


class AudienceChange(Frozen):
    """How an audience changed between `since` and the instant it is judged at; counts of people."""

    joined: int
    left: int
    """No longer there because they became inactive, moved region or changed function."""
    excluded: int
    """No longer there because a named audience leaves them out."""
    since: Moment


class Figures(Frozen):
    """What the facts say of one region's people at the instant `at`, as known at `gathered_at`; counts of people
    unless said."""

    at: Moment
    gathered_at: Moment
    revision: int
    """The region's revision of facts that these figures were counted at."""
    audience: int
    started: int = 0
    """Who has at least one counting completion."""
    trained: int = 0
    certified: int = 0
    """Who holds a pass valid at `at`."""
    lapsing: int = 0
    """Who holds a pass valid at `gathered_at` but none valid at `at`."""
    first_lapse_at: Moment | None = None
    """When the first of those passes lapses."""
    completions: int = 0
    """Counting pairs of person and required course."""
    completions_recent: int = 0
    """Of those pairs, the ones first completed within the pace window before `gathered_at`."""
    certified_recent: int = 0
    """Of the certified, those whose first counting pass lies within the pace window before `gathered_at`."""
    last_completion_at: Moment | None = None
    """The latest first completion of a pair."""
    last_attempt_at: Moment | None = None
    """The latest counting attempt, passed or not."""
    change: AudienceChange | None = None
    steady_until: Moment | None = None
    """Until when, without a new fact, counting again gives the same counts; None where nobody knows."""

    def as_of(self, at: datetime, *, now: datetime, since: datetime | None) -> "Figures | None":
        """Return what counting for `at` would give at `now` while no fact was added, or None if it must be counted.

        `since` is when the change of the audience is to be reckoned from.
        """
        is_steady = self.steady_until is not None and self.gathered_at <= now < self.steady_until
        is_for = at in (self.at, now) if self.at == self.gathered_at else at == self.at
        if not (is_steady and is_for) or since != (self.change.since if self.change is not None else None):
            return None
        return self.model_copy(update={"at": at, "gathered_at": now})


class Lesson(Frozen):
    """What an earlier wave learned, so that a later one must address it; its words stay where they were said."""

    id: str
    """Of the command that held the region or said no-go, or of the objection that was heard."""
    kind: Literal["hold", "no_go", "objection"]
    region: Slug
    wave: int
    at: Moment


class ContentEvidence(Frozen):
    """The content of one signed stage as a region would sign it today."""

    stage: Stage
    digest: Digest
    same_as: tuple[Digest, ...] = ()
    """Earlier digests linked to this one by edits that were not material: sign-offs of them still count."""
    missing: tuple[str, ...] = ()
    """Segments without a statement, or keys of top objections without an answer."""
    answered: int = 0
    """Of the first `top_objections` by rank, how many have an answer."""
    ranked: int = 0
    """How many objections are ranked."""
    changed_at: Moment | None = None
    """When it was last changed materially, so that whoever signs was asked anew; None where nobody knows."""
    changed_by: Identifier | None = None
    """Who changed it then; None where nobody knows."""
    lessons: tuple[Lesson, ...] = ()
    """What earlier waves learned, beside the answers to objections; it is no part of what is signed."""
    proven_in: tuple[Slug, ...] = ()
    """The regions of earlier waves that launched on this very text, under the same policy."""


class BallotTold(Frozen):
    """What a sealed ballot says, once every seat has voted or the poll's clock has run out."""

    command_id: str
    function: Function
    person: Identifier
    stance: Stance


class WaveMate(Frozen):
    """Where another region of the same wave stands, as its own ledger tells it in this transaction."""

    region: Slug
    verdict: str
    """The value of its verdict."""
    launch_at: Moment
    condition_due_at: Moment | None = None
    """When the first condition of its go that is still open is due."""
    settled: bool = True
    """False while something of it has not been judged or carried out yet: facts that changed, an open command, a lost
    workflow."""


class Evidence(Frozen):
    """Everything a region is judged by, gathered in one transaction for the launch instant `launch_at`."""

    launch_at: Moment
    figures: Figures
    contents: tuple[ContentEvidence, ...] = Field(default=())
    waivers_elsewhere: int | None = None
    """Waivers that are open in the other regions of the launch, against its budget; None where nobody asked."""
    ballots: tuple[BallotTold, ...] = ()
    """The ballots of the region's poll, only once it may be closed."""
    wave_mates: tuple[WaveMate, ...] | None = None
    """The other regions of its wave that were not cancelled, where its policy has them launch together; None where
    nobody looked."""
    roles_lost: tuple[RoleLost, ...] = ()
    """When whoever gave something here was without the role that they gave it by; also what is announced."""

    def lost(self, person: str | None, role: Role, *, given_at: datetime | None) -> RoleLost | None:
        """Return the withdrawal by which what `person` gave as `role` does not count at the judged instant."""
        return lost_since(self.roles_lost, person, role, given_at=given_at, at=self.figures.at)

    def content_of(self, stage: Stage) -> ContentEvidence | None:
        """Return the content of `stage`, or None where there is none yet."""
        return next((content for content in self.contents if content.stage is stage), None)
