"""Which bulk files are imported when imports are measured?"""

# They are of the launch that `benchmarks.seeding` starts first, so that every row moves a region's figures.

import csv
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.learners import COURSES, product_slug, region_slug
from benchmarks.seeding import SEED
from readiness.rows import COLUMNS, ImportKind

REGIONS = 50
FIRST_AT = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=180)
"""Between the first moment of the files and the last."""

BAD_ONE_IN = 100
_BAD_CELLS = ("2026-02-30T09:00:00Z", "2026-03-01T09:00:00", "yesterday")

Rows = Iterable[tuple[str, ...]]


def bulk_file(folder: Path, kind: ImportKind, rows: int, *, bad: bool = False, sent: int = 1) -> Path:
    """Write a CSV file of so many rows of a kind, one in a hundred of them `bad`; return where it is.

    Its rows come in no order. Files `sent` another time say the same in another order, so that they are other files.
    """
    path = folder / f"{kind}-{rows}{'-bad' if bad else ''}-{sent}.csv"
    draw = random.Random(f"{SEED}/{kind}/{rows}")  # noqa: S311 - made-up people keep no secrets.
    lines = list(_ROWS[kind](rows, draw))
    if bad:
        for place in range(0, len(lines), BAD_ONE_IN):
            cells = list(lines[place])
            cells[2] = draw.choice(_BAD_CELLS)
            lines[place] = tuple(cells)
    random.Random(f"{SEED}/{sent}").shuffle(lines)  # noqa: S311 - the order of a file is no secret either.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[kind].required)
        writer.writerows(lines)
    return path


def _person(number: int) -> str:
    return f"seller-{number:07}"


def _region(number: int) -> str:
    return region_slug(number % REGIONS)


def _people(rows: int, _draw: random.Random) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        name = _person(number)
        yield name, f"Zoë Müller {number}", f"{name}@example.com", "sales", _region(number)


def _audience(rows: int, _draw: random.Random) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        yield product_slug(0), _region(number), _person(number)


def _completions(rows: int, draw: random.Random) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        person, course = divmod(number, COURSES)
        score = str(draw.randint(0, 100)) if draw.random() < 0.8 else ""
        yield _person(person), f"{product_slug(0)}-course-{course + 1}", _moment(draw), score


def _attempts(rows: int, draw: random.Random) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        yield _person(number), f"{product_slug(0)}-proof", _moment(draw), str(draw.randint(0, 400) / 4)


def _moment(draw: random.Random) -> str:
    at = FIRST_AT + timedelta(seconds=draw.randrange(int(SPAN.total_seconds())))
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


_ROWS = {
    ImportKind.PEOPLE: _people,
    ImportKind.AUDIENCE: _audience,
    ImportKind.COMPLETIONS: _completions,
    ImportKind.ATTEMPTS: _attempts,
}
