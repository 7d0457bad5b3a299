"""What is there in the small world whose every state is walked?"""

# Plain values alone: the auditor judges by what stands here, and so it may know nothing of the core.

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

STAGES = ("value_propositions", "objection_handling", "training", "certification")
"""The stages that are learned, in their order; the first two are signed."""
MESSAGE, ANSWERS, TRAINING, CERTIFICATION = STAGES
SIGNED = (MESSAGE, ANSWERS)
KEYS = ("marketing", "sales")
"""The functions that sign both."""

START = datetime(2027, 1, 4, 9, tzinfo=UTC)
DUE = START + timedelta(days=15)
"""When every stage of a launch at `FIRST` is due; also the nearer date to look again at a no-go."""
FIRST = START + timedelta(days=20)
HOUR = FIRST + timedelta(hours=1)
"""The last instant at which a launch planned for `FIRST` may still happen."""
TOO_LATE = HOUR + timedelta(seconds=1)
SECOND = START + timedelta(days=40)
SECOND_TOO_LATE = SECOND + timedelta(hours=1, seconds=1)
LEEWAY = timedelta(hours=1)
DUE_DAYS = 5
VALID = timedelta(days=30)
"""How long a pass counts."""


class Learner(NamedTuple):
    """When somebody completed the course, and when they passed the assessment."""

    trained_at: datetime | None = None
    passed_at: datetime | None = None


BEFORE = START - timedelta(days=60)
IDLE = Learner()
TRAINED = Learner(BEFORE)

AUDIENCES: dict[str, tuple[Learner, ...]] = {
    "idle": (IDLE, IDLE),
    "half trained": (Learner(BEFORE, START), IDLE),
    "trained": (TRAINED, TRAINED),
    "hasty": (Learner(START, START - timedelta(hours=1)), TRAINED),
    "ready": (Learner(BEFORE, START), TRAINED),
    "refreshed": (Learner(BEFORE, DUE), TRAINED),
    "lapsing": (Learner(BEFORE, FIRST - timedelta(hours=1) - VALID), TRAINED),
    "lapsing at once": (Learner(BEFORE, FIRST - VALID), TRAINED),
    "on the brink": (Learner(BEFORE, FIRST + timedelta(minutes=30) - VALID), TRAINED),
    "too late": (Learner(BEFORE, FIRST + timedelta(minutes=10)), TRAINED),
    "nobody": (),
}
"""What the facts may say of the people: everyone must be trained, one in two certified on the day. `ready` is so for
`FIRST` and lapses before `SECOND`; `refreshed` passed at `DUE` and lasts through `SECOND`."""

MESSAGES = ("", "We are 1", "We are 1!", "We are 2")
"""Revisions of the message: nothing yet, one, the same but for punctuation, another."""
NONE, UNANSWERED = "none", "unanswered"
OBJECTIONS = (NONE, UNANSWERED, "Because 1", "Because 2")
"""Revisions of the answers: no objection yet, one without an answer, two answers."""
LINKED = {("We are 1", "We are 1!")}
"""An older revision and one that an edit which was not material made of it."""
EDITS = {
    MESSAGE: {"": MESSAGES[1:2], "We are 1": MESSAGES[2:], "We are 1!": MESSAGES[3:], "We are 2": MESSAGES[1:2]},
    ANSWERS: {
        NONE: (UNANSWERED, "Because 1"),
        UNANSWERED: ("Because 1",),
        "Because 1": (UNANSWERED, "Because 2"),
        "Because 2": ("Because 1",),
    },
}
"""Which revision may follow on which."""


class World(NamedTuple):
    """Everything outside one region launch: the time, the content, and what the facts say of the people."""

    now: datetime = START
    message: str = "We are 1"
    answers: str = "Because 1"
    people: str = "idle"

    def revision(self, stage: str) -> str:
        """Return the revision of what is signed at `stage`."""
        return self.message if stage == MESSAGE else self.answers


OWNER, MARKETER, SALES_LEAD, EXECUTIVE = "olga", "mark", "sally", "eve"

Cast = dict[str, tuple[str, ...]]
"""The roles that each person holds, the usual one first."""

ONE_HAT_EACH: Cast = {
    OWNER: ("product_manager",),
    MARKETER: ("marketing",),
    SALES_LEAD: ("sales_lead",),
    EXECUTIVE: ("executive",),
}
MANY_HATS: Cast = {
    OWNER: ("product_manager", "executive", "marketing"),
    MARKETER: ("marketing", "sales_lead"),
    SALES_LEAD: ("sales_lead",),
    EXECUTIVE: ("executive", "marketing", "sales_lead"),
}
"""One person holds several roles, so that a role alone never says whether they may."""

ROLE_FOR = {"marketing": "marketing", "sales": "sales_lead", "enablement": "enablement"}
"""The role that signs for each function."""


@dataclass(frozen=True)
class Act:
    """One thing that may happen: a person's command, an edit, other facts, a wait, or the system's own doing."""

    kind: str
    person: str = ""
    role: str = ""
    stage: str = ""
    function: str = ""
    revision: str = "current"
    """Of a sign-off: the `current` one or an `other`."""
    choice: str = ""
    review_at: datetime | None = None
    to: str = ""
    """Of an edit or of other facts: what they then are."""
    instant: datetime | None = None
    """Of a reschedule: the new launch instant."""
    has_reason: bool = True
    seen: str = "unsaid"
    """Which version the person says they acted on: `current`, `stale` or unsaid."""

    def __str__(self) -> str:
        said = (self.person, self.stage, self.function, self.choice, self.to)
        times = (moment.isoformat() for moment in (self.review_at, self.instant) if moment is not None)
        flaws = (
            "another revision" if self.revision != "current" else None,
            None if self.has_reason else "without a reason",
        )
        seen = f"seen {self.seen}" if self.seen != "unsaid" else None
        return " ".join(filter(None, (self.kind, *said, *times, *flaws, seen)))
