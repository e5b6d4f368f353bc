// Package redismemory makes a change in Redis once under its request_id: the change and
// the answer that is remembered are one transaction.
//
// Answers lie under `mortise:answer:{ORG}:REQUEST_ID` for a day. They survive what Redis
// survives: switch on `appendonly yes` with `appendfsync always`, and no eviction.
package redismemory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"github.com/everruns/mortise/adapter-server/kits/go/kit"
	"github.com/redis/go-redis/v9"
)

// exec runs commands unless the answer is known, or the leases do not admit the change.
// KEYS[1] is the answer's key, KEYS[2] and on those of the leases; ARGV[1] the method,
// ARGV[2] the seconds to keep it, ARGV[3] the number of leases, then of each lease the fence
// that it must have, or ” if it must not run; then each command: its number of words and
// the words. What the commands replied is what is remembered.
var exec = redis.NewScript(`
local known = redis.call('GET', KEYS[1])
if known then
  return cmsgpack.unpack(known)
end
local at = 4
for i = 1, tonumber(ARGV[3]) do
  local lease = redis.call('HMGET', KEYS[1 + i], 'fence', 'ends_at', 'time_left_max')
  local fence = ARGV[at]
  if fence ~= '' and lease[1] ~= fence then
    return {'FENCED'}
  end
  if fence == '' and lease[1] then
    local now = redis.call('TIME')
    local left = tonumber(lease[2]) - (now[1] * 1000000 + now[2])
    if math.min(left, tonumber(lease[3])) > 0 then
      return {'FENCED'}
    end
  end
  at = at + 1
end
local replies = {ARGV[1]}
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local words = {}
  for i = 1, count do words[i] = ARGV[at + i] end
  replies[#replies + 1] = redis.call(unpack(words))
  at = at + count + 1
end
redis.call('SET', KEYS[1], cmsgpack.pack(replies), 'EX', ARGV[2])
return replies
`)

// Exec makes a change of commands that need to read nothing first, in one round trip. Where
// the store is offered with FEATURE_FENCED, it looks at the lease of the session as well.
// answer says how the answer follows from the replies of the commands: strings, integers
// (int64), lists of these, or nil. The second word of a command is its key.
func Exec[T any](
	ctx context.Context, db redis.UniversalClient, c kit.Change[T],
	answer func(replies []any) (T, error), commands ...[]any,
) (T, error) {
	var none T
	decide := lookedAt(c)
	keys := append([]string{Key(c.Org, c.RequestID)}, decide...)
	words := []any{c.Method, int(kit.MemoryTime / time.Second), len(decide)}
	for _, session := range c.Fencing.Sessions() {
		if session == c.Fencing.Session {
			words = append(words, strconv.FormatUint(c.Fencing.Fence, 10))
		} else {
			words = append(words, "")
		}
	}
	for _, command := range commands {
		if len(command) > 1 {
			keys = append(keys, fmt.Sprint(command[1]))
		}
		words = append(words, len(command))
		words = append(words, command...)
	}
	replies, err := exec.Run(ctx, db, keys, words...).Slice()
	if err != nil {
		return none, err
	}
	if len(replies) == 0 {
		return none, errors.New("redis answered the script with nothing")
	}
	if replies[0] == "FENCED" {
		return none, refused(ctx, db, c)
	}
	v, err := answer(replies[1:])
	if err != nil {
		return none, err
	}
	// The replies are the answer that is remembered; it is made again from them.
	stored, err := c.Answer(v)
	if err != nil {
		return none, err
	}
	return c.Again(fmt.Sprint(replies[0]), stored)
}

// refused is FENCED with what is known of the lease now.
func refused[T any](ctx context.Context, db redis.UniversalClient, c kit.Change[T]) error {
	if err := admit(ctx, db, c); err != nil {
		return err
	}
	// It has ended since.
	return fail.Unavailable("the lease of the session has changed meanwhile; send the change again")
}

// Done is the answer of a change that only happens.
func Done([]any) (kit.Nothing, error) { return kit.Nothing{}, nil }

// Do makes a change that reads first. change reads with read, queues its writes in write
// and returns the answer; the writes and the answer are then made together, if none of
// the keys has changed meanwhile, nor the lease of the session, where the store is offered
// with FEATURE_FENCED. Otherwise change is called again: it must do nothing else.
func Do[T any](
	ctx context.Context, db redis.UniversalClient, c kit.Change[T],
	change func(read redis.Cmdable, write redis.Pipeliner) (T, error), keys ...string,
) (v T, err error) {
	answerKey := Key(c.Org, c.RequestID)
	keys = append(append(keys, answerKey), lookedAt(c)...)
	err = watched(ctx, db, func(tx *redis.Tx) error {
		stored, err := tx.Get(ctx, answerKey).Result()
		if err == nil {
			method, answer, _ := strings.Cut(stored, "\n")
			v, err = c.Again(method, []byte(answer))
			return err
		}
		if !errors.Is(err, redis.Nil) {
			return err
		}
		if err = admit(ctx, tx, c); err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(write redis.Pipeliner) error {
			if v, err = change(tx, write); err != nil {
				return err
			}
			answer, err := c.Answer(v)
			if err != nil {
				return err
			}
			return write.Set(ctx, answerKey, c.Method+"\n"+string(answer), kit.MemoryTime).Err()
		})
		return err
	}, keys...)
	return v, err
}

// watched makes a transaction, again until none of the keys has changed meanwhile.
func watched(ctx context.Context, db redis.UniversalClient, attempt func(*redis.Tx) error, keys ...string) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := db.Watch(ctx, attempt, keys...)
		if !errors.Is(err, redis.TxFailedErr) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(wait)):
		}
	}
}

// Key is where the answer to a change lies.
func Key(org int64, requestID string) string {
	return fmt.Sprintf("mortise:answer:{%d}:%s", org, requestID)
}

// Unavailable says whether an error means that Redis cannot answer now, for
// kit.UnavailableOn.
func Unavailable(err error) bool {
	if errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrClosed) || errors.Is(err, redis.ErrPoolExhausted) {
		return true
	}
	var refusal redis.Error
	if !errors.As(err, &refusal) {
		return false
	}
	// Redis loads its data, fails over, cannot write, or a script runs too long.
	for _, prefix := range []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY ", "MISCONF", "NOREPLICAS"} {
		if strings.HasPrefix(refusal.Error(), prefix) {
			return true
		}
	}
	return false
}
