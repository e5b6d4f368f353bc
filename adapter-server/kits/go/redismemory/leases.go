package redismemory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/leases"
	"github.com/redis/go-redis/v9"
)

// Leases is SessionLeaseService in Redis. Offer it beside the stores that keep what belongs
// to sessions in the same Redis, and offer these with FEATURE_FENCED: Exec and Do then look
// at the lease together with each change.
//
// A lease is the hash `mortise:lease:{ORG}:SESSION`, which stays: fences of a session rise
// for ever. Those that run are in the sorted set `mortise:leased:{ORG}`, by their ends.
type Leases struct {
	DB redis.UniversalClient

	board leases.Board
}

func leaseKey(org int64, session string) string {
	return fmt.Sprintf("mortise:lease:{%d}:%s", org, session)
}

func leasedKey(org int64) string { return fmt.Sprintf("mortise:leased:{%d}", org) }

// lookedAt are the keys of the leases that decide about a change.
func lookedAt[T any](c kit.Change[T]) []string {
	var keys []string
	for _, session := range c.Fencing.Sessions() {
		keys = append(keys, leaseKey(c.Org, session))
	}
	return keys
}

// admit is FENCED unless the leases admit a change. The caller watches their keys.
func admit[T any](ctx context.Context, read redis.Cmdable, c kit.Change[T]) error {
	sessions := c.Fencing.Sessions()
	if len(sessions) == 0 {
		return nil
	}
	found := map[string]kit.Lease{}
	for _, session := range sessions {
		lease, err := leaseOf(ctx, read, c.Org, session)
		if err != nil {
			return err
		}
		if lease != nil {
			found[session] = *lease
		}
	}
	now, err := clock(ctx, read)
	if err != nil {
		return err
	}
	return c.Judge(found, now)
}

// Admit looks at the fence of a change that stores nothing in Redis.
func Admit[T any](ctx context.Context, db redis.UniversalClient, c kit.Change[T]) error {
	return admit(ctx, db, c)
}

func leaseOf(ctx context.Context, read redis.Cmdable, org int64, session string) (*kit.Lease, error) {
	fields, err := read.HGetAll(ctx, leaseKey(org, session)).Result()
	if err != nil || len(fields) == 0 {
		return nil, err
	}
	return leaseIn(session, fields)
}

func leaseIn(session string, fields map[string]string) (*kit.Lease, error) {
	fence, first := strconv.ParseUint(fields["fence"], 10, 64)
	ends, second := strconv.ParseInt(fields["ends_at"], 10, 64)
	left, third := strconv.ParseInt(fields["time_left_max"], 10, 64)
	if err := errors.Join(first, second, third); err != nil {
		return nil, fmt.Errorf("the lease of %s in Redis is damaged: %w", session, err)
	}
	return &kit.Lease{
		Session: session, Fence: fence, EndsAt: ends, TimeLeftMax: left, Holder: fields["holder"], Address: fields["address"],
	}, nil
}

// clock is the present time of Redis, which all adapters share, in microseconds.
func clock(ctx context.Context, read redis.Cmdable) (int64, error) {
	now, err := read.Time(ctx).Result()
	return now.UnixMicro(), err
}

func keep(ctx context.Context, write redis.Pipeliner, org int64, lease *kit.Lease) {
	write.HSet(ctx, leaseKey(org, lease.Session),
		"fence", lease.Fence, "ends_at", lease.EndsAt, "time_left_max", lease.TimeLeftMax,
		"holder", lease.Holder, "address", lease.Address)
	write.ZAdd(ctx, leasedKey(org), redis.Z{Score: float64(lease.EndsAt), Member: lease.Session})
}

// AcquireLease implements kit.SessionLease.
func (l *Leases) AcquireLease(
	ctx context.Context, s kit.Session, c kit.Change[*adapterv1.SessionLease], holder, address string, ttlMs uint64,
) (*adapterv1.SessionLease, error) {
	wanted, err := leases.Want(holder, address, ttlMs)
	if err != nil {
		return nil, err
	}
	lease, err := Do(ctx, l.DB, c, func(read redis.Cmdable, write redis.Pipeliner) (*adapterv1.SessionLease, error) {
		last, err := leaseOf(ctx, read, s.Org.ID, s.ID)
		if err != nil {
			return nil, err
		}
		now, err := clock(ctx, read)
		if err != nil {
			return nil, err
		}
		if err := l.board.Held(s.Org.ID, last, wanted.Holder, now); err != nil {
			return nil, err
		}
		lease := l.board.Granted(s, last, wanted, now)
		keep(ctx, write, s.Org.ID, &lease)
		write.ZRemRangeByScore(ctx, leasedKey(s.Org.ID), "-inf", strconv.FormatInt(now, 10))
		return leases.Answer(&lease, lease.TimeLeftMax), nil
	}, leaseKey(s.Org.ID, s.ID))
	l.board.Tell()
	return lease, err
}

// RenewLease implements kit.SessionLease.
func (l *Leases) RenewLease(ctx context.Context, s kit.Session, fence, ttlMs uint64) (left uint64, err error) {
	ttl, err := leases.TTL(ttlMs)
	if err = errors.Join(err, leases.Fence(fence)); err != nil {
		return 0, err
	}
	err = watched(ctx, l.DB, func(tx *redis.Tx) error {
		last, err := leaseOf(ctx, tx, s.Org.ID, s.ID)
		if err != nil {
			return err
		}
		now, err := clock(ctx, tx)
		if err != nil {
			return err
		}
		renewed, err := l.board.Renewed(s, last, fence, ttl, now)
		if err != nil {
			return err
		}
		left = leases.Millis(&renewed)
		_, err = tx.TxPipelined(ctx, func(write redis.Pipeliner) error {
			keep(ctx, write, s.Org.ID, &renewed)
			return nil
		})
		return err
	}, leaseKey(s.Org.ID, s.ID))
	return left, err
}

var release = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'fence') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'ends_at', 0)
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return 0
`)

// ReleaseLease implements kit.SessionLease.
func (l *Leases) ReleaseLease(ctx context.Context, s kit.Session, fence uint64) error {
	if err := leases.Fence(fence); err != nil {
		return err
	}
	keys := []string{leaseKey(s.Org.ID, s.ID), leasedKey(s.Org.ID)}
	err := release.Run(ctx, l.DB, keys, strconv.FormatUint(fence, 10), s.ID).Err()
	l.board.Tell()
	return err
}

// FollowLeases implements kit.SessionLease.
func (l *Leases) FollowLeases(
	ctx context.Context, o kit.Org, sessionID *string, send func(*adapterv1.FollowLeasesResponse) error,
) error {
	return l.board.Follow(ctx, o, sessionID, func(ctx context.Context) ([]kit.Lease, int64, error) {
		now, err := clock(ctx, l.DB)
		if err != nil {
			return nil, 0, err
		}
		sessions := []string{}
		if sessionID != nil {
			sessions = append(sessions, *sessionID)
		} else {
			later := &redis.ZRangeBy{Min: "(" + strconv.FormatInt(now, 10), Max: "+inf"}
			if sessions, err = l.DB.ZRangeByScore(ctx, leasedKey(o.ID), later).Result(); err != nil {
				return nil, 0, err
			}
		}
		all, err := l.stored(ctx, o, sessions)
		return all, now, err
	}, send)
}

func (l *Leases) stored(ctx context.Context, o kit.Org, sessions []string) ([]kit.Lease, error) {
	if len(sessions) == 0 {
		return nil, nil
	}
	answers := make([]*redis.MapStringStringCmd, len(sessions))
	_, err := l.DB.Pipelined(ctx, func(read redis.Pipeliner) error {
		for i, session := range sessions {
			answers[i] = read.HGetAll(ctx, leaseKey(o.ID, session))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []kit.Lease
	for i, session := range sessions {
		if len(answers[i].Val()) == 0 {
			continue
		}
		lease, err := leaseIn(session, answers[i].Val())
		if err != nil {
			return nil, err
		}
		all = append(all, *lease)
	}
	return all, nil
}
