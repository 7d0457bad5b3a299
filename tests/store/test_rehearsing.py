"""Does a rehearsal say exactly what then happens, and change nothing?"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from api.live import region_readiness
from readiness.canonical import digest
from readiness.commands import ROLE_OF_FUNCTION, Choice, Position, RegionCommand, Role, Stance, StartLaunch
from readiness.events import HoldCause
from readiness.keys import RegionKey
from readiness.ledger import Accepted, Refused, RegionRow
from readiness.policy import SIGNED_STAGES, TIERS, CriterionKey, Function, Stage
from readiness.policy_events import Applies
from readiness.region import RegionLaunch, Verdict, WaiverStatus
from readiness.rehearsal import Foreseen, Outlook, Rehearsed, StartRehearsed
from store.content import WouldHoldRegions, open_rows, stage_content, withdraw_content
from store.edit_plans import EditPlan, plan_put, plan_withdrawal
from store.ledger import rows_after
from store.regions import latest_record, region_record
from store.rehearsing import rehearse_command, rehearse_edit, rehearse_launch
from store.schema import metadata
from tests.effort import examples
from tests.readiness.builders import LAUNCH_AT, NOW, OWNER, SIGNERS
from tests.readiness.governing import SEATS
from tests.store.desk import KINDS, PRODUCT, Desk, plan

MESSAGE = Stage.VALUE_PROPOSITIONS


class Wish(NamedTuple):
    """What somebody might ask of a region."""

    kind: str
    person: str
    role: Role
    fields: dict[str, Any]
    said: dict[str, Any]
    has_reason: bool = True


def everything(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with desk.store.reading() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def rehearsed(desk: Desk, key: RegionKey, wish: Wish) -> Rehearsed:
    """Return what the wish would lead to."""

    def make(command_id: str, now: Any) -> RegionCommand:
        return KINDS[wish.kind](
            command_id=command_id,
            person=wish.person,
            role=wish.role,
            logged_at=now,
            reason_digest=digest("why") if wish.has_reason else None,
            **wish.fields,
        )

    with desk.store.reading() as tx:
        record = latest_record(tx, PRODUCT, key.region)
        assert record is not None
        return rehearse_command(tx, record, make, now=desk.store.now(tx))


def foreseen(key: RegionKey, rows: Iterable[RegionRow]) -> tuple[Foreseen, ...]:
    """Return events of the ledger as a rehearsal tells them."""
    told = {"type", "stage", "function", "criterion", "criteria", "cause"}
    return tuple(Foreseen(region=key.region, **row.event.model_dump(include=told)) for row in rows)


def outlook(desk: Desk, key: RegionKey) -> Outlook:
    """Return how the region stands, as its readers see it."""
    shown = region_readiness(desk.store, key.product, key.region)
    return Outlook(region=key.region, version=shown.version, verdict=shown.verdict, stage=shown.stage, rag=shown.rag)


def same_wish(desk: Desk, key: RegionKey, wish: Wish) -> None:
    """Rehearse the wish, then mean it, and hold the one to the other."""
    before = everything(desk)
    told = rehearsed(desk, key, wish)
    assert everything(desk) == before
    assert told.before == outlook(desk, key)
    stood = desk.region(key)
    fields = wish.fields if wish.has_reason else {**wish.fields, "reason_digest": None}
    settled = desk.carry_out(key, desk.ask(key, wish.kind, wish.person, wish.role, said=wish.said, **fields))
    assert told.events == foreseen(key, settled.rows)
    assert told.after == outlook(desk, key)
    if told.refusal is None:
        assert isinstance(settled.outcome, Accepted)
    else:
        assert isinstance(settled.outcome, Refused)
        # As text: mypy would hold each kind of the one against each of the other, for ten seconds.
        assert str(settled.outcome.refusal.kind) == str(told.refusal.kind)
    same_loss(stood, desk.region(key), told)


def same_loss(stood: RegionLaunch, stands: RegionLaunch, told: Rehearsed) -> None:
    """Hold what would be voided, reopened and held to what was."""
    signed = {(each.stage, each.function) for each in stands.sign_offs}
    voided = [(each.stage, each.function) for each in stood.sign_offs if (each.stage, each.function) not in signed]
    assert [(each.stage, each.function) for each in told.would.voided] == voided
    reopened = [
        state.stage for state in stood.stages if state.is_closed and stands.stage(state.stage).status == "reopened"
    ]
    assert [each.stage for each in told.would.reopened] == reopened
    held = stands.holding if stands.holding != stood.holding else None
    assert [each.cause for each in told.would.held] == ([held.cause] if held is not None else [])


# --- what people might ask, rightly or wrongly


_OFTEN = ("decide", "decide", "decide", "grant_waiver", "request_waiver", "open_poll", "cast_ballot", "cast_ballot")
_LAWFUL = {
    "decide": ("ex-1", Role.EXECUTIVE),
    "request_waiver": ("en-1", Role.ENABLEMENT),
    "grant_waiver": ("ex-2", Role.EXECUTIVE),
    "deny_waiver": ("ex-2", Role.EXECUTIVE),
    "revoke_waiver": ("ex-3", Role.EXECUTIVE),
    "meet_condition": ("en-1", Role.ENABLEMENT),
    "confirm_policy_change": ("ex-2", Role.EXECUTIVE),
}
"""Who may do what, as the story usually goes."""


def wishes(desk: Desk, key: RegionKey, chance: Random) -> Wish:
    """Return something that somebody might ask of the region as it is."""
    region = desk.region(key)
    kind = chance.choice([*KINDS, *_OFTEN])
    person, role = _LAWFUL.get(kind, (OWNER, Role.PRODUCT_MANAGER))
    if chance.random() < 0.2:
        person = chance.choice(["ex-1", "ex-2", OWNER, "ma-1", "sa-1", "en-1"])
        role = chance.choice([Role.EXECUTIVE, Role.PRODUCT_MANAGER])
    seen = chance.choice([None] * 6 + [region.version, region.version - 1])
    how = _FIELDS.get(kind)
    fields, said = how(desk, region, chance) if how is not None else ({}, {})
    if "function" in fields:
        person, role = chance.choice([SEATS[fields["function"]], person]), ROLE_OF_FUNCTION[fields["function"]]
    if kind in {"cancel", "hold"} and chance.random() < 0.8:
        kind = "resume"
    has_reason = chance.random() < 0.95 and kind != "cast_ballot"
    return Wish(kind, person, role, {**fields, "seen": seen}, said, has_reason)


def _decision(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del region
    choice = chance.choice([Choice.GO, Choice.GO, Choice.CONDITIONAL_GO, Choice.NO_GO, Choice.HOLD])
    later = desk.clock.now + timedelta(days=chance.choice([2, 7]))
    promised = {"owner": "en-1", "due_at": later, "text_digest": digest("prices")}
    return {
        "choice": choice,
        "review_at": later if choice is Choice.NO_GO else None,
        "conditions": [promised] if choice is Choice.CONDITIONAL_GO else [],
    }, {}


def _signature(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    stage = chance.choice(SIGNED_STAGES)
    with desk.store.reading() as tx:
        current = stage_content(tx, region.key, stage).evidence.digest
    return {
        "stage": stage,
        "function": chance.choice([Function.MARKETING, Function.SALES]),
        "digest": chance.choice([current, current, current, digest("another")]),
        "position": chance.choice([Position.APPROVE, Position.APPROVE, Position.SEND_BACK]),
    }, {}


def _move(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk
    moved = region.launch_at + timedelta(days=chance.choice([-80, -40, 0, 7, 400]))
    return {"launch_at": moved, "wall_clock": f"{moved:%Y-%m-%dT%H:%M}"}, {}


def _request(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del region
    return {
        "criterion": chance.choice([CriterionKey.CERTIFIED_SHARE, CriterionKey.TRAINING_COMPLETION]),
        "floor": chance.choice([None, 7_000, 100]),
        "expires_at": chance.choice([desk.clock.now + timedelta(days=2), LAUNCH_AT + timedelta(days=7)]),
        "control_digest": digest("beside a colleague"),
    }, {"compensating_control": "beside a colleague"}


def _waiver(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk
    known = [waiver.id for waiver in region.waivers if waiver.status is not WaiverStatus.DENIED]
    return {"waiver": chance.choice([*known[-2:], "nobody-asked"])}, {}


def _ballot(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk, region
    return {"function": chance.choice(list(SEATS))}, {"position": chance.choice(list(Stance)).value}


def _condition(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk
    promised = region.decision.conditions if region.decision is not None else ()
    known = [condition.promised.id for condition in promised]
    return {"condition": chance.choice([*known, "nobody-promised"]), "proof_digest": digest("done")}, {}


def _lesson(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Nothing was learned before the first wave, so whatever is named is refused alike."""
    del desk, region, chance
    return {"lesson": "field-0", "how_digest": digest("why")}, {}


def _heir(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk
    return {"owner": chance.choice(["pm-8", "ex-1", "ex-2", region.owner])}, {}


def _naming(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk, region
    return {"function": chance.choice(list(Function)), "named": "ma-2"}, {}


def _policy(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    certification = region.policy.certification.model_copy(update={"required_share": chance.choice([5_000, 9_000])})
    applies = chance.choice(list(Applies))
    return {
        "change": digest("another policy"),
        "policy": region.policy.model_copy(update={"certification": certification}),
        "applies": applies,
        "from_at": desk.clock.now + timedelta(days=1) if applies is Applies.ALL else None,
    }, {}


def _change(desk: Desk, region: RegionLaunch, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    del desk, region
    return {"change": digest(chance.choice(["another policy", "another policy", "nothing"]))}, {}


_FIELDS: dict[str, Callable[[Desk, RegionLaunch, Random], tuple[dict[str, Any], dict[str, Any]]]] = {
    "decide": _decision,
    "sign_off": _signature,
    "reschedule": _move,
    "request_waiver": _request,
    "grant_waiver": _waiver,
    "deny_waiver": _waiver,
    "revoke_waiver": _waiver,
    "cast_ballot": _ballot,
    "meet_condition": _condition,
    "change_owner": _heir,
    "name_seat": _naming,
    "ask_policy_change": _policy,
    "confirm_policy_change": _change,
    "decline_policy_change": _change,
    "address_lesson": _lesson,
}


# --- edits


def rehearsed_edit(desk: Desk, planned: EditPlan) -> dict[str, Rehearsed]:
    """Return what each region would make of an edit, by region."""
    with desk.store.reading() as tx:
        told = rehearse_edit(tx, planned, now=desk.store.now(tx))
    return {each.after.region: each for each in told}


def plan_of(desk: Desk, body: dict[str, Any], *, material: bool = True, regions: Any = None) -> EditPlan:
    """Return what writing the message would do."""
    with desk.store.reading() as tx:
        planned = plan_put(
            tx,
            open_rows(tx, PRODUCT, regions),
            product=PRODUCT,
            stage=MESSAGE,
            key="all",
            body=body,
            person="ma-1",
            now=desk.store.now(tx),
            regions=regions,
            material=material,
            if_match=None,
            must_be_new=False,
        )
    assert isinstance(planned, EditPlan)
    return planned


def same_edit(desk: Desk, statement: str, keys: Iterable[RegionKey]) -> None:
    """Rehearse an edit of the message, then mean it, and hold the one to the other in every region."""
    before = everything(desk)
    planned = plan_of(desk, {"statement": statement})
    told = rehearsed_edit(desk, planned)
    assert everything(desk) == before
    stood = {key: desk.region(key) for key in keys}
    meant = desk.write(MESSAGE, "all", {"statement": statement}, holds=planned.ending(()))
    assert [changed.record.key for changed in planned.changes] == list(meant.touched)
    for key in meant.touched:
        settled = desk.look(key)
        assert told[key.region].events == foreseen(key, settled.rows)
        assert told[key.region].after == outlook(desk, key)
        same_loss(stood[key], desk.region(key), told[key.region])


# --- tests


@pytest.mark.parametrize("seed", range(examples(4)))
def test_what_a_rehearsal_says_is_what_then_happens(desk: Desk, seed: int) -> None:
    """Over a long walk of acts, edits, facts and days, each step is rehearsed first, and changes nothing by that."""
    chance = Random(seed)  # noqa: S311 - nothing here is secret.
    desk.policy = chance.choice([TIERS[1], desk.policy, desk.policy])
    keys = desk.start("apac", "emea")
    key = keys[1]
    desk.write_all()
    desk.teach("emea", certified=chance.choice([7, 10]))
    for each in keys:
        desk.sign_all(each)
    desk.look(key)
    for step in range(40):
        match chance.choice(["ask"] * 16 + ["edit", "learn", "unlearn", "wait"]):
            case "edit":
                same_edit(desk, f"Atlas 2 halves your close, {step} times.", keys)
                if chance.random() < 0.7:
                    for function, role, person in SIGNERS:
                        desk.carry_out(key, desk.sign_off(key, MESSAGE, function, role, person))
            case "learn":
                desk.teach("emea")
            case "unlearn":
                desk.void_passes("emea", people=chance.choice([1, 5]))
            case "wait":
                desk.clock.now += timedelta(days=chance.choice([0.1, 1, 5]))
            case _:
                same_wish(desk, key, wishes(desk, key, chance))
        if desk.region(key).ending is not None:
            break


def test_a_rehearsed_go_tells_of_the_ballots_that_are_missing(desk: Desk) -> None:
    """A refusal is rehearsed like anything else, with the reason that the act would be refused for."""
    desk.policy = TIERS[1]
    key = desk.ready()
    told = rehearsed(desk, key, Wish("decide", "ex-1", Role.EXECUTIVE, {"choice": Choice.GO}, {}))
    assert told.refusal is not None
    assert told.refusal.kind == "gates-not-met"
    assert (told.events, told.before) == ((), told.after)


def test_a_rehearsed_reschedule_tells_which_due_dates_would_be_past(desk: Desk) -> None:
    """Moved close, what is still unmet would be red; nothing else of the region changes colour."""
    (key,) = desk.start("emea")
    soon = NOW + timedelta(days=2)
    move = Wish("reschedule", OWNER, Role.PRODUCT_MANAGER, {"launch_at": soon, "wall_clock": "soon"}, {})
    told = rehearsed(desk, key, move)
    assert told.refusal is None
    late = {each.criterion: each.already for each in told.would.red}
    assert late[CriterionKey.VALUE_PROPOSITIONS_SIGNED] is False
    assert late[CriterionKey.CERTIFIED_SHARE] is False
    same_wish(desk, key, move)


def test_a_rehearsed_edit_tells_which_gos_it_would_end(desk: Desk) -> None:
    """The edit itself is refused unless it names the region; its rehearsal says why, and what it would void."""
    key = desk.with_go()
    planned = plan_of(desk, {"statement": "Atlas 2 does something else."})
    assert planned.ending(()) == ("emea",)
    assert planned.ending(("emea",)) == ()
    told = rehearsed_edit(desk, planned)["emea"]
    assert [(each.stage, each.person) for each in told.would.voided] == [(MESSAGE, "ma-1"), (MESSAGE, "sa-1")]
    assert [each.stage for each in told.would.reopened] == [MESSAGE, Stage.GO_NO_GO]
    assert [(each.cause, each.verdict) for each in told.would.held] == [(HoldCause.GATE_UNMET, Verdict.GO)]
    with pytest.raises(WouldHoldRegions):
        desk.write(MESSAGE, "all", {"statement": "Atlas 2 does something else."})
    same_edit(desk, "Atlas 2 does something else.", [key])


def test_an_edit_of_punctuation_would_void_nothing(desk: Desk) -> None:
    """The new digest is linked to the one that was signed, in a rehearsal as in the edit."""
    key = desk.with_go()
    planned = plan_of(desk, {"statement": "ATLAS 2 halves your close!"}, material=False)
    told = rehearsed_edit(desk, planned)["emea"]
    assert (told.events, told.would.voided, told.would.held) == ((), (), ())
    desk.write(MESSAGE, "all", {"statement": "ATLAS 2 halves your close!"}, material=False)
    assert desk.look(key).rows == ()


def test_a_rehearsed_withdrawal_tells_what_the_region_would_sign_again(desk: Desk) -> None:
    """Where an adaptation ends, the product-wide text holds again, and the sign-offs of the adapted one are void."""
    key = desk.ready()
    desk.write(MESSAGE, "all", {"statement": "Atlas 2 for us."}, regions=["emea"])
    desk.look(key)
    for function, role, person in SIGNERS:
        desk.accepted(key, desk.sign_off(key, MESSAGE, function, role, person))
    withdrawal: dict[str, Any] = {"product": PRODUCT, "stage": MESSAGE, "key": "all", "regions": ["emea"]}
    with desk.store.reading() as tx:
        now = desk.store.now(tx)
        planned = plan_withdrawal(
            tx, open_rows(tx, PRODUCT, ["emea"]), person="ma-1", now=now, if_match=None, **withdrawal
        )
    told = rehearsed_edit(desk, planned)["emea"]
    assert len(told.would.voided) == 2
    with desk.store.writing() as tx:
        withdraw_content(tx, person="ma-1", now=now, **withdrawal)
    assert told.events == foreseen(key, desk.look(key).rows)


def test_a_rehearsed_start_tells_what_is_late_already(desk: Desk) -> None:
    """Due dates that have gone by are named region by region; a product that is running refuses."""
    soon = NOW + timedelta(days=10)
    before = everything(desk)
    told = rehearsed_start(desk, launch_at=soon)
    assert everything(desk) == before
    assert told.refusal is None
    assert [event.type for event in told.events] == [
        "launch_started",
        "region_launch_started",
        "region_launch_started",
    ]
    assert [(each.region, each.stage) for each in told.would.red] == [
        (region, stage)
        for region in ("apac", "emea")
        for stage in (Stage.VALUE_PROPOSITIONS, Stage.OBJECTION_HANDLING, Stage.TRAINING)
    ]
    keys = desk.start("apac", "emea", launch_at=soon)
    with desk.store.reading() as tx:
        begun = [row.event.type for key in keys for row in rows_after(tx, key, 0)]
        assert begun == [event.type for event in told.events[1:]]
        assert [region_record(tx, key).region.launch_at for key in keys] == [soon, soon]
    refusal = rehearsed_start(desk, launch_at=soon).refusal
    assert refusal is not None
    assert refusal.kind == "launch-already-running"


def rehearsed_start(desk: Desk, *, launch_at: Any) -> StartRehearsed:
    """Return what the start of the launch in two regions would do."""
    wanted = plan("apac", "emea", launch_at=launch_at)

    def make(command_id: str, now: Any) -> StartLaunch:
        return StartLaunch(command_id=command_id, person=OWNER, role=Role.PRODUCT_MANAGER, logged_at=now, plan=wanted)

    with desk.store.reading() as tx:
        return rehearse_launch(tx, PRODUCT, make, now=desk.store.now(tx))
