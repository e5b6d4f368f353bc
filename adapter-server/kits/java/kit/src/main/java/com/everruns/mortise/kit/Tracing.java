package com.everruns.mortise.kit;

import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.util.concurrent.TimeUnit;

/**
 * Takes W3C trace context from callers, so that a call's span is a child of the host's, and sends
 * spans and the durations of calls to a collector if one is named.
 */
final class Tracing implements ServerInterceptor, AutoCloseable {
    private static final io.grpc.Context.Key<Context> KEY =
            io.grpc.Context.keyWithDefault("mortise.trace", Context.root());
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("rpc.method");
    private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("rpc.system");
    private static final AttributeKey<Long> CODE = AttributeKey.longKey("rpc.grpc.status_code");
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();
    private static final long FLUSH_SECONDS = 5;

    private static final Metadata.Key<String> PARENT = Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

    /** Whether spans and durations go anywhere. */
    private final boolean isOn;

    private final Runnable flush;
    private final Tracer tracer;
    private final DoubleHistogram durations;

    private Tracing(boolean isOn, OpenTelemetry telemetry, Runnable flush) {
        this.isOn = isOn;
        this.flush = flush;
        tracer = telemetry.getTracer("mortise-kit");
        durations = telemetry
                .getMeter("mortise-kit")
                .histogramBuilder("rpc.server.duration")
                .setUnit("ms")
                .setDescription("How long calls took")
                .build();
    }

    /** Traces for an adapter; collector is empty if there is none. */
    static Tracing of(String collector, String name, String version) {
        if (collector.isEmpty()) {
            return new Tracing(false, OpenTelemetry.propagating(ContextPropagators.create(W3C)), () -> {});
        }
        Resource about = Resource.create(Attributes.of(
                AttributeKey.stringKey("service.name"), name, AttributeKey.stringKey("service.version"), version));
        String base = collector.replaceAll("/+$", "");
        OtlpHttpSpanExporter spans =
                OtlpHttpSpanExporter.builder().setEndpoint(base + "/v1/traces").build();
        OtlpHttpMetricExporter metrics = OtlpHttpMetricExporter.builder()
                .setEndpoint(base + "/v1/metrics")
                .build();
        OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .setResource(about)
                        .addSpanProcessor(BatchSpanProcessor.builder(spans).build())
                        .build())
                .setMeterProvider(SdkMeterProvider.builder()
                        .setResource(about)
                        .registerMetricReader(PeriodicMetricReader.create(metrics))
                        .build())
                .setPropagators(ContextPropagators.create(W3C))
                .build();
        return new Tracing(true, sdk, () -> sdk.shutdown().join(FLUSH_SECONDS, TimeUnit.SECONDS));
    }

    /** The trace of the call that the current thread serves. */
    static Context current() {
        return KEY.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (!isOn) {
            return inherited(call, headers, next);
        }
        String name = call.getMethodDescriptor().getFullMethodName();
        Context parent = W3C.extract(Context.root(), headers, Headers.GETTER);
        Span span = tracer.spanBuilder(name)
                .setParent(parent)
                .setSpanKind(SpanKind.SERVER)
                .setAttribute(SYSTEM, "grpc")
                .setAttribute(METHOD, name)
                .startSpan();
        long began = System.nanoTime();
        ServerCall<Q, A> ending = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                long code = status.getCode().value();
                span.setAttribute(CODE, code);
                if (!status.isOk()) {
                    span.setStatus(StatusCode.ERROR);
                }
                span.end();
                durations.record(
                        (System.nanoTime() - began) / 1e6, Attributes.of(SYSTEM, "grpc", METHOD, name, CODE, code));
                super.close(status, trailers);
            }
        };
        return Contexts.interceptCall(
                io.grpc.Context.current().withValue(KEY, parent.with(span)), ending, headers, next);
    }

    /** Serves a call in the trace of its caller, without a span of its own. */
    private static <Q, A> ServerCall.Listener<Q> inherited(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (!headers.containsKey(PARENT)) {
            return next.startCall(call, headers);
        }
        Context trace = W3C.extract(Context.root(), headers, Headers.GETTER);
        return Contexts.interceptCall(io.grpc.Context.current().withValue(KEY, trace), call, headers, next);
    }

    private enum Headers implements TextMapGetter<Metadata> {
        GETTER;

        @Override
        public String get(Metadata headers, String name) {
            return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        }
    }

    @Override
    public void close() {
        flush.run();
    }
}
