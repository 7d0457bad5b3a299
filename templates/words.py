"""Which words stand for the values of the core?"""

# Every word that a page says of a verdict, a colour or a stage is here, so that a translation has one place to go to.

from readiness.ball import Holder
from readiness.commands import Choice, Role, Stance
from readiness.delivering import Channel, DeliveryState, Fate
from readiness.events import (
    CriterionStatus,
)
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.policy_events import (
    Applies,
)
from readiness.readiness import Rag
from readiness.region import ConditionStatus, StageStatus, Verdict, WaiverStatus
from readiness.signing import SigningState
from templates.language import gettext, reader
from templates.moments import number
from templates.pages.board import Sort

VERDICTS: dict[Verdict, str] = {
    Verdict.NOT_READY: "Not ready",
    Verdict.READY: "Ready to decide",
    Verdict.GO: "Go",
    Verdict.CONDITIONAL_GO: "Conditional go",
    Verdict.NO_GO: "No-go",
    Verdict.HELD: "Held",
    Verdict.LAUNCHED: "Launched",
    Verdict.CANCELLED: "Cancelled",
}

VERDICTS_MEAN: dict[Verdict, str] = {
    Verdict.NOT_READY: "At least one learning gate is not met.",
    Verdict.READY: "All four learning gates are met; the executive decides next.",
    Verdict.GO: "An executive said go, and it still stands: it launches at its instant, and is not sold before.",
    Verdict.CONDITIONAL_GO: "An executive said go with conditions, and none has lapsed.",
    Verdict.NO_GO: "An executive said no, with a date to look again.",
    Verdict.HELD: "Stopped, by a person or by a rule; nothing launches until it is decided anew.",
    Verdict.LAUNCHED: "It has launched here; its permit says whether it may be sold.",
    Verdict.CANCELLED: "Ended without a launch.",
}

BROKEN: dict[str, str] = {
    "store-away": "The database does not answer.",
    "engine-away": "The workflow engine does not answer.",
    "worker-away": "No worker takes on work.",
    "command-forged": "Somebody tried to act past the door.",
    "ledger-behind": "The database is older than what the workflows know.",
    "ledger-broken": "A ledger does not read as it was written.",
    "row-untrue": "A row told something else than its ledger.",
    "workflow-lost": "A workflow was lost.",
    "workflow-stray": "A workflow runs that nobody here asked for.",
    "delivery-given-up": "Something could not be told, and was given up.",
    "unattended": "Something fell due in a region, and no workflow has looked.",
    "unsealed": "What was written last is not sealed yet.",
    "record-changed": "The audit record was changed from outside.",
}

BROKEN_REMEDIES: dict[str, str] = {
    "store-away": "Nothing launches meanwhile. See that it runs and has room.",
    "engine-away": "Nothing launches meanwhile. See that Temporal runs and can be reached.",
    "worker-away": "Nothing is judged or launched meanwhile. Start a worker, or see why it ended.",
    "command-forged": "It had no effect. Find out who reaches Temporal.",
    "ledger-behind": "Nothing launches there. Restore a later backup.",
    "ledger-broken": "Nothing launches there. Find out who reaches the database.",
    "row-untrue": "It was written anew. Find out who reaches the database.",
    "workflow-lost": "It is started again from its ledger. Find out who ended it.",
    "workflow-stray": "It launches nothing. Find out who reaches Temporal.",
    "delivery-given-up": "Deliveries show which; each can be sent again there.",
    "unattended": "See that a worker runs, and in Temporal what its workflow waits for.",
    "unsealed": "See that a worker runs.",
    "record-changed": "Its page says what was found; compare it with the checkpoints that are kept elsewhere.",
}

_LONGEST_ABBREVIATION = 4
"""Letters of a region's id that are taken for an abbreviation, as in EMEA."""

COLOURS: dict[Rag, str] = {Rag.RED: "Red", Rag.AMBER: "Amber", Rag.GREY: "Grey", Rag.GREEN: "Green"}

COLOURS_MEAN: dict[Rag, str] = {
    Rag.RED: "Misses its date as things stand",
    Rag.AMBER: "Unmet, but in time so far",
    Rag.GREY: "No evidence yet",
    Rag.GREEN: "Met, and still met on the day",
}

STAGES: dict[Stage, str] = {
    Stage.VALUE_PROPOSITIONS: "Value propositions",
    Stage.OBJECTION_HANDLING: "Objection handling",
    Stage.TRAINING: "Training",
    Stage.CERTIFICATION: "Certification",
    Stage.GO_NO_GO: "Go/no-go",
    Stage.LAUNCHED: "Launched",
}

SORTS: dict[Sort, str] = {
    Sort.NAME: "Name",
    Sort.LAUNCH: "Soonest launch",
    Sort.WORST: "Worst first",
    Sort.TIER: "Tier",
}

PLACES: dict[str, str] = {
    "me": "For me",
    "board": "Board",
    "decide": "Go/no-go",
    "portfolio": "Portfolio",
    "imports": "Imports",
    "ledger": "Audit record",
    "deliveries": "Deliveries",
    "access": "Access",
}
"""Pages that one can go to from every other, as their links are called."""

DECIDE_SECTIONS: dict[str, str] = {
    "waiting": "Waits for a decision",
    "stopped": "Held, or decided no-go",
    "behind": "Cannot be decided yet",
    "standing": "A go stands",
}

DECIDE_SECTIONS_MEAN: dict[str, str] = {
    "waiting": "All four learning stages are passed or waived: an executive says go, or not.",
    "stopped": "Nothing launches here until somebody decides anew.",
    "behind": "A gate is unmet. Nobody can say go; a hold is possible.",
    "standing": "It launches by itself at its instant, unless something named here lapses before.",
}

SAID: dict[str, str] = {
    "have-read": "Noted: each of these regions tells you what changes from now on.",
    "signed-in": "You are signed in.",
    "signed-out": "You are signed out.",
    "sent-again": "It is sent again.",
    "role-granted": "The role is granted.",
    "role-withdrawn": "The role is withdrawn; it counts from the next request on.",
    "key-revoked": "The key is revoked; it opens nothing any more.",
    "sign-off": "You signed off.",
    "send-back": "You sent it back, with your reason.",
    "hold": "The launch is held.",
    "resume": "The hold is ended; the executive decides anew.",
    "reschedule": "The date is moved.",
    "cancel": "The launch here is cancelled.",
    "open-poll": "The poll is open.",
    "cast-ballot": "Your vote is in, and sealed.",
    "name-seat": "The seat has a new name.",
    "request-waiver": "The waiver is asked for; an executive answers.",
    "grant-waiver": "The waiver is granted.",
    "deny-waiver": "The waiver is denied.",
    "revoke-waiver": "The waiver is taken back.",
    "decide": "Your decision stands.",
    "meet-condition": "The condition is met.",
    "address-lesson": "It is addressed.",
    "ask-policy": "Other rules are asked for; an executive who did not ask confirms them, or not.",
    "confirm-policy": "The change of policy is confirmed.",
    "decline-policy": "The change of policy is off.",
    "revoke-permit": "The permit is taken away.",
    "file-received": "The file is here.",
    "view-kept": "The view is kept, for you alone.",
    "view-forgotten": "The view is forgotten.",
    "reminded": "Reminded {count}. Each hears of it by mail.",
    "reminded-unheard": "Reminded {count}. Each reads it on their own page. No mail is set up here: tell them too.",
    "launch-started": "The launch is started. Its first stage is open in every region.",
    "launch-moved": "The launch is moved in {count} of its regions.",
    "handed-over": "The launch is handed over, in every running region.",
    "region-added": "The region is added. Its first stage is open.",
    "text-written": "The new revision is written. Whoever must sign it finds it under For me. "
    "Where mail is set up, each hears of it by mail.",
    "text-withdrawn": "The region's own words are withdrawn: what the whole product says holds there again.",
    "objection-heard": "The objection is written down, for those who answer it.",
}
"""What an act led to that somebody did on a page."""

SOURCES: dict[str, str] = {
    "commands": "Asked",
    "outcomes": "Answered",
    "ledger": "Happened",
    "denials": "Refused at the door",
    "turned_away": "Could not be meant",
    "role_changes": "Role changed",
    "api_keys": "Key",
    "imports": "Import",
    "launch_records": "Launch record",
    "decision_records": "Record of a decision",
    "content_revisions": "Text",
}
"""Where an entry of the audit record comes from; others are called by their table."""

OUTCOMES: dict[str, str] = {"accepted": "Accepted", "refused": "Refused", "denied": "Refused at the door"}

DELIVERY_STATES: dict[DeliveryState, str] = {
    DeliveryState.PENDING: "On its way",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.GIVEN_UP: "Given up",
    DeliveryState.DISABLED: "Nobody wants it there",
    DeliveryState.UNKNOWN: "Sent, arrival unknown",
    DeliveryState.UNADDRESSED: "No address",
}

FATES: dict[Fate, str] = {
    Fate.ACCEPTED: "Accepted",
    Fate.GONE: "The receiver wants nothing more",
    Fate.FAILED: "Failed",
    Fate.REFUSED: "The target may not be reached from here",
    Fate.UNCERTAIN: "Begun, and its end is not known",
    Fate.UNWANTED: "The subscription was disabled meanwhile",
}

CHANNELS: dict[Channel, str] = {Channel.WEBHOOK: "Webhook", Channel.MAIL: "Mail", Channel.CHAT: "Chat"}

KEY_STANDINGS: dict[str, str] = {"open": "Opens the door", "expired": "Has ended", "revoked": "Revoked"}

STAGE_STATUSES: dict[StageStatus, str] = {
    StageStatus.LOCKED: "Locked",
    StageStatus.OPEN: "Open",
    StageStatus.PASSED: "Passed",
    StageStatus.WAIVED: "Waived",
    StageStatus.REOPENED: "Reopened",
}

CRITERIA: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "Value propositions signed off",
    CriterionKey.OBJECTIONS_ANSWERED: "Top objections answered",
    CriterionKey.OBJECTIONS_SIGNED: "Objection answers signed off",
    CriterionKey.TRAINING_COMPLETION: "Audience trained",
    CriterionKey.CERTIFIED_SHARE: "Audience certified on launch day",
    CriterionKey.POLL_COMPLETE: "Poll complete",
}

COUNTS: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "signatures",
    CriterionKey.OBJECTIONS_ANSWERED: "answers",
    CriterionKey.OBJECTIONS_SIGNED: "signatures",
    CriterionKey.TRAINING_COMPLETION: "people",
    CriterionKey.CERTIFIED_SHARE: "people",
    CriterionKey.POLL_COMPLETE: "votes",
}
"""What the numerator and the denominator of a criterion count."""

REACHED: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "%(n)s of %(all)s signatures",
    CriterionKey.OBJECTIONS_ANSWERED: "%(n)s of %(all)s answers",
    CriterionKey.OBJECTIONS_SIGNED: "%(n)s of %(all)s signatures",
    CriterionKey.TRAINING_COMPLETION: "%(n)s of %(all)s trained",
    CriterionKey.CERTIFIED_SHARE: "%(n)s of %(all)s certified on the launch day",
    CriterionKey.POLL_COMPLETE: "%(n)s of %(all)s votes",
}
"""How far a criterion has come."""

CRITERION_STATUSES: dict[CriterionStatus, str] = {
    CriterionStatus.MET: "Met",
    CriterionStatus.UNMET: "Unmet",
    CriterionStatus.WAIVED: "Waived",
    CriterionStatus.NO_EVIDENCE: "No evidence",
}

SIGNING_STATES: dict[SigningState, str] = {
    SigningState.SIGNED: "Signed",
    SigningState.EARLIER: "Signed an earlier text",
    SigningState.LOST: "Signed, but without the role now",
    SigningState.SENT_BACK: "Sent back",
    SigningState.WAITING: "Not signed yet",
}

CONTENT_FIELDS: dict[str, str] = {
    "statement": "Statement",
    "proof_points": "Proof points",
    "buying_group": "Buying group",
    "economic_value": "Economic value",
    "advantages": "Advantages",
    "objection": "Objection",
    "answer": "Answer",
    "rank": "Rank",
}

WHY_NOT: dict[str, str] = {
    "write": "Writing what is said is for marketing and product managers.",
    "write-some": "You may write for some regions only: choose one of them to give it words of its own.",
    "start": "Starting a launch is for product managers.",
    "reschedule": "Moving a launch is for product managers.",
}
"""Why somebody may not do here what others may."""

CHOICES: dict[Choice, str] = {
    Choice.GO: "Go",
    Choice.CONDITIONAL_GO: "Conditional go",
    Choice.NO_GO: "No-go",
    Choice.HOLD: "Hold",
}

STANCES: dict[Stance, str] = {
    Stance.AGREE: "Agrees",
    Stance.DISAGREE_BUT_SUPPORT: "Disagrees, but supports it",
    Stance.DISSENT: "Dissents",
}

WAIVER_STATUSES: dict[WaiverStatus, str] = {
    WaiverStatus.REQUESTED: "Waits for an answer",
    WaiverStatus.GRANTED: "Granted",
    WaiverStatus.DENIED: "Denied",
    WaiverStatus.REVOKED: "Revoked",
    WaiverStatus.LAPSED: "Lapsed",
}

CONDITION_STATUSES: dict[ConditionStatus, str] = {
    ConditionStatus.OPEN: "Open",
    ConditionStatus.MET: "Met",
    ConditionStatus.MISSED: "Missed",
}

LESSONS: dict[str, str] = {"hold": "A hold", "no_go": "A no-go", "objection": "An objection left unanswered"}

APPLIES: dict[Applies, str] = {
    Applies.NEXT_GATE: "for the stages that are not closed yet",
    Applies.ALL: "for every stage, closed ones too",
}

PERMIT_STANDINGS: dict[str, str] = {
    "valid": "Valid",
    "suspended": "Suspended",
    "revoked": "Revoked",
    "ended": "Not valid any more",
}
"""How it stands with a permit, as anyone who holds it is told."""

PERMIT_STANDINGS_MEAN: dict[str, str] = {
    "valid": "The product may be sold in this region now.",
    "suspended": "The product may not be sold in this region for the time being.",
    "revoked": "The product may not be sold in this region; the permit was taken away for good.",
    "ended": "The product may not be sold in this region on this permit.",
}

SALES: dict[PermitStanding, str] = {
    PermitStanding.VALID: "May be sold here today.",
    PermitStanding.NOT_YET: "Not to be sold here yet.",
    PermitStanding.NOT_LAUNCHED: "Not to be sold here yet: it has not launched.",
    PermitStanding.SUSPENDED: "Not to be sold here at present: what was promised with the go was missed.",
    PermitStanding.REVOKED: "Not to be sold here any more: the permit was revoked for good.",
    PermitStanding.SUPERSEDED: "Not to be sold here: it is being launched anew.",
    PermitStanding.CANCELLED: "Not to be sold here: its launch was cancelled.",
    PermitStanding.UNKNOWN: "Not to be sold here: what is kept of its launch does not agree with itself.",
}
"""Whether a product may be sold in a region today, in one sentence."""

VOTES: dict[Stance | None, str] = {
    Stance.AGREE: "agree",
    Stance.DISAGREE_BUT_SUPPORT: "disagree but support",
    Stance.DISSENT: "dissent",
    None: "abstained",
}

FUNCTIONS: dict[Function, str] = {
    Function.MARKETING: "Marketing",
    Function.SALES: "Sales",
    Function.ENABLEMENT: "Enablement",
    Function.PRODUCT: "Product management",
}

ROLES: dict[Role, str] = {
    Role.PRODUCT_MANAGER: "Product manager",
    Role.MARKETING: "Marketing",
    Role.SALES_LEAD: "Sales lead",
    Role.ENABLEMENT: "Enablement",
    Role.EXECUTIVE: "Executive",
    Role.SELLER: "Seller",
    Role.AUDITOR: "Auditor",
    Role.ADMIN: "Administrator",
    Role.SERVICE: "Service",
}


def role_said(role: str) -> str:
    """Return a role as it was written down, in words; as it is where no such role is known."""
    return gettext(ROLES[Role(role)]) if role in set(Role) else role.replace("_", " ")


def source(of: str) -> str:
    """Return where an entry of the audit record comes from."""
    return gettext(SOURCES[of]) if of in SOURCES else of.replace("_", " ").capitalize()


def fate(of: Fate | None, status: int | None, detail: str | None) -> str:
    """Return what came of one try of a delivery."""
    if of is None:
        return gettext("Under way, or cut off")
    told = [gettext(FATES[of]), *([f"HTTP {status}"] if status is not None else []), *([detail] if detail else [])]
    return ", ".join(told)


def whom(waiting_on: str) -> str:
    """Return who is waited on: a function of the policy, or a role that acts for none."""
    if waiting_on in set(Function):
        return gettext(FUNCTIONS[Function(waiting_on)])
    if waiting_on in set(Role):
        return gettext(ROLES[Role(waiting_on)])
    return waiting_on.replace("_", " ").capitalize()


def reached(criterion: CriterionKey, numerator: int, denominator: int) -> str:
    """Return how far a criterion has come: `4 of 10 certified on the launch day`."""
    return gettext(REACHED[criterion]) % {"n": number(numerator), "all": number(denominator)}


def region_said(region: str) -> str:
    """Return the id of a region as people write it where no plan gives it a name: `EMEA`, `North America`."""
    if len(region) <= _LONGEST_ABBREVIATION:
        return region.upper()
    return " ".join(word.capitalize() for word in region.replace("_", "-").split("-"))


def holder(of: Holder) -> str:
    """Return who has held a region: a function, the executive, or nobody while the clock runs."""
    return gettext("Nobody: the go waits for its launch") if of is Holder.CLOCK else whom(of.value)


def stance_words(stance: Stance | None) -> str:
    """Return how a seat voted, as a verb; an absent one that counts for nothing abstained."""
    return gettext(VOTES[stance])


def within_sentence(said: str) -> str:
    """Return words that are in the reader's language already as they are written within a sentence."""
    if reader().language == "en":
        return said.lower()
    first = said.partition(" ")[0].rstrip(",")
    return f"{said[0].lower()}{said[1:]}" if first in _SMALL_WITHIN.get(reader().language, ()) else said


def within(words: str) -> str:
    """Return words of ours as they are written within a sentence: small in English, as they are elsewhere."""
    return within_sentence(words if reader().language == "en" else gettext(words))


_SMALL_WITHIN: dict[str, frozenset[str]] = {
    "de": frozenset(
        (
            *("Abgezeichnet", "Angehalten", "Bereit", "Bestanden", "Erfüllt", "Erlassen", "Gesperrt", "Gestartet"),
            *("Hat", "Nicht", "Noch", "Offen", "Stimmt", "Verfehlt", "Versäumt", "Widerspricht", "Zurückgegeben"),
        )
    ),
}
"""First words of ours that are no nouns, of the languages that write these small within a sentence."""
