package kittest

import (
	"encoding/json"
	"strings"
	"testing"
)

// A broken rule shows what was sent, and how to send it again where grpcurl can.
func TestBrokenRuleShowsItsCalls(t *testing.T) {
	var told line
	err := json.Unmarshal([]byte(`{"type":"rule","id":"KV-05","demand":"Keys are ordered.","verdict":"failed",
		"page":"docs/rules.md#kv-05","failure":{"what":"ListKeys","expected":"a","got":"b","why":"w","mend":"m","exchanges":[
		{"method":"ListKeys","sent":"{}","received":"[]","grpcurl":"grpcurl -d {} ListKeys"},
		{"method":"EmitStream","sent":"(next)","received":"{}","grpcurl":null}]}}`), &told)
	if err != nil {
		t.Fatal(err)
	}
	text := shown(told)
	for _, part := range []string{
		"Keys are ordered.", "expected  a", "got       b", "sent     (next)", "by hand  grpcurl -d {} ListKeys",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
	if count := strings.Count(text, "by hand"); count != 1 {
		t.Errorf("%d commands are shown, expected 1:\n%s", count, text)
	}
}
