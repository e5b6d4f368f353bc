// Package leases is what the stores of leases share: who gets a lease, under which fence,
// when it ends, and what followers are told. sqlmemory.Leases and redismemory.Leases keep
// them in a database, Process in the process; a store of another kind is a Storage.
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

// wanted is what a caller asks for. ttl is in microseconds.
type wanted struct {
	holder, address string
	ttl             int64
}

// want refuses what the contract forbids.
func want(holder, address string, ttlMs uint64) (wanted, error) {
	for field, text := range map[string]string{"holder": holder, "address": address} {
		if strings.ContainsRune(text, 0) {
			return wanted{}, fail.InvalidField(field, "contains NUL; send a text without it")
		}
	}
	ttl, err := micros(ttlMs)
	return wanted{holder, address, ttl}, err
}

// micros is how long a lease runs, in microseconds.
func micros(ms uint64) (int64, error) {
	if ms < uint64(ttlMin.Milliseconds()) || ms > uint64(ttlMax.Milliseconds()) {
		return 0, fail.InvalidField("ttl_ms",
			fmt.Sprintf("is %d; send %d to %d", ms, ttlMin.Milliseconds(), ttlMax.Milliseconds()))
	}
	return int64(ms) * 1000, nil
}

func refuseZero(fence uint64) error {
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

// left is how many microseconds are left of a lease, at a time of the storage's clock; 0 if
// it has ended.
func (b *Board) left(org int64, lease *kit.Lease, now int64) int64 {
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

// noteRenewal notes a renewal that is stored. The lease ends its time from now by the
// monotonic clock, even if the wall clock is set back before anyone looks at it.
func (b *Board) noteRenewal(org int64, lease *kit.Lease) {
	at := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(at, lease.EndsAt-lease.TimeLeftMax)
	where := place{org, lease.Session}
	// A grant that came after the renewal may be known already.
	if known, found := b.seen[where]; !found || known.fence <= lease.Fence {
		b.seen[where] = seenLease{lease.Fence, lease.EndsAt, at.Add(time.Duration(lease.TimeLeftMax) * time.Microsecond)}
	}
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

// held is HELD if another holder has the session, whose last lease this is; nil if it has
// none.
func (b *Board) held(org int64, last *kit.Lease, holder string, now int64) error {
	if last == nil || last.Holder == holder {
		return nil
	}
	left := b.left(org, last, now)
	if left == 0 {
		return nil
	}
	return fail.Held(last.Session, last.Holder, last.Address, strconv.FormatUint(millis(left), 10),
		fmt.Sprintf("%s is leased by %s", last.Session, last.Holder))
}

// granted is the next lease of a session. Its fence comes from the clock: a storage that
// was restored from a backup does not know the last one.
func (b *Board) granted(s kit.Session, last *kit.Lease, wanted wanted, now int64) kit.Lease {
	fence := uint64(max(now, 1))
	if last != nil {
		fence = max(fence, last.Fence+1)
	}
	lease := kit.Lease{
		Session: s.ID, Fence: fence, EndsAt: now + wanted.ttl, TimeLeftMax: wanted.ttl,
		Holder: wanted.holder, Address: wanted.address,
	}
	// Noted now, so that it ends by the monotonic clock as well.
	b.left(s.Org.ID, &lease, now)
	return lease
}

// renewed is a lease after its renewal, or FENCED if it is lost. One that has expired and
// that no other was granted is as good as it was. Its end is never the one before, also if
// the clock was set back meanwhile: a process that has seen the lease sees the renewal.
func (b *Board) renewed(s kit.Session, last *kit.Lease, fence uint64, ttl, now int64) (kit.Lease, error) {
	if last == nil || last.Fence != fence || last.EndsAt == 0 {
		return kit.Lease{}, kit.Stale(s.ID, last, now)
	}
	renewed := *last
	renewed.TimeLeftMax = max(b.left(s.Org.ID, last, now), ttl)
	renewed.EndsAt = now + renewed.TimeLeftMax
	if renewed.EndsAt == last.EndsAt {
		renewed.EndsAt++
	}
	return renewed, nil
}

// Answer is a lease on the wire, of which so many microseconds are left.
func Answer(lease *kit.Lease, left int64) *adapterv1.SessionLease {
	return &adapterv1.SessionLease{
		SessionId: lease.Session, Fence: lease.Fence, Holder: lease.Holder, Address: lease.Address, TimeLeftMs: millis(left),
	}
}

func millis(micros int64) uint64 { return uint64(max(1, micros/1000)) }

// tell wakes the followers of this process.
func (b *Board) tell() {
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

// Follow is FollowLeases over a storage: it tells what becomes of leases until ctx ends.
func (b *Board) Follow(
	ctx context.Context, in Storage, o kit.Org, sessionID *string, send func(*adapterv1.FollowLeasesResponse) error,
) error {
	// The fence that was told of a session; 0 for none.
	told := map[string]uint64{}
	isFirst := true
	for {
		// Before the look, so that nothing falls between the two.
		changed := b.next()
		leases, now, err := in.Stored(ctx, o, sessionID)
		if err != nil {
			return err
		}
		wait := lookEvery
		running := map[string]bool{}
		for _, lease := range leases {
			left := b.left(o.ID, &lease, now)
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
