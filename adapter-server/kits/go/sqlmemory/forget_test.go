package sqlmemory

import (
	"database/sql"
	"runtime"
	"testing"
	"time"
	"weak"
)

// Old answers are deleted with the first change of a database and then once an hour, in each
// database by itself.
func TestForgetIsDueHourly(t *testing.T) {
	one, other := new(sql.DB), new(sql.DB)
	begin := time.Unix(1_000_000, 0)
	for _, look := range []struct {
		db    *sql.DB
		after time.Duration
		due   bool
	}{
		{one, 0, true},
		{one, time.Second, false},
		{other, time.Second, true},
		{one, forgetEvery - 1, false},
		{one, forgetEvery, true},
		{one, forgetEvery + time.Second, false},
	} {
		if due := isForgetDue(look.db, begin.Add(look.after)); due != look.due {
			t.Errorf("after %v: due %v, expected %v", look.after, due, look.due)
		}
	}
	runtime.KeepAlive(one)
	runtime.KeepAlive(other)
}

// A database that is gone leaves nothing behind.
func TestDatabaseThatIsGoneIsDropped(t *testing.T) {
	place := func() weak.Pointer[sql.DB] {
		db := new(sql.DB)
		isForgetDue(db, time.Now())
		return weak.Make(db)
	}()
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		runtime.GC()
		forgotten.Lock()
		_, isKnown := forgotten.at[place]
		forgotten.Unlock()
		if !isKnown {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the database is still known")
		}
	}
}
