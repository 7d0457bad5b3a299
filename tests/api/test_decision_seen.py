"""Does whoever looks at a decision read what the decider saw, beside what is so now?"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.decision_seen import decision_seen
from api.identity import EmbeddedIssuer
from readiness.commands import Choice, Role
from readiness.events import CriterionStatus
from readiness.policy import CriterionKey
from readiness.readiness import Readiness
from store.decision_records import DecisionRecord, latest_kept
from tests.api.door import SettableClock, bearer
from tests.api.page_house import desk_on_a_file, outline_of, pages_of
from tests.readiness.builders import NOW
from tests.store.desk import Desk

ROOM = "/launches/atlas-2/emea"


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk with EMEA, where an executive said go on ten people of ten."""
    with desk_on_a_file(migrated_sqlite, tmp_path) as made:
        key = made.ready()
        made.accepted(key, made.decide(key, Choice.GO))
        yield made


@pytest.fixture
def client(desk: Desk, issuer: EmbeddedIssuer) -> Iterator[TestClient]:
    """A browser on the whole application."""
    with pages_of(desk, issuer, SettableClock(NOW)) as (opened, _):
        yield opened


def kept(desk: Desk) -> DecisionRecord:
    """Return the record of the latest decision."""
    key = desk.latest("emea")
    assert key is not None
    with desk.store.reading() as tx:
        record = latest_kept(tx, key)
    assert record is not None
    return record


def shown(client: TestClient, issuer: EmbeddedIssuer, role: Role = Role.AUDITOR) -> str:
    """Return what the page says from what was seen on."""
    outline = outline_of(client.get(ROOM, headers=bearer(issuer, "some-1", (role, "*"))))
    text: str = outline.text.partition("What was seen when it was decided")[2].partition("If people do not")[0]
    return text


def test_what_was_seen_stands_beside_what_is_so_now(desk: Desk, client: TestClient, issuer: EmbeddedIssuer) -> None:
    """What the decision was taken on stays when facts change: both are told, and what differs is named."""
    before = shown(client, issuer)
    assert "All of it is so now as well." in before
    assert "otherwise now" not in before
    desk.void_passes("emea")
    key = desk.latest("emea")
    assert key is not None
    desk.look(key)
    for role in (Role.AUDITOR, Role.EXECUTIVE, Role.MARKETING):
        after = shown(client, issuer, role)
        assert "It does not stand any more." in after
        assert "1 thing is otherwise now." in after
        certified = after.partition("certified on launch day otherwise now")[2]
        then, _, now = certified.partition("10 of 10 people, needs 80%")
        assert "Met" in then
        assert "0 of 10 people, needs 80%" in now
        # The bytes themselves are a click away, and are those of this digest.
        assert kept(desk).digest[:22] in after
    address = f"/v1/launches/atlas-2/regions/emea/decisions/{kept(desk).version}"
    headers = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    assert address in client.get(ROOM, headers=headers).text
    assert client.get(address, headers=headers).content == kept(desk).document


@pytest.mark.parametrize(("version", "status"), [(9_999, 404), (0, 422), (2**31, 422), (10**30, 422), ("one", 422)])
def test_a_version_that_no_ledger_reaches_is_refused(
    client: TestClient, issuer: EmbeddedIssuer, version: object, status: int
) -> None:
    """A database counts no further, and is not asked."""
    headers = bearer(issuer, "au-1", (Role.AUDITOR, "*"))
    asked = client.get(f"/v1/launches/atlas-2/regions/emea/decisions/{version}", headers=headers)
    assert asked.status_code == status


def test_the_figures_are_those_of_the_stored_bytes(desk: Desk) -> None:
    """What is told of then is read from the record alone, whatever the region has come to since."""
    record = kept(desk)
    then = Readiness.model_validate(json.loads(record.document)["readiness"])
    seen = decision_seen(record, then)
    assert seen is not None
    assert seen.then == then
    assert (seen.differences, seen.stands) == (0, False)
    assert {each.criterion for each in seen.figures} == {each.key for each in then.criteria}
    worse = then.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(
                    update={
                        "criteria": tuple(
                            each.model_copy(update={"status": CriterionStatus.UNMET}) for each in stage.criteria
                        )
                    }
                )
                for stage in then.stages
            )
        }
    )
    later = decision_seen(record, worse)
    assert later is not None
    assert later.differences == len(then.criteria)
    assert [each.then for each in later.figures] == list(then.criteria)


def test_a_record_of_another_version_is_named_and_not_guessed_at(desk: Desk) -> None:
    """Where this version cannot read what was written down it says so and leads to the bytes; no page breaks."""
    record = kept(desk)
    document = json.loads(record.document)
    now = Readiness.model_validate(document["readiness"])
    document["readiness"]["stage"] = "a stage of the future"
    seen = decision_seen(record._replace(document=json.dumps(document).encode()), now)
    assert seen is not None
    assert seen.then is None
    assert seen.figures == ()
    assert seen.record_address.endswith(f"/decisions/{record.version}")
    assert decision_seen(None, now) is None
    assert CriterionKey.CERTIFIED_SHARE in {each.key for each in now.criteria}
