package workload

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
)

// followWithin is how long a follower may take to get what is stored.
const followWithin = 20 * time.Second

// follower follows a session, and follows again from where it was when its stream ends.
type follower struct {
	log    *eventLog
	caller *caller.Caller
	// The last sequence number that it was sent.
	last atomic.Int64
}

// run follows until the context ends.
func (f *follower) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := f.follow(ctx)
		if err != nil && !caller.MayRepeat(err) {
			return fmt.Errorf("FollowEvents was refused: %w", err)
		}
	}
	return nil
}

// follow takes one stream to its end. Each event must have been stored when it comes.
func (f *follower) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewEventLogServiceClient(f.caller.Conn()).FollowEvents(ctx,
		&pb.FollowEventsRequest{
			Context: f.log.context(""), SessionId: f.log.Session, AfterSequence: f.last.Load(),
		})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if err != nil {
			return err
		}
		event := part.GetEvent()
		if event.GetSequence() == 0 {
			continue
		}
		now := f.log.History.Now()
		after := f.last.Load()
		run, last := model.Run{}, after
		f.log.take(&run, &last, event)
		f.log.History.Answered(f.caller.Number(), model.Follow{After: after}, run, now, now)
		f.last.Store(last)
	}
}

// reach waits until the follower has got as far as a sequence number.
func (f *follower) reach(ctx context.Context, sequence int64) error {
	for began := time.Now(); time.Since(began) < followWithin && ctx.Err() == nil; {
		if f.last.Load() >= sequence {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("a follower was sent events up to %d of %d within %v",
		f.last.Load(), sequence, followWithin)
}
