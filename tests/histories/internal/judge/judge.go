// Package judge asks Porcupine whether a history has an order that explains it, and makes
// a history that has none as short as it can be.
package judge

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/everruns/mortise/tests/histories/internal/model"
)

// decideWithin is how long Porcupine may think about one history.
const decideWithin = 20 * time.Second

// shrinkWithin is how long it may think about one step of making it shorter.
const shrinkWithin = 5 * time.Second

// Verdict is what Porcupine says of a history.
type Verdict struct {
	Result porcupine.CheckResult
	// The shortest part of the history that no order explains; empty unless Illegal.
	Witness []porcupine.Operation
}

// Judge judges a history. When the context ends, it stops and the result says nothing.
func Judge(ctx context.Context, m porcupine.Model, ops []porcupine.Operation) Verdict {
	step := m.Step
	m.StepContext = func(_ context.Context, state, input, output any) (bool, any) {
		if ctx.Err() != nil {
			return false, state
		}
		return step(state, input, output)
	}
	result := porcupine.CheckOperationsTimeout(m, ops, decideWithin)
	if result != porcupine.Illegal {
		return Verdict{Result: result}
	}
	return Verdict{Result: result, Witness: shrink(m, ops)}
}

// shrink takes away only what cannot make a good history bad: what was called or answered
// after some time, whole objects, and reads. A change stays, since another operation may
// have seen it.
func shrink(m porcupine.Model, ops []porcupine.Operation) []porcupine.Operation {
	fails := func(part []porcupine.Operation) bool {
		return porcupine.CheckOperationsTimeout(m, part, shrinkWithin) == porcupine.Illegal
	}
	if m.Partition != nil {
		for _, part := range m.Partition(ops) {
			if fails(part) {
				ops = part
				break
			}
		}
	}
	ends := endsOf(ops)
	first, _ := slices.BinarySearchFunc(ends, true, func(end int64, _ bool) int {
		if fails(until(ops, end)) {
			return 1
		}
		return -1
	})
	if first < len(ends) {
		ops = until(ops, ends[first])
	}
	for i := len(ops) - 1; i >= 0; i-- {
		if !model.IsRead(ops[i].Input) {
			continue
		}
		if without := slices.Delete(slices.Clone(ops), i, i+1); fails(without) {
			ops = without
		}
	}
	return ops
}

func endsOf(ops []porcupine.Operation) []int64 {
	var ends []int64
	for _, op := range ops {
		if op.Return != math.MaxInt64 {
			ends = append(ends, op.Return)
		}
	}
	slices.Sort(ends)
	return ends
}

// until is what was known of a history at a time: what had not been answered then is
// unknown.
func until(ops []porcupine.Operation, end int64) []porcupine.Operation {
	var known []porcupine.Operation
	for _, op := range ops {
		switch {
		case op.Call > end:
			continue
		case op.Return <= end:
			known = append(known, op)
		case !model.IsRead(op.Input):
			op.Output, op.Return = nil, math.MaxInt64
			known = append(known, op)
		}
	}
	return known
}

// Text shows operations, one a line, in the order of their calls.
func Text(ops []porcupine.Operation) string {
	ops = slices.Clone(ops)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var text strings.Builder
	for _, op := range ops {
		end := "      ..."
		if op.Return != math.MaxInt64 {
			end = fmt.Sprintf("%9.3f", float64(op.Return)/1e6)
		}
		fmt.Fprintf(&text, "  %9.3f %s ms  client %-3d %s\n", float64(op.Call)/1e6, end,
			op.ClientId, model.Describe(op.Input, op.Output))
	}
	return text.String()
}

// Write writes Porcupine's picture of a history to a file.
func Write(m porcupine.Model, ops []porcupine.Operation, path string) error {
	_, info := porcupine.CheckOperationsVerbose(m, drawable(ops), decideWithin)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := porcupine.Visualize(m, info, file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// drawable ends what has no end shortly after everything else.
func drawable(ops []porcupine.Operation) []porcupine.Operation {
	ends := endsOf(ops)
	if len(ends) == 0 {
		return ops
	}
	ops = slices.Clone(ops)
	for i := range ops {
		if ops[i].Return == math.MaxInt64 {
			ops[i].Return = max(ends[len(ends)-1], ops[i].Call) + int64(time.Millisecond)
		}
	}
	return ops
}
