"""Does the grouped SQL count what the rule for one person counts?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from readiness.evidence import Figures
from readiness.people import PersonStanding, PersonStatus, Requirements, audience_at, count_figures, standing
from readiness.rows import AttemptRow, CompletionRow
from store.engine import Store
from store.figures import Question, figures
from store.people import Sought, counted_people, tracker
from store.requirements import require
from tests.effort import examples
from tests.store.facts_model import (
    COURSES,
    PRODUCT,
    REGIONS,
    Import,
    Known,
    asked_of_people,
    day,
    forget_everything,
    load,
    maybe_moments,
    moments,
    series_of_imports,
)

ON_ONE_STORE = settings(
    max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""Each example empties the store first, so that one store serves them all."""


def _known(imports: Sequence[Import]) -> Known:
    known = Known()
    for ordinal, each in enumerate(imports, 1):
        known.take(ordinal, each)
    return known


def _ask(tx: Connection, asked: Requirements) -> None:
    require(tx, PRODUCT, asked.courses, asked.assessment, asked.functions)


@ON_ONE_STORE
@given(
    imports=series_of_imports(),
    asked=asked_of_people(),
    at=moments,
    other_at=moments,
    gathered_at=st.integers(8, 20).map(day),
    since=maybe_moments,
)
def test_figures_equal_the_rule_for_one_person(
    store: Store,
    imports: tuple[Import, ...],
    asked: Requirements,
    at: datetime,
    other_at: datetime,
    gathered_at: datetime,
    since: datetime | None,
) -> None:
    """Every figure of every region, at any instant, is what counting people one by one gives."""
    forget_everything(store)
    load(store, imports)
    known = _known(imports)
    instants = dict(zip(REGIONS, (at, other_at), strict=True))
    with store.writing() as tx:
        _ask(tx, asked)
        questions = [Question(PRODUCT, region, instants[region], 7, since) for region in REGIONS]
        answers = figures(tx, questions, gathered_at=gathered_at)
    for region in REGIONS:
        assert _counts(answers[PRODUCT, region]) == count_figures(
            known.people_of(region),
            asked,
            region=region,
            at=instants[region],
            gathered_at=gathered_at,
            revision=7,
            since=since,
        )


@ON_ONE_STORE
@given(
    imports=series_of_imports(),
    asked=asked_of_people(),
    ahead=st.sampled_from([0, 0, 1, 3, 9]),
    gathered_at=st.integers(8, 20).map(day),
    later=st.integers(0, 40 * 24).map(lambda hours: timedelta(hours=hours)),
    since=maybe_moments,
)
def test_steady_figures_are_what_counting_again_gives(
    store: Store,
    imports: tuple[Import, ...],
    asked: Requirements,
    ahead: int,
    gathered_at: datetime,
    later: timedelta,
    since: datetime | None,
) -> None:
    """While figures are steady and no fact comes, counting anew at any later moment gives the same."""
    forget_everything(store)
    load(store, imports)
    launch_at = gathered_at + timedelta(days=ahead)
    learned = [row for each in imports for row in each.rows if isinstance(row, CompletionRow | AttemptRow)]
    dated_until = max((row[2] for row in learned), default=None)
    with store.writing() as tx:
        _ask(tx, asked)

        def count(at: datetime, now: datetime) -> dict[tuple[str, str], Figures]:
            questions = [Question(PRODUCT, region, at, 7, since, dated_until) for region in REGIONS]
            return figures(tx, questions, gathered_at=now)

        first = count(launch_at, gathered_at)
        now = gathered_at + later
        again = count(max(launch_at, now), now)
    for where, counted in first.items():
        steady = counted.as_of(max(launch_at, now), now=now, since=since)
        event("steady" if steady is not None else "to be counted again")
        if steady is not None:
            assert _counts(steady) == _counts(again[where])


@ON_ONE_STORE
@given(
    imports=series_of_imports(),
    asked=asked_of_people(),
    at=moments,
    gathered_at=st.integers(8, 20).map(day),
    statuses=st.sets(st.sampled_from(PersonStatus)),
    manager=st.sampled_from([None, None, "boss", "nobody"]),
    territory=st.sampled_from([None, None, "north", "100%_!"]),
    course=st.sampled_from([None, None, *COURSES, "other"]),
    called=st.sampled_from([None, None, "B", "%", "_!", "nobody"]),
    limit=st.integers(1, 3),
)
def test_the_tracker_equals_the_rule_for_one_person(
    store: Store,
    imports: tuple[Import, ...],
    asked: Requirements,
    at: datetime,
    gathered_at: datetime,
    statuses: set[PersonStatus],
    manager: str | None,
    territory: str | None,
    course: str | None,
    called: str | None,
    limit: int,
) -> None:
    """Page after page the tracker shows those of the audience that were asked for, once each, by person id, and what
    is counted beside it is what it shows."""
    forget_everything(store)
    load(store, imports)
    everyone = _known(imports).people_of("emea")
    members = audience_at(everyone, "emea", asked.functions, at)
    everybody = [
        row
        for person in everyone
        if person.person_id in members
        and (row := standing(person, asked, at=at, gathered_at=gathered_at))
        and manager in (None, row.manager_id)
        and territory in (None, row.territory)
        and (called is None or called.lower() in f"{row.name}\n{row.person_id}".lower())
    ]
    lacking = [row for row in everybody if course is None or course in row.missing_courses]
    expected = [row for row in lacking if row.status in (statuses or PersonStatus)]
    sought = Sought(tuple(statuses), manager, territory, course, called)
    seen: list[PersonStanding] = []
    cursor: str | None = None
    with store.writing() as tx:
        _ask(tx, asked)
        while cursor or not seen:
            page, cursor = tracker(
                tx,
                PRODUCT,
                "emea",
                at=at,
                gathered_at=gathered_at,
                sought=sought,
                cursor=cursor,
                limit=limit,
            )
            assert len(page) <= limit
            seen.extend(page)
            if cursor is None:
                break
        counted = counted_people(tx, PRODUCT, "emea", at=at, gathered_at=gathered_at, sought=sought)
    assert seen == expected
    assert counted.statuses == {status: [row.status for row in lacking].count(status) for status in PersonStatus}
    missing = [lacked for row in everybody for lacked in row.missing_courses]
    assert counted.courses == {each.course_id: missing.count(each.course_id) for each in asked.courses}


@ON_ONE_STORE
@given(imports=series_of_imports(), shuffle=st.randoms(use_true_random=False), asked=asked_of_people())
def test_the_file_sent_later_wins_even_if_it_is_loaded_first(
    store: Store, imports: tuple[Import, ...], shuffle: Random, asked: Requirements
) -> None:
    """Completions and attempts count the same in whatever order their imports happen to run."""
    learning = [number for number, each in enumerate(imports) if each.kind in ("completions", "attempts")]
    rosters = [number for number in range(len(imports)) if number not in learning]
    shuffle.shuffle(learning)
    forget_everything(store)
    load(store, imports, [*rosters, *learning])
    with store.writing() as tx:
        _ask(tx, asked)
        counted = figures(tx, [Question(PRODUCT, "emea", day(20))], gathered_at=day(20))
    assert _counts(counted[PRODUCT, "emea"]) == count_figures(
        _known(imports).people_of("emea"), asked, region="emea", at=day(20), gathered_at=day(20)
    )


@ON_ONE_STORE
@given(imports=series_of_imports(), asked=asked_of_people(), at=moments)
def test_sending_everything_again_changes_nothing(
    store: Store, imports: tuple[Import, ...], asked: Requirements, at: datetime
) -> None:
    """A file of facts sent again brings nothing new, where it names each person of a roster once."""
    latest = {each.kind: _once_each(each) for each in imports}
    forget_everything(store)
    load(store, tuple(latest.values()))
    questions = [Question(PRODUCT, region, at) for region in REGIONS]
    with store.writing() as tx:
        _ask(tx, asked)
        before = figures(tx, questions, gathered_at=day(20))
        tables = _sizes(tx)
    brought = load(store, tuple(latest.values()), name="again")
    with store.reading() as tx:
        assert figures(tx, questions, gathered_at=day(20)) == before
        assert _sizes(tx) == tables
    assert sum(each.accepted for each in brought) == 0


def _counts(counted: Figures) -> Figures:
    """What was counted, without how long it stays true: the rule for one person says nothing of that."""
    return counted.model_copy(update={"steady_until": None})


def _once_each(each: Import) -> Import:
    if each.kind not in ("people", "audience"):
        return each
    return replace(each, rows=list({row.person_id: row for row in each.rows}.values()))


def _sizes(tx: Connection) -> list[int]:
    return [
        tx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
        for table in ("roster", "audience", "completions", "attempts", "people")
    ]


def test_no_question_has_no_answer(store: Store) -> None:
    """Asking nothing costs nothing."""
    with store.reading() as tx:
        assert figures(tx, [], gathered_at=day(1)) == {}


def test_a_product_that_asks_for_nothing_trains_nobody(store: Store) -> None:
    """Where no launch ever said what is required, the figures are all zero: never a false go."""
    with store.reading() as tx:
        answer = figures(tx, [Question("unheard-of", "emea", day(1))], gathered_at=day(1))
    assert answer["unheard-of", "emea"].audience == 0
    assert answer["unheard-of", "emea"].trained == 0


def test_the_same_region_twice_is_refused(store: Store) -> None:
    """Two questions about one region would share one answer."""
    with store.reading() as tx, pytest.raises(ValueError, match="once at a time"):
        figures(tx, [Question("a", "b", day(1)), Question("a", "b", day(2))], gathered_at=day(1))


def test_a_page_has_a_length(store: Store) -> None:
    """A page of nobody, or of everybody, is refused."""
    with store.reading() as tx:
        for limit in (0, 1_001):
            with pytest.raises(ValueError, match="1 to 1000"):
                tracker(tx, "a", "b", at=day(1), gathered_at=day(1), limit=limit)
