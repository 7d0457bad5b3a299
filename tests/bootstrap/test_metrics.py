"""Do the numbers that Prometheus reads say what there is?"""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from api.seen import Seen
from bootstrap.metrics import RelayMetrics, RequestMetrics, StoreCollector, show
from readiness.keys import RegionKey
from store.alarms import AlarmKind, sound_within
from store.engine import open_store
from tests.store.desk import Clock, Desk

LOOPBACK = "127.0.0.1"


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a store of its own, on each kind of database."""
    clock = Clock()
    opened = open_store(store_url, clock)
    try:
        yield Desk(opened, clock)
    finally:
        opened.close()


def test_what_stands_in_the_store_is_counted(desk: Desk) -> None:
    """Regions by verdict, alarms, events that nobody took and regions that wait for the relay are told."""
    go = desk.with_go("emea")
    desk.void_passes("emea")
    with desk.store.writing() as tx:
        sound_within(tx, AlarmKind.WORKFLOW_LOST, go, "It ended.", now=desk.store.now(tx))
    seconds = iter((100.0, 107.5))
    registry = CollectorRegistry()
    registry.register(StoreCollector(desk.store, clock=lambda: next(seconds)))
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for _ in range(2)
        for family in registry.collect()
        for sample in family.samples
    }
    assert told[("ltl_store_up",)] == 1
    # Its evidence changed and was not looked at yet: it does not show its go.
    assert {verdict: told[("ltl_regions", verdict)] for verdict in ("go", "held", "launched")} == {
        "go": 0,
        "held": 1,
        "launched": 0,
    }
    assert (told[("ltl_alarms", "workflow-lost")], told[("ltl_alarms", "command-forged")]) == (1, 0)
    assert told[("ltl_deliveries_waiting",)] >= 0
    assert told[("ltl_commands_open",)] == 0
    assert (told[("ltl_regions_marked",)], told[("ltl_hint_lag_seconds",)]) == (1, 7.5)


def test_a_store_that_is_away_is_told_as_such() -> None:
    """A scrape never fails for want of the database: it says so."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(open_store("postgresql://nobody@127.0.0.1:1/none")))
    assert [(family.name, family.samples[0].value) for family in registry.collect()] == [("ltl_store_up", 0)]


def test_requests_are_counted_by_their_route() -> None:
    """However many products there are, a route is one series."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    for product in range(3):
        metrics.observe(Seen(f"r-{product}", "t", "pm-7", "GET", "/v1/launches/{product}", 200, 0.02))
    labels = {"method": "GET", "route": "/v1/launches/{product}"}
    assert registry.get_sample_value("ltl_http_requests_total", {**labels, "status": "200"}) == 3
    assert registry.get_sample_value("ltl_http_request_seconds_count", labels) == 3
    assert registry.get_sample_value("ltl_http_request_seconds_bucket", {**labels, "le": "0.01"}) == 0


def test_metrics_have_a_port_of_their_own() -> None:
    """They are shown where they are wanted, as text that Prometheus reads."""
    registry = CollectorRegistry()
    RelayMetrics(registry).flips.inc(2)
    server = show(registry, host=LOOPBACK, port=0)
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{server.server_port}/metrics") as answer:
            assert b"ltl_gate_flips_total 2.0" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{LOOPBACK}:{server.server_port}/metrics")


def test_a_region_that_was_counted_waits_no_longer(desk: Desk) -> None:
    """The lag is that of what still waits, and falls to nothing when the relay has come by."""
    collector = StoreCollector(desk.store, clock=lambda: 5.0)
    key: RegionKey = desk.ready("emea")
    before = {family.name: family.samples[0].value for family in collector.collect() if family.samples}
    assert key.region == "emea"
    assert before["ltl_hint_lag_seconds"] == 0
