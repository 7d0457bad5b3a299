"""How is an event of the ledger told in words?"""

from typing import assert_never

from readiness.events import (
    BallotCast,
    ConditionMet,
    ConditionMissed,
    CriteriaJudged,
    CriterionStatus,
    DecisionTaken,
    OwnerChanged,
    PermitRestored,
    PermitSuspended,
    PollClosed,
    PollOpened,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionLaunchStarted,
    RegionRescheduled,
    RegionResumed,
    ReviewCame,
    SentBack,
    SignedOff,
    SignOffVoided,
    StageOpened,
    StagePassed,
    StageReopened,
    StageWaived,
    WaiverDenied,
    WaiverGranted,
    WaiverLapsed,
    WaiverLapseNears,
    WaiverRequested,
    WaiverRevoked,
)
from readiness.lasting import GoRevived, RegionSlipped
from readiness.lesson_events import LessonAddressed
from readiness.permit_events import PermitRevoked
from readiness.policy_events import (
    PolicyChangeAsked,
    PolicyChangeConfirmed,
    PolicyChanged,
    PolicyChangeDeclined,
)
from readiness.seat_events import SeatIdled, SeatNamed
from templates.language import gettext
from templates.moments import in_utc
from templates.words import CHOICES, CRITERIA, FUNCTIONS, STAGES, stance_words, within


def happening(event: RegionEvent) -> str:
    """Return what happened, as a clause without its end."""
    match event:
        case RegionLaunchStarted():
            return _tell("Launch started here")
        case CriteriaJudged():
            met = sum(judged.status in {CriterionStatus.MET, CriterionStatus.WAIVED} for judged in event.judged)
            return _tell("Criteria judged anew: %(met)s of %(all)s met", met=met, all=len(event.judged))
        case StageOpened():
            return _tell("%(stage)s opened", stage=gettext(STAGES[event.stage]))
        case StagePassed():
            return _tell("%(stage)s passed", stage=gettext(STAGES[event.stage]))
        case StageWaived():
            return _tell("%(stage)s passed by a waiver", stage=gettext(STAGES[event.stage]))
        case WaiverRequested():
            return _tell(
                "A waiver of %(criterion)s was asked for, down to %(floor)s %%",
                criterion=within(CRITERIA[event.criterion]),
                floor=f"{event.floor / 100:g}",
            )
        case WaiverGranted():
            return _tell("A waiver was granted")
        case WaiverDenied():
            return _tell("A waiver was denied")
        case WaiverRevoked():
            return _tell("A waiver was revoked")
        case WaiverLapseNears():
            return _tell("A waiver lapses soon: who asked for it and who granted it are told")
        case WaiverLapsed():
            return _tell("A waiver lapsed")
        case PollOpened():
            asked = [
                gettext(FUNCTIONS[seat])
                for seat in event.seats
                if seat not in {each.function for each in event.carried}
            ]
            return _tell("Poll opened for %(functions)s", functions=", ".join(asked))
        case BallotCast():
            return _tell("A sealed ballot was cast for %(function)s", function=gettext(FUNCTIONS[event.function]))
        case PollClosed():
            said = (f"{gettext(FUNCTIONS[each.function])} {stance_words(each.stance)}" for each in event.ballots)
            return _tell("Poll closed: %(votes)s", votes=", ".join(said))
        case SeatIdled():
            return _tell(
                "%(function)s was waited for too long at %(stage)s",
                function=gettext(FUNCTIONS[event.function]),
                stage=within(STAGES[event.stage]),
            )
        case SeatNamed():
            return _tell(
                "%(person)s was named for the idle seat of %(function)s",
                person=event.named,
                function=within(FUNCTIONS[event.function]),
            )
        case LessonAddressed():
            return _tell("What an earlier wave learned was addressed")
        case ConditionMet():
            return _tell("A condition was met")
        case ConditionMissed():
            return _tell("A condition was missed")
        case PolicyChangeAsked():
            return _tell("Another policy was asked for; a second person confirms or declines it")
        case PolicyChangeConfirmed():
            return _tell("The change of policy was confirmed")
        case PolicyChangeDeclined():
            return _tell("The change of policy was declined")
        case PolicyChanged():
            return _tell("The policy changed; the gates are judged anew by it")
        case PermitSuspended():
            return _tell("Permit suspended: what was promised was missed")
        case PermitRestored():
            return _tell("Permit restored: what had been missed was met")
        case PermitRevoked():
            return _tell("Permit revoked for good: the product may not be sold here in this run")
        case StageReopened():
            unmet = ", ".join(within(CRITERIA[key]) for key in event.criteria)
            return _tell(
                "%(stage)s reopened, no longer met: %(unmet)s", stage=gettext(STAGES[event.stage]), unmet=unmet
            )
        case SignedOff():
            return _tell(
                "%(function)s signed off %(stage)s",
                function=gettext(FUNCTIONS[event.function]),
                stage=within(STAGES[event.stage]),
            )
        case SentBack():
            return _tell(
                "%(function)s sent %(stage)s back",
                function=gettext(FUNCTIONS[event.function]),
                stage=within(STAGES[event.stage]),
            )
        case SignOffVoided():
            return _tell(
                "The text changed: %(function)s must sign %(stage)s anew",
                function=gettext(FUNCTIONS[event.function]),
                stage=within(STAGES[event.stage]),
            )
        case DecisionTaken():
            return _tell("Decided: %(choice)s", choice=within(CHOICES[event.choice]))
        case ReviewCame():
            return _tell("The date to look again at the no-go came")
        case RegionHeld():
            return _tell("Held by a person") if event.person is not None else _tell("Held by a rule")
        case RegionResumed():
            return _tell("Hold ended; a new decision is needed")
        case GoRevived():
            return _tell(
                "The gate is met again and nothing else changed: the %(choice)s stands again",
                choice=within(CHOICES[event.choice]),
            )
        case RegionRescheduled():
            return _tell(
                "Rescheduled to %(there)s there (%(utc)s)",
                there=event.wall_clock.replace("T", ", "),
                utc=in_utc(event.launch_at),
            )
        case OwnerChanged():
            return _tell("Handed over to %(owner)s", owner=event.owner)
        case RegionSlipped():
            day = event.wall_clock.replace("T", ", ")
            return _tell(
                "Slipped to %(there)s there (%(utc)s); the go covers it", there=day, utc=in_utc(event.launch_at)
            )
        case RegionCancelled():
            return _tell("Cancelled")
        case RegionLaunched():
            return _tell("Launched")
        case _:
            assert_never(event)


def _tell(message: str, **parts: object) -> str:
    return gettext(message) % parts
