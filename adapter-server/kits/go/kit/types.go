package kit

import (
	"context"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Org is the tenant of a call. What belongs to another org is absent, as if it had never
// existed: make ID a part of every key.
type Org struct {
	// ID is the key of the tenant. All 64 bits count.
	ID int64
	// PublicID is for display; it may be empty.
	PublicID string
}

// Session is a session that a call acts on, in the org of the call.
type Session struct {
	Org Org
	// ID is `session_` and 32 hex digits.
	ID string
}

// Nothing is the answer of a change that only happens.
type Nothing struct{}

// request is any request of the contract.
type request interface {
	proto.Message
	GetContext() *adapterv1.CallContext
}

type callKey struct{}

// Call is the context of the call that is being served: turn and session of the caller,
// for logs. It is never nil.
func Call(ctx context.Context) *adapterv1.CallContext {
	if held, ok := ctx.Value(callKey{}).(*adapterv1.CallContext); ok {
		return held
	}
	return &adapterv1.CallContext{}
}

func orgOf(r request) Org {
	return Org{ID: r.GetContext().GetOrgId(), PublicID: r.GetContext().GetOrgPublicId()}
}

func sessionOf(r interface {
	request
	GetSessionId() string
}) Session {
	return Session{Org: orgOf(r), ID: r.GetSessionId()}
}

func timeOf(stamp *timestamppb.Timestamp) *time.Time {
	if stamp == nil {
		return nil
	}
	at := stamp.AsTime()
	return &at
}
