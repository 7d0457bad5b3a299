"""Are people listed as of the instant at which they are judged, in one question less?"""

from datetime import timedelta

from readiness.rows import AudienceRow, ImportKind
from store.facts import begin_import
from store.people import tracker, tracker_now
from store.rosters import apply_audience, stage_audience
from tests.readiness.builders import LAUNCH_AT
from tests.store.desk import PRODUCT, Desk, marking

BEFORE = LAUNCH_AT - timedelta(days=3)
AFTER = LAUNCH_AT + timedelta(days=3)


def name_ahead(desk: Desk, *people: str) -> None:
    """Name the audience of the region, which then is that from three days before the launch on."""
    rows = [AudienceRow(PRODUCT, "emea", person, effective_at=BEFORE) for person in people]
    with desk.store.writing() as tx:
        now = desk.store.now(tx)
        begin_import(tx, "named", ImportKind.AUDIENCE, at=now)
        stage_audience(tx, rows, import_id="named", chunk=0)
        apply_audience(tx, import_id="named", at=now, mark=marking)


def test_people_are_those_of_the_launch_day_until_it_comes_and_of_today_after_it(desk: Desk) -> None:
    """Whom the audience names on that day counts, not who would be asked today; what launched is judged as of now."""
    key = desk.with_go("emea")
    name_ahead(desk, "emea-1", "emea-2")
    with desk.store.reading() as tx:
        now = desk.store.now(tx)
        found = tracker_now(tx, PRODUCT, "emea", now=now)
        assert found == tracker(tx, PRODUCT, "emea", at=LAUNCH_AT, gathered_at=now)
        assert found is not None
        assert [each.person_id for each in found[0]] == ["emea-1", "emea-2"]
        assert len(tracker(tx, PRODUCT, "emea", at=now, gathered_at=now)[0]) == 10
        assert tracker_now(tx, PRODUCT, "emea", now=AFTER) == tracker(
            tx, PRODUCT, "emea", at=AFTER, gathered_at=AFTER
        )
        assert tracker_now(tx, PRODUCT, "nowhere", now=now) is None
    desk.clock.now = LAUNCH_AT
    desk.launch(key)
    early = BEFORE - timedelta(days=1)
    with desk.store.reading() as tx:
        found = tracker_now(tx, PRODUCT, "emea", now=early)
        assert found == tracker(tx, PRODUCT, "emea", at=early, gathered_at=early)
        assert found is not None
        assert len(found[0]) == 10
