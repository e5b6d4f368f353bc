// Package workload holds what clients do: each workload runs some of them on one session
// and records a history, which its model judges.
package workload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/anishathalye/porcupine"
	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/history"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Workload is one kind of history.
type Workload struct {
	// Name is shown.
	Name string
	// Service is the service without which the workload cannot run.
	Service string
	// Clients is how many clients it wants, each with connections of its own.
	Clients int
	// Lanes is how many histories are recorded at the same time, 0 for one.
	Lanes int
	// Model judges its histories.
	Model porcupine.Model
	run   func(context.Context, *Run) error
}

// All are the workloads.
func All() []Workload {
	return append([]Workload{values(), files(), events(), messages()}, withLeases...)
}

// withLeases are the workloads that need a contract with leases.
var withLeases []Workload

// Run is one history under way.
type Run struct {
	History *history.History
	// Session is the id of a session of its own.
	Session string

	rng   *rand.Rand
	conns [][]*grpc.ClientConn
	name  string
}

// Record runs a workload on a new session. The seed is the plan: who does what, and when a
// client gives up. An error means that the server did what no history can hold.
func (w Workload) Record(
	ctx context.Context, name string, seed uint64, conns [][]*grpc.ClientConn,
) (*Run, error) {
	run := &Run{
		History: history.New(), Session: "session_" + digits("session", name),
		rng: rand.New(rand.NewPCG(seed, 0)), conns: conns, name: name,
	}
	if err := run.putSession(ctx); err != nil {
		return run, err
	}
	return run, w.run(ctx, run)
}

// digits are the 32 hex digits of an id that belongs to some text.
func digits(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(sum, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (r *Run) context(requestID string) *pb.CallContext {
	return &pb.CallContext{OrgId: 1, RequestId: requestID}
}

// client makes a client of the history.
func (r *Run) client(number int) *caller.Caller {
	rng := rand.New(rand.NewPCG(r.rng.Uint64(), uint64(number)))
	ids := fmt.Sprintf("%s-%d", digits("request", r.name), number)
	return caller.New(r.History, r.conns[number%len(r.conns)], rng, ids)
}

// together runs clients at the same time and waits for all of them.
func together(clients ...func() error) error {
	failures := make([]error, len(clients))
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() { failures[i] = client() })
	}
	all.Wait()
	return errors.Join(failures...)
}

// putSession makes the history's session.
func (r *Run) putSession(ctx context.Context) error {
	created := timestamppb.New(began)
	session := &pb.Session{
		Id: r.Session, OrganizationId: "org_" + digits("org"), HarnessId: "harness_" + digits("harness"),
		OwnerPrincipalId: "principal_" + digits("owner"), Status: pb.SessionStatus_SESSION_STATUS_IDLE,
		CreatedAt: created, UpdatedAt: created,
	}
	// Not a part of what is judged, so it is recorded elsewhere.
	c := caller.New(history.New(), r.conns[0], rand.New(rand.NewPCG(1, 1)), "")
	_, err := caller.Read(ctx, c, "PutSession",
		func(ctx context.Context, conn *grpc.ClientConn) (struct{}, error) {
			_, err := pb.NewTestSeedServiceClient(conn).PutSession(ctx,
				&pb.PutSessionRequest{Context: r.context(""), Session: session})
			return struct{}{}, err
		})
	return err
}
