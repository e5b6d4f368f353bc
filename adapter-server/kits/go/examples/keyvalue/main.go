// mortise-values keeps the values of sessions in one SQLite file.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/sqlmemory"
	"google.golang.org/protobuf/types/known/timestamppb"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	table = `CREATE TABLE IF NOT EXISTS kept (org INTEGER, session TEXT, key BLOB, value BLOB,
		created INTEGER, updated INTEGER, PRIMARY KEY (org, session, key))`
	set = `INSERT INTO kept VALUES (?1, ?2, ?3, ?4, ?5, ?5)
		ON CONFLICT DO UPDATE SET value = excluded.value, updated = max(updated + 1, excluded.updated)`
	get    = "SELECT value FROM kept WHERE org = ? AND session = ? AND key = ?"
	remove = "DELETE FROM kept WHERE org = ? AND session = ? AND key = ?"
	list   = "SELECT key, created, updated FROM kept WHERE org = ? AND session = ? ORDER BY key"
)

// Values keeps texts as bytes: SQLite cuts a text at NUL.
type Values struct {
	kit.NoSecrets
	db *sql.DB
}

// SetValue implements kit.SessionStorageStore.
func (v Values) SetValue(ctx context.Context, s kit.Session, c kit.Change[kit.Nothing], key, value string) error {
	_, err := sqlmemory.Do(ctx, v.db, sqlmemory.SQLite, c, func(tx *sql.Tx) (kit.Nothing, error) {
		_, err := tx.ExecContext(ctx, set, s.Org.ID, s.ID, []byte(key), []byte(value), time.Now().UnixNano())
		return kit.Nothing{}, err
	})
	return err
}

// GetValue implements kit.SessionStorageStore.
func (v Values) GetValue(ctx context.Context, s kit.Session, key string) (*string, error) {
	var value string
	err := v.db.QueryRowContext(ctx, get, s.Org.ID, s.ID, []byte(key)).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &value, err
}

// DeleteValue implements kit.SessionStorageStore.
func (v Values) DeleteValue(ctx context.Context, s kit.Session, c kit.Change[bool], key string) (bool, error) {
	return sqlmemory.Do(ctx, v.db, sqlmemory.SQLite, c, func(tx *sql.Tx) (bool, error) {
		deleted, err := tx.ExecContext(ctx, remove, s.Org.ID, s.ID, []byte(key))
		if err != nil {
			return false, err
		}
		rows, err := deleted.RowsAffected()
		return rows == 1, err
	})
}

// ListKeys implements kit.SessionStorageStore.
func (v Values) ListKeys(ctx context.Context, s kit.Session) (keys []*adapterv1.KeyInfo, err error) {
	rows, err := v.db.QueryContext(ctx, list, s.Org.ID, s.ID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key string
		var created, updated int64
		if err := rows.Scan(&key, &created, &updated); err != nil {
			return nil, err
		}
		keys = append(keys, &adapterv1.KeyInfo{Key: key, CreatedAt: at(created), UpdatedAt: at(updated)})
	}
	return keys, rows.Err()
}

func at(nanoseconds int64) *timestamppb.Timestamp { return timestamppb.New(time.Unix(0, nanoseconds)) }

// open opens the file. One connection: SQLite writes one change after the other, and
// those who wait queue here.
func open(ctx context.Context, file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, table); err != nil {
		return nil, err
	}
	return db, sqlmemory.Migrate(ctx, db, sqlmemory.SQLite)
}

// isBusy says whether another process holds the file.
func isBusy(err error) bool {
	var known *sqlite.Error
	return errors.As(err, &known) && known.Code()&0xff == sqlite3.SQLITE_BUSY
}

func main() {
	config := kit.Flags(flag.CommandLine)
	file := flag.String("database", "values.db", "the `FILE` of the database")
	flag.Parse()
	db, err := open(context.Background(), *file)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mortise-values: -database %s: %v\n", *file, err)
		os.Exit(2)
	}
	os.Exit(kit.Run("mortise-values", "0.1.0", *config,
		kit.OfferSessionStorageStore(Values{db: db}),
		kit.UnavailableOn(isBusy),
		kit.Ping(db.PingContext)))
}
