package leases

import (
	"context"
	"errors"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
)

// Next is what becomes of the last lease of a session, nil if it has none, at a time of the
// storage in microseconds. Its error leaves everything as it was.
type Next func(last *kit.Lease, now int64) (kit.Lease, error)

// Storage is where leases are kept.
type Storage interface {
	// Grant keeps what next says in the transaction of the change, when no other change of
	// the session is under way. refused says early that next will fail.
	Grant(
		ctx context.Context, s kit.Session, c kit.Change[*adapterv1.SessionLease],
		refused func(last *kit.Lease, now int64) error, next Next,
	) (*adapterv1.SessionLease, error)
	// Renew keeps what next says in a transaction.
	Renew(ctx context.Context, s kit.Session, next Next) error
	// Release ends the lease of a session if its last fence is this one.
	Release(ctx context.Context, s kit.Session, fence uint64) error
	// Stored are the leases that may run, of a session or of all of the org, and the time of
	// the storage.
	Stored(ctx context.Context, o kit.Org, sessionID *string) ([]kit.Lease, int64, error)
}

// Acquire is AcquireLease over a storage.
func (b *Board) Acquire(
	ctx context.Context, in Storage, s kit.Session, c kit.Change[*adapterv1.SessionLease],
	holder, address string, ttlMs uint64,
) (*adapterv1.SessionLease, error) {
	wanted, err := want(holder, address, ttlMs)
	if err != nil {
		return nil, err
	}
	refused := func(last *kit.Lease, now int64) error { return b.held(s.Org.ID, last, wanted.holder, now) }
	lease, err := in.Grant(ctx, s, c, refused, func(last *kit.Lease, now int64) (kit.Lease, error) {
		if err := refused(last, now); err != nil {
			return kit.Lease{}, err
		}
		return b.granted(s, last, wanted, now), nil
	})
	b.tell()
	return lease, err
}

// Renew is RenewLease over a storage: what is left of the lease, in milliseconds.
func (b *Board) Renew(ctx context.Context, in Storage, s kit.Session, fence, ttlMs uint64) (left uint64, err error) {
	ttl, err := micros(ttlMs)
	if err = errors.Join(err, refuseZero(fence)); err != nil {
		return 0, err
	}
	var renewed kit.Lease
	err = in.Renew(ctx, s, func(last *kit.Lease, now int64) (_ kit.Lease, err error) {
		renewed, err = b.renewed(s, last, fence, ttl, now)
		return renewed, err
	})
	if err != nil {
		return 0, err
	}
	b.noteRenewal(s.Org.ID, &renewed)
	return millis(renewed.TimeLeftMax), nil
}

// Release is ReleaseLease over a storage.
func (b *Board) Release(ctx context.Context, in Storage, s kit.Session, fence uint64) error {
	if err := refuseZero(fence); err != nil {
		return err
	}
	err := in.Release(ctx, s, fence)
	b.tell()
	return err
}
