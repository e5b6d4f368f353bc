package kit

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/metadata"
)

// flushWithin is how long the last spans and durations may take at the end.
const flushWithin = 5 * time.Second

// telemetry takes W3C trace context from callers, so that a call's span is a child of the
// host's, and sends spans and the durations of calls, by method and code, to a collector if
// one is named.
func telemetry(ctx context.Context, collector, name, version string) (flush func(), err error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	if collector == "" {
		return func() {}, nil
	}
	spans, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(collector))
	if err != nil {
		return nil, err
	}
	durations, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(collector))
	if err != nil {
		return nil, err
	}
	about := resource.NewSchemaless(
		attribute.String("service.name", name), attribute.String("service.version", version))
	traces := trace.NewTracerProvider(trace.WithBatcher(spans), trace.WithResource(about))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(durations)), metric.WithResource(about))
	otel.SetTracerProvider(traces)
	otel.SetMeterProvider(meters)
	return func() {
		limited, done := context.WithTimeout(context.Background(), flushWithin)
		defer done()
		if err := errors.Join(traces.Shutdown(limited), meters.Shutdown(limited)); err != nil {
			otel.Handle(err)
		}
	}, nil
}

// isObserved says whether spans or metrics go anywhere: to a collector, or to what the
// program has set up itself. OpenTelemetry's stand-ins for what is not set up are its own.
func isObserved() bool {
	isStandIn := func(provider any) bool {
		kind := reflect.TypeOf(provider)
		return kind.Kind() == reflect.Pointer && strings.HasSuffix(kind.Elem().PkgPath(), "/otel/internal/global")
	}
	return !isStandIn(otel.GetTracerProvider()) || !isStandIn(otel.GetMeterProvider())
}

// inherited puts the trace of the caller into a context, for the log and for calls that the
// store makes.
func inherited(ctx context.Context) context.Context {
	for _, name := range []string{"traceparent", "baggage"} {
		if len(metadata.ValueFromIncomingContext(ctx, name)) > 0 {
			return otel.GetTextMapPropagator().Extract(ctx, incoming{ctx})
		}
	}
	return ctx
}

// incoming are the headers of a call.
type incoming struct{ ctx context.Context }

func (i incoming) Get(name string) string {
	if values := metadata.ValueFromIncomingContext(i.ctx, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (i incoming) Set(string, string) {}

func (i incoming) Keys() (names []string) {
	headers, _ := metadata.FromIncomingContext(i.ctx)
	for name := range headers {
		names = append(names, name)
	}
	return names
}
