package kit

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// MemoryTime is how long answers are remembered, as the contract demands.
const MemoryTime = 24 * time.Hour

// Key names a change.
type Key struct {
	Org       int64
	RequestID string
}

// Memory remembers answers after a change, for stores that cannot do it in the
// transaction of the change. If the process dies between the two, a change that is sent
// again happens again.
type Memory interface {
	// Recall returns the method and answer under the key.
	Recall(ctx context.Context, key Key) (method string, answer []byte, found bool, err error)
	// Remember stores them for MemoryTime.
	Remember(ctx context.Context, key Key, method string, answer []byte) error
}

// ProcessMemory remembers answers in this process alone: for development, and for changes
// that do no harm twice. Beyond its bytes it forgets the oldest.
type ProcessMemory struct {
	bytesMax int

	mu    sync.Mutex
	found map[Key]*list.Element
	order list.List
	bytes int
}

type remembered struct {
	key     Key
	method  string
	answer  []byte
	expires time.Time
}

// What an entry takes beside its texts.
const entryBytes = 200

// NewProcessMemory makes a memory of at most so many bytes.
func NewProcessMemory(bytesMax int) *ProcessMemory {
	return &ProcessMemory{bytesMax: bytesMax, found: map[Key]*list.Element{}}
}

// Recall implements Memory.
func (m *ProcessMemory) Recall(_ context.Context, key Key) (string, []byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(time.Now())
	element, found := m.found[key]
	if !found {
		return "", nil, false, nil
	}
	one := element.Value.(*remembered)
	return one.method, one.answer, true, nil
}

// Remember implements Memory.
func (m *ProcessMemory) Remember(_ context.Context, key Key, method string, answer []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := &remembered{key: key, method: method, answer: answer, expires: time.Now().Add(MemoryTime)}
	m.found[key] = m.order.PushBack(one)
	m.bytes += one.size()
	m.forget(time.Now())
	return nil
}

func (m *ProcessMemory) forget(now time.Time) {
	for front := m.order.Front(); front != nil; front = m.order.Front() {
		one := front.Value.(*remembered)
		if m.bytes <= m.bytesMax && now.Before(one.expires) {
			return
		}
		m.order.Remove(front)
		delete(m.found, one.key)
		m.bytes -= one.size()
	}
}

func (r *remembered) size() int {
	return entryBytes + len(r.key.RequestID) + len(r.answer)
}

// turns lets one change of a key pass at a time.
type turns struct {
	mu   sync.Mutex
	held map[Key]*turn
}

type turn struct {
	free    chan struct{}
	waiting int
}

// take waits for the key; the answer gives it back.
func (t *turns) take(ctx context.Context, key Key) (func(), error) {
	t.mu.Lock()
	if t.held == nil {
		t.held = map[Key]*turn{}
	}
	one, found := t.held[key]
	if !found {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.held[key] = one
	}
	one.waiting++
	t.mu.Unlock()
	select {
	case <-one.free:
		return func() { t.leave(key, one, true) }, nil
	case <-ctx.Done():
		t.leave(key, one, false)
		return nil, ctx.Err()
	}
}

func (t *turns) leave(key Key, one *turn, had bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if had {
		one.free <- struct{}{}
	}
	if one.waiting--; one.waiting == 0 {
		delete(t.held, key)
	}
}
