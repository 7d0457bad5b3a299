"""How does what a workflow does for a request stay in that request's trace?"""

# Temporal's own interceptor puts an update into the trace that the workflow was begun in, perhaps weeks ago, and only
# links to the request. Whoever looks into one request wants what was done for it.

from typing import Any

from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.worker import HandleUpdateInput, WorkflowInterceptorClassInput


class RequestTracingInterceptor(TracingInterceptor):
    """Has messages carry the trace along, and updates go on with it."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - named so by the SDK.
    ) -> type[TracingWorkflowInboundInterceptor]:
        """Return what stands in front of every workflow."""
        super().workflow_interceptor_class(input)
        return _UpdateTracing


class _UpdateTracing(TracingWorkflowInboundInterceptor):
    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002 - named so by the SDK.
        """Handle an update within the trace that came with it."""
        header = input.headers.get(self.header_key)
        if header is None:
            return await super().handle_update_handler(input)
        (carrier,) = self.payload_converter.from_payloads([header])
        token = attach(self._set_on_context(self.text_map_propagator.extract(carrier)))
        try:
            self._completed_span(f"HandleUpdate:{input.update}", kind=SpanKind.SERVER)
            return await self.next.handle_update_handler(input)
        finally:
            detach(token)
