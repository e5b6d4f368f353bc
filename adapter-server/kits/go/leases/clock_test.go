package leases_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"github.com/everruns/mortise/adapter-server/kits/go/leases"
)

// table is a storage of one lease, whose clock can be set.
type table struct {
	last  *kit.Lease
	setBy time.Duration
}

func (t *table) now() int64 { return time.Now().Add(t.setBy).UnixMicro() }

func (t *table) Grant(
	_ context.Context, _ kit.Session, _ kit.Change[*adapterv1.SessionLease],
	_ func(*kit.Lease, int64) error, next leases.Next,
) (*adapterv1.SessionLease, error) {
	if err := t.Renew(context.Background(), kit.Session{}, next); err != nil {
		return nil, err
	}
	return leases.Answer(t.last, t.last.TimeLeftMax), nil
}

func (t *table) Renew(_ context.Context, _ kit.Session, next leases.Next) error {
	lease, err := next(t.last, t.now())
	if err == nil {
		t.last = &lease
	}
	return err
}

func (t *table) Release(context.Context, kit.Session, uint64) error {
	t.last.EndsAt = 0
	return nil
}

func (t *table) Stored(context.Context, kit.Org, *string) ([]kit.Lease, int64, error) {
	return []kit.Lease{*t.last}, t.now(), nil
}

// A lease ends its ttl after the last renewal, on every process that shares the storage,
// also if the clock is set back before the renewal or after it.
func TestRenewalAfterClockWasSetBack(t *testing.T) {
	// By the time that has passed, the end would be just the one before.
	for _, back := range []time.Duration{10 * time.Second, time.Hour} {
		for _, isSetBefore := range []bool{true, false} {
			t.Run(fmt.Sprint(back, isSetBefore), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { renewAround(t, back, isSetBefore) })
			})
		}
	}
}

func renewAround(t *testing.T, back time.Duration, isSetBefore bool) {
	var boards [2]leases.Board
	stored := &table{}
	session := kit.Session{Org: kit.Org{ID: 1}, ID: kittest.SessionID(1)}
	acquire := func(board int, holder string) (*adapterv1.SessionLease, error) {
		return boards[board].Acquire(t.Context(), stored, session, kit.Change[*adapterv1.SessionLease]{}, holder, "", 60_000)
	}
	isHeld := func(board int) bool {
		_, err := acquire(board, "another")
		return err != nil
	}
	lease, err := acquire(0, "one")
	if err != nil {
		t.Fatal(err)
	}
	if !isHeld(1) {
		t.Fatal("two holders have the session")
	}
	time.Sleep(10 * time.Second)
	if isSetBefore {
		stored.setBy -= back
	}
	left, err := boards[0].Renew(t.Context(), stored, session, lease.GetFence(), 60_000)
	if err != nil || left != 60_000 {
		t.Fatalf("%d ms are left: %v", left, err)
	}
	if !isHeld(1) {
		t.Fatal("renewed and given away")
	}
	if !isSetBefore {
		stored.setBy -= back
	}
	time.Sleep(55 * time.Second)
	if !isHeld(0) || !isHeld(1) {
		t.Fatal("renewed and given away")
	}
	time.Sleep(6 * time.Second)
	if isHeld(0) {
		t.Fatal("the lease lasts longer than its ttl")
	}
}
