// Package kittest holds an adapter against the contract inside `go test`, each rule as a
// test of its own. It runs the suite, the program mortise-contract, which MORTISE_CONTRACT
// names or the path has.
package kittest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/kit"
)

// Suite is the variable that names the program of the suite.
const Suite = "MORTISE_CONTRACT"

// line is what the suite says of a rule that has ended, as JSON.
type line struct {
	Type         string `json:"type"`
	ID           string `json:"id"`
	Demand       string `json:"demand"`
	Verdict      string `json:"verdict"`
	Skip         string `json:"skip"`
	Reason       string `json:"reason"`
	KnownFailure bool   `json:"known_failure"`
	Page         string `json:"page"`
	Failure      struct {
		What      string `json:"what"`
		Expected  string `json:"expected"`
		Got       string `json:"got"`
		Why       string `json:"why"`
		Mend      string `json:"mend"`
		Exchanges []struct {
			Method   string `json:"method"`
			Sent     string `json:"sent"`
			Received string `json:"received"`
			Grpcurl  string `json:"grpcurl"`
		} `json:"exchanges"`
	} `json:"failure"`
}

// Contract serves what the options offer on a private socket and runs the suite against
// it, at level full. arguments go to the suite, such as "--only", "KV-*".
func Contract(t *testing.T, options []kit.Option, arguments ...string) {
	t.Helper()
	Endpoint(t, Serve(t, options...), arguments...)
}

// Serve serves what the options offer until the test ends, and says where.
func Serve(t *testing.T, options ...kit.Option) string {
	t.Helper()
	adapter, err := kit.New("under-test", "0", options...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(socketFolder(t), "a.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- adapter.ServeOn(ctx, listener, kit.Config{Drain: 5 * time.Second}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the adapter ended with: %v", err)
		}
	})
	return "unix:" + path
}

// Program builds the package in folder and has the suite start it with the arguments, kill
// it and start it again for the rules about what survives. The kit reads where to listen
// from the environment.
func Program(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	binary := filepath.Join(socketFolder(t), "adapter")
	if built, err := exec.Command("go", "build", "-C", folder, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, built)
	}
	suite(t, append([]string{"--", binary}, arguments...)...)
}

// Endpoint runs the suite against a server that is there. A broken hard rule fails its
// test; a broken soft rule and a skipped one are skipped tests that say why.
func Endpoint(t *testing.T, endpoint string, arguments ...string) {
	t.Helper()
	suite(t, append([]string{"--endpoint", endpoint}, arguments...)...)
}

// suite runs the suite, and makes each rule a test when it has ended.
func suite(t *testing.T, arguments ...string) {
	t.Helper()
	program, err := program(Suite, "mortise-contract")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	run := exec.Command(program, append([]string{"--ndjson", "-"}, arguments...)...)
	run.Stderr = &log
	output, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatalf("the suite cannot be started: %v", err)
	}
	passed := 0
	for lines := json.NewDecoder(output); ; {
		var told line
		if err := lines.Decode(&told); err != nil {
			break
		}
		if told.Verdict == "passed" {
			passed++
		}
		if told.Type == "rule" && told.Skip != "not_offered" {
			t.Run(told.ID, func(t *testing.T) { judge(t, told) })
		}
	}
	var exit *exec.ExitError
	if err := run.Wait(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("the suite did not run: %v\n%s", err, log.String())
	}
	if passed == 0 {
		t.Errorf("no rule passed")
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

func judge(t *testing.T, told line) {
	broken := told.Failure
	switch {
	case told.Verdict == "failed" && !told.KnownFailure:
		t.Error(shown(told))
	case told.Verdict == "failed":
		t.Skipf("a known failure: %s: got %s", broken.What, broken.Got)
	case told.Verdict == "warned":
		t.Skipf("soft rule not kept: %s (%s: got %s)", told.Demand, broken.What, broken.Got)
	case told.Verdict == "skipped":
		t.Skip(told.Reason)
	}
}

// shown is a broken rule, and the last calls, each with the command that makes it again.
func shown(told line) string {
	broken := told.Failure
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n  looked at %s\n  expected  %s\n  got       %s\n  why       %s\n  mend      %s\n  more      %s",
		told.Demand, broken.What, broken.Expected, broken.Got, broken.Why, broken.Mend, told.Page)
	for _, call := range broken.Exchanges {
		fmt.Fprintf(&text, "\n    %s\n      sent     %s\n      received %s", call.Method, call.Sent, call.Received)
		if call.Grpcurl != "" {
			fmt.Fprintf(&text, "\n      by hand  %s", call.Grpcurl)
		}
	}
	return text.String()
}

// program is the path of a program that a variable names or the path has.
func program(variable, name string) (string, error) {
	if named := os.Getenv(variable); named != "" {
		return named, nil
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is missing: build it and name it in %s", name, variable)
	}
	return found, nil
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	Eventually(t, "something listens on "+path, func() bool {
		connection, err := net.Dial("unix", path)
		if err != nil {
			return false
		}
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
		return true
	})
}

// socketFolder is a folder with a short path: that of a socket has 107 bytes at most.
func socketFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "kit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}
