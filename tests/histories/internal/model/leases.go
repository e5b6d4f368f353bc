package model

import (
	"fmt"
	"math"

	"github.com/anishathalye/porcupine"
	"github.com/everruns/mortise/tests/histories/internal/history"
)

// Acquire asks for the lease of the session. It is answered with Granted or Held.
type Acquire struct {
	Holder string
	// How long the lease runs, in nanoseconds.
	TTL int64
}

// Granted is the answer to an Acquire that got the lease.
type Granted struct{ Fence uint64 }

// Held is the answer to an Acquire that met another holder.
type Held struct{ Holder string }

// Renew makes a lease run longer. It is answered with Renewed or Refused.
type Renew struct {
	Fence uint64
	TTL   int64
}

// Renewed is the answer to a Renew.
type Renewed struct{}

// Release ends a lease. It is answered with Done.
type Release struct{ Fence uint64 }

// Fenced is a change under a fence, or under none if it is zero. It is answered as the
// change is, or with Refused.
type Fenced struct {
	Fence uint64
	Op    Op
}

// Refused is the answer to a change that a fence keeps out. No server remembers it.
type Refused struct{}

// IsUnremembered marks the answer as one that is not remembered.
func (Refused) IsUnremembered() {}

// IsUnremembered marks the answer as one that is not remembered.
func (Renewed) IsUnremembered() {}

func (Acquire) IsRead() bool { return false }
func (Renew) IsRead() bool   { return false }
func (Release) IsRead() bool { return false }
func (Fenced) IsRead() bool  { return false }

func (g Granted) String() string { return fmt.Sprintf("fence %d", g.Fence) }
func (h Held) String() string    { return "HELD by " + h.Holder }
func (Renewed) String() string   { return "renewed" }
func (Refused) String() string   { return "FENCED" }

func (o Acquire) Describe(out any) string {
	return fmt.Sprintf("AcquireLease(%s) -> %s", o.Holder, shown(out))
}

func (o Renew) Describe(out any) string {
	return fmt.Sprintf("RenewLease(fence %d) -> %s", o.Fence, shown(out))
}

func (o Release) Describe(out any) string {
	return fmt.Sprintf("ReleaseLease(fence %d) -> %s", o.Fence, shown(out))
}

func (o Fenced) Describe(out any) string {
	return fmt.Sprintf("fence %d: %s", o.Fence, o.Op.Describe(out))
}

// leased is a session with a lease, and one object of each store that checks fences.
type leased struct {
	// The highest fence that was granted.
	fence  uint64
	holder string
	// Whether the lease was not released. It may have expired all the same.
	isHeld bool
	// The earliest time at which the lease can expire.
	until int64
	log   Log
	value Value
	file  Content
}

// timed is an operation with the times between which it happened. The model needs them:
// leases end by time.
type timed struct {
	Op
	call, ret int64
}

// Leases is the model of a session with a lease: fences rise, at most one holder has the
// lease, and no change of a lower fence happens after a grant. The server may decide some
// things either way, so the model is not deterministic.
func Leases() porcupine.Model {
	nondeterministic := porcupine.NondeterministicModel{
		Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
			return [][]porcupine.Operation{withTimes(ops)}
		},
		Init: func() []any { return []any{leased{}} },
		Step: func(state, input, output any) []any {
			before, _ := state.(leased)
			if again, ok := input.(history.Again); ok && output == again.Want {
				return []any{before}
			}
			op, ok := input.(timed)
			if !ok {
				return nil
			}
			var after []any
			for _, next := range before.step(op, output) {
				after = append(after, next)
			}
			return after
		},
		DescribeOperation: Describe,
	}
	return nondeterministic.ToModel()
}

func withTimes(ops []porcupine.Operation) []porcupine.Operation {
	all := make([]porcupine.Operation, 0, len(ops))
	for _, op := range ops {
		input, ok := op.Input.(Op)
		if _, again := op.Input.(timed); ok && !again {
			op.Input = timed{Op: input, call: op.Call, ret: op.Return}
		}
		all = append(all, op)
	}
	return all
}

// mayHaveEnded says whether the lease may have had no holder when an operation happens.
func (l leased) mayHaveEnded(op timed, output any) bool {
	return !l.isHeld || output == nil || op.ret == math.MaxInt64 || op.ret >= l.until
}

func (l leased) step(op timed, output any) []leased {
	switch input := op.Op.(type) {
	case Acquire:
		return l.acquire(op, input, output)
	case Renew:
		return l.renew(op, input, output)
	case Release:
		if input.Fence == l.fence {
			l.isHeld = false
		}
		return []leased{l}
	case Fenced:
		return l.change(op, input, output)
	}
	if _, ok := l.apply(op.Op, output); ok {
		return []leased{l}
	}
	return nil
}

func (l leased) acquire(op timed, input Acquire, output any) []leased {
	switch answer := output.(type) {
	case nil:
		// Granted under a fence that no caller knows yet, or not.
		granted := l
		granted.fence, granted.holder, granted.isHeld = l.fence+1, input.Holder, true
		granted.until = op.call + input.TTL
		return []leased{l, granted}
	case Granted:
		if answer.Fence <= l.fence || l.holder != input.Holder && !l.mayHaveEnded(op, output) {
			return nil
		}
		l.fence, l.holder, l.isHeld, l.until = answer.Fence, input.Holder, true, op.call+input.TTL
		return []leased{l}
	case Held:
		if l.isHeld && l.holder == answer.Holder && l.holder != input.Holder {
			return []leased{l}
		}
	}
	return nil
}

func (l leased) renew(op timed, input Renew, output any) []leased {
	isHighest := input.Fence == l.fence && l.isHeld
	renewed := l
	renewed.until = max(l.until, op.call+input.TTL)
	var next []leased
	if isHighest && (output == nil || output == Renewed{}) {
		next = append(next, renewed)
	}
	if (output == nil || output == Refused{}) && (!isHighest || l.mayHaveEnded(op, output)) {
		next = append(next, l)
	}
	return next
}

func (l leased) change(op timed, input Fenced, output any) []leased {
	var mayHappen, mayBeRefused bool
	switch {
	case input.Fence != 0:
		mayHappen = input.Fence == l.fence
		mayBeRefused = !mayHappen || l.mayHaveEnded(op, output)
	default:
		mayHappen = l.mayHaveEnded(op, output)
		mayBeRefused = l.isHeld
	}
	var next []leased
	if mayHappen && output != (Refused{}) {
		if changed, ok := l.apply(input.Op, output); ok {
			next = append(next, changed)
		}
	}
	if mayBeRefused && (output == nil || output == Refused{}) {
		next = append(next, l)
	}
	return next
}

// apply makes a change or a read in the stores.
func (l leased) apply(op Op, output any) (leased, bool) {
	switch op := op.(type) {
	case Emit:
		ok, log := append1(l.log, op.Token, output)
		l.log, _ = log.(Log)
		return l, ok
	case SetValue:
		l.value = op.Value
		return l, true
	case WriteFile:
		l.file = op.Content
		return l, true
	case GetValue:
		return l, output == l.value
	case ReadFile:
		return l, output == l.file
	case ReadEvents:
		run, ok := output.(Run)
		return l, ok && run.Broken == "" && run.Events == cut(l.log, op.After, op.Limit)
	}
	return l, false
}
