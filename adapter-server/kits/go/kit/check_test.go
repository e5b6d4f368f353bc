package kit

import (
	"errors"
	"strings"
	"testing"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const aSession = "session_00000000000000000000000000000001"

func aCall() *pb.CallContext { return &pb.CallContext{OrgId: 1 << 60, RequestId: "r"} }

func anEvent(change func(*pb.NewEvent)) *pb.EmitRequest {
	event := &pb.NewEvent{
		Type: "a", Ts: timestamppb.Now(), SessionId: aSession, Context: &pb.EventContext{}, DataJson: "{}",
	}
	change(event)
	return &pb.EmitRequest{Context: aCall(), Event: event}
}

// Each field that breaks an option of the contract is refused by its path, and a request
// that breaks none is not.
func TestFieldsAreChecked(t *testing.T) {
	lease := func(change func(*pb.UpsertResourceRequest)) *pb.UpsertResourceRequest {
		r := &pb.UpsertResourceRequest{Context: aCall(), SessionId: aSession, MetadataJson: "{}"}
		change(r)
		return r
	}
	text, empty := func(s string) *string { return &s }, ""
	for _, one := range []struct {
		path string
		r    request
	}{
		{"", anEvent(func(*pb.NewEvent) {})},
		{"", lease(func(r *pb.UpsertResourceRequest) { r.OwnerUserId = text("01234567-89AB-cdef-0123-456789abcdef") })},
		{"context", &pb.SetValueRequest{SessionId: aSession}},
		{"context.org_id", &pb.SetValueRequest{Context: &pb.CallContext{RequestId: "r"}, SessionId: aSession}},
		{"context.request_id", &pb.SetValueRequest{Context: &pb.CallContext{OrgId: 1}, SessionId: aSession}},
		{"context.request_id", &pb.SetValueRequest{Context: &pb.CallContext{OrgId: 1, RequestId: strings.Repeat("x", 65)}, SessionId: aSession}},
		{"context.request_id", &pb.SetValueRequest{Context: &pb.CallContext{OrgId: 1, RequestId: "a\x00b"}, SessionId: aSession}},
		{"context.turn_id", &pb.SetValueRequest{Context: &pb.CallContext{OrgId: 1, RequestId: "r", TurnId: "t"}, SessionId: aSession}},
		{"session_id", &pb.SetValueRequest{Context: aCall()}},
		{"session_id", &pb.SetValueRequest{Context: aCall(), SessionId: strings.ToUpper(aSession)}},
		{"session_id", &pb.SetValueRequest{Context: aCall(), SessionId: aSession + "\n"}},
		{"owner_user_id", lease(func(r *pb.UpsertResourceRequest) { r.OwnerUserId = &empty })},
		{"owner_user_id", lease(func(r *pb.UpsertResourceRequest) { r.OwnerUserId = text("0123456789abcdef0123456789abcdef") })},
		{"metadata_json", lease(func(r *pb.UpsertResourceRequest) { r.MetadataJson = "" })},
		{"metadata_json", lease(func(r *pb.UpsertResourceRequest) { r.MetadataJson = "{} {}" })},
		{"event", &pb.EmitRequest{Context: aCall()}},
		{"event.type", anEvent(func(e *pb.NewEvent) { e.Type = "" })},
		{"event.ts", anEvent(func(e *pb.NewEvent) { e.Ts = nil })},
		{"event.ts", anEvent(func(e *pb.NewEvent) { e.Ts = &timestamppb.Timestamp{Seconds: 1 << 60} })},
		{"event.context", anEvent(func(e *pb.NewEvent) { e.Context = nil })},
		{"event.context.exec_id", anEvent(func(e *pb.NewEvent) { e.Context.ExecId = &empty })},
		{"event.metadata_json", anEvent(func(e *pb.NewEvent) { e.MetadataJson = &empty })},
		{"proposed_event_id", &pb.EmitRequest{Context: aCall(), Event: anEvent(func(*pb.NewEvent) {}).Event, ProposedEventId: "x"}},
	} {
		err := check(one.r, true, true, false)
		var refusal *fail.Error
		if errors.As(err, &refusal); (refusal == nil) != (one.path == "") || refusal != nil && refusal.Field != one.path {
			t.Errorf("%v: refused %v, expected %q", Redacted(one.r).LogValue(), err, one.path)
		}
	}
	if check(&pb.GetValueRequest{Context: &pb.CallContext{OrgId: 1}, SessionId: aSession}, false, true, false) != nil {
		t.Error("a read needs no request_id")
	}
	if check(&pb.GetValueRequest{Context: aCall(), SessionId: aSession}, false, true, true) == nil {
		t.Error("a service that needs a session in the context must refuse a call without one")
	}
}

// The grammar of open values is kept to the digit, as context.proto states it.
func TestOpenValues(t *testing.T) {
	good := []string{
		"null", "{}", "1.0", "-0.0", "1e400000000000000000000"[:3], "18446744073709551615", "-9223372036854775808",
		"0.1", "1.7976931348623157e308", "123456789012345.6", `"\u0000"`, `"\ud83d\ude00"`, `{"a":1,"a":2}`,
		strings.Repeat("[", 100) + strings.Repeat("]", 100), `"\\ud800"`, "0e5", "0.30000000000000004",
	}
	bad := []string{
		"", "{", "nan", "18446744073709551616", "-9223372036854775809", "1e309", "1e-400", "0.1234567890123456789",
		`"\ud800"`, `"\udc00\ud800"`, `{"\ud800x":1}`, strings.Repeat("[", 101) + strings.Repeat("]", 101),
		"0." + strings.Repeat("0", 400), "4.5e-324", "9007199254740993.0",
	}
	for _, text := range good {
		if !IsOpenValue(text) {
			t.Errorf("%.40s is an open value: %v", text, openValue("f", text, valueDepthMax))
		}
	}
	for _, text := range bad {
		if IsOpenValue(text) {
			t.Errorf("%.40s is no open value", text)
		}
	}
}

// A log never holds what is secret, and the message that is shown stays as it was.
func TestRedacted(t *testing.T) {
	r := &pb.SetValueRequest{Context: aCall(), SessionId: aSession, Key: "shown", Value: "hidden"}
	text := Redacted(r).LogValue().String()
	if strings.Contains(text, "hidden") || !strings.Contains(text, "shown") || r.Value != "hidden" {
		t.Errorf("shown as %s, value %q", text, r.Value)
	}
}
