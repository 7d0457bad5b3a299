"""Is it known who holds which roles, as far as that can be known here?"""

from datetime import timedelta
from typing import Literal

from sqlalchemy import event

from readiness.commands import Role
from readiness.roles import HeldRole, require_change
from store.access import record_change
from store.holders import HoldersOfRoles, holders_in, holders_of_roles
from store.sessions import begin_session
from tests.store.desk import Desk

LIFE = timedelta(hours=8)


def signs_in(desk: Desk, person: str, *grants: tuple[Role, str]) -> None:
    """Begin a session of a person with the roles that come with them."""
    with desk.store.writing() as tx:
        now = desk.store.now(tx)
        begin_session(tx, person=person, grants=grants, logged_in_at=now, now=now, life=LIFE, instead_of=None)


def changes(desk: Desk, person: str, change: Literal["granted", "withdrawn"], role: Role, region: str) -> None:
    """Have an admin grant or withdraw a role."""
    with desk.store.writing() as tx:
        record_change(
            tx,
            person=person,
            role=role,
            region=region,
            change=change,
            effective_at=None,
            by="ad-1",
            reason="It is so.",
            idempotency_key=f"{person}-{change}-{role}-{region}",
            now=desk.store.now(tx),
            check=require_change,
        )


def held(
    desk: Desk, *, person: str | None = None, within: tuple[str, ...] | None = None, limit: int = 10
) -> HoldersOfRoles:
    """Return who holds what."""
    with desk.store.reading() as tx:
        return holders_of_roles(tx, person=person, within=within, now=desk.store.now(tx), limit=limit)


def test_who_is_signed_in_and_who_was_given_a_role_here_are_told_together(desk: Desk) -> None:
    """What came with a login counts less what was withdrawn here; of others, what was granted here counts."""
    signs_in(desk, "ex-1", (Role.EXECUTIVE, "*"), (Role.SALES_LEAD, "emea"))
    changes(desk, "ex-1", "withdrawn", Role.SALES_LEAD, "emea")
    changes(desk, "ex-1", "withdrawn", Role.EXECUTIVE, "apac")
    changes(desk, "ma-1", "granted", Role.MARKETING, "emea")
    executive, marketing = held(desk).holders
    assert executive.roles == (HeldRole(role=Role.EXECUTIVE, region="*", excluding=("apac",)),)
    assert (marketing.person, marketing.roles) == ("ma-1", (HeldRole(role=Role.MARKETING, region="emea"),))
    assert (executive.seen_at, marketing.seen_at) == (desk.clock.now, None)


def test_a_login_that_has_ended_tells_of_nobody_any_more(desk: Desk) -> None:
    """Roles that came with it are not known here once it is over."""
    signs_in(desk, "ex-1", (Role.EXECUTIVE, "*"))
    desk.clock.now += LIFE
    assert held(desk) == HoldersOfRoles((), has_more=False)


def test_of_regions_that_the_reader_may_not_see_nothing_is_told(desk: Desk) -> None:
    """A role for every region is one for the reader's own; who holds none there is left out."""
    signs_in(desk, "ex-1", (Role.EXECUTIVE, "*"))
    changes(desk, "ma-1", "granted", Role.MARKETING, "emea")
    changes(desk, "sa-1", "granted", Role.SALES_LEAD, "apac")
    assert [holder.person for holder in held(desk, within=("emea",)).holders] == ["ex-1", "ma-1"]


def test_a_person_is_found_among_many(desk: Desk) -> None:
    """The first are told by their ids, and that there are more; anybody is found by their own."""
    for number in range(4):
        changes(desk, f"sa-{number}", "granted", Role.SALES_LEAD, "emea")
    first = held(desk, limit=3)
    assert ([holder.person for holder in first.holders], first.has_more) == (["sa-0", "sa-1", "sa-2"], True)
    assert [holder.person for holder in held(desk, person="sa-3", limit=3).holders] == ["sa-3"]
    assert held(desk, limit=4).has_more is False


def test_who_speaks_in_many_regions_is_told_by_two_queries(desk: Desk) -> None:
    """Who is signed in and who was given the role here speak alike; the latest login counts, and sellers do not."""
    changes(desk, "en-1", "granted", Role.ENABLEMENT, "*")
    changes(desk, "en-1", "withdrawn", Role.ENABLEMENT, "amer")
    changes(desk, "ex-1", "granted", Role.EXECUTIVE, "*")
    signs_in(desk, "sa-1", (Role.SALES_LEAD, "apac"))
    desk.clock.now += timedelta(minutes=1)
    signs_in(desk, "sa-1", (Role.SALES_LEAD, "emea"), (Role.SELLER, "*"))
    signs_in(desk, "se-1", (Role.SELLER, "*"))
    asked: list[str] = []

    def note(*said: object) -> None:
        asked.append(str(said[2]))

    engine = desk.store.engine
    event.listen(engine, "before_cursor_execute", note)
    with desk.store.reading() as tx:
        now = desk.store.now(tx)
        asked.clear()
        found = holders_in(tx, ("emea", "apac", "amer"), now=now)
        assert holders_in(tx, (), now=now) == {}
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 2
    decides = {"executive": ("ex-1",)}
    assert found == {
        "emea": {"sales": ("sa-1",), "enablement": ("en-1",), **decides},
        "apac": {"enablement": ("en-1",), **decides},
        "amer": decides,
    }
