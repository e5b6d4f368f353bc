"""Traces and metrics by OpenTelemetry. Without a collector they cost little and go nowhere;
trace ids stand in the log all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from opentelemetry import metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode

_tracer = trace.get_tracer("mortise_adapter")
# Where the stand-ins are that do nothing.
_API = "opentelemetry.metrics"
_durations = metrics.get_meter("mortise_adapter").create_histogram(
    "rpc.server.call.duration", unit="s", description="How long calls took"
)


Metadata = Sequence[tuple[str, str | bytes]]


class Outcome:
    """How a call ended, for its span and the metrics."""

    def __init__(self) -> None:
        self.code = "OK"


def is_on() -> bool:
    """Whether spans or metrics go anywhere: a program has set up OpenTelemetry."""
    meters = type(metrics.get_meter_provider()).__module__
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider) or not meters.startswith(_API)


@contextmanager
def traced(method: str, metadata: Metadata) -> Iterator[Outcome]:
    """A span of the call, a child of the caller's by its W3C trace context."""
    outcome, began = Outcome(), perf_counter()
    about = {"rpc.system": "grpc", "rpc.method": method}
    with _tracer.start_as_current_span(
        method,
        _parent(metadata),
        SpanKind.SERVER,
        about,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield outcome
        finally:
            if outcome.code != "OK":
                span.set_status(StatusCode.ERROR, outcome.code)
            about["rpc.response.status_code"] = outcome.code
            _durations.record(perf_counter() - began, about)


def _parent(metadata: Metadata) -> Context:
    return propagate.extract({key: value for key, value in metadata if isinstance(value, str)})


def trace_ids(metadata: Metadata) -> str:
    """The trace of a call, for its line in the log."""
    span = trace.get_current_span()
    if span is trace.INVALID_SPAN:
        span = trace.get_current_span(_parent(metadata))
    context = span.get_span_context()
    if not context.is_valid:
        return ""
    return f" trace_id={context.trace_id:032x} span_id={context.span_id:016x}"


def export(collector: str, name: str, version: str) -> Callable[[], None]:
    """Sends spans and metrics to a collector. The answer sends what is left."""
    try:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise ValueError(f"--otlp needs the package mortise-adapter[otlp]: {missing}") from missing
    about = Resource.create({"service.name": name, "service.version": version})
    insecure = not collector.startswith("https://")
    spans = TracerProvider(resource=about)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=collector, insecure=insecure)))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=collector, insecure=insecure))
    meters = MeterProvider(resource=about, metric_readers=[reader])
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(meters)

    def flush() -> None:
        spans.shutdown()
        meters.shutdown()

    return flush
