"""What does a region that has launched still owe, and what follows where it is not kept?"""

# A conditional go may promise what is due after the launch. Before the launch a missed condition holds the region;
# after it nothing can be held any more, so a missed one is escalated first and suspends the permit later.

from collections.abc import Iterator
from datetime import datetime, timedelta

from readiness.evaluate import standing_conditions
from readiness.events import ConditionMissed, PermitRestored, PermitSuspended, RegionEvent
from readiness.readiness import earliest
from readiness.region import ConditionStatus, Ending, PromisedCondition, RegionLaunch


def owed(region: RegionLaunch) -> tuple[PromisedCondition, ...]:
    """Return the conditions that a region which has launched has still to meet, missed ones among them."""
    if region.ending is not Ending.LAUNCHED:
        return ()
    return tuple(c for c in standing_conditions(region) if c.status is not ConditionStatus.MET)


def falls_due(region: RegionLaunch, now: datetime) -> Iterator[RegionEvent]:
    """Yield what falls due by itself after the launch: a condition missed, the permit suspended, or restored."""
    missed: list[str] = []
    overdue: list[str] = []
    for condition in owed(region):
        if condition.promised.due_at <= now:
            missed.append(condition.promised.id)
            if condition.status is ConditionStatus.OPEN:
                yield ConditionMissed(at=now, condition=condition.promised.id)
            if suspends_at(region, condition) <= now and region.revoked_at is None:
                overdue.append(condition.promised.id)
    if overdue and region.suspended_at is None:
        yield PermitSuspended(at=now, conditions=tuple(overdue))
    if region.suspended_at is not None and not missed and region.revoked_at is None:
        yield PermitRestored(at=now)


def next_due_at(region: RegionLaunch, *, now: datetime) -> datetime | None:
    """Return when something next falls due after the launch; None where only people move it."""
    waiting = owed(region)
    moments = [condition.promised.due_at for condition in waiting]
    if region.suspended_at is None and region.revoked_at is None:
        moments += [suspends_at(region, condition) for condition in waiting]
    return earliest(*(moment for moment in moments if moment > now))


def suspends_at(region: RegionLaunch, condition: PromisedCondition) -> datetime:
    """Return when the permit is suspended if the condition is not met by then."""
    return condition.promised.due_at + timedelta(days=region.policy.go_no_go.suspends_after_days)
