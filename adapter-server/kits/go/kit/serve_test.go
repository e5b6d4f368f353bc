package kit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"golang.org/x/net/http2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// odd is a store whose keys say what goes wrong.
type odd struct {
	kit.NoSecrets
	changes atomic.Int64
	// A change of the key "slow" ends when this is closed.
	goOn chan struct{}
}

var errAway = errors.New("the store is away")

func (o *odd) SetValue(ctx context.Context, _ kit.Session, _ kit.Change[kit.Nothing], key, _ string) error {
	o.changes.Add(1)
	switch key {
	case "panic":
		panic("password=hunter2")
	case "away":
		return fmt.Errorf("dial: %w", errAway)
	case "odd":
		return errors.New("*pq.Error: password=hunter2")
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	case "store":
		return fail.Store(strings.Repeat("ü", 5000)).NotApplied()
	case "later":
		return fail.Unavailable("busy").RetryAfter(time.Second)
	case "slow":
		<-o.goOn
	}
	return nil
}

func (o *odd) GetValue(context.Context, kit.Session, string) (*string, error) { return nil, nil }
func (o *odd) DeleteValue(context.Context, kit.Session, kit.Change[bool], string) (bool, error) {
	return true, nil
}
func (o *odd) ListKeys(context.Context, kit.Session) ([]*pb.KeyInfo, error) { return nil, nil }

func setRequest(id, key string) *pb.SetValueRequest {
	return &pb.SetValueRequest{
		Context:   &pb.CallContext{OrgId: 1, RequestId: id},
		SessionId: kittest.SessionID(1), Key: key, Value: "hunter2",
	}
}

// Whatever a method returns becomes an error of the contract, nothing of it leaks, and the
// process goes on.
func TestErrors(t *testing.T) {
	var log lockedBuffer
	values := kittest.Dial(t, kittest.Serve(t,
		kit.OfferSessionStorageStore(&odd{}),
		kit.UnavailableOn(func(err error) bool { return errors.Is(err, errAway) }),
		kit.Log(slog.New(slog.NewTextHandler(&log, nil))),
	))
	for key, wanted := range map[string]struct {
		code   codes.Code
		reason string
	}{
		"panic": {codes.Internal, "INTERNAL"}, "odd": {codes.Internal, "INTERNAL"},
		"away":  {codes.Unavailable, "UNAVAILABLE"},
		"store": {codes.Internal, "STORE"}, "later": {codes.Unavailable, "UNAVAILABLE"},
	} {
		_, err := values.SetValue(t.Context(), setRequest(key, key))
		told := status.Convert(err)
		info, retry := detail[*errdetails.ErrorInfo](told), detail[*errdetails.RetryInfo](told)
		if told.Code() != wanted.code || info.GetReason() != wanted.reason || info.GetDomain() != fail.Domain {
			t.Errorf("%s: %v %v, expected %v", key, told, info, wanted)
		}
		if strings.Contains(told.Message(), "hunter2") || len(told.Message()) > fail.TextBytesMax {
			t.Errorf("%s: the text is %.200s", key, told.Message())
		}
		if (key == "store") != (info.GetMetadata()["outcome"] == "not_applied") || (key == "later") != (retry != nil) {
			t.Errorf("%s: outcome %v, retry %v", key, info.GetMetadata(), retry)
		}
	}
	if _, err := values.SetValue(t.Context(), setRequest("fine", "fine")); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if text := log.String(); !strings.Contains(text, "a method panicked") || strings.Contains(text, "hunter2") {
		t.Errorf("the log does not tell the panic, or tells the value: %s", text)
	}
}

// A store that hangs is UNAVAILABLE when its time is up.
func TestCallTime(t *testing.T) {
	values := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(&odd{}), kit.CallTime(200*time.Millisecond)))
	_, err := values.SetValue(t.Context(), setRequest("hang", "hang"))
	if told := status.Convert(err); told.Code() != codes.Unavailable || detail[*errdetails.ErrorInfo](told).GetReason() != "UNAVAILABLE" {
		t.Errorf("%v, expected UNAVAILABLE", err)
	}
}

func detail[D any](told *status.Status) (none D) {
	for _, one := range told.Details() {
		if found, is := one.(D); is {
			return found
		}
	}
	return none
}

// A change happens once, though it is sent eight times at once; an error is not
// remembered; the id of another method is refused.
func TestOnce(t *testing.T) {
	store := &odd{goOn: make(chan struct{})}
	connection := kittest.Connect(t, kittest.Serve(t, kit.OfferSessionStorageStore(store)))
	values := pb.NewSessionStorageStoreServiceClient(connection)
	calls := make([]grpc.ClientStream, 8)
	for i := range calls {
		calls[i] = sent(t, connection, setRequest("same", "slow"))
	}
	// A call that comes after them on their connection is answered: they have arrived.
	if _, err := values.ListKeys(t.Context(), &pb.ListKeysRequest{
		Context: &pb.CallContext{OrgId: 1}, SessionId: kittest.SessionID(1),
	}); err != nil {
		t.Fatal(err)
	}
	close(store.goOn)
	for _, call := range calls {
		if err := call.RecvMsg(&pb.SetValueResponse{}); err != nil {
			t.Error(err)
		}
	}
	if changes := store.changes.Load(); changes != 1 {
		t.Errorf("the change happened %d times", changes)
	}
	_, err := values.DeleteValue(t.Context(), &pb.DeleteValueRequest{
		Context: &pb.CallContext{OrgId: 1, RequestId: "same"}, SessionId: kittest.SessionID(1), Key: "k",
	})
	if reason := detail[*errdetails.ErrorInfo](status.Convert(err)).GetReason(); reason != "REQUEST_ID_REUSED" {
		t.Errorf("the id of another method: %v", err)
	}
	for range 2 {
		if _, err := values.SetValue(t.Context(), setRequest("again", "odd")); err == nil {
			t.Error("the store fails")
		}
	}
	if changes := store.changes.Load(); changes != 3 {
		t.Errorf("after two errors: %d changes, expected 3", changes)
	}
}

// sent is a call of SetValue that was sent, and whose answer may come later.
func sent(t *testing.T, connection *grpc.ClientConn, request *pb.SetValueRequest) grpc.ClientStream {
	t.Helper()
	call, err := connection.NewStream(t.Context(), &grpc.StreamDesc{}, pb.SessionStorageStoreService_SetValue_FullMethodName)
	if err == nil {
		err = call.SendMsg(request)
	}
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// An adapter that offers nothing, nil or something twice does not start, and says so.
func TestRefusesToStart(t *testing.T) {
	var none *odd
	for wanted, options := range map[string][]kit.Option{
		"nothing is offered": nil,
		"with nil":           {kit.OfferSessionStorageStore(none)},
		"twice":              {kit.OfferSessionStorageStore(&odd{}), kit.OfferSessionStorageStore(&odd{})},
		"has no FEATURE":     {kit.OfferSessionStorageStore(&odd{}, pb.Feature_FEATURE_TURN_SNAPSHOT)},
	} {
		if _, err := kit.New("n", "1", options...); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("started, or said %v; expected %q", err, wanted)
		}
	}
}

// emitter counts events, and refuses those of some types.
type emitter struct{ sequence atomic.Int64 }

func (e *emitter) Emit(_ context.Context, _ kit.Org, _ kit.Change[*pb.EmitResponse], event *pb.NewEvent, _ string) (*pb.EmitResponse, error) {
	switch event.GetType() {
	case "refused":
		return nil, fail.SessionNotFound("session_x", "no such session")
	case "away":
		return nil, fail.Unavailable("away")
	}
	sequence := e.sequence.Add(1)
	return &pb.EmitResponse{EventId: fmt.Sprintf("event_%032x", sequence), Sequence: sequence}, nil
}

// The stream acknowledges in order, answers a refused event without ending, makes an event
// once that is sent again, and ends where the store is away.
func TestEmitStream(t *testing.T) {
	connection := kittest.Connect(t, kittest.Serve(t, kit.OfferEventEmitter(&emitter{})))
	events := pb.NewEventEmitterServiceClient(connection)
	stream, err := events.EmitStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		t.Fatalf("the headers do not come before the first event: %v", err)
	}
	event := func(id, kind string) *pb.EmitStreamRequest {
		return &pb.EmitStreamRequest{
			Context: &pb.CallContext{OrgId: 1, RequestId: id},
			Event: &pb.NewEvent{
				Type: kind, Ts: timestamppb.Now(), SessionId: kittest.SessionID(1), Context: &pb.EventContext{}, DataJson: "{}",
			},
		}
	}
	var told []string
	for _, one := range []*pb.EmitStreamRequest{event("a", "x"), event("b", "refused"), event("", "x"), event("a", "x"), event("c", "x")} {
		if err := stream.Send(one); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, fmt.Sprint(answer.GetRequestId(), answer.GetAck().GetSequence(), answer.GetFailure().GetReason()))
	}
	wanted := []string{"a1", "b0SESSION_NOT_FOUND", "0INVALID_FIELD", "a1", "c2"}
	if !slices.Equal(told, wanted) {
		t.Errorf("answered %q, expected %q", told, wanted)
	}
	if err := stream.Send(event("d", "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("an event while the store is away: %v, expected the end of the stream", err)
	}
	described, err := pb.NewAdapterServiceClient(connection).Describe(t.Context(), &pb.DescribeRequest{})
	if err != nil || !slices.Contains(described.GetServices()[1].GetFeatures(), pb.Feature_FEATURE_EMIT_STREAM) {
		t.Errorf("the handshake does not offer the stream: %v, %v", described, err)
	}
}

// slow answers when it is told to.
type slow struct {
	odd
	began, goOn chan struct{}
}

func (s *slow) SetValue(context.Context, kit.Session, kit.Change[kit.Nothing], string, string) error {
	close(s.began)
	<-s.goOn
	return nil
}

// An adapter that is told to stop finishes the call that it has, and then returns, also
// while its health is watched.
func TestDrain(t *testing.T) {
	store := &slow{began: make(chan struct{}), goOn: make(chan struct{})}
	adapter, err := kit.New("slow", "1", kit.OfferSessionStorageStore(store))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- adapter.ServeOn(ctx, listener, kit.Config{Drain: time.Minute}) }()
	connection := kittest.Connect(t, listener.Addr().String())
	health, err := grpc_health_v1.NewHealthClient(connection).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	call := sent(t, connection, setRequest("r", "k"))
	<-store.began
	stop()
	told, err := health.Recv()
	for err == nil && told.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING {
		told, err = health.Recv()
	}
	if err != nil {
		t.Fatalf("health does not say that the adapter stops: %v", err)
	}
	select {
	case <-ended:
		t.Fatal("the adapter ended with a call under way")
	default:
	}
	close(store.goOn)
	if err := call.RecvMsg(&pb.SetValueResponse{}); err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if _, err := health.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a watcher of health: %v, expected the end of the stream", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the adapter ended with %v", err)
	}
}

// A host may ping as often as it likes: a connection that is closed for it fails every call
// that is under way.
func TestPings(t *testing.T) {
	path := strings.TrimPrefix(kittest.Serve(t, kit.OfferSessionStorageStore(&odd{})), "unix:")
	connection, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	frames := http2.NewFramer(connection, connection)
	if err := frames.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for sent := range 10 {
		if err := frames.WritePing(false, [8]byte{}); err != nil {
			t.Fatal(err)
		}
		for isAnswered := false; !isAnswered; {
			frame, err := frames.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if _, isEnd := frame.(*http2.GoAwayFrame); isEnd {
				t.Fatalf("the connection is closed after %d pings", sent)
			}
			ping, isPing := frame.(*http2.PingFrame)
			isAnswered = isPing && ping.IsAck()
		}
	}
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
