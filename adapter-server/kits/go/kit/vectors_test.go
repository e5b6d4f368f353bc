package kit

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// vectors are the values that careless servers change, the same for every kit.
type vectors struct {
	Texts    []struct{ Name, Text string } `json:"texts"`
	Distinct []struct {
		Name  string
		Texts []string
	} `json:"distinct"`
	Large []struct {
		Name, Unit string
		Times      int
	} `json:"large_texts"`
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
	if sent(t, &pb.GetValueResponse{}, &pb.GetValueResponse{}).Value != nil {
		t.Error("an absent text arrives as one")
	}
	for _, one := range all.Distinct {
		arrived := map[string]bool{}
		for _, text := range one.Texts {
			arrived[sent(t, &pb.KeyInfo{Key: text}, &pb.KeyInfo{}).Key] = true
		}
		if len(arrived) != len(one.Texts) || len(arrived) < 2 {
			t.Errorf("%s: %d texts arrive as %d", one.Name, len(one.Texts), len(arrived))
		}
	}
	for _, one := range all.Large {
		text := strings.Repeat(one.Unit, one.Times)
		if arrived := sent(t, &pb.GetValueResponse{Value: &text}, &pb.GetValueResponse{}); arrived.GetValue() != text {
			t.Errorf("%s: %d bytes arrive as %d", one.Name, len(text), len(arrived.GetValue()))
		}
	}
	if len(all.Distinct) == 0 || len(all.Large) == 0 {
		t.Error("the file has no distinct or no large texts")
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
