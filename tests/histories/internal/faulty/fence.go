package faulty

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fenced refuses a change that a lease keeps out. It is called under the lock.
func (s *server) fenced(c call) error {
	lease := s.db.session(c.sessionID).lease
	fence := c.context.GetFence()
	isLeased := time.Now().Before(lease.expires)
	switch {
	case fence != 0 && fence != lease.fence, fence == 0 && c.isTurnEvent && isLeased:
		return refuse(codes.Aborted, "FENCED", lease.holder)
	default:
		return nil
	}
}

// refuse makes an error with a reason.
func refuse(code codes.Code, reason, holder string) error {
	refusal, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{
		Reason: reason, Domain: "mortise.adapter.v1", Metadata: map[string]string{"holder": holder},
	})
	if err != nil {
		return err
	}
	return refusal.Err()
}
