"""Do bulk files that come in any order, twice, or break off anywhere leave the facts of files that came in order?"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, delete, literal, select
from temporalio.exceptions import ApplicationError

from activities.import_files import BATCH_ROWS, Batch, ImportLimits
from activities.imports import ImportActivities
from readiness.evidence import Figures
from readiness.people import Requirements, count_figures
from readiness.plan import Assessment, Course
from readiness.rows import COLUMNS, AttemptRow, CompletionRow, ImportKind, PersonRow
from store.engine import Store, StoreAway, open_store
from store.facts import begin_import
from store.figures import Question, figures
from store.guards import unguard
from store.imports import ImportRecord, ImportState, errors
from store.learning import Arrival
from store.packing import Packed
from store.requirements import require
from store.schema_base import metadata
from tests.activities.test_imports import NOW, Office
from tests.effort import TORTURE, TORTURE_SEED, rounds
from tests.store.facts_model import PRODUCT, REGIONS, Import, Known, day, forget_everything, load
from tests.torture.conftest import Say

pytestmark = pytest.mark.torture

ASKED = Requirements(
    courses=(
        Course(course_id="basics", title="Basics"),
        Course(course_id="objections", title="Objections", min_score=Decimal(50)),
    ),
    assessment=Assessment(
        assessment_id="cert", title="Certification", pass_mark=Decimal(80), valid_days=2, max_attempts=2
    ),
    functions=("sales",),
)
PEOPLE = tuple(f"p-{number}" for number in range(24))
ROSTER = Import(
    ImportKind.PEOPLE,
    [PersonRow(who, who, f"{who}@example.com", "sales", REGIONS[at % 2]) for at, who in enumerate(PEOPLE)],
    day(0),
)
SCORES = (None, Decimal(0), Decimal("49.9999"), Decimal(50), Decimal("79.5"), Decimal(80), Decimal(100))

Fact = CompletionRow | AttemptRow


@pytest.fixture
def office(store_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office on each kind of database, where files may be forgotten: nothing guards what is kept for good."""
    opened = open_store(store_url, lambda: NOW)
    try:
        with opened.writing() as tx:
            unguard(tx)
        yield Office(opened, tmp_path)
    finally:
        opened.close()


def _started_anew(office: Office) -> None:
    """Forget all files and facts; the people and what is asked of them are there."""
    forget_everything(office.store)
    with office.store.writing() as tx:
        for name in ("import_errors", "imports"):
            tx.execute(delete(metadata.tables[name]))
    load(office.store, [ROSTER])
    with office.store.writing() as tx:
        require(tx, PRODUCT, ASKED.courses, ASKED.assessment, ASKED.functions)


def _facts(chance: Random) -> list[Fact]:
    """Return completions and attempts of which no two are of one identity."""
    facts: dict[object, Fact] = {}
    for _ in range(chance.randint(60, 160)):
        at, void = day(chance.randint(0, 12) / 4), chance.random() < 0.1
        who = chance.choice(PEOPLE)
        if chance.random() < 0.6:
            course = chance.choice(("basics", "basics", "objections", "objections", "other"))
            done = CompletionRow(who, course, at, chance.choice(SCORES), void)
            facts[done[:3]] = done
        else:
            taken = AttemptRow(who, chance.choice(("cert", "cert", "other")), at, chance.choice(SCORES[1:]), void)
            facts[taken[:3]] = taken
    return list(facts.values())


def _corrections(chance: Random, facts: Sequence[Fact]) -> list[Fact]:
    """Return what a few facts turn out to be instead."""
    some = chance.sample(facts, k=len(facts) // 6)
    return [fact._replace(void=not fact.void, score=chance.choice(SCORES[1:])) for fact in some]


def _lines(kind: ImportKind, facts: Sequence[Fact]) -> list[str]:
    rows = (
        f"{fact[0]},{fact[1]},{fact[2].isoformat()},{'' if fact.score is None else fact.score},{fact.void}"
        for fact in facts
    )
    return [",".join((*COLUMNS[kind].required, "void")), *rows]


class Sheet(NamedTuple):
    """One file that is sent."""

    kind: ImportKind
    facts: list[Fact]


def _sheets(facts: Sequence[Fact]) -> list[Sheet]:
    """Return facts in order, one file of each kind."""
    done: list[Fact] = [fact for fact in facts if isinstance(fact, CompletionRow)]
    taken: list[Fact] = [fact for fact in facts if isinstance(fact, AttemptRow)]
    return [Sheet(ImportKind.COMPLETIONS, done), Sheet(ImportKind.ATTEMPTS, taken)]


def _cut(chance: Random, facts: Sequence[Fact]) -> list[Sheet]:
    """Cut facts into files anyhow; some come in two files, some files are sent twice."""
    made: list[Sheet] = []
    for kind, some in _sheets(facts):
        parts: list[list[Fact]] = [[] for _ in range(chance.randint(1, 5))]
        for fact in some:
            for part in chance.sample(parts, k=min(len(parts), chance.choice((1, 1, 1, 2)))):
                part.append(fact)
        for part in parts:
            chance.shuffle(part)
            made += [Sheet(kind, part)] * chance.choice((1, 1, 2))
    chance.shuffle(made)
    return made


def _send(office: Office, sheets: Sequence[Sheet]) -> list[str]:
    """Register the files in this order and return their imports; one that answers for two files is there twice."""
    return [office.register(sheet.kind, _lines(sheet.kind, sheet.facts)) for sheet in sheets]


def _load_all(office: Office, import_ids: Sequence[str]) -> None:
    for import_id in import_ids:
        assert office.load(import_id) is ImportState.COMPLETED
        record = office.record(import_id)
        assert (record.rejected, record.rows_read) == (0, record.rows_total)


def _figures(office: Office) -> list[Figures]:
    with office.store.reading() as tx:
        questions = [Question(PRODUCT, region, NOW) for region in REGIONS]
        return list(figures(tx, questions, gathered_at=NOW).values())


def _figures_by_rule(*sent: Sequence[Fact]) -> list[Figures]:
    """Return what counting people one by one makes of facts that were sent one after the other."""
    known = Known()
    known.take(1, ROSTER)
    ordinals = itertools.count(2)
    for facts in sent:
        for kind, some in _sheets(facts):
            known.take(next(ordinals), Import(kind, some, NOW))
    return [
        count_figures(known.people_of(region), ASKED, region=region, at=NOW, gathered_at=NOW) for region in REGIONS
    ]


def _counts(counted: Sequence[Figures]) -> list[Figures]:
    """What was counted, without how long it stays true: the rule for one person says nothing of that."""
    return [each.model_copy(update={"steady_until": None}) for each in counted]


def test_files_in_any_order_and_twice_give_the_figures_of_files_in_order(office: Office, say: Say) -> None:
    """However facts are cut into files, sent, sent again and loaded: the figures are those of one file in order."""
    sent = trained = certified = corrected = 0
    for number in range(rounds(2, many=200)):
        chance = Random(f"{TORTURE_SEED} {number}")  # noqa: S311 - repeated at will, not to be a secret.
        facts = _facts(chance)
        corrections = _corrections(chance, facts)
        _started_anew(office)
        _load_all(office, _send(office, [*_sheets(facts), *_sheets(corrections)]))
        in_order = _figures(office)
        assert _counts(in_order) == _figures_by_rule(facts, corrections)
        _started_anew(office)
        # What corrects is sent after what it corrects: which file was sent later is all that order means.
        cut = [*_cut(chance, facts), *_cut(chance, corrections)]
        import_ids = _send(office, cut)
        loaded = import_ids + chance.choices(import_ids, k=3)
        chance.shuffle(loaded)
        _load_all(office, loaded)
        assert _figures(office) == in_order, f"round {number} of seed {TORTURE_SEED}"
        sent += len(cut)
        corrected += len(corrections)
        trained += sum(each.trained for each in in_order)
        certified += sum(each.certified for each in in_order)
    assert trained
    assert certified
    say(
        f"seed {TORTURE_SEED}: {sent} files in any order with {corrected} corrections, {trained} trained and "
        f"{certified} certified, no difference"
    )


def test_a_file_that_is_forgotten_shows_in_the_figures(office: Office) -> None:
    """What is compared tells facts apart: without one file, or with a correction overtaken, the figures differ."""
    passed = [AttemptRow(who, "cert", day(2), Decimal(90)) for who in PEOPLE]
    done = [CompletionRow(who, course, day(1), Decimal(90)) for who in PEOPLE for course in ("basics", "objections")]
    corrections = [done[0]._replace(void=True)]
    _started_anew(office)
    _load_all(office, _send(office, [*_sheets([*done, *passed]), *_sheets(corrections)]))
    whole = _figures(office)
    _started_anew(office)
    _load_all(office, _send(office, _sheets(done)))
    assert _figures(office) != whole
    _started_anew(office)
    _load_all(office, _send(office, [*_sheets(corrections), *_sheets([*done, *passed])]))
    assert _figures(office) != whole


@dataclass(frozen=True, slots=True)
class BreakingStore(Store):
    """A store that goes away at one of its writing transactions, before it is committed or right after."""

    turns: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Numbers the transactions."""
    breaks_at: int = 0
    is_committed: bool = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a transaction as a store does, and go away when its turn has come."""
        breaks = next(self.turns) == self.breaks_at
        # Not `super()`: a dataclass with slots is made a second time, and that would look for the first.
        with Store.writing(self) as tx:
            yield tx
            if breaks and not self.is_committed:
                raise StoreAway("gone before it was committed")
        if breaks:
            raise StoreAway("gone before it could say that it was committed")


class ForgetfulActivities(ImportActivities):
    """A loader that loads its first chunk a second time, as if another import had brought it."""

    def _load_chunk(self, record: ImportRecord, batch: Batch, chunk: Arrival | Packed) -> None:
        super()._load_chunk(record, batch, chunk)
        if batch.index == 0:
            with self._store.writing() as tx:
                begin_import(tx, f"{record.id}-again", record.kind, at=NOW)
                self._write(tx, ImportRecord(**{**asdict(record), "id": f"{record.id}-again"}), batch, chunk)


CHUNKS = 3 if TORTURE == "long" else 2
ROWS = (CHUNKS - 1) * BATCH_ROWS + 100
TRANSACTIONS = CHUNKS + 3
"""Of one load: it starts, expects its rows, writes its chunks, and finishes."""


def _people(_at: int, number: int) -> str:
    return f"p-{number},Person {number},p{number}@example.com,sales,{REGIONS[number % 2]}"


def _audience(_at: int, number: int) -> str:
    return f"{PRODUCT},emea,p-{number}"


def _completion(at: int, number: int) -> str:
    return f"p-{number},basics,2026-12-01T09:00:00Z,{80 if number % 5 else 70 + at}"


_ROW: dict[ImportKind, Callable[[int, int], str]] = {
    ImportKind.PEOPLE: _people,
    ImportKind.AUDIENCE: _audience,
    ImportKind.COMPLETIONS: _completion,
    ImportKind.ATTEMPTS: _completion,
}


def _files(kind: ImportKind) -> list[list[str]]:
    """Return what was known before, and a file that repeats and corrects it, repeats itself, and has bad rows."""
    header = ",".join(COLUMNS[kind].required)
    row = _ROW[kind]
    bad = ",".join([""] * len(COLUMNS[kind].required))
    rows = [bad if number in {7, BATCH_ROWS} else row(1, number) for number in range(ROWS)]
    return [[header, *(row(0, number) for number in range(0, ROWS, 40))], [header, *rows, rows[0], rows[-1]]]


_COUNTED = (
    "state", "rows_total", "staged", "rows_read", "accepted", "unchanged", "rejected", "unknown", "next_chunk",
    "reported", "code",
)  # fmt: skip
_TABLES = ("people", "roster", "audience", "completions", "attempts", "staged_people", "staged_audience")


def _effect(office: Office, import_id: str) -> dict[str, object]:
    """Return what an import came to: its counts, its report and all facts, whatever their ordinals."""
    record = office.record(import_id)
    effect: dict[str, object] = {name: getattr(record, name) for name in _COUNTED}
    with office.store.reading() as tx:
        effect["errors"] = errors(tx, import_id, limit=ROWS)
        begun = metadata.tables["fact_imports"].c.ordinal
        order = {ordinal: at for at, ordinal in enumerate(tx.execute(select(begun).order_by(begun)).scalars())}
        for name in _TABLES:
            table = metadata.tables[name]
            facts = [column for column in table.columns if column.name not in ("ordinal", "import_id")]
            by = table.columns.get("ordinal", literal(None))
            rows = tx.execute(select(by, *facts)).all()
            effect[name] = Counter((order.get(row[0]), *row[1:]) for row in rows)
    return effect


def _sent_after_the_first(office: Office, kind: ImportKind) -> str:
    """Load what was known before, register the file that comes after it, and return its import."""
    _started_anew(office)
    first, second = _files(kind)
    assert office.load(office.register(kind, first)) is ImportState.COMPLETED
    return office.register(kind, second)


def _broken_off(office: Office, import_id: str, *, at: int, is_committed: bool) -> None:
    """Load until transaction number `at` and break off there."""
    store = BreakingStore(office.store.engine, office.store.clock, breaks_at=at, is_committed=is_committed)
    whole, office.files = office.files, _activities(store, office)
    try:
        with pytest.raises(ApplicationError, match="gone before"):
            office.load(import_id)
    finally:
        office.files = whole


def _activities(store: Store, office: Office, made_as: type[ImportActivities] = ImportActivities) -> Any:
    return made_as(store, limits=ImportLimits(), scratch=office.folder, batch_rows=BATCH_ROWS)


def test_an_import_that_breaks_off_anywhere_and_is_run_again_has_one_effect(office: Office, say: Say) -> None:
    """Wherever a load breaks off, before a commit or after, and however often: counts and facts are of one load."""
    chance = Random(TORTURE_SEED)  # noqa: S311 - repeated at will, not to be a secret.
    # Kind by kind in turn, so that a taste has one that takes effect chunk by chunk and one that does so at once.
    kinds = (ImportKind.COMPLETIONS, ImportKind.PEOPLE, ImportKind.ATTEMPTS, ImportKind.AUDIENCE)
    places = list(itertools.product(range(1, TRANSACTIONS + 1), (False, True)))
    shuffled = [chance.sample(places, k=len(places)) for _ in kinds]
    breaks = [(kind, *place) for turn in zip(*shuffled, strict=True) for kind, place in zip(kinds, turn, strict=True)]
    unbroken: dict[ImportKind, dict[str, object]] = {}
    tried = rounds(2, many=4 * len(breaks))
    twice = 0
    for kind, at, is_committed in itertools.islice(itertools.cycle(breaks), tried):
        if kind not in unbroken:
            import_id = _sent_after_the_first(office, kind)
            assert office.load(import_id) is ImportState.COMPLETED
            unbroken[kind] = _effect(office, import_id)
            assert unbroken[kind]["next_chunk"] == CHUNKS
        import_id = _sent_after_the_first(office, kind)
        _broken_off(office, import_id, at=at, is_committed=is_committed)
        if office.record(import_id).state is ImportState.RUNNING and chance.random() < 0.5:
            # The second attempt begins with two transactions too, and breaks off at its own first chunk or its end.
            _broken_off(office, import_id, at=3, is_committed=is_committed)
            twice += 1
        assert office.load(import_id) is ImportState.COMPLETED
        assert _effect(office, import_id) == unbroken[kind], f"{kind} broke at {at}, committed: {is_committed}"
    say(f"seed {TORTURE_SEED}: {tried} loads of {ROWS} rows broke off, {twice} of them twice, no difference")


def test_a_loader_that_forgets_is_noticed(office: Office) -> None:
    """What is compared would show a chunk that was loaded twice."""
    import_id = _sent_after_the_first(office, ImportKind.COMPLETIONS)
    assert office.load(import_id) is ImportState.COMPLETED
    unbroken = _effect(office, import_id)
    import_id = _sent_after_the_first(office, ImportKind.COMPLETIONS)
    office.files = _activities(office.store, office, ForgetfulActivities)
    assert office.load(import_id) is ImportState.COMPLETED
    effect = _effect(office, import_id)
    assert effect["accepted"] == unbroken["accepted"]
    assert effect["completions"] != unbroken["completions"]
