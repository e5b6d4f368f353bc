package workload

import (
	"context"
	"fmt"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/history"
	"github.com/everruns/mortise/tests/histories/internal/model"
	"google.golang.org/grpc"
)

const (
	// ahead is how many events a streamer sends before the acknowledgement of the first.
	ahead = 5
	// ackWithin is how long it waits for an acknowledgement before it opens another stream.
	ackWithin = 5 * time.Second
	// streamWithin is how long it goes on in all.
	streamWithin = 60 * time.Second
)

// sent is an event that is not acknowledged.
type sent struct {
	token     model.Token
	requestID string
	proposed  string
	client    int
	called    int64
}

// streamer emits over EmitStream. When a stream ends early, it opens another, or goes on
// with Emit, and sends again what was not acknowledged, in order.
type streamer struct {
	log    *eventLog
	caller *caller.Caller
	number int
	// Clients of the history, one for each event under way.
	clients [ahead]int
	stored  int
	begun   int
	pending []sent
}

func newStreamer(log *eventLog, c *caller.Caller, number int) *streamer {
	s := &streamer{log: log, caller: c, number: number}
	for i := range s.clients {
		s.clients[i] = log.History.NewClient()
	}
	return s
}

func (s *streamer) run(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < streamWithin; {
		if s.stored == s.log.mix.events {
			return nil
		}
		err := s.stream(ctx)
		if err == nil && len(s.pending) > 0 && s.caller.Rand.IntN(4) == 0 {
			err = s.emitPending(ctx)
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("EmitStream acknowledged %d events within %v", s.stored, streamWithin)
}

// stream takes one stream to its end. An error is final.
func (s *streamer) stream(whole context.Context) error {
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	watchdog := time.AfterFunc(ackWithin, cancel)
	defer watchdog.Stop()
	stream, err := pb.NewEventEmitterServiceClient(s.caller.Conn()).EmitStream(ctx)
	if err != nil {
		return passing(err)
	}
	for i := range s.pending {
		if s.send(stream, &s.pending[i]) != nil {
			break
		}
	}
	for s.stored < s.log.mix.events {
		for len(s.pending) < ahead && s.begun < s.log.mix.events {
			s.pending = append(s.pending, s.next())
			if s.send(stream, &s.pending[len(s.pending)-1]) != nil {
				break
			}
			if s.caller.Rand.IntN(3) == 0 {
				break
			}
		}
		watchdog.Reset(ackWithin)
		answer, err := stream.Recv()
		if err != nil {
			return passing(err)
		}
		if err := s.acknowledged(whole, answer); err != nil {
			return err
		}
		s.caller.Pause()
		if s.caller.Rand.IntN(25) == 0 {
			return nil // The caller itself may end a stream early.
		}
	}
	return nil
}

// passing forgets an error after which another stream may do better.
func passing(err error) error {
	if caller.MayRepeat(err) {
		return nil
	}
	return fmt.Errorf("EmitStream was refused: %w", err)
}

func (s *streamer) next() sent {
	s.begun++
	rng := s.caller.Rand
	return sent{
		token:     model.NewToken(true, rng.IntN(100) < s.log.mix.messages, s.number, s.begun),
		requestID: s.caller.RequestID(),
		proposed:  s.log.proposed(s.caller),
		client:    s.clients[s.begun%ahead],
		called:    s.log.History.Now(),
	}
}

func (s *streamer) send(
	stream grpc.BidiStreamingClient[pb.EmitStreamRequest, pb.EmitStreamResponse], event *sent,
) error {
	return stream.Send(&pb.EmitStreamRequest{
		Context: s.log.context(event.requestID), Event: s.log.event(event.token),
		ProposedEventId: event.proposed,
	})
}

// acknowledged takes an acknowledgement, which must be that of the first pending event.
func (s *streamer) acknowledged(ctx context.Context, answer *pb.EmitStreamResponse) error {
	if failure := answer.GetFailure(); failure != nil {
		return fmt.Errorf("EmitStream refused an event: %s: %s", failure.GetReason(), failure.GetMessage())
	}
	if len(s.pending) == 0 || s.pending[0].requestID != answer.GetRequestId() {
		return fmt.Errorf("EmitStream acknowledged %s out of order", answer.GetRequestId())
	}
	ack := answer.GetAck()
	return s.settle(ctx, model.Stored{Sequence: ack.GetSequence(), EventID: ack.GetEventId()})
}

// settle records the first pending event as stored. A request_id of EmitStream and of Emit
// is the same change, so Emit must answer it alike.
func (s *streamer) settle(ctx context.Context, stored model.Stored) error {
	event := s.pending[0]
	s.pending = s.pending[1:]
	s.stored++
	s.log.told(event.token, stored.EventID)
	input := model.Emit{Token: event.token}
	s.log.History.Answered(event.client, input, stored, event.called, s.log.History.Now())
	if s.caller.Rand.IntN(10) > 0 {
		return nil
	}
	_, err := caller.Read(ctx, s.caller, history.Again{Input: input, Want: stored}, s.emit(event))
	return err
}

// emitPending sends what is not acknowledged with Emit.
func (s *streamer) emitPending(ctx context.Context) error {
	for len(s.pending) > 0 {
		attempt, cancel := context.WithTimeout(ctx, ackWithin)
		stored, err := s.emit(s.pending[0])(attempt, s.caller.Conn())
		cancel()
		if err != nil {
			return passing(err)
		}
		if err := s.settle(ctx, stored); err != nil {
			return err
		}
	}
	return nil
}

func (s *streamer) emit(event sent) func(context.Context, *grpc.ClientConn) (model.Stored, error) {
	return func(ctx context.Context, conn *grpc.ClientConn) (model.Stored, error) {
		return s.log.emitOnce(ctx, conn, event.requestID, event.token, event.proposed)
	}
}
