package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// The program keeps every rule of the contract for what it offers, at level full, also
// when it is killed and started again.
func TestContract(t *testing.T) {
	db := kittest.StartRedis(t)
	kittest.Program(t, ".", "-redis", db.URL(), "-key-file", keyFile(t), "-leases", "-test-seed")
}

// Without a key, secrets are refused with the words that the host looks for.
func TestContractWithoutKey(t *testing.T) {
	options := adapterOf(t, kittest.StartRedis(t), "")
	kittest.Contract(t, options, "--only", "KV-*")
}

// While Redis is away, changes fail with UNAVAILABLE in time and health says so; when it
// is back, all goes on without a restart and nothing that was answered is lost.
func TestOutage(t *testing.T) {
	db := kittest.StartRedis(t)
	endpoint := kittest.Serve(t, adapterOf(t, db, "")...)
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ctx, done := context.WithTimeout(t.Context(), 2*time.Minute)
	defer done()
	values := adapterv1.NewSessionStorageStoreServiceClient(connection)
	set := func(id, value string) error {
		_, err := values.SetValue(ctx, &adapterv1.SetValueRequest{
			Context:   &adapterv1.CallContext{OrgId: 1 << 60, RequestId: id},
			SessionId: "session_00000000000000000000000000000001", Key: "k", Value: value,
		})
		return err
	}
	if err := set("before", "kept"); err != nil {
		t.Fatal(err)
	}
	db.Kill()
	began := time.Now()
	if code := status.Code(set("during", "lost")); code != codes.Unavailable {
		t.Errorf("a change while Redis is away: %v, expected Unavailable", code)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the answer took %v, longer than callers go on trying", took)
	}
	awaitHealth(t, ctx, connection, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	db.Start()
	awaitHealth(t, ctx, connection, grpc_health_v1.HealthCheckResponse_SERVING)
	if err := set("before", "sent again"); err != nil {
		t.Errorf("a change that is sent again after the outage: %v", err)
	}
	found, err := values.GetValue(ctx, &adapterv1.GetValueRequest{
		Context:   &adapterv1.CallContext{OrgId: 1 << 60},
		SessionId: "session_00000000000000000000000000000001", Key: "k",
	})
	if err != nil || found.GetValue() != "kept" {
		t.Errorf("after the outage: %v, %v; expected what was set before it", found, err)
	}
}

func awaitHealth(
	t *testing.T, ctx context.Context, connection *grpc.ClientConn, wanted grpc_health_v1.HealthCheckResponse_ServingStatus,
) {
	t.Helper()
	stream, err := grpc_health_v1.NewHealthClient(connection).Watch(ctx, &grpc_health_v1.HealthCheckRequest{
		Service: "mortise.adapter.v1.SessionStorageStoreService",
	})
	if err != nil {
		t.Fatal(err)
	}
	for {
		told, err := stream.Recv()
		if err != nil {
			t.Fatalf("health never said %v: %v", wanted, err)
		}
		if told.GetStatus() == wanted {
			return
		}
	}
}

func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func adapterOf(t *testing.T, db *kittest.Redis, keyFile string) []kit.Option {
	t.Helper()
	client, err := connect(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	options, err := offers(client, keyFile, false, false)
	if err != nil {
		t.Fatal(err)
	}
	return options
}
