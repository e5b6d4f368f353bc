package kittest

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// Host is the variable that names the program mortise-host.
const Host = "MORTISE_HOST"

// Event is an event of a turn, as the host prints it.
type Event struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Turn runs a real turn of the runtime: mortise-host with a database of the test's own, and
// the server at endpoint for the stores, named as in routes (session_storage_store). The
// built-in simulator asks for tools as a model would. The turn must complete; its events
// come back.
func Turn(t *testing.T, endpoint, question string, stores ...string) []Event {
	t.Helper()
	host, err := program(Host, "mortise-host")
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"run", "--json", "--provider", "simulator", "--data", t.TempDir()}
	for _, store := range stores {
		arguments = append(arguments, "--route", store+"="+endpoint)
	}
	var log bytes.Buffer
	run := exec.CommandContext(t.Context(), host, append(arguments, question)...)
	run.Stderr = &log
	output, err := run.Output()
	if err != nil {
		t.Fatalf("the turn did not complete: %v\n%s%s", err, log.String(), output)
	}
	var events []Event
	for lines := json.NewDecoder(bytes.NewReader(output)); lines.More(); {
		var event Event
		if err := lines.Decode(&event); err != nil {
			t.Fatalf("the host printed no event: %v\n%s", err, output)
		}
		events = append(events, event)
	}
	return events
}
