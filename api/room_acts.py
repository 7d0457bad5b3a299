"""Which acts has a region's page a form for, and what would each form say?"""

# One row describes each form: by which right, as which body and act, and what it may be about as the region stands.
# Whether it may be done is asked of the core with what the form would say, never judged here.

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from api.acts import (
    Act,
    addressing,
    answering_policy,
    answering_waiver,
    asking_to_waive,
    cancelling,
    changing_policy,
    deciding,
    holding,
    meeting,
    naming,
    polling,
    rescheduling,
    resuming,
    revoking_permit,
    signing,
    voting,
)
from api.bodies import (
    AddressBody,
    AnswerBody,
    BallotBody,
    CancelBody,
    DecisionBody,
    GoverningBody,
    HoldBody,
    MeetBody,
    NameBody,
    PolicyAnswerBody,
    PolicyChangeBody,
    PollBody,
    RescheduleBody,
    ResumeBody,
    RevokePermitBody,
    SignOffBody,
    WaiverBody,
)
from api.rights import Action
from readiness.commands import (
    Choice,
    ConfirmPolicyChange,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    Position,
    RevokeWaiver,
    Stance,
)
from readiness.instants import written
from readiness.policy import SHARES, Function
from readiness.policy_events import Applies
from readiness.readiness import Readiness
from readiness.region import ConditionStatus, RegionLaunch, WaiverStatus
from readiness.turns import note_standing
from readiness.values import BASIS_POINTS
from store.content import StageContent
from templates.pages import About

SAMPLE = "…"
"""What stands for the words of a form that nobody has filled in yet, where the core is asked whether they might."""

SAMPLE_PERSON = "somebody"
"""Whom a form would name that nobody has filled in yet."""

DAY = timedelta(days=1)


class Sight(NamedTuple):
    """What is known of a region as its page is gathered."""

    region: RegionLaunch
    readiness: Readiness
    contents: tuple[StageContent, ...]
    now: datetime


class Subject(NamedTuple):
    """One thing that an act may be about, and what its form would say of it."""

    said: tuple[dict[str, Any], ...]
    """What the form would say, once for each way that it may be filled in."""
    key: str = ""
    about: About = ()
    fixed: dict[str, str] = {}  # noqa: RUF012 - nobody changes it: a tuple of this kind is read alone.
    function: Function | None = None
    """The function that one must speak for."""
    latest: datetime | None = None
    has_spoken: bool = False
    """True where that function sent this very text back: it is not its turn until the text is written anew."""
    person: str = SAMPLE_PERSON
    """As whom the core is asked whether it may be done at all, where it is for others to do."""


class RoomAct(NamedTuple):
    """One act with a form on the page of a region."""

    name: str
    """Stands in its address, and is the key of its words."""
    action: Action
    body: type[GoverningBody]
    make: Callable[[Any, str], Act]
    """Returns the act that a body stands for, about the thing with that key."""
    subjects: Callable[[Sight], Iterator[Subject]]
    at: str
    """The part of the page that it belongs to."""
    asks_first: bool = False
    """Whether it says what it would lead to, and is done only when asked a second time."""
    sends_seen: bool = True
    """Whether it is refused where the region has moved on since the page was read."""


def _running(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is None:
        yield Subject(({"reason": SAMPLE},))


def _held(sight: Sight) -> Iterator[Subject]:
    if sight.region.holding is not None:
        yield from _running(sight)


def _movable(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is None:
        later = max(sight.region.launch_at, sight.now) + DAY
        clock = written(later.astimezone(ZoneInfo(sight.region.plan.time_zone)).replace(microsecond=0, tzinfo=None))
        yield Subject(({"launch_at": clock, "reason": SAMPLE},))


def _signed(position: Position) -> Callable[[Sight], Iterator[Subject]]:
    def subjects(sight: Sight) -> Iterator[Subject]:
        if sight.region.ending is not None:
            return
        for content in sight.contents:
            signers = sight.region.policy.signers_of(content.stage)
            is_back = any(note_standing(sight.region, content.stage, each, content.evidence) for each in signers)
            for function in signers:
                fixed = {
                    "stage": content.stage.value,
                    "function": function.value,
                    "digest": content.evidence.digest,
                    "position": position.value,
                }
                about = (content.stage, function)
                key = f"{content.stage.value}.{function.value}"
                note = note_standing(sight.region, content.stage, function, content.evidence)
                if position is Position.SEND_BACK and function is Function.MARKETING and is_back:
                    # It writes the text anew: nobody sends back what was sent back to them.
                    continue
                said = ({**fixed, "reason": SAMPLE},)
                yield Subject(said, key, about, fixed, function, has_spoken=note is not None)

    return subjects


def _poll(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is None and sight.region.policy.go_no_go.polled:
        yield Subject(({},))


def _ballots(sight: Sight) -> Iterator[Subject]:
    poll = sight.region.poll
    if sight.region.ending is not None or poll is None or poll.closed_at is not None:
        return
    for function in poll.seats:
        fixed = {"function": function.value}
        yield Subject(({**fixed, "position": Stance.AGREE},), function.value, (function,), fixed, function)


def _idle_seats(sight: Sight) -> Iterator[Subject]:
    for function in dict.fromkeys(seat.function for seat in sight.region.idle):
        yield Subject(({"person": SAMPLE_PERSON, "reason": SAMPLE},), function.value, (function,))


def _waivable(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is not None:
        return
    latest = sight.region.launch_at + timedelta(days=sight.region.policy.waivers.days_after_launch)
    for criterion in sight.readiness.criteria:
        if criterion.key in SHARES and criterion.key in sight.region.policy.waivers.waivable:
            if criterion.is_satisfied:
                continue
            fixed = {"criterion": criterion.key.value}
            said = {
                **fixed,
                "reason": SAMPLE,
                "compensating_control": SAMPLE,
                "expires_at": latest.isoformat(),
            }
            yield Subject((said,), criterion.key.value, (criterion.key,), fixed, latest=latest)


def _waivers(status: WaiverStatus) -> Callable[[Sight], Iterator[Subject]]:
    def subjects(sight: Sight) -> Iterator[Subject]:
        if sight.region.ending is not None:
            return
        for waiver in sight.region.waivers:
            if waiver.status is status:
                yield Subject(({"reason": SAMPLE},), waiver.id, (waiver.criterion,))

    return subjects


def _decision(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is not None:
        return
    accepted = [{"function": function.value, "reason": SAMPLE} for function in dissents(sight.readiness)]
    soon = (sight.now + timedelta(minutes=1)).isoformat()
    promised = {"text": SAMPLE, "owner": SAMPLE_PERSON, "due_at": max(sight.region.launch_at, sight.now).isoformat()}
    yield Subject(
        (
            {"verdict": Choice.GO, "reason": SAMPLE, "dissents_accepted": accepted},
            {
                "verdict": Choice.CONDITIONAL_GO,
                "reason": SAMPLE,
                "dissents_accepted": accepted,
                "conditions": [promised],
            },
            {"verdict": Choice.NO_GO, "reason": SAMPLE, "review_at": soon},
            {"verdict": Choice.HOLD, "reason": SAMPLE},
        ),
        latest=sight.region.launch_at + timedelta(days=sight.region.policy.go_no_go.condition_days_after_launch),
    )


def dissents(readiness: Readiness) -> tuple[Function, ...]:
    """Return whose dissent a go would have to accept by name."""
    seats = readiness.poll.seats if readiness.poll is not None and readiness.poll.closed_at is not None else ()
    return tuple(seat.function for seat in seats if seat.position is Stance.DISSENT)


def _conditions(sight: Sight) -> Iterator[Subject]:
    for condition in sight.readiness.conditions:
        if condition.status is not ConditionStatus.MET:
            about = (condition.text or condition.id,)
            yield Subject(({"proof": SAMPLE},), condition.id, about, person=condition.owner)


def _lessons(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is not None:
        return
    for lesson in sight.readiness.must_address:
        if lesson.addressed_by is None:
            yield Subject(({"how": SAMPLE},), lesson.id, (lesson.reason or lesson.region,))


def _policy_change(sight: Sight) -> Iterator[Subject]:
    change = sight.region.policy_change
    if sight.region.ending is None and change is not None and change.confirmed_by is None:
        fixed = {"change": change.change}
        yield Subject(({**fixed, "reason": SAMPLE},), fixed=fixed)


def _other_policy(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is not None:
        return
    # Any other than today's will do to ask the core with; each way in which it may count is one to fill it in.
    asked = Decimal(sight.region.policy.certification.required_share)
    another = {"certification": {"required_share": str((asked - 1 if asked > 1 else asked + 1) / BASIS_POINTS)}}
    soon = (sight.now + timedelta(minutes=1)).isoformat()
    yield Subject(
        (
            {"policy": another, "applies": Applies.NEXT_GATE, "reason": SAMPLE},
            {"policy": another, "applies": Applies.ALL, "from_at": soon, "reason": SAMPLE},
        )
    )


def _permit(sight: Sight) -> Iterator[Subject]:
    if sight.region.ending is not None and sight.region.ending.value == "launched" and not sight.region.revoked_at:
        yield Subject(({"reason": SAMPLE},))


ROOM_ACTS: tuple[RoomAct, ...] = (
    RoomAct(
        "sign-off",
        Action.SIGN_OFF,
        SignOffBody,
        lambda body, _: signing(body),
        _signed(Position.APPROVE),
        "message",
        sends_seen=False,
    ),
    RoomAct(
        "send-back",
        Action.SIGN_OFF,
        SignOffBody,
        lambda body, _: signing(body),
        _signed(Position.SEND_BACK),
        "message",
        sends_seen=False,
    ),
    RoomAct("decide", Action.DECIDE, DecisionBody, lambda body, _: deciding(body), _decision, "decision", True),
    RoomAct("hold", Action.HOLD, HoldBody, lambda body, _: holding(body), _running, "launch", sends_seen=False),
    RoomAct("resume", Action.RESUME, ResumeBody, lambda body, _: resuming(body), _held, "launch"),
    RoomAct(
        "reschedule", Action.RESCHEDULE, RescheduleBody, lambda body, _: rescheduling(body), _movable, "launch", True
    ),
    RoomAct("cancel", Action.CANCEL, CancelBody, lambda body, _: cancelling(body), _running, "launch", True),
    RoomAct("open-poll", Action.OPEN_POLL, PollBody, lambda body, _: polling(body), _poll, "poll"),
    RoomAct("cast-ballot", Action.CAST_BALLOT, BallotBody, lambda body, _: voting(body), _ballots, "poll"),
    RoomAct(
        "name-seat",
        Action.NAME_SEAT,
        NameBody,
        lambda body, key: naming(body, Function(key)),
        _idle_seats,
        "poll",
        sends_seen=False,
    ),
    RoomAct(
        "request-waiver",
        Action.REQUEST_WAIVER,
        WaiverBody,
        lambda body, _: asking_to_waive(body),
        _waivable,
        "waivers",
        sends_seen=False,
    ),
    RoomAct(
        "grant-waiver",
        Action.ANSWER_WAIVER,
        AnswerBody,
        lambda body, key: answering_waiver(body, key, GrantWaiver),
        _waivers(WaiverStatus.REQUESTED),
        "waivers",
    ),
    RoomAct(
        "deny-waiver",
        Action.ANSWER_WAIVER,
        AnswerBody,
        lambda body, key: answering_waiver(body, key, DenyWaiver),
        _waivers(WaiverStatus.REQUESTED),
        "waivers",
    ),
    RoomAct(
        "revoke-waiver",
        Action.ANSWER_WAIVER,
        AnswerBody,
        lambda body, key: answering_waiver(body, key, RevokeWaiver),
        _waivers(WaiverStatus.GRANTED),
        "waivers",
        True,
    ),
    RoomAct("meet-condition", Action.MEET_CONDITION, MeetBody, meeting, _conditions, "conditions", sends_seen=False),
    RoomAct("address-lesson", Action.ADDRESS_LESSON, AddressBody, addressing, _lessons, "lessons", sends_seen=False),
    RoomAct(
        "ask-policy",
        Action.CHANGE_POLICY,
        PolicyChangeBody,
        lambda body, _: changing_policy(body),
        _other_policy,
        "policy",
        sends_seen=False,
    ),
    RoomAct(
        "confirm-policy",
        Action.ANSWER_POLICY,
        PolicyAnswerBody,
        lambda body, _: answering_policy(body, ConfirmPolicyChange),
        _policy_change,
        "policy",
        True,
    ),
    RoomAct(
        "decline-policy",
        Action.ANSWER_POLICY,
        PolicyAnswerBody,
        lambda body, _: answering_policy(body, DeclinePolicyChange),
        _policy_change,
        "policy",
    ),
    RoomAct(
        "revoke-permit",
        Action.REVOKE_PERMIT,
        RevokePermitBody,
        lambda body, _: revoking_permit(body),
        _permit,
        "permit",
        True,
        sends_seen=False,
    ),
)
"""Every act that has a form on the page of a region, in the order in which they are named there."""
