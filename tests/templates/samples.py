"""How do tests make a page of each kind, with something in every place?"""

from dataclasses import replace
from datetime import timedelta

from readiness.ball import Holder
from readiness.commands import Choice, Role, Stance
from readiness.events import HoldCause
from readiness.evidence import AudienceChange
from readiness.permit import PermitStanding
from readiness.policy import CriterionKey, Function, Stage
from readiness.policy_events import Applies
from readiness.prospect import Reddening, RedFor
from readiness.readiness import (
    ConditionShown,
    DecisionShown,
    HoldShown,
    LessonShown,
    PollShown,
    Rag,
    Readiness,
    SeatShown,
    WaiverShown,
)
from readiness.region import ConditionStatus, RegionLaunch, StageStatus, Verdict, WaiverStatus
from readiness.rules import evaluate
from templates.pages import (
    DecisionSeen,
    FaultLine,
    FigureSeen,
    HeldFor,
    IfMissed,
    Lacking,
    LaunchPage,
    LaunchRow,
    PermitPage,
    PersonaLine,
    PersonasPage,
    Place,
    PolicyWaits,
    ProblemPage,
    RegionPage,
    ShownPermit,
    StageBar,
    TimelineLine,
    VerdictCount,
    Viewer,
    VoteSeen,
    Waits,
    WaiverSeen,
    Wave,
)
from templates.timescale import Tick
from tests.readiness.builders import LAUNCH_AT, NOW, READY_WORLD, UNPOLLED, World, region_launch
from tests.readiness.steps import looked, signed
from tests.templates.launch_samples import launch_acts
from tests.templates.room_samples import room_acts, shown_contents

VIEWER = Viewer(
    person="ex-1",
    name="Elena Fischer",
    roles=("Executive everywhere",),
    is_persona=True,
    places=(Place("board", "/"),),
)


def readiness(*, region: RegionLaunch | None = None, world: World = READY_WORLD, **changes: object) -> Readiness:
    """Return the readiness of a region in `world`, with `changes`."""
    judged = region or looked(signed(region_launch(), world), world)
    evidence = world.evidence(launch_at=judged.launch_at)
    found = evaluate(UNPOLLED, evidence, judged, at=evidence.figures.at)
    return found.model_copy(update=changes)


def full_readiness(text: str = "Two teams still learn.") -> Readiness:
    """Return a readiness in which everything that a page may show is there at once; people wrote `text` wherever they
    may write."""
    unmet = readiness(world=World(audience=50, trained=42, certified=6))
    change = AudienceChange(joined=2, left=1, excluded=3, since=NOW)
    trained = {"audience": change, "forecast_at": LAUNCH_AT + timedelta(days=3)}
    stages = tuple(
        stage.model_copy(
            update={
                "criteria": tuple(
                    each.model_copy(update=trained if each.key is CriterionKey.TRAINING_COMPLETION else {})
                    for each in stage.criteria
                )
            }
        )
        for stage in unmet.stages
    )
    return unmet.model_copy(
        update={
            "stages": stages,
            "run": 2,
            "forecast_at": LAUNCH_AT + timedelta(days=3),
            "below_tier": ("policy.training.required_share",),
            "short_lead": True,
            "decision": DecisionShown(
                verdict=Choice.NO_GO,
                person="ex-1",
                at=NOW,
                launch_at=LAUNCH_AT,
                review_at=LAUNCH_AT,
                version=9,
                dissents_accepted=(Function.SALES,),
                reason=text,
            ),
            "poll": PollShown(
                opened_at=NOW,
                opened_by="pm-7",
                closes_at=LAUNCH_AT,
                closed_at=NOW,
                seats=(
                    SeatShown(
                        function=Function.MARKETING, voted=True, person="mk-1", position=Stance.AGREE, stale=True
                    ),
                    SeatShown(
                        function=Function.SALES,
                        voted=True,
                        person="sl-1",
                        at=NOW,
                        position=Stance.DISSENT,
                        reason=text,
                    ),
                    SeatShown(function=Function.ENABLEMENT, voted=False, carried=True),
                ),
            ),
            "conditions": (
                ConditionShown(
                    id="c-1",
                    owner="en-1",
                    due_at=LAUNCH_AT,
                    status=ConditionStatus.MET,
                    closed_by="en-1",
                    closed_at=NOW,
                    text=text,
                    proof=text,
                ),
            ),
            "waivers": (
                WaiverShown(
                    id="w-1",
                    stage=Stage.CERTIFICATION,
                    criterion=CriterionKey.CERTIFIED_SHARE,
                    status=WaiverStatus.GRANTED,
                    floor=0.7,
                    expires_at=NOW,
                    covers_launch=False,
                    requested_by="en-1",
                    requested_at=NOW,
                    answered_by="ex-2",
                    answered_at=NOW,
                    ended_by=None,
                    ended_at=None,
                    reason=text,
                    compensating_control=text,
                ),
            ),
            "must_address": (
                LessonShown(
                    id="l-1",
                    kind="objection",
                    region="dach",
                    wave=1,
                    at=NOW,
                    addressed_by="mk-1",
                    reason=text,
                    how=text,
                ),
                LessonShown(id="l-2", kind="hold", region="dach", wave=1, at=NOW),
            ),
            "suspended_at": NOW,
            "hold": HoldShown(
                cause=HoldCause.PERSON,
                person="ex-2",
                since=NOW,
                review_at=LAUNCH_AT,
                reasons=("The price list is wrong",),
            ),
        }
    )


def region_page(**changes: object) -> RegionPage:
    """Return the page of a region, with `changes`."""
    made = RegionPage(
        viewer=VIEWER,
        refresh_seconds=30,
        readiness=full_readiness(),
        read_at=NOW + timedelta(days=3),
        names={"ex-1": "Elena Fischer"},
        sale=PermitStanding.NOT_LAUNCHED,
        shows_record=True,
        timeline=(
            TimelineLine(
                version=9,
                at=NOW,
                what="Decided: no-go",
                who="Elena Fischer",
                reason="Two teams still learn.",
                record_address="/v1/launches/atlas-2/regions/apac/decisions/9",
            ),
            TimelineLine(version=8, at=NOW, what="Training opened", who=None, reason=None),
        ),
        earlier=7,
        held_for=(
            HeldFor(
                function=Holder.CLOCK,
                stage=Stage.GO_NO_GO,
                elapsed=timedelta(days=4),
                working_days=2.5,
                share=1.0,
                holding=True,
            ),
        ),
        shows_people=True,
        if_missed=if_missed(),
        speakers={"enablement": ("Priya Raman", "Tom Okafor", "Mei Tan"), "clock": ("Nobody",)},
        seen=decision_seen(),
        change=PolicyWaits(
            asked_by="pm-7", asked_at=NOW, applies=Applies.ALL, confirmed_by="ex-2", from_at=LAUNCH_AT
        ),
        contents=tuple(shown_contents("Atlas 2 halves your close.")),
        acts=room_acts("Print the prices"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def decision_seen(**changes: object) -> DecisionSeen:
    """Return what was seen at a decision that was lost since, with `changes`."""
    then, now = readiness(), full_readiness()
    (before, *_), (after, *others) = then.criteria, now.criteria
    assert now.poll is not None
    sealed, dissent, absent = now.poll.seats
    (waiver,) = now.waivers
    made = DecisionSeen(
        choice=Choice.GO,
        person="ex-2",
        at=NOW,
        stands=False,
        digest="sha256:" + "0" * 64,
        record_address="/v1/launches/atlas-2/regions/emea/decisions/9",
        right=Role.EXECUTIVE,
        act_address="/ledger?act=c-1",
        then=then,
        figures=(
            FigureSeen(criterion=after.key, then=before, now=after, differs=True),
            *(FigureSeen(criterion=each.key, then=None, now=each, differs=False) for each in others),
        ),
        waivers=(
            WaiverSeen(then=waiver, now=None, differs=True),
            WaiverSeen(then=None, now=waiver, differs=False),
        ),
        votes=(
            VoteSeen(function=Function.SALES, then=dissent, now=absent, differs=True),
            VoteSeen(function=Function.MARKETING, then=None, now=sealed, differs=False),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def if_missed(**changes: object) -> IfMissed:
    """Return what follows if people do not learn in time, with `changes`."""
    made = Lacking(
        criterion=CriterionKey.TRAINING_COMPLETION,
        people=8,
        needed=3,
        is_satisfied=False,
        due_at=NOW,
        people_address="/launches/atlas-2/apac/people?status=learning",
        nudge_address="/launches/atlas-2/apac/people/nudge?status=learning",
    )
    proof = {"criterion": CriterionKey.CERTIFIED_SHARE, "is_satisfied": True, "nudge_address": None}
    told = IfMissed(
        lacking=(made, replace(made, **proof)),  # type: ignore[arg-type]  # dataclasses.replace takes any field.
        waivable=(CriterionKey.CERTIFIED_SHARE,),
        asked_by=(Role.PRODUCT_MANAGER, Role.ENABLEMENT),
        granted_by=(Role.EXECUTIVE,),
        reminded_by=(Role.ENABLEMENT,),
    )
    return replace(told, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def launch_row(**changes: object) -> LaunchRow:
    """Return a region on a launch's page, with `changes`."""
    made = LaunchRow(
        product="atlas-2",
        region="apac",
        name="APAC",
        time_zone="Asia/Singapore",
        launch_at=LAUNCH_AT,
        launch_x=800,
        stage=Stage.TRAINING,
        verdict=Verdict.NOT_READY,
        rag=Rag.AMBER,
        index=63.4,
        forecast_at=LAUNCH_AT + timedelta(days=2),
        forecast_x=850,
        red_for=(Reddening(why=RedFor.LAPSES),),
        reason="8 of 50 have not completed every required course",
        waits=(Waits(whom="enablement", names=("Priya Raman",), since=NOW),),
        bars=(
            StageBar(
                stage=Stage.TRAINING, status=StageStatus.OPEN, x=100, width=300, planned_x=90, planned_width=400
            ),
        ),
        is_old=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def launch_page(*rows: LaunchRow, **changes: object) -> LaunchPage:
    """Return the page of a product with these regions in one wave, with `changes`."""
    made = LaunchPage(
        viewer=VIEWER,
        refresh_seconds=30,
        read_at=NOW + timedelta(days=3),
        product="atlas-2",
        name="Atlas 2",
        tier=1,
        owner="Ines Carvalho",
        counts=(VerdictCount(verdict=Verdict.NOT_READY, count=1),),
        waves=(Wave(number=1, rows=rows or (launch_row(), launch_row(forecast_at=None, forecast_x=None, waits=()))),),
        ticks=(Tick(at=NOW, x=100), Tick(at=LAUNCH_AT, x=800)),
        today=300,
        **launch_acts(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def problem_page(**changes: object) -> ProblemPage:
    """Return the page of a problem, with `changes`."""
    made = ProblemPage(
        viewer=None,
        refresh_seconds=5,
        status=422,
        title="Parts of the request are not what they must be",
        detail="One part of the request must be mended; see errors.",
        advice=("Mend what is named above.",),
        faults=(FaultLine(path="verdict", reason="Choose one of go, held."), FaultLine(path="", reason="Too much.")),
        request_id="0123456789abcdef",
        sees_board=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def permit_page(**changes: object) -> PermitPage:
    """Return the page that says what a permit is worth, with `changes` to what is shown of it."""
    shown = ShownPermit(
        name="atlas-2/emea/1",
        product="Atlas 2",
        region="EMEA",
        standing="suspended",
        is_valid=False,
        from_at=LAUNCH_AT,
        issued_at=LAUNCH_AT,
        expires_at=LAUNCH_AT + timedelta(minutes=15),
        has_expired=False,
        checked_at=LAUNCH_AT + timedelta(minutes=1),
        verdict=Choice.CONDITIONAL_GO,
        decided_at=NOW,
        decision_digest="sha256:" + "0" * 64,
        conditions=1,
    )
    made = replace(shown, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.
    return PermitPage(viewer=None, refresh_seconds=None, shown=made, fault=None)


def personas_page(**changes: object) -> PersonasPage:
    """Return the page on which one chooses whom to be, with `changes`."""
    persona = PersonaLine(
        person="ex-1",
        name="Elena Fischer",
        role="Executive everywhere",
        comes_for="Checks go/no-go in a minute, and decides.",
        is_chosen=False,
    )
    made = PersonasPage(
        viewer=None,
        refresh_seconds=None,
        personas=(persona, replace(persona, person="pm-7", is_chosen=True)),
        return_to="/launches/atlas-2?a=b",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.
