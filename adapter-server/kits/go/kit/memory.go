package kit

import (
	"context"
	"slices"
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
	found map[Key]*remembered
	bytes int
	// In the order in which they came.
	oldest, newest *remembered
}

type remembered struct {
	next    *remembered
	key     Key
	method  string
	answer  []byte
	expires time.Time
}

// What an entry takes beside its texts.
const entryBytes = 200

// NewProcessMemory makes a memory of at most so many bytes.
func NewProcessMemory(bytesMax int) *ProcessMemory {
	return &ProcessMemory{bytesMax: bytesMax, found: map[Key]*remembered{}}
}

// Recall implements Memory.
func (m *ProcessMemory) Recall(_ context.Context, key Key) (string, []byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(time.Now())
	one, found := m.found[key]
	if !found {
		return "", nil, false, nil
	}
	return one.method, one.answer, true, nil
}

// Remember implements Memory.
func (m *ProcessMemory) Remember(_ context.Context, key Key, method string, answer []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	one := &remembered{key: key, method: method, answer: answer, expires: now.Add(MemoryTime)}
	m.found[key] = one
	if m.newest == nil {
		m.oldest = one
	} else {
		m.newest.next = one
	}
	m.newest = one
	m.bytes += one.size()
	m.forget(now)
	return nil
}

func (m *ProcessMemory) forget(now time.Time) {
	for one := m.oldest; one != nil; one = m.oldest {
		if m.bytes <= m.bytesMax && now.Before(one.expires) {
			return
		}
		if m.oldest = one.next; m.oldest == nil {
			m.newest = nil
		}
		if m.found[one.key] == one {
			delete(m.found, one.key)
		}
		m.bytes -= one.size()
	}
}

func (r *remembered) size() int {
	return entryBytes + len(r.key.RequestID) + len(r.answer)
}

// turns lets one change of a key pass at a time, in the order in which they came.
type turns struct {
	mu sync.Mutex
	// The keys that are taken, and who waits for them.
	held map[Key][]chan struct{}
}

// take waits for the key, which leave gives back.
func (t *turns) take(ctx context.Context, key Key) error {
	t.mu.Lock()
	if t.held == nil {
		t.held = map[Key][]chan struct{}{}
	}
	waiting, taken := t.held[key]
	if !taken {
		t.held[key] = nil
		t.mu.Unlock()
		return nil
	}
	own := make(chan struct{})
	t.held[key] = append(waiting, own)
	t.mu.Unlock()
	select {
	case <-own:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	at := slices.Index(t.held[key], own)
	if at >= 0 {
		t.held[key] = slices.Delete(t.held[key], at, at+1)
	}
	t.mu.Unlock()
	if at < 0 {
		// It was given the key just now.
		t.leave(key)
	}
	return ctx.Err()
}

func (t *turns) leave(key Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting := t.held[key]
	if len(waiting) == 0 {
		delete(t.held, key)
		return
	}
	t.held[key] = waiting[1:]
	close(waiting[0])
}
