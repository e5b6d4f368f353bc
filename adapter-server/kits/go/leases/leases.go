// Package leases is what the stores of leases share: who gets a lease, under which fence,
// when it ends, and what followers are told. sqlmemory.Leases and redismemory.Leases keep
// them; a store of another kind does it the same way.
package leases

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
)

const (
	ttlMin = time.Second
	ttlMax = 10 * time.Minute
	// lookEvery is how long what another process does may stay unseen.
	lookEvery = time.Second
	// afterTheEnd is how soon after its end a lease is looked at.
	afterTheEnd = 5 * time.Millisecond
	// remembered is how many leases there may be before those that have ended are forgotten.
	remembered = 4096
)

// Wanted is what a caller asks for. TTL is in microseconds.
type Wanted struct {
	Holder, Address string
	TTL             int64
}

// Want refuses what the contract forbids.
func Want(holder, address string, ttlMs uint64) (Wanted, error) {
	for field, text := range map[string]string{"holder": holder, "address": address} {
		if strings.ContainsRune(text, 0) {
			return Wanted{}, fail.InvalidField(field, "contains NUL; send a text without it")
		}
	}
	ttl, err := TTL(ttlMs)
	return Wanted{Holder: holder, Address: address, TTL: ttl}, err
}

// TTL is how long a lease runs, in microseconds.
func TTL(ms uint64) (int64, error) {
	if ms < uint64(ttlMin.Milliseconds()) || ms > uint64(ttlMax.Milliseconds()) {
		return 0, fail.InvalidField("ttl_ms",
			fmt.Sprintf("is %d; send %d to %d", ms, ttlMin.Milliseconds(), ttlMax.Milliseconds()))
	}
	return int64(ms) * 1000, nil
}

// Fence refuses the fence 0.
func Fence(fence uint64) error {
	if fence == 0 {
		return fail.InvalidField("fence", "is 0; send the fence that the lease was granted with")
	}
	return nil
}

// Board is what a process knows of leases beside their storage. Its zero value is empty.
type Board struct {
	mu       sync.Mutex
	seen     map[place]seenLease
	forgetAt int
	// Closed when something changes here.
	changed chan struct{}
}

type place struct {
	org     int64
	session string
}

// seenLease is when a lease ends by the monotonic clock. A wall clock that is set back must
// not make a lease last longer than it was granted for.
type seenLease struct {
	fence  uint64
	endsAt int64
	until  time.Time
}

// Left is how many microseconds are left of a lease, at a time of the storage's clock; 0 if
// it has ended.
func (b *Board) Left(org int64, lease *kit.Lease, now int64) int64 {
	byWall := lease.LeftByWall(now)
	if byWall == 0 {
		return 0
	}
	at := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(at, now)
	where := place{org, lease.Session}
	known, found := b.seen[where]
	if !found || known.fence != lease.Fence || known.endsAt != lease.EndsAt {
		known = seenLease{lease.Fence, lease.EndsAt, at.Add(time.Duration(byWall) * time.Microsecond)}
		b.seen[where] = known
	}
	return max(0, min(byWall, known.until.Sub(at).Microseconds()))
}

// forget forgets leases that have ended by both clocks, when there are many.
func (b *Board) forget(at time.Time, now int64) {
	if b.seen == nil {
		b.seen, b.forgetAt = map[place]seenLease{}, remembered
	}
	if len(b.seen) < b.forgetAt {
		return
	}
	for where, known := range b.seen {
		if !known.until.After(at) && known.endsAt <= now {
			delete(b.seen, where)
		}
	}
	b.forgetAt = max(remembered, 2*len(b.seen))
}

// Held is HELD if another holder has the session, whose last lease this is; nil if it has
// none.
func (b *Board) Held(org int64, last *kit.Lease, holder string, now int64) error {
	if last == nil || last.Holder == holder {
		return nil
	}
	left := b.Left(org, last, now)
	if left == 0 {
		return nil
	}
	return fail.Held(last.Session, last.Holder, last.Address, strconv.FormatUint(millis(left), 10),
		fmt.Sprintf("%s is leased by %s", last.Session, last.Holder))
}

// Granted is the next lease of a session. Its fence comes from the clock: a storage that
// was restored from a backup does not know the last one.
func (b *Board) Granted(s kit.Session, last *kit.Lease, wanted Wanted, now int64) kit.Lease {
	fence := uint64(max(now, 1))
	if last != nil {
		fence = max(fence, last.Fence+1)
	}
	lease := kit.Lease{
		Session: s.ID, Fence: fence, EndsAt: now + wanted.TTL, TimeLeftMax: wanted.TTL,
		Holder: wanted.Holder, Address: wanted.Address,
	}
	// Noted now, so that it ends by the monotonic clock as well.
	b.Left(s.Org.ID, &lease, now)
	return lease
}

// Renewed is a lease after its renewal, or FENCED if it is lost. One that has expired and
// that no other was granted is as good as it was.
func (b *Board) Renewed(s kit.Session, last *kit.Lease, fence uint64, ttl, now int64) (kit.Lease, error) {
	if last == nil || last.Fence != fence || last.EndsAt == 0 {
		return kit.Lease{}, kit.Stale(s.ID, last, now)
	}
	renewed := *last
	renewed.TimeLeftMax = max(b.Left(s.Org.ID, last, now), ttl)
	renewed.EndsAt = max(now+renewed.TimeLeftMax, last.EndsAt)
	return renewed, nil
}

// Answer is a lease on the wire, of which so many microseconds are left.
func Answer(lease *kit.Lease, left int64) *adapterv1.SessionLease {
	return &adapterv1.SessionLease{
		SessionId: lease.Session, Fence: lease.Fence, Holder: lease.Holder, Address: lease.Address, TimeLeftMs: millis(left),
	}
}

// Millis is what is left of a lease after its renewal.
func Millis(renewed *kit.Lease) uint64 { return millis(renewed.TimeLeftMax) }

func millis(micros int64) uint64 { return uint64(max(1, micros/1000)) }

// Tell wakes the followers of this process.
func (b *Board) Tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *Board) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// Follow tells what becomes of leases until ctx ends. stored reads the leases that may run,
// of one session or of all of the org, and the time of the storage.
func (b *Board) Follow(
	ctx context.Context, o kit.Org, sessionID *string,
	stored func(context.Context) ([]kit.Lease, int64, error), send func(*adapterv1.FollowLeasesResponse) error,
) error {
	// The fence that was told of a session; 0 for none.
	told := map[string]uint64{}
	isFirst := true
	for {
		// Before the look, so that nothing falls between the two.
		changed := b.next()
		leases, now, err := stored(ctx)
		if err != nil {
			return err
		}
		wait := lookEvery
		running := map[string]bool{}
		for _, lease := range leases {
			left := b.Left(o.ID, &lease, now)
			if left == 0 {
				continue
			}
			running[lease.Session] = true
			wait = min(wait, time.Duration(left)*time.Microsecond+afterTheEnd)
			if told[lease.Session] == lease.Fence {
				continue
			}
			told[lease.Session] = lease.Fence
			if err := send(&adapterv1.FollowLeasesResponse{SessionId: lease.Session, Lease: Answer(&lease, left)}); err != nil {
				return err
			}
		}
		if isFirst && sessionID != nil && !running[*sessionID] {
			told[*sessionID] = 0
		}
		for session := range told {
			if running[session] {
				continue
			}
			delete(told, session)
			if err := send(&adapterv1.FollowLeasesResponse{SessionId: session}); err != nil {
				return err
			}
		}
		isFirst = false
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		case <-time.After(wait):
		}
	}
}
