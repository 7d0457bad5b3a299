"""How does a page become the text that a browser reads?"""

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from readiness.commands import Stance
from readiness.policy import GATED_STAGES, Stage
from readiness.readiness import Rag
from readiness.region import ConditionStatus, StageStatus, Verdict, WaiverStatus
from templates import moments, words
from templates.assets import asset_address
from templates.pages import Page

FOLDER = Path(__file__).parent / "html"


class NothingToShow(TypeError):  # noqa: N818 - named by its reason, as refusals are.
    """A template would print a value that is not there."""


@cache
def environment() -> Environment:
    """Return the one environment: everything is escaped, and what a page does not have is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_present,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        instant=moments.instant,
        utc_beside=moments.utc_beside,
        in_utc=moments.in_utc,
        day=moments.day,
        machine=moments.machine,
        span=moments.span,
        age=moments.age,
        until=moments.until,
        margin=moments.margin,
        percent=moments.percent,
        number=moments.number,
        index=moments.index,
        cut=moments.cut,
        verdict=words.VERDICTS.__getitem__,
        verdict_means=words.VERDICTS_MEAN.__getitem__,
        colour=words.COLOURS.__getitem__,
        colour_means=words.COLOURS_MEAN.__getitem__,
        stage=words.STAGES.__getitem__,
        stage_status=words.STAGE_STATUSES.__getitem__,
        criterion=words.CRITERIA.__getitem__,
        counts=words.COUNTS.__getitem__,
        criterion_status=words.CRITERION_STATUSES.__getitem__,
        choice=words.CHOICES.__getitem__,
        stance=words.STANCES.__getitem__,
        waiver_status=words.WAIVER_STATUSES.__getitem__,
        condition_status=words.CONDITION_STATUSES.__getitem__,
        lesson=words.LESSONS.__getitem__,
        holder=words.holder,
        applies=words.APPLIES.__getitem__,
        whom=words.whom,
        permit_standing=words.PERMIT_STANDINGS.__getitem__,
        permit_means=words.PERMIT_STANDINGS_MEAN.__getitem__,
    )
    made.globals.update(
        asset=asset_address,
        counted=moments.counted,
        days=moments.days,
        VERDICTS=tuple(Verdict),
        COLOURS=tuple(Rag),
        STAGES=tuple(Stage),
        GATED_STAGES=GATED_STAGES,
        Verdict=Verdict,
        Stage=Stage,
        StageStatus=StageStatus,
        Stance=Stance,
        WaiverStatus=WaiverStatus,
        ConditionStatus=ConditionStatus,
    )
    return made


def render(page: Page) -> str:
    """Return `page` as HTML; raises where its template asks for anything that the page does not have."""
    known = {field.name: getattr(page, field.name) for field in fields(page)}
    return environment().get_template(page.template).render(known, page=page)


def _present(value: Any) -> Any:
    """Refuse to print None: a page says in words that something is not there."""
    if value is None:
        raise NothingToShow("a template prints a value that is None")
    return value
