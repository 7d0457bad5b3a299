"""What happens in a launch, told so that it can be played again with its hints in another order?"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple

from temporalio.service import RPCError

from readiness.commands import Choice, RegionCommand, Role
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Outcome, Refused
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Verdict
from readiness.rules import evaluate, fold, judged_instant, verdict_of
from store.ledger import rows_after
from store.regions import launch_record, region_record
from store.sight import gather
from tests.readiness.builders import OWNER, SIGNERS
from tests.store.desk import PRODUCT
from tests.torture.fort import pause
from tests.workflows.test_with_the_store import LEAD, House
from workflows import names

LAUNCH = LaunchKey(product=PRODUCT, run=1)
REGIONS = ("apac", "emea")

BOUND = timedelta(seconds=60)
"""How long anything may take that is waited for."""

_COMMANDS = ("sign", "go", "no_go", "hold", "resume", "reschedule")
_FALLS = ("void", "edit")


class Step(NamedTuple):
    """Something that happens in one region; `number` tells one text, or one instant, from another."""

    what: str
    region: str
    number: int


Tale = tuple[Step, ...]


def tell(chance: Random, length: int) -> Tale:
    """Return a tale of `length` steps, in which what people ask for meets whatever the facts have come to; in the end
    most regions are brought to a launch.

    Whether a go outlives a dip that nobody looked at during it depends on who looked when, as it may: so in a tale
    facts that fell under a go stay down until somebody asks for something.
    """
    steps: list[Step] = []
    may_go = dict.fromkeys(REGIONS, False)
    fell = dict.fromkeys(REGIONS, False)
    for number in range(length):
        region = chance.choice(REGIONS)
        rising = () if may_go[region] and fell[region] else ("teach", "teach", "bring to a go", "bring to a go")
        what = chance.choice((*rising, *_COMMANDS, *_FALLS, "pass"))
        steps.append(Step(what, region, number))
        if what in _FALLS:
            # A text is the same for all regions.
            fell = {each: fell[each] or each == region or what == "edit" for each in REGIONS}
        elif what in {"go", "bring to a go"}:
            may_go[region], fell[region] = True, False
        elif what in _COMMANDS:
            may_go[region], fell[region] = may_go[region] and what == "sign", False
    to_launch = [region for region in REGIONS if chance.random() < 0.6]
    return (*steps, *(Step(what, region, length) for region in to_launch for what in ("resume", "bring to a go")))


@dataclass
class Player:
    """Plays a tale on a house, with the hints that its messenger sends."""

    house: House
    keys: dict[str, RegionKey] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)

    async def play(self, tale: Tale, messenger: "Messenger") -> None:
        """Play every step, then let the launch instants pass."""
        desk = self.house.desk
        self.keys = {key.region: key for key in desk.start(*REGIONS, launch_at=desk.clock.now + LEAD)}
        desk.write_all()
        await self.house.sender.hint_launch(LAUNCH)
        for step in tale:
            await asyncio.gather(self._take(step), messenger.meanwhile(self))
            if step.what in {"teach", "bring to a go", *_FALLS}:
                touched = REGIONS if step.what == "edit" else (step.region,)
                await messenger.changed(self, touched)
        await messenger.finish(self)
        for region in REGIONS:
            await self.hint(region)
        await self.until(lambda: all(self.has_seen(region) for region in REGIONS))
        last = max(desk.region(key).launch_at for key in self.keys.values())
        await self.house.pass_until(last + timedelta(minutes=10))
        await messenger.finish(self)
        await self.until(lambda: all(self._is_settled(key) for key in self.keys.values()))
        for key in self.keys.values():
            if desk.region(key).ending is None:
                await self._send(key, desk.ask(key, "cancel", OWNER, Role.PRODUCT_MANAGER))
        await self.until(lambda: self._launch_has_ended)

    async def hint(self, region: str) -> None:
        """Hint a region, as the relay does."""
        await self.house.sender.hint([self.keys[region]])

    def has_seen(self, region: str) -> bool:
        """Say whether a region's workflow has looked at what there is."""
        with self.house.desk.store.reading() as tx:
            record = region_record(tx, self.keys[region])
        return record.region.ending is not None or record.looked_revision >= record.facts_revision

    async def until(self, look: Callable[[], bool]) -> None:
        """Look again and again until what is seen is true."""
        async with asyncio.timeout(BOUND.total_seconds()):
            while not look():
                await pause()

    async def signal(self, workflow_id: str, name: str, *given: Any) -> None:
        """Send a bare signal; nobody need be there."""
        with suppress(RPCError):
            await self.house.env.client.get_workflow_handle(workflow_id).signal(name, args=given)

    @property
    def _launch_has_ended(self) -> bool:
        with self.house.desk.store.reading() as tx:
            launch = launch_record(tx, LAUNCH).launch
        return launch is not None and launch.ended_at is not None

    def _is_settled(self, key: RegionKey) -> bool:
        region = self.house.desk.region(key)
        return region.ending is not None or verdict_of(region) in {Verdict.HELD, Verdict.NO_GO}

    async def _take(self, step: Step) -> None:
        key, desk = self.keys[step.region], self.house.desk
        match step.what:
            case "teach":
                desk.teach(step.region)
            case "void":
                desk.void_passes(step.region)
            case "edit":
                body = {"statement": f"Atlas 2 halves your close, says text {step.number}."}
                desk.write(Stage.VALUE_PROPOSITIONS, "all", body, holds=list(REGIONS))
            case "pass":
                await self.house.pass_until(desk.clock.now + timedelta(hours=7 + step.number))
            case "sign":
                await self._sign(key)
            case "bring to a go":
                desk.teach(step.region)
                await self._sign(key)
                await self._send(key, desk.decide(key, Choice.GO))
            case "go":
                await self._send(key, desk.decide(key, Choice.GO))
            case "no_go":
                await self._send(key, desk.decide(key, Choice.NO_GO))
            case "hold":
                await self._send(key, desk.hold(key))
            case "resume":
                await self._send(key, desk.ask(key, "resume", "ex-1", Role.EXECUTIVE))
            case "reschedule":
                launch_at = desk.region(key).plan.launch_at + timedelta(days=1 + step.number % 3)
                moved = {"launch_at": launch_at, "wall_clock": f"{launch_at:%Y-%m-%dT%H:%M}"}
                await self._send(key, desk.ask(key, "reschedule", OWNER, Role.PRODUCT_MANAGER, **moved))
            case _:
                raise AssertionError(step.what)

    async def _sign(self, key: RegionKey) -> None:
        for stage in SIGNED_STAGES:
            for function, role, person in SIGNERS:
                await self._send(key, self.house.desk.sign_off(key, stage, function, role, person))

    async def _send(self, key: RegionKey, command: RegionCommand) -> None:
        outcome: Outcome = await self.house.send(key, command)
        said = outcome.refusal.kind if isinstance(outcome, Refused) else "accepted"
        self.outcomes.append(f"{key.region} {command.kind}: {said}")


class Messenger:
    """Hints at every change at once and waits until it was seen: how it is meant to be."""

    async def meanwhile(self, player: Player) -> None:
        """Send what is sent while a step is taken: nothing."""

    async def changed(self, player: Player, regions: tuple[str, ...]) -> None:
        """Hint at a change in these regions."""
        for region in regions:
            await player.hint(region)
        await player.until(lambda: all(player.has_seen(region) for region in regions))

    async def finish(self, player: Player) -> None:
        """Send what was kept back: nothing."""


@dataclass
class WildMessenger(Messenger):
    """Keeps hints back, doubles, drops and reorders them, and sends what nobody meant besides."""

    chance: Random
    kept: list[Callable[[Player], Awaitable[None]]] = field(default_factory=list)
    sent: int = 0

    async def changed(self, player: Player, regions: tuple[str, ...]) -> None:
        """Keep no hint, one or several of a change."""
        for region in regions:
            for _ in range(self.chance.choice((0, 1, 1, 2, 3))):
                self.kept.append(partial(_hint, region))

    async def meanwhile(self, player: Player) -> None:
        """Send some of what was kept, in any order, and something else."""
        self.kept.append(self._stray())
        self.chance.shuffle(self.kept)
        for _ in range(self.chance.randint(0, 3)):
            await self._send_one(player)

    async def finish(self, player: Player) -> None:
        """Send everything that is left, days late."""
        self.chance.shuffle(self.kept)
        while self.kept:
            await self._send_one(player)

    async def _send_one(self, player: Player) -> None:
        if self.kept:
            self.sent += 1
            await self.kept.pop()(player)

    def _stray(self) -> Callable[[Player], Awaitable[None]]:
        """Return a message that nobody meant: early, of another name, with figures."""
        region = self.chance.choice(REGIONS)
        of_region, of_launch = names.region_launch_id(PRODUCT, region), names.launch_id(PRODUCT)
        return self.chance.choice(
            (
                lambda of: of.signal(of_launch, names.REGION_ENDED),
                lambda of: of.signal(of_launch, names.LOOK),
                lambda of: of.signal(of_region, names.LOOK),
                lambda of: of.signal(of_region, names.LOOK, {"certified": 100}),
                lambda of: of.signal(of_region, "launch", {"choice": "go"}),
                lambda of: of.house.sender.hint_launch(LAUNCH),
            )
        )


async def _hint(region: str, player: Player) -> None:
    await player.hint(region)


def meaning(player: Player) -> dict[str, Any]:
    """Return what a launch has come to, without the moments at which somebody looked."""
    with player.house.desk.store.reading() as tx:
        return {"outcomes": player.outcomes} | {
            region: _meaning_of(tx, key, now=player.house.desk.store.now(tx)) for region, key in player.keys.items()
        }


def _meaning_of(tx: Any, key: RegionKey, *, now: Any) -> dict[str, Any]:
    rows = rows_after(tx, key, 0)
    region = fold(key, None, rows)
    assert region is not None
    at = judged_instant(region, now=now)
    record = region_record(tx, key)._replace(region=region)
    evidence = gather(tx, [record], {key: at}, now=now, counted_anew=True)[key]
    readiness = evaluate(region.policy, evidence, region, at=at)
    asked_for = [row.event.type for row in rows if row.event.command_id is not None]
    return {
        "asked for": asked_for,
        "launched": [row.event.type for row in rows].count("region_launched"),
        "verdict": readiness.verdict,
        "stages": [(state.stage, state.status) for state in region.stages],
        "signed": sorted((s.stage, s.function, s.person, s.digest) for s in region.sign_offs),
        "decision": (region.decision.choice, region.decision.person) if region.decision is not None else None,
        "held": region.holding.cause if region.holding is not None else None,
        "ending": region.ending,
        "judged": region.judged,
        "criteria": [(c.key, c.status, c.numerator, c.denominator) for c in readiness.criteria],
        "index": readiness.index,
    }
