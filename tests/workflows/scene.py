"""How does a test play a launch: with which server, which worker, which people?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from bootstrap import temporal
from bootstrap.sending import TemporalSender
from readiness.canonical import digest
from readiness.commands import (
    ROLE_OF_FUNCTION,
    AddRegion,
    Cancel,
    ChangeOwner,
    Choice,
    Decide,
    HandOver,
    Hold,
    LaunchCommand,
    RegionCommand,
    Reschedule,
    Resume,
    Role,
    SignOff,
    StartLaunch,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import Accepted, Outcome
from readiness.plan import LaunchPlan, RegionPlan
from readiness.policy import SIGNED_STAGES, Function, Policy, Stage
from readiness.region import RegionLaunch
from tests.readiness.builders import READY_WORLD, UNPOLLED, World, started
from tests.workflows.fake_ledger import FakeLedger
from workflows import names
from workflows.launch import LaunchWorkflow
from workflows.region_launch import RegionLaunchWorkflow

EMEA = RegionKey(product="atlas-2", region="emea", run=1)
ATLAS = LaunchKey(product="atlas-2", run=1)
LEAD = timedelta(days=60)


@dataclass
class Scene:
    """One Temporal server whose time skips, one ledger in memory, and everybody who sends something."""

    env: WorkflowEnvironment
    ledger: FakeLedger
    task_queue: str = "test"
    _numbers: Any = field(default_factory=lambda: count(1))
    _sender: TemporalSender = field(init=False)

    def __post_init__(self) -> None:
        self._sender = TemporalSender(self.env.client, task_queue=self.task_queue)

    @classmethod
    async def on(cls, env: WorkflowEnvironment) -> "Scene":
        """Return a scene on that server, with an empty ledger."""
        return cls(env, FakeLedger(await env.get_current_time()))

    @asynccontextmanager
    async def worker(self, *others: Callable[..., Any]) -> AsyncIterator[Worker]:
        """Run a worker as production makes it, on the ledger in memory and with `others` of its activities."""
        ledger = self.ledger
        asked: list[Callable[..., Any]] = [ledger.carry_out, ledger.look, ledger.settle, ledger.launch]
        asked += [ledger.look_launch, ledger.settle_launch, *others]
        with temporal.activity_threads() as threads:
            async with temporal.make_worker(
                self.env.client, asked, threads, task_queue=self.task_queue, strict=True
            ) as worker:
                yield worker

    def region(self, key: RegionKey = EMEA) -> RegionLaunch:
        """Return the region as its ledger tells."""
        return self.ledger.region(key)

    def handle(self, key: RegionKey = EMEA) -> WorkflowHandle[RegionLaunchWorkflow, None]:
        """Return the region's workflow, whichever run of it is the latest."""
        return self.env.client.get_workflow_handle_for(
            RegionLaunchWorkflow.run, names.region_launch_id(key.product, key.region)
        )

    def launch_handle(self) -> WorkflowHandle[LaunchWorkflow, None]:
        """Return the workflow of the launch as a whole."""
        return self.env.client.get_workflow_handle_for(LaunchWorkflow.run, names.launch_id(ATLAS.product))

    async def status(self, key: RegionKey = EMEA) -> WorkflowExecutionStatus | None:
        """Return how the region's workflow stands with Temporal."""
        return (await self.handle(key).describe()).status

    async def until_running(self, key: RegionKey) -> None:
        """Wait until the region's workflow has read its ledger."""
        async with asyncio.timeout(20):
            while True:
                try:
                    if await self.handle(key).query(RegionLaunchWorkflow.bearings) is not None:
                        return
                except RPCError as error:
                    if error.status is not RPCStatusCode.NOT_FOUND:
                        raise

    async def first_run_id(self, key: RegionKey = EMEA) -> str:
        """Return the id of the first run of the region's workflow."""
        events = (await self.handle(key).fetch_history()).events
        return events[0].workflow_execution_started_event_attributes.first_execution_run_id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the ledger shows `condition`; no time is skipped meanwhile."""
        await asyncio.to_thread(self.ledger.wait_for, condition)

    async def until_closed(self, key: RegionKey = EMEA) -> None:
        """Wait until the region's workflow has ended."""
        await until_over(self.handle(key))

    async def until_launch_closed(self) -> None:
        """Wait until the workflow of the launch as a whole has ended."""
        await until_over(self.launch_handle())

    async def pass_time(self, span: timedelta) -> None:
        """Let `span` go by."""
        await self.env.sleep(span)

    async def pass_until(self, at: datetime) -> None:
        """Let time go by until `at`."""
        await self.env.sleep(max(at - await self.env.get_current_time(), timedelta()))

    async def now(self) -> datetime:
        """Return the server's clock, which the ledger's follows."""
        moment = await self.env.get_current_time()
        self.ledger.clock = max(self.ledger.clock, moment)
        return self.ledger.clock

    async def begin(
        self, key: RegionKey = EMEA, *, policy: Policy = UNPOLLED, world: World = READY_WORLD, lead: timedelta = LEAD
    ) -> RegionLaunch:
        """Write the first event of a region, as its launch does; the workflow comes with the first message."""
        now = await self.now()
        event = started(policy=policy, launch_at=now + lead, at=now)
        plan = event.plan.model_copy(update={"region": key.region})
        self.ledger.worlds[key.region] = world
        self.ledger.begin(key, event.model_copy(update={"plan": plan}))
        return self.region(key)

    async def send(self, command: RegionCommand, key: RegionKey = EMEA) -> Outcome:
        """Log a command and send it, as the API does."""
        self.ledger.authenticate(key, command)
        return await self._sender.region(key, command)

    async def send_forged(self, command: RegionCommand, key: RegionKey = EMEA) -> Outcome:
        """Send a command that never passed the door."""
        return await self._sender.region(key, command)

    async def send_to_launch(self, command: LaunchCommand, key: LaunchKey = ATLAS) -> Outcome:
        """Log a command for the launch as a whole and send it."""
        self.ledger.authenticate(key, command)
        return await self._sender.launch(key, command)

    async def hint(self, key: RegionKey = EMEA) -> None:
        """Hint at a change, as the relay does."""
        await self._sender.hint([key])

    async def sign_everything(self, key: RegionKey = EMEA) -> None:
        """Have marketing and sales sign the content of both signed stages as it is."""
        for stage in SIGNED_STAGES:
            for function in (Function.MARKETING, Function.SALES):
                outcome = await self.send(await self.sign_off(stage, function, key), key)
                assert isinstance(outcome, Accepted), outcome

    async def go(self, key: RegionKey = EMEA) -> None:
        """Bring a region whose people have learned to a go."""
        await self.sign_everything(key)
        outcome = await self.send(await self.decide(Choice.GO), key)
        assert isinstance(outcome, Accepted), outcome
        assert self.ledger.region(key).decision is not None

    async def asked(self, person: str, role: Role) -> dict[str, Any]:
        """Return what every command carries."""
        return {
            "command_id": f"c-{next(self._numbers)}",
            "person": person,
            "role": role,
            "logged_at": await self.now(),
            "reason_digest": digest("why"),
        }

    async def sign_off(self, stage: Stage, function: Function, key: RegionKey = EMEA) -> SignOff:
        """Return a function's sign-off of the content of `stage` as it is."""
        asked = await self.asked(f"{function.value}-1", ROLE_OF_FUNCTION[function])
        content = self.ledger.worlds[key.region].digest_of(stage)
        return SignOff(stage=stage, function=function, digest=content, **asked)

    async def decide(self, choice: Choice, *, review_in: timedelta | None = None) -> Decide:
        """Return an executive's decision."""
        review_at = await self.now() + review_in if review_in is not None else None
        return Decide(choice=choice, review_at=review_at, **await self.asked("ex-1", Role.EXECUTIVE))

    async def hold(self) -> Hold:
        """Return an executive's hold."""
        return Hold(**await self.asked("ex-1", Role.EXECUTIVE))

    async def resume(self) -> Resume:
        """Return an executive's end of a hold."""
        return Resume(**await self.asked("ex-1", Role.EXECUTIVE))

    async def cancel(self) -> Cancel:
        """Return an executive's cancellation."""
        return Cancel(**await self.asked("ex-1", Role.EXECUTIVE))

    async def reschedule(self, launch_at: datetime) -> Reschedule:
        """Return the owner's new launch instant."""
        wall_clock = launch_at.strftime("%Y-%m-%dT%H:%M")
        return Reschedule(
            launch_at=launch_at, wall_clock=wall_clock, **await self.asked("pm-7", Role.PRODUCT_MANAGER)
        )

    async def region_plan(self, region: str, *, lead: timedelta = LEAD) -> RegionPlan:
        """Return the plan of one region that launches after `lead`."""
        launch_at = await self.now() + lead
        return RegionPlan(
            region=region,
            name=region.upper(),
            time_zone="UTC",
            launch_at=launch_at,
            wall_clock=launch_at.strftime("%Y-%m-%dT%H:%M"),
        )

    async def start_launch(self, *regions: str) -> StartLaunch:
        """Return the start of a launch in `regions`."""
        example = started()
        plan = LaunchPlan(
            product="atlas-2",
            name="Atlas 2",
            tier=1,
            owner="pm-7",
            regions=tuple([await self.region_plan(region) for region in regions]),
            courses=example.courses,
            assessment=example.assessment,
            policy=UNPOLLED,
        )
        return StartLaunch(plan=plan, **await self.asked("pm-7", Role.PRODUCT_MANAGER))

    async def add_region(self, region: str) -> AddRegion:
        """Return the addition of a region to the running launch."""
        return AddRegion(region=await self.region_plan(region), **await self.asked("pm-7", Role.PRODUCT_MANAGER))

    async def hand_over(self, owner: str) -> HandOver:
        """Return a product manager's wish to give the launch as a whole to `owner`."""
        return HandOver(owner=owner, **await self.asked("pm-7", Role.PRODUCT_MANAGER))

    async def change_owner(self, owner: str) -> ChangeOwner:
        """Return a product manager's wish to give a region to `owner`."""
        return ChangeOwner(owner=owner, **await self.asked("pm-7", Role.PRODUCT_MANAGER))


async def until_over(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until a workflow runs no more."""
    going_on = {WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW}
    async with asyncio.timeout(20):
        while (await handle.describe()).status in going_on:
            pass
