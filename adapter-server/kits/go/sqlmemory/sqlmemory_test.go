package sqlmemory_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"github.com/everruns/mortise/adapter-server/kits/go/sqlmemory"
	_ "github.com/jackc/pgx/v5/stdlib"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// values keeps values in one table.
type values struct {
	kit.NoSecrets
	db *sql.DB
}

const valuesTable = `CREATE TABLE values_of_sessions (org BIGINT, session TEXT, key BYTEA, value BYTEA,
	created TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), updated TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
	changes INT NOT NULL DEFAULT 1, PRIMARY KEY (org, session, key))`

func (v values) SetValue(ctx context.Context, s kit.Session, c kit.Change[kit.Nothing], key, value string) error {
	_, err := sqlmemory.Do(ctx, v.db, sqlmemory.Postgres, c, func(tx *sql.Tx) (kit.Nothing, error) {
		_, err := tx.ExecContext(ctx, `INSERT INTO values_of_sessions (org, session, key, value) VALUES ($1, $2, $3, $4)
			ON CONFLICT (org, session, key) DO UPDATE SET value = excluded.value, updated = clock_timestamp(),
			changes = values_of_sessions.changes + 1`, s.Org.ID, s.ID, []byte(key), []byte(value))
		return kit.Nothing{}, err
	})
	return err
}

func (v values) GetValue(ctx context.Context, s kit.Session, key string) (*string, error) {
	var value []byte
	err := v.db.QueryRowContext(ctx, "SELECT value FROM values_of_sessions WHERE org = $1 AND session = $2 AND key = $3",
		s.Org.ID, s.ID, []byte(key)).Scan(&value)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	text := string(value)
	return &text, err
}

func (v values) DeleteValue(ctx context.Context, s kit.Session, c kit.Change[bool], key string) (bool, error) {
	return sqlmemory.Do(ctx, v.db, sqlmemory.Postgres, c, func(tx *sql.Tx) (bool, error) {
		made, err := tx.ExecContext(ctx, "DELETE FROM values_of_sessions WHERE org = $1 AND session = $2 AND key = $3",
			s.Org.ID, s.ID, []byte(key))
		if err != nil {
			return false, err
		}
		rows, err := made.RowsAffected()
		return rows == 1, err
	})
}

func (v values) ListKeys(ctx context.Context, s kit.Session) ([]*adapterv1.KeyInfo, error) {
	rows, err := v.db.QueryContext(ctx,
		"SELECT key, created, updated FROM values_of_sessions WHERE org = $1 AND session = $2 ORDER BY key", s.Org.ID, s.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []*adapterv1.KeyInfo
	for rows.Next() {
		var key []byte
		var created, updated sql.NullTime
		if err := rows.Scan(&key, &created, &updated); err != nil {
			return nil, err
		}
		keys = append(keys, &adapterv1.KeyInfo{
			Key: string(key), CreatedAt: timestamppb.New(created.Time), UpdatedAt: timestamppb.New(updated.Time),
		})
	}
	return keys, rows.Err()
}

// A store in PostgreSQL keeps every rule of values and leases, with its answers and the look
// at the lease in the transaction.
func TestContract(t *testing.T) {
	db := database(t)
	kittest.Contract(t, []kit.Option{
		kit.OfferSessionStorageStore(values{db: db}, adapterv1.Feature_FEATURE_FENCED),
		kit.OfferSessionLease(&sqlmemory.Leases{DB: db, Dialect: sqlmemory.Postgres}),
		kit.UnavailableOn(sqlmemory.Unavailable),
	})
}

// A change that is under way when its lease passes on is over when the grant is answered,
// also where another adapter grants it.
func TestGrantWaitsForChanges(t *testing.T) {
	db := database(t)
	leases := &sqlmemory.Leases{DB: db, Dialect: sqlmemory.Postgres}
	first := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(values{db: db}, adapterv1.Feature_FEATURE_FENCED)))
	second := kittest.Connect(t, kittest.Serve(t, kit.OfferSessionLease(leases)))
	granting := adapterv1.NewSessionLeaseServiceClient(second)
	acquire := func(i int) uint64 {
		answer, err := granting.AcquireLease(t.Context(), &adapterv1.AcquireLeaseRequest{
			Context:   &adapterv1.CallContext{OrgId: 1, RequestId: fmt.Sprint("lease-", i)},
			SessionId: kittest.SessionID(1), Holder: "one", TtlMs: 60_000,
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetLease().GetFence()
	}
	set := func(fence uint64, i int) error {
		_, err := first.SetValue(t.Context(), &adapterv1.SetValueRequest{
			Context: &adapterv1.CallContext{
				OrgId: 1, RequestId: fmt.Sprint("change-", fence, "-", i), SessionId: kittest.SessionID(1), Fence: fence,
			},
			SessionId: kittest.SessionID(1), Key: "k", Value: fmt.Sprint(fence),
		})
		return err
	}
	changes := func() (n int) {
		if err := db.QueryRow("SELECT coalesce(max(changes), 0) FROM values_of_sessions").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	fence := acquire(0)
	for round := 1; round <= 10; round++ {
		var writers sync.WaitGroup
		for writer := range 8 {
			writers.Go(func() {
				for i := 0; set(fence, 1000*writer+i) == nil; i++ {
				}
			})
		}
		next := acquire(round)
		at := changes()
		writers.Wait()
		if later := changes(); later != at {
			t.Fatalf("after a grant was answered, %d changes under the fence before became visible", later-at)
		}
		fence = next
	}
}

// Two adapters on one database make a change once, though it is sent to both at once.
func TestOnceAcrossProcesses(t *testing.T) {
	db := database(t)
	first := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(values{db: db})))
	second := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(values{db: db})))
	for i := range 20 {
		r := &adapterv1.SetValueRequest{
			Context:   &adapterv1.CallContext{OrgId: 1, RequestId: fmt.Sprint("change-", i)},
			SessionId: kittest.SessionID(i), Key: "k", Value: "v",
		}
		var both sync.WaitGroup
		for _, adapter := range []adapterv1.SessionStorageStoreServiceClient{first, second} {
			both.Go(func() {
				if _, err := adapter.SetValue(t.Context(), r); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	var most, rows int
	err := db.QueryRow("SELECT max(changes), count(*) FROM values_of_sessions").Scan(&most, &rows)
	if err != nil || most != 1 || rows != 20 {
		t.Errorf("a value was changed %d times at most, %d rows, %v; expected 1 and 20", most, rows, err)
	}
}

// Answers that need not be kept are deleted by the kit, with the first change; others stay.
func TestOldAnswersAreDeleted(t *testing.T) {
	db := database(t)
	_, err := db.Exec(`INSERT INTO mortise_answers (org, request_id, method, expires_at)
		SELECT 1, 'old-' || n, 'm', 1 FROM generate_series(1, 100) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	client := kittest.Dial(t, kittest.Serve(t, kit.OfferSessionStorageStore(values{db: db})))
	_, err = client.SetValue(t.Context(), &adapterv1.SetValueRequest{
		Context:   &adapterv1.CallContext{OrgId: 1, RequestId: "new"},
		SessionId: kittest.SessionID(1), Key: "k", Value: "v",
	})
	if err != nil {
		t.Fatal(err)
	}
	kittest.Eventually(t, "the old answers are deleted", func() bool {
		var kept string
		if err := db.QueryRow("SELECT string_agg(request_id, ',') FROM mortise_answers").Scan(&kept); err != nil {
			t.Fatal(err)
		}
		return kept == "new"
	})
}

// database is a schema of the test's own in the cluster that MORTISE_POSTGRES names.
func database(t *testing.T) *sql.DB {
	t.Helper()
	url := os.Getenv("MORTISE_POSTGRES")
	if url == "" {
		t.Fatal("MORTISE_POSTGRES names no database; run `cargo xtask with-postgres -- adapter-server/kits/test.sh`")
	}
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("kit_%d_%s", os.Getpid(), kittest.Word(t))
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", url+"&search_path="+name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []func() error{
		func() error { return sqlmemory.Migrate(t.Context(), db, sqlmemory.Postgres) },
		func() error { return sqlmemory.MigrateLeases(t.Context(), db, sqlmemory.Postgres) },
		func() error { _, err := db.Exec(valuesTable); return err },
	} {
		if err := statement(); err != nil {
			t.Fatal(err)
		}
	}
	return db
}
