"""Spans of calls, as children of the host's. Needs the extra `otlp`."""

import grpc


class Tracer(grpc.aio.ServerInterceptor):
    """Makes a span of each call, with the W3C trace context of the caller."""

    def __init__(self, name: str, version: str, collector: str):
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": name, "service.version": version})
        self.provider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter(endpoint=collector, insecure=collector.startswith("http://"))
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self.provider.get_tracer("mortise_kit")

    async def intercept_service(self, continuation, handler_call_details):
        """As gRPC says."""
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or handler.response_streaming:
            return handler
        carrier = {key: value for key, value in handler_call_details.invocation_metadata if isinstance(value, str)}
        parent = TraceContextTextMapPropagator().extract(carrier)
        method = handler_call_details.method.removeprefix("/")
        inner = handler.unary_unary

        async def traced(request, context):
            with self._tracer.start_as_current_span(method, context=parent, kind=trace.SpanKind.SERVER):
                return await inner(request, context)

        return grpc.unary_unary_rpc_method_handler(
            traced, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )
