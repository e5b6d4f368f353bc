// Package bench runs workloads against a system through proxies that lose replies, kills
// its servers meanwhile, and has every history judged.
package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/fault"
	"github.com/everruns/mortise/tests/histories/internal/system"
	"github.com/everruns/mortise/tests/histories/internal/workload"
	"google.golang.org/grpc"
)

// Plan says what to run.
type Plan struct {
	// Name of the system, which is shown.
	Name string
	// Seed of everything that is drawn.
	Seed uint64
	// Duration of the run. No history begins after it.
	Duration time.Duration
	// Workloads that run at the same time.
	Workloads []workload.Workload
	// Folder for the proxies' sockets; its path must be short.
	Folder string
	// Out is the folder for pictures of histories that fail.
	Out string
	// StopAtFirst ends the run with the first failure, and drops what is under way.
	StopAtFirst bool
}

// Result is what became of one workload.
type Result struct {
	Workload   string
	Histories  int
	Operations int
	Open       int
	Undecided  int
	// Failure describes the first failure, with how to see it again; empty if none.
	Failure string
	// After is when the failure was found.
	After time.Duration
}

// Outcome is what became of a run.
type Outcome struct {
	Results []Result
	// Kills and Cuts count the faults.
	Kills, Cuts int64
}

// bench is a run under way.
type bench struct {
	plan    Plan
	system  system.System
	proxies []*fault.Proxy
	began   time.Time
	kills   atomic.Int64
}

// Run runs a plan against a system.
func Run(ctx context.Context, plan Plan, sys system.System) (Outcome, error) {
	b := &bench{plan: plan, system: sys, began: time.Now()}
	defer b.close()
	var sockets []string
	for i, socket := range sys.Sockets() {
		path := filepath.Join(plan.Folder, fmt.Sprintf("x%d", i))
		proxy, err := fault.Listen(path, socket, plan.Seed+uint64(i))
		if err != nil {
			return Outcome{}, err
		}
		b.proxies = append(b.proxies, proxy)
		sockets = append(sockets, path)
	}
	ctx, rest := context.WithCancel(ctx)
	defer rest()
	working, stop := context.WithTimeout(ctx, plan.Duration)
	defer stop()
	disturbed := make(chan error, 1)
	go func() { disturbed <- b.disturb(ctx) }()

	results := make([]Result, len(plan.Workloads))
	failures := make([]error, len(plan.Workloads))
	var all sync.WaitGroup
	for i, load := range plan.Workloads {
		all.Go(func() {
			var failed func()
			if plan.StopAtFirst {
				failed = rest
			}
			results[i], failures[i] = b.repeat(ctx, working, load, sockets, failed)
		})
	}
	all.Wait()
	rest()
	outcome := Outcome{Results: results, Kills: b.kills.Load()}
	for _, proxy := range b.proxies {
		outcome.Cuts += proxy.Cuts.Load()
	}
	return outcome, errors.Join(errors.Join(failures...), <-disturbed)
}

func (b *bench) close() {
	for _, proxy := range b.proxies {
		proxy.Close()
	}
}

// disturb kills servers and cuts the database's connections until it is told to stop. A
// server that is away comes back at once, so that every client is answered in the end.
func (b *bench) disturb(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(b.plan.Seed, 1))
	servers := len(b.system.Sockets())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(250+rng.IntN(900)) * time.Millisecond):
		}
		if rng.IntN(3) == 0 {
			if err := b.system.Disturb(); err != nil {
				return err
			}
			continue
		}
		server := rng.IntN(servers)
		if err := b.system.Kill(server); err != nil {
			return err
		}
		b.kills.Add(1)
		time.Sleep(time.Duration(rng.IntN(120)) * time.Millisecond)
		if err := b.system.Start(server); err != nil {
			return err
		}
	}
}

// repeat records one history of a workload after another, and judges each while the next
// is recorded. It ends at the first failure.
func (b *bench) repeat(
	ctx, working context.Context, load workload.Workload, sockets []string, failed func(),
) (Result, error) {
	tally := newTally(b, load, failed)
	failures := make([]error, max(1, load.Lanes))
	var next atomic.Int64
	var all sync.WaitGroup
	for lane := range failures {
		all.Go(func() {
			conns, err := connect(load.Clients, sockets)
			defer disconnect(conns)
			failures[lane] = err
			for err == nil && working.Err() == nil && !tally.hasFailed() {
				name := fmt.Sprintf("%s-%s-%d-%d", b.plan.Name, load.Name, b.plan.Seed, next.Add(1))
				run, err := load.Record(ctx, name, seedOf(name), conns)
				if ctx.Err() != nil {
					return
				}
				tally.judge(ctx, name, run, err)
			}
		})
	}
	all.Wait()
	return tally.result(), errors.Join(failures...)
}

func connect(clients int, sockets []string) ([][]*grpc.ClientConn, error) {
	var all [][]*grpc.ClientConn
	for range clients {
		conns, err := caller.Connect(sockets)
		if err != nil {
			return all, err
		}
		all = append(all, conns)
	}
	return all, nil
}

func disconnect(all [][]*grpc.ClientConn) {
	for _, conns := range all {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
}

// seedOf is the seed of one history, so that it can be planned again alone.
func seedOf(name string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	return hash.Sum64()
}
