"""What exactly does each event change, and what does it leave as it was?"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from readiness.canonical import digest
from readiness.commands import Choice
from readiness.events import (
    BallotCast,
    ConditionMet,
    ConditionMissed,
    CriteriaJudged,
    CriterionStatus,
    DecisionTaken,
    HoldCause,
    Judged,
    PollOpened,
    RegionCancelled,
    RegionEvent,
    RegionHeld,
    RegionLaunched,
    RegionRescheduled,
    RegionResumed,
    ReviewCame,
    SentBack,
    SignedOff,
    SignOffVoided,
    StageOpened,
    StagePassed,
    StageReopened,
    WaiverLapsed,
    WaiverRequested,
)
from readiness.evidence import AudienceChange
from readiness.ledger import RegionRow
from readiness.lesson_events import LessonAddressed
from readiness.policy import CriterionKey, Function, Stage
from readiness.region import (
    AddressedLesson,
    ConditionStatus,
    Decision,
    Ending,
    Holding,
    JudgedStatus,
    RegionLaunch,
    Signature,
    StageState,
    StageStatus,
    WaiverStatus,
)
from readiness.rules import begin, evolve, fold
from tests.readiness.builders import KEY, LAUNCH_AT, NOW, OWNER, READY_WORLD, region_launch, started
from tests.readiness.governing import conditional, waived
from tests.readiness.steps import accepted, looked, signed, with_go

AT = NOW + timedelta(hours=5)
DIGEST = digest("something")
MESSAGE, GO_NO_GO = Stage.VALUE_PROPOSITIONS, Stage.GO_NO_GO
BY: dict[str, Any] = {"at": AT, "person": "somebody", "command_id": "command-9"}
JUDGED = (Judged(key=CriterionKey.CERTIFIED_SHARE, status=CriterionStatus.MET, numerator=4, denominator=5),)
GONE: dict[Any, Any] = {"decision": None, GO_NO_GO: ("reopened", NOW, None, AT)}
"""What changes where a go is lost."""


def ready() -> RegionLaunch:
    """Return a region that waits for its decision."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def no_go() -> RegionLaunch:
    """Return a region with a no-go that stands."""
    event = DecisionTaken(at=NOW, person="ex-1", choice=Choice.NO_GO, launch_at=LAUNCH_AT, review_at=AT)
    return evolve(ready(), event)


def held(cause: HoldCause) -> RegionLaunch:
    """Return a region that is held."""
    return evolve(ready(), RegionHeld(at=NOW, cause=cause, person="pm-7" if cause is HoldCause.PERSON else None))


def stage_of(state: StageState) -> tuple[str, datetime | None, datetime | None, datetime | None]:
    """Return the status of a stage, when it was opened and closed, and since when it stands so."""
    return state.status.value, state.opened_at, state.closed_at, state.since


def changed(before: RegionLaunch, event: RegionEvent) -> dict[Any, Any]:
    """Return what `event` makes different, stage by stage and field by field, but for what every event changes."""
    after = evolve(before, event)
    assert after.version == before.version + 1
    assert after.last_at == event.at
    assert after.last_person == (event.person or before.last_person)
    always = {"version", "last_at", "last_person", "stages"}
    fields = {
        name: getattr(after, name)
        for name in RegionLaunch.model_fields
        if name not in always and getattr(after, name) != getattr(before, name)
    }
    stages = {new.stage: stage_of(new) for old, new in zip(before.stages, after.stages, strict=True) if old != new}
    return {**fields, **stages}


def test_a_region_begins_with_everything_its_first_event_carries() -> None:
    """The plan and the rules that a region keeps are those of its start."""
    event = started().model_copy(update={"launch_run": 3, "below_tier": ("policy.training.required_share",)})
    region = begin(KEY, event)
    kept = ("launch_run", "product_name", "tier", "owner", "plan", "courses", "assessment", "policy", "below_tier")
    assert {name: getattr(region, name) for name in kept} == {name: getattr(event, name) for name in kept}
    assert (region.key, region.version, region.started_at) == (KEY, 1, NOW)
    assert (region.last_person, region.last_at) == (OWNER, NOW)
    assert [stage_of(state) for state in region.stages] == [
        ("open", NOW, None, NOW),
        *[("locked", None, None, None)] * 5,
    ]
    assert [state.stage for state in region.stages] == list(Stage)


def test_a_judgement_notes_the_status_of_each_criterion_and_no_figure() -> None:
    """What a hint is compared with are statuses."""
    noted = (JudgedStatus(key=CriterionKey.CERTIFIED_SHARE, status=CriterionStatus.MET),)
    assert changed(region_launch(), CriteriaJudged(at=AT, judged=JUDGED)) == {"judged": noted}


def test_a_stage_keeps_when_it_was_opened_passed_and_reopened() -> None:
    """A stage tells since when it stands as it does."""
    region = region_launch()
    assert changed(region, StageOpened(at=AT, stage=Stage.TRAINING)) == {Stage.TRAINING: ("open", AT, None, AT)}
    assert changed(region, StagePassed(at=AT, stage=MESSAGE)) == {MESSAGE: ("passed", NOW, AT, AT)}
    reopened = StageReopened(at=AT, stage=MESSAGE, criteria=(CriterionKey.VALUE_PROPOSITIONS_SIGNED,))
    assert changed(ready(), reopened) == {MESSAGE: ("reopened", NOW, None, AT)}


def test_a_sign_off_keeps_who_signed_what_when_and_by_which_command() -> None:
    """A sign-off is for one revision, by one person."""
    event = SignedOff(stage=MESSAGE, function=Function.SALES, digest=DIGEST, **BY)
    signature = Signature(
        stage=MESSAGE, function=Function.SALES, person="somebody", digest=DIGEST, at=AT, command_id="command-9"
    )
    region = ready()
    others = tuple(s for s in region.sign_offs if (s.stage, s.function) != (MESSAGE, Function.SALES))
    assert changed(region, event) == {"sign_offs": (*others, signature)}
    sent_back = SentBack(stage=MESSAGE, function=Function.SALES, digest=DIGEST, **BY)
    assert changed(region, sent_back) == {"sign_offs": others, "sent_back": (signature,)}
    voided = SignOffVoided(at=AT, stage=MESSAGE, function=Function.SALES, digest=DIGEST)
    assert changed(region, voided) == {"sign_offs": others}
    assert len(others) == 3


def test_a_decision_keeps_what_it_was_taken_for_and_on() -> None:
    """A go passes the last stage; the decision says when, by whom, for which instant and on which counts."""
    audience = AudienceChange(joined=1, left=2, excluded=3, since=NOW)
    event = DecisionTaken(
        choice=Choice.GO, launch_at=LAUNCH_AT, judged=JUDGED, gathered_at=NOW, audience=audience, **BY
    )
    region = ready()
    decision = Decision(
        choice=Choice.GO,
        person="somebody",
        at=AT,
        launch_at=LAUNCH_AT,
        version=region.version + 1,
        command_id="command-9",
        judged=JUDGED,
        gathered_at=NOW,
        audience=audience,
    )
    assert changed(region, event) == {"decision": decision, GO_NO_GO: ("passed", NOW, AT, AT)}
    assert changed(held(HoldCause.GATE_UNMET), event)["holding"] is None


def test_a_no_go_ends_a_go_and_a_hold_by_rule() -> None:
    """A no-go stands until its date to look again, and the question is open from when it was taken."""
    event = DecisionTaken(choice=Choice.NO_GO, launch_at=LAUNCH_AT, review_at=AT, **BY)
    over_a_go = changed(with_go(), event)
    assert over_a_go[GO_NO_GO] == ("reopened", NOW, None, AT)
    assert (over_a_go["decision"].choice, over_a_go["decision"].review_at) == (Choice.NO_GO, AT)
    over_a_hold = changed(held(HoldCause.GATE_UNMET), event)
    assert set(over_a_hold) == {"decision", "holding"}
    assert over_a_hold["holding"] is None


def test_a_review_ends_a_no_go() -> None:
    """The question is open again."""
    assert changed(no_go(), ReviewCame(at=AT)) == {"decision": None}


def test_a_hold_by_a_person_keeps_who_until_when_and_by_which_command() -> None:
    """A hold takes the go away."""
    event = RegionHeld(cause=HoldCause.PERSON, review_at=LAUNCH_AT, **BY)
    holding = Holding(cause=HoldCause.PERSON, at=AT, person="somebody", review_at=LAUNCH_AT, command_id="command-9")
    assert changed(with_go(), event) == {"holding": holding, **GONE}


def test_a_hold_by_a_rule_names_nobody_but_what_was_wrong() -> None:
    """A hold by rule keeps the criteria and the objections that led to it."""
    criteria = (CriterionKey.CERTIFIED_SHARE,)
    event = RegionHeld(cause=HoldCause.LAUNCH_REFUSED, criteria=criteria, objections=("no",), **BY)
    holding = Holding(
        cause=HoldCause.LAUNCH_REFUSED, at=AT, criteria=criteria, objections=("no",), command_id="command-9"
    )
    assert changed(with_go(), event) == {"holding": holding, **GONE}
    assert not holding.is_by_person


def test_a_hold_leaves_a_no_go_standing() -> None:
    """A no-go is an executive's; who plans the launch cannot wipe it with a hold."""
    assert set(changed(no_go(), RegionHeld(at=AT, cause=HoldCause.PERSON, person="pm-7"))) == {"holding"}


@pytest.mark.parametrize("cause", HoldCause)
def test_a_resume_ends_any_hold_and_nothing_else(cause: HoldCause) -> None:
    """A resume gives nothing back."""
    assert changed(held(cause), RegionResumed(**BY)) == {"holding": None}


def test_a_resume_never_leaves_a_go() -> None:
    """Whatever stood before, resuming does not lead to go."""
    assert changed(with_go(), RegionResumed(**BY)) == GONE


def test_a_reschedule_moves_the_instant_and_takes_the_go_with_it() -> None:
    """A go is for one launch instant."""
    later_at = LAUNCH_AT + timedelta(days=1)
    event = RegionRescheduled(launch_at=later_at, wall_clock="2027-03-02T09:00", **BY)
    after = changed(with_go(), event)
    plan = with_go().plan.model_copy(update={"launch_at": later_at, "wall_clock": "2027-03-02T09:00"})
    assert after == {"plan": plan, "moved_at": AT, **GONE}
    assert changed(no_go(), event) == {"plan": plan, "moved_at": AT}


@pytest.mark.parametrize("cause", HoldCause)
def test_a_reschedule_ends_a_hold_by_rule_and_never_a_persons(cause: HoldCause) -> None:
    """Who held a region resumes it."""
    event = RegionRescheduled(launch_at=LAUNCH_AT + timedelta(days=1), wall_clock="later", **BY)
    after = evolve(held(cause), event)
    assert after.holding == (held(cause).holding if cause is HoldCause.PERSON else None)


def test_a_cancellation_ends_the_region_with_its_hold_and_its_decision() -> None:
    """What was cancelled neither waits nor goes."""
    ended: dict[str, Any] = {"ending": Ending.CANCELLED, "ended_at": AT}
    assert changed(with_go(), RegionCancelled(**BY)) == {**ended, "decision": None}
    assert changed(held(HoldCause.PERSON), RegionCancelled(**BY)) == {**ended, "holding": None}


def test_a_launch_ends_the_region_and_keeps_the_decision_that_it_rests_on() -> None:
    """The launched stage is passed by the launch alone."""
    event = RegionLaunched(at=AT, launch_at=LAUNCH_AT, decision_version=1)
    ended: dict[str, Any] = {"ending": Ending.LAUNCHED, "ended_at": AT, Stage.LAUNCHED: ("passed", None, AT, AT)}
    assert changed(with_go(), event) == ended
    assert changed(held(HoldCause.PERSON), event) == {**ended, "holding": None}


def test_a_region_cannot_begin_twice() -> None:
    """A second beginning in a ledger is a broken ledger."""
    with pytest.raises(ValueError, match=r"atlas-2/emea \(run 1\) has begun already"):
        evolve(region_launch(), started())


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (SignedOff(at=AT, stage=MESSAGE, function=Function.SALES, digest=DIGEST), "signed_off names nobody"),
        (SentBack(at=AT, stage=MESSAGE, function=Function.SALES, digest=DIGEST), "sent_back names nobody"),
        (DecisionTaken(at=AT, choice=Choice.GO, launch_at=LAUNCH_AT), "^a decision names nobody$"),
        (
            WaiverRequested(at=AT, waiver="w-1", criterion=CriterionKey.CERTIFIED_SHARE, floor=1, expires_at=AT),
            "^a request for a waiver names nobody$",
        ),
        (BallotCast(at=AT, function=Function.SALES), "^a ballot names nobody$"),
        (LessonAddressed(at=AT, lesson="lesson-1", how_digest=DIGEST), "^lesson_addressed names nobody$"),
    ],
)
def test_what_only_a_person_does_names_a_person(event: RegionEvent, said: str) -> None:
    """A sign-off, a decision or a ballot of nobody's is a broken ledger."""
    polled = evolve(region_launch(), PollOpened(seats=(Function.SALES,), closes_at=AT, **BY))
    with pytest.raises(ValueError, match=said):
        evolve(polled, event)


def test_a_decision_keeps_the_waivers_that_it_rests_on() -> None:
    """Whoever reads it later knows what it passed over."""
    event = DecisionTaken(choice=Choice.GO, launch_at=LAUNCH_AT, waivers=("waiver-1",), **BY)
    assert changed(ready(), event)["decision"].waivers == ("waiver-1",)


def test_a_waiver_that_lapses_says_when_it_ended() -> None:
    """Nobody ended it; nothing else of it changes."""
    region = waived()
    (granted,) = region.waivers
    lapsed = granted.model_copy(update={"status": WaiverStatus.LAPSED, "ended_at": AT})
    assert changed(region, WaiverLapsed(at=AT, waiver=granted.id)) == {"waivers": (lapsed,)}


def test_a_condition_that_is_met_keeps_its_proof_and_one_that_is_missed_its_moment() -> None:
    """Who closed it, when, with which proof and by which command; a missed one nobody closed."""
    region = accepted(ready(), conditional(LAUNCH_AT - timedelta(days=7)), READY_WORLD)
    assert region.decision is not None
    (promised,) = region.decision.conditions
    met = {"status": ConditionStatus.MET, "closed_by": "somebody", "closed_at": AT}
    proved = {"proof_digest": DIGEST, "proof_command_id": "command-9"}
    event = ConditionMet(condition=promised.promised.id, proof_digest=DIGEST, **BY)
    assert changed(region, event)["decision"].conditions == (promised.model_copy(update={**met, **proved}),)
    missed = promised.model_copy(update={"status": ConditionStatus.MISSED, "closed_at": AT})
    event_of_missed = ConditionMissed(at=AT, condition=promised.promised.id)
    assert changed(region, event_of_missed)["decision"].conditions == (missed,)


def test_a_lesson_that_is_addressed_keeps_who_said_how() -> None:
    """The words lie with the command, under their digest."""
    event = LessonAddressed(lesson="lesson-1", how_digest=DIGEST, **BY)
    kept = AddressedLesson(lesson="lesson-1", person="somebody", at=AT, how_digest=DIGEST, command_id="command-9")
    assert changed(region_launch(), event) == {"addressed": (kept,)}


def test_where_no_go_was_lost_none_may_revive() -> None:
    """Neither where none ever stood nor where one stands."""
    assert not ready().may_revive_at(AT)
    assert not with_go().may_revive_at(AT)


ROWS = (
    RegionRow(version=1, event=started()),
    RegionRow(version=2, event=StagePassed(at=AT, stage=MESSAGE)),
    RegionRow(version=3, event=StageOpened(at=AT, stage=Stage.OBJECTION_HANDLING)),
)


def test_a_region_is_the_fold_of_its_rows_whether_at_once_or_in_parts() -> None:
    """Where a reader stopped, it goes on."""
    whole = fold(KEY, None, ROWS)
    assert whole == evolve(evolve(begin(KEY, started()), ROWS[1].event), ROWS[2].event)
    assert fold(KEY, fold(KEY, None, ROWS[:2]), ROWS[2:]) == whole
    assert fold(KEY, None, ()) is None


@pytest.mark.parametrize(
    ("known", "rows", "said"),
    [
        (0, ROWS[1:], r"version 2 of atlas-2/emea \(run 1\) does not follow on version 0"),
        (1, ROWS[2:], "version 3 of .* does not follow on version 1"),
        (2, ROWS[1:], "version 2 of .* does not follow on version 2"),
        (0, (RegionRow(version=1, event=ROWS[1].event),), "stage_passed cannot be the first event of atlas-2/emea"),
    ],
)
def test_a_ledger_with_a_gap_a_repeat_or_no_beginning_is_refused(
    known: int, rows: tuple[RegionRow, ...], said: str
) -> None:
    """A region is never made of a ledger that is not whole."""
    region = fold(KEY, None, ROWS[:known])
    with pytest.raises(ValueError, match=said):
        fold(KEY, region, rows)


def test_a_closed_stage_is_one_that_was_passed_or_waived() -> None:
    """Only what is closed lets the next one open."""
    closed = [status for status in StageStatus if StageState(stage=MESSAGE, status=status).is_closed]
    assert closed == [StageStatus.PASSED, StageStatus.WAIVED]
