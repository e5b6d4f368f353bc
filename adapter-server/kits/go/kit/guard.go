package kit

import (
	"context"
	"strings"

	"github.com/everruns/mortise/adapter-server/kits/go/fail"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// guard lets in the callers that may call: by certificate, by token, by both. Health
// checks need neither.
type guard struct {
	tokens     *reloaded[tokens]
	needsChain bool
	// inherits says that calls go on in the trace of their caller without a span of their own.
	inherits bool
}

const healthPrefix = "/grpc.health.v1.Health/"

func (g guard) admit(ctx context.Context, method string) error {
	if strings.HasPrefix(method, healthPrefix) {
		return nil
	}
	if g.needsChain && !hasChain(ctx) {
		return fail.Unauthenticated("no certificate of a known CA; connect with a client certificate").NotApplied()
	}
	if g.tokens == nil {
		return nil
	}
	for _, value := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		scheme, token, found := strings.Cut(value, " ")
		if found && strings.EqualFold(scheme, "Bearer") && g.tokens.get().has(strings.TrimSpace(token)) {
			return nil
		}
	}
	return fail.Unauthenticated("no known bearer token; send `authorization: Bearer TOKEN`").NotApplied()
}

func hasChain(ctx context.Context) bool {
	caller, found := peer.FromContext(ctx)
	if !found {
		return false
	}
	info, isTLS := caller.AuthInfo.(credentials.TLSInfo)
	return isTLS && len(info.State.VerifiedChains) > 0
}

func (g guard) unary(ctx context.Context, r any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := g.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if g.inherits {
		ctx = inherited(ctx)
	}
	return next(ctx, r)
}

func (g guard) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := g.admit(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	if g.inherits {
		stream = traced{stream, inherited(stream.Context())}
	}
	return next(server, stream)
}

// traced is a stream in the trace of its caller.
type traced struct {
	grpc.ServerStream
	ctx context.Context
}

func (t traced) Context() context.Context { return t.ctx }
