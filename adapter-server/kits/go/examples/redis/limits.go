package main

import (
	"context"
	"fmt"

	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/redis/go-redis/v9"
)

// Limits counts the outbound tool calls of an org in windows of time. An operator gives an
// org a limit with
//
//	redis-cli HSET mortise:limit:{ORG} max 100 seconds 60
//
// and takes it away with DEL. An org without a limit may always call.
type Limits struct{ DB redis.UniversalClient }

func limitKey(org int64) string { return fmt.Sprintf("mortise:limit:{%d}", org) }

// count lets the time of Redis decide, which all adapters share. A window begins with its
// first call.
var count = redis.NewScript(`
local limit = redis.call('HMGET', KEYS[1], 'max', 'seconds')
if not limit[1] then
  return 1
end
if tonumber(limit[1]) < 1 then
  return 0
end
local calls = redis.call('INCR', KEYS[2])
if calls == 1 then
  redis.call('EXPIRE', KEYS[2], limit[2])
end
return calls <= tonumber(limit[1]) and 1 or 0
`)

// CheckOrg implements kit.OutboundToolRateLimiter.
func (l Limits) CheckOrg(ctx context.Context, o kit.Org, _ string) (bool, error) {
	return count.Run(ctx, l.DB, []string{limitKey(o.ID), limitKey(o.ID) + ":calls"}).Bool()
}
