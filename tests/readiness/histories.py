"""Which histories may a region launch have, made of whatever people, facts and time may do?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    Cancel,
    Choice,
    Hold,
    Position,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
)
from readiness.events import RegionEvent, RegionLaunched
from readiness.evidence import Evidence
from readiness.keys import RegionKey
from readiness.ledger import Cause, Look
from readiness.policy import SIGNED_STAGES, TIERS, Function, Policy, Stage
from readiness.region import RegionLaunch
from readiness.rules import begin, evolve, propose, wants_launch, why_not_launch
from tests.readiness.builders import KEY, OWNER, UNPOLLED, World, decision, sign_off, started
from tests.readiness.governing import SEATS, accepting, asked, ballot, deny, grant, open_poll, revoke, told


@dataclass
class Telling:
    """A history while it is told: the region, the world outside, and every event so far."""

    region: RegionLaunch
    world: World
    events: list[RegionEvent] = field(default_factory=list)
    asked: int = 0

    @property
    def key(self) -> RegionKey:
        """Whose history it is."""
        return self.region.key

    def settle(self, cause: Cause) -> None:
        """Write whatever the core proposes for a cause; a refusal writes what fell due anyway."""
        gathered = self.evidence(cause.launch_at if isinstance(cause, Reschedule) else self.region.launch_at)
        for event in propose(self.region, cause, evidence=gathered, now=self.world.now).events:
            self.write(event)

    def evidence(self, launch_at: Any) -> Evidence:
        """Return what a look gathers, with every ballot that is in."""
        gathered = self.world.evidence(launch_at=launch_at)
        return gathered.model_copy(update={"ballots": told(self.region, self.world, {}).ballots})

    def write(self, event: RegionEvent) -> None:
        """Write one event."""
        self.region = evolve(self.region, event)
        self.events.append(event)

    def steer(self, kind: type[RegionCommand], **fields: Any) -> None:
        """Hold, resume, move or cancel as the owner."""
        carried = {"command_id": "c", "person": OWNER, "role": Role.PRODUCT_MANAGER, "logged_at": self.world.now}
        self.settle(kind.model_validate({**carried, "reason_digest": digest("why"), **fields}))

    def sign(self, stage: Stage, function: Function, position: Position) -> None:
        """Sign or send back."""
        role, person = ROLE_OF_FUNCTION[function], SEATS[function]
        self.settle(sign_off(function, role, person, stage=stage, world=self.world, position=position))

    def sign_everything(self) -> None:
        """Turn both keys on both texts."""
        for stage in SIGNED_STAGES:
            for function in (Function.MARKETING, Function.SALES):
                self.sign(stage, function, Position.APPROVE)

    def edit(self, stage: Stage) -> None:
        """Change a text materially."""
        name = "message" if stage is Stage.VALUE_PROPOSITIONS else "objections"
        self.world = self.world.but(**{name: f"{name} {len(self.events)} {self.world.now}"})
        self.settle(Look())

    def learn(self, trained: int, certified: int) -> None:
        """Bring in who has learned, of four."""
        self.world = self.world.but(audience=4, trained=trained, certified=min(certified, trained))
        self.settle(Look())

    def wait(self, hours: float) -> None:
        """Let time pass unseen."""
        self.world = self.world.later(timedelta(hours=hours))

    def poll(self) -> None:
        """Ask every function."""
        self.settle(open_poll(at=self.world.now))

    def vote(self, function: Function) -> None:
        """Hand in a ballot, and look in case it was the last."""
        self.settle(ballot(function))
        self.settle(Look())

    def vote_all(self) -> None:
        """Ask every function and have each answer."""
        self.poll()
        for function in Function:
            self.vote(function)

    def decide(self, choice: Choice) -> None:
        """Have an executive decide; a conditional go without conditions is refused."""
        wanted = accepting() if choice is Choice.GO else decision(choice, at=self.world.now)
        self.settle(wanted.model_copy(update={"logged_at": self.world.now}))

    def ask_waiver(self, days: int) -> None:
        """Ask to pass the certified share for some days."""
        self.asked += 1
        expires_at = self.world.now + timedelta(days=days)
        self.settle(asked(command_id=f"waiver-{self.asked}", floor=None, expires_at=expires_at))

    def fall_short(self, days: int) -> None:
        """Have everything go well but for one person in four, and ask to pass that for some days."""
        self.learn(4, 3)
        self.sign_everything()
        self.ask_waiver(days)

    def answer_waiver(self, answer: Callable[..., RegionCommand]) -> None:
        """Have an executive answer the last request."""
        self.settle(answer(waiver=f"waiver-{self.asked}"))

    def become_ready(self) -> None:
        """Have everything go well up to the decision."""
        self.learn(4, 4)
        self.sign_everything()
        self.steer(Resume)
        self.vote_all()

    def reach_a_go(self) -> None:
        """Have everything go well up to a go."""
        self.become_ready()
        self.decide(Choice.GO)

    def launch(self) -> None:
        """Come to the launch instant and launch, if both locks say yes."""
        self.world = self.world.but(now=max(self.world.now, self.region.launch_at))
        at = self.world.now
        if wants_launch(self.region, now=at) and not why_not_launch(
            self.region, self.evidence(self.region.launch_at), at=at
        ):
            assert self.region.decision is not None
            version = self.region.decision.version
            self.write(RegionLaunched(at=at, launch_at=self.region.launch_at, decision_version=version))
        else:
            self.settle(Look())


Act = tuple[str, tuple[Any, ...]]
"""A method of `Telling` with what it is given."""


def _act(name: str, *given: st.SearchStrategy[Any]) -> st.SearchStrategy[Act]:
    return st.tuples(st.just(name), st.tuples(*given))


acts = st.one_of(
    _act(
        "sign",
        st.sampled_from(SIGNED_STAGES),
        st.sampled_from([Function.MARKETING, Function.SALES]),
        st.sampled_from(Position),
    ),
    _act("sign_everything"),
    _act("edit", st.sampled_from(SIGNED_STAGES)),
    _act("learn", st.integers(0, 4), st.integers(0, 4)),
    _act("learn", st.just(4), st.sampled_from([3, 4])),
    *(_act("wait", st.sampled_from([0.3, 5.0, 30.0, 80.0])) for _ in range(3)),
    _act("poll"),
    _act("vote", st.sampled_from(Function)),
    _act("vote_all"),
    _act("decide", st.sampled_from([Choice.GO, Choice.GO, Choice.NO_GO, Choice.HOLD])),
    _act("steer", st.sampled_from([Hold, Resume])),
    _act("move", st.integers(-3, 9)),
    *(_act("fall_short", st.integers(1, 4)) for _ in range(2)),
    _act("answer_waiver", st.sampled_from([grant, deny, revoke])),
    _act("become_ready"),
    *(_act("reach_a_go") for _ in range(2)),
)


def tell(policy: Policy, days: int, chosen: Sequence[Act], *, last: str | None = None) -> Telling:
    """Return the history of a region that launches some days after its start, in which these things are done and, if
    it says so, one `last` thing: `cancel` or `launch`."""
    world = World(audience=4)
    event = started(policy=policy, launch_at=world.now + timedelta(days=days))
    telling = Telling(begin(KEY, event), world, [event])
    for name, given in chosen:
        if name == "move":
            moved = telling.region.launch_at + timedelta(days=given[0])
            telling.steer(Reschedule, launch_at=moved, wall_clock="moved")
        else:
            getattr(telling, name)(*given)
    if last == "cancel":
        telling.steer(Cancel)
    elif last == "launch":
        telling.launch()
    return telling


histories = st.builds(
    tell,
    st.sampled_from([UNPOLLED, UNPOLLED, *TIERS.values()]),
    st.sampled_from([2, 10, 40, 40]),
    st.lists(acts, min_size=6, max_size=25),
    last=st.sampled_from([None, None, "launch", "launch", "cancel"]),
)
"""Histories of a region, with and without a poll."""
