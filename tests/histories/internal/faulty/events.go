package faulty

import (
	"context"
	"encoding/json"
	"fmt"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
)

func (s *server) Emit(_ context.Context, r *pb.EmitRequest) (*pb.EmitResponse, error) {
	ack, err := s.store(r.GetContext(), r.GetEvent(), "Emit")
	return &pb.EmitResponse{EventId: ack.GetEventId(), Sequence: ack.GetSequence()}, err
}

func (s *server) EmitStream(
	stream grpc.BidiStreamingServer[pb.EmitStreamRequest, pb.EmitStreamResponse],
) error {
	type result struct {
		requestID string
		ack       *pb.EmitAck
		err       error
	}
	results := make(chan chan result, 64)
	go func() {
		defer close(results)
		for {
			r, err := stream.Recv()
			if err != nil {
				return
			}
			one := make(chan result, 1)
			store := func() {
				ack, err := s.store(r.GetContext(), r.GetEvent(), "EmitStream")
				one <- result{requestID: r.GetContext().GetRequestId(), ack: ack, err: err}
			}
			if s.mutant == StreamParallel {
				go store()
			} else {
				store()
			}
			results <- one
		}
	}()
	for one := range results {
		result := <-one
		if result.err != nil {
			return result.err
		}
		ack := &pb.EmitStreamResponse_Ack{Ack: result.ack}
		if err := stream.Send(&pb.EmitStreamResponse{RequestId: result.requestID, Outcome: ack}); err != nil {
			return err
		}
	}
	return nil
}

// store stores an event and its message.
func (s *server) store(c *pb.CallContext, event *pb.NewEvent, method string) (*pb.EmitAck, error) {
	asked := call{context: c, sessionID: event.GetSessionId(), method: method}
	asked.isTurnEvent = event.GetContext().GetTurnId() != "" && event.GetType() != "input.message"
	return steps(s, asked, func(transaction func(func(*session))) (*pb.EmitAck, error) {
		stored := &pb.Event{
			Id: fmt.Sprintf("event_%s", c.GetRequestId()), Type: event.GetType(),
			SessionId: event.GetSessionId(), DataJson: event.GetDataJson(),
		}
		switch s.mutant {
		case SequenceMax:
			transaction(func(session *session) { stored.Sequence = last(session) + 1 })
		case SequenceEarly:
			transaction(func(session *session) {
				session.counter++
				stored.Sequence = session.counter
			})
		}
		message := messageOf(event)
		transaction(func(session *session) {
			if stored.Sequence == 0 {
				stored.Sequence = last(session) + 1
			}
			session.insert(stored)
			if message != nil && s.mutant != MessageLate {
				session.messages = append(session.messages, message)
			}
		})
		if message != nil && s.mutant == MessageLate {
			transaction(func(session *session) { session.messages = append(session.messages, message) })
		}
		return &pb.EmitAck{EventId: stored.GetId(), Sequence: stored.GetSequence()}, nil
	})
}

// insert keeps events in the order of their numbers, as an index does.
func (s *session) insert(event *pb.Event) {
	at := len(s.events)
	for at > 0 && s.events[at-1].GetSequence() > event.GetSequence() {
		at--
	}
	s.events = append(s.events[:at:at], append([]*pb.Event{event}, s.events[at:]...)...)
}

func last(session *session) int64 {
	if len(session.events) == 0 {
		return 0
	}
	return session.events[len(session.events)-1].GetSequence()
}

// messageOf is the message that an event creates, if it creates one.
func messageOf(event *pb.NewEvent) *pb.Message {
	var data struct {
		Message struct {
			ID      string
			Content []struct{ Text string }
		}
	}
	if event.GetType() != "input.message" || json.Unmarshal([]byte(event.GetDataJson()), &data) != nil {
		return nil
	}
	message := &pb.Message{Id: data.Message.ID}
	for _, part := range data.Message.Content {
		text := &pb.ContentPart_Text{Text: &pb.TextPart{Text: part.Text}}
		message.Content = append(message.Content, &pb.ContentPart{Kind: text})
	}
	return message
}

func (s *server) ReadEvents(
	r *pb.ReadEventsRequest, stream grpc.ServerStreamingServer[pb.ReadEventsResponse],
) error {
	events, err := read(s, r.GetSessionId(), func(session *session) []*pb.Event {
		return after(session, r.GetAfterSequence())
	})
	if err != nil {
		return err
	}
	if limit := int(r.GetLimit()); limit > 0 {
		events = events[:min(limit, len(events))]
	}
	return stream.Send(&pb.ReadEventsResponse{Events: events})
}

// after is the events with higher numbers.
func after(session *session, sequence int64) []*pb.Event {
	for at, event := range session.events {
		if event.GetSequence() > sequence {
			return append([]*pb.Event(nil), session.events[at:]...)
		}
	}
	return nil
}

func (s *server) FollowEvents(
	r *pb.FollowEventsRequest, stream grpc.ServerStreamingServer[pb.FollowEventsResponse],
) error {
	stop := context.AfterFunc(stream.Context(), func() {
		s.db.mu.Lock()
		defer s.db.mu.Unlock()
		s.db.changed.Broadcast()
	})
	defer stop()
	sequence := r.GetAfterSequence()
	for first := true; ; first = false {
		events := s.wait(stream.Context(), r.GetSessionId(), sequence, first)
		if events == nil {
			return errDead
		}
		for _, event := range events {
			if err := stream.Send(&pb.FollowEventsResponse{Event: event}); err != nil {
				return err
			}
			sequence = event.GetSequence()
		}
		if first {
			sequence = s.listenFrom(r.GetSessionId(), sequence)
		}
	}
}

// wait waits for further events, unless it is the first look.
func (s *server) wait(ctx context.Context, sessionID string, sequence int64, first bool) []*pb.Event {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	for !s.dead.Load() && ctx.Err() == nil {
		events := after(s.db.session(sessionID), sequence)
		if len(events) > 0 || first {
			return append([]*pb.Event{}, events...)
		}
		s.db.changed.Wait()
	}
	return nil
}

// listenFrom is where a follower goes on after it has sent what there was.
func (s *server) listenFrom(sessionID string, sequence int64) int64 {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	switch s.mutant {
	case FollowGap:
		s.pause()
		return last(s.db.session(sessionID))
	case FollowTwice:
		return max(0, sequence-1)
	default:
		return sequence
	}
}

func (s *server) LoadMessages(
	r *pb.LoadMessagesRequest, stream grpc.ServerStreamingServer[pb.LoadMessagesResponse],
) error {
	messages, err := read(s, r.GetSessionId(), func(session *session) []*pb.Message {
		return append([]*pb.Message(nil), session.messages...)
	})
	if err != nil {
		return err
	}
	return stream.Send(&pb.LoadMessagesResponse{Chunk: &pb.MessageChunk{Messages: messages}})
}

func (s *server) CountMessages(
	_ context.Context, r *pb.CountMessagesRequest,
) (*pb.CountMessagesResponse, error) {
	return read(s, r.GetSessionId(), func(session *session) *pb.CountMessagesResponse {
		return &pb.CountMessagesResponse{Count: uint64(len(session.messages))}
	})
}

func (s *server) GetMessage(_ context.Context, r *pb.GetMessageRequest) (*pb.GetMessageResponse, error) {
	return read(s, r.GetSessionId(), func(session *session) *pb.GetMessageResponse {
		for _, message := range session.messages {
			if message.GetId() == r.GetMessageId() {
				return &pb.GetMessageResponse{Message: message}
			}
		}
		return &pb.GetMessageResponse{}
	})
}
