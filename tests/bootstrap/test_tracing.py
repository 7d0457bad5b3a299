"""Does one request leave one trace, and does tracing leave recorded histories as they are?"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient
from temporalio.client import WorkflowHistory
from temporalio.worker import Interceptor, Replayer

from api.app import create_app
from api.identity import EmbeddedIssuer
from bootstrap import temporal
from bootstrap.sandbox import sandbox
from bootstrap.tracing import Tracing, TracingMiddleware, tracing, tracing_to
from readiness.commands import Role
from store.engine import Store
from tests.api.door import SettableClock, bearer, dependencies, new_issuer, routes
from tests.workflows.record_histories import HISTORIES

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where spans are kept."""
    return InMemorySpanExporter()


@pytest.fixture
def traces(spans: InMemorySpanExporter) -> Tracing:
    """What makes spans and keeps them at once."""
    return tracing_to(spans, "test", at_once=True)


def test_nobody_traces_unless_traces_have_somewhere_to_go() -> None:
    """Without an endpoint nothing is made, and nothing imported."""
    assert tracing("web", to=None) is None


def test_a_request_is_a_span_of_the_trace_that_it_belongs_to(
    traces: Tracing, spans: InMemorySpanExporter, store: Store
) -> None:
    """The span goes on with the trace of whoever asked, or begins the one that the request is known by; it says
    where, and nothing of what was said."""
    clock = SettableClock()
    issuer: EmbeddedIssuer = new_issuer(clock)
    app = create_app(replace(dependencies(store, issuer, clock)), routers=[routes()])
    app.add_middleware(TracingMiddleware, tracer=traces.tracer)
    executive = bearer(issuer, "exec-1", (Role.EXECUTIVE, "*"))
    with TestClient(app) as client:
        going_on = {**executive, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        client.get("/v1/launches/canary/regions/emea/readiness?at=canary", headers=going_on)
        begun = client.get("/v1/launches", headers=executive).headers["x-request-id"]
    first, second = spans.get_finished_spans()
    assert first.name == "GET /v1/launches/{product}/regions/{region}/readiness"
    assert dict(first.attributes or {})["http.response.status_code"] == 200
    contexts: Sequence[str] = [f"{span.context.trace_id:032x}" for span in (first, second) if span.context]
    assert contexts == [TRACE, begun]
    assert first.parent is not None
    assert second.parent is None
    assert "canary" not in first.to_json()


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_histories_replay_whether_or_not_they_are_traced(file: object, traces: Tracing) -> None:
    """Traces travel in the headers of messages alone, so they may be switched on and off under running launches."""
    path = HISTORIES / str(file)
    replayer = Replayer(
        workflows=temporal.WORKFLOWS,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=sandbox(strict=True),
        interceptors=[each for each in traces.interceptors if isinstance(each, Interceptor)],
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(path.stem, path.read_text()))
