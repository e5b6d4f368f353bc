package workload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// began is the time of everything that has one. Histories are not about times.
var began = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// mix says what the clients of an event log do.
type mix struct {
	// The part of the events that create a message, in percent.
	messages                       int
	emitters, streamers, followers int
	// How many events each emitter and each streamer stores.
	events int
}

// events: clients emit, one by one and over streams, and others read and follow.
func events() Workload {
	return logWorkload("events", mix{messages: 25, emitters: 3, streamers: 2, followers: 2, events: 12})
}

// messages: clients emit events with messages, and read the messages beside the events.
func messages() Workload {
	return logWorkload("messages", mix{messages: 85, emitters: 3, streamers: 1, followers: 1, events: 12})
}

func logWorkload(name string, m mix) Workload {
	return Workload{
		Name: name, Service: "mortise.adapter.v1.EventLogService",
		Clients: m.emitters + m.streamers + m.followers + 1, Model: model.EventLog(),
		run: func(ctx context.Context, r *Run) error {
			return (&eventLog{Run: r, mix: m, ids: map[model.Token]string{}}).run(ctx)
		},
	}
}

// eventLog is a history of the events of a session.
type eventLog struct {
	*Run
	mix mix

	mu sync.Mutex
	// The id of each event that was told: it never changes.
	ids     map[model.Token]string
	tokens  []model.Token
	renamed error
}

func (l *eventLog) run(ctx context.Context) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	number := 0
	next := func() (*caller.Caller, int) {
		number++
		return l.client(number - 1), number - 1
	}
	var writers, followers []func() error
	var progress []*follower
	for range l.mix.emitters {
		c, n := next()
		writers = append(writers, func() error { return l.emitAndRead(ctx, c, n) })
	}
	for range l.mix.streamers {
		c, n := next()
		writers = append(writers, func() error { return newStreamer(l, c, n).run(ctx) })
	}
	for range l.mix.followers {
		c, _ := next()
		f := &follower{log: l, caller: c}
		progress = append(progress, f)
		followers = append(followers, func() error { return f.run(following) })
	}
	reader, _ := next()
	ended := make(chan error, 1)
	go func() { ended <- together(followers...) }()
	err := together(writers...)
	if err == nil {
		err = l.finish(ctx, reader, progress)
	}
	stop()
	return errors.Join(err, <-ended, l.renamed)
}

// finish reads everything once more, and waits until the followers have it too.
func (l *eventLog) finish(ctx context.Context, c *caller.Caller, followers []*follower) error {
	run, err := l.readEvents(ctx, c, model.ReadEvents{})
	if err == nil {
		err = l.loadMessages(ctx, c)
	}
	if err != nil || run.Broken != "" {
		return err // A broken run is for the judge.
	}
	for _, f := range followers {
		if err := f.reach(ctx, int64(len(run.Events)/model.TokenLen)); err != nil {
			return err
		}
	}
	return nil
}

func (l *eventLog) emitAndRead(ctx context.Context, c *caller.Caller, number int) error {
	for step := range l.mix.events {
		token := model.NewToken(false, c.Rand.IntN(100) < l.mix.messages, number, step+1)
		if err := l.emit(ctx, c, token); err != nil {
			return err
		}
		c.Pause()
		if err := l.readSomething(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (l *eventLog) readSomething(ctx context.Context, c *caller.Caller) error {
	dice := c.Rand.IntN(200)
	if dice >= 100 {
		if dice-100 < l.mix.messages {
			return l.readMessages(ctx, c)
		}
		dice -= 100
	}
	switch {
	case dice < 40:
		_, err := l.readEvents(ctx, c, model.ReadEvents{})
		return err
	case dice < 70:
		_, err := l.readEvents(ctx, c, model.ReadEvents{
			After: int64(c.Rand.IntN(30)), Limit: uint64(c.Rand.IntN(6)),
		})
		return err
	default:
		return nil
	}
}

func (l *eventLog) emit(ctx context.Context, c *caller.Caller, token model.Token) error {
	l.mu.Lock()
	l.tokens = append(l.tokens, token)
	l.mu.Unlock()
	proposed := l.proposed(c)
	_, _, err := caller.Change(ctx, c, model.Emit{Token: token},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Stored, error) {
			return l.emitOnce(ctx, conn, id, token, proposed)
		})
	return err
}

func (l *eventLog) emitOnce(
	ctx context.Context, conn *grpc.ClientConn, id string, token model.Token, proposed string,
) (model.Stored, error) {
	answer, err := pb.NewEventEmitterServiceClient(conn).Emit(ctx, &pb.EmitRequest{
		Context: l.context(id), Event: l.event(token), ProposedEventId: proposed,
	})
	if err != nil {
		return model.Stored{}, err
	}
	l.told(token, answer.GetEventId())
	return model.Stored{Sequence: answer.GetSequence(), EventID: answer.GetEventId()}, nil
}

// proposed is an event id of the caller's, or none.
func (l *eventLog) proposed(c *caller.Caller) string {
	if c.Rand.IntN(2) == 0 {
		return ""
	}
	return "event_" + digits("event", l.name, c.RequestID())
}

// told notes the id of an event.
func (l *eventLog) told(token model.Token, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.ids[token]; ok && before != id && l.renamed == nil {
		l.renamed = fmt.Errorf("event %s has the ids %s and %s", token, before, id)
	}
	l.ids[token] = id
}

// event is the event that a token names.
func (l *eventLog) event(token model.Token) *pb.NewEvent {
	kind, data := "histories.note", map[string]any{"token": token}
	if token.HasMessage() {
		kind, data = "input.message", map[string]any{"message": map[string]any{
			"id": l.messageID(token), "role": "user", "created_at": began,
			"content": []any{map[string]any{"type": "text", "text": token}},
		}}
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return &pb.NewEvent{
		Type: kind, Ts: timestamppb.New(began), SessionId: l.Session,
		Context: &pb.EventContext{}, DataJson: string(encoded),
	}
}

func (l *eventLog) messageID(token model.Token) string {
	return "message_" + digits("message", l.name, string(token))
}

// tokenOf finds the token of an event in its data.
func tokenOf(event *pb.Event) model.Token {
	var data struct {
		Token   model.Token
		Message struct {
			Content []struct{ Text model.Token }
		}
	}
	if err := json.Unmarshal([]byte(event.GetDataJson()), &data); err != nil {
		return "??????"
	}
	if len(data.Message.Content) > 0 {
		return data.Message.Content[0].Text
	}
	return data.Token
}

func (l *eventLog) readEvents(
	ctx context.Context, c *caller.Caller, op model.ReadEvents,
) (model.Run, error) {
	return caller.Read(ctx, c, op, func(ctx context.Context, conn *grpc.ClientConn) (model.Run, error) {
		stream, err := pb.NewEventLogServiceClient(conn).ReadEvents(ctx, &pb.ReadEventsRequest{
			Context: l.context(""), SessionId: l.Session, AfterSequence: op.After, Limit: op.Limit,
		})
		if err != nil {
			return model.Run{}, err
		}
		run := model.Run{}
		last := op.After
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return run, nil
			}
			if err != nil {
				return model.Run{}, err
			}
			for _, event := range part.GetEvents() {
				l.take(&run, &last, event)
			}
		}
	})
}

// take adds an event to a run, if it is the next one.
func (l *eventLog) take(run *model.Run, last *int64, event *pb.Event) {
	token := tokenOf(event)
	if sequence := event.GetSequence(); sequence != *last+1 && run.Broken == "" {
		run.Broken = fmt.Sprintf("%s %s has sequence %d after %d", run.Events, token, sequence, *last)
	}
	*last = event.GetSequence()
	run.Events += model.Log(token)
	l.told(token, event.GetId())
}
