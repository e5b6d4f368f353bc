package faulty

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
)

// leases is the lease service of a server.
type leases struct {
	pb.UnimplementedSessionLeaseServiceServer
	server *server
}

func init() {
	further = append(further, func(s *server) {
		pb.RegisterSessionLeaseServiceServer(s.grpc, leases{server: s})
	})
	leaseMutants = []Mutant{FenceBefore, FenceVolatile, UnlockedLease, LateRelease, LeaseShort}
}

// AcquireLease grants a lease to one caller.
func (l leases) AcquireLease(_ context.Context, r *pb.AcquireLeaseRequest) (*pb.AcquireLeaseResponse, error) {
	s := l.server
	asked := call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "AcquireLease"}
	return steps(s, asked, func(transaction func(func(*session))) (*pb.AcquireLeaseResponse, error) {
		var next lease
		var refusal error
		look := func(session *session) {
			held := session.lease
			if time.Now().Before(held.expires) && held.holder != r.GetHolder() {
				refusal = refuse(codes.FailedPrecondition, "HELD", held.holder)
				return
			}
			next = lease{fence: s.nextFence(r.GetSessionId(), held.fence), holder: r.GetHolder()}
		}
		take := func(session *session) {
			if refusal == nil {
				next.expires = time.Now().Add(s.runs(r.GetTtlMs()))
				session.lease = next
			}
		}
		if s.mutant == UnlockedLease {
			transaction(look)
			transaction(take)
		} else {
			transaction(func(session *session) { look(session); take(session) })
		}
		granted := &pb.SessionLease{SessionId: r.GetSessionId(), Fence: next.fence, Holder: next.holder}
		return &pb.AcquireLeaseResponse{Lease: granted}, refusal
	})
}

// nextFence is higher than every fence of the session.
func (s *server) nextFence(sessionID string, highest uint64) uint64 {
	if s.mutant != FenceVolatile {
		return highest + 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fences[sessionID]++
	return s.fences[sessionID]
}

// runs is how long a lease runs.
func (s *server) runs(ttl uint64) time.Duration {
	if s.mutant == LeaseShort {
		ttl /= 4
	}
	return time.Duration(ttl) * time.Millisecond
}

// RenewLease makes a lease run longer.
func (l leases) RenewLease(_ context.Context, r *pb.RenewLeaseRequest) (*pb.RenewLeaseResponse, error) {
	return leaseChange(l.server, r.GetSessionId(), func(lease *lease) (*pb.RenewLeaseResponse, error) {
		if r.GetFence() != lease.fence || time.Now().After(lease.expires) {
			return nil, refuse(codes.Aborted, "FENCED", lease.holder)
		}
		if until := time.Now().Add(l.server.runs(r.GetTtlMs())); until.After(lease.expires) {
			lease.expires = until
		}
		return &pb.RenewLeaseResponse{}, nil
	})
}

// ReleaseLease ends a lease.
func (l leases) ReleaseLease(_ context.Context, r *pb.ReleaseLeaseRequest) (*pb.ReleaseLeaseResponse, error) {
	return leaseChange(l.server, r.GetSessionId(), func(lease *lease) (*pb.ReleaseLeaseResponse, error) {
		if r.GetFence() == lease.fence || l.server.mutant == LateRelease {
			lease.expires = time.Time{}
		}
		return &pb.ReleaseLeaseResponse{}, nil
	})
}

// leaseChange changes a lease without a request_id.
func leaseChange[T any](s *server, sessionID string, apply func(*lease) (T, error)) (T, error) {
	work()
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	var none T
	if s.dead.Load() {
		return none, errDead
	}
	return apply(&s.db.session(sessionID).lease)
}
