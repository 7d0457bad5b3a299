"""When will a criterion be met, if people go on at the pace of the last fourteen days?"""

from datetime import datetime, timedelta

from readiness.evidence import PACE_WINDOW, Figures
from readiness.readiness import Rag
from readiness.values import BASIS_POINTS

LONGEST_FORECAST = timedelta(days=3_650)
"""A forecast further away than ten years says no more than none."""


def needed(figures: Figures, reached: int, *, required: int) -> int:
    """Return how many more people are needed for `required` basis points of the audience."""
    return max(0, -(-required * figures.audience // BASIS_POINTS) - reached)


def training_forecast(figures: Figures, *, courses: int, required: int) -> datetime | None:
    """Return the day (midnight UTC) on which enough people are trained; None where there is no pace.

    The courses still to complete are those that an untrained person misses on average, for as many people as are
    needed; the pace is the first completions of the last fourteen days.
    """
    missing_people = needed(figures, figures.trained, required=required)
    if missing_people == 0:
        return None
    # Whoever is needed is untrained, so nothing is divided by zero.
    untrained = figures.audience - figures.trained
    missing_pairs = figures.audience * courses - figures.completions
    outstanding = -(-missing_people * missing_pairs // untrained)
    return _reached(figures, outstanding, figures.completions_recent)


def certification_forecast(figures: Figures, *, required: int) -> datetime | None:
    """Return the day (midnight UTC) on which enough people are certified; None where there is no pace."""
    missing_people = needed(figures, figures.certified, required=required)
    if missing_people == 0:
        return None
    return _reached(figures, missing_people, figures.certified_recent)


def is_outweighed(forecast_at: datetime | None, *, launch_at: datetime, rag: Rag) -> bool:
    """Say whether a forecast alone would read better than what it is about stands.

    It is made of the pace of learning and knows nothing of what is overdue or lapses before the launch: a region
    may be red although enough people will have learned by then.
    """
    return rag is Rag.RED and forecast_at is not None and forecast_at <= launch_at


def _reached(figures: Figures, outstanding: int, recent: int) -> datetime | None:
    if recent <= 0:
        return None
    seconds = -(-outstanding * int(PACE_WINDOW.total_seconds()) // recent)
    if seconds > LONGEST_FORECAST.total_seconds():
        return None
    reached_at = figures.gathered_at + timedelta(seconds=seconds)
    midnight = reached_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == reached_at else midnight + timedelta(days=1)
