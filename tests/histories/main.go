// Command histories records what concurrent clients ask of adapter servers and what they
// are answered, while replies are lost and servers are killed, and has Porcupine judge
// whether each history is linearizable. README.md says how to run it and read it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/everruns/mortise/tests/histories/internal/bench"
	"github.com/everruns/mortise/tests/histories/internal/system"
	"github.com/everruns/mortise/tests/histories/internal/workload"
)

// options are the arguments.
type options struct {
	adapter   string
	modes     string
	workloads string
	duration  time.Duration
	seed      uint64
	out       string
	mutants   string
	verbose   bool
}

// mode is a way to run the reference server.
type mode struct {
	name, database string
	servers        int
}

var modes = []mode{
	{name: "sqlite", database: system.SQLite, servers: 1},
	{name: "postgres", database: system.Postgres, servers: 1},
	{name: "two-servers", database: system.Postgres, servers: 2},
}

// totals are what the last line says.
type totals struct{ passed, failed int }

func main() {
	var o options
	flag.StringVar(&o.adapter, "adapter", "", "the binary `mortise-adapter`")
	flag.StringVar(&o.modes, "modes", "sqlite,postgres,two-servers",
		"how to run it; the last two need MORTISE_POSTGRES")
	flag.StringVar(&o.workloads, "workloads", "", "only these, such as `values,files`")
	flag.DurationVar(&o.duration, "duration", time.Minute, "how long in all, shared by the modes")
	flag.Uint64Var(&o.seed, "seed", 0, "the plan of clients and faults; 0: a new one, which is printed")
	flag.StringVar(&o.out, "out", filepath.Join(os.TempDir(), "histories"), "folder for logs and pictures")
	flag.StringVar(&o.mutants, "mutants", "", "judge faulty servers instead: `all` or names")
	flag.BoolVar(&o.verbose, "verbose", false, "show how each mutant was found")
	flag.Parse()
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	t := &totals{}
	if err := o.run(t); err != nil {
		fmt.Fprintf(os.Stderr, "histories: %v\n", err)
		t.failed++
	}
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

func (o options) run(t *totals) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	loads, err := o.selected()
	if err != nil {
		return err
	}
	fmt.Printf("seed %d\n", o.seed)
	if o.mutants != "" {
		return o.judgeMutants(loads, t)
	}
	chosen := strings.Split(o.modes, ",")
	for _, name := range chosen {
		mode, err := modeOf(name)
		if err != nil {
			return err
		}
		if err := o.judge(mode, loads, o.duration/time.Duration(len(chosen)), t); err != nil {
			return fmt.Errorf("%s: %w", mode.name, err)
		}
	}
	return nil
}

func modeOf(name string) (mode, error) {
	for _, mode := range modes {
		if mode.name == name {
			return mode, nil
		}
	}
	return mode{}, fmt.Errorf("--modes: there is no mode %q", name)
}

func (o options) selected() ([]workload.Workload, error) {
	all := workload.All()
	if o.workloads == "" {
		return all, nil
	}
	var chosen []workload.Workload
	for _, name := range strings.Split(o.workloads, ",") {
		before := len(chosen)
		for _, load := range all {
			if load.Name == name {
				chosen = append(chosen, load)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("--workloads: there is no workload %q", name)
		}
	}
	return chosen, nil
}

// judge runs the reference server in a mode and prints what became of each workload.
func (o options) judge(m mode, loads []workload.Workload, duration time.Duration, t *totals) error {
	folder, err := os.MkdirTemp("", "hist")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	log := filepath.Join(o.out, m.name+".log")
	servers, err := system.Start(o.adapter, folder, m.database, m.servers, log)
	if err != nil {
		return err
	}
	defer servers.Close()
	loads, others, err := bench.Offered(context.Background(), servers, loads)
	if err != nil {
		return err
	}
	for _, load := range others {
		fmt.Printf("skip %s %s: the server does not offer %s\n", m.name, load.Name, load.Service)
	}
	plan := bench.Plan{
		Name: m.name, Seed: o.seed, Duration: duration, Workloads: loads, Folder: folder, Out: o.out,
	}
	outcome, err := bench.Run(context.Background(), plan, servers)
	for _, result := range outcome.Results {
		t.add(m.name, result)
	}
	fmt.Printf("     %s: %d kills, %d connections cut\n", m.name, outcome.Kills, outcome.Cuts)
	return err
}

// add prints a result and counts it.
func (t *totals) add(name string, r bench.Result) {
	figures := fmt.Sprintf("%s %s: %d histories, %d operations, %d without an answer",
		name, r.Workload, r.Histories, r.Operations, r.Open)
	if r.Undecided > 0 {
		figures += fmt.Sprintf(", %d undecided", r.Undecided)
	}
	switch {
	case r.Failure != "":
		fmt.Printf("FAIL %s\n%s", figures, r.Failure)
		t.failed++
	case r.Histories == 0 || r.Undecided*10 > r.Histories:
		fmt.Printf("FAIL %s: too few histories were decided\n", figures)
		t.failed++
	default:
		fmt.Printf("ok   %s\n", figures)
		t.passed++
	}
}
