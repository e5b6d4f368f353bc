package kit_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"go.opentelemetry.io/otel"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
)

// metrics is a collector that keeps how often each method ended with which code.
type metrics struct {
	collector.UnimplementedMetricsServiceServer
	mutex sync.Mutex
	calls map[[2]string]uint64
}

func (m *metrics) Export(
	_ context.Context, r *collector.ExportMetricsServiceRequest,
) (*collector.ExportMetricsServiceResponse, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, resource := range r.ResourceMetrics {
		for _, scope := range resource.ScopeMetrics {
			for _, one := range scope.Metrics {
				if one.Name != "rpc.server.call.duration" {
					continue
				}
				for _, point := range one.GetHistogram().GetDataPoints() {
					var key [2]string
					for _, about := range point.Attributes {
						switch about.Key {
						case "rpc.method":
							key[0] = about.Value.GetStringValue()
						case "rpc.response.status_code":
							key[1] = about.Value.GetStringValue()
						}
					}
					m.calls[key] = point.Count
				}
			}
		}
	}
	return &collector.ExportMetricsServiceResponse{}, nil
}

// With a collector, the durations of calls go there by method and code.
func TestDurationsAreExported(t *testing.T) {
	before := otel.GetMeterProvider()
	spans := otel.GetTracerProvider()
	t.Cleanup(func() {
		otel.SetMeterProvider(before)
		otel.SetTracerProvider(spans)
	})
	kept := &metrics{calls: map[[2]string]uint64{}}
	server := grpc.NewServer()
	collector.RegisterMetricsServiceServer(server, kept)
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(at) }()
	t.Cleanup(server.Stop)

	adapter, err := kit.New("under-test", "0", kit.OfferSessionStorageStore(&odd{}))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- adapter.ServeOn(ctx, listener, kit.Config{Drain: 5 * time.Second, OTLP: "http://" + at.Addr().String()})
	}()
	client := kittest.Dial(t, listener.Addr().String())
	for _, key := range []string{"fine", "fine too", "odd"} {
		_, err := client.SetValue(t.Context(), setRequest(key, key))
		if isWanted := key == "odd"; (err != nil) != isWanted {
			t.Errorf("%s: %v", key, err)
		}
	}
	stop()
	// What is left is sent at the end.
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	method := "mortise.adapter.v1.SessionStorageStoreService/SetValue"
	kept.mutex.Lock()
	defer kept.mutex.Unlock()
	if kept.calls[[2]string{method, "OK"}] != 2 || kept.calls[[2]string{method, "INTERNAL"}] != 1 {
		t.Errorf("exported %v; expected 2 OK and 1 INTERNAL of %s", kept.calls, method)
	}
}
