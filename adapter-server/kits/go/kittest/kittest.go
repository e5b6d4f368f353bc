// Package kittest holds an adapter against the contract inside `go test`, each rule as a
// test of its own. It runs the suite, the program mortise-contract, which MORTISE_CONTRACT
// names or the path has.
package kittest

import (
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

type report struct {
	Rules []rule `json:"rules"`
}

type rule struct {
	ID      string `json:"id"`
	Demand  string `json:"demand"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Page    string `json:"page"`
	Failure struct {
		What     string `json:"what"`
		Expected string `json:"expected"`
		Got      string `json:"got"`
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

// Program builds the package in folder, starts it with the arguments and `-listen
// unix:...`, and runs the suite against it, with the rules about what survives a process
// that is killed.
func Program(t *testing.T, folder string, arguments ...string) {
	t.Helper()
	work := socketFolder(t)
	binary := filepath.Join(work, "adapter")
	if built, err := exec.Command("go", "build", "-C", folder, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, built)
	}
	endpoint := "unix:" + filepath.Join(work, "a.sock")
	quoted := []string{quote(binary), "-listen", quote(endpoint)}
	for _, argument := range arguments {
		quoted = append(quoted, quote(argument))
	}
	restart := filepath.Join(work, "restart.sh")
	script := fmt.Sprintf(restartScript, quote(work), strings.Join(quoted, " "))
	if err := os.WriteFile(restart, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if out, err := exec.Command(restart, "stop").CombinedOutput(); err != nil {
			t.Errorf("the adapter cannot be stopped: %v\n%s", err, out)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(work, "log"))
			t.Logf("the adapter's log:\n%s", log)
		}
	})
	if out, err := exec.Command(restart).CombinedOutput(); err != nil {
		t.Fatalf("the adapter cannot be started: %v\n%s", err, out)
	}
	waitFor(t, strings.TrimPrefix(endpoint, "unix:"))
	Endpoint(t, endpoint, "--restart-command", quote(restart))
}

// restartScript kills the adapter without warning, as a crash does, and starts it again.
const restartScript = `#!/bin/sh
cd %s || exit 1
if [ -f pid ]; then
  old=$(cat pid)
  kill -9 "$old" 2>/dev/null
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
[ "$1" = stop ] && exit 0
setsid %s </dev/null >>log 2>&1 &
echo $! >pid
`

// Endpoint runs the suite against a server that is there. A broken hard rule fails its
// test; a broken soft rule and a skipped one are skipped tests that say why.
func Endpoint(t *testing.T, endpoint string, arguments ...string) {
	t.Helper()
	program := os.Getenv(Suite)
	if program == "" {
		found, err := exec.LookPath("mortise-contract")
		if err != nil {
			t.Fatalf("the suite is missing: build mortise-contract and name it in %s", Suite)
		}
		program = found
	}
	path := filepath.Join(t.TempDir(), "report.json")
	all := append([]string{"--endpoint", endpoint, "--json", path}, arguments...)
	out, err := exec.Command(program, all...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("the suite did not run: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var told report
	if err := json.Unmarshal(raw, &told); err != nil {
		t.Fatal(err)
	}
	judge(t, told.Rules, string(out))
}

func judge(t *testing.T, rules []rule, table string) {
	t.Helper()
	passed := 0
	for _, one := range rules {
		if one.Verdict == "skipped" && strings.HasPrefix(one.Reason, "the server does not offer") {
			continue
		}
		t.Run(one.ID, func(t *testing.T) {
			switch one.Verdict {
			case "passed":
				passed++
			case "failed":
				t.Errorf("%s\n  looked at %s\n  expected  %s\n  got       %s\n  more      %s",
					one.Demand, one.Failure.What, one.Failure.Expected, one.Failure.Got, one.Page)
			case "warned":
				t.Skipf("soft rule not kept: %s (%s: got %s)", one.Demand, one.Failure.What, one.Failure.Got)
			default:
				t.Skip(one.Reason)
			}
		})
	}
	if passed == 0 {
		t.Errorf("no rule passed")
	}
	if t.Failed() {
		t.Log(table)
	}
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("unix", path)
		if err == nil {
			if err := connection.Close(); err != nil {
				t.Fatal(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the adapter does not listen: %v", err)
		}
	}
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

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
