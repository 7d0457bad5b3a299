"""How does a launch as a whole stand, and what may be asked of it?"""

from typing import Annotated, Any, TypedDict, assert_never

from pydantic import BeforeValidator, Field, PlainSerializer

from readiness.commands import AddRegion, HandOver, LaunchCommand, StartLaunch
from readiness.events import (
    LaunchEnded,
    LaunchEvent,
    LaunchOwnerChanged,
    LaunchStarted,
    RegionAdded,
    RegionLaunchStarted,
)
from readiness.keys import LaunchKey, RegionKey
from readiness.ledger import LaunchRow, Look, Outcome
from readiness.ownership import require_giver
from readiness.plan import LaunchPlan, RegionPlan
from readiness.refusals import (
    CommandRefused,
    LaunchAlreadyRunning,
    LaunchHasEnded,
    LaunchInPast,
    Refusal,
    RegionAlreadyRunning,
)
from readiness.values import Frozen, Identifier, Moment, Slug


class Launch(Frozen):
    """One product's launch: the fold of its own events; its regions have ledgers of their own."""

    key: LaunchKey
    version: int
    plan: LaunchPlan
    started_at: Moment
    started_by: Identifier | None = None
    ended_at: Moment | None = None


class _Asked(TypedDict):
    at: Moment
    person: Identifier
    command_id: str


LaunchCause = Annotated[LaunchCommand | Look, Field(discriminator="kind")]
"""Whatever makes a launch move."""


class LaunchProposal(Frozen):
    """What the core would write: events of the launch, the first event of each region it opens, or a refusal."""

    events: tuple[LaunchEvent, ...] = ()
    openings: tuple[RegionLaunchStarted, ...] = ()
    refusal: Refusal | None = None


def _written(regions: tuple[RegionKey, ...]) -> dict[str, Any]:
    """Return open regions of one product as they travel: its name said once."""
    return {regions[0].product: {region.region: region.run for region in regions}} if regions else {}


def _read(written: object) -> object:
    """Return regions from what was written, also as versions wrote it that named the product with each."""
    if not isinstance(written, dict):
        return written
    return tuple(
        {"product": product, "region": region, "run": run}
        for product, runs in written.items()
        for region, run in runs.items()
    )


OpenRegions = Annotated[
    tuple[RegionKey, ...], BeforeValidator(_read), PlainSerializer(_written, when_used="json", return_type=dict)
]
"""The regions of one product that are open, in key order; a launch of fifty carries them through its history."""


class LaunchSight(Frozen):
    """What a launch sees when it looks: its rows not known yet, and the regions of its product still open."""

    rows: tuple[LaunchRow, ...] = ()
    open_regions: OpenRegions = ()
    now: Moment


class LaunchSettled(Frozen):
    """What settling a launch returns. Where `is_behind`, nothing was written."""

    rows: tuple[LaunchRow, ...] = ()
    open_regions: OpenRegions = ()
    is_behind: bool = False
    outcome: Outcome | None = None
    ended: bool = False


def decide_launch(
    launch: Launch | None, command: LaunchCommand, *, open_regions: tuple[Slug, ...], now: Moment
) -> tuple[tuple[LaunchEvent, ...], tuple[RegionLaunchStarted, ...]]:
    """Return the events that `command` leads to, and the first event of each region that it opens.

    Raises CommandRefused where the launch cannot start or be handed over, or the region cannot join.
    """
    asked = _Asked(at=now, person=command.person, command_id=command.command_id)
    match command:
        case StartLaunch():
            plan = command.plan
            if launch is not None and launch.ended_at is None:
                raise CommandRefused(
                    LaunchAlreadyRunning(
                        detail=f"{launch.plan.name} has a launch running since {launch.started_at:%Y-%m-%d}. "
                        "Add regions to it, or wait until each of its regions has launched or is cancelled."
                    )
                )
            if launch is not None:
                raise CommandRefused(_ended(launch))
            for region in plan.regions:
                _refuse_unless_free(region, open_regions, now=now)
            openings = tuple(_opening(plan, region, launch_run=0, asked=asked) for region in plan.regions)
            return (LaunchStarted(plan=plan, **asked),), openings
        case AddRegion():
            region = command.region
            if launch is None or launch.ended_at is not None:
                raise CommandRefused(_ended(launch))
            _refuse_unless_free(region, open_regions, now=now)
            opening = _opening(launch.plan, region, launch_run=launch.key.run, asked=asked)
            return (RegionAdded(plan=region, **asked),), (opening,)
        case HandOver():
            if launch is None or launch.ended_at is not None:
                raise CommandRefused(_ended(launch))
            require_giver(command, launch.plan.owner)
            if command.owner == launch.plan.owner:
                # It is theirs; some region may not be yet, and is given by a command of its own.
                return (), ()
            return (LaunchOwnerChanged(owner=command.owner, **asked),), ()
        case _:
            assert_never(command)


def propose_launch(
    key: LaunchKey, launch: Launch | None, cause: LaunchCause, *, open_regions: tuple[Slug, ...], now: Moment
) -> LaunchProposal:
    """Return what should be written for `cause`; a look ends the launch once its last region has ended."""
    if isinstance(cause, Look):
        if launch is not None and launch.ended_at is None and not open_regions:
            return LaunchProposal(events=(LaunchEnded(at=now),))
        return LaunchProposal()
    try:
        events, openings = decide_launch(launch, cause, open_regions=open_regions, now=now)
    except CommandRefused as refused:
        return LaunchProposal(refusal=refused.refusal)
    openings = tuple(opening.model_copy(update={"launch_run": key.run}) for opening in openings)
    return LaunchProposal(events=events, openings=openings)


def evolve_launch(key: LaunchKey, launch: Launch | None, event: LaunchEvent) -> Launch:
    """Return the launch after `event`."""
    if isinstance(event, LaunchStarted):
        return Launch(key=key, version=1, plan=event.plan, started_at=event.at, started_by=event.person)
    if launch is None:
        raise ValueError(f"{event.type} cannot be the first event of {key}")
    following = {"version": launch.version + 1}
    match event:
        case RegionAdded():
            others = tuple(region for region in launch.plan.regions if region.region != event.plan.region)
            plan = launch.plan.model_copy(update={"regions": (*others, event.plan)})
            return launch.model_copy(update={**following, "plan": plan})
        case LaunchOwnerChanged():
            plan = launch.plan.model_copy(update={"owner": event.owner})
            return launch.model_copy(update={**following, "plan": plan})
        case LaunchEnded():
            return launch.model_copy(update={**following, "ended_at": event.at})
        case _:
            assert_never(event)


def _opening(plan: LaunchPlan, region: RegionPlan, *, launch_run: int, asked: _Asked) -> RegionLaunchStarted:
    return RegionLaunchStarted(
        launch_run=launch_run,
        product=plan.product,
        product_name=plan.name,
        tier=plan.tier,
        owner=plan.owner,
        plan=region,
        courses=plan.courses,
        assessment=plan.assessment,
        policy=plan.policy,
        below_tier=plan.below_tier,
        tier_grounds=plan.tier_grounds,
        **asked,
    )


def _refuse_unless_free(region: RegionPlan, open_regions: tuple[Slug, ...], *, now: Moment) -> None:
    if region.region in open_regions:
        raise CommandRefused(
            RegionAlreadyRunning(
                detail=f"{region.name} is part of a launch of this product that has not ended. Cancel it there first."
            )
        )
    if region.launch_at <= now:
        raise CommandRefused(
            LaunchInPast(
                detail=f"{region.name} would launch at {region.wall_clock}, which has passed. Name a later time."
            )
        )


def _ended(launch: Launch | None) -> LaunchHasEnded:
    ended = f" on {launch.ended_at:%Y-%m-%d}" if launch is not None and launch.ended_at is not None else ""
    return LaunchHasEnded(detail=f"This launch has ended{ended}. Start the product's next launch instead.")
