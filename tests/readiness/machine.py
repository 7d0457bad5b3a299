"""What may happen to a region, in any order, and what must then be true of it and of its launch?"""

# An auditor of its own keeps what happened outside, and judges each launch by that alone.

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import event as note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from pydantic import TypeAdapter

from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    Cancel,
    Choice,
    Decide,
    Hold,
    Position,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
    SignOff,
)
from readiness.events import HoldCause, RegionEvent, RegionLaunched
from readiness.evidence import Evidence
from readiness.ledger import Cause, Look, RegionRow
from readiness.policy import LEARNING_STAGES, SIGNED_STAGES, Function, Policy, Stage
from readiness.region import RegionLaunch, Verdict
from readiness.rules import (
    begin,
    evaluate,
    evolve,
    fold,
    judged_instant,
    propose,
    verdict_of,
    wants_launch,
    why_not_launch,
)
from readiness.values import BASIS_POINTS
from tests.readiness.builders import KEY, NOW, OWNER, World, lasting, started

PEOPLE = ("a", "b", "c", "d", OWNER)
EVENT = TypeAdapter[RegionEvent](RegionEvent)
REASON = digest("because")


@dataclass
class Go:
    """What the auditor knows of the last go that was accepted."""

    person: str
    launch_at: datetime
    """The launch instant that it was taken for."""
    slipped_to: datetime
    """The one that slips have carried it to."""
    is_alive: bool = True


class RegionMachine(RuleBasedStateMachine):
    """A region among people who sign, edit, decide, hold and move it while facts change and time passes."""

    policy: Policy = lasting(3)
    why_not = staticmethod(why_not_launch)
    """The last lock; a broken one shows whether the auditor would notice."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = 0
        self.world = World(audience=4)
        self.revision = 0
        self.signed: dict[tuple[Stage, Function], tuple[str, str]] = {}
        self.go: Go | None = None
        self.may_revive_until: datetime | None = None
        self.launches = 0
        self.shown: tuple[int, World] | None = None
        """The version and the facts that a reader was last shown."""

    @initialize(days=st.integers(1, 20), tier=st.sampled_from([1, 2, 3]))
    def start(self, days: int, tier: int) -> None:
        """Start the region some days before its launch."""
        self.policy = self.policy_of(tier)
        event = started(policy=self.policy, launch_at=NOW + timedelta(days=days))
        self.rows = [RegionRow(version=1, event=event)]
        self.region: RegionLaunch = begin(KEY, event)

    def policy_of(self, tier: int) -> Policy:
        """Return the policy under which the region is started: without seats, so without a poll."""
        return lasting(tier)

    def evidence(self, launch_at: datetime, at: datetime | None = None) -> Evidence:
        """Return what a look gathers for `launch_at`, judged at `at` or the later of that and now."""
        return self.world.evidence(launch_at=launch_at, at=at)

    def _settle(self, cause: Cause, *, launch_at: datetime | None = None) -> bool:
        evidence = self.evidence(launch_at or self.region.launch_at)
        proposal = propose(self.region, cause, evidence=evidence, now=self.world.now)
        for event in proposal.events:
            self._append(event)
        return proposal.refusal is None

    def _append(self, event: RegionEvent) -> None:
        written = EVENT.validate_json(EVENT.dump_json(event))
        assert written == event
        self.region = evolve(self.region, written)
        self.rows.append(RegionRow(version=self.region.version, event=written))
        self._audit(written)

    def _audit(self, event: RegionEvent) -> None:
        self._audit_revival(event)
        if event.type in {"region_held", "region_rescheduled", "region_cancelled"} and self.go is not None:
            self.go.is_alive = False
        if event.type == "region_slipped":
            self._audit_slip(event.launch_at)
        if event.type == "stage_passed":
            order = LEARNING_STAGES.index(event.stage)
            assert all(self.region.stage(stage).is_closed for stage in LEARNING_STAGES[:order])
        if event.type == "region_resumed":
            assert verdict_of(self.region) in {Verdict.READY, Verdict.NOT_READY, Verdict.NO_GO}

    def _audit_revival(self, event: RegionEvent) -> None:
        """A go that a gate took away may come back within a day, while nothing but gates has moved since."""
        if event.type == "go_revived":
            assert self.go is not None
            assert self.may_revive_until is not None
            assert event.at <= self.may_revive_until
            assert event.at < self.region.launch_at == self.go.slipped_to
            self.go.is_alive = True
        if event.type == "region_held" and event.cause is HoldCause.GATE_UNMET:
            hours = {1: 0, 2: 24, 3: 24}[self.policy.tier]
            self.may_revive_until = event.at + timedelta(hours=hours) if hours else None
        elif event.type not in {"criteria_judged", "stage_passed", "stage_reopened"}:
            self.may_revive_until = None

    def _audit_slip(self, launch_at: datetime) -> None:
        """A go is kept only by a later instant, near enough to the one that it was taken for."""
        assert self.go is not None
        assert self.go.is_alive
        covers = timedelta(days={1: 7, 2: 14, 3: 30}[self.policy.tier])
        assert self.go.slipped_to < launch_at <= self.go.launch_at + covers
        self.go.slipped_to = launch_at

    def _command(self, kind: type[RegionCommand], person: str, role: Role, **fields: object) -> RegionCommand:
        self.commands += 1
        carried = {"command_id": f"c-{self.commands}", "person": person, "role": role, "logged_at": self.world.now}
        return kind.model_validate({**carried, "reason_digest": REASON, **fields})

    @rule(
        person=st.sampled_from(PEOPLE),
        function=st.sampled_from([Function.MARKETING, Function.SALES, Function.ENABLEMENT]),
        stage=st.sampled_from([*SIGNED_STAGES, Stage.TRAINING]),
        is_current=st.booleans(),
        has_role=st.booleans(),
        position=st.sampled_from([Position.APPROVE, Position.APPROVE, Position.SEND_BACK]),
    )
    def sign(
        self, *, person: str, function: Function, stage: Stage, is_current: bool, has_role: bool, position: Position
    ) -> None:
        """Someone signs or sends back, rightly or wrongly."""
        current = self.world.digest_of(stage)
        role = ROLE_OF_FUNCTION[function] if has_role else Role.SELLER
        stated = current if is_current else digest("another")
        command = self._command(
            SignOff, person, role, stage=stage, function=function, digest=stated, position=position
        )
        if self._settle(command):
            assert is_current
            assert has_role
            assert stage in SIGNED_STAGES
            if position is Position.APPROVE:
                self.signed[stage, function] = (person, stated)
            else:
                self.signed.pop((stage, function), None)

    @rule(person=st.sampled_from(["a", "b"]))
    def sign_everything(self, person: str) -> None:
        """The two keys are turned on whatever is open, as the story usually goes."""
        other = "b" if person == "a" else "a"
        for stage in SIGNED_STAGES:
            for function, signer in ((Function.MARKETING, person), (Function.SALES, other)):
                self.sign(
                    person=signer,
                    function=function,
                    stage=stage,
                    is_current=True,
                    has_role=True,
                    position=Position.APPROVE,
                )

    @rule(executive=st.sampled_from(PEOPLE))
    def get_ready_and_go(self, executive: str) -> None:
        """All goes well up to a go, as the story usually goes; whatever comes after it is chance."""
        if self.region.launch_at <= self.world.now:
            self.reschedule(days=(self.world.now - self.region.launch_at).days + 2)
        self.learn_everything()
        self.sign_everything(person="a")
        self.hold_or_resume(person=OWNER, kind=Resume)
        self.decide(person=executive, choice=Choice.GO, role=Role.EXECUTIVE, behind=0)

    @rule(
        executive=st.sampled_from(["d", "d", "a"]), happens=st.sampled_from(["nothing", "nothing", "edit", "learn"])
    )
    def launch_on_the_day(self, executive: str, happens: str) -> None:
        """All goes well up to a go, then perhaps something changes unseen, and the launch instant comes."""
        self.get_ready_and_go(executive=executive)
        if happens == "edit":
            self.edit(stage=Stage.OBJECTION_HANDLING, looks=False)
        elif happens == "learn":
            self.learn_unseen(trained=4, certified=1)
        self.launch(skips_ahead=True)

    @rule(stage=st.sampled_from(SIGNED_STAGES), looks=st.booleans())
    def edit(self, stage: Stage, looks: bool) -> None:
        """Content changes materially; the region may not have looked yet."""
        self.revision += 1
        name = "message" if stage is Stage.VALUE_PROPOSITIONS else "objections"
        self.world = self.world.but(**{name: f"{name} {self.revision} edited"})
        if looks:
            self._settle(Look())

    @rule(trained=st.integers(0, 4), certified=st.integers(0, 4), audience=st.sampled_from([0, 4, 4, 4]))
    def learn(self, trained: int, certified: int, audience: int) -> None:
        """Facts arrive or are corrected, and the region looks."""
        trained = min(trained, audience)
        self.world = self.world.but(audience=audience, trained=trained, certified=min(certified, trained))
        self._settle(Look())

    @rule()
    def learn_everything(self) -> None:
        """Everyone is certified."""
        self.world = self.world.but(audience=4, trained=4, certified=4)
        self._settle(Look())

    @rule(trained=st.integers(0, 4), certified=st.integers(0, 4))
    def learn_unseen(self, trained: int, certified: int) -> None:
        """Facts change and no hint arrives."""
        self.world = self.world.but(trained=trained, certified=min(certified, trained))

    @rule(hours=st.sampled_from([0.2, 1, 24, 24 * 5]))
    def wait(self, hours: float) -> None:
        """Time passes unseen."""
        self.world = self.world.later(timedelta(hours=hours))

    @rule(
        person=st.sampled_from(PEOPLE),
        choice=st.sampled_from([Choice.GO, Choice.GO, Choice.GO, Choice.NO_GO, Choice.HOLD, Choice.CONDITIONAL_GO]),
        role=st.sampled_from([Role.EXECUTIVE, Role.EXECUTIVE, Role.PRODUCT_MANAGER]),
        behind=st.sampled_from([0, 0, 0, 1]),
    )
    def decide(self, person: str, choice: Choice, role: Role, behind: int) -> None:
        """Someone decides, rightly or wrongly, having seen this version or an older one."""
        seen = self.region.version - behind
        review_at = self.world.now + timedelta(days=2)
        command = self._command(Decide, person, role, choice=choice, review_at=review_at, seen=seen)
        assert isinstance(command, Decide)
        if self._settle(command) and choice is Choice.GO:
            self._remember_go(person, role)
        elif self.go is not None and choice is Choice.NO_GO and verdict_of(self.region) is Verdict.NO_GO:
            self.go.is_alive = False

    def _remember_go(self, person: str, role: Role) -> None:
        assert role is Role.EXECUTIVE
        assert person != OWNER
        self.go = Go(person=person, launch_at=self.region.launch_at, slipped_to=self.region.launch_at)

    @rule(person=st.sampled_from(PEOPLE), kind=st.sampled_from([Hold, Resume]))
    def hold_or_resume(self, person: str, kind: type[Hold | Resume]) -> None:
        """Someone holds or resumes."""
        self._settle(self._command(kind, person, Role.PRODUCT_MANAGER))

    @rule(days=st.integers(-1, 10))
    def reschedule(self, days: int) -> None:
        """The launch instant moves."""
        launch_at = self.region.launch_at + timedelta(days=days)
        command = self._command(Reschedule, OWNER, Role.PRODUCT_MANAGER, launch_at=launch_at, wall_clock="moved")
        self._settle(command, launch_at=launch_at)

    @rule()
    def cancel(self) -> None:
        """A region launch that has seen much is cancelled."""
        if self.region.version > 40:
            self._settle(self._command(Cancel, OWNER, Role.PRODUCT_MANAGER))

    @rule()
    def look(self) -> None:
        """The region looks for itself."""
        self._settle(Look())

    @rule(skips_ahead=st.sampled_from([True, True, False]))
    def launch(self, skips_ahead: bool) -> None:
        """The launch instant comes, and the launch is tried as the workflow and the launch transaction try it."""
        if skips_ahead and self.region.ending is None and self.world.now < self.region.launch_at:
            self.world = self.world.but(now=self.region.launch_at)
        now = self.world.now
        if not wants_launch(self.region, now=now):
            return
        launch_at = self.region.launch_at
        instants = (launch_at, now)
        if any(self.why_not(self.region, self.evidence(launch_at, at), at=at) for at in instants):
            return
        self._audit_launch()
        decision = self.region.decision
        assert decision is not None
        self._append(RegionLaunched(at=now, launch_at=launch_at, decision_version=decision.version))
        self.launches += 1
        note("launched")

    def _audit_launch(self) -> None:
        """Judge by what happened outside alone: facts, keys, the go and the clock."""
        world = self.world
        self._audit_people()
        for stage in SIGNED_STAGES:
            marketing, sales = (self.signed[stage, f] for f in (Function.MARKETING, Function.SALES))
            assert marketing[1] == sales[1] == world.digest_of(stage)
            assert marketing[0] != sales[0]
        assert self.go is not None
        assert self.go.is_alive
        assert self.go.person != OWNER
        assert self.go.slipped_to == self.region.launch_at
        assert self.region.launch_at <= world.now <= self.region.launch_at + timedelta(hours=1)
        assert self.launches == 0

    def _audit_people(self) -> None:
        world = self.world
        assert world.audience > 0
        assert world.trained * BASIS_POINTS >= self.policy.training.required_share * world.audience
        assert world.certified * BASIS_POINTS >= self.policy.certification.required_share * world.audience

    def teardown(self) -> None:
        """A region is the fold of its rows, and nothing else; the end tells it for every step that led there."""
        if hasattr(self, "region"):
            assert fold(KEY, None, self.rows) == self.region

    @invariant()
    def no_reader_sees_a_go_that_the_facts_forbid(self) -> None:
        """A shown go means that every gate is met by live figures."""
        if not hasattr(self, "region") or self.shown == (self.region.version, self.world):
            return
        self.shown = (self.region.version, self.world)
        at = judged_instant(self.region, now=self.world.now)
        evidence = self.evidence(self.region.launch_at, at)
        readiness = evaluate(self.policy, evidence, self.region, at=at)
        if readiness.verdict in {Verdict.GO, Verdict.CONDITIONAL_GO, Verdict.READY}:
            assert all(not readiness.unmet_of(stage) for stage in LEARNING_STAGES)
        if readiness.verdict is Verdict.LAUNCHED:
            assert self.launches == 1

    @invariant()
    def a_standing_go_has_an_executive_behind_it(self) -> None:
        """No event but an executive's decision gives a go."""
        if hasattr(self, "region") and verdict_of(self.region) in {Verdict.GO, Verdict.CONDITIONAL_GO}:
            assert self.go is not None
            assert self.go.is_alive
