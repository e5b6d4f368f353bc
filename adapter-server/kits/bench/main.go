// Measures a get and a set through each kit, beside a server of the same language without
// the kit, and beside the Rust reference: p50 at 1 and at 64 calls in flight.
//
// The servers of kits and the bare ones keep the values in a map, so that what differs is
// the kit. Both run at the same time, and rounds of the one follow rounds of the other: what
// else the machine does meets both alike. The share is the median over rounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	noSession = "session_00000000000000000000000000000000"
	value     = "a value of some sixty bytes, as tools keep between their calls"
)

// server is one process, connected.
type server struct {
	process *exec.Cmd
	values  adapterv1.SessionStorageStoreServiceClient
	session string
}

// start runs a command, which listens where MORTISE_LISTEN says.
func start(command string) (*server, error) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := probe.Addr().String()
	if err := probe.Close(); err != nil {
		return nil, err
	}
	process := exec.Command("sh", "-c", "exec "+strings.ReplaceAll(command, "{address}", address))
	process.Env = append(os.Environ(), "MORTISE_LISTEN="+address)
	if err := process.Start(); err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	session, err := sessionOf(ctx, adapterv1.NewPlatformStoreServiceClient(connection))
	return &server{process, adapterv1.NewSessionStorageStoreServiceClient(connection), session}, err
}

// sessionOf makes a session where a server keeps them; the others take any.
func sessionOf(ctx context.Context, platform adapterv1.PlatformStoreServiceClient) (string, error) {
	caller := func() *adapterv1.CallContext {
		return &adapterv1.CallContext{OrgId: 1, SessionId: noSession, RequestId: requestID()}
	}
	harness, err := platform.CreateHarness(ctx, &adapterv1.CreateHarnessRequest{
		Context: caller(), Name: "bench", SystemPrompt: "You are measured.",
	}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unimplemented {
		return noSession, nil
	}
	if err != nil {
		return "", err
	}
	made, err := platform.CreateSession(ctx, &adapterv1.CreateSessionRequest{Context: caller(), HarnessId: harness.Harness.Id})
	if err != nil {
		return "", err
	}
	return made.Session.Id, nil
}

func (s *server) end() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

var requests atomic.Int64

func requestID() string { return fmt.Sprintf("bench-%d-%d", os.Getpid(), requests.Add(1)) }

// set and get are the two calls.
func (s *server) set(n int64) error {
	_, err := s.values.SetValue(context.Background(), &adapterv1.SetValueRequest{
		Context:   &adapterv1.CallContext{OrgId: 1, RequestId: requestID()},
		SessionId: s.session, Key: fmt.Sprintf("key %d", n%100), Value: value,
	})
	return err
}

func (s *server) get(n int64) error {
	_, err := s.values.GetValue(context.Background(), &adapterv1.GetValueRequest{
		Context: &adapterv1.CallContext{OrgId: 1}, SessionId: s.session, Key: fmt.Sprintf("key %d", n%100),
	})
	return err
}

// round makes calls, so many in flight, and gives the median of their times.
func round(call func(int64) error, inFlight, calls int) (time.Duration, error) {
	times := make([]time.Duration, calls)
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, inFlight)
	for range inFlight {
		group.Go(func() {
			for n := next.Add(1) - 1; n < int64(calls); n = next.Add(1) - 1 {
				began := time.Now()
				if err := call(n); err != nil {
					failed <- err
					return
				}
				times[n] = time.Since(began)
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return median(times), nil
	}
}

func median[T time.Duration | float64](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}

// subject is a line of the table: a server, and the one without the kit, if there is one.
type subject struct{ name, command, bare string }

// figures are the medians of one kind of call at one load.
type figures struct {
	kit, bare time.Duration
	ratio     float64
}

func measure(with, without *server, kind string, inFlight, calls, rounds int) (figures, error) {
	of := func(s *server) func(int64) error {
		if kind == "set" {
			return s.set
		}
		return s.get
	}
	var kits, bares []time.Duration
	var ratios []float64
	for range rounds {
		kit, err := round(of(with), inFlight, calls)
		if err != nil {
			return figures{}, err
		}
		kits = append(kits, kit)
		if without == nil {
			continue
		}
		bare, err := round(of(without), inFlight, calls)
		if err != nil {
			return figures{}, err
		}
		bares, ratios = append(bares, bare), append(ratios, float64(kit)/float64(bare))
	}
	if without == nil {
		return figures{kit: median(kits)}, nil
	}
	return figures{median(kits), median(bares), median(ratios)}, nil
}

func (s subject) run(calls, rounds int) error {
	with, err := start(s.command)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer with.end()
	var without *server
	if s.bare != "" {
		if without, err = start(s.bare); err != nil {
			return fmt.Errorf("%s without the kit: %w", s.name, err)
		}
		defer without.end()
	}
	for _, inFlight := range []int{1, 64} {
		for _, kind := range []string{"get", "set"} {
			// Runtimes compile what runs often; the first round is for them.
			if _, err := measure(with, without, kind, 64, calls, 1); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			found, err := measure(with, without, kind, inFlight, calls, rounds)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Printf("| %s | %s | %d | %s | %s |\n", s.name, kind, inFlight, shown(found.kit), compared(found))
		}
	}
	return nil
}

func shown(time time.Duration) string { return fmt.Sprintf("%.2f ms", time.Seconds()*1000) }

func compared(found figures) string {
	if found.bare == 0 {
		return "| "
	}
	return fmt.Sprintf("%s | %+.0f %%", shown(found.bare), (found.ratio-1)*100)
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func main() {
	calls := flag.Int("calls", 2000, "the calls of a round")
	rounds := flag.Int("rounds", 7, "the rounds of each server")
	flag.Parse()
	fmt.Printf("load before: %s\n\n| server | call | in flight | p50 | without the kit | the kit's share |\n|---|---|---|---|---|---|\n", load())
	for _, line := range flag.Args() {
		name, rest, _ := strings.Cut(line, "=")
		command, bare, _ := strings.Cut(rest, "|")
		if err := (subject{name, command, bare}).run(*calls, *rounds); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Printf("\nload after: %s\n", load())
}
