package kit

import (
	"context"
	"errors"
	"io"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/grpc"
)

// EmitStream stores events one after the other through the author's Emit, so that a
// request_id of both methods is the same change.
func (x *eventEmitterServer) EmitStream(
	stream grpc.BidiStreamingServer[adapterv1.EmitStreamRequest, adapterv1.EmitStreamResponse],
) error {
	// A caller waits for the headers before it sends its first event.
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	events := make(chan *adapterv1.EmitStreamRequest)
	ended := make(chan error, 1)
	go func() {
		defer close(events)
		for {
			event, err := stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case events <- event:
			case <-stream.Context().Done():
				ended <- stream.Context().Err()
				return
			}
		}
	}()
	for {
		select {
		case <-x.core.stopping.Done():
			return errStopping
		case event, more := <-events:
			if !more {
				if err := <-ended; !errors.Is(err, io.EOF) {
					return err
				}
				return nil
			}
			answer, err := x.emitted(stream.Context(), event)
			if err != nil {
				return err
			}
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
	}
}

// emitted is the answer to one event. An error ends the stream: the store cannot answer
// now, and the order must be kept.
func (x *eventEmitterServer) emitted(
	ctx context.Context, event *adapterv1.EmitStreamRequest,
) (*adapterv1.EmitStreamResponse, error) {
	answer := &adapterv1.EmitStreamResponse{RequestId: event.GetContext().GetRequestId()}
	stored, err := x.Emit(ctx, &adapterv1.EmitRequest{
		Context: event.GetContext(), Event: event.GetEvent(), ProposedEventId: event.GetProposedEventId(),
	})
	if err == nil {
		answer.Outcome = &adapterv1.EmitStreamResponse_Ack{Ack: &adapterv1.EmitAck{
			EventId: stored.GetEventId(), Sequence: stored.GetSequence(),
		}}
		return answer, nil
	}
	var refusal *fail.Error
	if !errors.As(err, &refusal) || refusal.Reason == adapterv1.ErrorReason_ERROR_REASON_UNAVAILABLE {
		return nil, err
	}
	answer.Outcome = &adapterv1.EmitStreamResponse_Failure{Failure: &adapterv1.EmitFailure{
		Code: int32(refusal.Code), Reason: refusal.Name(), Message: refusal.Short(), Metadata: refusal.Metadata,
	}}
	return answer, nil
}
