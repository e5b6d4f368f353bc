// Package history records what clients asked and what they were answered, and when. It
// owns the clock: one monotonic clock for all clients of a history.
package history

import (
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Again is a change that was sent once more with a request_id that had been answered. It
// must be answered alike and must change nothing.
type Again struct {
	// The change.
	Input any
	// The answer that it was given before.
	Want any
}

// History is the calls of some clients on one object, such as a session. It may be used
// by many goroutines.
type History struct {
	began time.Time

	mu      sync.Mutex
	ops     []porcupine.Operation
	open    int
	clients int
}

// New begins a history.
func New() *History { return &History{began: time.Now()} }

// Now is the time since the history began, in nanoseconds.
func (h *History) Now() int64 { return int64(time.Since(h.began)) }

// NewClient returns the number of a further client.
func (h *History) NewClient() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients++
	return h.clients - 1
}

// Answered records an operation with its answer.
func (h *History) Answered(client int, input, output any, call, ret int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: input, Output: output, Call: call, Return: ret,
	})
}

// Unknown records a change without an answer. It may happen at any time after the call,
// also after the history has ended, or never.
func (h *History) Unknown(client int, input any, call int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open++
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: input, Call: call, Return: math.MaxInt64,
	})
}

// OpenCount is the number of changes without an answer. The judge's work grows
// exponentially with it.
func (h *History) OpenCount() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

// Operations returns what was recorded.
func (h *History) Operations() []porcupine.Operation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]porcupine.Operation(nil), h.ops...)
}
