"""What does a reading say of a region as a whole: its verdict, colour, index, forecast, reasons and blockers?"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.asks import Ask
from readiness.commands import Choice
from readiness.evaluate import BEING_CHECKED, UNMET_AT_INSTANT
from readiness.events import HoldCause, RegionHeld
from readiness.evidence import AudienceChange, Evidence
from readiness.policy import CriterionKey, Stage
from readiness.readiness import Blocker, DecisionShown, HoldShown, Readiness, Shortfall, earliest, floor_share
from readiness.region import RegionLaunch, StageStatus, Verdict
from readiness.rules import begin, current_stage, evaluate, evolve, judged_instant, propose, verdict_of
from tests.readiness.builders import (
    KEY,
    LAUNCH_AT,
    NOW,
    OWNER,
    READY_WORLD,
    SIGNERS,
    UNPOLLED,
    World,
    decision,
    region_launch,
    sign_off,
    started,
)
from tests.readiness.steps import accepted, launched, looked, signed, with_go

HELD_AT = NOW + timedelta(hours=1)


def reading(region: RegionLaunch, evidence: Evidence | World = READY_WORLD) -> Readiness:
    """Return the readiness of `region`, judged as of the instant that the evidence is for."""
    gathered = evidence.evidence() if isinstance(evidence, World) else evidence
    return evaluate(region.policy, gathered, region, at=gathered.figures.at)


def figures(world: World = READY_WORLD, **counts: object) -> Evidence:
    """Return the evidence of a world with other counts of people."""
    evidence = world.evidence()
    return evidence.model_copy(update={"figures": evidence.figures.model_copy(update=counts)})


def ready() -> RegionLaunch:
    """Return a region that waits for its decision."""
    return looked(signed(region_launch(), READY_WORLD), READY_WORLD)


def held(cause: HoldCause, *, person: str | None = None, objections: tuple[str, ...] = ()) -> RegionLaunch:
    """Return a ready region that is held."""
    return evolve(ready(), RegionHeld(at=HELD_AT, cause=cause, person=person, objections=objections))


# --- what a reading carries


def test_a_reading_says_of_which_region_it_is_and_for_which_instant() -> None:
    """A reader needs nothing else to know what a reading is about."""
    event = started().model_copy(update={"below_tier": ("policy.training.required_share",)})
    plan = event.plan.model_copy(update={"wave": 2, "short_lead": True})
    region = begin(KEY, event.model_copy(update={"plan": plan}))
    readiness = reading(region, World())
    named = ("product", "region", "run", "name", "product_name", "tier", "wave", "owner", "version", "time_zone")
    assert [getattr(readiness, name) for name in named] == [
        *("atlas-2", "emea", 1, "EMEA", "Atlas 2", 1, 2, OWNER, 1, "Europe/Berlin")
    ]
    assert readiness.launch_at.isoformat() == "2027-03-01T09:00:00+01:00"
    assert (readiness.at, readiness.as_of) == (LAUNCH_AT, NOW)
    assert (readiness.below_tier, readiness.short_lead) == (("policy.training.required_share",), True)
    assert readiness.decision is None
    assert readiness.hold is None


def test_a_reading_lists_every_stage_with_its_dates_and_its_criteria() -> None:
    """Locked stages are read too, with live figures."""
    region = looked(signed(region_launch(), World()), World())
    told = [
        (s.stage.value, s.status.value, s.opened_at, s.closed_at, (LAUNCH_AT - s.due_at).days, len(s.criteria))
        for s in reading(region, World()).stages
    ]
    assert told == [
        ("value_propositions", "passed", NOW, NOW, 49, 1),
        ("objection_handling", "passed", NOW, NOW, 42, 2),
        ("training", "open", NOW, None, 14, 1),
        ("certification", "locked", None, None, 7, 1),
        ("go_no_go", "locked", None, None, 3, 0),
    ]


def test_a_closed_stage_that_is_unmet_reads_as_reopened_before_anyone_has_looked() -> None:
    """What is no longer met is not shown as passed, and what was open stays open."""
    statuses = [stage.status for stage in reading(ready(), World()).stages]
    assert statuses == [
        *[StageStatus.PASSED] * 2,
        *[StageStatus.REOPENED] * 2,
        StageStatus.OPEN,
    ]


def test_a_reading_notes_every_criterion_as_an_event_records_it() -> None:
    """A judgement carries status and counts, a status nothing but itself."""
    readiness = reading(ready(), READY_WORLD.but(certified=39))
    assert [(j.key.value, j.status.value, j.numerator, j.denominator) for j in readiness.judged()] == [
        ("value_propositions_signed", "met", 2, 2),
        ("objections_answered", "met", 5, 5),
        ("objections_signed", "met", 2, 2),
        ("training_completion", "met", 45, 50),
        ("certified_share", "unmet", 39, 50),
    ]
    assert [(s.key, s.status) for s in readiness.statuses()] == [(j.key, j.status) for j in readiness.judged()]


# --- verdict


@pytest.mark.parametrize("choice", Choice)
def test_a_standing_decision_is_the_verdict(choice: Choice) -> None:
    """What was decided is what is said."""
    go = with_go()
    assert go.decision is not None
    region = go.model_copy(update={"decision": go.decision.model_copy(update={"choice": choice})})
    if choice is not Choice.HOLD:
        assert verdict_of(region).value == choice.value


def test_a_conditional_go_is_shown_as_held_like_a_go() -> None:
    """Live figures unmake either."""
    go = with_go()
    assert go.decision is not None
    conditional = go.decision.model_copy(update={"choice": Choice.CONDITIONAL_GO})
    region = go.model_copy(update={"decision": conditional})
    assert reading(region).verdict is Verdict.CONDITIONAL_GO
    assert reading(region, READY_WORLD.but(certified=39)).verdict is Verdict.HELD


def test_a_go_is_shown_to_the_last_instant_of_its_hour() -> None:
    """One second later it is shown as held."""
    hour = LAUNCH_AT + timedelta(hours=1)
    moments = (hour, hour + timedelta(seconds=1))
    verdicts = [reading(with_go(), READY_WORLD.but(now=moment)).verdict for moment in moments]
    assert verdicts == [Verdict.GO, Verdict.HELD]


def test_what_is_no_go_and_no_readiness_is_shown_as_it_is() -> None:
    """Live figures unmake what gives, and nothing else."""
    refused = accepted(ready(), decision(Choice.NO_GO), READY_WORLD)
    assert reading(refused, World()).verdict is Verdict.NO_GO
    assert reading(ready(), World()).verdict is Verdict.NOT_READY
    assert reading(launched(), World()).verdict is Verdict.LAUNCHED


@pytest.mark.parametrize(
    ("region", "instants"),
    [
        (region_launch(), (LAUNCH_AT, LAUNCH_AT, LAUNCH_AT + timedelta(days=1))),
        (launched(), (NOW, LAUNCH_AT, LAUNCH_AT + timedelta(days=1))),
    ],
)
def test_a_region_is_judged_at_its_launch_instant_until_that_has_passed(
    region: RegionLaunch, instants: tuple[datetime, ...]
) -> None:
    """The default instant is the later of the launch instant and now; once launched, now."""
    moments = (NOW, LAUNCH_AT, LAUNCH_AT + timedelta(days=1))
    assert tuple(judged_instant(region, now=moment) for moment in moments) == instants


def test_the_current_stage_is_the_first_that_is_not_closed() -> None:
    """Learning stages in their order, then the decision, then the launch."""
    reopened = looked(ready(), World(trained=45))
    stages = [
        current_stage(r) for r in (region_launch(), signed(region_launch(), World()), reopened, ready(), launched())
    ]
    assert stages == [
        *(Stage.VALUE_PROPOSITIONS, Stage.TRAINING, Stage.CERTIFICATION, Stage.GO_NO_GO, Stage.LAUNCHED)
    ]


# --- colour, index, coverage, forecast


def test_a_region_has_the_worst_colour_of_its_criteria() -> None:
    """Red before amber before grey before green."""
    everything = signed(region_launch(), World())
    assert reading(ready()).rag.value == "green"
    assert reading(everything, READY_WORLD.but(certified=0)).rag.value == "grey"
    assert reading(region_launch(), READY_WORLD.but(certified=0)).rag.value == "amber"
    assert reading(region_launch(), READY_WORLD.but(certified=0, now=LAUNCH_AT)).rag.value == "red"
    assert reading(region_launch(), READY_WORLD.but(certified=39, lapsing=1)).rag.value == "red"


@pytest.mark.parametrize(
    ("evidence", "index", "coverage"),
    [
        # Signed and answered weigh 15, 10 and 5; 45 of 50 trained are all of 30, 20 of 40 certified half of 40.
        (figures(certified=20), 80.0, 1.0),
        (figures(certified=41), 100.0, 1.0),
        # 22 of 45 trained are 14.66…, cut and not rounded.
        (figures(trained=22, certified=0, last_attempt_at=None), 44.6, 0.6),
        # What is no evidence counts nothing, whatever its counts say.
        (figures(World(audience=50, trained=45), started=0), 60.0, 0.6),
        (figures(World(audience=0)), 30.0, 0.3),
    ],
)
def test_the_index_weighs_how_far_each_criterion_has_come(evidence: Evidence, index: float, coverage: float) -> None:
    """100 times the weighed shares reached, each at most 1 and 0 without evidence; coverage is the weight known."""
    readiness = reading(signed(region_launch(), World()), evidence)
    assert (readiness.index, readiness.coverage) == (index, coverage)


def test_half_a_gate_is_half_its_weight() -> None:
    """One key of two is 7.5 of 15, three answers of five are 6 of 10."""
    region = accepted(region_launch(), sign_off(*SIGNERS[0]), World())
    readiness = reading(region, World(answered=3))
    assert readiness.index == 13.5
    assert readiness.coverage == 0.3


def test_the_forecast_is_the_day_on_which_the_last_of_the_peoples_criteria_is_met() -> None:
    """Where one of them has no pace no day can be named; what is met is not waited for."""
    region = signed(region_launch(), World())
    pace = {"completions_recent": 7, "certified_recent": 7}
    later = reading(region, figures(World(trained=40, certified=20), **pace))
    forecasts = {criterion.key: criterion.forecast_at for criterion in later.criteria}
    assert later.forecast_at == forecasts[CriterionKey.CERTIFIED_SHARE]
    assert later.forecast_at is not None
    assert (forecasts[CriterionKey.TRAINING_COMPLETION] or NOW) < later.forecast_at
    only_one = reading(region, figures(World(trained=40, certified=20), certified_recent=7))
    assert only_one.forecast_at is None
    trained = reading(region, figures(World(trained=45, certified=20), certified_recent=7))
    assert trained.forecast_at == later.forecast_at
    assert reading(region).forecast_at is None


# --- reasons


def test_the_three_worst_reasons_are_said_first() -> None:
    """One reason of each criterion that stands in the way, red before amber before grey."""
    mixed = reading(region_launch(), READY_WORLD.but(answered=4, certified=39, lapsing=1, trained=44))
    assert mixed.reasons == (
        "1 of 40 certifications lapses before the launch",
        "Marketing has not signed the value propositions",
        "4 of the top 5 objections have an answer",
    )
    grey = reading(signed(region_launch(), World()), World(trained=44))
    assert grey.reasons == (
        "6 of 50 have not completed every required course",
        "50 of 50 hold no certification valid at launch",
    )


def test_what_is_met_is_heard_of_last() -> None:
    """A lapse that leaves enough is worth a word, after whatever is in the way."""
    readiness = reading(signed(region_launch(), World()), READY_WORLD.but(trained=44, certified=40, lapsing=1))
    assert readiness.reasons == (
        "6 of 50 have not completed every required course",
        "1 of 41 certifications lapses before the launch",
    )
    assert reading(ready()).reasons == ()


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (HoldCause.PERSON, "Held by a person"),
        (HoldCause.GATE_UNMET, "Held because a gate became unmet after the go"),
        (
            HoldCause.LAUNCH_INSTANT_MISSED,
            "Held because the launch instant came without a standing go; reschedule it",
        ),
        (HoldCause.LAUNCH_REFUSED, "Held because the last check before the launch said no"),
    ],
)
def test_a_hold_is_said_before_anything_else_with_what_led_to_it(cause: HoldCause, words: str) -> None:
    """Whoever looks at a held region learns why first."""
    readiness = reading(held(cause, objections=("first", "second", "third")))
    assert readiness.verdict is Verdict.HELD
    assert readiness.reasons == (words, "first", "second")
    assert readiness.hold == HoldShown(
        cause=cause, person=None, since=HELD_AT, review_at=None, reasons=(words, "first", "second", "third")
    )


def test_a_hold_shows_who_asked_for_it_and_when_to_look_again() -> None:
    """A person's hold names the person."""
    event = RegionHeld(at=HELD_AT, cause=HoldCause.PERSON, person="pm-7", review_at=LAUNCH_AT)
    shown = reading(evolve(ready(), event)).hold
    assert shown == HoldShown(
        cause=HoldCause.PERSON, person="pm-7", since=HELD_AT, review_at=LAUNCH_AT, reasons=("Held by a person",)
    )


def test_a_go_in_doubt_says_whether_now_or_at_another_instant() -> None:
    """At the region's own instant the evidence is being checked; at another one a gate is not met."""
    unmet = READY_WORLD.but(certified=39)
    assert reading(with_go(), unmet).reasons[0] == BEING_CHECKED
    elsewhere = unmet.evidence(at=LAUNCH_AT + timedelta(days=1))
    assert reading(with_go(), elsewhere).reasons[0] == UNMET_AT_INSTANT


def test_a_region_that_has_ended_gives_no_reason_for_a_hold() -> None:
    """What has launched is neither held nor in doubt."""
    gone = launched().model_copy(update={"holding": held(HoldCause.PERSON).holding})
    assert "Held by a person" not in reading(gone, READY_WORLD.but(now=LAUNCH_AT)).reasons


# --- the decision


def test_a_decision_is_shown_with_all_that_it_was_taken_on() -> None:
    """Whoever reads a go sees by whom, when, for which instant and on which counts."""
    change = AudienceChange(joined=0, left=1, excluded=0, since=NOW)
    evidence = figures(change=change)
    region = ready()
    for event in propose(region, decision(), evidence=evidence, now=NOW).events:
        region = evolve(region, event)
    stands = region.decision
    assert stands is not None
    assert reading(region).decision == DecisionShown(
        verdict=Choice.GO,
        person="ex-1",
        at=NOW,
        launch_at=LAUNCH_AT,
        review_at=None,
        version=region.version,
        judged=reading(ready()).judged(),
        gathered_at=NOW,
        audience=change,
        covers_until=LAUNCH_AT,
    )


# --- blockers


def test_each_function_that_is_waited_on_is_named_once_earliest_stage_first() -> None:
    """Every function learns what it holds up first, since when, by when it is due and what is still needed."""
    due_at = UNPOLLED.due_at(Stage.VALUE_PROPOSITIONS, LAUNCH_AT)
    assert reading(region_launch(), World(answered=4)).blockers == (
        Blocker(
            stage=Stage.VALUE_PROPOSITIONS,
            criterion=CriterionKey.VALUE_PROPOSITIONS_SIGNED,
            waiting_on="marketing",
            since=NOW,
            reason="Marketing has not signed the value propositions",
            due_at=due_at,
            shortfall=Shortfall(numerator=0, denominator=2, needed=2),
            ask=Ask.SIGN,
        ),
        Blocker(
            stage=Stage.VALUE_PROPOSITIONS,
            criterion=CriterionKey.VALUE_PROPOSITIONS_SIGNED,
            waiting_on="sales",
            since=NOW,
            reason="Sales has not signed the value propositions",
            due_at=due_at,
            shortfall=Shortfall(numerator=0, denominator=2, needed=2),
            ask=Ask.SIGN,
        ),
    )


def test_a_stage_that_is_locked_blocks_nobody() -> None:
    """Who waits for the stage before is not waited on."""
    region = signed(region_launch(), World())
    (blocker,) = reading(region, World()).blockers
    assert (blocker.stage, blocker.waiting_on) == (Stage.TRAINING, "enablement")
    assert blocker.reason == "50 of 50 have not completed every required course"


@given(audience=st.integers(1, 400), trained=st.integers(0, 400))
def test_who_is_waited_for_reads_how_many_more_are_needed(audience: int, trained: int) -> None:
    """With as many more as the blocker says the gate is met, and with one fewer it is not."""
    trained = min(trained, audience)
    region = signed(region_launch(), World())

    def short(more: int) -> list[Blocker]:
        shown = reading(region, World(audience=audience, trained=trained + more, certified=0)).blockers
        return [each for each in shown if each.criterion is CriterionKey.TRAINING_COMPLETION]

    for blocker in short(0):
        assert blocker.shortfall is not None
        assert (blocker.shortfall.numerator, blocker.shortfall.denominator) == (trained, audience)
        assert not short(blocker.shortfall.needed)
        assert short(blocker.shortfall.needed - 1)


def test_reopened_stages_block_since_they_were_reopened() -> None:
    """The ball is held since the gate was lost."""
    lost_at = NOW + timedelta(days=3)
    lost = READY_WORLD.but(certified=39, now=lost_at)
    blockers = reading(looked(ready(), lost), lost).blockers
    assert [(b.waiting_on, b.since) for b in blockers] == [("enablement", lost_at)]


def test_a_ready_region_waits_for_an_executive_since_the_question_was_open() -> None:
    """Nobody else holds the ball."""
    assert reading(ready()).blockers == (
        Blocker(
            stage=Stage.GO_NO_GO,
            criterion=None,
            waiting_on="executive",
            since=NOW,
            reason="Every gate is met; the decision is open",
            ask=Ask.DECIDE,
        ),
    )
    assert reading(with_go()).blockers == ()


@pytest.mark.parametrize("cause", HoldCause)
def test_a_hold_waits_for_an_executive_and_a_missed_instant_for_who_plans_the_launch(cause: HoldCause) -> None:
    """A missed instant needs a reschedule, everything else a decision."""
    waiting_on = "product" if cause is HoldCause.LAUNCH_INSTANT_MISSED else "executive"
    (blocker,) = reading(held(cause)).blockers
    assert (blocker.stage, blocker.criterion, blocker.waiting_on) == (Stage.GO_NO_GO, None, waiting_on)
    assert (blocker.since, blocker.reason) == (HELD_AT, reading(held(cause)).reasons[0])


def test_what_has_ended_blocks_nobody() -> None:
    """After the launch nothing is waited for, whatever the figures say."""
    assert reading(launched(), World(now=LAUNCH_AT).evidence(at=LAUNCH_AT)).blockers == ()


# --- small sums


def test_a_share_is_cut_and_never_rounded_up() -> None:
    """Two thirds are 0.6666; of nothing there is no share."""
    assert [floor_share(2, 3), floor_share(1, 1), floor_share(0, 5), floor_share(1, 0), floor_share(0, 0)] == [
        *(0.6666, 1.0, 0.0, 0.0, 0.0)
    ]


def test_the_earliest_is_of_the_moments_that_are_known() -> None:
    """Where none is known there is none."""
    assert earliest(None, LAUNCH_AT, NOW) == NOW
    assert earliest(None, None) is None
