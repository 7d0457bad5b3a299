"""What do answers look like, beside the readiness itself?"""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from readiness.commands import Position
from readiness.people import PersonStatus
from readiness.policy import Function, Stage
from readiness.readiness import ConditionShown, DecisionShown, LessonShown, Readiness
from readiness.region import Verdict
from readiness.values import Digest, Frozen, Moment


class RegionSummary(Frozen):
    """One region of a launch, in a line."""

    region: str
    name: str
    run: int
    time_zone: str
    wave: int
    launch_at: AwareDatetime
    stage: str
    verdict: str
    rag: str
    as_of: Moment | None
    """When the figures behind it were gathered; None where none have been yet."""


class LaunchAnswer(Frozen):
    """A launch with its plan and, where it is asked for alone, its regions."""

    product: str
    name: str
    run: int
    tier: int
    tier_proposed: int | None = None
    """The tier that the answers under `impact` proposed when it was planned."""
    tier_reason: str | None = None
    """Why it is this tier, where the plan said so."""
    impact: dict[str, str] | None = None
    """What was answered to the questions of business impact."""
    owner: str
    started_at: Moment
    started_by: str | None
    ended_at: Moment | None
    below_tier: tuple[str, ...]
    courses: tuple[dict[str, Any], ...]
    assessment: dict[str, Any]
    policy: dict[str, Any]
    """These three as a plan document has them: shares from 0 to 1, scores from 0 to 100."""
    regions: tuple[RegionSummary, ...] = ()


class PersonAnswer(Frozen):
    """A `PersonStanding`, which is a row of the tracker, as it reads."""

    person_id: str
    name: str | None
    manager_id: str | None
    status: PersonStatus
    missing_courses: tuple[str, ...]
    trained_at: Moment | None
    best_score: float | None
    certified_until: Moment | None
    attempts_left: int | None
    territory: str | None
    last_activity_at: Moment | None
    """The latest completion of a required course or attempt at the assessment, whether it counts or not."""


class ProductReadiness(Frozen):
    """A product's readiness: its regions counted by verdict and colour, the worst reasons, and a row each."""

    product: str
    name: str
    tier: int
    verdicts: dict[str, int]
    colours: dict[str, int]
    reasons: tuple[str, ...]
    regions: tuple[dict[str, Any], ...]


class TimelineEntry(Frozen):
    """Something that happened, who asked for it and why."""

    version: int
    at: Moment
    type: str
    person: str | None
    name: str | None
    """The person's name as it was then; None where it was erased or nobody asked."""
    reason: str | None
    data: dict[str, Any]
    meaning: str | None = None
    """What it meant that the person put their name to it, in a sentence (21 CFR 11.50)."""


class SignatureAnswer(Frozen):
    """A sign-off that stands, or a revision that was sent back."""

    stage: Stage
    function: Function
    person: str
    digest: Digest
    at: Moment
    position: Position


class EntryAnswer(Frozen):
    """One text as it holds in a region; `moved_on` is the product-wide revision that came after its adaptation."""

    key: str
    revision: int
    digest: Digest
    is_adapted: bool
    moved_on: int | None
    person: str
    at: Moment
    content: dict[str, Any]


class DecisionAnswer(Frozen):
    """A decision, and the readiness that it was taken on: the one that is written down with it."""

    product: str
    region: str
    run: int
    verdict: Verdict
    """How the region stood right after it; how it stands since is read as its readiness."""
    version: int
    """Where its ledger ended by it: what the next act may say that it has `seen`."""
    decision: DecisionShown
    conditions: tuple[ConditionShown, ...] = ()
    """What was promised with a conditional go."""
    digest: Digest
    """Of the record of what it was taken on, which is read at `decisions/{version}`."""
    readiness: Readiness | None
    """As it was when the decision was taken; null where an earlier version wrote it down in its own way."""


class ContentAnswer(Frozen):
    """What is to be signed at a stage in a region, under which digest, and who has signed or sent back what."""

    product: str
    region: str
    stage: Stage
    digest: Digest
    signed_by: tuple[Function, ...]
    missing: tuple[str, ...]
    entries: tuple[EntryAnswer, ...]
    raised: tuple[EntryAnswer, ...]
    must_address: tuple[LessonShown, ...] = ()
    """What earlier waves learned, beside the answers to objections, for those who may read the readiness."""
    sign_offs: tuple[SignatureAnswer, ...]
    sent_back: tuple[SignatureAnswer, ...]


class RevisionAnswer(Frozen):
    """What an edit made."""

    key: str
    revision: int
    digest: Digest
    touched: tuple[str, ...]
    """The regions whose sign-offs of this stage the edit may have voided."""


class BadRow(Frozen):
    """A row of an import that cannot be used; lines count from 1, the header's."""

    line: int
    column: str | None
    code: str
    reason: str


class RefusedFile(Frozen):
    """Why a file was refused whole."""

    code: str
    reason: str
    line: int | None = None


class ImportAnswer(Frozen):
    """How far a bulk file has come; `rows_read` is `accepted + unchanged + rejected`."""

    id: str
    kind: str
    state: str
    rows_total: int | None = None
    rows_read: int
    accepted: int
    unchanged: int
    rejected: int
    unknown: int = 0
    """Of the accepted, facts about a person, course or assessment not known yet: they count once it is."""
    refused: RefusedFile | None = None
    errors: tuple[BadRow, ...] = ()
    errors_url: str | None = None
    """Where the full list of bad rows is, where there are more than shown."""
    created_at: datetime
    finished_at: datetime | None = None
