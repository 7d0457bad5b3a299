"""What do people do to one region, in an order that chance chooses, from its start to its end?"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    AcceptedDissent,
    Choice,
    Position,
    Promise,
    Role,
    Stance,
)
from readiness.keys import RegionKey
from readiness.ledger import Accepted
from readiness.plan import Assessment, Course, LaunchPlan, RegionPlan
from readiness.policy import SIGNED_STAGES, TIERS, CriterionKey, Function, Stage
from readiness.rows import AttemptRow, CompletionRow, ImportKind, PersonRow
from store.content import WouldHoldRegions, put_content, stage_content
from tests.readiness.builders import OWNER
from tests.torture.readying import import_learning, import_people
from tests.torture.town import Town

PEOPLE = ("a", "b", "c", "d", "e", OWNER)
SPEAKERS = {Function.MARKETING: "a", Function.SALES: "b", Function.ENABLEMENT: "c", Function.PRODUCT: OWNER}
SELLERS = 10
REASON = digest("because")
DAYS = 6
"""How many days a sequence takes; launch instants lie among them."""


class Sequence:
    """One region, and the people who govern it, rightly and wrongly."""

    def __init__(self, town: Town, number: int, chance: random.Random, *, since: datetime) -> None:
        self.town = town
        self.chance = chance
        self.since = since
        self.tier = chance.choice([1, 2, 3])
        self.product = f"sequence-{number}"
        self.region_name = f"region-{number}"
        self.course = Course(course_id=f"course-{number}", title="Course")
        self.assessment = Assessment(
            assessment_id=f"assessment-{number}",
            title="Assessment",
            pass_mark=Decimal(80),
            valid_days=chance.choice([365, 365, 365, 4]),
        )
        self.key = RegionKey(product=self.product, region=self.region_name, run=1)
        self.outcomes: Counter[str] = Counter()
        self.waivers: list[str] = []
        self.edits = 0

    @property
    def has_ended(self) -> bool:
        """Say whether nothing can be asked of the region any more."""
        return self.town.region(self.key).ending is not None

    async def begin(self) -> None:
        """Start the launch, write its texts, and bring some people as far as chance has it."""
        launch_at = self.since + timedelta(days=self.chance.randint(1, DAYS - 2))
        plan = LaunchPlan(
            product=self.product,
            name=self.product,
            tier=self.tier,
            owner=OWNER,
            regions=(
                RegionPlan(
                    region=self.region_name,
                    name=self.region_name,
                    time_zone="Europe/Berlin",
                    launch_at=launch_at,
                    wall_clock=f"{launch_at:%Y-%m-%dT%H:%M}",
                ),
            ),
            courses=(self.course,),
            assessment=self.assessment,
            policy=TIERS[self.tier],
        )
        self.key = await self.town.start(plan)
        for stage in SIGNED_STAGES:
            self._write(stage)
        roster = [
            PersonRow(name, name, f"{name}@example.com", function="sales", region=self.region_name)
            for name in self._sellers()
        ]
        import_people(self.town.desk.store, roster)
        self._learn(SELLERS, SELLERS)

    async def act(self) -> None:
        """Do one thing, or let two people do two things at once."""
        acts: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (4, self.become_ready_and_go),
            (2, self.go_short_of_one),
            (2, self.go_on_a_promise),
            (2, self.sign),
            (1, self.edit),
            (2, self.learn),
            (1, self.come_or_leave),
            (2, self.request_waiver),
            (2, self.answer_waiver),
            (1, self.vote_at_random),
            (2, self.decide),
            (1, self.keep_a_promise),
            (1, self.hold_or_resume),
            (1, self.reschedule),
            (1, self.change_owner),
        ]
        weights = [weight for weight, _ in acts]
        many = 1 + (self.chance.randrange(4) == 0)
        await asyncio.gather(*(act() for act in self.chance.choices([act for _, act in acts], weights, k=many)))

    async def end(self) -> None:
        """Cancel what has not ended."""
        if not self.has_ended:
            await self._ask("cancel", OWNER, Role.PRODUCT_MANAGER)

    async def _ask(self, kind: str, person: str, role: Role, **fields: object) -> Accepted | None:
        if self.has_ended:
            return None
        outcome = await self.town.ask(self.key, kind, person, role, **fields)
        self.outcomes[f"{kind} {outcome.kind}"] += 1
        return outcome if isinstance(outcome, Accepted) else None

    # --- stories as they usually go

    async def become_ready_and_go(self, *, passed: int = SELLERS, due_days: tuple[int, ...] = ()) -> None:
        """All goes well up to a go; whatever comes after it is chance."""
        region = self.town.region(self.key)
        if region.launch_at <= self.town.now and not self.has_ended:
            await self._move_to(self.town.now + timedelta(days=2))
        self._learn(SELLERS, passed)
        for stage in SIGNED_STAGES:
            for function, person in ((Function.MARKETING, "a"), (Function.SALES, "b")):
                await self._sign(stage, function, person, ROLE_OF_FUNCTION[function])
        if passed < SELLERS:
            await self.request_waiver(criterion=CriterionKey.CERTIFIED_SHARE, person="c")
            await self.answer_waiver(person="e", kind="grant_waiver", role=Role.EXECUTIVE)
        await self._ask("resume", OWNER, Role.PRODUCT_MANAGER)
        await self._poll(lambda: self.chance.choice([Stance.AGREE, Stance.AGREE, *Stance]))
        await self.decide(person="d", due_days=due_days, accepts=True)

    async def go_short_of_one(self) -> None:
        """What is missing is waived, and the region goes all the same."""
        required = TIERS[self.tier].certification.required_share
        await self.become_ready_and_go(passed=required * SELLERS // 10_000 - 1)

    async def go_on_a_promise(self) -> None:
        """A conditional go is given; whether its promise is kept is chance."""
        await self.become_ready_and_go(due_days=(self.chance.choice([1, 3, 9]),))
        if self.chance.random() < 0.5:
            await self.keep_a_promise()

    # --- single acts

    async def sign(self) -> None:
        """Someone signs or sends back, rightly or wrongly."""
        function = self.chance.choice([Function.MARKETING, Function.SALES, Function.ENABLEMENT])
        role = self.chance.choice([ROLE_OF_FUNCTION[function], Role.SELLER])
        position = self.chance.choice([Position.APPROVE, Position.APPROVE, Position.SEND_BACK])
        stage = self.chance.choice(SIGNED_STAGES)
        is_stale = self.chance.random() < 0.2
        await self._sign(stage, function, self.chance.choice(PEOPLE), role, position=position, is_stale=is_stale)

    async def edit(self) -> None:
        """A text changes materially, and the region hears of it or does not."""
        self._write(self.chance.choice(SIGNED_STAGES))
        await self._perhaps_hint()

    async def learn(self) -> None:
        """Facts arrive or are corrected, and the region hears of it or does not."""
        trained = self.chance.randint(6, SELLERS)
        self._learn(trained, self.chance.randint(3, trained))
        await self._perhaps_hint()

    async def come_or_leave(self) -> None:
        """Someone who has learned nothing joins, or someone leaves."""
        name = f"{self.region_name}-{self.chance.randint(SELLERS - 1, SELLERS + 2)}"
        row = PersonRow(
            name,
            name,
            f"{name}@example.com",
            function="sales",
            region=self.region_name,
            active=self.chance.random() < 0.6,
        )
        import_people(self.town.desk.store, [row])
        await self._perhaps_hint()

    async def request_waiver(self, *, criterion: CriterionKey | None = None, person: str | None = None) -> None:
        """Someone asks for a waiver, in time or not."""
        accepted = await self._asked_id(
            "request_waiver",
            person or self.chance.choice(PEOPLE),
            Role.ENABLEMENT,
            criterion=criterion or self.chance.choice([*CriterionKey]),
            floor=None,
            expires_at=self.town.now + timedelta(days=self.chance.choice([-1, 1, 3, 12])),
            control_digest=REASON,
        )
        if accepted is not None:
            self.waivers.append(accepted)

    async def answer_waiver(
        self, *, person: str | None = None, kind: str | None = None, role: Role | None = None
    ) -> None:
        """Someone answers the latest waiver, or takes it back."""
        if self.waivers:
            await self._ask(
                kind or self.chance.choice(["grant_waiver", "grant_waiver", "deny_waiver", "revoke_waiver"]),
                person or self.chance.choice(PEOPLE),
                role or self.chance.choice([Role.EXECUTIVE, Role.EXECUTIVE, Role.ENABLEMENT]),
                waiver=self.waivers[-1],
            )

    async def vote_at_random(self) -> None:
        """A poll is opened, and someone votes, rightly or wrongly."""
        await self._ask("open_poll", OWNER, Role.PRODUCT_MANAGER)
        function = self.chance.choice([*Function])
        role = self.chance.choice([ROLE_OF_FUNCTION[function], ROLE_OF_FUNCTION[function], Role.SELLER])
        await self._vote(function, self.chance.choice(PEOPLE), role, self.chance.choice([*Stance]))

    async def decide(
        self, *, person: str | None = None, due_days: tuple[int, ...] = (), accepts: bool | None = None
    ) -> None:
        """Someone decides, with or without the dissents by name, on conditions or without."""
        poll = self.town.region(self.key).poll
        dissents = [b.function for b in poll.opened if b.stance is Stance.DISSENT] if poll is not None else []
        choice = Choice.CONDITIONAL_GO if due_days else Choice.GO
        if person is None:
            choice = self.chance.choice([choice, choice, Choice.NO_GO, Choice.HOLD])
        is_named = (accepts if accepts is not None else self.chance.random() < 0.5) and choice is not Choice.NO_GO
        await self._ask(
            "decide",
            person or self.chance.choice(PEOPLE),
            Role.EXECUTIVE if person is not None else self.chance.choice([Role.EXECUTIVE, Role.PRODUCT_MANAGER]),
            choice=choice,
            review_at=self.town.now + timedelta(days=1) if choice is Choice.NO_GO else None,
            dissents_accepted=tuple(
                AcceptedDissent(function=function, reason_digest=REASON) for function in dissents if is_named
            ),
            conditions=tuple(
                Promise(owner="c", due_at=self.town.now + timedelta(days=days), text_digest=REASON)
                for days in due_days
            ),
        )

    async def keep_a_promise(self) -> None:
        """Someone says that the first open condition is met."""
        decision = self.town.region(self.key).decision
        if decision is not None and decision.conditions:
            await self._ask(
                "meet_condition",
                self.chance.choice(["c", "c", "a"]),
                Role.ENABLEMENT,
                condition=decision.conditions[0].promised.id,
                proof_digest=REASON,
            )

    async def hold_or_resume(self) -> None:
        """Someone holds or resumes."""
        await self._ask(self.chance.choice(["hold", "resume"]), self.chance.choice(PEOPLE), Role.PRODUCT_MANAGER)

    async def reschedule(self) -> None:
        """The launch instant moves, to a day near or far, before or after."""
        await self._move_to(self.town.region(self.key).launch_at + timedelta(days=self.chance.randint(-1, 3)))

    async def change_owner(self) -> None:
        """The region is given to another."""
        role = self.chance.choice([Role.PRODUCT_MANAGER, Role.ENABLEMENT])
        await self._ask("change_owner", OWNER, role, owner=self.chance.choice(["f", "g", OWNER]))

    # --- what acts are made of

    async def _asked_id(self, kind: str, person: str, role: Role, **fields: object) -> str | None:
        before = len(self.town.region(self.key).waivers)
        await self._ask(kind, person, role, **fields)
        waivers = self.town.region(self.key).waivers
        return waivers[-1].id if len(waivers) > before else None

    async def _move_to(self, launch_at: datetime) -> None:
        days = round((launch_at - self.since) / timedelta(days=1))
        launch_at = self.since + timedelta(days=days)
        clock = f"{launch_at:%Y-%m-%dT%H:%M}"
        await self._ask("reschedule", OWNER, Role.PRODUCT_MANAGER, launch_at=launch_at, wall_clock=clock)

    async def _sign(
        self,
        stage: Stage,
        function: Function,
        person: str,
        role: Role,
        *,
        position: Position = Position.APPROVE,
        is_stale: bool = False,
    ) -> None:
        with self.town.desk.store.reading() as tx:
            current = stage_content(tx, self.key, stage).evidence.digest
        stated = digest("another") if is_stale else current
        await self._ask("sign_off", person, role, stage=stage, function=function, digest=stated, position=position)

    async def _poll(self, stance: Callable[[], Stance]) -> None:
        if await self._ask("open_poll", OWNER, Role.PRODUCT_MANAGER) is not None:
            for function in TIERS[self.tier].go_no_go.polled:
                await self._vote(function, SPEAKERS[function], ROLE_OF_FUNCTION[function], stance())

    async def _vote(self, function: Function, person: str, role: Role, stance: Stance) -> None:
        await self._ask("cast_ballot", person, role, function=function, said={"position": stance.value})

    async def _perhaps_hint(self) -> None:
        if self.chance.random() < 0.5 and not self.has_ended:
            await self.town.sender.hint([self.key])

    def _sellers(self) -> list[str]:
        return [f"{self.region_name}-{number}" for number in range(SELLERS)]

    def _learn(self, trained: int, certified: int) -> None:
        """Let the first so many be trained and certified, and correct away what the others did."""
        store, sellers = self.town.desk.store, self._sellers()
        done_at, sat_at = self.since - timedelta(hours=2), self.since - timedelta(hours=1)
        completed = [
            CompletionRow(name, self.course.course_id, done_at, void=place >= trained)
            for place, name in enumerate(sellers)
        ]
        sat = [
            AttemptRow(name, self.assessment.assessment_id, sat_at, Decimal(90), void=place >= certified)
            for place, name in enumerate(sellers)
        ]
        import_learning(store, ImportKind.COMPLETIONS, completed)
        import_learning(store, ImportKind.ATTEMPTS, sat)

    def _write(self, stage: Stage) -> None:
        self.edits += 1
        said = f"In its version {self.edits}"
        if stage is Stage.VALUE_PROPOSITIONS:
            texts: dict[str, dict[str, Any]] = {"all": {"statement": f"{said} it halves your close."}}
        else:
            texts = {
                f"objection-{rank}": {
                    "objection": f"Too much of {rank}",
                    "answer": f"{said} not {rank}",
                    "rank": rank,
                }
                for rank in range(1, 6)
            }
        holds = [self.region_name] if self.chance.random() < 0.8 else []
        with self.town.desk.store.writing() as tx:
            now = self.town.desk.store.now(tx)
            try:
                for key, body in texts.items():
                    put_content(
                        tx, product=self.product, stage=stage, key=key, body=body, person="a", now=now, holds=holds
                    )
            except WouldHoldRegions:
                self.outcomes["edit refused"] += 1
