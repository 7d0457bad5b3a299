"""How is a launch brought so far that its gates are just met, with as few steps as that takes?"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from readiness.commands import Choice
from readiness.keys import RegionKey
from readiness.ledger import Accepted
from readiness.policy import Stage
from readiness.rows import AttemptRow, CompletionRow, ImportKind, PersonRow
from readiness.rules import fold, propose
from store.content import put_content
from store.engine import Store
from store.facts import begin_import, finish_import
from store.learning import load_attempts, load_completions
from store.rosters import apply_people, stage_people
from store.settling import settle
from store.sight import look
from tests.readiness.builders import LAUNCH_AT, SIGNERS
from tests.store.desk import CERT, COURSE, PRODUCT, Desk, marking, plan

SELLERS, CERTIFIED = 5, 4
"""Four of five is exactly the share of a tier 1 launch: one person fewer, and the gate is open."""

PASSED, FAILED = CERT.pass_mark + 10, CERT.pass_mark - 10


class Ready(NamedTuple):
    """A region launch whose gates are just met, and when its people proved what they know."""

    key: RegionKey
    launch_at: datetime
    passed_at: datetime
    known: int = 0
    """The version at which its ledger ends."""

    def people(self, count: int = SELLERS) -> tuple[str, ...]:
        """Return the first `count` of its people; the first CERTIFIED of them are certified."""
        return tuple(f"{self.key.region}-{number}" for number in range(count))

    def roster_row(self, person: str, *, active: bool = True) -> PersonRow:
        """Return what the roster says of one of them."""
        address = f"{person}@example.com"
        return PersonRow(person, person, address, function="sales", region=self.key.region, active=active)


def started(desk: Desk, *regions: str, product: str = PRODUCT, launch_at: datetime = LAUNCH_AT) -> tuple[Ready, ...]:
    """Start a launch whose message is written and whose people have learned."""
    settled = desk.start_settled(plan(*regions, launch_at=launch_at).model_copy(update={"product": product}))
    assert isinstance(settled.outcome, Accepted), settled.outcome
    ready = tuple(Ready(key, launch_at, desk.clock.now - timedelta(days=1)) for key in settled.open_regions)
    _write_message(desk.store, product)
    _teach(desk.store, ready)
    return ready


def _write_message(store: Store, product: str) -> None:
    texts: list[tuple[Stage, str, dict[str, Any]]] = [
        (Stage.VALUE_PROPOSITIONS, "all", {"statement": "It halves your close."})
    ]
    for rank in range(1, 6):
        body = {"objection": f"Too much of {rank}", "answer": f"Not at all {rank}", "rank": rank}
        texts.append((Stage.OBJECTION_HANDLING, f"objection-{rank}", body))
    with store.writing() as tx:
        at = store.now(tx)
        for stage, key, text in texts:
            put_content(tx, product=product, stage=stage, key=key, body=text, person="ma-1", now=at)


def _teach(store: Store, ready: Sequence[Ready]) -> None:
    everyone = [(region, person) for region in ready for person in region.people()]
    import_people(store, [region.roster_row(person) for region, person in everyone])
    import_learning(
        store,
        ImportKind.COMPLETIONS,
        [CompletionRow(person, COURSE.course_id, r.passed_at - timedelta(hours=1)) for r, person in everyone],
    )
    certified = [(region, person) for region in ready for person in region.people(CERTIFIED)]
    passes = [AttemptRow(person, CERT.assessment_id, region.passed_at, PASSED) for region, person in certified]
    import_learning(store, ImportKind.ATTEMPTS, passes)


def signed(desk: Desk, ready: Ready, *, has_go: bool) -> Ready:
    """Sign both stages with both keys and decide, on one look: the looks between would change nothing."""
    key = ready.key
    sight = look(desk.store, key, 0)
    region = fold(key, None, sight.rows)
    assert region is not None
    assert sight.evidence is not None
    asks: list[Callable[[], Any]] = []
    for content in sight.evidence.contents:
        for function, role, person in SIGNERS:
            fields = {"stage": content.stage, "function": function, "digest": content.digest}
            asks.append(partial(desk.ask, key, "sign_off", person, role, **fields))
    if has_go:
        asks.append(partial(desk.decide, key, Choice.GO))
    for command in (ask() for ask in asks):
        while True:
            proposal = propose(region, command, evidence=sight.evidence, now=desk.clock.now)
            settled = settle(desk.store, key, region.version, command, proposal)
            region = fold(key, region, settled.rows)
            assert region is not None
            if not settled.is_behind:
                break
        assert isinstance(settled.outcome, Accepted), settled.outcome
    return ready._replace(known=region.version)


def import_learning(store: Store, kind: ImportKind, rows: Sequence[Any]) -> None:
    """Import completions or attempts as their activity does: registered first, then loaded, then finished."""
    import_id = _begun(store, kind)
    load: Callable[..., object] = load_completions if kind is ImportKind.COMPLETIONS else load_attempts
    with store.writing() as tx:
        load(tx, rows, import_id=import_id, mark=marking)
    with store.writing() as tx:
        finish_import(tx, import_id)


def import_people(store: Store, rows: Sequence[PersonRow]) -> None:
    """Import a roster as its activity does: registered, put aside, then in effect."""
    import_id = _begun(store, ImportKind.PEOPLE)
    with store.writing() as tx:
        stage_people(tx, rows, import_id=import_id, chunk=0)
    with store.writing() as tx:
        apply_people(tx, import_id=import_id, at=store.now(tx), mark=marking)


def _begun(store: Store, kind: ImportKind) -> str:
    import_id = f"{kind.value}-{uuid4().hex}"
    with store.writing() as tx:
        begin_import(tx, import_id, kind, at=store.now(tx))
    return import_id
