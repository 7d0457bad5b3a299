"""Does the command log keep every request once, and tell a forged one apart?"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from readiness.commands import Hold, Role
from readiness.keys import RegionKey
from readiness.ledger import Accepted
from store.commands import (
    KeyReused,
    Logged,
    commands_of,
    log_command,
    open_commands,
    printed_under,
)
from store.records_schema import commands, ledger
from store.regions import RegionUnknown
from store.settled import outcome_of
from store.wishes import About, about_region
from tests.store.desk import PRODUCT, Desk


def logged_hold(
    desk: Desk,
    key: RegionKey,
    *,
    idempotency_key: str,
    body: Any,
    person: str = "pm-7",
    may_be_repeat: bool = True,
) -> Logged:
    """Log a hold under this Idempotency-Key."""

    def made(command_id: str, at: datetime) -> Hold:
        return Hold(command_id=command_id, person=person, role=Role.PRODUCT_MANAGER, logged_at=at)

    with desk.store.writing() as tx:
        return log_command(
            tx,
            scope=key,
            kind="hold",
            person=person,
            role=Role.PRODUCT_MANAGER,
            idempotency_key=idempotency_key,
            body=body,
            make_command=made,
            now=desk.store.now(tx),
            printed_name="Pat Manager",
            may_be_repeat=may_be_repeat,
        )


def test_a_key_that_was_used_just_now_is_found_all_the_same(desk: Desk) -> None:
    """Whoever saw that it was free a moment before logs nothing twice, and no name is printed for nothing."""
    (key,) = desk.start("emea")
    first = logged_hold(desk, key, idempotency_key="k", body={}, may_be_repeat=False)
    again = logged_hold(desk, key, idempotency_key="k", body={}, may_be_repeat=False)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.command == first.command
    with pytest.raises(KeyReused):
        logged_hold(desk, key, idempotency_key="k", body={"reason": "another"}, may_be_repeat=False)
    with desk.store.reading() as tx:
        assert [each.command for each in commands_of(tx, key)] == [first.command]
        assert printed_under(tx, [first.command.command_id]) == {first.command.command_id: "Pat Manager"}


def test_a_wish_knows_its_region_its_name_and_whether_it_may_be_a_repeat(desk: Desk) -> None:
    """One question tells all that must be known before a wish is logged."""
    (key,) = desk.start("emea")
    desk.teach("emea", people=1)
    with desk.store.reading() as tx:
        assert about_region(tx, PRODUCT, "emea", "emea-0", "k") == About(key, "emea-0", may_be_repeat=False)
        assert about_region(tx, PRODUCT, "nowhere", "emea-0", "k") is None
    logged_hold(desk, key, idempotency_key="k", body={}, person="emea-0")
    with desk.store.reading() as tx:
        assert about_region(tx, PRODUCT, "emea", "emea-0", "k") == About(key, "emea-0", may_be_repeat=True)
        assert about_region(tx, PRODUCT, "emea", "emea-1", "k") == About(key, None, may_be_repeat=False)


def test_a_repeated_request_finds_its_command(desk: Desk) -> None:
    """The same person, key and body is one request, however often it is sent."""
    (key,) = desk.start("emea")
    first = logged_hold(desk, key, idempotency_key="k", body={"share": 0.5})
    again = logged_hold(desk, key, idempotency_key="k", body={"share": 0.5})
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.command == first.command


def test_a_repeat_after_the_outcome_answers_with_it(desk: Desk) -> None:
    """A request that was carried out is answered again, not carried out again."""
    (key,) = desk.start("emea")
    command = desk.hold(key)
    settled = desk.accepted(key, command)
    with desk.store.reading() as tx:
        assert outcome_of(tx, command.command_id) == settled.outcome
        assert open_commands(tx, desk.clock.now + timedelta(hours=1)) == ()


def test_a_key_with_another_body_is_refused(desk: Desk) -> None:
    """An Idempotency-Key stands for one body."""
    (key,) = desk.start("emea")
    logged_hold(desk, key, idempotency_key="k", body={"reason": "one"})
    with pytest.raises(KeyReused):
        logged_hold(desk, key, idempotency_key="k", body={"reason": "two"})


def test_a_key_for_another_region_is_refused(desk: Desk) -> None:
    """The same body for another region is another request."""
    emea, apac = sorted(desk.start("emea", "apac"), key=lambda key: key.region, reverse=True)
    logged_hold(desk, emea, idempotency_key="k", body={})
    with pytest.raises(KeyReused):
        logged_hold(desk, apac, idempotency_key="k", body={})


def test_a_key_belongs_to_its_person(desk: Desk) -> None:
    """Two people may use the same key."""
    (key,) = desk.start("emea")
    one = logged_hold(desk, key, idempotency_key="k", body={})
    other = logged_hold(desk, key, idempotency_key="k", body={}, person="pm-8")
    assert one.command.command_id != other.command.command_id


def test_commands_of_a_region_are_numbered_in_the_order_of_the_log(desk: Desk) -> None:
    """The sequence is what a later wish is told by."""
    (key,) = desk.start("emea")
    for number in range(3):
        logged_hold(desk, key, idempotency_key=f"k{number}", body={})
    with desk.store.reading() as tx:
        assert [command.sequence for command in commands_of(tx, key)] == [1, 2, 3]


def test_a_region_that_never_started_takes_no_command(desk: Desk) -> None:
    """There is no row to hold, so nothing is logged."""
    with pytest.raises(RegionUnknown):
        logged_hold(desk, RegionKey(product="nova", region="emea", run=1), idempotency_key="k", body={})


def test_open_commands_are_found_oldest_first(desk: Desk) -> None:
    """Recovery finds what was acknowledged and never carried out."""
    (key,) = desk.start("emea")
    first = desk.hold(key)
    desk.clock.now += timedelta(seconds=5)
    second = desk.hold(key)
    with desk.store.reading() as tx:
        found = open_commands(tx, desk.clock.now + timedelta(seconds=1))
        assert [command.command for command in found] == [first, second]
        assert open_commands(tx, desk.clock.now) == found[:1]


def test_an_outcome_is_written_once(desk: Desk) -> None:
    """The database itself refuses to change a settled command, or to lose one."""
    (key,) = desk.start("emea")
    command = desk.hold(key)
    assert isinstance(desk.accepted(key, command).outcome, Accepted)
    with pytest.raises(DBAPIError, match=r"settled once|only added"), desk.store.writing() as tx:
        tx.execute(update(commands).where(commands.c.id == command.command_id).values(outcome=None))
    with pytest.raises(DBAPIError, match="only added"), desk.store.writing() as tx:
        tx.execute(delete(commands))


def test_the_ledger_is_only_added_to(desk: Desk) -> None:
    """The database itself refuses to change or remove a row of the ledger."""
    desk.start("emea")
    with pytest.raises(DBAPIError, match="only added"), desk.store.writing() as tx:
        tx.execute(update(ledger).values(person="somebody-else"))
    with pytest.raises(DBAPIError, match="only added"), desk.store.writing() as tx:
        tx.execute(delete(ledger))
