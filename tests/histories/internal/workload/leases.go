package workload

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
)

// ttl is the shortest lease that the contract has.
const ttl = time.Second

func init() { withLeases = append(withLeases, leases()) }

// leases: clients take the lease of a session from each other and change the session under
// their fences, also under those that are stale. Some share the name of a holder, so that
// a lease passes on before it expires.
func leases() Workload {
	holders := []string{"host-a", "host-a", "host-b", "host-b", "host-c"}
	return Workload{
		Name: "leases", Service: "mortise.adapter.v1.SessionLeaseService",
		Clients: len(holders), Lanes: 4, Model: model.Leases(),
		run: func(ctx context.Context, r *Run) error {
			log := &eventLog{Run: r, mix: mix{messages: 20}, ids: map[model.Token]string{}}
			var clients []func() error
			for i, holder := range holders {
				h := &host{log: log, caller: r.client(i), number: i, holder: holder}
				h.caller.NoTwins = true
				clients = append(clients, func() error { return h.run(ctx) })
			}
			return together(clients...)
		},
	}
}

// host is one client: it works under one fence after another.
type host struct {
	log    *eventLog
	caller *caller.Caller
	number int
	holder string
	count  int
	fence  uint64
}

func (h *host) run(ctx context.Context) error {
	for range 5 {
		before := h.fence
		err := h.acquire(ctx)
		if err == nil && h.fence != before {
			err = h.look(ctx)
		}
		if err != nil {
			return err
		}
		for range 3 + h.caller.Rand.IntN(4) {
			if err := h.step(ctx); err != nil {
				return err
			}
			if h.caller.Rand.IntN(3) == 0 {
				h.caller.Pause()
			}
		}
		if err := h.leave(ctx); err != nil {
			return err
		}
	}
	return nil
}

// look reads what there is as soon as the lease is granted. What a host of a lower fence
// changes after that shows.
func (h *host) look(ctx context.Context) error {
	if err := h.log.getValue(ctx, h.caller, 0); err != nil {
		return err
	}
	if _, err := h.log.readEvents(ctx, h.caller, model.ReadEvents{}); err != nil {
		return err
	}
	_, err := h.log.readFile(ctx, h.caller, 0)
	return err
}

// leave ends the work under a fence: as it should, or by being frozen until the lease has
// expired, or mostly not at all, so that others take the lease in the middle of a change.
func (h *host) leave(ctx context.Context) error {
	switch dice := h.caller.Rand.IntN(10); {
	case dice < 3:
		return h.release(ctx)
	case dice < 4:
		sleep(ctx, ttl+time.Duration(h.caller.Rand.IntN(300))*time.Millisecond)
		return h.step(ctx)
	default:
		return nil
	}
}

// acquire tries to get the lease for a while. Without it, the host goes on under the fence
// that it had.
func (h *host) acquire(ctx context.Context) error {
	for range 6 {
		answer, err := h.acquireOnce(ctx)
		if err != nil {
			return err
		}
		if granted, ok := answer.(model.Granted); ok {
			h.fence = granted.Fence
			return nil
		}
		sleep(ctx, time.Duration(20+h.caller.Rand.IntN(150))*time.Millisecond)
	}
	return nil
}

// acquireOnce asks until it is answered. A call without an answer may be granted later, so
// after one the host goes on asking under the same request_id until it is granted.
func (h *host) acquireOnce(ctx context.Context) (any, error) {
	c := h.caller
	id := c.RequestID()
	input := model.Acquire{Holder: h.holder, TTL: int64(ttl)}
	called := c.History.Now()
	isOpen := false
	for began := time.Now(); time.Since(began) < acquireWithin; {
		attempt, cancel := context.WithTimeout(ctx, ackWithin)
		answer, err := pb.NewSessionLeaseServiceClient(c.Conn()).AcquireLease(attempt, &pb.AcquireLeaseRequest{
			Context: h.log.context(id), SessionId: h.log.Session, Holder: h.holder,
			TtlMs: uint64(ttl.Milliseconds()),
		})
		cancel()
		reason, metadata := reasonOf(err)
		switch {
		case err == nil:
			granted := model.Granted{Fence: answer.GetLease().GetFence()}
			c.History.Answered(c.Number(), input, granted, called, c.History.Now())
			return granted, nil
		case reason == "HELD" && !isOpen:
			held := model.Held{Holder: metadata["holder"]}
			c.History.Answered(c.Number(), input, held, called, c.History.Now())
			return held, nil
		case reason == "HELD":
			sleep(ctx, 20*time.Millisecond)
		case caller.MayRepeat(err) && ctx.Err() == nil:
			isOpen = true
		default:
			return nil, fmt.Errorf("AcquireLease was refused: %w", err)
		}
	}
	return nil, fmt.Errorf("AcquireLease was not answered within %v", acquireWithin)
}

// acquireWithin bounds how long a host waits for an answer, and for the lease after a call
// without one.
const acquireWithin = 60 * time.Second

// sleep waits, but not after the end of the context.
func sleep(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(most):
	}
}

// reasonOf is the reason of an error, and its metadata.
func reasonOf(err error) (string, map[string]string) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason(), info.GetMetadata()
		}
	}
	return "", nil
}

// step does one thing under the host's fence.
func (h *host) step(ctx context.Context) error {
	h.count++
	switch dice := h.caller.Rand.IntN(100); {
	case dice < 35:
		return h.emit(ctx, h.fence)
	case dice < 40:
		return h.emit(ctx, 0)
	case dice < 60:
		return h.setValue(ctx)
	case dice < 75:
		return h.writeFile(ctx)
	case dice < 82:
		return h.renew(ctx)
	case dice < 88:
		return h.log.getValue(ctx, h.caller, 0)
	case dice < 94:
		_, err := h.log.readFile(ctx, h.caller, 0)
		return err
	default:
		_, err := h.log.readEvents(ctx, h.caller, model.ReadEvents{})
		return err
	}
}

// context is the context of a call under a fence.
func (h *host) context(id string, fence uint64) *pb.CallContext {
	context := h.log.context(id)
	context.Fence = fence
	if fence > 0 {
		context.SessionId = h.log.Session
	}
	return context
}

// change makes a change under a fence.
func (h *host) change(
	ctx context.Context, fence uint64, op model.Op,
	call func(context.Context, *grpc.ClientConn, *pb.CallContext) (any, error),
) error {
	_, _, err := caller.Change(ctx, h.caller, model.Fenced{Fence: fence, Op: op},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (any, error) {
			return orRefused(call(ctx, conn, h.context(id, fence)))
		})
	return err
}

// orRefused makes an answer of a refusal.
func orRefused(answer any, err error) (any, error) {
	if reason, _ := reasonOf(err); reason == "FENCED" {
		return model.Refused{}, nil
	}
	return answer, err
}

func (h *host) emit(ctx context.Context, fence uint64) error {
	message := fence > 0 && h.caller.Rand.IntN(100) < h.log.mix.messages
	token := model.NewToken(false, message, h.number, h.count)
	event := h.log.event(token)
	turn := "turn_" + digits("turn", h.log.name)
	event.Context.TurnId = &turn
	return h.change(ctx, fence, model.Emit{Token: token},
		func(ctx context.Context, conn *grpc.ClientConn, c *pb.CallContext) (any, error) {
			answer, err := pb.NewEventEmitterServiceClient(conn).Emit(ctx,
				&pb.EmitRequest{Context: c, Event: event})
			return model.Stored{Sequence: answer.GetSequence(), EventID: answer.GetEventId()}, err
		})
}

func (h *host) setValue(ctx context.Context) error {
	if h.fence == 0 {
		return nil
	}
	value := model.Value(fmt.Sprintf("v%d.%d", h.number, h.count))
	return h.change(ctx, h.fence, model.SetValue{Value: value},
		func(ctx context.Context, conn *grpc.ClientConn, c *pb.CallContext) (any, error) {
			_, err := pb.NewSessionStorageStoreServiceClient(conn).SetValue(ctx, &pb.SetValueRequest{
				Context: c, SessionId: h.log.Session, Key: keyName(0), Value: string(value),
			})
			return model.Done{}, err
		})
}

func (h *host) writeFile(ctx context.Context) error {
	if h.fence == 0 {
		return nil
	}
	content := model.Content(fmt.Sprintf("c%d.%d", h.number, h.count))
	return h.change(ctx, h.fence, model.WriteFile{Content: content},
		func(ctx context.Context, conn *grpc.ClientConn, c *pb.CallContext) (any, error) {
			_, err := pb.NewSessionFileSystemServiceClient(conn).WriteFile(ctx, &pb.WriteFileRequest{
				Context: c, SessionId: h.log.Session, Path: pathName(0), Content: text(content),
				Encoding: "text",
			})
			return model.Done{}, err
		})
}

func (h *host) renew(ctx context.Context) error {
	if h.fence == 0 {
		return nil
	}
	_, _, err := caller.Change(ctx, h.caller, model.Renew{Fence: h.fence, TTL: int64(ttl)},
		func(ctx context.Context, conn *grpc.ClientConn, _ string) (any, error) {
			_, err := pb.NewSessionLeaseServiceClient(conn).RenewLease(ctx, &pb.RenewLeaseRequest{
				Context: h.log.context(""), SessionId: h.log.Session, Fence: h.fence,
				TtlMs: uint64(ttl.Milliseconds()),
			})
			return orRefused(model.Renewed{}, err)
		})
	return err
}

func (h *host) release(ctx context.Context) error {
	if h.fence == 0 {
		return nil
	}
	_, _, err := caller.Change(ctx, h.caller, model.Release{Fence: h.fence},
		func(ctx context.Context, conn *grpc.ClientConn, _ string) (any, error) {
			_, err := pb.NewSessionLeaseServiceClient(conn).ReleaseLease(ctx, &pb.ReleaseLeaseRequest{
				Context: h.log.context(""), SessionId: h.log.Session, Fence: h.fence,
			})
			return model.Done{}, err
		})
	return err
}
