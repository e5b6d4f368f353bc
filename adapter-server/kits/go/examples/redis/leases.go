package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/redismemory"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Leases keeps each lease under a key of its own, as the contract's message, and the keys
// of a session in a list, oldest first.
type Leases struct{ DB redis.UniversalClient }

func leasesKey(s kit.Session) string { return fmt.Sprintf("mortise:leases:{%d}:%s", s.Org.ID, s.ID) }

// leaseKey names a lease. The three parts are any text, so they are quoted.
func leaseKey(s kit.Session, parts ...string) string {
	quoted, err := json.Marshal(parts)
	if err != nil {
		panic(err) // A list of strings is always JSON.
	}
	return leasesKey(s) + ":" + string(quoted)
}

// UpsertResource implements kit.LeasedResourceStore.
func (l Leases) UpsertResource(
	ctx context.Context, s kit.Session, c kit.Change[*adapterv1.LeasedResource], r *adapterv1.UpsertResourceRequest,
) (*adapterv1.LeasedResource, error) {
	key := leaseKey(s, r.GetProvider(), r.GetResourceType(), r.GetExternalId())
	return redismemory.Do(ctx, l.DB, c, func(read redis.Cmdable, write redis.Pipeliner) (*adapterv1.LeasedResource, error) {
		lease, err := leaseAt(ctx, read, key)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		if lease == nil {
			lease = &adapterv1.LeasedResource{
				Id: "resource_" + hexID(), SessionId: &s.ID, Provider: r.GetProvider(),
				ResourceType: r.GetResourceType(), ExternalId: r.GetExternalId(), CreatedAt: timestamppb.New(now),
			}
			write.RPush(ctx, leasesKey(s), key)
		}
		lease.Status = adapterv1.LeasedResourceStatus_LEASED_RESOURCE_STATUS_ACTIVE
		lease.DisplayName, lease.OwnerUserId, lease.MetadataJson = r.DisplayName, r.OwnerUserId, r.GetMetadataJson()
		lease.LeaseDurationSeconds = r.GetLeaseDurationSeconds()
		lease.LastTouchedAt, lease.UpdatedAt = timestamppb.New(now), timestamppb.New(now)
		lease.LeaseExpiresAt = timestamppb.New(now.Add(time.Duration(r.GetLeaseDurationSeconds()) * time.Second))
		return lease, put(ctx, write, key, lease)
	}, key)
}

// ReleaseResource implements kit.LeasedResourceStore.
func (l Leases) ReleaseResource(
	ctx context.Context, s kit.Session, c kit.Change[*adapterv1.LeasedResource], provider, resourceType, externalID string,
) (*adapterv1.LeasedResource, error) {
	key := leaseKey(s, provider, resourceType, externalID)
	return redismemory.Do(ctx, l.DB, c, func(read redis.Cmdable, write redis.Pipeliner) (*adapterv1.LeasedResource, error) {
		lease, err := leaseAt(ctx, read, key)
		if lease == nil || err != nil {
			return nil, err
		}
		lease.Status = adapterv1.LeasedResourceStatus_LEASED_RESOURCE_STATUS_RELEASED
		lease.UpdatedAt = timestamppb.Now()
		return lease, put(ctx, write, key, lease)
	}, key)
}

// ListResources implements kit.LeasedResourceStore.
func (l Leases) ListResources(ctx context.Context, s kit.Session) ([]*adapterv1.LeasedResource, error) {
	keys, err := l.DB.LRange(ctx, leasesKey(s), 0, -1).Result()
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	stored, err := l.DB.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	leases := make([]*adapterv1.LeasedResource, 0, len(stored))
	for _, one := range stored {
		text, _ := one.(string)
		lease := &adapterv1.LeasedResource{}
		if err := proto.Unmarshal([]byte(text), lease); err != nil {
			return nil, err
		}
		leases = append(leases, lease)
	}
	return leases, nil
}

func leaseAt(ctx context.Context, read redis.Cmdable, key string) (*adapterv1.LeasedResource, error) {
	stored, err := read.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lease := &adapterv1.LeasedResource{}
	return lease, proto.Unmarshal(stored, lease)
}

func put(ctx context.Context, write redis.Pipeliner, key string, lease *adapterv1.LeasedResource) error {
	stored, err := proto.Marshal(lease)
	if err != nil {
		return err
	}
	return write.Set(ctx, key, stored, 0).Err()
}

// hexID is the 32 digits of a fresh id.
func hexID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails.
	return hex.EncodeToString(random[:])
}
