"""Which numbers do the processes show to Prometheus, and where?"""

# On a port of their own, on this machine alone unless a setting says otherwise: they name no people, but how much is
# sold where, and when somebody is in a hurry, is nobody else's business. The port of the API never shows them.

import logging
import time
from collections.abc import Callable, Iterator
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.seen import Seen
from readiness.keys import RegionKey
from readiness.region import Verdict
from store.alarms import AlarmKind
from store.engine import Store, StoreAway
from store.measures import Measures, measures

_log = logging.getLogger("learn_then_launch.metrics")

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds: most answers take a hundredth of one, and none may take two."""


class RequestMetrics:
    """Counts and times requests by the template of their route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ltl_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "ltl_http_request_seconds",
            "How long requests took to be answered.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=registry,
        )

    def observe(self, seen: Seen) -> None:
        """Count a request that was answered."""
        self._requests.labels(seen.method, seen.route, str(seen.status)).inc()
        self._seconds.labels(seen.method, seen.route).observe(seen.seconds)


class RelayMetrics:
    """Counts what a worker's relay does."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        mine = registry if registry is not None else CollectorRegistry()
        # fmt: off
        self.counted = Counter("ltl_regions_counted", "Regions whose figures were counted anew.", registry=mine)
        self.flips = Counter(
            "ltl_gate_flips", "Times that a region's criterion was met or ceased to be.", registry=mine
        )
        self.resent = Counter(
            "ltl_commands_resent", "Commands sent again for want of an outcome.", registry=mine
        )
        self.mended = Counter("ltl_rows_mended", "Rows that told something else than the ledger.", registry=mine)
        self.failed = Counter("ltl_relay_failures", "Turns of the relay that failed.", ("turn",), registry=mine)
        # fmt: on


class StoreCollector(Collector):
    """Asks the store at each scrape; where it does not answer, `ltl_store_up` is 0 and nothing else is told."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._marked_since: dict[RegionKey, float] = {}

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing: the store is not asked before the first scrape."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what there is now."""
        up = GaugeMetricFamily("ltl_store_up", "1 where the database answers.")
        try:
            with self._store.reading() as tx:
                found, now = measures(tx), self._store.now(tx)
        except StoreAway as away:
            _log.warning("the database was not counted: %s", away)
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        regions = GaugeMetricFamily("ltl_regions", "Region launches by verdict.", labels=("verdict",))
        for verdict in Verdict:
            regions.add_metric((verdict.value,), found.regions.get(verdict.value, 0))
        yield regions
        alarms = GaugeMetricFamily("ltl_alarms", "Alarms that stand, by kind.", labels=("kind",))
        for kind in AlarmKind:
            alarms.add_metric((kind.value,), found.alarms.get(kind.value, 0))
        yield alarms
        oldest = found.outbox_oldest_at
        waited = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
        yield _gauge("ltl_deliveries_waiting", "Events that nobody has taken yet.", found.outbox_waiting)
        yield _gauge("ltl_deliveries_waiting_seconds", "How long the oldest of them has waited.", waited)
        yield _gauge("ltl_commands_open", "Commands without an outcome.", found.commands_open)
        yield _gauge("ltl_regions_marked", "Regions whose facts are newer than their figures.", len(found.marked))
        lag = self._lag(found)
        yield _gauge("ltl_hint_lag_seconds", "How long the oldest of them was seen to wait for the relay.", lag)

    def _lag(self, found: Measures) -> float:
        now = self._clock()
        self._marked_since = {key: self._marked_since.get(key, now) for key in found.marked}
        return max((now - since for since in self._marked_since.values()), default=0.0)


def show(registry: CollectorRegistry, *, host: str, port: int) -> WSGIServer:
    """Show what is in `registry` at `host` and `port`, from a thread of its own; shut down what is returned."""
    server, _thread = start_http_server(port, addr=host, registry=registry)
    _log.info("metrics at http://%s:%s/metrics", host, server.server_port)
    return server


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
