"""How does one request leave one trace, through HTTP, workflow and activity?"""

# Only where OTEL_EXPORTER_OTLP_ENDPOINT says where traces go; its other settings are read by OpenTelemetry itself.
# Importing it takes half a second, so nobody pays for it who has no use for it. The interceptor writes to the headers
# of messages alone: histories with and without it replay alike.

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.outer import ids_of
from api.seen import NOWHERE

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer
    from temporalio.client import Interceptor

SERVICE = "learn-then-launch"

_trace_to_begin: ContextVar[int | None] = ContextVar("trace_to_begin", default=None)


@dataclass(frozen=True, slots=True)
class Tracing:
    """What makes spans in one process; `close` sends what is left."""

    tracer: "Tracer"
    provider: Any

    @property
    def interceptors(self) -> "tuple[Interceptor, ...]":
        """What has Temporal's messages carry the trace along; given to a client it serves its workers too."""
        from bootstrap.trace_of_updates import RequestTracingInterceptor

        return (RequestTracingInterceptor(self.tracer),)

    def close(self) -> None:
        """Send what is left, and stop."""
        self.provider.shutdown()


def tracing(process: str, *, to: str | None) -> Tracing | None:
    """Return what makes the spans of `process` and sends them `to` that address; None where there is none.

    OpenTelemetry itself reads OTEL_EXPORTER_OTLP_ENDPOINT, and what else it may be told, from the environment.
    """
    if to is None:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return tracing_to(OTLPSpanExporter(), process)


def tracing_to(exporter: "SpanExporter", process: str, *, at_once: bool = False) -> Tracing:
    """Return what makes the spans of `process` and gives them to `exporter`, in batches unless `at_once`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class RequestIds(RandomIdGenerator):
        """Begins a trace under the id of the request that it is of."""

        def generate_trace_id(self) -> int:
            return _trace_to_begin.get() or super().generate_trace_id()

    resource = Resource.create({"service.name": f"{SERVICE}-{process}"})
    provider = TracerProvider(id_generator=RequestIds(), resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
    return Tracing(provider.get_tracer(SERVICE), provider)


class TracingMiddleware:
    """Makes one span of each request, named by method and route: what was said in it is never in a span."""

    def __init__(self, app: ASGIApp, tracer: "Tracer") -> None:
        self.app = app
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        _request_id, trace_id = ids_of(scope)
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = TraceContextTextMapPropagator().extract(told)
        began = _trace_to_begin.set(int(trace_id, 16))
        try:
            with self.tracer.start_as_current_span(scope["method"], context=parent, kind=SpanKind.SERVER) as span:

                async def watched(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        route = getattr(scope.get("route"), "path", NOWHERE)
                        span.update_name(f"{scope['method']} {route}")
                        span.set_attribute("http.route", route)
                        span.set_attribute("http.response.status_code", message["status"])
                    await send(message)

                await self.app(scope, receive, watched)
        finally:
            _trace_to_begin.reset(began)
