package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/everruns/mortise/tests/histories/internal/judge"
	"github.com/everruns/mortise/tests/histories/internal/workload"
)

// judges is how many histories of a workload are judged at the same time. Recording waits
// for them, so that memory is bounded.
const judges = 2

// tally collects what was found of a workload.
type tally struct {
	bench *bench
	load  workload.Workload
	room  chan struct{}
	// Called at the first failure; may be nil.
	failed func()
	all    sync.WaitGroup

	mu    sync.Mutex
	found Result
}

func newTally(b *bench, load workload.Workload, failed func()) *tally {
	return &tally{
		bench: b, load: load, room: make(chan struct{}, judges), failed: failed,
		found: Result{Workload: load.Name},
	}
}

// judge judges a history, or notes why it could not be recorded.
func (t *tally) judge(ctx context.Context, name string, run *workload.Run, err error) {
	ops := run.History.Operations()
	t.mu.Lock()
	t.found.Histories++
	t.found.Operations += len(ops)
	t.found.Open += run.History.OpenCount()
	t.mu.Unlock()
	if err != nil {
		t.fail(fmt.Sprintf("history %s: %v\n", name, err))
		return
	}
	t.room <- struct{}{}
	t.all.Go(func() {
		defer func() { <-t.room }()
		verdict := judge.Judge(ctx, t.load.Model, ops)
		if ctx.Err() != nil {
			return
		}
		switch verdict.Result {
		case porcupine.Ok:
		case porcupine.Unknown:
			t.mu.Lock()
			t.found.Undecided++
			t.mu.Unlock()
		case porcupine.Illegal:
			t.fail(t.describe(name, verdict.Witness))
		}
	})
}

// describe shows the shortest part of a history that no order explains, and draws it.
func (t *tally) describe(name string, witness []porcupine.Operation) string {
	var text strings.Builder
	fmt.Fprintf(&text, "history %s is not linearizable. No order explains these %d operations "+
		"(from, to, client, call):\n%s", name, len(witness), judge.Text(witness))
	path := filepath.Join(t.bench.plan.Out, name+".html")
	if err := judge.Write(t.load.Model, witness, path); err != nil {
		fmt.Fprintf(&text, "  the picture could not be written: %v\n", err)
	} else {
		fmt.Fprintf(&text, "  picture: %s\n", path)
	}
	return text.String()
}

func (t *tally) fail(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found.Failure == "" {
		t.found.Failure = text
		t.found.After = time.Since(t.bench.began)
		if t.failed != nil {
			t.failed()
		}
	}
}

func (t *tally) hasFailed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.found.Failure != ""
}

// result waits for the judges.
func (t *tally) result() Result {
	t.all.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.found
}
