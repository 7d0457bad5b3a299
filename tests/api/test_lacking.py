"""Does everybody read what follows if people do not learn in time, and remind them in one click who may?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.identity import EmbeddedIssuer
from readiness.commands import Role
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, outline_of, pages_of
from tests.readiness.builders import NOW
from tests.store.desk import Desk
from tests.templates.outline import Outline

ROOM = "/launches/atlas-2/emea"


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with EMEA: of twenty people twelve have learned and five have passed."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        made.start("emea", "apac")
        made.teach("emea", people=20, trained=12, certified=5)
        yield made


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A browser on the whole application."""
    with pages_of(desk, issuer, SettableClock(NOW)) as (opened, _):
        yield opened


def addresses(outline: Outline) -> list[str]:
    """Return every address that a page links to."""
    return [str(a["href"]) for tag, a in outline.elements if tag == "a"]


def test_the_page_of_a_region_says_what_follows_and_leads_to_the_reminder(
    client: TestClient, issuer: EmbeddedIssuer
) -> None:
    """Beside each figure stand those who are missing, and one click shows whom a reminder of just them reaches."""
    enablement = bearer(issuer, "en-1", (Role.ENABLEMENT, "*"))
    room = outline_of(client.get(ROOM, headers=enablement))
    for part in (
        "6 more people must be trained.",
        "11 more people must be certified on launch day.",
        "With too few of them the gate stays unmet. Then nobody can say go",
        "Who may grant it: Executive.",
        "See the 8 people who are missing",
        "See the 15 people who are missing",
    ):
        assert part in room.text, part
    reminders = [address for address in addresses(room) if "/people/nudge?" in address]
    # Each of the two stands with its sentence and beside its figure, and all of them among what one can do.
    assert len(reminders) == 5
    reached = {outline_of(client.get(address, headers=enablement)).text for address in reminders}
    assert sorted("8 people will be reminded" in text for text in reached) == [False, True]
    assert sorted("15 people will be reminded" in text for text in reached) == [False, True]


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.EXECUTIVE, False), (Role.AUDITOR, True)], ids=["executive", "auditor"]
)
def test_who_may_not_remind_reads_who_may(client: TestClient, issuer: EmbeddedIssuer, role: Role, sees: bool) -> None:
    """No link leads where one would be refused; whoever may see the people still comes to them."""
    room = outline_of(client.get(ROOM, headers=bearer(issuer, "some-1", (role, "*"))))
    assert "Not yours to remind them: Enablement, Sales lead, Product manager may." in room.text
    assert not [address for address in addresses(room) if "/nudge" in address]
    assert any("/people?status=" in address for address in addresses(room)) is sees


def test_a_seller_reads_by_when_and_what_follows(client: TestClient, issuer: EmbeddedIssuer) -> None:
    """Who has still to learn reads the due dates and what happens otherwise; who is certified is spared it."""
    late, done = (
        outline_of(client.get("/me", headers=bearer(issuer, person, (Role.SELLER, "emea")))).text
        for person in ("emea-19", "emea-1")
    )
    assert "to complete by" in late
    assert "to pass by" in late
    assert "Atlas 2 is not launched in EMEA on that day" in late
    assert "If you miss it" not in done
