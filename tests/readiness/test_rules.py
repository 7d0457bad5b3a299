"""Does a region launch go where the rules say, step by step?"""

from datetime import timedelta

import pytest

from readiness.canonical import digest
from readiness.commands import Cancel, Choice, Hold, Position, Reschedule, Resume, Role
from readiness.evaluate import UNMET_AT_INSTANT
from readiness.events import HoldCause, SignOffVoided, StageReopened
from readiness.ledger import LaunchRefused, Look
from readiness.policy import Function, Stage
from readiness.readiness import Rag
from readiness.region import Ending, RegionLaunch, StageStatus, Verdict
from readiness.rules import (
    BEING_CHECKED,
    bearings,
    evaluate,
    evolve,
    propose,
    verdict_of,
    wants_launch,
    why_not_launch,
)
from tests.readiness.builders import (
    LAUNCH_AT,
    NOW,
    OWNER,
    READY_WORLD,
    SIGNERS,
    World,
    decision,
    region_launch,
    sign_off,
)
from tests.readiness.steps import accepted, launched, looked, refused, signed, with_go

WHY = digest("why")


def asked(person: str = OWNER, role: Role = Role.PRODUCT_MANAGER) -> dict[str, object]:
    """Return what every command carries."""
    return {"command_id": "c", "person": person, "role": role, "logged_at": NOW, "reason_digest": WHY}


def hold(person: str = OWNER) -> Hold:
    """Return a hold with a reason."""
    return Hold.model_validate(asked(person))


def resume() -> Resume:
    """Return a resume with a reason."""
    return Resume.model_validate(asked())


def ready() -> RegionLaunch:
    """Return a region that waits for its decision."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def reschedule(by: timedelta) -> Reschedule:
    """Return a move of the launch instant."""
    return Reschedule.model_validate({**asked(), "launch_at": LAUNCH_AT + by, "wall_clock": "2027-03-02T09:00"})


def test_a_new_region_opens_with_its_first_stage_and_no_other() -> None:
    """Order: only the message is worked on at first."""
    statuses = [state.status for state in region_launch().stages]
    assert statuses == [StageStatus.OPEN, *[StageStatus.LOCKED] * 5]


def test_stages_pass_one_after_the_other_as_evidence_arrives() -> None:
    """A stage whose criteria are met passes as it opens, in order."""
    region = signed(region_launch(), World())
    assert region.stage(Stage.OBJECTION_HANDLING).status is StageStatus.PASSED
    assert region.stage(Stage.TRAINING).status is StageStatus.OPEN
    region = looked(region, READY_WORLD)
    assert verdict_of(region) is Verdict.READY
    assert region.stage(Stage.GO_NO_GO).status is StageStatus.OPEN


def test_learning_before_the_message_is_signed_passes_no_stage_early() -> None:
    """Facts count from before, but order governs what closes."""
    region = looked(region_launch(), READY_WORLD)
    assert region.stage(Stage.TRAINING).status is StageStatus.LOCKED
    readiness = evaluate(region.policy, READY_WORLD.evidence(), region, at=LAUNCH_AT)
    assert {c.key.value: c.status.value for c in readiness.criteria}["training_completion"] == "met"


def test_a_locked_stage_takes_no_sign_off() -> None:
    """A stage opens only when the one before it is passed."""
    command = sign_off(Function.SALES, Role.SALES_LEAD, "sa-1", stage=Stage.OBJECTION_HANDLING)
    assert refused(region_launch(), command, World()) == "stage-locked"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"function": Function.ENABLEMENT}, "not-a-signer"),
        ({"stage": Stage.TRAINING}, "not-a-signer"),
        ({"role": Role.MARKETING}, "function-not-held"),
        ({"digest": digest("other")}, "digest-is-stale"),
        ({"position": Position.SEND_BACK, "reason_digest": None}, "reason-missing"),
        ({"seen": 0}, "readiness-moved-on"),
    ],
)
def test_a_sign_off_that_may_not_be_is_refused_by_name(change: dict[str, object], kind: str) -> None:
    """Each fault of a sign-off has its own refusal."""
    command = sign_off(Function.SALES, Role.SALES_LEAD, "sa-1").model_copy(update=change)
    assert refused(region_launch(), command, World()) == kind


def test_nobody_signs_while_a_segment_has_no_statement() -> None:
    """Incomplete content takes no approval."""
    world = World(missing=("enterprise",))
    assert refused(region_launch(), sign_off(*SIGNERS[0], world=world), world) == "content-is-incomplete"


def test_one_person_never_signs_for_two_functions() -> None:
    """Two keys: marketing and sales are two people."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    command = sign_off(Function.SALES, Role.SALES_LEAD, SIGNERS[0][2])
    assert refused(region, command, World()) == "two-keys-one-hand"


def test_a_revision_is_signed_once_by_each_function() -> None:
    """A second sign-off of the same revision would say nothing new."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    assert refused(region, sign_off(*SIGNERS[0]), World()) == "already-signed"


def test_sending_back_withdraws_a_sign_off_and_stays_visible() -> None:
    """What was sent back is kept beside what stands."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    region = accepted(region, sign_off(*SIGNERS[0], position=Position.SEND_BACK), World())
    assert region.sign_offs == ()
    assert [note.person for note in region.sent_back] == [SIGNERS[0][2]]


def test_a_material_edit_voids_the_sign_offs_of_its_own_stage_only() -> None:
    """Exactly what was edited must be signed anew."""
    region = ready()
    proposal = propose(region, Look(), evidence=READY_WORLD.but(message="message 2").evidence(), now=NOW)
    voided = [event.stage for event in proposal.events if isinstance(event, SignOffVoided)]
    reopened = [event.stage for event in proposal.events if isinstance(event, StageReopened)]
    assert voided == [Stage.VALUE_PROPOSITIONS] * 2
    assert reopened == [Stage.VALUE_PROPOSITIONS]


def test_an_edit_of_punctuation_keeps_the_sign_offs() -> None:
    """Digests linked by an edit that is not material count as the current one."""
    region = ready()
    world = READY_WORLD.but(message="message 1!", same_message=("message 1",))
    assert propose(region, Look(), evidence=world.evidence(), now=NOW).events == ()


def test_no_stage_passes_anew_while_one_before_it_is_reopened() -> None:
    """Work goes on in later stages, but none closes over an open one."""
    region = signed(region_launch(), World())
    region = looked(region, World(message="message 2"))
    region = looked(region, READY_WORLD.but(message="message 2"))
    assert region.stage(Stage.VALUE_PROPOSITIONS).status is StageStatus.REOPENED
    assert region.stage(Stage.TRAINING).status is StageStatus.OPEN


def test_a_decision_before_the_gates_are_met_names_every_unmet_criterion() -> None:
    """The refusal is a list of what is missing."""
    proposal = propose(region_launch(), decision(), evidence=World().evidence(), now=NOW)
    assert proposal.refusal is not None
    assert proposal.refusal.kind == "gates-not-met"
    assert [unmet.criterion.value for unmet in proposal.refusal.unmet] == [
        "value_propositions_signed",
        "objections_signed",
        "training_completion",
        "certified_share",
    ]


@pytest.mark.parametrize("choice", [Choice.GO, Choice.NO_GO])
def test_one_person_short_of_the_share_blocks_a_decision(choice: Choice) -> None:
    """Nothing is rounded up: 39 of 50 is not 0.8."""
    region = ready()
    assert refused(region, decision(choice), READY_WORLD.but(certified=39)) == "gates-not-met"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"role": Role.PRODUCT_MANAGER}, "decider-not-allowed"),
        ({"person": OWNER}, "decider-is-owner"),
        ({"reason_digest": None}, "reason-missing"),
        ({"choice": Choice.CONDITIONAL_GO}, "conditions-missing"),
        ({"choice": Choice.NO_GO}, "review-date-missing"),
        ({"choice": Choice.NO_GO, "review_at": NOW}, "review-date-past"),
        ({"seen": 1}, "readiness-moved-on"),
    ],
)
def test_a_decision_that_may_not_be_is_refused_by_name(change: dict[str, object], kind: str) -> None:
    """Each fault of a decision has its own refusal."""
    region = ready()
    assert refused(region, decision().model_copy(update=change), READY_WORLD) == kind


def test_a_go_launches_at_its_instant_and_not_before() -> None:
    """The launch predicate holds at the launch instant on fresh evidence."""
    region = with_go()
    assert not wants_launch(region, now=LAUNCH_AT - timedelta(microseconds=1))
    assert wants_launch(region, now=LAUNCH_AT)
    assert why_not_launch(region, READY_WORLD.evidence(), at=LAUNCH_AT) == ()


def test_evidence_that_falls_after_a_go_holds_the_region() -> None:
    """A go stays alive: an unmet gate takes it away."""
    region = looked(with_go(), READY_WORLD.but(certified=39))
    assert verdict_of(region) is Verdict.HELD
    assert region.decision is None
    assert region.holding is not None
    assert region.holding.cause is HoldCause.GATE_UNMET


def test_evidence_that_falls_reads_as_held_before_anyone_has_looked() -> None:
    """Never a false go: readers see the hold at once."""
    region = with_go()
    readiness = evaluate(region.policy, READY_WORLD.but(certified=39).evidence(), region, at=LAUNCH_AT)
    assert readiness.verdict is Verdict.HELD
    assert readiness.reasons[0] == BEING_CHECKED


def test_another_instant_at_which_a_gate_is_unmet_is_not_called_a_change_of_evidence() -> None:
    """Asked for a coming instant, the answer says that a gate is unmet then, not that anything changed."""
    region, later = with_go(), LAUNCH_AT + timedelta(days=400)
    lapsed = READY_WORLD.but(certified=0, lapsing=40).evidence(at=later)
    readiness = evaluate(region.policy, lapsed, region, at=later)
    assert (readiness.verdict, readiness.reasons[0]) == (Verdict.HELD, UNMET_AT_INSTANT)


def test_a_go_whose_hour_is_over_reads_as_held_before_anyone_has_looked() -> None:
    """A go that its workflow did not come round to is stale, and stale counts as no."""
    region = with_go()
    in_time = READY_WORLD.but(now=LAUNCH_AT + timedelta(minutes=60))
    late = in_time.later(timedelta(seconds=1))
    assert evaluate(region.policy, in_time.evidence(), region, at=in_time.now).verdict is Verdict.GO
    assert evaluate(region.policy, late.evidence(), region, at=late.now).verdict is Verdict.HELD


def test_nobody_is_said_to_decide_while_live_figures_unmake_a_gate() -> None:
    """The executive is waited for only while every learning gate is met by what is known now."""
    region = ready()
    fallen = evaluate(region.policy, READY_WORLD.but(certified=39).evidence(), region, at=LAUNCH_AT)
    assert verdict_of(region) is Verdict.READY
    assert [blocker.waiting_on for blocker in fallen.blockers] == ["enablement"]


def test_each_function_that_is_waited_on_hears_its_own_reason() -> None:
    """Sales is not told what marketing has not done."""
    region = looked(region_launch(), READY_WORLD)
    blockers = evaluate(region.policy, READY_WORLD.evidence(), region, at=LAUNCH_AT).blockers
    assert [(blocker.waiting_on, blocker.reason) for blocker in blockers] == [
        ("marketing", "Marketing has not signed the value propositions"),
        ("sales", "Sales has not signed the value propositions"),
    ]


def test_evidence_that_recovers_leaves_a_held_region_held_until_a_new_decision() -> None:
    """A go is lost for good; a new one can be taken once the gates are met."""
    region = looked(looked(with_go(), READY_WORLD.but(certified=39)), READY_WORLD)
    assert verdict_of(region) is Verdict.HELD
    assert verdict_of(accepted(region, decision(), READY_WORLD)) is Verdict.GO


def test_a_hold_takes_the_go_away_and_resuming_does_not_bring_it_back() -> None:
    """Resuming leads to ready, never to go."""
    region = accepted(with_go(), hold(), READY_WORLD)
    assert refused(region, decision(), READY_WORLD) == "region-is-held"
    region = accepted(region, resume(), READY_WORLD)
    assert verdict_of(region) is Verdict.READY


def test_a_held_region_still_takes_sign_offs() -> None:
    """A hold stops only the launch, never learning or signing."""
    region = accepted(region_launch(), hold(), World())
    assert signed(region, World()).stage(Stage.OBJECTION_HANDLING).status is StageStatus.PASSED


def test_a_reschedule_takes_the_go_away() -> None:
    """A go is for one launch instant."""
    world = READY_WORLD
    command = reschedule(timedelta(days=1))
    proposal = propose(with_go(), command, evidence=world.evidence(launch_at=command.launch_at), now=NOW)
    region = with_go()
    for event in proposal.events:
        region = evolve(region, event)
    assert verdict_of(region) is Verdict.READY
    assert region.launch_at == command.launch_at


@pytest.mark.parametrize(
    ("by", "kind"), [(timedelta(0), "launch-instant-unchanged"), (NOW - LAUNCH_AT, "launch-in-the-past")]
)
def test_a_reschedule_to_nowhere_is_refused(by: timedelta, kind: str) -> None:
    """The new instant is another one, and lies ahead."""
    assert refused(with_go(), reschedule(by), READY_WORLD) == kind


def test_a_launch_instant_without_a_go_holds_the_region_until_it_is_rescheduled() -> None:
    """Nothing launches later by itself."""
    world = READY_WORLD.but(now=LAUNCH_AT)
    region = looked(signed(region_launch(), READY_WORLD), world)
    assert region.holding is not None
    assert region.holding.cause is HoldCause.LAUNCH_INSTANT_MISSED
    assert refused(region, resume(), world) == "launch-instant-passed"
    assert refused(region, decision(at=LAUNCH_AT), world) == "launch-instant-passed"


def test_a_launch_more_than_an_hour_late_is_held() -> None:
    """A system that was away too long does not launch on its return."""
    hour = timedelta(hours=1)
    region = with_go()
    assert wants_launch(region, now=LAUNCH_AT + hour)
    late = READY_WORLD.but(now=LAUNCH_AT + hour + timedelta(seconds=1))
    assert verdict_of(looked(region, late)) is Verdict.HELD


def test_a_no_go_stays_a_no_go_at_the_launch_instant_and_asks_again_on_its_review_date() -> None:
    """The review date reopens the question by itself."""
    waiting = ready()
    region = accepted(waiting, decision(Choice.NO_GO), READY_WORLD)
    assert verdict_of(region) is Verdict.NO_GO
    assert bearings(region, now=NOW).due_at == NOW + timedelta(days=7)
    assert verdict_of(looked(region, READY_WORLD.later(timedelta(days=8)))) is Verdict.READY


def test_a_no_go_with_a_review_after_the_launch_instant_is_not_held() -> None:
    """At the launch instant a no-go stays no-go."""
    waiting = ready()
    waiting = looked(waiting, READY_WORLD.but(now=LAUNCH_AT - timedelta(days=2)))
    late = decision(Choice.NO_GO).model_copy(update={"review_at": LAUNCH_AT + timedelta(days=1)})
    decided = accepted(waiting, late, READY_WORLD.but(now=LAUNCH_AT - timedelta(days=2)))
    region = looked(decided, READY_WORLD.but(now=LAUNCH_AT))
    assert verdict_of(region) is Verdict.NO_GO


@pytest.mark.parametrize("act", ["hold and resume", "reschedule"])
def test_a_no_go_is_not_wiped_by_who_plans_the_launch(act: str) -> None:
    """What an executive refused stays refused until its review date or a new decision."""
    region = accepted(ready(), decision(Choice.NO_GO), READY_WORLD)
    if act == "reschedule":
        command = reschedule(timedelta(days=1))
        evidence = READY_WORLD.evidence(launch_at=command.launch_at)
        for event in propose(region, command, evidence=evidence, now=NOW).events:
            region = evolve(region, event)
    else:
        region = accepted(accepted(region, hold(), READY_WORLD), resume(), READY_WORLD)
    assert verdict_of(region) is Verdict.NO_GO
    assert verdict_of(looked(region, READY_WORLD.later(timedelta(days=8)))) is Verdict.READY


def test_a_decision_keeps_what_it_was_taken_on() -> None:
    """The counts of then stay known, whatever the facts say later."""
    kept = with_go().decision
    assert kept is not None
    assert [(judged.numerator, judged.denominator) for judged in kept.judged[-2:]] == [(45, 50), (40, 50)]
    assert kept.gathered_at == NOW


def test_nobody_has_seen_a_version_that_is_not_there_yet() -> None:
    """A version from the future is as wrong as an old one."""
    assert refused(ready(), decision(seen=9_999), READY_WORLD) == "readiness-moved-on"


def test_a_launch_that_the_second_lock_refuses_holds_the_region_with_its_reasons() -> None:
    """A real no is a hold that says why."""
    world = READY_WORLD.but(now=LAUNCH_AT)
    proposal = propose(with_go(), LaunchRefused(objections=("no",)), evidence=world.evidence(), now=LAUNCH_AT)
    region = with_go()
    for event in proposal.events:
        region = evolve(region, event)
    assert region.holding is not None
    assert region.holding.objections == ("no",)


@pytest.mark.parametrize("ending", [Ending.LAUNCHED, Ending.CANCELLED])
def test_a_region_that_has_ended_takes_no_more_commands(ending: Ending) -> None:
    """Commands for an ended region are refused by that name."""
    region = _ended(ending)
    assert refused(region, hold(), READY_WORLD) == "region-ended"
    assert propose(region, Look(), evidence=READY_WORLD.evidence(), now=NOW).events == ()


def _ended(ending: Ending) -> RegionLaunch:
    if ending is Ending.LAUNCHED:
        return launched()
    return accepted(with_go(), Cancel.model_validate(asked()), READY_WORLD)


def test_a_certification_that_lapses_the_day_before_is_red_today_and_says_so() -> None:
    """Ready on the day, not today."""
    world = READY_WORLD.but(certified=39, lapsing=1)
    region = signed(region_launch(), world)
    readiness = evaluate(region.policy, world.evidence(), region, at=LAUNCH_AT)
    certified = readiness.criteria[-1]
    assert certified.rag is Rag.RED
    assert certified.reasons[0].startswith("1 of 40 certifications lapses before the launch")


def test_an_empty_audience_never_passes() -> None:
    """Nobody trained of nobody is no evidence."""
    world = READY_WORLD.but(audience=0, trained=0, certified=0)
    region = signed(region_launch(), world)
    readiness = evaluate(region.policy, world.evidence(), region, at=LAUNCH_AT)
    assert [c.status.value for c in readiness.criteria[-2:]] == ["no_evidence", "no_evidence"]


def test_the_index_never_shows_more_than_was_reached() -> None:
    """The index is cut, not rounded: it reaches 100 only where everything is met."""
    region = ready()
    full = evaluate(region.policy, READY_WORLD.evidence(), region, at=LAUNCH_AT)
    short = evaluate(region.policy, READY_WORLD.but(certified=39).evidence(), region, at=LAUNCH_AT)
    assert full.index == 100.0
    assert short.index == 99.0
    assert full.coverage == 1.0


def test_evidence_for_one_instant_is_never_taken_for_another() -> None:
    """Figures counted for one instant say nothing of another."""
    with pytest.raises(ValueError, match="was gathered for"):
        evaluate(region_launch().policy, READY_WORLD.evidence(), region_launch(), at=NOW)


def test_a_second_launch_event_cannot_follow_the_first() -> None:
    """What has ended stays ended: the predicate objects."""
    assert why_not_launch(launched(), READY_WORLD.evidence(), at=LAUNCH_AT)[0] == "the region was launched"


def test_the_launch_event_ends_the_region_at_its_last_stage() -> None:
    """Only the launch itself shows the stage launched."""
    region = launched()
    assert bearings(region, now=LAUNCH_AT).stage is Stage.LAUNCHED
    assert verdict_of(region) is Verdict.LAUNCHED
