"""Does each thing that happens become one delivery to each who is to be told, whatever crashes on the way?"""

from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert

from readiness.delivering import GIVEN_UP_AFTER, WAITS, Channel, DeliveryState, Fate, Tried
from readiness.quiet import Hours
from store.alarms import AlarmKind, standing_alarms
from store.deliver_people import addressee, nudge, reminders
from store.deliveries import (
    Delivery,
    NotReplayable,
    begin_try,
    end_try,
    find_delivery,
    list_deliveries,
    note_started,
    replay,
    stalled,
    to_start,
    tries_of,
)
from store.dispatch import DIGEST, Telling, dispatch, dispatch_digests
from store.ledger import untold
from store.records_schema import outbox
from store.sealing import Box, SealBroken
from store.webhooks import (
    KeyReused,
    Webhook,
    add_secret,
    change_webhook,
    find_webhook,
    make_webhook,
    remove_webhook,
    sealed_secrets,
)
from tests.readiness.builders import NOW, OWNER
from tests.store.desk import PRODUCT, Desk

BOX = Box([Fernet.generate_key().decode()])
TELLING = Telling(source="https://launch.example")
BY_MAIL = TELLING._replace(mail=True)
SECOND = timedelta(seconds=1)


def subscribe(desk: Desk, *types: str, key: str = "wish-1", **wanted: Any) -> Webhook:
    """Have events sent to a webhook from now on."""
    asked = {"url": "https://receiver.example", "types": list(types), "regions": [], "products": [], **wanted}
    with desk.store.writing() as tx:
        made, secret = make_webhook(
            tx, asked, by="admin-1", key=key, body_digest=str(asked), box=BOX, now=desk.clock.now
        )
    assert secret is not None
    assert secret.startswith("whsec_")
    return made


def made(desk: Desk) -> tuple[Delivery, ...]:
    """Return every delivery there is, the oldest first."""
    with desk.store.reading() as tx:
        return list_deliveries(tx, state=None, product=None, before=None, limit=1_000)[::-1]


def take_all(desk: Desk, telling: Telling = TELLING) -> None:
    """Take the outbox until it is empty."""
    while dispatch(desk.store, telling):
        pass


def begun(desk: Desk, delivery: Delivery) -> Delivery:
    """Begin a try, which must be begun."""
    with desk.store.writing() as tx:
        found = begin_try(tx, delivery.id, delivery.round, now=desk.clock.now)
    assert isinstance(found, Delivery)
    return found


def ended(desk: Desk, delivery: Delivery, tried: Tried) -> Delivery:
    """Note what a try came to, and return the delivery."""
    with desk.store.writing() as tx:
        end_try(tx, delivery, tried, now=desk.clock.now)
        found = find_delivery(tx, delivery.id)
    assert found is not None
    return found


def test_without_anybody_to_tell_the_outbox_is_taken_all_the_same(desk: Desk) -> None:
    """Nothing piles up in an installation that tells nobody."""
    desk.ready()
    take_all(desk)
    with desk.store.reading() as tx:
        assert untold(tx) == ()
    assert made(desk) == ()


def test_what_one_act_leads_to_is_told_in_the_order_in_which_it_happened(desk: Desk) -> None:
    """Also where one statement writes several events: a stage is passed before the next one opens."""
    key = desk.ready()
    with desk.store.reading() as tx:
        told = [each for each in untold(tx) if each.region == key.region]
    assert len({each.at for each in told}) < len(told), "some happened at once"
    assert [each.version for each in told] == list(range(1, len(told) + 1))


def test_an_event_is_told_once_however_often_the_outbox_is_taken(desk: Desk) -> None:
    """A crash after the deliveries were written and before anything else repeats without doubling."""
    subscribe(desk)
    key = desk.ready()
    take_all(desk)
    first = made(desk)
    assert len({each.event_id for each in first}) == len(first)
    assert all(each.event_id.startswith(f"{PRODUCT}/") for each in first)
    assert f"{PRODUCT}/{key.region}/{key.run}/1" in {each.event_id for each in first}
    with desk.store.writing() as tx:
        # As a database that was restored to before it was taken.
        tx.exec_driver_sql("UPDATE outbox SET taken_at = NULL")
    take_all(desk)
    assert made(desk) == first


def test_a_failed_transaction_takes_nothing_and_tells_nothing(desk: Desk) -> None:
    """Taking and writing down are one: there is no moment between them."""
    subscribe(desk)
    desk.ready()
    with desk.store.writing() as tx:
        # An address that cannot be written makes the transaction of the dispatcher fail in its middle.
        tx.exec_driver_sql("ALTER TABLE deliveries RENAME TO deliveries_away")
    with pytest.raises(Exception, match="deliveries"):
        dispatch(desk.store, TELLING)
    with desk.store.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE deliveries_away RENAME TO deliveries")
    with desk.store.reading() as tx:
        assert untold(tx) != ()
    take_all(desk)
    assert made(desk) != ()


def test_a_row_that_cannot_be_read_keeps_nobody_from_hearing_of_the_next(desk: Desk) -> None:
    """Somebody wrote nonsense into the outbox: it leaves an alarm, and what comes after it is told."""
    subscribe(desk)
    with desk.store.writing() as tx:
        tx.execute(insert(outbox).values(product="NO SLUG", region="?", run=1, version=1, type="region_held", at=NOW))
    desk.ready()
    take_all(desk)
    assert made(desk) != ()
    with desk.store.reading() as tx:
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.DELIVERY_GIVEN_UP]


def test_a_webhook_hears_of_nothing_that_happened_before_it_was_there(desk: Desk) -> None:
    """Whoever subscribes today is not flooded with last year."""
    key = desk.ready()
    desk.clock.now += SECOND
    subscribe(desk)
    take_all(desk)
    assert made(desk) == ()
    desk.clock.now += SECOND
    desk.accepted(key, desk.hold(key))
    take_all(desk)
    assert "launch.region.held" in {each.type for each in made(desk)}


@pytest.mark.parametrize(
    ("wanted", "hears"),
    [
        ({"types": ["launch.region.held"]}, True),
        ({"types": ["launch.region.launched"]}, False),
        ({"regions": ["emea"]}, True),
        ({"regions": ["apac"]}, False),
        ({"products": [PRODUCT]}, True),
        ({"products": ["atlas-3"]}, False),
    ],
)
def test_a_webhook_hears_of_what_it_asked_for_alone(desk: Desk, wanted: dict[str, Any], hears: bool) -> None:
    """Types, regions and products narrow each other."""
    key = desk.ready()
    subscribe(desk, **wanted)
    desk.accepted(key, desk.hold(key))
    take_all(desk)
    assert ("launch.region.held" in {each.type for each in made(desk)}) is hears


def test_a_hold_is_mailed_to_who_decided_and_never_to_who_held(desk: Desk) -> None:
    """People are told what others did: the owner of the decision, and the decider of the hold by the owner."""
    key = desk.with_go()
    desk.accepted(key, desk.hold(key))
    take_all(desk, BY_MAIL)
    told = [(each.type, each.target) for each in made(desk) if each.type in {"held", "decided"}]
    assert told == [("decided", OWNER), ("held", "ex-1")]


def test_old_news_is_not_mailed(desk: Desk) -> None:
    """A worker that was down for a week floods nobody on its return."""
    key = desk.with_go()
    desk.accepted(key, desk.hold(key))
    desk.clock.now += timedelta(days=4)
    take_all(desk, BY_MAIL)
    assert made(desk) == ()


def one(desk: Desk) -> Delivery:
    """Return the delivery of one hold to one webhook."""
    key = desk.ready()
    subscribe(desk, "launch.region.held")
    desk.accepted(key, desk.hold(key))
    take_all(desk)
    (delivery,) = made(desk)
    return delivery


def test_each_round_gets_one_workflow(desk: Desk) -> None:
    """What was started is not started again, and a replay is."""
    delivery = one(desk)
    with desk.store.writing() as tx:
        assert to_start(tx, limit=10) == (delivery,)
        with pytest.raises(NotReplayable):
            replay(tx, delivery.id, key="again")
        note_started(tx, (delivery,))
        assert to_start(tx, limit=10) == ()
        again = replay(tx, delivery.id, key="again")
        assert again is not None
        assert replay(tx, delivery.id, key="again") == again
        assert (again.round, to_start(tx, limit=10)) == (2, (again,))
        assert replay(tx, "dlv-unknown", key="again") is None


def test_a_try_that_was_cut_off_is_made_again_by_webhook_and_not_by_mail(desk: Desk) -> None:
    """A receiver drops a double by its id; a mail server knows none, so nobody is mailed twice unasked."""
    key = desk.with_go()
    subscribe(desk, "launch.region.held")
    desk.accepted(key, desk.hold(key))
    take_all(desk, BY_MAIL)
    by = {each.channel: each for each in made(desk) if each.type in {"held", "launch.region.held"}}
    begun(desk, by[Channel.WEBHOOK])
    assert begun(desk, by[Channel.WEBHOOK]).tries == 2
    begun(desk, by[Channel.MAIL])
    with desk.store.writing() as tx:
        assert begin_try(tx, by[Channel.MAIL].id, 1, now=desk.clock.now) is DeliveryState.UNKNOWN
    with desk.store.reading() as tx:
        assert [each.fate for each in tries_of(tx, by[Channel.MAIL].id)] == [Fate.UNCERTAIN]
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.DELIVERY_GIVEN_UP]


def test_what_fails_for_three_days_is_given_up_loudly(desk: Desk) -> None:
    """Ten tries, each later than the one before, and then an alarm."""
    delivery = one(desk)
    first = desk.clock.now
    while delivery.state is DeliveryState.PENDING:
        delivery = ended(desk, begun(desk, delivery), Tried(fate=Fate.FAILED, status=500))
        desk.clock.now = delivery.next_at or desk.clock.now
    assert delivery.state is DeliveryState.GIVEN_UP
    assert delivery.tries == len(WAITS) + 1
    assert timedelta(days=3) <= desk.clock.now - first <= GIVEN_UP_AFTER
    with desk.store.reading() as tx:
        assert [alarm.kind for alarm in standing_alarms(tx)] == [AlarmKind.DELIVERY_GIVEN_UP]


def test_a_receiver_that_is_gone_disables_its_webhook(desk: Desk) -> None:
    """410 ends it at once; it says why, and nothing more is written down for it."""
    delivery = ended(desk, begun(desk, one(desk)), Tried(fate=Fate.GONE, status=410))
    assert delivery.state is DeliveryState.DISABLED
    with desk.store.reading() as tx:
        webhook = find_webhook(tx, delivery.target)
    assert webhook is not None
    assert not webhook.enabled
    assert "410" in (webhook.disabled_because or "")


def test_a_round_that_was_replayed_sends_nothing_more(desk: Desk) -> None:
    """Its workflow finds that another one carries it."""
    delivery = ended(desk, begun(desk, one(desk)), Tried(fate=Fate.FAILED))
    with desk.store.writing() as tx:
        note_started(tx, (delivery,))
        replay(tx, delivery.id, key="again")
        assert begin_try(tx, delivery.id, 1, now=desk.clock.now) is DeliveryState.DISABLED
        assert isinstance(begin_try(tx, delivery.id, 2, now=desk.clock.now), Delivery)


def test_a_process_that_comes_late_unsettles_nothing(desk: Desk) -> None:
    """What a later try has settled stays; that an earlier one arrived after all is always noted."""
    delivery = one(desk)
    late = begun(desk, delivery)
    taken = ended(desk, begun(desk, delivery), Tried(fate=Fate.ACCEPTED, status=200))
    assert taken.state is DeliveryState.DELIVERED
    assert ended(desk, late, Tried(fate=Fate.FAILED, status=500)).state is DeliveryState.DELIVERED


def test_a_mail_that_is_found_to_have_arrived_is_delivered(desk: Desk) -> None:
    """Its process stood still, was taken for dead, and comes back with the answer; a failure would not be one."""
    key = desk.with_go()
    desk.accepted(key, desk.hold(key))
    take_all(desk, BY_MAIL)
    mail = next(each for each in made(desk) if each.type == "held")
    late = begun(desk, mail)
    with desk.store.writing() as tx:
        assert begin_try(tx, mail.id, 1, now=desk.clock.now) is DeliveryState.UNKNOWN
    assert ended(desk, late, Tried(fate=Fate.FAILED)).state is DeliveryState.UNKNOWN
    assert ended(desk, late, Tried(fate=Fate.ACCEPTED)).state is DeliveryState.DELIVERED


def test_what_should_have_been_tried_is_found(desk: Desk) -> None:
    """A delivery that is not due, or has no workflow yet, is not taken for lost."""
    delivery = one(desk)
    later = desk.clock.now + timedelta(hours=1)
    with desk.store.writing() as tx:
        assert stalled(tx, before=later, limit=10) == ()
        note_started(tx, (delivery,))
        assert [each.id for each in stalled(tx, before=later, limit=10)] == [delivery.id]
    ended(desk, begun(desk, delivery), Tried(fate=Fate.FAILED))
    with desk.store.reading() as tx:
        assert stalled(tx, before=desk.clock.now, limit=10) == ()
        assert [each.id for each in stalled(tx, before=later, limit=10)] == [delivery.id]


def test_two_secrets_sign_and_a_third_ends_the_first(desk: Desk) -> None:
    """A receiver has the time between two rotations to change over; what is at rest is sealed."""
    webhook = subscribe(desk)
    with desk.store.writing() as tx:
        old = BOX.open(sealed_secrets(tx, webhook.id)[0])
        new = add_secret(tx, webhook.id, box=BOX, now=desk.clock.now)
        assert [BOX.open(each) for each in sealed_secrets(tx, webhook.id)] == [new, old]
        newest = add_secret(tx, webhook.id, box=BOX, now=desk.clock.now)
        assert [BOX.open(each) for each in sealed_secrets(tx, webhook.id)] == [newest, new]
        assert all(newest not in each for each in sealed_secrets(tx, webhook.id))
        with pytest.raises(SealBroken, match="rotate"):
            Box([Fernet.generate_key().decode()]).open(sealed_secrets(tx, webhook.id)[0])
        remove_webhook(tx, webhook.id, now=desk.clock.now)
        assert sealed_secrets(tx, webhook.id) == ()
        assert find_webhook(tx, webhook.id) is None


def test_a_repeated_wish_makes_no_second_webhook(desk: Desk) -> None:
    """The same key is the same webhook, without its secret; with another body it is refused."""
    webhook = subscribe(desk)
    asked = {"url": "https://receiver.example", "types": [], "regions": [], "products": []}
    with desk.store.writing() as tx:
        again = make_webhook(
            tx, asked, by="admin-1", key="wish-1", body_digest=str(asked), box=BOX, now=desk.clock.now
        )
        assert again == (webhook, None)
        with pytest.raises(KeyReused):
            make_webhook(tx, asked, by="admin-1", key="wish-1", body_digest="other", box=BOX, now=desk.clock.now)
        assert change_webhook(tx, webhook, {"enabled": False}).version == 2


def test_nudges_of_a_day_become_one_digest_and_the_next_one_waits_for_the_next_day(desk: Desk) -> None:
    """However often somebody is reminded, they hear of it once a day, at their hour."""
    key = desk.ready()
    telling = BY_MAIL._replace(hours=Hours())
    desk.clock.now = desk.clock.now.replace(hour=6, minute=0)
    with desk.store.writing() as tx:
        assert nudge(tx, PRODUCT, key.region, ["se-1", "se-1"], by="en-1", now=desk.clock.now) == ("se-1",)
        assert nudge(tx, PRODUCT, key.region, ["se-1"], by="en-1", now=desk.clock.now) == ()
        assert addressee(tx, "se-1", now=desk.clock.now).zone == "UTC"
    assert dispatch_digests(desk.store, telling) == 0
    desk.clock.now = desk.clock.now.replace(hour=8)
    assert dispatch_digests(desk.store, telling) == 1
    assert dispatch_digests(desk.store, telling) == 0
    (digest,) = [each for each in made(desk) if each.type == DIGEST]
    with desk.store.writing() as tx:
        assert [each.region for each in reminders(tx, digest.id)] == [key.region]
        assert nudge(tx, PRODUCT, key.region, ["se-1"], by="en-1", now=desk.clock.now) == ("se-1",)
    desk.clock.now += timedelta(hours=11)
    assert dispatch_digests(desk.store, telling) == 0
    desk.clock.now += timedelta(hours=13)
    assert dispatch_digests(desk.store, telling) == 1
    days = [date.fromisoformat(each.event_id.rpartition("/")[2]) for each in made(desk) if each.type == DIGEST]
    assert len(days) == len(set(days)) == 2
