"""How is drawn how the people of a region came to where they stand, against what is required of them?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from readiness.values import BASIS_POINTS
from store.board import BoardRow
from store.burn_up import Progress
from store.regions import RegionRecord
from templates.pages import BurnDay, BurnUp
from templates.timescale import Timescale, timescale

MOST_POINTS = 60
"""Points of one line: a drawing of a thousand units shows no more, and its table is read to the end."""

_HEIGHT = 100
_BEFORE_IT_BEGAN = timedelta(days=60)
"""How long before the start of its launch the drawing of a region begins at the earliest."""

_LONGEST = timedelta(days=400)
"""What happened longer ago is counted in the first point."""


def burn_up_of(record: RegionRecord, row: BoardRow, progress: Progress, *, now: datetime) -> BurnUp:
    """Return the drawing of one region, with the table of its points."""
    region = record.region
    until = min(region.ended_at or now, now)
    dates = [day for day, _ in (*progress.trained, *progress.certified)]
    # What people learned long before is in the first point; drawn day by day it would leave no room for the launch.
    begun = max(min((*dates, region.started_at.date())), (region.started_at - _BEFORE_IT_BEGAN).date())
    first = min(max(begun, until.date() - _LONGEST), until.date())
    points = tuple(_points(progress, first, until.date()))
    forecast_at = row.forecast_at if region.ended_at is None else None
    farthest = max(region.launch_at, until) + (max(region.launch_at, until) - _midnight(first)) / 2
    ends = (region.launch_at, until, *([min(forecast_at, farthest)] if forecast_at is not None else []))
    scale = timescale((_midnight(first), *ends))
    trained, certified = region.policy.training.required_share, region.policy.certification.required_share
    last, enough = points[-1], _y(certified / BASIS_POINTS)
    return BurnUp(
        region=region.key.region,
        name=region.plan.name,
        time_zone=region.plan.time_zone,
        launch_at=region.launch_at,
        audience=progress.audience,
        required_trained=trained / BASIS_POINTS,
        required_certified=certified / BASIS_POINTS,
        trained_line=_line(scale, [(p.at, p.trained_share) for p in points], until) if progress.audience else "",
        certified_line=_line(scale, [(p.at, p.certified_share) for p in points], until) if progress.audience else "",
        trained_y=_y(trained / BASIS_POINTS),
        certified_y=_y(certified / BASIS_POINTS),
        today=scale.x(until),
        launch_x=scale.x(region.launch_at),
        forecast_line=f"{scale.x(until)},{_y(last.certified_share)} {scale.x(forecast_at)},{enough}"
        if forecast_at is not None and progress.audience
        else "",
        forecast_at=forecast_at,
        ticks=scale.ticks,
        days=tuple(reversed(points)),
    )


def _points(progress: Progress, first: date, last: date) -> Iterator[BurnDay]:
    """Yield the days that are drawn, evenly apart and ending today, each with all that happened up to its end."""
    step = -(-((last - first).days + 1) // MOST_POINTS)
    day = last - timedelta(days=(last - first).days // step * step)
    while day <= last:
        trained, certified = _until(progress.trained, day), _until(progress.certified, day)
        whole = progress.audience or 1
        yield BurnDay(
            at=_midnight(day),
            trained=trained,
            trained_share=trained / whole,
            certified=certified,
            certified_share=certified / whole,
        )
        day += timedelta(days=step)


def _until(dated: Sequence[tuple[date, int]], day: date) -> int:
    return sum(people for at, people in dated if at <= day)


def _line(scale: Timescale, points: Sequence[tuple[datetime, float]], until: datetime) -> str:
    """Return the points of a line that steps up at the end of each day, the last of them now."""
    return " ".join(f"{scale.x(min(at + timedelta(days=1), until))},{_y(share)}" for at, share in points)


def _y(share: float) -> int:
    return _HEIGHT - round(share * _HEIGHT)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
