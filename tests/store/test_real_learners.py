"""Do real learners count as somebody else counted them?"""

import csv
import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from readiness.plan import Assessment, Course
from readiness.rows import AttemptRow, AudienceRow, CompletionRow, ImportKind, PersonRow
from store.engine import Store
from store.figures import Question, figures
from store.figures_sql import counted_learners
from store.requirements import require
from tests.store.facts_model import Import, day, load

CUT = Path(__file__).parent / "oulad_cut"
AT = day(60)


def _file(kind: ImportKind) -> Import:
    with (CUT / f"{kind}.csv").open(newline="", encoding="utf-8") as lines:
        return Import(kind, [_row(kind, line) for line in csv.DictReader(lines)], day(0))


def _row(kind: ImportKind, line: dict[str, str]) -> Any:
    match kind:
        case ImportKind.PEOPLE:
            return PersonRow(line["person_id"], line["name"], line["email"], line["function"], line["region"])
        case ImportKind.AUDIENCE:
            return AudienceRow(line["product"], line["region"], line["person_id"])
        case ImportKind.COMPLETIONS:
            score = Decimal(line["score"]) if line["score"] else None
            completed_at = datetime.fromisoformat(line["completed_at"])
            return CompletionRow(line["person_id"], line["course_id"], completed_at, score)
        case ImportKind.ATTEMPTS:
            attempted_at = datetime.fromisoformat(line["attempted_at"])
            return AttemptRow(line["person_id"], line["assessment_id"], attempted_at, Decimal(line["score"]))


def _require(tx: Connection) -> None:
    for product, asked in json.loads((CUT / "products.json").read_text(encoding="utf-8")).items():
        name = asked["assessment"]
        require(
            tx,
            product,
            [Course(course_id=course, title=course) for course in asked["courses"]],
            Assessment(assessment_id=name, title=name, pass_mark=Decimal(asked["pass_mark"])),
            ["sales"],
        )


def _expected() -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = json.loads((CUT / "expected.json").read_text(encoding="utf-8"))
    return counted


def _questions() -> list[Question]:
    pairs = [name.split("/") for name in _expected()]
    return [Question(product, region, AT) for product, region in pairs]


@pytest.mark.parametrize("turn", [1, -1])
def test_real_learners_count_as_they_were_counted_independently(store: Store, turn: int) -> None:
    """Audience, trained and certified are exactly what was expected, whichever file comes first."""
    load(store, [_file(kind) for kind in tuple(ImportKind)[::turn]])
    with store.writing() as tx:
        _require(tx)
        counted = figures(tx, _questions(), gathered_at=AT)
    assert {
        f"{product}/{region}": answer.model_dump(include={"audience", "trained", "certified"})
        for (product, region), answer in counted.items()
    } == _expected()


def test_facts_are_found_by_index_on_sqlite(migrated_sqlite: Path) -> None:
    """Counting never walks through all people or all facts: a region costs what its own people cost."""
    connection = sqlite3.connect(migrated_sqlite)
    explained = connection.execute(f"EXPLAIN QUERY PLAN {counted_learners('sqlite')}", {"asked": "[]"})
    plan = [row[3] for row in explained]
    connection.close()
    walked = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert not walked & {"named", "held", "done", "taken"}
    assert any("SEARCH held USING COVERING INDEX" in step for step in plan)
    assert any("SEARCH done USING PRIMARY KEY (person_id=? AND course_id=?" in step for step in plan)
