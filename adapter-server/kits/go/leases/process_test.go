package leases_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/kittest"
	"github.com/everruns/mortise/adapter-server/kits/go/leases"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// values keeps the values of sessions in a map, and knows nothing of leases.
type values struct {
	kit.NoSecrets
	mu      sync.Mutex
	kept    map[kit.Session]map[string]*kept
	changes atomic.Int64
}

type kept struct {
	value string
	info  *adapterv1.KeyInfo
}

func (v *values) SetValue(_ context.Context, s kit.Session, _ kit.Change[kit.Nothing], key, value string) error {
	// Time for a grant to come in between.
	runtime.Gosched()
	defer v.changes.Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	now := timestamppb.Now()
	if v.kept == nil {
		v.kept = map[kit.Session]map[string]*kept{}
	}
	if v.kept[s] == nil {
		v.kept[s] = map[string]*kept{}
	}
	created := now
	if before := v.kept[s][key]; before != nil {
		created = before.info.GetCreatedAt()
	}
	v.kept[s][key] = &kept{value, &adapterv1.KeyInfo{Key: key, CreatedAt: created, UpdatedAt: now}}
	return nil
}

func (v *values) GetValue(_ context.Context, s kit.Session, key string) (*string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if one := v.kept[s][key]; one != nil {
		return &one.value, nil
	}
	return nil, nil
}

func (v *values) DeleteValue(_ context.Context, s kit.Session, _ kit.Change[bool], key string) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, was := v.kept[s][key]
	delete(v.kept[s], key)
	return was, nil
}

func (v *values) ListKeys(_ context.Context, s kit.Session) (all []*adapterv1.KeyInfo, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for one := range maps.Values(v.kept[s]) {
		all = append(all, one.info)
	}
	slices.SortFunc(all, func(a, b *adapterv1.KeyInfo) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	return all, nil
}

// Leases in the process keep every rule, and put their fences on a store that knows nothing
// of them.
func TestContract(t *testing.T) {
	kittest.Contract(t, []kit.Option{
		kit.OfferSessionLease(&leases.Process{}), kit.OfferSessionStorageStore(&values{}),
	}, "--only", "LSE-*")
}

// A change that is under way when its lease passes on is over when the grant is answered.
func TestGrantWaitsForChanges(t *testing.T) {
	store := &values{}
	connection := kittest.Connect(t, kittest.Serve(t,
		kit.OfferSessionLease(&leases.Process{}), kit.OfferSessionStorageStore(store)))
	granting := adapterv1.NewSessionLeaseServiceClient(connection)
	setting := adapterv1.NewSessionStorageStoreServiceClient(connection)
	session := kittest.SessionID(1)
	acquire := func(round int) uint64 {
		answer, err := granting.AcquireLease(t.Context(), &adapterv1.AcquireLeaseRequest{
			Context:   &adapterv1.CallContext{OrgId: 1, RequestId: fmt.Sprint("lease-", round)},
			SessionId: session, Holder: "one", TtlMs: 60_000,
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetLease().GetFence()
	}
	set := func(fence uint64, i int) error {
		_, err := setting.SetValue(t.Context(), &adapterv1.SetValueRequest{
			Context: &adapterv1.CallContext{
				OrgId: 1, RequestId: fmt.Sprint("change-", fence, "-", i), SessionId: session, Fence: fence,
			},
			SessionId: session, Key: "k", Value: "v",
		})
		return err
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
		for before := store.changes.Load(); store.changes.Load() == before; {
			runtime.Gosched()
		}
		next := acquire(round)
		at := store.changes.Load()
		writers.Wait()
		if later := store.changes.Load(); later != at {
			t.Fatalf("after a grant was answered, %d changes under the fence before became visible", later-at)
		}
		fence = next
	}
}
