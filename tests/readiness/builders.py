"""How do tests make the values of the core?"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from readiness.canonical import digest
from readiness.commands import Choice, Decide, Position, Role, SignOff
from readiness.events import RegionLaunchStarted
from readiness.evidence import ContentEvidence, Evidence, Figures
from readiness.keys import RegionKey
from readiness.plan import Assessment, Course, RegionPlan
from readiness.policy import TIERS, Function, Policy, Stage
from readiness.region import RegionLaunch
from readiness.rules import begin

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
LAUNCH_AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
KEY = RegionKey(product="atlas-2", region="emea", run=1)
OWNER = "pm-7"

SIGNERS = (
    (Function.MARKETING, Role.MARKETING, "ma-1"),
    (Function.SALES, Role.SALES_LEAD, "sa-1"),
)
"""One person for each of the two keys."""


def unpolled(tier: int = 1) -> Policy:
    """Return the policy of a tier without its poll, its patience, and anything that lets a go live on."""
    strict = lasting(tier).go_no_go.model_copy(update={"go_covers_slip_days": 0, "go_revives_hours": 0})
    return TIERS[tier].model_copy(update={"go_no_go": strict, "idle_working_days": 0})


def lasting(tier: int = 1) -> Policy:
    """Return the policy of a tier without its poll, for what is not about polls."""
    policy = TIERS[tier]
    alone = policy.go_no_go.model_copy(update={"polled": (), "votes_needed": 0})
    return policy.model_copy(update={"go_no_go": alone, "idle_working_days": 0})


UNPOLLED = unpolled()


def started(*, policy: Policy = UNPOLLED, launch_at: datetime = LAUNCH_AT, at: datetime = NOW) -> RegionLaunchStarted:
    """Return the first event of a region launch."""
    return RegionLaunchStarted(
        at=at,
        person=OWNER,
        command_id="start-1",
        launch_run=1,
        product=KEY.product,
        product_name="Atlas 2",
        tier=policy.tier,
        owner=OWNER,
        plan=RegionPlan(
            region=KEY.region,
            name="EMEA",
            time_zone="Europe/Berlin",
            launch_at=launch_at,
            wall_clock="2027-03-01T09:00",
        ),
        courses=(Course(course_id="basics", title="Basics"),),
        assessment=Assessment(assessment_id="cert", title="Certification", pass_mark=Decimal(80)),
        policy=policy,
    )


def region_launch(*, policy: Policy = UNPOLLED) -> RegionLaunch:
    """Return a region launch that has just begun."""
    return begin(KEY, started(policy=policy))


@dataclass(frozen=True)
class World:
    """The facts outside: who has learned, and what the content says; `evidence` is what a look would gather."""

    audience: int = 50
    trained: int = 0
    certified: int = 0
    lapsing: int = 0
    message: str = "message 1"
    objections: str = "objections 1"
    same_message: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    answered: int = 5
    now: datetime = NOW

    def but(self, **changes: object) -> "World":
        """Return the world with `changes`."""
        return replace(self, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.

    def later(self, span: timedelta) -> "World":
        """Return the world `span` later."""
        return replace(self, now=self.now + span)

    def digest_of(self, stage: Stage) -> str:
        """Return the digest of what is to be signed at `stage`."""
        return digest(self.message if stage is Stage.VALUE_PROPOSITIONS else self.objections)

    def evidence(self, *, launch_at: datetime = LAUNCH_AT, at: datetime | None = None) -> Evidence:
        """Return what a look gathers for `launch_at`, judged at `at` or the later of that and now."""
        figures = Figures(
            at=at or max(launch_at, self.now),
            gathered_at=self.now,
            revision=1,
            audience=self.audience,
            started=self.trained,
            trained=self.trained,
            certified=self.certified,
            lapsing=self.lapsing,
            completions=self.trained,
            last_completion_at=self.now if self.trained else None,
            last_attempt_at=self.now if self.certified + self.lapsing else None,
        )
        message = ContentEvidence(
            stage=Stage.VALUE_PROPOSITIONS,
            digest=self.digest_of(Stage.VALUE_PROPOSITIONS),
            same_as=tuple(digest(text) for text in self.same_message),
            missing=self.missing,
        )
        objections = ContentEvidence(
            stage=Stage.OBJECTION_HANDLING,
            digest=self.digest_of(Stage.OBJECTION_HANDLING),
            answered=self.answered,
            ranked=5,
        )
        return Evidence(launch_at=launch_at, figures=figures, contents=(message, objections), waivers_elsewhere=0)


READY_WORLD = World(trained=45, certified=40)
"""Exactly what tier 1 asks of fifty people."""


def sign_off(
    function: Function,
    role: Role,
    person: str,
    *,
    stage: Stage = Stage.VALUE_PROPOSITIONS,
    world: World = READY_WORLD,
    position: Position = Position.APPROVE,
) -> SignOff:
    """Return the sign-off of the current content of `stage`."""
    return SignOff(
        command_id=f"sign-{stage.value}-{function.value}",
        person=person,
        role=role,
        logged_at=world.now,
        reason_digest=digest("why"),
        stage=stage,
        function=function,
        digest=world.digest_of(stage),
        position=position,
    )


def decision(
    choice: Choice = Choice.GO, *, person: str = "ex-1", at: datetime = NOW, seen: int | None = None
) -> Decide:
    """Return an executive's decision with a reason."""
    return Decide(
        command_id=f"decide-{choice.value}",
        person=person,
        role=Role.EXECUTIVE,
        logged_at=at,
        reason_digest=digest("why"),
        choice=choice,
        review_at=at + timedelta(days=7) if choice is Choice.NO_GO else None,
        seen=seen,
    )
