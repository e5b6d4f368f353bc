package faulty

import (
	"maps"
	"slices"
	"sync"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
)

// unsynced is how long a change may be lost by AckEarly.
const unsynced = 15 * time.Millisecond

// database is what outlives a server. Several servers may share it.
type database struct {
	mu       sync.Mutex
	changed  *sync.Cond
	replies  map[string]any
	sessions map[string]*session
	// What to restore when the server is killed, for AckEarly.
	undo []undo
}

// session is what belongs to one session.
type session struct {
	values   map[string]string
	files    map[string]string
	events   []*pb.Event
	messages []*pb.Message
	// The last number that SequenceEarly has given away.
	counter int64
	lease   lease
}

// lease is the newest lease of a session; it runs until it expires or is released.
type lease struct {
	fence   uint64
	holder  string
	expires time.Time
}

type undo struct {
	at      time.Time
	restore func()
}

func newDatabase() *database {
	d := &database{replies: map[string]any{}, sessions: map[string]*session{}}
	d.changed = sync.NewCond(&d.mu)
	return d
}

// session is called under the lock.
func (d *database) session(id string) *session {
	s := d.sessions[id]
	if s == nil {
		s = &session{values: map[string]string{}, files: map[string]string{}}
		d.sessions[id] = s
	}
	return s
}

func (s *session) copy() *session {
	return &session{
		values: maps.Clone(s.values), files: maps.Clone(s.files),
		events: slices.Clone(s.events), messages: slices.Clone(s.messages), counter: s.counter,
		lease: s.lease,
	}
}

// note makes it possible to lose a change. It is called under the lock, before the change.
func (d *database) note(sessionID, requestID string) {
	before := d.session(sessionID).copy()
	now := time.Now()
	d.undo = slices.DeleteFunc(d.undo, func(u undo) bool { return now.Sub(u.at) > unsynced })
	d.undo = append(d.undo, undo{at: now, restore: func() {
		d.sessions[sessionID] = before
		delete(d.replies, requestID)
	}})
}

// lose loses the changes that were not durable. It is called under the lock.
func (d *database) lose() {
	now := time.Now()
	for _, u := range slices.Backward(d.undo) {
		if now.Sub(u.at) <= unsynced {
			u.restore()
		}
	}
	d.undo = nil
}
