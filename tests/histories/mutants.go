package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/everruns/mortise/tests/histories/internal/bench"
	"github.com/everruns/mortise/tests/histories/internal/faulty"
	"github.com/everruns/mortise/tests/histories/internal/workload"
)

const (
	// findWithin is how long a fault may stay hidden.
	findWithin = time.Minute
	// acquitWithin is how long the right server is looked at.
	acquitWithin = 5 * time.Second
	// mutantServers run over one database.
	mutantServers = 2
)

// judgeMutants runs the right server, which must pass, and faulty ones, which must not.
func (o options) judgeMutants(loads []workload.Workload, t *totals) error {
	chosen := faulty.All()
	if o.mutants != "all" {
		chosen = nil
		for _, name := range strings.Split(o.mutants, ",") {
			chosen = append(chosen, faulty.Mutant(name))
		}
	}
	for _, mutant := range chosen {
		if !slices.Contains(faulty.All(), mutant) {
			return fmt.Errorf("--mutants: there is no mutant %q", mutant)
		}
		if err := o.judgeMutant(mutant, loads, t); err != nil {
			return fmt.Errorf("mutant %s: %w", mutant, err)
		}
	}
	return nil
}

func (o options) judgeMutant(mutant faulty.Mutant, loads []workload.Workload, t *totals) error {
	folder, err := os.MkdirTemp("", "hist")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	servers, err := faulty.Start(mutant, folder, mutantServers)
	if err != nil {
		return err
	}
	defer servers.Close()
	plan := bench.Plan{
		Name: string(mutant), Seed: o.seed, Duration: findWithin, Workloads: loads, Folder: folder,
		Out: o.out, StopAtFirst: true,
	}
	if mutant == faulty.None {
		plan.Duration = acquitWithin
	}
	outcome, err := bench.Run(context.Background(), plan, servers)
	if err != nil {
		return err
	}
	if mutant == faulty.None {
		for _, result := range outcome.Results {
			t.add("right server", result)
		}
		return nil
	}
	found := firstFailure(outcome)
	if found.Failure == "" {
		fmt.Printf("FAIL mutant %s was not found within %v\n", mutant, findWithin)
		t.failed++
		return nil
	}
	fmt.Printf("ok   mutant %s was found by %s after %.1f s\n", mutant, found.Workload, found.After.Seconds())
	if o.verbose {
		fmt.Print(found.Failure)
	}
	t.passed++
	return nil
}

func firstFailure(outcome bench.Outcome) bench.Result {
	var first bench.Result
	for _, result := range outcome.Results {
		if result.Failure != "" && (first.Failure == "" || result.After < first.After) {
			first = result
		}
	}
	return first
}
