// Spans and durations of calls: the span of a call is a child of the caller's, as its W3C
// trace context says. Without a collector nothing is sent.

import {
  context, createNoopMeter, metrics, propagation, ProxyTracerProvider, SpanKind, SpanStatusCode, trace,
  type Context, type Span, type TextMapGetter,
} from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import type { Metadata } from "@grpc/grpc-js";

const scope = "@mortise/adapter";

const metadataGetter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String)[0],
};

const propagator = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });

/** Measures the calls of an adapter. */
export class Telemetry {
  readonly #tracer = trace.getTracer(scope);
  readonly #durations = metrics.getMeter(scope).createHistogram("rpc.server.duration", {
    unit: "ms",
    description: "How long calls take",
  });

  readonly #isMeasured = metrics.getMeterProvider().getMeter(scope) !== createNoopMeter();

  /** Begins the span of a call. */
  begin(method: string, metadata: Metadata): CallSpan {
    if (!this.#isMeasured && !isTraced() && metadata.get("traceparent").length === 0) {
      return untold;
    }
    const parent = propagator.extract(context.active(), metadata, metadataGetter);
    const slash = method.lastIndexOf("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": method.slice(0, slash), "rpc.method": method.slice(slash + 1) };
    const span = this.#tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
    const began = performance.now();
    return new LiveSpan(span, trace.setSpan(parent, span), (code) => {
      this.#durations.record(performance.now() - began, { ...attributes, "rpc.grpc.status_code": code });
    });
  }
}

/** Whether spans go anywhere: the program has set up OpenTelemetry. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(scope) !== undefined;
}

/** How a call is measured. */
export interface CallSpan {
  /** Runs with the span as the active one, where a context manager is registered. */
  run<T>(work: () => T): T;
  end(code: number): void;
  /** The trace of the call, for its line in the log. */
  readonly ids: Record<string, string>;
}

class LiveSpan implements CallSpan {
  constructor(
    readonly span: Span,
    readonly context: Context,
    readonly record: (code: number) => void,
  ) {}

  run<T>(work: () => T): T {
    return context.with(this.context, work);
  }

  end(code: number): void {
    this.span.setAttribute("rpc.grpc.status_code", code);
    if (code !== 0) {
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end();
    this.record(code);
  }

  get ids(): Record<string, string> {
    const about = this.span.spanContext();
    return trace.isSpanContextValid(about) ? { trace_id: about.traceId, span_id: about.spanId } : {};
  }
}

// The span of calls without a trace, while nothing takes spans or durations.
const untold: CallSpan = {
  run: (work) => work(),
  end: () => {},
  ids: {},
};

/** Sends spans and metrics to a collector, such as http://127.0.0.1:4317; the answer flushes. */
export async function exportTo(collector: string, name: string, version: string): Promise<() => Promise<void>> {
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { resourceFromAttributes }, spans, measured] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-grpc"),
    import("@opentelemetry/exporter-metrics-otlp-grpc"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/sdk-trace-base"),
    import("@opentelemetry/sdk-metrics"),
  ]);
  const resource = resourceFromAttributes({ "service.name": name, "service.version": version });
  const traces = new spans.BasicTracerProvider({
    resource,
    spanProcessors: [new spans.BatchSpanProcessor(new OTLPTraceExporter({ url: collector }))],
  });
  const meters = new measured.MeterProvider({
    resource,
    readers: [new measured.PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: collector }) })],
  });
  propagation.setGlobalPropagator(propagator);
  trace.setGlobalTracerProvider(traces);
  metrics.setGlobalMeterProvider(meters);
  return async () => {
    await Promise.allSettled([traces.shutdown(), meters.shutdown()]);
  };
}
