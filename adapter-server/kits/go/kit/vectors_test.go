package kit

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// vectors are the values that careless servers change, the same for every kit.
type vectors struct {
	Texts      []struct{ Name, Text string } `json:"texts"`
	OrgIDs     []string                      `json:"org_ids"`
	OpenValues []struct{ Name, JSON string } `json:"open_values"`
	Refused    []struct{ Name, JSON string } `json:"refused_open_values"`
	Timestamps []struct {
		Name, Seconds string
		Nanos         int32
	} `json:"timestamps"`
	EventTypes []string `json:"event_types"`
	Enums      []int32  `json:"unknown_enum_values"`
}

// sent is what arrives of a message.
func sent[M proto.Message](t *testing.T, message, arrived M) M {
	t.Helper()
	wire, err := proto.Marshal(message)
	if err == nil {
		err = proto.Unmarshal(wire, arrived)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(message, arrived) {
		t.Errorf("sent %v, arrived %v", message, arrived)
	}
	return arrived
}

// Every value of the vectors arrives as it was sent, and the kit accepts and refuses the
// open values that the contract accepts and refuses.
func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("../../../../tests/contract/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for _, one := range all.Texts {
		if sent(t, &pb.GetValueResponse{Value: &one.Text}, &pb.GetValueResponse{}).Value == nil {
			t.Errorf("%s: absent", one.Name)
		}
	}
	for _, text := range all.OrgIDs {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(sent(t, &pb.CallContext{OrgId: id}, &pb.CallContext{}).OrgId, 10) != text {
			t.Errorf("org %s: %v", text, err)
		}
	}
	for _, one := range all.OpenValues {
		if !IsOpenValue(one.JSON) {
			t.Errorf("%s is refused", one.Name)
		}
		sent(t, &pb.NewEvent{DataJson: one.JSON, MetadataJson: &one.JSON}, &pb.NewEvent{})
	}
	for _, one := range all.Refused {
		if IsOpenValue(one.JSON) {
			t.Errorf("%s is accepted", one.Name)
		}
	}
	for _, one := range all.Timestamps {
		seconds, err := strconv.ParseInt(one.Seconds, 10, 64)
		at := &timestamppb.Timestamp{Seconds: seconds, Nanos: one.Nanos}
		arrived := sent(t, &pb.NewEvent{Ts: at}, &pb.NewEvent{}).Ts
		if err != nil || !proto.Equal(timestamppb.New(arrived.AsTime()), at) {
			t.Errorf("%s: %v, %v", one.Name, arrived.AsTime(), err)
		}
	}
	for _, name := range all.EventTypes {
		sent(t, &pb.NewEvent{Type: name}, &pb.NewEvent{})
	}
	for _, number := range all.Enums {
		sent(t, &pb.SetSessionStatusRequest{Status: pb.SessionStatus(number)}, &pb.SetSessionStatusRequest{})
	}
}
