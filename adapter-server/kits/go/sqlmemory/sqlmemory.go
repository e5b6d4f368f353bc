// Package sqlmemory makes a change in an SQL database once under its request_id: the
// answer is a row that is written in the transaction of the change.
package sqlmemory

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/kit"
)

// Dialect is how a database writes what differs between them.
type Dialect struct {
	create, index, insert, find, keep, forget string
	// nil if leases are not kept there.
	leases *leaseDialect
}

const table = `CREATE TABLE IF NOT EXISTS mortise_answers (
	org BIGINT NOT NULL, request_id BINARY_64 NOT NULL, method VARCHAR(200) NOT NULL,
	answer BYTES, expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id)WITHIN)`

const index = "CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at)"

// dialect puts a dialect together. within is the index as a part of the table, for a
// database that has no CREATE INDEX IF NOT EXISTS.
func dialect(id, bytes, within, insert, ignore string, leases *leaseDialect) Dialect {
	d := Dialect{
		leases: leases,
		create: strings.NewReplacer("BINARY_64", id, "BYTES", bytes, "WITHIN", within).Replace(table),
		insert: insert + " INTO mortise_answers (org, request_id, method, expires_at) VALUES (?, ?, ?, ?)" + ignore,
		find:   "SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?",
		keep:   "UPDATE mortise_answers SET answer = ? WHERE org = ? AND request_id = ?",
		forget: "DELETE FROM mortise_answers WHERE expires_at < ?",
	}
	if within == "" {
		d.index = index
	}
	if leases != nil && leases.numbered {
		for _, statement := range []*string{&d.insert, &d.find, &d.keep, &d.forget} {
			*statement = numbered(*statement)
		}
	}
	return d
}

// numbered is a statement whose parameters have numbers.
func numbered(statement string) string {
	for number := '1'; strings.Contains(statement, "?"); number++ {
		statement = strings.Replace(statement, "?", "$"+string(number), 1)
	}
	return statement
}

// The dialects. A request_id is compared by its bytes in each.
var (
	Postgres = dialect(`TEXT COLLATE "C"`, "BYTEA", "", "INSERT", " ON CONFLICT DO NOTHING", postgresLeases)
	SQLite   = dialect("TEXT", "BLOB", "", "INSERT", " ON CONFLICT DO NOTHING", sqliteLeases)
	MySQL    = dialect("VARBINARY(64)", "LONGBLOB", ", INDEX mortise_answers_expiry (expires_at)", "INSERT IGNORE", "", nil)
)

// Migrate makes the table of answers and its index, if they are not there.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	if _, err := db.ExecContext(ctx, d.create); err != nil || d.index == "" {
		return err
	}
	_, err := db.ExecContext(ctx, d.index)
	return err
}

// Do makes a change in a transaction that also holds its answer and, where the store is
// offered with FEATURE_FENCED, looks at the lease of the session. The row of the answer is
// written first: the same change over another connection waits for it. change is called
// again where the database could not order two transactions; it must do nothing else.
// Answers that are older than they must be kept are deleted by the way, every hour.
func Do[T any](
	ctx context.Context, db *sql.DB, d Dialect, c kit.Change[T], change func(*sql.Tx) (T, error),
) (v T, err error) {
	err = together(ctx, db, func(tx *sql.Tx) (err error) {
		v, err = made(ctx, tx, d, c, change)
		return err
	})
	if err == nil {
		forgetIfDue(db, d)
	}
	return v, err
}

// together makes a transaction, again where the database could not order two.
func together(ctx context.Context, db *sql.DB, work func(*sql.Tx) error) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := once(ctx, db, work)
		if !isConflict(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
	}
}

func once(ctx context.Context, db *sql.DB, work func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// After a commit it does nothing.
	defer func() { _ = tx.Rollback() }()
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func made[T any](
	ctx context.Context, tx *sql.Tx, d Dialect, c kit.Change[T], change func(*sql.Tx) (T, error),
) (v T, err error) {
	expires := time.Now().Add(kit.MemoryTime).Unix()
	made, err := tx.ExecContext(ctx, d.insert, c.Org, c.RequestID, c.Method, expires)
	if err != nil {
		return v, err
	}
	rows, err := made.RowsAffected()
	if err != nil {
		return v, err
	}
	if rows == 0 {
		var method string
		var answer []byte
		if err := tx.QueryRowContext(ctx, d.find, c.Org, c.RequestID).Scan(&method, &answer); err != nil {
			return v, err
		}
		return c.Again(method, answer)
	}
	if err = admit(ctx, tx, d, c); err != nil {
		return v, err
	}
	if v, err = change(tx); err != nil {
		return v, err
	}
	answer, err := c.Answer(v)
	if err != nil {
		return v, err
	}
	_, err = tx.ExecContext(ctx, d.keep, answer, c.Org, c.RequestID)
	return v, err
}

// stated is what drivers of PostgreSQL and others say of an error.
type stated interface{ SQLState() string }

// isConflict says whether two transactions could not be ordered, so that one must begin
// again.
func isConflict(err error) bool {
	var known stated
	return errors.As(err, &known) && (known.SQLState() == "40001" || known.SQLState() == "40P01")
}

// Unavailable says whether an error means that the database cannot answer now, for
// kit.UnavailableOn: it has no connection, no room or is stopping.
func Unavailable(err error) bool {
	var known stated
	if !errors.As(err, &known) {
		return false
	}
	for _, class := range []string{"08", "53", "57P", "25006"} {
		if strings.HasPrefix(known.SQLState(), class) {
			return true
		}
	}
	return false
}
