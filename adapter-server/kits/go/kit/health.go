package kit

import (
	"context"
	"time"

	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// healthService is the standard service, whose watchers do not keep a stopping adapter.
type healthService struct {
	*health.Server
	stopping context.Context
}

// Watch implements healthpb.HealthServer. When the adapter stops, it says NOT_SERVING and
// ends.
func (h *healthService) Watch(r *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	ctx, done := context.WithCancel(stream.Context())
	defer done()
	defer context.AfterFunc(h.stopping, done)()
	watched := &watchedHealth{Health_WatchServer: stream, ctx: ctx}
	err := h.Server.Watch(r, watched)
	if h.stopping.Err() == nil {
		return err
	}
	if watched.told == healthpb.HealthCheckResponse_SERVING {
		if err := stream.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}); err != nil {
			return err
		}
	}
	return errStopping
}

// watchedHealth knows what a watcher was told last.
type watchedHealth struct {
	healthpb.Health_WatchServer
	ctx  context.Context
	told healthpb.HealthCheckResponse_ServingStatus
}

func (w *watchedHealth) Context() context.Context { return w.ctx }

func (w *watchedHealth) Send(answer *healthpb.HealthCheckResponse) error {
	w.told = answer.GetStatus()
	return w.Health_WatchServer.Send(answer)
}

// watch asks the store how it is until ctx ends, and health follows. The store is asked
// once before anything is served.
func (a *Adapter) watch(ctx context.Context) {
	a.look(ctx)
	if a.ping == nil {
		return
	}
	go func() {
		every := time.NewTicker(pingEvery)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			case <-a.ask:
			}
			a.look(ctx)
		}
	}()
}

func (a *Adapter) look(ctx context.Context) {
	var err error
	if a.ping != nil {
		limited, done := context.WithTimeout(ctx, 2*time.Second)
		err = a.pinged(limited)
		done()
	}
	if ctx.Err() != nil {
		return
	}
	outage, status := "", healthpb.HealthCheckResponse_SERVING
	if err != nil {
		outage, status = "the adapter's store does not answer", healthpb.HealthCheckResponse_NOT_SERVING
	}
	a.mu.Lock()
	changed := a.outage != outage
	a.outage = outage
	a.mu.Unlock()
	if changed && err != nil {
		a.core.log.Error("the store does not answer", "cause", err.Error())
	} else if changed {
		a.core.log.Info("the store answers again")
	}
	for _, name := range append(a.services(), "") {
		a.health.SetServingStatus(name, status)
	}
}

// pinged calls the author's ping, which may panic like every code of others.
func (a *Adapter) pinged(ctx context.Context) (err error) {
	defer recovered(a.core, "ping", nil, &err)
	return a.ping(ctx)
}

// askNow has the store looked at without waiting for the next second.
func (a *Adapter) askNow() {
	select {
	case a.ask <- struct{}{}:
	default:
	}
}
