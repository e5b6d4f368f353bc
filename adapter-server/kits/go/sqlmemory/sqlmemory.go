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
type Dialect struct{ create, insert, find, keep, forget string }

const table = `CREATE TABLE IF NOT EXISTS mortise_answers (
	org BIGINT NOT NULL, request_id BINARY_64 NOT NULL, method VARCHAR(200) NOT NULL,
	answer BYTES, expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id))`

func dialect(id, bytes, insert, ignore string, numbered bool) Dialect {
	d := Dialect{
		create: strings.NewReplacer("BINARY_64", id, "BYTES", bytes).Replace(table),
		insert: insert + " INTO mortise_answers (org, request_id, method, expires_at) VALUES (?, ?, ?, ?)" + ignore,
		find:   "SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?",
		keep:   "UPDATE mortise_answers SET answer = ? WHERE org = ? AND request_id = ?",
		forget: "DELETE FROM mortise_answers WHERE expires_at < ?",
	}
	if numbered {
		for _, statement := range []*string{&d.insert, &d.find, &d.keep, &d.forget} {
			for number := '1'; strings.Contains(*statement, "?"); number++ {
				*statement = strings.Replace(*statement, "?", "$"+string(number), 1)
			}
		}
	}
	return d
}

// The dialects. A request_id is compared by its bytes in each.
var (
	Postgres = dialect(`TEXT COLLATE "C"`, "BYTEA", "INSERT", " ON CONFLICT DO NOTHING", true)
	SQLite   = dialect("TEXT", "BLOB", "INSERT", " ON CONFLICT DO NOTHING", false)
	MySQL    = dialect("VARBINARY(64)", "LONGBLOB", "INSERT IGNORE", "", false)
)

// Migrate makes the table of answers, if it is not there.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	_, err := db.ExecContext(ctx, d.create)
	return err
}

// Forget deletes answers that are older than they must be kept. Call it now and then, such
// as every hour.
func Forget(ctx context.Context, db *sql.DB, d Dialect) error {
	_, err := db.ExecContext(ctx, d.forget, time.Now().Unix())
	return err
}

// Do makes a change in a transaction that also holds its answer. The row of the answer is
// written first: the same change over another connection waits for it. change is called
// again where the database could not order two transactions; it must do nothing else.
func Do[T any](
	ctx context.Context, db *sql.DB, d Dialect, c kit.Change[T], change func(*sql.Tx) (T, error),
) (T, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		v, err := once(ctx, db, d, c, change)
		if !isConflict(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(rand.N(wait)):
		}
	}
}

func once[T any](
	ctx context.Context, db *sql.DB, d Dialect, c kit.Change[T], change func(*sql.Tx) (T, error),
) (v T, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return v, err
	}
	// After a commit it does nothing.
	defer func() { _ = tx.Rollback() }()
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
	if v, err = change(tx); err != nil {
		return v, err
	}
	answer, err := c.Answer(v)
	if err != nil {
		return v, err
	}
	if _, err = tx.ExecContext(ctx, d.keep, answer, c.Org, c.RequestID); err != nil {
		return v, err
	}
	return v, tx.Commit()
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
