"""Which region launches does somebody want to see on the board?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_

from readiness.policy import Stage
from readiness.readiness import Rag
from readiness.region import Verdict
from store.records_schema import region_launches
from store.verdicts import is_shown_as

_COLUMNS = region_launches.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the latest region launches; None asks for nothing."""

    product: str | None = None
    region: str | None = None
    verdict: Verdict | None = None
    rag: Rag | None = None
    stage: Stage | None = None
    tier: int | None = None
    wave: int | None = None
    words: str | None = None
    """What a product's name or slug holds, in small or capital letters."""
    within: Iterable[str] | None = None
    """The regions that the reader may see."""

    def conditions(self, now: datetime | None) -> list[ColumnElement[bool]]:
        """Return what the rows must be like; verdicts are those that the board shows at `now`."""
        wanted: list[ColumnElement[bool]] = [_COLUMNS.is_latest]
        for column, value in (
            (_COLUMNS.product, self.product),
            (_COLUMNS.region, self.region),
            (_COLUMNS.rag, self.rag.value if self.rag is not None else None),
            (_COLUMNS.stage, self.stage.value if self.stage is not None else None),
            (_COLUMNS.tier, self.tier),
            (_COLUMNS.wave, self.wave),
        ):
            if value is not None:
                wanted.append(column == value)
        if self.verdict is not None:
            wanted.append(is_shown_as(self.verdict, now))
        if self.words is not None:
            held = [
                column.icontains(self.words, autoescape=True) for column in (_COLUMNS.product_name, _COLUMNS.product)
            ]
            wanted.append(or_(*held))
        if self.within is not None:
            wanted.append(_COLUMNS.region.in_(sorted(set(self.within))))
        return wanted
