"""How is said what is still to come, and what makes a region red?"""

from typing import assert_never

from readiness.policy import CriterionKey
from readiness.prospect import Ahead, RedFor
from readiness.readiness import Shortfall
from templates.language import gettext, ngettext
from templates.moments import number
from templates.words import CRITERIA

AHEAD: dict[Ahead, str] = {
    Ahead.POLL: "Then product management opens the poll.",
    Ahead.VOTES: "Then the last seats vote.",
    Ahead.DECISION: "Then an executive decides.",
}

RED_FOR: dict[RedFor, str] = {
    RedFor.OVERDUE: "something is overdue",
    RedFor.LAPSES: "what counts today lapses before the launch",
    RedFor.SLOW: "at this pace something misses the day on which it is due",
    RedFor.CONDITION: "a condition was missed",
}


OWN_PARTS: dict[CriterionKey, str] = {
    CriterionKey.VALUE_PROPOSITIONS_SIGNED: "your signature of the value propositions",
    CriterionKey.OBJECTIONS_SIGNED: "your signature of the answers to objections",
}
"""What is asked of one person where each function signs once."""


def own_part(criterion: CriterionKey, shortfall: Shortfall) -> str:
    """Return what a criterion will ask of whoever reads: their own signature, or else what it still needs."""
    return gettext(OWN_PARTS[criterion]) if criterion in OWN_PARTS else more_needed(criterion, shortfall)


def more_needed(criterion: CriterionKey, shortfall: Shortfall) -> str:
    """Return how many more a criterion needs: `5 more to certify`; its name where no count says it."""
    if not shortfall.needed:
        return gettext(CRITERIA[criterion])
    said = _first(criterion, shortfall.needed) if not shortfall.numerator else None
    return (said or _more(criterion, shortfall.needed)) % {"n": number(shortfall.needed)}


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


def _more(criterion: CriterionKey, n: int) -> str:
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
            return ngettext("%(n)s more to certify", "%(n)s more to certify", n)
        case CriterionKey.POLL_COMPLETE:
            return ngettext("%(n)s more vote", "%(n)s more votes", n)
        case _:
            assert_never(criterion)
