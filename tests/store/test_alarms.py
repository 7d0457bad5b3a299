"""Is everything told that someone must look at, once and not without end?"""

from datetime import timedelta

from readiness.keys import LaunchKey, RegionKey
from store.alarms import MOST_ALIKE, AlarmKind, lately_lost, resolve, settle_all, sound, standing_alarms
from store.watching import report_found, report_lost
from tests.store.desk import PRODUCT, Desk

EMEA = RegionKey(product=PRODUCT, region="emea", run=1)


def test_whoever_forges_by_the_thousand_does_not_fill_the_list(desk: Desk) -> None:
    """Beyond a hundred alike nobody learns more; once somebody has looked, the next one is told again."""
    for number in range(MOST_ALIKE):
        assert sound(desk.store, AlarmKind.COMMAND_FORGED, EMEA, f"command {number} was forged")
    assert not sound(desk.store, AlarmKind.COMMAND_FORGED, EMEA, "one more")
    assert sound(desk.store, AlarmKind.COMMAND_FORGED, EMEA.model_copy(update={"region": "apac"}), "one more")
    with desk.store.writing() as tx:
        settle_all(tx, now=desk.clock.now)
    assert sound(desk.store, AlarmKind.COMMAND_FORGED, EMEA, "one more")


def test_what_is_told_once_is_not_told_again_after_somebody_has_looked(desk: Desk) -> None:
    """A workflow that goes on where it does not belong is one alarm; a loss is one each time that it happens."""
    for is_first in (True, False):
        assert sound(desk.store, AlarmKind.WORKFLOW_STRAY, None, "run 7 is a stray", once=True) is is_first
        assert sound(desk.store, AlarmKind.WORKFLOW_LOST, EMEA, "lost")
        with desk.store.writing() as tx:
            assert settle_all(tx, now=desk.clock.now) == 1 + is_first


def test_what_belongs_to_no_launch_has_an_alarm_too(desk: Desk) -> None:
    """A workflow under a made-up id is about nothing that we have, and stands in the list all the same."""
    sound(desk.store, AlarmKind.WORKFLOW_STRAY, None, "run 7 is a stray")
    with desk.store.reading() as tx:
        (alarm,) = standing_alarms(tx)
    assert (alarm.kind, alarm.product, alarm.region, alarm.resolved_at) == (AlarmKind.WORKFLOW_STRAY, "", "", None)


def test_what_was_lost_and_found_is_kept_for_whoever_asks_later(desk: Desk) -> None:
    """A settled loss stands no more, and is told for as long as somebody may ask who did it."""
    (key,) = desk.start("emea")
    desk.look(key)
    launch = LaunchKey(product=PRODUCT, run=1)
    for lost in (key, launch):
        assert report_lost(desk.store, lost)
        report_found(desk.store, lost)
    with desk.store.reading() as tx:
        assert standing_alarms(tx) == ()
        assert [alarm.region for alarm in lately_lost(tx, since=desk.clock.now - timedelta(days=1))] == ["", "emea"]
        assert lately_lost(tx, since=desk.clock.now + timedelta(seconds=1)) == ()


def test_what_never_began_is_no_loss(desk: Desk) -> None:
    """A region whose workflow never looked has none yet, because everything was killed: it is begun, and no alarm."""
    (key,) = desk.start("emea")
    assert report_lost(desk.store, key)
    with desk.store.reading() as tx:
        assert standing_alarms(tx) == ()
    desk.look(key)
    assert report_lost(desk.store, key)
    with desk.store.reading() as tx:
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.WORKFLOW_LOST]


def test_the_end_of_a_launch_is_no_loss(desk: Desk) -> None:
    """A workflow that is gone because its launch has ended is reported to nobody."""
    launch = LaunchKey(product=PRODUCT, run=1)
    assert not report_lost(desk.store, launch)
    with desk.store.writing() as tx:
        resolve(tx, AlarmKind.WORKFLOW_LOST, launch, now=desk.clock.now)
        assert standing_alarms(tx) == ()
