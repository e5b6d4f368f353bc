package kit

import (
	"fmt"
	"sync/atomic"

	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/protobuf/proto"
)

// Change is a change that a caller may send several times under one request_id, and that
// must happen once. T is what the author's method answers.
//
// A memory of this module (redismemory, sqlmemory) takes it and stores the answer in the
// transaction of the change, so that neither exists without the other. An author who
// leaves it alone has the answer remembered by the adapter's Memory, after the change.
type Change[T any] struct {
	// Org is the tenant; request ids of two orgs are two.
	Org int64
	// RequestID is what the caller created for this change.
	RequestID string
	// Method is the full name of the method.
	Method string
	// Fencing is what leases decide of the change. Nothing, unless its store is offered with
	// FEATURE_FENCED.
	Fencing Fencing

	encode func(T) ([]byte, error)
	decode func([]byte) (T, error)
	kept   *atomic.Bool
	judged *atomic.Bool
}

// codec turns what an author's method returns into the answer on the wire, and back.
type codec[T any, A proto.Message] struct {
	wrap   func(T) A
	unwrap func(A) T
}

// Judge is FENCED unless the leases of Fencing.Sessions, read in the transaction of the
// change and locked until its end, admit it, at a time of the storage in microseconds.
// sqlmemory and redismemory ask it.
func (c Change[T]) Judge(leases map[string]Lease, now int64) error {
	c.judged.Store(true)
	return c.Fencing.judge(leases, now)
}

// Answer is what to store under Org and RequestID, beside Method, in the transaction of
// the change. The kit then does not remember the answer itself.
func (c Change[T]) Answer(v T) ([]byte, error) {
	answer, err := c.encode(v)
	if err == nil {
		c.kept.Store(true)
	}
	return answer, err
}

// Again is the answer of a change that has happened, from what was stored under its id:
// the method and the answer. It fails if the id belongs to another method.
func (c Change[T]) Again(method string, answer []byte) (T, error) {
	c.kept.Store(true)
	// What was applied is answered as it was, whatever its fence.
	c.judged.Store(true)
	if method != c.Method {
		var none T
		return none, reused(c.Method, method)
	}
	return c.decode(answer)
}

func newChange[T any, A proto.Message](m *method[A], k Key, with codec[T, A], fencing Fencing) Change[T] {
	return Change[T]{
		Org:       k.Org,
		RequestID: k.RequestID,
		Method:    m.full,
		Fencing:   fencing,
		encode:    func(v T) ([]byte, error) { return proto.Marshal(with.wrap(v)) },
		decode: func(stored []byte) (T, error) {
			answer := m.newAnswer()
			if err := proto.Unmarshal(stored, answer); err != nil {
				var none T
				return none, fmt.Errorf("the stored answer of %s under a request_id is damaged: %w", m.full, err)
			}
			return with.unwrap(answer), nil
		},
		kept:   &atomic.Bool{},
		judged: &atomic.Bool{},
	}
}

func reused(method, before string) error {
	return fail.RequestIDReused(fmt.Sprintf(
		"context.request_id: was used with %s before %s; send a fresh UUID with every change", before, method))
}
