package sqlmemory

import (
	"context"
	"database/sql"
	"log/slog"
	"runtime"
	"sync"
	"time"
	"weak"
)

const (
	forgetEvery  = time.Hour
	forgetWithin = 10 * time.Minute
)

// Forget deletes answers that are older than they must be kept. Do calls it by itself after
// the first change and then every hour in which there is one: a program need not.
func Forget(ctx context.Context, db *sql.DB, d Dialect) error {
	_, err := db.ExecContext(ctx, d.forget, time.Now().Unix())
	return err
}

// forgotten is when answers of a database were last deleted.
var forgotten = struct {
	sync.Mutex
	at map[weak.Pointer[sql.DB]]time.Time
}{at: map[weak.Pointer[sql.DB]]time.Time{}}

// forgetIfDue deletes old answers beside the calls, which do not wait for it.
func forgetIfDue(db *sql.DB, d Dialect) {
	if !isForgetDue(db, time.Now()) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), forgetWithin)
		defer cancel()
		if err := Forget(ctx, db, d); err != nil {
			slog.Warn("old answers are not deleted; it is tried again in an hour", "error", err)
		}
	}()
}

// isForgetDue says once an hour that answers of a database have to be deleted.
func isForgetDue(db *sql.DB, now time.Time) bool {
	place := weak.Make(db)
	forgotten.Lock()
	defer forgotten.Unlock()
	last, isKnown := forgotten.at[place]
	if isKnown && now.Sub(last) < forgetEvery {
		return false
	}
	if !isKnown {
		runtime.AddCleanup(db, dropForgotten, place)
	}
	forgotten.at[place] = now
	return true
}

// dropForgotten ends what is known of a database that is gone.
func dropForgotten(place weak.Pointer[sql.DB]) {
	forgotten.Lock()
	defer forgotten.Unlock()
	delete(forgotten.at, place)
}
