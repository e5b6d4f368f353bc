package sqlmemory

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/leases"
)

const (
	leaseColumns = "session, fence, ends_at, time_left_max, holder, address"
	leaseTable   = `CREATE TABLE IF NOT EXISTS mortise_leases (
	org BIGINT NOT NULL, session IDENTIFIER NOT NULL, fence BIGINT NOT NULL, ends_at BIGINT NOT NULL,
	time_left_max BIGINT NOT NULL, holder IDENTIFIER NOT NULL, address IDENTIFIER NOT NULL, PRIMARY KEY (org, session))`
	leaseBegin = "INSERT INTO mortise_leases (org, " + leaseColumns + ") VALUES (?, ?, 0, 0, 0, '', '') ON CONFLICT (org, session) DO NOTHING"
	leaseFind  = "SELECT " + leaseColumns + " FROM mortise_leases WHERE org = ? AND session = ?"
	running    = "SELECT " + leaseColumns + " FROM mortise_leases WHERE org = ? AND ends_at > ? ORDER BY session"
	put        = "UPDATE mortise_leases SET fence = ?, ends_at = ?, time_left_max = ?, holder = ?, address = ? WHERE org = ? AND session = ?"
	renew      = "UPDATE mortise_leases SET ends_at = ?, time_left_max = ? WHERE org = ? AND session = ?"
	release    = "UPDATE mortise_leases SET ends_at = 0 WHERE org = ? AND session = ? AND fence = ? AND ends_at <> 0"
)

// leaseDialect is how a database reads and locks leases. A change shares the lock of its
// session, and a grant has it alone: when a grant is answered, the changes under the fence
// before are over. Locks of rows would not do: those who share one do not queue behind a
// grant that waits, which could wait for ever. SQLite has one writer at a time.
type leaseDialect struct {
	text, now         string
	toChange, toGrant string
	alone             string
	numbered          bool
}

var (
	postgresLeases = &leaseDialect{
		text: `TEXT COLLATE "C"`, now: "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
		toChange: "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, $2))",
		toGrant:  "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))",
		alone:    " FOR UPDATE", numbered: true,
	}
	sqliteLeases = &leaseDialect{text: "TEXT"}
)

// querier is a database or a transaction.
type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func (d *leaseDialect) own(statement string) string {
	if d.numbered {
		return numbered(statement)
	}
	return statement
}

// clock is the present time of the database in microseconds.
func (d *leaseDialect) clock(ctx context.Context, db querier) (now int64, err error) {
	if d.now == "" {
		return time.Now().UnixMicro(), nil
	}
	err = db.QueryRowContext(ctx, d.now).Scan(&now)
	return now, err
}

func (d *leaseDialect) lock(ctx context.Context, tx *sql.Tx, how string, org int64, session string) error {
	if how == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, how, session, org)
	return err
}

func (d *leaseDialect) find(ctx context.Context, db querier, org int64, session, lock string) (*kit.Lease, error) {
	lease, err := scanned(db.QueryRowContext(ctx, d.own(leaseFind)+lock, org, session))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return lease, err
}

func scanned(row interface{ Scan(...any) error }) (*kit.Lease, error) {
	lease := &kit.Lease{}
	err := row.Scan(&lease.Session, &lease.Fence, &lease.EndsAt, &lease.TimeLeftMax, &lease.Holder, &lease.Address)
	return lease, err
}

// admit is FENCED unless the leases admit a change. They stay as they are until its end.
func admit[T any](ctx context.Context, tx *sql.Tx, d Dialect, c kit.Change[T]) error {
	sessions := c.Fencing.Sessions()
	if len(sessions) == 0 {
		return nil
	}
	if d.leases == nil {
		return errors.New("this dialect keeps no leases: offer its stores without FEATURE_FENCED")
	}
	found := map[string]kit.Lease{}
	for _, session := range sessions {
		if err := d.leases.lock(ctx, tx, d.leases.toChange, c.Org, session); err != nil {
			return err
		}
		lease, err := d.leases.find(ctx, tx, c.Org, session, "")
		if err != nil {
			return err
		}
		if lease != nil {
			found[session] = *lease
		}
	}
	now, err := d.leases.clock(ctx, tx)
	if err != nil {
		return err
	}
	return c.Judge(found, now)
}

// Admit looks at the fence of a change that stores nothing here.
func Admit[T any](ctx context.Context, db *sql.DB, d Dialect, c kit.Change[T]) error {
	return together(ctx, db, func(tx *sql.Tx) error { return admit(ctx, tx, d, c) })
}

// Leases is SessionLeaseService in a table of the database. Offer it beside the stores that
// keep what belongs to sessions in the same database, and offer these with FEATURE_FENCED:
// Do then looks at the lease in the transaction of each change. A row of the table stays:
// fences of a session rise for ever.
type Leases struct {
	DB *sql.DB
	// Dialect is Postgres or SQLite.
	Dialect Dialect
	// Exists is SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased; nil for
	// an adapter that keeps no sessions.
	Exists func(context.Context, *sql.Tx, kit.Session) error

	board leases.Board
}

// MigrateLeases makes the table of leases, if it is not there.
func MigrateLeases(ctx context.Context, db *sql.DB, d Dialect) error {
	if d.leases == nil {
		return errors.New("leases are kept in PostgreSQL and SQLite; this dialect has none")
	}
	_, err := db.ExecContext(ctx, strings.ReplaceAll(leaseTable, "IDENTIFIER", d.leases.text))
	return err
}

// AcquireLease implements kit.SessionLease.
func (l *Leases) AcquireLease(
	ctx context.Context, s kit.Session, c kit.Change[*adapterv1.SessionLease], holder, address string, ttlMs uint64,
) (*adapterv1.SessionLease, error) {
	wanted, err := leases.Want(holder, address, ttlMs)
	if err != nil {
		return nil, err
	}
	lease, err := Do(ctx, l.DB, l.Dialect, c, func(tx *sql.Tx) (*adapterv1.SessionLease, error) {
		lease, err := l.grant(ctx, tx, s, wanted)
		if err != nil {
			return nil, err
		}
		return leases.Answer(lease, lease.TimeLeftMax), nil
	})
	l.board.Tell()
	return lease, err
}

func (l *Leases) grant(ctx context.Context, tx *sql.Tx, s kit.Session, wanted leases.Wanted) (*kit.Lease, error) {
	d := l.Dialect.leases
	// Nothing is gained by waiting for the changes of another's lease.
	if _, _, err := l.unheld(ctx, tx, s, wanted, ""); err != nil {
		return nil, err
	}
	if l.Exists != nil {
		if err := l.Exists(ctx, tx, s); err != nil {
			return nil, err
		}
	}
	if err := d.lock(ctx, tx, d.toGrant, s.Org.ID, s.ID); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, d.own(leaseBegin), s.Org.ID, s.ID); err != nil {
		return nil, err
	}
	last, now, err := l.unheld(ctx, tx, s, wanted, d.alone)
	if err != nil {
		return nil, err
	}
	lease := l.board.Granted(s, last, wanted, now)
	_, err = tx.ExecContext(ctx, d.own(put),
		lease.Fence, lease.EndsAt, lease.TimeLeftMax, lease.Holder, lease.Address, s.Org.ID, s.ID)
	return &lease, err
}

func (l *Leases) unheld(
	ctx context.Context, tx *sql.Tx, s kit.Session, wanted leases.Wanted, lock string,
) (*kit.Lease, int64, error) {
	last, err := l.Dialect.leases.find(ctx, tx, s.Org.ID, s.ID, lock)
	if err != nil {
		return nil, 0, err
	}
	now, err := l.Dialect.leases.clock(ctx, tx)
	if err != nil {
		return nil, 0, err
	}
	return last, now, l.board.Held(s.Org.ID, last, wanted.Holder, now)
}

// RenewLease implements kit.SessionLease.
func (l *Leases) RenewLease(ctx context.Context, s kit.Session, fence, ttlMs uint64) (left uint64, err error) {
	ttl, err := leases.TTL(ttlMs)
	if err = errors.Join(err, leases.Fence(fence)); err != nil {
		return 0, err
	}
	d := l.Dialect.leases
	err = together(ctx, l.DB, func(tx *sql.Tx) error {
		last, err := d.find(ctx, tx, s.Org.ID, s.ID, d.alone)
		if err != nil {
			return err
		}
		now, err := d.clock(ctx, tx)
		if err != nil {
			return err
		}
		renewed, err := l.board.Renewed(s, last, fence, ttl, now)
		if err != nil {
			return err
		}
		left = leases.Millis(&renewed)
		_, err = tx.ExecContext(ctx, d.own(renew), renewed.EndsAt, renewed.TimeLeftMax, s.Org.ID, s.ID)
		return err
	})
	return left, err
}

// ReleaseLease implements kit.SessionLease.
func (l *Leases) ReleaseLease(ctx context.Context, s kit.Session, fence uint64) error {
	if err := leases.Fence(fence); err != nil || fence > math.MaxInt64 {
		return err
	}
	_, err := l.DB.ExecContext(ctx, l.Dialect.leases.own(release), s.Org.ID, s.ID, fence)
	l.board.Tell()
	return err
}

// FollowLeases implements kit.SessionLease.
func (l *Leases) FollowLeases(
	ctx context.Context, o kit.Org, sessionID *string, send func(*adapterv1.FollowLeasesResponse) error,
) error {
	return l.board.Follow(ctx, o, sessionID, func(ctx context.Context) ([]kit.Lease, int64, error) {
		return l.stored(ctx, o, sessionID)
	}, send)
}

func (l *Leases) stored(ctx context.Context, o kit.Org, sessionID *string) (all []kit.Lease, now int64, err error) {
	d := l.Dialect.leases
	if now, err = d.clock(ctx, l.DB); err != nil {
		return nil, 0, err
	}
	if sessionID != nil {
		lease, err := d.find(ctx, l.DB, o.ID, *sessionID, "")
		if lease != nil {
			all = append(all, *lease)
		}
		return all, now, err
	}
	rows, err := l.DB.QueryContext(ctx, d.own(running), o.ID, now)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		lease, err := scanned(rows)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, *lease)
	}
	return all, now, rows.Err()
}
