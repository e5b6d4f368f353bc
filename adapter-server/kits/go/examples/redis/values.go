package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/everruns/mortise/adapter-server/kits/go/redismemory"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Values keeps the values of sessions in three hashes per session: the values, and when
// each was first and last set. It keeps no secrets.
type Values struct {
	kit.NoSecrets
	DB redis.UniversalClient
}

func valuesKey(s kit.Session, part string) string {
	return fmt.Sprintf("mortise:%s:{%d}:%s", part, s.Org.ID, s.ID)
}

// SetValue implements kit.SessionStorageStore.
func (v Values) SetValue(ctx context.Context, s kit.Session, c kit.Change[kit.Nothing], key, value string) error {
	now := time.Now().UnixNano()
	_, err := redismemory.Exec(ctx, v.DB, c, redismemory.Done,
		[]any{"HSET", valuesKey(s, "values"), key, value},
		[]any{"HSETNX", valuesKey(s, "created"), key, now},
		[]any{"HSET", valuesKey(s, "updated"), key, now})
	return err
}

// GetValue implements kit.SessionStorageStore.
func (v Values) GetValue(ctx context.Context, s kit.Session, key string) (*string, error) {
	value, err := v.DB.HGet(ctx, valuesKey(s, "values"), key).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return &value, err
}

// DeleteValue implements kit.SessionStorageStore.
func (v Values) DeleteValue(ctx context.Context, s kit.Session, c kit.Change[bool], key string) (bool, error) {
	return redismemory.Exec(ctx, v.DB, c, hasDeleted,
		[]any{"HDEL", valuesKey(s, "values"), key},
		[]any{"HDEL", valuesKey(s, "created"), key},
		[]any{"HDEL", valuesKey(s, "updated"), key})
}

func hasDeleted(replies []any) (bool, error) { return replies[0] == int64(1), nil }

// ListKeys implements kit.SessionStorageStore.
func (v Values) ListKeys(ctx context.Context, s kit.Session) ([]*adapterv1.KeyInfo, error) {
	infos, err := infos(ctx, v.DB, valuesKey(s, "created"), valuesKey(s, "updated"))
	keys := make([]*adapterv1.KeyInfo, 0, len(infos))
	for _, one := range infos {
		keys = append(keys, &adapterv1.KeyInfo{Key: one.name, CreatedAt: one.created, UpdatedAt: one.updated})
	}
	return keys, err
}

type info struct {
	name             string
	created, updated *timestamppb.Timestamp
}

// infos are the names of two hashes with their times, in the order of their bytes.
func infos(ctx context.Context, db redis.UniversalClient, createdKey, updatedKey string) ([]info, error) {
	var created, updated *redis.MapStringStringCmd
	_, err := db.TxPipelined(ctx, func(read redis.Pipeliner) error {
		created, updated = read.HGetAll(ctx, createdKey), read.HGetAll(ctx, updatedKey)
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]info, 0, len(created.Val()))
	for name, first := range created.Val() {
		all = append(all, info{name, stamp(first), stamp(updated.Val()[name])})
	}
	slices.SortFunc(all, func(a, b info) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func stamp(nanoseconds string) *timestamppb.Timestamp {
	since1970, _ := strconv.ParseInt(nanoseconds, 10, 64)
	return timestamppb.New(time.Unix(0, since1970))
}
