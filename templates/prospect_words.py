"""How is said what is still to come, whether it comes in time, and what makes a region red?"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from readiness.policy import CriterionKey
from readiness.prospect import Ahead, Foretold, Reddening, RedFor, Timeliness
from readiness.readiness import PEOPLE_CRITERIA, Shortfall
from templates.language import gettext, ngettext
from templates.moments import day, number
from templates.pages.coming import Spoken
from templates.speaker_words import some_names, whom_by_name
from templates.words import CRITERIA

AHEAD: dict[Ahead, str] = {
    Ahead.POLL: "Then product management%(names)s opens the poll.",
    Ahead.VOTES: "Then those who have a seat vote.",
    Ahead.DECISION: "Then an executive%(names)s decides.",
}
"""What comes then; the names of whose it is follow on them where they are known."""

OWN_AHEAD: dict[Ahead, str] = {
    Ahead.POLL: "Open the poll; the votes and the decision are due %(day)s",
    Ahead.VOTES: "Vote in the poll; the decision is due %(day)s",
    Ahead.DECISION: "Decide: go or no-go, by %(day)s",
}
"""What will be asked of whoever reads: one day holds for all of it."""

OVERDUE: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "signatures of the value propositions are overdue",
    CriterionKey.OBJECTIONS_ANSWERED: "answers to objections are overdue",
    CriterionKey.OBJECTIONS_SIGNED: "signatures of the answers to objections are overdue",
    CriterionKey.TRAINING_COMPLETION: "training is overdue",
    CriterionKey.CERTIFIED_SHARE: "certification is overdue",
    CriterionKey.POLL_COMPLETE: "the poll is overdue",
}

TOO_SLOW: dict[CriterionKey, str] = {
    CriterionKey.TRAINING_COMPLETION: "at this pace too few are trained when it is due",
    CriterionKey.CERTIFIED_SHARE: "at this pace too few are certified when it is due",
}


OWN_PARTS: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "Your signature of the value propositions",
    CriterionKey.OBJECTIONS_SIGNED: "Your signature of the answers to objections",
}
"""What is asked of one person where each function signs once."""


def own_ahead(ahead: Ahead, due_at: datetime, zone: str) -> str:
    """Return what will be asked of whoever reads: `Decide: go or no-go, by 6 Jan 2027`."""
    return gettext(OWN_AHEAD[ahead]) % {"day": day(due_at, zone)}


def then_said(ahead: Ahead, names: Sequence[str], voters: Sequence[Spoken]) -> str:
    """Return what comes once the gates are passed: `Then an executive (Helena Brandt) decides.`"""
    if voters:
        vote = ngettext("Then %(functions)s votes.", "Then %(functions)s vote.", len(voters))
        return vote % {"functions": ", ".join(whom_by_name(each.whom, each.names) for each in voters)}
    return gettext(AHEAD[ahead]) % {"names": f" ({some_names(names)})" if names else ""}


def red_said(because: Reddening) -> str:
    """Return what makes a region red, as it goes on after a colon: `certification is overdue`."""
    key = because.criterion
    match because.why:
        case RedFor.OVERDUE if key is not None:
            return gettext(OVERDUE[key])
        case RedFor.LAPSES if key in PEOPLE_CRITERIA:
            return gettext("too few will be certified on the launch day")
        case RedFor.LAPSES:
            return gettext("what counts today does not count on the launch day any more")
        case RedFor.WAIVER_ENDS:
            return gettext("a waiver ends before the launch")
        case RedFor.CONDITION:
            return gettext("a condition was missed")
        case _:
            words = TOO_SLOW.get(key) if key is not None else None
            return gettext(words or "at this pace something is not done when it is due")


def foretold_said(foretold: Foretold) -> str:
    """Return whether what people have still to do will be done in time, as a sentence."""
    reached_at = foretold.forecast_at
    match foretold.timeliness:
        case Timeliness.MISSES if reached_at is not None:
            said = gettext("Will not be done in time at the pace of the last fourteen days: it takes until %(day)s.")
        case Timeliness.MISSES:
            said = gettext("Will not be done in time as things stand.")
        case Timeliness.UNKNOWN:
            said = gettext(
                "Whether it will be done in time is not known: nobody got there in the last fourteen days."
            )
        case Timeliness.IN_TIME:
            said = gettext("Will be done in time at the pace of the last fourteen days: by %(day)s.")
        case _:
            assert_never(foretold.timeliness)
    return said % {"day": day(reached_at)} if reached_at is not None else said


def own_part(criterion: CriterionKey, shortfall: Shortfall) -> str:
    """Return what a criterion will ask of whoever reads: their own signature, or else what it still needs."""
    return gettext(OWN_PARTS[criterion]) if criterion in OWN_PARTS else more_needed(criterion, shortfall)


def more_needed(criterion: CriterionKey, shortfall: Shortfall) -> str:
    """Return how many more a criterion needs: `5 more to certify`; its name where no count says it."""
    if not shortfall.needed:
        return gettext(CRITERIA[criterion])
    said = _first(criterion, shortfall.needed) if not shortfall.numerator else None
    return (said or _more(criterion, shortfall.needed, shortfall.lapsing)) % {"n": number(shortfall.needed)}


def _first(criterion: CriterionKey, n: int) -> str | None:
    """Return the words where there is none yet; None where they are as for more."""
    match criterion:
        case CriterionKey.VALUE_PROPOSITIONS_SIGNED:
            return ngettext(
                "%(n)s signature of the value propositions", "%(n)s signatures of the value propositions", n
            )
        case CriterionKey.OBJECTIONS_SIGNED:
            return ngettext(
                "%(n)s signature of the answers to objections", "%(n)s signatures of the answers to objections", n
            )
        case _:
            return None


def _more(criterion: CriterionKey, n: int, lapsing: int) -> str:
    match criterion:
        case CriterionKey.VALUE_PROPOSITIONS_SIGNED:
            return ngettext(
                "%(n)s more signature of the value propositions", "%(n)s more signatures of the value propositions", n
            )
        case CriterionKey.OBJECTIONS_ANSWERED:
            return ngettext("%(n)s more objection to answer", "%(n)s more objections to answer", n)
        case CriterionKey.OBJECTIONS_SIGNED:
            return ngettext(
                "%(n)s more signature of the answers to objections",
                "%(n)s more signatures of the answers to objections",
                n,
            )
        case CriterionKey.TRAINING_COMPLETION:
            return ngettext("%(n)s more to train", "%(n)s more to train", n)
        case CriterionKey.CERTIFIED_SHARE:
            if lapsing:
                return ngettext("%(n)s more to renew or newly pass", "%(n)s more to renew or newly pass", n)
            return ngettext("%(n)s more to certify", "%(n)s more to certify", n)
        case CriterionKey.POLL_COMPLETE:
            return ngettext("%(n)s more vote", "%(n)s more votes", n)
        case _:
            assert_never(criterion)
