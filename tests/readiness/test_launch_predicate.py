"""Which objections does the launch predicate raise, each by itself, and when is it silent?"""

from datetime import timedelta

import pytest

from readiness.commands import Choice
from readiness.events import HoldCause
from readiness.policy import Function, Stage
from readiness.region import Decision, Ending, Holding, RegionLaunch, StageStatus
from readiness.rules import bearings, due_at, wants_launch, why_not_launch
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, READY_WORLD, World, decision, region_launch
from tests.readiness.governing import SHORT_WORLD, waived
from tests.readiness.steps import accepted, launched, with_go

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def objections(region: RegionLaunch, world: World = READY_WORLD) -> tuple[str, ...]:
    """Return what stands against launching `region` at its instant."""
    return why_not_launch(region, world.evidence(), at=LAUNCH_AT)


def decided(**changes: object) -> RegionLaunch:
    """Return a region with another decision than the go that it needs."""
    go = with_go()
    assert go.decision is not None
    return go.model_copy(update={"decision": go.decision.model_copy(update=changes)})


def with_stage(stage: Stage, status: StageStatus) -> RegionLaunch:
    """Return a region with a go of which one stage stands otherwise."""
    go = with_go()
    stages = tuple(s.model_copy(update={"status": status}) if s.stage is stage else s for s in go.stages)
    return go.model_copy(update={"stages": stages})


def test_nothing_stands_against_a_region_that_learned_and_has_a_go() -> None:
    """Every gate met, both keys turned by two people, a go by an executive for this instant."""
    assert objections(with_go()) == ()


@pytest.mark.parametrize(
    ("region", "objection"),
    [
        (launched(), "the region was launched"),
        (with_go().model_copy(update={"ending": Ending.CANCELLED}), "the region was cancelled"),
        (
            with_go().model_copy(update={"holding": Holding(cause=HoldCause.GATE_UNMET, at=NOW)}),
            "the region is held: gate-unmet",
        ),
        (with_go().model_copy(update={"decision": None}), "no go stands"),
        (decided(choice=Choice.NO_GO), "no go stands"),
        (decided(launch_at=LAUNCH_AT + SECOND), "the go was taken for another launch instant"),
        (decided(launch_at=LAUNCH_AT - SECOND), "the go was taken for another launch instant"),
        (decided(person=OWNER), "the go was taken by the launch owner"),
        (with_stage(Stage.TRAINING, StageStatus.REOPENED), "the stage training is reopened"),
        (with_stage(Stage.CERTIFICATION, StageStatus.OPEN), "the stage certification is open"),
        (with_stage(Stage.VALUE_PROPOSITIONS, StageStatus.LOCKED), "the stage value_propositions is locked"),
    ],
)
def test_each_thing_that_is_wrong_is_an_objection_of_its_own(region: RegionLaunch, objection: str) -> None:
    """One fault is enough, and it is said once."""
    assert objections(region) == (objection,)


def test_a_conditional_go_is_a_go_and_a_waived_stage_is_closed() -> None:
    """What the core will know of conditions and waivers launches like the rest."""
    assert objections(decided(choice=Choice.CONDITIONAL_GO)) == ()
    assert objections(with_stage(Stage.TRAINING, StageStatus.WAIVED)) == ()


@pytest.mark.parametrize(
    ("person", "objection"),
    [
        ("ex-2", "the go was taken by a party to a waiver of this region"),
        ("en-1", "the go was taken by a party to a waiver of this region"),
        ("ma-1", "the go was taken by someone who signed a stage"),
    ],
)
def test_a_go_by_a_hand_that_has_given_something_else_launches_nothing(person: str, objection: str) -> None:
    """Whoever asked for or answered a waiver, or signed a stage, does not decide; deciding refuses them too."""
    go = accepted(waived(), decision(), SHORT_WORLD)
    assert go.decision is not None
    theirs = go.model_copy(update={"decision": go.decision.model_copy(update={"person": person})})
    assert objections(go, SHORT_WORLD) == ()
    assert objections(theirs, SHORT_WORLD) == (objection,)


def test_an_unmet_criterion_is_an_objection_with_its_first_reason() -> None:
    """The launch is refused for what the evidence says now, whatever the stages say."""
    found = objections(with_go(), READY_WORLD.but(certified=39, trained=44, lapsing=1))
    assert found == (
        "training_completion: 6 of 50 have not completed every required course",
        "certified_share: 1 of 40 certifications lapses before the launch",
    )


def test_every_objection_is_raised_at_once() -> None:
    """Whoever mends one learns of the others."""
    found = objections(region_launch().model_copy(update={"ending": Ending.CANCELLED}), World())
    assert [objection.partition(":")[0] for objection in found] == [
        "the region was cancelled",
        "no go stands",
        "the stage value_propositions is open",
        "value_propositions_signed",
        "the stage objection_handling is locked",
        "objections_signed",
        "the stage training is locked",
        "training_completion",
        "the stage certification is locked",
        "certified_share",
    ]


@pytest.mark.parametrize(
    ("stage", "first", "second"), [(Stage.VALUE_PROPOSITIONS, 0, 1), (Stage.OBJECTION_HANDLING, 2, 3)]
)
def test_one_hand_on_both_keys_is_an_objection_though_both_are_turned(stage: Stage, first: int, second: int) -> None:
    """Two keys are held against whoever wrote the ledger, wherever the two signatures stand in it."""
    region = with_go()
    signatures = list(region.sign_offs)
    assert signatures[first].stage is signatures[second].stage is stage
    signatures[second] = signatures[second].model_copy(update={"person": signatures[first].person})
    one_hand = (f"one person signed {stage.value} for marketing and for sales",)
    assert objections(region.model_copy(update={"sign_offs": tuple(signatures)})) == one_hand
    apart = [signatures[first], *(s for s in signatures if s.stage is not stage), signatures[second]]
    assert objections(region.model_copy(update={"sign_offs": tuple(apart)})) == one_hand


def test_one_person_may_turn_one_key_of_each_lock() -> None:
    """Two stages are two locks."""
    region = with_go()
    signatures = tuple(
        s.model_copy(update={"person": "ma-1" if (s.function is Function.MARKETING) else "sa-1"})
        for s in region.sign_offs
    )
    swapped = tuple(
        s.model_copy(update={"person": {"ma-1": "sa-1", "sa-1": "ma-1"}[s.person]})
        if s.stage is Stage.OBJECTION_HANDLING
        else s
        for s in signatures
    )
    assert objections(region.model_copy(update={"sign_offs": swapped})) == ()


# --- when a launch is wanted, and when a region wakes


@pytest.mark.parametrize(
    ("late", "is_wanted"),
    [(-SECOND, False), (timedelta(0), True), (HOUR, True), (HOUR + SECOND, False)],
)
def test_a_go_wants_its_launch_from_the_instant_to_the_end_of_its_hour(late: timedelta, is_wanted: bool) -> None:
    """Not a second early, and an hour late at most."""
    assert wants_launch(with_go(), now=LAUNCH_AT + late) is is_wanted
    assert bearings(with_go(), now=LAUNCH_AT + late).launch_is_due is is_wanted


@pytest.mark.parametrize(
    "region",
    [
        with_go().model_copy(update={"ending": Ending.CANCELLED}),
        with_go().model_copy(update={"holding": Holding(cause=HoldCause.PERSON, at=NOW)}),
        with_go().model_copy(update={"decision": None}),
        decided(choice=Choice.NO_GO),
        decided(launch_at=LAUNCH_AT - SECOND),
    ],
)
def test_nothing_but_a_go_for_this_instant_wants_a_launch(region: RegionLaunch) -> None:
    """Ended, held, undecided, refused, or decided for another instant: none of them launches."""
    assert not wants_launch(region, now=LAUNCH_AT)


def reviewed(region: RegionLaunch, *, review_days: int) -> RegionLaunch:
    """Return the region with a no-go to look at again some days after now."""
    review_at = NOW + timedelta(days=review_days)
    no_go = Decision(choice=Choice.NO_GO, person="ex-1", at=NOW, launch_at=LAUNCH_AT, version=9, review_at=review_at)
    return region.model_copy(update={"decision": no_go})


def test_a_region_wakes_for_whatever_falls_due_first() -> None:
    """A review, the launch instant, or the end of the hour in which it may still launch."""
    assert due_at(region_launch(), now=NOW) == LAUNCH_AT
    assert due_at(with_go(), now=LAUNCH_AT - SECOND) == LAUNCH_AT
    assert due_at(with_go(), now=LAUNCH_AT) == LAUNCH_AT + HOUR
    assert due_at(with_go(), now=LAUNCH_AT + HOUR) == LAUNCH_AT + HOUR
    assert due_at(reviewed(with_go(), review_days=7), now=NOW) == NOW + timedelta(days=7)
    assert due_at(reviewed(with_go(), review_days=700), now=NOW) == LAUNCH_AT
    assert due_at(reviewed(with_go(), review_days=700), now=LAUNCH_AT) == NOW + timedelta(days=700)


def test_a_region_sleeps_where_only_people_or_facts_move_it() -> None:
    """What has come, gone or ended wakes nobody."""
    assert due_at(reviewed(with_go(), review_days=7), now=NOW + timedelta(days=7)) == LAUNCH_AT
    assert due_at(region_launch(), now=LAUNCH_AT) is None
    assert due_at(with_go(), now=LAUNCH_AT + HOUR + SECOND) is None
    assert due_at(launched(), now=NOW) is None


def test_bearings_say_where_a_region_stands() -> None:
    """What a workflow sets its timer, its search attributes and its next step by."""
    found = bearings(with_go(), now=NOW)
    assert (found.version, found.stage, found.verdict.value) == (with_go().version, Stage.GO_NO_GO, "go")
    assert (found.launch_at, found.due_at) == (LAUNCH_AT, LAUNCH_AT)
    assert not found.ended
    assert bearings(launched(), now=NOW).ended
