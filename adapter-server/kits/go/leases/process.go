package leases

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
)

// Process is SessionLeaseService in this process alone: for tests, and for an adapter that
// is alone with what it keeps. Offer it with kit.OfferSessionLease; the kit then compares
// the fence of each change itself, and every store that can be fenced says so. After a
// restart no fence of before is known, and each is refused. Its zero value is empty.
type Process struct {
	// Exists is SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased; nil for
	// an adapter that keeps no sessions.
	Exists func(context.Context, kit.Session) error

	mu    sync.Mutex
	held  map[place]*held
	board Board
	// Closed when something moves that others wait for.
	moved chan struct{}
}

// held is the last lease of a session. A grant waits for the changes of the session, and
// they for it: when it is answered, the changes under the fence before are over.
type held struct {
	lease    kit.Lease
	changes  int
	granting bool
}

func (h *held) last() *kit.Lease {
	if h.lease.Fence == 0 {
		return nil
	}
	return &h.lease
}

// of is what is held of a session. The caller has the lock.
func (p *Process) of(org int64, session string) *held {
	if p.held == nil {
		p.held = map[place]*held{}
	}
	where := place{org, session}
	if p.held[where] == nil {
		p.held[where] = &held{}
	}
	return p.held[where]
}

// await waits until something is so. The caller has the lock, before and after.
func (p *Process) await(ctx context.Context, is func() bool) error {
	for !is() {
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
		}
		p.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (p *Process) move() {
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// Hold implements kit.LeaseKeeper.
func (p *Process) Hold(ctx context.Context, org int64, sessions []string) (kit.HeldLeases, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*held
	for _, session := range sessions {
		all = append(all, p.of(org, session))
	}
	isFree := func() bool { return !slices.ContainsFunc(all, func(one *held) bool { return one.granting }) }
	if err := p.await(ctx, isFree); err != nil {
		return kit.HeldLeases{}, err
	}
	kept := kit.HeldLeases{Leases: map[string]kit.Lease{}, Now: time.Now().UnixMicro()}
	for i, one := range all {
		one.changes++
		if last := one.last(); last != nil {
			kept.Leases[sessions[i]] = *last
		}
	}
	kept.Leave = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, one := range all {
			one.changes--
		}
		p.move()
	}
	return kept, nil
}

// AcquireLease implements kit.SessionLease.
func (p *Process) AcquireLease(
	ctx context.Context, s kit.Session, c kit.Change[*adapterv1.SessionLease], holder, address string, ttlMs uint64,
) (*adapterv1.SessionLease, error) {
	if p.Exists != nil {
		if err := p.Exists(ctx, s); err != nil {
			return nil, err
		}
	}
	return p.board.Acquire(ctx, (*storage)(p), s, c, holder, address, ttlMs)
}

// RenewLease implements kit.SessionLease.
func (p *Process) RenewLease(ctx context.Context, s kit.Session, fence, ttlMs uint64) (uint64, error) {
	return p.board.Renew(ctx, (*storage)(p), s, fence, ttlMs)
}

// ReleaseLease implements kit.SessionLease.
func (p *Process) ReleaseLease(ctx context.Context, s kit.Session, fence uint64) error {
	return p.board.Release(ctx, (*storage)(p), s, fence)
}

// FollowLeases implements kit.SessionLease.
func (p *Process) FollowLeases(
	ctx context.Context, o kit.Org, sessionID *string, send func(*adapterv1.FollowLeasesResponse) error,
) error {
	return p.board.Follow(ctx, (*storage)(p), o, sessionID, send)
}

// storage is where a Process keeps its leases.
type storage Process

func (s *storage) Grant(
	ctx context.Context, in kit.Session, _ kit.Change[*adapterv1.SessionLease],
	refused func(*kit.Lease, int64) error, next Next,
) (*adapterv1.SessionLease, error) {
	p := (*Process)(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.of(in.Org.ID, in.ID)
	// Nothing is gained by waiting for the changes of another's lease.
	if err := refused(one.last(), time.Now().UnixMicro()); err != nil {
		return nil, err
	}
	if err := p.await(ctx, func() bool { return !one.granting }); err != nil {
		return nil, err
	}
	one.granting = true
	defer func() {
		one.granting = false
		p.move()
	}()
	if err := p.await(ctx, func() bool { return one.changes == 0 }); err != nil {
		return nil, err
	}
	lease, err := next(one.last(), time.Now().UnixMicro())
	if err != nil {
		return nil, err
	}
	one.lease = lease
	return Answer(&lease, lease.TimeLeftMax), nil
}

func (s *storage) Renew(_ context.Context, in kit.Session, next Next) error {
	p := (*Process)(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.of(in.Org.ID, in.ID)
	renewed, err := next(one.last(), time.Now().UnixMicro())
	if err == nil {
		one.lease = renewed
	}
	return err
}

func (s *storage) Release(_ context.Context, in kit.Session, fence uint64) error {
	p := (*Process)(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.of(in.Org.ID, in.ID); one.lease.Fence == fence {
		one.lease.EndsAt = 0
	}
	return nil
}

func (s *storage) Stored(_ context.Context, o kit.Org, sessionID *string) (all []kit.Lease, now int64, err error) {
	p := (*Process)(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	for where, one := range p.held {
		if where.org == o.ID && one.last() != nil && (sessionID == nil || where.session == *sessionID) {
			all = append(all, one.lease)
		}
	}
	return all, time.Now().UnixMicro(), nil
}
