"""What is each act on a region: by which right, in whose words, as which command and with which answer?"""

# One description of each act serves the call on a region, the call on many regions and the rehearsal of both.

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

from sqlalchemy import Connection

from api.answers import DecisionAnswer, SignatureAnswer
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
    OwnerBody,
    PolicyAnswerBody,
    PolicyChangeBody,
    PollBody,
    RescheduleBody,
    ResumeBody,
    RevokePermitBody,
    SignOffBody,
    WaiverBody,
)
from api.commanding import CarriedOut, region_not_found
from api.decision_seen import command_of, decision_answer
from api.live import region_readiness
from api.problems import Fault, Problem, invalid, problem_of
from api.rights import Action
from readiness.canonical import digest
from readiness.commands import (
    AddressLesson,
    AskPolicyChange,
    Cancel,
    CastBallot,
    ChangeOwner,
    Choice,
    ConfirmPolicyChange,
    Decide,
    DeclinePolicyChange,
    DenyWaiver,
    GrantWaiver,
    Hold,
    MeetCondition,
    NameSeat,
    OpenPoll,
    Position,
    RequestWaiver,
    Reschedule,
    Resume,
    RevokePermit,
    RevokeWaiver,
    Role,
    SignOff,
    Stance,
)
from readiness.events import SentBack, SignedOff
from readiness.plan_document import read_policy, reschedule_instant
from readiness.plan_faults import PlanFaulty
from readiness.policy import Function
from readiness.readiness import Readiness, WaiverShown
from readiness.refusals import ReasonMissing
from store.decision_records import latest_kept
from store.engine import Store
from store.ledger import rows_of_command
from store.regions import latest_region, region_record

Fields = Callable[[Connection, datetime, str, str], dict[str, Any]]
"""Returns what a command says beyond what every command carries, for a product and a region, at a moment."""

Said = Readiness | DecisionAnswer | SignatureAnswer | WaiverShown
"""What is said of an act that was carried out."""

Answer = Callable[[Store, CarriedOut], Said]
"""Returns what is said of a command that was carried out."""


def _readiness(store: Store, done: CarriedOut) -> Readiness:
    """Return the readiness that the act led to."""
    return region_readiness(store, done.key.product, done.key.region)


class Act(NamedTuple):
    """One act on a region, whichever region that is."""

    action: Action
    command: type[Any]
    body: GoverningBody
    fields: Fields = lambda _tx, _now, _product, _region: {}
    answer: Answer = _readiness
    status: HTTPStatus = HTTPStatus.OK
    location: str | None = None
    """Where in the region what was made is found."""
    function: Function | None = None
    """The function that one acts for; None where one acts by the right of the action alone."""
    role: Role | None = None
    """The role in which one acts wherever it is; None where the table of rights says it, region by region."""

    one_by_one: bool = False
    """Whether regions are asked one after the other, because what one is given counts for the next."""
    is_after_launch: bool = False
    """Whether it is about regions that have launched, and not about running ones."""

    @property
    def kind(self) -> str:
        """The kind of the command."""
        kind: str = self.command.model_fields["kind"].default
        return kind


def signing(body: SignOffBody) -> Act:
    """Return the signing of one exact revision for a function, or its sending back."""
    said = body.model_dump(include={"stage", "function", "digest", "position"})
    return Act(
        Action.SIGN_OFF,
        SignOff,
        body,
        _always(said),
        _signature,
        status=HTTPStatus.CREATED,
        function=body.function,
    )


def deciding(body: DecisionBody) -> Act:
    """Return the decision on a region."""
    said = {
        "choice": body.verdict,
        "review_at": body.review_at,
        "conditions": [
            {"owner": each.owner, "due_at": each.due_at, "text_digest": digest(each.text)} for each in body.conditions
        ],
        "dissents_accepted": [
            {"function": each.function, "reason_digest": digest(each.reason)} for each in body.dissents_accepted
        ],
    }
    return Act(
        Action.DECIDE,
        Decide,
        body,
        _always(said),
        # A hold is nothing that was decided on evidence: it is kept as any other, and answered so.
        _readiness if body.verdict is Choice.HOLD else partial(_decision, said=body),
        status=HTTPStatus.CREATED,
        location="readiness",
    )


def holding(body: HoldBody) -> Act:
    """Return the stopping of a launch."""
    return Act(Action.HOLD, Hold, body, _always({"review_at": body.review_at}))


def resuming(body: ResumeBody) -> Act:
    """Return the end of a hold."""
    return Act(Action.RESUME, Resume, body)


def cancelling(body: CancelBody) -> Act:
    """Return the end of a region launch."""
    return Act(Action.CANCEL, Cancel, body)


def rescheduling(body: RescheduleBody) -> Act:
    """Return the move of the launch instant, each region reading the same wall clock as its own."""

    def moved(tx: Connection, now: datetime, product: str, region: str) -> dict[str, Any]:
        key = latest_region(tx, product, region)
        if key is None:
            raise region_not_found(product, region)
        try:
            time_zone = region_record(tx, key).region.plan.time_zone
            instant = reschedule_instant(body.launch_at, time_zone, now=now)
        except PlanFaulty as faulty:
            found = [Fault(path="launch_at", code=fault.code, reason=fault.reason) for fault in faulty.faults]
            raise invalid(found) from faulty
        return {"launch_at": instant, "wall_clock": body.launch_at}

    return Act(Action.RESCHEDULE, Reschedule, body, moved)


def asking_to_waive(body: WaiverBody) -> Act:
    """Return the request for a waiver."""
    said = {
        "criterion": body.criterion,
        "floor": body.floor,
        "expires_at": body.expires_at,
        "control_digest": digest(body.compensating_control),
    }
    return Act(
        Action.REQUEST_WAIVER,
        RequestWaiver,
        body,
        _always(said),
        lambda store, done: _waiver(store, done, done.command_id),
        status=HTTPStatus.CREATED,
        location="waivers",
        # The regions of a launch share a budget.
        one_by_one=True,
    )


def answering_waiver(
    body: AnswerBody, waiver: str, command: type[GrantWaiver] | type[DenyWaiver] | type[RevokeWaiver]
) -> Act:
    """Return the grant, the denial or the revocation of a waiver."""
    return Act(
        Action.ANSWER_WAIVER,
        command,
        body,
        _always({"waiver": waiver}),
        lambda store, done: _waiver(store, done, waiver),
    )


def meeting(body: MeetBody, condition: str) -> Act:
    """Return the word that a condition is met."""
    said = {"condition": condition, "proof_digest": digest(body.proof)}
    return Act(Action.MEET_CONDITION, MeetCondition, body, _always(said))


def revoking_permit(body: RevokePermitBody) -> Act:
    """Return the taking away of a permit."""
    return Act(Action.REVOKE_PERMIT, RevokePermit, body, is_after_launch=True)


def polling(body: PollBody) -> Act:
    """Return the opening of a poll."""
    return Act(Action.OPEN_POLL, OpenPoll, body, status=HTTPStatus.CREATED)


def voting(body: BallotBody) -> Act:
    """Return a sealed ballot; raises the problem `reason-missing` where one does not agree and does not say why."""
    if body.position is not Stance.AGREE and body.reason is None:
        raise problem_of(ReasonMissing(detail="Whoever does not agree says why. Give it in `reason`."))
    # Not even whether there is a reason travels: only who agrees may leave it out.
    said = {"reason_digest": None, "function": body.function}
    return Act(Action.CAST_BALLOT, CastBallot, body, _always(said), status=HTTPStatus.CREATED, function=body.function)


def naming(body: NameBody, function: Function) -> Act:
    """Return the naming of another person for an idle seat."""
    return Act(Action.NAME_SEAT, NameSeat, body, _always({"function": function, "named": body.person}))


def changing_policy(body: PolicyChangeBody) -> Act:
    """Return the wish for another policy: each region's own with what was asked for instead."""
    wished = body.model_dump(mode="json", include={"policy", "applies", "from_at"})

    def changed(tx: Connection, now: datetime, product: str, region: str) -> dict[str, Any]:
        del now
        key = latest_region(tx, product, region)
        if key is None:
            raise region_not_found(product, region)
        try:
            policy, below_tier = read_policy(body.policy, base=region_record(tx, key).region.policy)
        except PlanFaulty as faulty:
            found = [Fault(path=f"policy.{f.path}", code=f.code, reason=f.reason) for f in faulty.faults]
            raise invalid(found) from faulty
        return {
            "change": digest(wished),
            "policy": policy,
            "below_tier": below_tier,
            "applies": body.applies,
            "from_at": body.from_at,
        }

    return Act(Action.CHANGE_POLICY, AskPolicyChange, body, changed, status=HTTPStatus.CREATED, location="policy")


def answering_policy(body: PolicyAnswerBody, command: type[ConfirmPolicyChange] | type[DeclinePolicyChange]) -> Act:
    """Return the confirmation or the refusal of a change of policy."""
    return Act(Action.ANSWER_POLICY, command, body, _always({"change": body.change}))


def addressing(body: AddressBody, lesson: str) -> Act:
    """Return the word on how what an earlier wave learned is addressed."""
    return Act(
        Action.ADDRESS_LESSON, AddressLesson, body, _always({"lesson": lesson, "how_digest": digest(body.how)})
    )


def owning(body: OwnerBody, role: Role) -> Act:
    """Return the handing over of a region to another owner."""
    return Act(Action.CHANGE_OWNER, ChangeOwner, body, _always({"owner": body.owner}), role=role)


def _always(said: dict[str, Any]) -> Fields:
    return lambda _tx, _now, _product, _region: said


def _signature(store: Store, signed: CarriedOut) -> SignatureAnswer:
    """Return the sign-off as the ledger has it."""
    with store.glancing() as connection:
        rows = rows_of_command(connection, signed.key, signed.command_id)
    written = next(row.event for row in rows if isinstance(row.event, SignedOff | SentBack))
    return SignatureAnswer(
        stage=written.stage,
        function=written.function,
        person=written.person or "",
        digest=written.digest,
        at=written.at,
        position=Position.APPROVE if isinstance(written, SignedOff) else Position.SEND_BACK,
    )


def _decision(store: Store, done: CarriedOut, *, said: DecisionBody) -> DecisionAnswer:
    """Return the decision with the readiness that it was taken on, as they were written down."""
    with store.glancing() as connection:
        record = latest_kept(connection, done.key, until=done.accepted.version)
    if record is None or command_of(record) != done.command_id:
        raise LookupError(f"{done.key} has no record of what command {done.command_id} decided")
    return decision_answer(record, done.key, said, version=done.accepted.version)


def _waiver(store: Store, done: CarriedOut, waiver_id: str) -> WaiverShown:
    """Return the waiver as its region's readiness shows it."""
    readiness = region_readiness(store, done.key.product, done.key.region)
    found = next((waiver for waiver in readiness.waivers if waiver.id == waiver_id), None)
    if found is None:
        raise Problem("not-found", f"{readiness.product} in {readiness.region} has no such waiver in this run.")
    return found
