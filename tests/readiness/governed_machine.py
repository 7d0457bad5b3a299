"""What may happen to a region with waivers, a poll and conditions, and what must then be true of it?"""

# The auditor keeps its own book: who asked for which waiver and who answered, what each ballot says, what was
# promised and kept. Of the core's events it reads only what a reader of the ledger would.

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import event as note
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    AcceptedDissent,
    CastBallot,
    Choice,
    Decide,
    DenyWaiver,
    GrantWaiver,
    MeetCondition,
    OpenPoll,
    Promise,
    RequestWaiver,
    Resume,
    RevokeWaiver,
    Role,
    Stance,
)
from readiness.events import RegionEvent
from readiness.evidence import BallotTold, Evidence
from readiness.ledger import Look
from readiness.policy import TIERS, CriterionKey, Function, Policy
from readiness.region import Verdict
from readiness.rules import verdict_of
from readiness.values import BASIS_POINTS
from tests.readiness.builders import OWNER
from tests.readiness.machine import PEOPLE, REASON, RegionMachine

WAIVABLE = {CriterionKey.OBJECTIONS_ANSWERED, CriterionKey.TRAINING_COMPLETION, CriterionKey.CERTIFIED_SHARE}
SPEAKERS = {Function.MARKETING: "a", Function.SALES: "b", Function.ENABLEMENT: "c", Function.PRODUCT: OWNER}
GROUND = {
    Function.MARKETING: {"value_propositions", "objection_handling"},
    Function.SALES: {"value_propositions", "objection_handling", "training", "certification"},
    Function.ENABLEMENT: {"training", "certification"},
    Function.PRODUCT: {"value_propositions", "objection_handling", "training", "certification", "instant"},
}
"""What a vote of each function rests on: written down a second time on purpose."""


@dataclass
class Permission:
    """What the auditor knows of a waiver."""

    criterion: CriterionKey
    floor: int
    expires_at: datetime
    requested_by: str
    answered_by: str | None = None
    state: str = "requested"

    def covers(self, criterion: CriterionKey, reached: int, of: int, *, at: datetime) -> bool:
        """Say whether it lets so many of so many pass `criterion` at `at`."""
        is_granted = self.state == "granted" and at < self.expires_at
        return self.criterion is criterion and is_granted and reached * BASIS_POINTS >= self.floor * of


@dataclass
class Vote:
    """What the auditor knows of a ballot."""

    person: str
    stance: Stance
    at: datetime


@dataclass
class Round:
    """What the auditor knows of a poll."""

    closes_at: datetime
    votes: dict[Function, Vote] = field(default_factory=dict)
    is_closed: bool = False


@dataclass
class Pledge:
    """What the auditor knows of a condition."""

    owner: str
    due_at: datetime
    is_kept: bool = False


class GovernedMachine(RegionMachine):
    """The same region with the seats, waivers and conditions of its tier."""

    policy: Policy = TIERS[3]

    def __init__(self) -> None:
        super().__init__()
        self.permissions: dict[str, Permission] = {}
        self.box: dict[str, BallotTold] = {}
        self.round: Round | None = None
        self.moved: dict[str, datetime] = {}
        self.moved_before_the_go: dict[str, datetime] = {}
        self.accepted: set[Function] = set()
        self.pledges: list[Pledge] = []

    def policy_of(self, tier: int) -> Policy:
        """Return the policy of the tier, with its poll."""
        return TIERS[tier]

    def evidence(self, launch_at: datetime, at: datetime | None = None) -> Evidence:
        """Return what a look gathers: the ballots are told once the poll may be closed, as the store does."""
        poll = self.region.poll
        may_close = poll is not None and poll.may_close_at(self.world.now)
        told = tuple(self.box[b.command_id or ""] for b in poll.sealed) if poll is not None and may_close else ()
        return super().evidence(launch_at, at).model_copy(update={"ballots": told})

    def _audit(self, event: RegionEvent) -> None:
        super()._audit(event)
        match event.type:
            case "stage_reopened":
                self.moved[event.stage.value] = event.at
            case "region_rescheduled" | "region_slipped":
                self.moved["instant"] = event.at
            case "go_revived":
                # The gate is met by what it was met by as they voted.
                self.moved = {**self.moved_before_the_go, **{k: v for k, v in self.moved.items() if k == "instant"}}
            case "poll_opened":
                self._audit_carried(event.at, {ballot.function for ballot in event.carried})
                carried = self.round.votes if self.round is not None else {}
                votes = {b.function: carried[b.function] for b in event.carried}
                self.round = Round(closes_at=event.closes_at, votes=votes)
            case "ballot_cast":
                assert "stance" not in event.model_dump_json()
            case "poll_closed":
                assert self.round is not None
                self.round.is_closed = True
                everyone = set(self.policy.go_no_go.polled) <= set(self.round.votes)
                assert everyone or self.round.closes_at <= self.world.now
            case "condition_missed":
                assert any(not p.is_kept and p.due_at <= self.world.now for p in self.pledges)
            case _:
                pass

    def _audit_carried(self, now: datetime, carried: set[Function]) -> None:
        """A vote is carried over only while nothing that it rests on has moved since it was cast."""
        for function in carried:
            assert self.round is not None
            vote = self.round.votes[function]
            assert vote.at <= now
            assert all(self.moved.get(ground, vote.at) <= vote.at for ground in GROUND[function])

    # --- waivers

    @rule(
        person=st.sampled_from(PEOPLE),
        criterion=st.sampled_from([*WAIVABLE, *WAIVABLE, *CriterionKey]),
        floor=st.sampled_from([2_500, 5_000, 7_500, None]),
        days=st.sampled_from([-1, 1, 8, 30, 90]),
    )
    def request_waiver(self, person: str, criterion: CriterionKey, floor: int | None, days: int) -> None:
        """Someone asks for a waiver, in time or not."""
        command = self._command(
            RequestWaiver,
            person,
            Role.ENABLEMENT,
            criterion=criterion,
            floor=floor,
            expires_at=self.world.now + timedelta(days=days),
            control_digest=REASON,
        )
        if self._settle(command):
            assert criterion in WAIVABLE
            assert days > 0
            waiver = self.region.waivers[-1]
            self.permissions[command.command_id] = Permission(criterion, waiver.floor, waiver.expires_at, person)
            open_now = [p for p in self.permissions.values() if p.state in {"requested", "granted"}]
            still_running = [p for p in open_now if p.expires_at > self.world.now]
            assert len(still_running) <= self.policy.waivers.open_per_region

    @rule(
        person=st.sampled_from(PEOPLE),
        kind=st.sampled_from([GrantWaiver, GrantWaiver, DenyWaiver, RevokeWaiver]),
        role=st.sampled_from([Role.EXECUTIVE, Role.EXECUTIVE, Role.ENABLEMENT]),
    )
    def answer_waiver(self, person: str, kind: type[GrantWaiver | DenyWaiver | RevokeWaiver], role: Role) -> None:
        """Someone answers the latest waiver, or takes it back."""
        if not self.permissions:
            return
        waiver = list(self.permissions)[-1]
        permission = self.permissions[waiver]
        if self._settle(self._command(kind, person, role, waiver=waiver)):
            assert role is Role.EXECUTIVE
            assert person not in {permission.requested_by, OWNER}
            states: dict[type, str] = {GrantWaiver: "granted", DenyWaiver: "denied", RevokeWaiver: "revoked"}
            permission.state = states[kind]
            permission.answered_by = person

    @rule(trained=st.integers(2, 4), certified=st.integers(1, 3))
    def waive_what_is_missing(self, trained: int, certified: int) -> None:
        """Facts fall short, and what is missing is asked for and granted, as it goes when a date presses."""
        self.learn(trained=trained, certified=certified, audience=4)
        self.request_waiver(person="c", criterion=CriterionKey.CERTIFIED_SHARE, floor=None, days=30)
        self.answer_waiver(person="e", kind=GrantWaiver, role=Role.EXECUTIVE)

    @rule(stances=st.lists(st.sampled_from(Stance), min_size=4, max_size=4), accepts=st.booleans())
    def launch_short_of_one(self, stances: list[Stance], accepts: bool) -> None:
        """A region that falls short is waived, polled and decided on, and its launch instant comes."""
        self.get_ready_and_go(executive="d")
        self.waive_what_is_missing(trained=4, certified=3)
        self.hold_or_resume(person=OWNER, kind=Resume)
        self.everyone_votes(stances=stances)
        self.decide_having_read_the_poll(person="d", accepts=accepts, due_hours=[])
        self.launch(skips_ahead=True)

    @rule(due_hours=st.sampled_from([1, 24, 24 * 9]), is_kept=st.booleans())
    def launch_on_a_promise(self, due_hours: int, is_kept: bool) -> None:
        """A conditional go is given, its promise is kept or not, and the launch instant comes."""
        self.get_ready_and_go(executive="d", due_hours=[due_hours])
        if is_kept:
            self.keep_a_promise(person="c")
        self.launch(skips_ahead=True)

    # --- the poll

    @rule()
    def open_poll(self) -> None:
        """Someone asks everybody for their position."""
        self._settle(self._command(OpenPoll, OWNER, Role.PRODUCT_MANAGER))

    @rule(
        person=st.sampled_from(PEOPLE),
        function=st.sampled_from(Function),
        stance=st.sampled_from(Stance),
        has_role=st.sampled_from([True, True, True, False]),
    )
    def vote(self, person: str, function: Function, stance: Stance, has_role: bool) -> None:
        """Someone votes, rightly or wrongly; what they say lies in the box until the poll may close."""
        role = ROLE_OF_FUNCTION[function] if has_role else Role.SELLER
        command = self._command(CastBallot, person, role, function=function)
        self.box[command.command_id] = BallotTold(
            command_id=command.command_id, function=function, person=person, stance=stance
        )
        was = self.round
        if self._settle(command):
            assert was is not None
            assert has_role
            assert function in self.policy.go_no_go.polled
            assert function not in was.votes
            assert person not in {vote.person for vote in was.votes.values()}
            was.votes[function] = Vote(person, stance, self.world.now)
            self._settle(Look())

    @rule(stances=st.lists(st.sampled_from(Stance), min_size=4, max_size=4))
    def everyone_votes(self, stances: list[Stance]) -> None:
        """A poll is opened and every seat votes, as the story usually goes."""
        self.open_poll()
        for (function, person), stance in zip(SPEAKERS.items(), stances, strict=True):
            self.vote(person=person, function=function, stance=stance, has_role=True)

    # --- the decision

    @rule(
        person=st.sampled_from(PEOPLE),
        accepts=st.booleans(),
        due_hours=st.lists(st.sampled_from([1, 24, 24 * 9]), max_size=2),
    )
    def decide_having_read_the_poll(self, person: str, accepts: bool, due_hours: Sequence[int]) -> None:
        """Someone decides, with or without the dissents by name, on conditions or without."""
        poll = self.region.poll
        dissents = [b.function for b in poll.opened if b.stance is Stance.DISSENT] if poll is not None else []
        named = dissents if accepts else []
        due = [self.world.now + timedelta(hours=hours) for hours in due_hours]
        command = self._command(
            Decide,
            person,
            Role.EXECUTIVE,
            choice=Choice.CONDITIONAL_GO if due else Choice.GO,
            dissents_accepted=tuple(AcceptedDissent(function=f, reason_digest=REASON) for f in named),
            conditions=tuple(Promise(owner="c", due_at=at, text_digest=digest("a promise")) for at in due),
        )
        if self._settle(command):
            self._remember_go(person, Role.EXECUTIVE)
            self.accepted = set(named)
            self.pledges = [Pledge(owner="c", due_at=at) for at in due]

    def _remember_go(self, person: str, role: Role) -> None:
        super()._remember_go(person, role)
        self.accepted, self.pledges = set(), []
        self.moved_before_the_go = dict(self.moved)
        parties = {p for each in self.permissions.values() for p in (each.requested_by, each.answered_by)}
        assert person not in parties
        self._audit_poll(person)

    @rule(executive=st.sampled_from(PEOPLE), due_hours=st.lists(st.sampled_from([24, 24 * 9]), max_size=1))
    def get_ready_and_go(self, executive: str, due_hours: Sequence[int] = ()) -> None:
        """All goes well up to a go, as the story usually goes; whatever comes after it is chance."""
        if self.region.launch_at <= self.world.now:
            self.reschedule(days=(self.world.now - self.region.launch_at).days + 2)
        self.learn_everything()
        self.sign_everything(person="a")
        self.hold_or_resume(person=OWNER, kind=Resume)
        self.everyone_votes(stances=[Stance.AGREE] * 4)
        self.decide_having_read_the_poll(person=executive, accepts=True, due_hours=due_hours)

    @rule(person=st.sampled_from(["a", "c", "c", OWNER]))
    def keep_a_promise(self, person: str) -> None:
        """Someone says that the first open condition is met."""
        decision = self.region.decision
        waiting = [n for n, pledge in enumerate(self.pledges) if not pledge.is_kept]
        if decision is None or not decision.conditions or not waiting:
            return
        condition = decision.conditions[waiting[0]].promised.id
        if self._settle(
            self._command(MeetCondition, person, Role.ENABLEMENT, condition=condition, proof_digest=REASON)
        ):
            assert person in {"c", OWNER}
            self.pledges[waiting[0]].is_kept = True

    # --- what a launch must rest on

    def _audit_people(self) -> None:
        world, policy, now = self.world, self.policy, self.world.now
        assert world.audience > 0
        for criterion, reached, required in (
            (CriterionKey.TRAINING_COMPLETION, world.trained, policy.training.required_share),
            (CriterionKey.CERTIFIED_SHARE, world.certified, policy.certification.required_share),
        ):
            is_met = reached * BASIS_POINTS >= required * world.audience
            assert is_met or any(
                p.covers(criterion, reached, world.audience, at=max(now, self.region.launch_at))
                for p in self.permissions.values()
            )

    def _rests_on_a_waiver(self) -> bool:
        required = self.policy.certification.required_share * self.world.audience
        return self.world.certified * BASIS_POINTS < required

    def _audit_poll(self, decider: str) -> None:
        """Every seat has voted or the clock ran out; enough have; nobody holds two seats."""
        rules = self.policy.go_no_go
        assert self.round is not None
        assert self.round.is_closed
        assert set(rules.polled) <= set(self.round.votes) or self.round.closes_at <= self.world.now
        assert len(self.round.votes) >= rules.votes_needed
        people = [vote.person for vote in self.round.votes.values()]
        assert len(set(people)) == len(people)
        assert decider != OWNER

    def _audit_launch(self) -> None:
        super()._audit_launch()
        assert self.go is not None
        note(
            "launched on conditions"
            if self.pledges
            else "launched on a waiver"
            if self._rests_on_a_waiver()
            else "launched with a poll"
        )
        self._audit_poll(self.go.person)
        assert self.round is not None
        votes = self.round.votes
        dissents = {function for function, vote in votes.items() if vote.stance is Stance.DISSENT}
        if self.policy.go_no_go.absent == "dissent":
            dissents |= set(self.policy.go_no_go.polled) - set(votes)
        assert dissents <= self.accepted
        assert all(pledge.is_kept for pledge in self.pledges if pledge.due_at <= self.world.now)
        for permission in self.permissions.values():
            assert self.go.person not in {permission.requested_by, permission.answered_by}

    @invariant()
    def a_go_has_no_missed_condition(self) -> None:
        """Once the region has looked, a go stands only while every promise that is due was kept."""
        if hasattr(self, "region") and verdict_of(self.region) in {Verdict.GO, Verdict.CONDITIONAL_GO}:
            looked_at = self.region.last_at or self.world.now
            assert all(p.is_kept for p in self.pledges if p.due_at <= looked_at)

    @invariant()
    def sealed_ballots_tell_nothing(self) -> None:
        """While the poll is open no seat of the region says how it voted in it."""
        poll = self.region.poll if hasattr(self, "region") else None
        if poll is not None and poll.closed_at is None:
            assert poll.opened == ()
