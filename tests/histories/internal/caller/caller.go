// Package caller sends calls as the contract says: a call that failed without a final
// answer is sent again, a change with the same request_id. It records what became of each.
package caller

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/everruns/mortise/tests/histories/internal/history"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	// patience is how long a client waits for an answer in all. Servers are away for less.
	patience = 30 * time.Second
	// attempt is the deadline of an ordinary call.
	attempt = 5 * time.Second
	// openMost is how many changes of a history may stay without an answer.
	openMost = 6
)

// Caller is one client: it makes one call after another, over connections of its own to
// each server.
type Caller struct {
	History *history.History
	Rand    *rand.Rand
	// NoTwins: the client makes no change twice at the same time.
	NoTwins bool

	conns  []*grpc.ClientConn
	number int
	ids    string
	last   int
}

// Connect makes the connections of a client, one to each socket.
func Connect(sockets []string) ([]*grpc.ClientConn, error) {
	var conns []*grpc.ClientConn
	for _, socket := range sockets {
		conn, err := grpc.NewClient("unix:"+socket,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDisableRetry(),
			grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff: backoff.Config{
					BaseDelay: 5 * time.Millisecond, Multiplier: 1.5, MaxDelay: 40 * time.Millisecond,
				},
				MinConnectTimeout: time.Second,
			}))
		if err != nil {
			return nil, err
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

// New makes a client of a history. `ids` begins its request_ids and must be its own.
func New(h *history.History, conns []*grpc.ClientConn, rng *rand.Rand, ids string) *Caller {
	return &Caller{History: h, Rand: rng, conns: conns, number: h.NewClient(), ids: ids}
}

// Conn is a connection to some server.
func (c *Caller) Conn() *grpc.ClientConn { return c.conns[c.Rand.IntN(len(c.conns))] }

// Number is the client's number in the history.
func (c *Caller) Number() int { return c.number }

// RequestID is a fresh one.
func (c *Caller) RequestID() string {
	c.last++
	return fmt.Sprintf("%s-%d", c.ids, c.last)
}

// Pause waits for a moment, so that histories are not over before a fault.
func (c *Caller) Pause() { time.Sleep(time.Duration(c.Rand.IntN(9)) * time.Millisecond) }

// Read makes a call that changes nothing until it is answered, and records the last time.
func Read[T any](
	ctx context.Context, c *Caller, input any,
	call func(context.Context, *grpc.ClientConn) (T, error),
) (T, error) {
	var none T
	for began := time.Now(); time.Since(began) < patience; {
		called := c.History.Now()
		output, err := send1(ctx, c.Conn(), c.deadline(), call)
		if err == nil {
			c.History.Answered(c.number, input, output, called, c.History.Now())
			return output, nil
		}
		if !MayRepeat(err) || ctx.Err() != nil {
			return none, refused(input, err)
		}
	}
	return none, fmt.Errorf("no answer to %v within %v", input, patience)
}

// Unremembered is an answer that no server remembers, such as a refusal. An earlier attempt
// that is still on its way may be applied after it.
type Unremembered interface{ IsUnremembered() }

// Change makes a change until it is answered, or gives up and leaves its outcome open. The
// call is given the request_id.
func Change[T comparable](
	ctx context.Context, c *Caller, input any,
	call func(ctx context.Context, conn *grpc.ClientConn, requestID string) (T, error),
) (T, bool, error) {
	requestID := c.RequestID()
	send := func(ctx context.Context, conn *grpc.ClientConn) (T, error) {
		return call(ctx, conn, requestID)
	}
	called := c.History.Now()
	second := twin(ctx, c, send)
	output, isKnown, err := persist(ctx, c, input, send)
	ended := c.History.Now()
	if other, ok := <-second; ok && err == nil {
		if isKnown {
			again := history.Again{Input: input, Want: output}
			c.History.Answered(c.History.NewClient(), again, other.output, called, other.ended)
		} else {
			output, isKnown, ended = other.output, true, other.ended
		}
	}
	if err != nil {
		return output, false, err
	}
	if !isKnown {
		c.GiveUp(input, called)
		return output, false, nil
	}
	c.History.Answered(c.number, input, output, called, ended)
	if _, ok := any(output).(Unremembered); ok || c.Rand.IntN(10) > 0 {
		return output, true, nil
	}
	c.Pause()
	_, err = Read(ctx, c, history.Again{Input: input, Want: output}, send)
	return output, true, err
}

// GiveUp leaves the outcome of a change open. What the client does next may overlap with
// it, so it goes on as another client.
func (c *Caller) GiveUp(input any, called int64) {
	c.History.Unknown(c.number, input, called)
	c.number = c.History.NewClient()
}

// persist sends a change until it is answered; now and then it gives up. What is not
// remembered is no answer to an attempt before.
func persist[T any](
	ctx context.Context, c *Caller, input any, send func(context.Context, *grpc.ClientConn) (T, error),
) (T, bool, error) {
	var none T
	isFirst := true
	for began := time.Now(); time.Since(began) < patience; isFirst = false {
		output, err := send1(ctx, c.Conn(), c.deadline(), send)
		if err == nil {
			_, unremembered := any(output).(Unremembered)
			return output, isFirst || !unremembered, nil
		}
		if !MayRepeat(err) || ctx.Err() != nil {
			return none, false, refused(input, err)
		}
		if c.Rand.IntN(6) == 0 && c.History.OpenCount() < openMost {
			return none, false, nil
		}
	}
	return none, false, fmt.Errorf("no answer to %v within %v", input, patience)
}

// answer is what a twin was answered, and when.
type answer[T any] struct {
	output T
	ended  int64
}

// twin sends a change at the same time as its caller, now and then: two calls with one
// request_id change something once.
func twin[T any](
	ctx context.Context, c *Caller, send func(context.Context, *grpc.ClientConn) (T, error),
) <-chan answer[T] {
	answers := make(chan answer[T], 1)
	if c.NoTwins || c.Rand.IntN(12) > 0 {
		close(answers)
		return answers
	}
	conn := c.Conn()
	go func() {
		defer close(answers)
		if output, err := send1(ctx, conn, time.Second, send); err == nil {
			answers <- answer[T]{output: output, ended: c.History.Now()}
		}
	}()
	return answers
}

// deadline of an attempt: now and then one that it can hardly meet.
func (c *Caller) deadline() time.Duration {
	if c.Rand.IntN(8) == 0 {
		return time.Duration(1+c.Rand.IntN(12)) * time.Millisecond
	}
	return attempt
}

func send1[T any](
	ctx context.Context, conn *grpc.ClientConn, deadline time.Duration,
	send func(context.Context, *grpc.ClientConn) (T, error),
) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	return send(ctx, conn)
}

// MayRepeat says whether a failed call may be sent again: the server asks for it, or the
// call failed on the way, where no server has put a reason.
func MayRepeat(err error) bool {
	failed := status.Convert(err)
	reason, retryAfter := "", false
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.GetReason()
		case *errdetails.RetryInfo:
			retryAfter = true
		}
	}
	switch failed.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return true
	case codes.Aborted, codes.ResourceExhausted:
		return retryAfter
	default:
		return reason == ""
	}
}

func refused(input any, err error) error {
	return fmt.Errorf("%v was refused: %w", input, err)
}
