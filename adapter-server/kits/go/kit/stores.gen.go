// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package kit

import (
	"context"
	"time"

	"github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Types that parameters may have; which of them occur is the contract's business.
var (
	_ time.Time
	_ *durationpb.Duration
	_ *timestamppb.Timestamp
)

// AgentStore is what an author implements to offer AgentStoreService.
//
// AgentStoreService returns agents. Required: a host runs no turn without it.
type AgentStore interface {
	// GetAgent returns the agent with a public id.
	//
	// An agent that does not exist in the org is absent, not an error. An
	// archived agent must be returned with its status. A deleted agent may be
	// returned with its status or be absent. The host checks the status before
	// every phase and ends the turn if the agent is not active, so an answer must
	// show every change that was made before the call.
	GetAgent(ctx context.Context, o Org, agentID string) (*adapterv1.Agent, error)
}

// OfferAgentStore offers AgentStoreService.
func OfferAgentStore(store AgentStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.AgentStoreService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterAgentStoreServiceServer(server, &agentStoreServer{core: k, store: store})
	})
}

type agentStoreServer struct {
	adapterv1.UnimplementedAgentStoreServiceServer
	core  *core
	store AgentStore
}

var agentStoreGetAgent = newMethod[*adapterv1.GetAgentRequest, *adapterv1.GetAgentResponse]("mortise.adapter.v1.AgentStoreService", "GetAgent", false)

func (x *agentStoreServer) GetAgent(ctx context.Context, r *adapterv1.GetAgentRequest) (*adapterv1.GetAgentResponse, error) {
	return plain(ctx, x.core, agentStoreGetAgent, r, func(ctx context.Context) (*adapterv1.GetAgentResponse, error) {
		v, err := x.store.GetAgent(ctx, orgOf(r), r.GetAgentId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetAgentResponse{Agent: v}, nil
	})
}

// BudgetChecker is what an author implements to offer BudgetCheckerService.
//
// BudgetCheckerService returns the budgets of a session. Optional: without it,
// sessions have no budgets.
type BudgetChecker interface {
	// CheckBudgets returns every budget that the session's spending counts
	// against: the budgets of the session, of its agent, of the agent in the
	// request and of the org.
	//
	// A session that does not exist in the org has no budgets: the answer is
	// `no_budgets` and an empty list, or an error. It must never hold budgets of
	// another org.
	CheckBudgets(ctx context.Context, s Session, agentID *string) (*adapterv1.CheckBudgetsResponse, error)
}

// OfferBudgetChecker offers BudgetCheckerService.
func OfferBudgetChecker(store BudgetChecker, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.BudgetCheckerService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterBudgetCheckerServiceServer(server, &budgetCheckerServer{core: k, store: store})
	})
}

type budgetCheckerServer struct {
	adapterv1.UnimplementedBudgetCheckerServiceServer
	core  *core
	store BudgetChecker
}

var budgetCheckerCheckBudgets = newMethod[*adapterv1.CheckBudgetsRequest, *adapterv1.CheckBudgetsResponse]("mortise.adapter.v1.BudgetCheckerService", "CheckBudgets", false)

func (x *budgetCheckerServer) CheckBudgets(ctx context.Context, r *adapterv1.CheckBudgetsRequest) (*adapterv1.CheckBudgetsResponse, error) {
	return plain(ctx, x.core, budgetCheckerCheckBudgets, r, func(ctx context.Context) (*adapterv1.CheckBudgetsResponse, error) {
		v, err := x.store.CheckBudgets(ctx, sessionOf(r), r.AgentId)
		if err != nil {
			return nil, err
		}
		return v, nil
	})
}

// Egress is what an author implements to offer EgressService.
//
// EgressService sends HTTP requests on behalf of a host. Optional: without it,
// the host's tools cannot send requests through the platform, and MCP servers
// are not reached.
//
// A server must check a request in this order, before it makes a connection:
//   - the method and the URL, else INVALID_ARGUMENT + EGRESS_INVALID_REQUEST;
//   - the network access list of the request, then the server's own policy, else
//     PERMISSION_DENIED + EGRESS_NETWORK_ACCESS_DENIED;
//   - whether it can sign, if signing is EGRESS_SIGNING_REQUIRED, else
//     FAILED_PRECONDITION + EGRESS_SIGNING_UNAVAILABLE.
//
// Whatever fails after that, a timeout included, is INTERNAL +
// EGRESS_TRANSPORT.
//
// Every HTTP status is an answer and not an error, 4xx and 5xx included. A
// redirect is an answer as well: the server must not follow it. If a header
// comes more than once, the last value counts. Headers that are not UTF-8 are
// left out.
//
// A request is sent once: a client does not repeat the call. A request larger
// than Limits.max_message_bytes is refused by the client.
type Egress interface {
	// Send sends a request and streams the answer, which the client puts
	// together. A server may refuse an answer that is too large to hold with
	// INTERNAL + EGRESS_TRANSPORT; the reference server holds 32 MiB.
	Send(ctx context.Context, o Org, request *adapterv1.EgressRequest, send func(*adapterv1.SendResponse) error) error
	// SendStream sends a request and streams the answer as it arrives: the head
	// as soon as it is there, then the body without waiting for its end. The
	// caller may cancel the call at any time; the server must then stop the
	// transfer.
	SendStream(ctx context.Context, o Org, request *adapterv1.EgressRequest, send func(*adapterv1.SendStreamResponse) error) error
}

// OfferEgress offers EgressService.
func OfferEgress(store Egress, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.EgressService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterEgressServiceServer(server, &egressServer{core: k, store: store})
	})
}

type egressServer struct {
	adapterv1.UnimplementedEgressServiceServer
	core  *core
	store Egress
}

var egressSend = newMethod[*adapterv1.SendRequest, *adapterv1.SendResponse]("mortise.adapter.v1.EgressService", "Send", false)

func (x *egressServer) Send(r *adapterv1.SendRequest, stream grpc.ServerStreamingServer[adapterv1.SendResponse]) error {
	return streamed(stream.Context(), x.core, egressSend, r, stream.Send, func(ctx context.Context, send func(*adapterv1.SendResponse) error) error {
		return x.store.Send(ctx, orgOf(r), r.GetRequest(), send)
	})
}

var egressSendStream = newMethod[*adapterv1.SendStreamRequest, *adapterv1.SendStreamResponse]("mortise.adapter.v1.EgressService", "SendStream", false)

func (x *egressServer) SendStream(r *adapterv1.SendStreamRequest, stream grpc.ServerStreamingServer[adapterv1.SendStreamResponse]) error {
	return streamed(stream.Context(), x.core, egressSendStream, r, stream.Send, func(ctx context.Context, send func(*adapterv1.SendStreamResponse) error) error {
		return x.store.SendStream(ctx, orgOf(r), r.GetRequest(), send)
	})
}

// EventEmitter is what an author implements to offer EventEmitterService.
//
// EventEmitterService stores events. Required: a host runs no turn without it.
//
// The server gives each stored event an id and a sequence number. Within a
// session the numbers start at 1, rise by one and have no gaps, in the order in
// which the events were accepted; a refused event takes no number. A caller may
// emit several events for one session at the same time. Event types are open: a
// server must store a type that it does not know, with its JSON as it came.
//
// Some events create a message. The event and its message become visible
// together or not at all:
//   - `input.message` and `output.message.completed`: `data.message` as it is. It
//     is a message in the JSON form of the runtime: `id`, `role` (`system`,
//     `user`, `agent` or `tool_result`), `content` (a list of parts, each with
//     `type` `text`, `image`, `image_file`, `tool_call` or `tool_result` and the
//     fields that ContentPart has for it, without the suffix `_json`),
//     `created_at` (RFC 3339), and optionally `phase`, `thinking`,
//     `thinking_signature`, `controls`, `metadata` and `external_actor`.
//   - `tool.completed`: a message of role tool_result. Its first part is the
//     result of `data.tool_call_id`. `data.result` is a list of parts. If it is
//     absent, there is no result. If it has one text part, the result is the JSON
//     object or array that the text is, if it keeps the grammar of open values
//     (context.proto), else the text as a JSON string. If it has several text
//     parts, the result is the JSON array of these parts, each
//     `{"type": "text", "text": ...}`. If it has none, the result is null. Image
//     parts that have both `base64` and `media_type` follow as image parts, and
//     `data.error` is then dropped. The metadata holds `tool_name`, and
//     `tool_call_fingerprint` and `tool_result_fingerprint` if given. The
//     message's id is `message_` and the 32 digits of the event's id or another
//     id that never changes; its created_at is the event's `ts`.
//
// No other event creates a message.
//
// Ephemeral types (`output.message.delta`, `reason.thinking.delta`,
// `tool.output.delta`, `voice.input_transcript.delta`,
// `voice.output_transcript.delta`) are passed on to those who follow the
// session (EventLogService). A server need not store them. They take no
// sequence number; the answer to one has sequence 0. They may be lost.
type EventEmitter interface {
	// Emit stores one event. The event must be durable when the server answers,
	// and its message must be readable.
	//
	// INVALID_ARGUMENT + INVALID_FIELD: session, type, time or data are missing,
	// an id is malformed, an open value breaks its grammar, or the data of an
	// event that creates a message are not what its type says. NOT_FOUND +
	// SESSION_NOT_FOUND: the server keeps sessions and has none of this id.
	// FAILED_PRECONDITION + SESSION_ARCHIVED: the session is deleted. A server may
	// accept an ephemeral event of a deleted session for a few seconds more.
	// INTERNAL + STORE: neither the event nor its message was stored, for instance
	// because the session has a message of this id already. FAILED_PRECONDITION +
	// PATCH_BASE: `data_patch` cannot be applied; nothing was stored.
	Emit(ctx context.Context, o Org, c Change[*adapterv1.EmitResponse], event *adapterv1.NewEvent, proposedEventID string) (*adapterv1.EmitResponse, error)
}

// OfferEventEmitter offers EventEmitterService.
func OfferEventEmitter(store EventEmitter, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.EventEmitterService", store, []string{"FEATURE_EMIT_STREAM", "FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterEventEmitterServiceServer(server, &eventEmitterServer{core: k, store: store})
	})
}

type eventEmitterServer struct {
	adapterv1.UnimplementedEventEmitterServiceServer
	core  *core
	store EventEmitter
}

var eventEmitterEmit = newMethod[*adapterv1.EmitRequest, *adapterv1.EmitResponse]("mortise.adapter.v1.EventEmitterService", "Emit", true)

func (x *eventEmitterServer) Emit(ctx context.Context, r *adapterv1.EmitRequest) (*adapterv1.EmitResponse, error) {
	return keyed(ctx, x.core, eventEmitterEmit, r, codec[*adapterv1.EmitResponse, *adapterv1.EmitResponse]{
		wrap:   func(v *adapterv1.EmitResponse) *adapterv1.EmitResponse { return v },
		unwrap: func(a *adapterv1.EmitResponse) *adapterv1.EmitResponse { return a },
	}, func(ctx context.Context, c Change[*adapterv1.EmitResponse]) (*adapterv1.EmitResponse, error) {
		return x.store.Emit(ctx, orgOf(r), c, r.GetEvent(), r.GetProposedEventId())
	})
}

// EventLog is what an author implements to offer EventLogService.
//
// EventLogService returns what EventEmitterService stored. Optional: without
// it, a host runs turns, but its callers cannot read or follow events.
type EventLog interface {
	// ReadEvents streams the stored events of a session that come after a
	// sequence number, in order, and ends. An event must be readable as soon as
	// its emit is answered. Ephemeral events are not among them. A session that
	// does not exist in the org has no events; that is not an error.
	ReadEvents(ctx context.Context, s Session, afterSequence int64, limit uint64, send func(*adapterv1.ReadEventsResponse) error) error
	// FollowEvents streams the stored events of a session that come after a
	// sequence number, in order, and then every further event when it is stored,
	// with ephemeral events between them, until the caller ends the call. No
	// stored event may be lost or sent twice, also if the follower reads slowly
	// or if the events do not exist yet. Ephemeral events may be lost. A slow or
	// absent follower must not hold up emits. A server that stops ends the
	// stream; the client then follows again from the last number that it has
	// seen.
	FollowEvents(ctx context.Context, s Session, afterSequence int64, send func(*adapterv1.FollowEventsResponse) error) error
}

// OfferEventLog offers EventLogService.
func OfferEventLog(store EventLog, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.EventLogService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterEventLogServiceServer(server, &eventLogServer{core: k, store: store})
	})
}

type eventLogServer struct {
	adapterv1.UnimplementedEventLogServiceServer
	core  *core
	store EventLog
}

var eventLogReadEvents = newMethod[*adapterv1.ReadEventsRequest, *adapterv1.ReadEventsResponse]("mortise.adapter.v1.EventLogService", "ReadEvents", false)

func (x *eventLogServer) ReadEvents(r *adapterv1.ReadEventsRequest, stream grpc.ServerStreamingServer[adapterv1.ReadEventsResponse]) error {
	return streamed(stream.Context(), x.core, eventLogReadEvents, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ReadEventsResponse) error) error {
		return x.store.ReadEvents(ctx, sessionOf(r), r.GetAfterSequence(), r.GetLimit(), send)
	})
}

var eventLogFollowEvents = newMethod[*adapterv1.FollowEventsRequest, *adapterv1.FollowEventsResponse]("mortise.adapter.v1.EventLogService", "FollowEvents", false)

func (x *eventLogServer) FollowEvents(r *adapterv1.FollowEventsRequest, stream grpc.ServerStreamingServer[adapterv1.FollowEventsResponse]) error {
	return streamed(stream.Context(), x.core, eventLogFollowEvents, r, stream.Send, func(ctx context.Context, send func(*adapterv1.FollowEventsResponse) error) error {
		return x.store.FollowEvents(ctx, sessionOf(r), r.GetAfterSequence(), send)
	})
}

// HarnessStore is what an author implements to offer HarnessStoreService.
//
// HarnessStoreService returns harnesses with their ancestors. Required: a host
// runs no turn without it.
type HarnessStore interface {
	// GetHarnessChain returns a harness with its ancestors: the root first, the
	// requested harness last.
	//
	// A harness that does not exist in the org is an empty chain, not an error. A
	// harness without a parent is a chain of one. An archived harness must be
	// returned with its status, and so must a chain with an archived ancestor. A
	// deleted harness may be returned with its status or as an empty chain. The
	// host checks the status of the last element before every phase and ends the
	// turn if the harness is not active.
	//
	// A server may fold the chain into one element, if it folds as upstream does:
	// prompts are joined from the root on, a capability of a child replaces the
	// same one of its parent in place, allowed networks are intersected, blocked
	// networks are joined. A cycle of parents must not hang: the server cuts the
	// chain where it would repeat. A server may limit the length of a chain; the
	// reference server allows 64 harnesses.
	//
	// The host reads the chain several times in every phase. A change must be
	// visible in every call that follows it.
	GetHarnessChain(ctx context.Context, o Org, harnessID string) ([]*adapterv1.Harness, error)
}

// OfferHarnessStore offers HarnessStoreService.
func OfferHarnessStore(store HarnessStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.HarnessStoreService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterHarnessStoreServiceServer(server, &harnessStoreServer{core: k, store: store})
	})
}

type harnessStoreServer struct {
	adapterv1.UnimplementedHarnessStoreServiceServer
	core  *core
	store HarnessStore
}

var harnessStoreGetHarnessChain = newMethod[*adapterv1.GetHarnessChainRequest, *adapterv1.GetHarnessChainResponse]("mortise.adapter.v1.HarnessStoreService", "GetHarnessChain", false)

func (x *harnessStoreServer) GetHarnessChain(ctx context.Context, r *adapterv1.GetHarnessChainRequest) (*adapterv1.GetHarnessChainResponse, error) {
	return plain(ctx, x.core, harnessStoreGetHarnessChain, r, func(ctx context.Context) (*adapterv1.GetHarnessChainResponse, error) {
		v, err := x.store.GetHarnessChain(ctx, orgOf(r), r.GetHarnessId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetHarnessChainResponse{Harnesses: v}, nil
	})
}

// ImageArtifactStore is what an author implements to offer ImageArtifactStoreService.
//
// ImageArtifactStoreService keeps the images of an org. Optional: without it,
// tools cannot create images.
//
// An image has at most 64 MiB (67108864 bytes) and never changes. The same
// bytes stored twice are two images. ImageResolverService resolves the same
// images, by the UUID in their id.
type ImageArtifactStore interface {
	// CreateImage stores an image. The first message of the stream carries the
	// context and the header. Each further message carries the next chunk of the
	// bytes, at most 256 KiB; an image without bytes has no chunk. The server
	// answers after the stream has ended.
	//
	// INVALID_ARGUMENT + INVALID_FIELD: the first message has no header, a chunk
	// comes before the header, there are two headers, or the chunks hold more or
	// fewer bytes than header.size_bytes. RESOURCE_EXHAUSTED + MESSAGE_TOO_LARGE:
	// header.size_bytes is above 64 MiB; the server must say so before it reads a
	// chunk. DEADLINE_EXCEEDED: the stream was silent for 30 s or took more than
	// 10 min, at which a server may end it. In each of these cases nothing is
	// stored.
	//
	// A caller that repeats the call sends the whole stream again, with the same
	// request_id.
	CreateImage(ctx context.Context, o Org, c Change[*adapterv1.StoredImageInfo], r *adapterv1.CreateImageRequest, next func() (*adapterv1.CreateImageRequest, error)) (*adapterv1.StoredImageInfo, error)
	// GetImage returns an image with its bytes. The first message of the stream
	// describes the image, and chunks of its bytes follow. The stream is empty if
	// there is no such image in the org.
	GetImage(ctx context.Context, o Org, imageID string, send func(*adapterv1.GetImageResponse) error) error
	// GetImageInfo returns the description of an image without its bytes.
	GetImageInfo(ctx context.Context, o Org, imageID string) (*adapterv1.StoredImageInfo, error)
}

// OfferImageArtifactStore offers ImageArtifactStoreService.
func OfferImageArtifactStore(store ImageArtifactStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.ImageArtifactStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterImageArtifactStoreServiceServer(server, &imageArtifactStoreServer{core: k, store: store})
	})
}

type imageArtifactStoreServer struct {
	adapterv1.UnimplementedImageArtifactStoreServiceServer
	core  *core
	store ImageArtifactStore
}

var imageArtifactStoreCreateImage = newMethod[*adapterv1.CreateImageRequest, *adapterv1.CreateImageResponse]("mortise.adapter.v1.ImageArtifactStoreService", "CreateImage", true)

func (x *imageArtifactStoreServer) CreateImage(stream grpc.ClientStreamingServer[adapterv1.CreateImageRequest, adapterv1.CreateImageResponse]) error {
	answer, err := keyedUpload(stream.Context(), x.core, imageArtifactStoreCreateImage, stream.Recv, codec[*adapterv1.StoredImageInfo, *adapterv1.CreateImageResponse]{
		wrap: func(v *adapterv1.StoredImageInfo) *adapterv1.CreateImageResponse {
			return &adapterv1.CreateImageResponse{Image: v}
		},
		unwrap: func(a *adapterv1.CreateImageResponse) *adapterv1.StoredImageInfo { return a.Image },
	}, func(ctx context.Context, r *adapterv1.CreateImageRequest, c Change[*adapterv1.StoredImageInfo], next func() (*adapterv1.CreateImageRequest, error)) (*adapterv1.StoredImageInfo, error) {
		return x.store.CreateImage(ctx, orgOf(r), c, r, next)
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(answer)
}

var imageArtifactStoreGetImage = newMethod[*adapterv1.GetImageRequest, *adapterv1.GetImageResponse]("mortise.adapter.v1.ImageArtifactStoreService", "GetImage", false)

func (x *imageArtifactStoreServer) GetImage(r *adapterv1.GetImageRequest, stream grpc.ServerStreamingServer[adapterv1.GetImageResponse]) error {
	return streamed(stream.Context(), x.core, imageArtifactStoreGetImage, r, stream.Send, func(ctx context.Context, send func(*adapterv1.GetImageResponse) error) error {
		return x.store.GetImage(ctx, orgOf(r), r.GetImageId(), send)
	})
}

var imageArtifactStoreGetImageInfo = newMethod[*adapterv1.GetImageInfoRequest, *adapterv1.GetImageInfoResponse]("mortise.adapter.v1.ImageArtifactStoreService", "GetImageInfo", false)

func (x *imageArtifactStoreServer) GetImageInfo(ctx context.Context, r *adapterv1.GetImageInfoRequest) (*adapterv1.GetImageInfoResponse, error) {
	return plain(ctx, x.core, imageArtifactStoreGetImageInfo, r, func(ctx context.Context) (*adapterv1.GetImageInfoResponse, error) {
		v, err := x.store.GetImageInfo(ctx, orgOf(r), r.GetImageId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetImageInfoResponse{Image: v}, nil
	})
}

// ImageResolver is what an author implements to offer ImageResolverService.
//
// ImageResolverService returns the image that an `image_file` part of a message
// names. Optional: without it, and if it fails or finds nothing, the model gets
// a line of text instead of the image.
type ImageResolver interface {
	// ResolveImage returns an image in base64. The first message of the stream is
	// the header, and chunks of the base64 text follow. The stream is empty if
	// there is no such image in the org.
	ResolveImage(ctx context.Context, o Org, imageID string, send func(*adapterv1.ResolveImageResponse) error) error
}

// OfferImageResolver offers ImageResolverService.
func OfferImageResolver(store ImageResolver, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.ImageResolverService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterImageResolverServiceServer(server, &imageResolverServer{core: k, store: store})
	})
}

type imageResolverServer struct {
	adapterv1.UnimplementedImageResolverServiceServer
	core  *core
	store ImageResolver
}

var imageResolverResolveImage = newMethod[*adapterv1.ResolveImageRequest, *adapterv1.ResolveImageResponse]("mortise.adapter.v1.ImageResolverService", "ResolveImage", false)

func (x *imageResolverServer) ResolveImage(r *adapterv1.ResolveImageRequest, stream grpc.ServerStreamingServer[adapterv1.ResolveImageResponse]) error {
	return streamed(stream.Context(), x.core, imageResolverResolveImage, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ResolveImageResponse) error) error {
		return x.store.ResolveImage(ctx, orgOf(r), r.GetImageId(), send)
	})
}

// LeasedResourceStore is what an author implements to offer LeasedResourceStoreService.
//
// LeasedResourceStoreService keeps the leases of sessions. Optional: without
// it, tools cannot lease resources.
//
// Session, provider, resource type and external id together identify a lease.
// They are compared byte for byte. The reference server takes 2,048 bytes of
// provider, resource type and external id together.
//
// If the server offers SessionResourceRegistryService as well, it must keep an
// entry there for every lease. The entry's resource_id is the lease's id, its
// kind is the resource type, and its status is `active` or `released`. Its
// metadata names the lease in `leased_resource_provider`,
// `leased_resource_type`, `leased_resource_external_id` and
// `leased_resource_id`. The host's ownership checks read these four.
type LeasedResourceStore interface {
	// UpsertResource creates a lease or renews it. The lease becomes active,
	// whatever its status was, and expires lease_duration_seconds from now. A
	// lease that exists keeps its id and its created_at; display name, owner and
	// metadata are replaced. Calls for one lease at the same time create one
	// lease.
	UpsertResource(ctx context.Context, s Session, c Change[*adapterv1.LeasedResource], r *adapterv1.UpsertResourceRequest) (*adapterv1.LeasedResource, error)
	// ReleaseResource marks a lease as released before it expires. The lease
	// stays in the list. A lease that does not exist is absent in the answer, not
	// an error.
	ReleaseResource(ctx context.Context, s Session, c Change[*adapterv1.LeasedResource], provider string, resourceType string, externalID string) (*adapterv1.LeasedResource, error)
	// ListResources returns the leases of a session, released ones included, in
	// the order in which they were created. A session that does not exist in the
	// org has none.
	ListResources(ctx context.Context, s Session) ([]*adapterv1.LeasedResource, error)
}

// OfferLeasedResourceStore offers LeasedResourceStoreService.
func OfferLeasedResourceStore(store LeasedResourceStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.LeasedResourceStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterLeasedResourceStoreServiceServer(server, &leasedResourceStoreServer{core: k, store: store})
	})
}

type leasedResourceStoreServer struct {
	adapterv1.UnimplementedLeasedResourceStoreServiceServer
	core  *core
	store LeasedResourceStore
}

var leasedResourceStoreUpsertResource = newMethod[*adapterv1.UpsertResourceRequest, *adapterv1.UpsertResourceResponse]("mortise.adapter.v1.LeasedResourceStoreService", "UpsertResource", true)

func (x *leasedResourceStoreServer) UpsertResource(ctx context.Context, r *adapterv1.UpsertResourceRequest) (*adapterv1.UpsertResourceResponse, error) {
	return keyed(ctx, x.core, leasedResourceStoreUpsertResource, r, codec[*adapterv1.LeasedResource, *adapterv1.UpsertResourceResponse]{
		wrap: func(v *adapterv1.LeasedResource) *adapterv1.UpsertResourceResponse {
			return &adapterv1.UpsertResourceResponse{Resource: v}
		},
		unwrap: func(a *adapterv1.UpsertResourceResponse) *adapterv1.LeasedResource { return a.Resource },
	}, func(ctx context.Context, c Change[*adapterv1.LeasedResource]) (*adapterv1.LeasedResource, error) {
		return x.store.UpsertResource(ctx, sessionOf(r), c, r)
	})
}

var leasedResourceStoreReleaseResource = newMethod[*adapterv1.ReleaseResourceRequest, *adapterv1.ReleaseResourceResponse]("mortise.adapter.v1.LeasedResourceStoreService", "ReleaseResource", true)

func (x *leasedResourceStoreServer) ReleaseResource(ctx context.Context, r *adapterv1.ReleaseResourceRequest) (*adapterv1.ReleaseResourceResponse, error) {
	return keyed(ctx, x.core, leasedResourceStoreReleaseResource, r, codec[*adapterv1.LeasedResource, *adapterv1.ReleaseResourceResponse]{
		wrap: func(v *adapterv1.LeasedResource) *adapterv1.ReleaseResourceResponse {
			return &adapterv1.ReleaseResourceResponse{Resource: v}
		},
		unwrap: func(a *adapterv1.ReleaseResourceResponse) *adapterv1.LeasedResource { return a.Resource },
	}, func(ctx context.Context, c Change[*adapterv1.LeasedResource]) (*adapterv1.LeasedResource, error) {
		return x.store.ReleaseResource(ctx, sessionOf(r), c, r.GetProvider(), r.GetResourceType(), r.GetExternalId())
	})
}

var leasedResourceStoreListResources = newMethod[*adapterv1.ListResourcesRequest, *adapterv1.ListResourcesResponse]("mortise.adapter.v1.LeasedResourceStoreService", "ListResources", false)

func (x *leasedResourceStoreServer) ListResources(ctx context.Context, r *adapterv1.ListResourcesRequest) (*adapterv1.ListResourcesResponse, error) {
	return plain(ctx, x.core, leasedResourceStoreListResources, r, func(ctx context.Context) (*adapterv1.ListResourcesResponse, error) {
		v, err := x.store.ListResources(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListResourcesResponse{Resources: v}, nil
	})
}

// LlmProviderStore is what an author implements to offer LlmProviderStoreService.
//
// LlmProviderStoreService returns models. Required: a host runs no turn without
// it.
type LlmProviderStore interface {
	// GetModelWithProvider returns the model with an id.
	//
	// A model that does not exist in the org is absent, not an error: the host
	// then tries the next model in its order. An error ends the turn.
	GetModelWithProvider(ctx context.Context, o Org, modelID string) (*adapterv1.ModelWithProvider, error)
	// GetDefaultModel returns the org's default model. It is absent if none is
	// set.
	GetDefaultModel(ctx context.Context, o Org) (*adapterv1.ModelWithProvider, error)
}

// OfferLlmProviderStore offers LlmProviderStoreService.
func OfferLlmProviderStore(store LlmProviderStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.LlmProviderStoreService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterLlmProviderStoreServiceServer(server, &llmProviderStoreServer{core: k, store: store})
	})
}

type llmProviderStoreServer struct {
	adapterv1.UnimplementedLlmProviderStoreServiceServer
	core  *core
	store LlmProviderStore
}

var llmProviderStoreGetModelWithProvider = newMethod[*adapterv1.GetModelWithProviderRequest, *adapterv1.GetModelWithProviderResponse]("mortise.adapter.v1.LlmProviderStoreService", "GetModelWithProvider", false)

func (x *llmProviderStoreServer) GetModelWithProvider(ctx context.Context, r *adapterv1.GetModelWithProviderRequest) (*adapterv1.GetModelWithProviderResponse, error) {
	return plain(ctx, x.core, llmProviderStoreGetModelWithProvider, r, func(ctx context.Context) (*adapterv1.GetModelWithProviderResponse, error) {
		v, err := x.store.GetModelWithProvider(ctx, orgOf(r), r.GetModelId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetModelWithProviderResponse{Model: v}, nil
	})
}

var llmProviderStoreGetDefaultModel = newMethod[*adapterv1.GetDefaultModelRequest, *adapterv1.GetDefaultModelResponse]("mortise.adapter.v1.LlmProviderStoreService", "GetDefaultModel", false)

func (x *llmProviderStoreServer) GetDefaultModel(ctx context.Context, r *adapterv1.GetDefaultModelRequest) (*adapterv1.GetDefaultModelResponse, error) {
	return plain(ctx, x.core, llmProviderStoreGetDefaultModel, r, func(ctx context.Context) (*adapterv1.GetDefaultModelResponse, error) {
		v, err := x.store.GetDefaultModel(ctx, orgOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetDefaultModelResponse{Model: v}, nil
	})
}

// Mcp is what an author implements to offer McpService.
//
// McpService says which MCP servers a session can use and which credentials go
// with a request. Optional.
//
// The host speaks MCP itself: it lists the tools of the MCP servers for the
// model and calls them, through EgressService. Without McpService or without
// EgressService, there are no MCP tools.
//
// The MCP servers of a session are those of its harness chain, root first, then
// those of its agent, then its own. Of several with one name the last counts,
// as a whole; nothing of the others is merged into it. A platform may add
// servers of its own, such as those of an org.
//
// A tool is named `mcp_{prefix}__{tool}`. The prefix is the MCP server's name
// in lower case, with `_` in place of every character that is neither a letter
// nor a digit. Of several MCP servers with one prefix the last by name counts,
// in the order of the bytes. An MCP server whose prefix contains `__` or ends
// with `_` cannot be called; the host leaves it out.
//
// A session that does not exist in the org has no MCP servers and no
// credentials; that is not an error. A server that keeps headers, environments
// or keys encrypted and has no encryption key must refuse to read them:
// FAILED_PRECONDITION + CONFIGURATION with a text that contains "Encryption not
// configured".
type Mcp interface {
	// ListMcpServers returns the MCP servers of the session, each once, in the
	// order of the bytes of their names. MCP servers that run as a process are
	// included; a host that starts no processes leaves them out and logs it.
	ListMcpServers(ctx context.Context, s Session) ([]*adapterv1.McpServer, error)
	// ResolveMcpConnection returns how to reach the MCP server with a prefix. A
	// prefix that no MCP server of the session has is absent, not an error.
	ResolveMcpConnection(ctx context.Context, s Session, serverPrefix string) (*adapterv1.McpConnection, error)
	// AuthorizeMcpServer returns the credential for a request to an MCP server,
	// by the auth_mode of its connection:
	//
	// - MCP_AUTH_MODE_NONE: no credential. The host does not ask.
	// - MCP_AUTH_MODE_OAUTH: `Bearer TOKEN`, where TOKEN is the token of the
	//   session's user for oauth_provider_id, as
	//   UserConnectionResolverService.GetConnectionToken returns it.
	// - MCP_AUTH_MODE_API_KEY: `Bearer KEY`, where KEY is the key of the MCP
	//   server. The reference server keeps it as the session's secret
	//   `mcp_api_key:NAME` (SessionStorageStoreService); NAME is the MCP server's
	//   name as it is. Another platform may keep keys elsewhere.
	//
	// A credential that does not exist is absent, not an error: the host then
	// sends its request without one. The host asks before every request and keeps
	// no credential, so the server must renew a token that has expired.
	AuthorizeMcpServer(ctx context.Context, s Session, serverName string, authMode adapterv1.McpAuthMode, oauthProviderID *string) (*adapterv1.McpCredential, error)
}

// OfferMcp offers McpService.
func OfferMcp(store Mcp, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.McpService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterMcpServiceServer(server, &mcpServer{core: k, store: store})
	})
}

type mcpServer struct {
	adapterv1.UnimplementedMcpServiceServer
	core  *core
	store Mcp
}

var mcpListMcpServers = newMethod[*adapterv1.ListMcpServersRequest, *adapterv1.ListMcpServersResponse]("mortise.adapter.v1.McpService", "ListMcpServers", false)

func (x *mcpServer) ListMcpServers(ctx context.Context, r *adapterv1.ListMcpServersRequest) (*adapterv1.ListMcpServersResponse, error) {
	return plain(ctx, x.core, mcpListMcpServers, r, func(ctx context.Context) (*adapterv1.ListMcpServersResponse, error) {
		v, err := x.store.ListMcpServers(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListMcpServersResponse{Servers: v}, nil
	})
}

var mcpResolveMcpConnection = newMethod[*adapterv1.ResolveMcpConnectionRequest, *adapterv1.ResolveMcpConnectionResponse]("mortise.adapter.v1.McpService", "ResolveMcpConnection", false)

func (x *mcpServer) ResolveMcpConnection(ctx context.Context, r *adapterv1.ResolveMcpConnectionRequest) (*adapterv1.ResolveMcpConnectionResponse, error) {
	return plain(ctx, x.core, mcpResolveMcpConnection, r, func(ctx context.Context) (*adapterv1.ResolveMcpConnectionResponse, error) {
		v, err := x.store.ResolveMcpConnection(ctx, sessionOf(r), r.GetServerPrefix())
		if err != nil {
			return nil, err
		}
		return &adapterv1.ResolveMcpConnectionResponse{Connection: v}, nil
	})
}

var mcpAuthorizeMcpServer = newMethod[*adapterv1.AuthorizeMcpServerRequest, *adapterv1.AuthorizeMcpServerResponse]("mortise.adapter.v1.McpService", "AuthorizeMcpServer", false)

func (x *mcpServer) AuthorizeMcpServer(ctx context.Context, r *adapterv1.AuthorizeMcpServerRequest) (*adapterv1.AuthorizeMcpServerResponse, error) {
	return plain(ctx, x.core, mcpAuthorizeMcpServer, r, func(ctx context.Context) (*adapterv1.AuthorizeMcpServerResponse, error) {
		v, err := x.store.AuthorizeMcpServer(ctx, sessionOf(r), r.GetServerName(), r.GetAuthMode(), r.OauthProviderId)
		if err != nil {
			return nil, err
		}
		return &adapterv1.AuthorizeMcpServerResponse{Credential: v}, nil
	})
}

// MemoryStore is what an author implements to offer MemoryStoreService.
//
// MemoryStoreService keeps the memories of an org in stores. Optional: without
// it, agents remember nothing between sessions.
//
// Everything belongs to the org of the call. A store or memory of another org
// is absent, and a query without a store searches the stores of this org alone.
type MemoryStore interface {
	// GetOrCreateDefaultStore returns the org's default store, named `default`,
	// and creates it if there is none. An org has one default store, also if
	// several calls come at the same time.
	GetOrCreateDefaultStore(ctx context.Context, o Org, c Change[*adapterv1.MemoryStore], orgID string) (*adapterv1.MemoryStore, error)
	// GetMemoryStore returns the store with an id. A store that does not exist in
	// the org is absent.
	GetMemoryStore(ctx context.Context, o Org, storeID string) (*adapterv1.MemoryStore, error)
	// CreateMemory stores a memory and returns it. The memory is active. An
	// importance below 1 becomes 1, one above 10 becomes 10.
	//
	// INTERNAL + STORE: the store does not exist in the org (the text contains
	// "not found"), or it holds as many active memories as it may; the reference
	// server takes 10,000. INVALID_ARGUMENT + INVALID_FIELD: an id is malformed,
	// the kind is missing, or a part has no content.
	CreateMemory(ctx context.Context, o Org, c Change[*adapterv1.Memory], r *adapterv1.CreateMemoryRequest) (*adapterv1.Memory, error)
	// Recall streams the active memories that match every part of the query. The
	// most important come first; of equally important ones the newest comes
	// first. The limit is applied last.
	//
	// The server sends at least one message, also if nothing matches. It may
	// refuse an answer with more images than it can hold with INTERNAL + STORE;
	// the reference server holds 64 MiB.
	Recall(ctx context.Context, o Org, r *adapterv1.RecallRequest, send func(*adapterv1.RecallResponse) error) error
	// Forget makes a memory inactive: Recall and CountActive then leave it out.
	// The answer is false if the memory does not exist, is inactive already or is
	// in another store; nothing is changed then.
	Forget(ctx context.Context, o Org, c Change[bool], storeID string, memoryID string) (bool, error)
	// CountActive returns how many active memories a store has. 0 if the store
	// does not exist in the org.
	CountActive(ctx context.Context, o Org, storeID string) (uint64, error)
}

// OfferMemoryStore offers MemoryStoreService.
func OfferMemoryStore(store MemoryStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.MemoryStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterMemoryStoreServiceServer(server, &memoryStoreServer{core: k, store: store})
	})
}

type memoryStoreServer struct {
	adapterv1.UnimplementedMemoryStoreServiceServer
	core  *core
	store MemoryStore
}

var memoryStoreGetOrCreateDefaultStore = newMethod[*adapterv1.GetOrCreateDefaultStoreRequest, *adapterv1.GetOrCreateDefaultStoreResponse]("mortise.adapter.v1.MemoryStoreService", "GetOrCreateDefaultStore", true)

func (x *memoryStoreServer) GetOrCreateDefaultStore(ctx context.Context, r *adapterv1.GetOrCreateDefaultStoreRequest) (*adapterv1.GetOrCreateDefaultStoreResponse, error) {
	return keyed(ctx, x.core, memoryStoreGetOrCreateDefaultStore, r, codec[*adapterv1.MemoryStore, *adapterv1.GetOrCreateDefaultStoreResponse]{
		wrap: func(v *adapterv1.MemoryStore) *adapterv1.GetOrCreateDefaultStoreResponse {
			return &adapterv1.GetOrCreateDefaultStoreResponse{Store: v}
		},
		unwrap: func(a *adapterv1.GetOrCreateDefaultStoreResponse) *adapterv1.MemoryStore { return a.Store },
	}, func(ctx context.Context, c Change[*adapterv1.MemoryStore]) (*adapterv1.MemoryStore, error) {
		return x.store.GetOrCreateDefaultStore(ctx, orgOf(r), c, r.GetOrgId())
	})
}

var memoryStoreGetMemoryStore = newMethod[*adapterv1.GetMemoryStoreRequest, *adapterv1.GetMemoryStoreResponse]("mortise.adapter.v1.MemoryStoreService", "GetMemoryStore", false)

func (x *memoryStoreServer) GetMemoryStore(ctx context.Context, r *adapterv1.GetMemoryStoreRequest) (*adapterv1.GetMemoryStoreResponse, error) {
	return plain(ctx, x.core, memoryStoreGetMemoryStore, r, func(ctx context.Context) (*adapterv1.GetMemoryStoreResponse, error) {
		v, err := x.store.GetMemoryStore(ctx, orgOf(r), r.GetStoreId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetMemoryStoreResponse{Store: v}, nil
	})
}

var memoryStoreCreateMemory = newMethod[*adapterv1.CreateMemoryRequest, *adapterv1.CreateMemoryResponse]("mortise.adapter.v1.MemoryStoreService", "CreateMemory", true)

func (x *memoryStoreServer) CreateMemory(ctx context.Context, r *adapterv1.CreateMemoryRequest) (*adapterv1.CreateMemoryResponse, error) {
	return keyed(ctx, x.core, memoryStoreCreateMemory, r, codec[*adapterv1.Memory, *adapterv1.CreateMemoryResponse]{
		wrap: func(v *adapterv1.Memory) *adapterv1.CreateMemoryResponse {
			return &adapterv1.CreateMemoryResponse{Memory: v}
		},
		unwrap: func(a *adapterv1.CreateMemoryResponse) *adapterv1.Memory { return a.Memory },
	}, func(ctx context.Context, c Change[*adapterv1.Memory]) (*adapterv1.Memory, error) {
		return x.store.CreateMemory(ctx, orgOf(r), c, r)
	})
}

var memoryStoreRecall = newMethod[*adapterv1.RecallRequest, *adapterv1.RecallResponse]("mortise.adapter.v1.MemoryStoreService", "Recall", false)

func (x *memoryStoreServer) Recall(r *adapterv1.RecallRequest, stream grpc.ServerStreamingServer[adapterv1.RecallResponse]) error {
	return streamed(stream.Context(), x.core, memoryStoreRecall, r, stream.Send, func(ctx context.Context, send func(*adapterv1.RecallResponse) error) error {
		return x.store.Recall(ctx, orgOf(r), r, send)
	})
}

var memoryStoreForget = newMethod[*adapterv1.ForgetRequest, *adapterv1.ForgetResponse]("mortise.adapter.v1.MemoryStoreService", "Forget", true)

func (x *memoryStoreServer) Forget(ctx context.Context, r *adapterv1.ForgetRequest) (*adapterv1.ForgetResponse, error) {
	return keyed(ctx, x.core, memoryStoreForget, r, codec[bool, *adapterv1.ForgetResponse]{
		wrap:   func(v bool) *adapterv1.ForgetResponse { return &adapterv1.ForgetResponse{Forgotten: v} },
		unwrap: func(a *adapterv1.ForgetResponse) bool { return a.Forgotten },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.Forget(ctx, orgOf(r), c, r.GetStoreId(), r.GetMemoryId())
	})
}

var memoryStoreCountActive = newMethod[*adapterv1.CountActiveRequest, *adapterv1.CountActiveResponse]("mortise.adapter.v1.MemoryStoreService", "CountActive", false)

func (x *memoryStoreServer) CountActive(ctx context.Context, r *adapterv1.CountActiveRequest) (*adapterv1.CountActiveResponse, error) {
	return plain(ctx, x.core, memoryStoreCountActive, r, func(ctx context.Context) (*adapterv1.CountActiveResponse, error) {
		v, err := x.store.CountActive(ctx, orgOf(r), r.GetStoreId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.CountActiveResponse{Count: v}, nil
	})
}

// SessionStore is what an author implements to offer SessionStoreService.
//
// SessionStoreService returns sessions. Required: a host runs no turn without
// it.
type SessionStore interface {
	// GetSession returns the session with an id, whatever its status. A session
	// that does not exist in the org is absent, not an error.
	GetSession(ctx context.Context, s Session) (*adapterv1.Session, error)
}

// OfferSessionStore offers SessionStoreService.
func OfferSessionStore(store SessionStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionStoreService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionStoreServiceServer(server, &sessionStoreServer{core: k, store: store})
	})
}

type sessionStoreServer struct {
	adapterv1.UnimplementedSessionStoreServiceServer
	core  *core
	store SessionStore
}

var sessionStoreGetSession = newMethod[*adapterv1.GetSessionRequest, *adapterv1.GetSessionResponse]("mortise.adapter.v1.SessionStoreService", "GetSession", false)

func (x *sessionStoreServer) GetSession(ctx context.Context, r *adapterv1.GetSessionRequest) (*adapterv1.GetSessionResponse, error) {
	return plain(ctx, x.core, sessionStoreGetSession, r, func(ctx context.Context) (*adapterv1.GetSessionResponse, error) {
		v, err := x.store.GetSession(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetSessionResponse{Session: v}, nil
	})
}

// MessageRetriever is what an author implements to offer MessageRetrieverService.
//
// MessageRetrieverService returns the messages that events have created;
// EventEmitterService says which events do. Required: a host runs no turn
// without it. It only reads: history is written by emitting events.
//
// Messages are in the order of their events, oldest first. A session that does
// not exist in the org has no messages; that is not an error. A message must be
// readable as soon as the emit of its event is answered, over any connection.
// Its id and its created_at never change. A caller that reads while others emit
// sees the start of the history without a gap.
//
// A user may write while a tool runs. The message then stands between the call
// and the call's result. A server must take it, and must not move it: the host
// puts a history in the order that a model's provider takes.
//
// Lists are streamed in chunks, because a history has no size limit. One
// message has: Limits.max_message_bytes.
type MessageRetriever interface {
	// GetMessage returns one message of a session. It is absent if the session
	// has no message of this id.
	GetMessage(ctx context.Context, s Session, messageID string) (*adapterv1.Message, error)
	// LoadMessages streams all messages of a session, oldest first.
	LoadMessages(ctx context.Context, s Session, send func(*adapterv1.LoadMessagesResponse) error) error
	// LoadFilteredMessages streams the messages that pass every filter, cut to a
	// window.
	//
	// Of the messages that pass, the server drops the oldest `offset`, then keeps
	// the newest `limit` of the rest, and sends them oldest first. The first
	// message of the stream says how many passed before offset and limit.
	LoadFilteredMessages(ctx context.Context, s Session, filters []*adapterv1.MessageFilter, limit *int64, offset *int64, send func(*adapterv1.LoadFilteredMessagesResponse) error) error
	// LoadMessagePage streams `limit` messages from position `offset`, counted
	// from the oldest. Past the end there are none; that is not an error.
	LoadMessagePage(ctx context.Context, s Session, offset uint64, limit uint64, send func(*adapterv1.LoadMessagePageResponse) error) error
	// CountMessages returns how many messages LoadMessages would stream.
	CountMessages(ctx context.Context, s Session) (uint64, error)
}

// OfferMessageRetriever offers MessageRetrieverService.
func OfferMessageRetriever(store MessageRetriever, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.MessageRetrieverService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterMessageRetrieverServiceServer(server, &messageRetrieverServer{core: k, store: store})
	})
}

type messageRetrieverServer struct {
	adapterv1.UnimplementedMessageRetrieverServiceServer
	core  *core
	store MessageRetriever
}

var messageRetrieverGetMessage = newMethod[*adapterv1.GetMessageRequest, *adapterv1.GetMessageResponse]("mortise.adapter.v1.MessageRetrieverService", "GetMessage", false)

func (x *messageRetrieverServer) GetMessage(ctx context.Context, r *adapterv1.GetMessageRequest) (*adapterv1.GetMessageResponse, error) {
	return plain(ctx, x.core, messageRetrieverGetMessage, r, func(ctx context.Context) (*adapterv1.GetMessageResponse, error) {
		v, err := x.store.GetMessage(ctx, sessionOf(r), r.GetMessageId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetMessageResponse{Message: v}, nil
	})
}

var messageRetrieverLoadMessages = newMethod[*adapterv1.LoadMessagesRequest, *adapterv1.LoadMessagesResponse]("mortise.adapter.v1.MessageRetrieverService", "LoadMessages", false)

func (x *messageRetrieverServer) LoadMessages(r *adapterv1.LoadMessagesRequest, stream grpc.ServerStreamingServer[adapterv1.LoadMessagesResponse]) error {
	return streamed(stream.Context(), x.core, messageRetrieverLoadMessages, r, stream.Send, func(ctx context.Context, send func(*adapterv1.LoadMessagesResponse) error) error {
		return x.store.LoadMessages(ctx, sessionOf(r), send)
	})
}

var messageRetrieverLoadFilteredMessages = newMethod[*adapterv1.LoadFilteredMessagesRequest, *adapterv1.LoadFilteredMessagesResponse]("mortise.adapter.v1.MessageRetrieverService", "LoadFilteredMessages", false)

func (x *messageRetrieverServer) LoadFilteredMessages(r *adapterv1.LoadFilteredMessagesRequest, stream grpc.ServerStreamingServer[adapterv1.LoadFilteredMessagesResponse]) error {
	return streamed(stream.Context(), x.core, messageRetrieverLoadFilteredMessages, r, stream.Send, func(ctx context.Context, send func(*adapterv1.LoadFilteredMessagesResponse) error) error {
		return x.store.LoadFilteredMessages(ctx, sessionOf(r), r.GetFilters(), r.Limit, r.Offset, send)
	})
}

var messageRetrieverLoadMessagePage = newMethod[*adapterv1.LoadMessagePageRequest, *adapterv1.LoadMessagePageResponse]("mortise.adapter.v1.MessageRetrieverService", "LoadMessagePage", false)

func (x *messageRetrieverServer) LoadMessagePage(r *adapterv1.LoadMessagePageRequest, stream grpc.ServerStreamingServer[adapterv1.LoadMessagePageResponse]) error {
	return streamed(stream.Context(), x.core, messageRetrieverLoadMessagePage, r, stream.Send, func(ctx context.Context, send func(*adapterv1.LoadMessagePageResponse) error) error {
		return x.store.LoadMessagePage(ctx, sessionOf(r), r.GetOffset(), r.GetLimit(), send)
	})
}

var messageRetrieverCountMessages = newMethod[*adapterv1.CountMessagesRequest, *adapterv1.CountMessagesResponse]("mortise.adapter.v1.MessageRetrieverService", "CountMessages", false)

func (x *messageRetrieverServer) CountMessages(ctx context.Context, r *adapterv1.CountMessagesRequest) (*adapterv1.CountMessagesResponse, error) {
	return plain(ctx, x.core, messageRetrieverCountMessages, r, func(ctx context.Context) (*adapterv1.CountMessagesResponse, error) {
		v, err := x.store.CountMessages(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.CountMessagesResponse{Count: v}, nil
	})
}

// OutboundToolRateLimiter is what an author implements to offer OutboundToolRateLimiterService.
//
// OutboundToolRateLimiterService says whether an org may make one more outbound
// tool call. Optional: without it, every call is allowed.
//
// The host asks before every such call, with up to 32 calls at the same time.
// The check fails open: the host takes every error, every answer that it cannot
// read and every wait of more than 1 s for a yes. So a server must answer
// quickly.
type OutboundToolRateLimiter interface {
	// CheckOrg counts a call of the org and says whether it is allowed. Orgs do
	// not share a counter. An org without a limit is allowed every call. Servers
	// that share a database may count apart.
	CheckOrg(ctx context.Context, o Org, orgID string) (bool, error)
}

// OfferOutboundToolRateLimiter offers OutboundToolRateLimiterService.
func OfferOutboundToolRateLimiter(store OutboundToolRateLimiter, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.OutboundToolRateLimiterService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterOutboundToolRateLimiterServiceServer(server, &outboundToolRateLimiterServer{core: k, store: store})
	})
}

type outboundToolRateLimiterServer struct {
	adapterv1.UnimplementedOutboundToolRateLimiterServiceServer
	core  *core
	store OutboundToolRateLimiter
}

var outboundToolRateLimiterCheckOrg = newMethod[*adapterv1.CheckOrgRequest, *adapterv1.CheckOrgResponse]("mortise.adapter.v1.OutboundToolRateLimiterService", "CheckOrg", false)

func (x *outboundToolRateLimiterServer) CheckOrg(ctx context.Context, r *adapterv1.CheckOrgRequest) (*adapterv1.CheckOrgResponse, error) {
	return plain(ctx, x.core, outboundToolRateLimiterCheckOrg, r, func(ctx context.Context) (*adapterv1.CheckOrgResponse, error) {
		v, err := x.store.CheckOrg(ctx, orgOf(r), r.GetOrgId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.CheckOrgResponse{Allowed: v}, nil
	})
}

// PaymentAuthority is what an author implements to offer PaymentAuthorityService.
//
// PaymentAuthorityService pays for what capabilities buy. Optional: without it,
// capabilities cannot pay.
//
// The server chooses the account, enforces the policy, pays and keeps the
// receipt. A model never sees an account or a means of payment; capabilities
// send fixed requests of their own.
type PaymentAuthority interface {
	// ExecuteMachinePayment pays for an HTTP request, sends it, and returns what
	// was bought.
	//
	// It spends money, so a server must pay at most once per request_id: it
	// records that it is about to pay before it pays. If it does not know whether
	// it has paid (it crashed in between, its bank did not answer), it must
	// answer UNAVAILABLE with outcome `unknown`. The same call with the same
	// request_id then finds out or gets the same error; it never pays again. A
	// server that keeps such an attempt must find out by itself as well, so that
	// the amount does not stay reserved for ever.
	//
	// INTERNAL + TOOL_EXECUTION with outcome `not_applied`: nothing was paid,
	// because no policy exists for the session, its agent or the org, or because
	// the request exceeds the policy or the account's balance; the text names the
	// limit. NOT_FOUND + SESSION_NOT_FOUND: the org has no such session.
	// FAILED_PRECONDITION + CONFIGURATION: receipts cannot be encrypted, so
	// nothing is paid. INVALID_ARGUMENT + INVALID_FIELD: an id, an amount, the
	// method or a JSON value is malformed.
	ExecuteMachinePayment(ctx context.Context, s Session, c Change[*adapterv1.MachinePaymentResponse], agentID *string, payment *adapterv1.MachinePaymentRequest) (*adapterv1.MachinePaymentResponse, error)
}

// OfferPaymentAuthority offers PaymentAuthorityService.
func OfferPaymentAuthority(store PaymentAuthority, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.PaymentAuthorityService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterPaymentAuthorityServiceServer(server, &paymentAuthorityServer{core: k, store: store})
	})
}

type paymentAuthorityServer struct {
	adapterv1.UnimplementedPaymentAuthorityServiceServer
	core  *core
	store PaymentAuthority
}

var paymentAuthorityExecuteMachinePayment = newMethod[*adapterv1.ExecuteMachinePaymentRequest, *adapterv1.ExecuteMachinePaymentResponse]("mortise.adapter.v1.PaymentAuthorityService", "ExecuteMachinePayment", true)

func (x *paymentAuthorityServer) ExecuteMachinePayment(ctx context.Context, r *adapterv1.ExecuteMachinePaymentRequest) (*adapterv1.ExecuteMachinePaymentResponse, error) {
	return keyed(ctx, x.core, paymentAuthorityExecuteMachinePayment, r, codec[*adapterv1.MachinePaymentResponse, *adapterv1.ExecuteMachinePaymentResponse]{
		wrap: func(v *adapterv1.MachinePaymentResponse) *adapterv1.ExecuteMachinePaymentResponse {
			return &adapterv1.ExecuteMachinePaymentResponse{Payment: v}
		},
		unwrap: func(a *adapterv1.ExecuteMachinePaymentResponse) *adapterv1.MachinePaymentResponse { return a.Payment },
	}, func(ctx context.Context, c Change[*adapterv1.MachinePaymentResponse]) (*adapterv1.MachinePaymentResponse, error) {
		return x.store.ExecuteMachinePayment(ctx, sessionOf(r), c, r.AgentId, r.GetPayment())
	})
}

// PlatformStore is what an author implements to offer PlatformStoreService.
//
// PlatformStoreService manages the harnesses, agents, apps and sessions of an
// org from within one of its sessions. Optional: without it, agents cannot
// manage the platform and a host cannot create sessions. A server that offers
// it should state the address of its web console in
// DescribeResponse.platform_base_url.
//
// CallContext.session_id is REQUIRED in every request; without it the call is
// refused with INVALID_ARGUMENT + INVALID_FIELD. It names the session whose
// turn makes the call, and what the call creates belongs to the owner of that
// session. A host that calls outside a session, for instance to create the
// first one of an org, sends the nil id (`session_` and 32 zeros); what it
// creates belongs to the org. Everything is confined to the org: a record of
// another org is absent, and a session of another org cannot make the call.
//
// Get methods return an absent record where none exists; that is not an error.
// Every method that changes a record fails with INTERNAL + STORE and a text
// that contains "not found" if the record does not exist in the org.
//
// Update methods change the fields that are present and no others. They keep
// created_at and move updated_at on. Two updates of different fields at the
// same time must both take effect.
//
// Delete methods archive a record. Get methods still return it, with its
// status, and lists leave it out. It cannot be changed or used for something
// new (INTERNAL + STORE). Deleting it again changes nothing and succeeds.
//
// The names of harnesses and agents are unique among those of the org that are
// not archived; a name in use is refused with INTERNAL + STORE. A name has 1 to
// 64 bytes: `a` to `z`, `0` to `9` and single hyphens between them. Any other
// name is refused.
//
// Lists stream their records in several messages, because a record may be large
// and there may be many. The reference server starts a new message where one
// would pass 256 KiB.
type PlatformStore interface {
	// ListHarnesses streams the active harnesses of the org, ascending by name.
	//
	// The org's default harness must be among them. It is built in and named
	// "Generic": the host's tools look for exactly this name when a session is
	// created without a harness.
	ListHarnesses(ctx context.Context, o Org, send func(*adapterv1.ListHarnessesResponse) error) error
	// GetHarness returns one harness without its ancestors.
	GetHarness(ctx context.Context, o Org, harnessID string) (*adapterv1.Harness, error)
	// CreateHarness creates a harness and returns it. It is active and not built
	// in. INTERNAL + STORE: the name is in use or malformed, or the parent is not
	// active.
	CreateHarness(ctx context.Context, o Org, c Change[*adapterv1.Harness], r *adapterv1.CreateHarnessRequest) (*adapterv1.Harness, error)
	// UpdateHarness changes a harness and returns it. INTERNAL + STORE: the
	// harness does not exist, is archived or is built in; the new name is in use
	// or malformed; or the new parent is not active or extends this harness.
	UpdateHarness(ctx context.Context, o Org, c Change[*adapterv1.Harness], r *adapterv1.UpdateHarnessRequest) (*adapterv1.Harness, error)
	// DeleteHarness archives a harness. A built-in harness is refused with
	// INTERNAL + STORE.
	DeleteHarness(ctx context.Context, o Org, c Change[Nothing], harnessID string) error
	// CopyHarness creates a copy of a harness and returns it. The copy has its
	// own id, name and times, is active and not built in, and is otherwise the
	// same.
	CopyHarness(ctx context.Context, o Org, c Change[*adapterv1.Harness], harnessID string, newName *string) (*adapterv1.Harness, error)
	// ListAgents streams the active agents of the org, ascending by name.
	ListAgents(ctx context.Context, o Org, send func(*adapterv1.ListAgentsResponse) error) error
	// GetAgentById returns the same agent as AgentStoreService.GetAgent.
	GetAgentById(ctx context.Context, o Org, agentID string) (*adapterv1.Agent, error)
	// CreateAgent creates an agent and returns it. It is active. INTERNAL +
	// STORE: the name is in use or malformed.
	CreateAgent(ctx context.Context, o Org, c Change[*adapterv1.Agent], r *adapterv1.CreateAgentRequest) (*adapterv1.Agent, error)
	// UpdateAgent changes an agent and returns it. INTERNAL + STORE: the agent
	// does not exist or is archived, or the new name is in use or malformed.
	UpdateAgent(ctx context.Context, o Org, c Change[*adapterv1.Agent], r *adapterv1.UpdateAgentRequest) (*adapterv1.Agent, error)
	// DeleteAgent archives an agent.
	DeleteAgent(ctx context.Context, o Org, c Change[Nothing], agentID string) error
	// ListApps streams the apps of the org with their channels, ascending by
	// name.
	ListApps(ctx context.Context, o Org, search *string, includeArchived bool, send func(*adapterv1.ListAppsResponse) error) error
	// GetApp returns an app with its channels; the oldest channel comes first.
	GetApp(ctx context.Context, o Org, appID string) (*adapterv1.App, error)
	// CreateApp creates an app and returns it. It is a draft and has one channel
	// if a channel type is given. INTERNAL + STORE: the harness or the agent is
	// not active.
	CreateApp(ctx context.Context, o Org, c Change[*adapterv1.App], r *adapterv1.CreateAppRequest) (*adapterv1.App, error)
	// UpdateApp changes an app and returns it. INTERNAL + STORE: the app does not
	// exist or is archived, or the new harness or agent is not active.
	UpdateApp(ctx context.Context, o Org, c Change[*adapterv1.App], r *adapterv1.UpdateAppRequest) (*adapterv1.App, error)
	// DeleteApp archives an app.
	DeleteApp(ctx context.Context, o Org, c Change[Nothing], appID string) error
	// DestroyApp removes an archived app and its channels for good; Get then
	// returns it as absent. An app that is not archived is refused with INTERNAL
	// + STORE.
	DestroyApp(ctx context.Context, o Org, c Change[Nothing], appID string) error
	// PublishApp publishes an app and returns it. published_at is the time of the
	// call. An archived app is refused with INTERNAL + STORE.
	PublishApp(ctx context.Context, o Org, c Change[*adapterv1.App], appID string) (*adapterv1.App, error)
	// UnpublishApp makes an app a draft again and returns it without
	// published_at.
	UnpublishApp(ctx context.Context, o Org, c Change[*adapterv1.App], appID string) (*adapterv1.App, error)
	// AddAppChannel adds a channel to an app and returns the channel. An app that
	// does not exist or is archived is refused with INTERNAL + STORE.
	AddAppChannel(ctx context.Context, o Org, c Change[*adapterv1.AppChannel], appID string, channelType adapterv1.ChannelType, channelConfigJSON *string, enabled *bool) (*adapterv1.AppChannel, error)
	// UpdateAppChannel changes a channel and returns it. A channel of another app
	// is "not found".
	UpdateAppChannel(ctx context.Context, o Org, c Change[*adapterv1.AppChannel], r *adapterv1.UpdateAppChannelRequest) (*adapterv1.AppChannel, error)
	// DeleteAppChannel removes a channel for good. A channel of another app is
	// "not found".
	DeleteAppChannel(ctx context.Context, o Org, c Change[Nothing], appID string, channelID string) error
	// ListSessions streams the sessions of the org that are not archived, newest
	// first.
	ListSessions(ctx context.Context, o Org, limit *uint64, agentID *string, send func(*adapterv1.ListSessionsResponse) error) error
	// CreateSession creates a session and returns it. The session has the owner
	// of the calling session, no turn has run in it, and its workspace holds the
	// initial files of its harness and its agent. INTERNAL + STORE: the harness
	// or the agent is not active. A session of a blueprint runs an agent that
	// only the host knows.
	CreateSession(ctx context.Context, o Org, c Change[*adapterv1.Session], r *adapterv1.CreateSessionRequest) (*adapterv1.Session, error)
	// SetSubagentMetadata says that a session is a subagent of another one, and
	// returns the session. The host calls it again when the subagent's status
	// changes; the last call counts. INTERNAL + STORE: one of the two sessions
	// does not exist in the org, or they are the same.
	SetSubagentMetadata(ctx context.Context, s Session, c Change[*adapterv1.Session], parentSessionID string, subagentName string, subagentTask string, subagentStatus adapterv1.SubagentStatus) (*adapterv1.Session, error)
	// GetSessionById returns the same session as SessionStoreService.GetSession.
	GetSessionById(ctx context.Context, s Session) (*adapterv1.Session, error)
	// GetSessionContextReport estimates how many tokens the next call of the
	// model in the session would send, and which sources they come from. A
	// session that does not exist in the org is an error whose text contains "not
	// found".
	GetSessionContextReport(ctx context.Context, s Session) (*adapterv1.SessionContextReport, error)
	// DeleteSession archives a session: lists leave it out, its schedules are
	// disabled, the turns that are requested in it are taken back, and it takes
	// nothing more. Every change that adds to it is refused with
	// FAILED_PRECONDITION + SESSION_ARCHIVED, by each service: events, messages,
	// status, title, subagent metadata, files, values, secrets, SQL databases,
	// schedules, resources and leases. The session can still be read. What takes
	// away still works: releasing a lease, deleting a value, a file, a database or
	// a resource, cancelling a schedule. A host that receives the refusal cancels
	// the turn that runs.
	DeleteSession(ctx context.Context, s Session, c Change[Nothing]) error
	// SendMessage stores a user's message in a session and requests the turn that
	// answers it (TurnQueueService). When the call is answered, the message is
	// readable and the session's status is ACTIVE. A turn that runs already reads
	// the message and answers it. INTERNAL + STORE: the session does not exist in
	// the org or is archived.
	SendMessage(ctx context.Context, s Session, c Change[Nothing], content string) error
	// GetMessages streams what user and agent wrote in a session: of the messages
	// that have text the newest `limit`, oldest first, so that the last one is
	// the newest. A session that does not exist in the org has none.
	GetMessages(ctx context.Context, s Session, limit *uint64, send func(*adapterv1.GetMessagesResponse) error) error
	// WaitForIdle waits until no turn of a session runs or is requested.
	//
	// The server sends the session's status at once, and again when it sees the
	// status change. It ends the stream when the session has settled or the time
	// is over; the last message is the answer. The end of the time is an answer
	// and not an error: the host's tools mark a subagent as failed for good when
	// this call fails.
	//
	// A session that does not exist in the org is an error whose text contains
	// "not found". A server that is stopping ends the stream with UNAVAILABLE;
	// the client then calls again. Many callers may wait at the same time, and
	// callers that go away must not leave anything running.
	WaitForIdle(ctx context.Context, s Session, timeoutSeconds *uint64, send func(*adapterv1.WaitForIdleResponse) error) error
	// ListCapabilities streams the capabilities that agents and harnesses can
	// use, ascending by name. There is at least one.
	ListCapabilities(ctx context.Context, o Org, search *string, send func(*adapterv1.ListCapabilitiesResponse) error) error
}

// OfferPlatformStore offers PlatformStoreService.
func OfferPlatformStore(store PlatformStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.PlatformStoreService", store, []string{"FEATURE_SESSION_SETTINGS", "FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterPlatformStoreServiceServer(server, &platformStoreServer{core: k, store: store})
	})
}

type platformStoreServer struct {
	adapterv1.UnimplementedPlatformStoreServiceServer
	core  *core
	store PlatformStore
}

var platformStoreListHarnesses = newMethod[*adapterv1.ListHarnessesRequest, *adapterv1.ListHarnessesResponse]("mortise.adapter.v1.PlatformStoreService", "ListHarnesses", false)

func (x *platformStoreServer) ListHarnesses(r *adapterv1.ListHarnessesRequest, stream grpc.ServerStreamingServer[adapterv1.ListHarnessesResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreListHarnesses, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListHarnessesResponse) error) error {
		return x.store.ListHarnesses(ctx, orgOf(r), send)
	})
}

var platformStoreGetHarness = newMethod[*adapterv1.PlatformStoreServiceGetHarnessRequest, *adapterv1.PlatformStoreServiceGetHarnessResponse]("mortise.adapter.v1.PlatformStoreService", "GetHarness", false)

func (x *platformStoreServer) GetHarness(ctx context.Context, r *adapterv1.PlatformStoreServiceGetHarnessRequest) (*adapterv1.PlatformStoreServiceGetHarnessResponse, error) {
	return plain(ctx, x.core, platformStoreGetHarness, r, func(ctx context.Context) (*adapterv1.PlatformStoreServiceGetHarnessResponse, error) {
		v, err := x.store.GetHarness(ctx, orgOf(r), r.GetHarnessId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.PlatformStoreServiceGetHarnessResponse{Harness: v}, nil
	})
}

var platformStoreCreateHarness = newMethod[*adapterv1.CreateHarnessRequest, *adapterv1.CreateHarnessResponse]("mortise.adapter.v1.PlatformStoreService", "CreateHarness", true)

func (x *platformStoreServer) CreateHarness(ctx context.Context, r *adapterv1.CreateHarnessRequest) (*adapterv1.CreateHarnessResponse, error) {
	return keyed(ctx, x.core, platformStoreCreateHarness, r, codec[*adapterv1.Harness, *adapterv1.CreateHarnessResponse]{
		wrap: func(v *adapterv1.Harness) *adapterv1.CreateHarnessResponse {
			return &adapterv1.CreateHarnessResponse{Harness: v}
		},
		unwrap: func(a *adapterv1.CreateHarnessResponse) *adapterv1.Harness { return a.Harness },
	}, func(ctx context.Context, c Change[*adapterv1.Harness]) (*adapterv1.Harness, error) {
		return x.store.CreateHarness(ctx, orgOf(r), c, r)
	})
}

var platformStoreUpdateHarness = newMethod[*adapterv1.UpdateHarnessRequest, *adapterv1.UpdateHarnessResponse]("mortise.adapter.v1.PlatformStoreService", "UpdateHarness", true)

func (x *platformStoreServer) UpdateHarness(ctx context.Context, r *adapterv1.UpdateHarnessRequest) (*adapterv1.UpdateHarnessResponse, error) {
	return keyed(ctx, x.core, platformStoreUpdateHarness, r, codec[*adapterv1.Harness, *adapterv1.UpdateHarnessResponse]{
		wrap: func(v *adapterv1.Harness) *adapterv1.UpdateHarnessResponse {
			return &adapterv1.UpdateHarnessResponse{Harness: v}
		},
		unwrap: func(a *adapterv1.UpdateHarnessResponse) *adapterv1.Harness { return a.Harness },
	}, func(ctx context.Context, c Change[*adapterv1.Harness]) (*adapterv1.Harness, error) {
		return x.store.UpdateHarness(ctx, orgOf(r), c, r)
	})
}

var platformStoreDeleteHarness = newMethod[*adapterv1.DeleteHarnessRequest, *adapterv1.DeleteHarnessResponse]("mortise.adapter.v1.PlatformStoreService", "DeleteHarness", true)

func (x *platformStoreServer) DeleteHarness(ctx context.Context, r *adapterv1.DeleteHarnessRequest) (*adapterv1.DeleteHarnessResponse, error) {
	return keyed(ctx, x.core, platformStoreDeleteHarness, r, codec[Nothing, *adapterv1.DeleteHarnessResponse]{
		wrap:   func(v Nothing) *adapterv1.DeleteHarnessResponse { return &adapterv1.DeleteHarnessResponse{} },
		unwrap: func(a *adapterv1.DeleteHarnessResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DeleteHarness(ctx, orgOf(r), c, r.GetHarnessId())
	})
}

var platformStoreCopyHarness = newMethod[*adapterv1.CopyHarnessRequest, *adapterv1.CopyHarnessResponse]("mortise.adapter.v1.PlatformStoreService", "CopyHarness", true)

func (x *platformStoreServer) CopyHarness(ctx context.Context, r *adapterv1.CopyHarnessRequest) (*adapterv1.CopyHarnessResponse, error) {
	return keyed(ctx, x.core, platformStoreCopyHarness, r, codec[*adapterv1.Harness, *adapterv1.CopyHarnessResponse]{
		wrap: func(v *adapterv1.Harness) *adapterv1.CopyHarnessResponse {
			return &adapterv1.CopyHarnessResponse{Harness: v}
		},
		unwrap: func(a *adapterv1.CopyHarnessResponse) *adapterv1.Harness { return a.Harness },
	}, func(ctx context.Context, c Change[*adapterv1.Harness]) (*adapterv1.Harness, error) {
		return x.store.CopyHarness(ctx, orgOf(r), c, r.GetHarnessId(), r.NewName)
	})
}

var platformStoreListAgents = newMethod[*adapterv1.ListAgentsRequest, *adapterv1.ListAgentsResponse]("mortise.adapter.v1.PlatformStoreService", "ListAgents", false)

func (x *platformStoreServer) ListAgents(r *adapterv1.ListAgentsRequest, stream grpc.ServerStreamingServer[adapterv1.ListAgentsResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreListAgents, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListAgentsResponse) error) error {
		return x.store.ListAgents(ctx, orgOf(r), send)
	})
}

var platformStoreGetAgentById = newMethod[*adapterv1.GetAgentByIdRequest, *adapterv1.GetAgentByIdResponse]("mortise.adapter.v1.PlatformStoreService", "GetAgentById", false)

func (x *platformStoreServer) GetAgentById(ctx context.Context, r *adapterv1.GetAgentByIdRequest) (*adapterv1.GetAgentByIdResponse, error) {
	return plain(ctx, x.core, platformStoreGetAgentById, r, func(ctx context.Context) (*adapterv1.GetAgentByIdResponse, error) {
		v, err := x.store.GetAgentById(ctx, orgOf(r), r.GetAgentId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetAgentByIdResponse{Agent: v}, nil
	})
}

var platformStoreCreateAgent = newMethod[*adapterv1.CreateAgentRequest, *adapterv1.CreateAgentResponse]("mortise.adapter.v1.PlatformStoreService", "CreateAgent", true)

func (x *platformStoreServer) CreateAgent(ctx context.Context, r *adapterv1.CreateAgentRequest) (*adapterv1.CreateAgentResponse, error) {
	return keyed(ctx, x.core, platformStoreCreateAgent, r, codec[*adapterv1.Agent, *adapterv1.CreateAgentResponse]{
		wrap: func(v *adapterv1.Agent) *adapterv1.CreateAgentResponse {
			return &adapterv1.CreateAgentResponse{Agent: v}
		},
		unwrap: func(a *adapterv1.CreateAgentResponse) *adapterv1.Agent { return a.Agent },
	}, func(ctx context.Context, c Change[*adapterv1.Agent]) (*adapterv1.Agent, error) {
		return x.store.CreateAgent(ctx, orgOf(r), c, r)
	})
}

var platformStoreUpdateAgent = newMethod[*adapterv1.UpdateAgentRequest, *adapterv1.UpdateAgentResponse]("mortise.adapter.v1.PlatformStoreService", "UpdateAgent", true)

func (x *platformStoreServer) UpdateAgent(ctx context.Context, r *adapterv1.UpdateAgentRequest) (*adapterv1.UpdateAgentResponse, error) {
	return keyed(ctx, x.core, platformStoreUpdateAgent, r, codec[*adapterv1.Agent, *adapterv1.UpdateAgentResponse]{
		wrap: func(v *adapterv1.Agent) *adapterv1.UpdateAgentResponse {
			return &adapterv1.UpdateAgentResponse{Agent: v}
		},
		unwrap: func(a *adapterv1.UpdateAgentResponse) *adapterv1.Agent { return a.Agent },
	}, func(ctx context.Context, c Change[*adapterv1.Agent]) (*adapterv1.Agent, error) {
		return x.store.UpdateAgent(ctx, orgOf(r), c, r)
	})
}

var platformStoreDeleteAgent = newMethod[*adapterv1.DeleteAgentRequest, *adapterv1.DeleteAgentResponse]("mortise.adapter.v1.PlatformStoreService", "DeleteAgent", true)

func (x *platformStoreServer) DeleteAgent(ctx context.Context, r *adapterv1.DeleteAgentRequest) (*adapterv1.DeleteAgentResponse, error) {
	return keyed(ctx, x.core, platformStoreDeleteAgent, r, codec[Nothing, *adapterv1.DeleteAgentResponse]{
		wrap:   func(v Nothing) *adapterv1.DeleteAgentResponse { return &adapterv1.DeleteAgentResponse{} },
		unwrap: func(a *adapterv1.DeleteAgentResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DeleteAgent(ctx, orgOf(r), c, r.GetAgentId())
	})
}

var platformStoreListApps = newMethod[*adapterv1.ListAppsRequest, *adapterv1.ListAppsResponse]("mortise.adapter.v1.PlatformStoreService", "ListApps", false)

func (x *platformStoreServer) ListApps(r *adapterv1.ListAppsRequest, stream grpc.ServerStreamingServer[adapterv1.ListAppsResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreListApps, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListAppsResponse) error) error {
		return x.store.ListApps(ctx, orgOf(r), r.Search, r.GetIncludeArchived(), send)
	})
}

var platformStoreGetApp = newMethod[*adapterv1.GetAppRequest, *adapterv1.GetAppResponse]("mortise.adapter.v1.PlatformStoreService", "GetApp", false)

func (x *platformStoreServer) GetApp(ctx context.Context, r *adapterv1.GetAppRequest) (*adapterv1.GetAppResponse, error) {
	return plain(ctx, x.core, platformStoreGetApp, r, func(ctx context.Context) (*adapterv1.GetAppResponse, error) {
		v, err := x.store.GetApp(ctx, orgOf(r), r.GetAppId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetAppResponse{App: v}, nil
	})
}

var platformStoreCreateApp = newMethod[*adapterv1.CreateAppRequest, *adapterv1.CreateAppResponse]("mortise.adapter.v1.PlatformStoreService", "CreateApp", true)

func (x *platformStoreServer) CreateApp(ctx context.Context, r *adapterv1.CreateAppRequest) (*adapterv1.CreateAppResponse, error) {
	return keyed(ctx, x.core, platformStoreCreateApp, r, codec[*adapterv1.App, *adapterv1.CreateAppResponse]{
		wrap:   func(v *adapterv1.App) *adapterv1.CreateAppResponse { return &adapterv1.CreateAppResponse{App: v} },
		unwrap: func(a *adapterv1.CreateAppResponse) *adapterv1.App { return a.App },
	}, func(ctx context.Context, c Change[*adapterv1.App]) (*adapterv1.App, error) {
		return x.store.CreateApp(ctx, orgOf(r), c, r)
	})
}

var platformStoreUpdateApp = newMethod[*adapterv1.UpdateAppRequest, *adapterv1.UpdateAppResponse]("mortise.adapter.v1.PlatformStoreService", "UpdateApp", true)

func (x *platformStoreServer) UpdateApp(ctx context.Context, r *adapterv1.UpdateAppRequest) (*adapterv1.UpdateAppResponse, error) {
	return keyed(ctx, x.core, platformStoreUpdateApp, r, codec[*adapterv1.App, *adapterv1.UpdateAppResponse]{
		wrap:   func(v *adapterv1.App) *adapterv1.UpdateAppResponse { return &adapterv1.UpdateAppResponse{App: v} },
		unwrap: func(a *adapterv1.UpdateAppResponse) *adapterv1.App { return a.App },
	}, func(ctx context.Context, c Change[*adapterv1.App]) (*adapterv1.App, error) {
		return x.store.UpdateApp(ctx, orgOf(r), c, r)
	})
}

var platformStoreDeleteApp = newMethod[*adapterv1.DeleteAppRequest, *adapterv1.DeleteAppResponse]("mortise.adapter.v1.PlatformStoreService", "DeleteApp", true)

func (x *platformStoreServer) DeleteApp(ctx context.Context, r *adapterv1.DeleteAppRequest) (*adapterv1.DeleteAppResponse, error) {
	return keyed(ctx, x.core, platformStoreDeleteApp, r, codec[Nothing, *adapterv1.DeleteAppResponse]{
		wrap:   func(v Nothing) *adapterv1.DeleteAppResponse { return &adapterv1.DeleteAppResponse{} },
		unwrap: func(a *adapterv1.DeleteAppResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DeleteApp(ctx, orgOf(r), c, r.GetAppId())
	})
}

var platformStoreDestroyApp = newMethod[*adapterv1.DestroyAppRequest, *adapterv1.DestroyAppResponse]("mortise.adapter.v1.PlatformStoreService", "DestroyApp", true)

func (x *platformStoreServer) DestroyApp(ctx context.Context, r *adapterv1.DestroyAppRequest) (*adapterv1.DestroyAppResponse, error) {
	return keyed(ctx, x.core, platformStoreDestroyApp, r, codec[Nothing, *adapterv1.DestroyAppResponse]{
		wrap:   func(v Nothing) *adapterv1.DestroyAppResponse { return &adapterv1.DestroyAppResponse{} },
		unwrap: func(a *adapterv1.DestroyAppResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DestroyApp(ctx, orgOf(r), c, r.GetAppId())
	})
}

var platformStorePublishApp = newMethod[*adapterv1.PublishAppRequest, *adapterv1.PublishAppResponse]("mortise.adapter.v1.PlatformStoreService", "PublishApp", true)

func (x *platformStoreServer) PublishApp(ctx context.Context, r *adapterv1.PublishAppRequest) (*adapterv1.PublishAppResponse, error) {
	return keyed(ctx, x.core, platformStorePublishApp, r, codec[*adapterv1.App, *adapterv1.PublishAppResponse]{
		wrap:   func(v *adapterv1.App) *adapterv1.PublishAppResponse { return &adapterv1.PublishAppResponse{App: v} },
		unwrap: func(a *adapterv1.PublishAppResponse) *adapterv1.App { return a.App },
	}, func(ctx context.Context, c Change[*adapterv1.App]) (*adapterv1.App, error) {
		return x.store.PublishApp(ctx, orgOf(r), c, r.GetAppId())
	})
}

var platformStoreUnpublishApp = newMethod[*adapterv1.UnpublishAppRequest, *adapterv1.UnpublishAppResponse]("mortise.adapter.v1.PlatformStoreService", "UnpublishApp", true)

func (x *platformStoreServer) UnpublishApp(ctx context.Context, r *adapterv1.UnpublishAppRequest) (*adapterv1.UnpublishAppResponse, error) {
	return keyed(ctx, x.core, platformStoreUnpublishApp, r, codec[*adapterv1.App, *adapterv1.UnpublishAppResponse]{
		wrap:   func(v *adapterv1.App) *adapterv1.UnpublishAppResponse { return &adapterv1.UnpublishAppResponse{App: v} },
		unwrap: func(a *adapterv1.UnpublishAppResponse) *adapterv1.App { return a.App },
	}, func(ctx context.Context, c Change[*adapterv1.App]) (*adapterv1.App, error) {
		return x.store.UnpublishApp(ctx, orgOf(r), c, r.GetAppId())
	})
}

var platformStoreAddAppChannel = newMethod[*adapterv1.AddAppChannelRequest, *adapterv1.AddAppChannelResponse]("mortise.adapter.v1.PlatformStoreService", "AddAppChannel", true)

func (x *platformStoreServer) AddAppChannel(ctx context.Context, r *adapterv1.AddAppChannelRequest) (*adapterv1.AddAppChannelResponse, error) {
	return keyed(ctx, x.core, platformStoreAddAppChannel, r, codec[*adapterv1.AppChannel, *adapterv1.AddAppChannelResponse]{
		wrap: func(v *adapterv1.AppChannel) *adapterv1.AddAppChannelResponse {
			return &adapterv1.AddAppChannelResponse{Channel: v}
		},
		unwrap: func(a *adapterv1.AddAppChannelResponse) *adapterv1.AppChannel { return a.Channel },
	}, func(ctx context.Context, c Change[*adapterv1.AppChannel]) (*adapterv1.AppChannel, error) {
		return x.store.AddAppChannel(ctx, orgOf(r), c, r.GetAppId(), r.GetChannelType(), r.ChannelConfigJson, r.Enabled)
	})
}

var platformStoreUpdateAppChannel = newMethod[*adapterv1.UpdateAppChannelRequest, *adapterv1.UpdateAppChannelResponse]("mortise.adapter.v1.PlatformStoreService", "UpdateAppChannel", true)

func (x *platformStoreServer) UpdateAppChannel(ctx context.Context, r *adapterv1.UpdateAppChannelRequest) (*adapterv1.UpdateAppChannelResponse, error) {
	return keyed(ctx, x.core, platformStoreUpdateAppChannel, r, codec[*adapterv1.AppChannel, *adapterv1.UpdateAppChannelResponse]{
		wrap: func(v *adapterv1.AppChannel) *adapterv1.UpdateAppChannelResponse {
			return &adapterv1.UpdateAppChannelResponse{Channel: v}
		},
		unwrap: func(a *adapterv1.UpdateAppChannelResponse) *adapterv1.AppChannel { return a.Channel },
	}, func(ctx context.Context, c Change[*adapterv1.AppChannel]) (*adapterv1.AppChannel, error) {
		return x.store.UpdateAppChannel(ctx, orgOf(r), c, r)
	})
}

var platformStoreDeleteAppChannel = newMethod[*adapterv1.DeleteAppChannelRequest, *adapterv1.DeleteAppChannelResponse]("mortise.adapter.v1.PlatformStoreService", "DeleteAppChannel", true)

func (x *platformStoreServer) DeleteAppChannel(ctx context.Context, r *adapterv1.DeleteAppChannelRequest) (*adapterv1.DeleteAppChannelResponse, error) {
	return keyed(ctx, x.core, platformStoreDeleteAppChannel, r, codec[Nothing, *adapterv1.DeleteAppChannelResponse]{
		wrap:   func(v Nothing) *adapterv1.DeleteAppChannelResponse { return &adapterv1.DeleteAppChannelResponse{} },
		unwrap: func(a *adapterv1.DeleteAppChannelResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DeleteAppChannel(ctx, orgOf(r), c, r.GetAppId(), r.GetChannelId())
	})
}

var platformStoreListSessions = newMethod[*adapterv1.ListSessionsRequest, *adapterv1.ListSessionsResponse]("mortise.adapter.v1.PlatformStoreService", "ListSessions", false)

func (x *platformStoreServer) ListSessions(r *adapterv1.ListSessionsRequest, stream grpc.ServerStreamingServer[adapterv1.ListSessionsResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreListSessions, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListSessionsResponse) error) error {
		return x.store.ListSessions(ctx, orgOf(r), r.Limit, r.AgentId, send)
	})
}

var platformStoreCreateSession = newMethod[*adapterv1.CreateSessionRequest, *adapterv1.CreateSessionResponse]("mortise.adapter.v1.PlatformStoreService", "CreateSession", true)

func (x *platformStoreServer) CreateSession(ctx context.Context, r *adapterv1.CreateSessionRequest) (*adapterv1.CreateSessionResponse, error) {
	return keyed(ctx, x.core, platformStoreCreateSession, r, codec[*adapterv1.Session, *adapterv1.CreateSessionResponse]{
		wrap: func(v *adapterv1.Session) *adapterv1.CreateSessionResponse {
			return &adapterv1.CreateSessionResponse{Session: v}
		},
		unwrap: func(a *adapterv1.CreateSessionResponse) *adapterv1.Session { return a.Session },
	}, func(ctx context.Context, c Change[*adapterv1.Session]) (*adapterv1.Session, error) {
		return x.store.CreateSession(ctx, orgOf(r), c, r)
	})
}

var platformStoreSetSubagentMetadata = newMethod[*adapterv1.SetSubagentMetadataRequest, *adapterv1.SetSubagentMetadataResponse]("mortise.adapter.v1.PlatformStoreService", "SetSubagentMetadata", true)

func (x *platformStoreServer) SetSubagentMetadata(ctx context.Context, r *adapterv1.SetSubagentMetadataRequest) (*adapterv1.SetSubagentMetadataResponse, error) {
	return keyed(ctx, x.core, platformStoreSetSubagentMetadata, r, codec[*adapterv1.Session, *adapterv1.SetSubagentMetadataResponse]{
		wrap: func(v *adapterv1.Session) *adapterv1.SetSubagentMetadataResponse {
			return &adapterv1.SetSubagentMetadataResponse{Session: v}
		},
		unwrap: func(a *adapterv1.SetSubagentMetadataResponse) *adapterv1.Session { return a.Session },
	}, func(ctx context.Context, c Change[*adapterv1.Session]) (*adapterv1.Session, error) {
		return x.store.SetSubagentMetadata(ctx, sessionOf(r), c, r.GetParentSessionId(), r.GetSubagentName(), r.GetSubagentTask(), r.GetSubagentStatus())
	})
}

var platformStoreGetSessionById = newMethod[*adapterv1.GetSessionByIdRequest, *adapterv1.GetSessionByIdResponse]("mortise.adapter.v1.PlatformStoreService", "GetSessionById", false)

func (x *platformStoreServer) GetSessionById(ctx context.Context, r *adapterv1.GetSessionByIdRequest) (*adapterv1.GetSessionByIdResponse, error) {
	return plain(ctx, x.core, platformStoreGetSessionById, r, func(ctx context.Context) (*adapterv1.GetSessionByIdResponse, error) {
		v, err := x.store.GetSessionById(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetSessionByIdResponse{Session: v}, nil
	})
}

var platformStoreGetSessionContextReport = newMethod[*adapterv1.GetSessionContextReportRequest, *adapterv1.GetSessionContextReportResponse]("mortise.adapter.v1.PlatformStoreService", "GetSessionContextReport", false)

func (x *platformStoreServer) GetSessionContextReport(ctx context.Context, r *adapterv1.GetSessionContextReportRequest) (*adapterv1.GetSessionContextReportResponse, error) {
	return plain(ctx, x.core, platformStoreGetSessionContextReport, r, func(ctx context.Context) (*adapterv1.GetSessionContextReportResponse, error) {
		v, err := x.store.GetSessionContextReport(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetSessionContextReportResponse{Report: v}, nil
	})
}

var platformStoreDeleteSession = newMethod[*adapterv1.DeleteSessionRequest, *adapterv1.DeleteSessionResponse]("mortise.adapter.v1.PlatformStoreService", "DeleteSession", true)

func (x *platformStoreServer) DeleteSession(ctx context.Context, r *adapterv1.DeleteSessionRequest) (*adapterv1.DeleteSessionResponse, error) {
	return keyed(ctx, x.core, platformStoreDeleteSession, r, codec[Nothing, *adapterv1.DeleteSessionResponse]{
		wrap:   func(v Nothing) *adapterv1.DeleteSessionResponse { return &adapterv1.DeleteSessionResponse{} },
		unwrap: func(a *adapterv1.DeleteSessionResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.DeleteSession(ctx, sessionOf(r), c)
	})
}

var platformStoreSendMessage = newMethod[*adapterv1.SendMessageRequest, *adapterv1.SendMessageResponse]("mortise.adapter.v1.PlatformStoreService", "SendMessage", true)

func (x *platformStoreServer) SendMessage(ctx context.Context, r *adapterv1.SendMessageRequest) (*adapterv1.SendMessageResponse, error) {
	return keyed(ctx, x.core, platformStoreSendMessage, r, codec[Nothing, *adapterv1.SendMessageResponse]{
		wrap:   func(v Nothing) *adapterv1.SendMessageResponse { return &adapterv1.SendMessageResponse{} },
		unwrap: func(a *adapterv1.SendMessageResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.SendMessage(ctx, sessionOf(r), c, r.GetContent())
	})
}

var platformStoreGetMessages = newMethod[*adapterv1.GetMessagesRequest, *adapterv1.GetMessagesResponse]("mortise.adapter.v1.PlatformStoreService", "GetMessages", false)

func (x *platformStoreServer) GetMessages(r *adapterv1.GetMessagesRequest, stream grpc.ServerStreamingServer[adapterv1.GetMessagesResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreGetMessages, r, stream.Send, func(ctx context.Context, send func(*adapterv1.GetMessagesResponse) error) error {
		return x.store.GetMessages(ctx, sessionOf(r), r.Limit, send)
	})
}

var platformStoreWaitForIdle = newMethod[*adapterv1.WaitForIdleRequest, *adapterv1.WaitForIdleResponse]("mortise.adapter.v1.PlatformStoreService", "WaitForIdle", false)

func (x *platformStoreServer) WaitForIdle(r *adapterv1.WaitForIdleRequest, stream grpc.ServerStreamingServer[adapterv1.WaitForIdleResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreWaitForIdle, r, stream.Send, func(ctx context.Context, send func(*adapterv1.WaitForIdleResponse) error) error {
		return x.store.WaitForIdle(ctx, sessionOf(r), r.TimeoutSeconds, send)
	})
}

var platformStoreListCapabilities = newMethod[*adapterv1.ListCapabilitiesRequest, *adapterv1.ListCapabilitiesResponse]("mortise.adapter.v1.PlatformStoreService", "ListCapabilities", false)

func (x *platformStoreServer) ListCapabilities(r *adapterv1.ListCapabilitiesRequest, stream grpc.ServerStreamingServer[adapterv1.ListCapabilitiesResponse]) error {
	return streamed(stream.Context(), x.core, platformStoreListCapabilities, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListCapabilitiesResponse) error) error {
		return x.store.ListCapabilities(ctx, orgOf(r), r.Search, send)
	})
}

// ProviderCredentialStore is what an author implements to offer ProviderCredentialStoreService.
//
// ProviderCredentialStoreService returns an org's credentials; there is one
// default per type of provider. Optional: without it, such tools have no
// credentials.
//
// A server must encrypt credentials at rest. A server without an encryption key
// must refuse to read them: FAILED_PRECONDITION + CONFIGURATION with a text
// that contains "Encryption not configured".
type ProviderCredentialStore interface {
	// GetDefaultProviderCredentials returns the credentials that tools use for a
	// type of provider. They are absent if the org has none for this type; that
	// is not an error.
	GetDefaultProviderCredentials(ctx context.Context, o Org, providerType string) (*adapterv1.ProviderCredentials, error)
}

// OfferProviderCredentialStore offers ProviderCredentialStoreService.
func OfferProviderCredentialStore(store ProviderCredentialStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.ProviderCredentialStoreService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterProviderCredentialStoreServiceServer(server, &providerCredentialStoreServer{core: k, store: store})
	})
}

type providerCredentialStoreServer struct {
	adapterv1.UnimplementedProviderCredentialStoreServiceServer
	core  *core
	store ProviderCredentialStore
}

var providerCredentialStoreGetDefaultProviderCredentials = newMethod[*adapterv1.GetDefaultProviderCredentialsRequest, *adapterv1.GetDefaultProviderCredentialsResponse]("mortise.adapter.v1.ProviderCredentialStoreService", "GetDefaultProviderCredentials", false)

func (x *providerCredentialStoreServer) GetDefaultProviderCredentials(ctx context.Context, r *adapterv1.GetDefaultProviderCredentialsRequest) (*adapterv1.GetDefaultProviderCredentialsResponse, error) {
	return plain(ctx, x.core, providerCredentialStoreGetDefaultProviderCredentials, r, func(ctx context.Context) (*adapterv1.GetDefaultProviderCredentialsResponse, error) {
		v, err := x.store.GetDefaultProviderCredentials(ctx, orgOf(r), r.GetProviderType())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetDefaultProviderCredentialsResponse{Credentials: v}, nil
	})
}

// RuntimeHost is what an author implements to offer RuntimeHostService.
//
// RuntimeHostService loads what a turn needs and sets the status of its
// session. Required: a host runs no turn without it.
type RuntimeHost interface {
	// GetAgent returns the same agent as AgentStoreService.GetAgent.
	GetAgent(ctx context.Context, o Org, agentID string) (*adapterv1.Agent, error)
	// GetHarness returns one harness: the last element of what
	// HarnessStoreService.GetHarnessChain returns. It is absent if the chain is
	// empty.
	GetHarness(ctx context.Context, o Org, harnessID string) (*adapterv1.Harness, error)
	// SetSessionStatus sets the status of a session and returns the session.
	// Setting the status that the session has succeeds. updated_at moves on.
	// started_at is set with the first ACTIVE and then stays. A status change
	// must not undo a change of another field that happens at the same time.
	//
	// INTERNAL + STORE with a text that contains "not found": the session does
	// not exist in the org. INVALID_ARGUMENT + INVALID_FIELD: the status is
	// unspecified or unknown.
	SetSessionStatus(ctx context.Context, s Session, c Change[*adapterv1.Session], status adapterv1.SessionStatus) (*adapterv1.Session, error)
	// LoadTurnContext returns what a phase of a turn reads, as a consistent
	// snapshot: the session, its agent, its messages, the default model and the
	// tools of its MCP servers.
	//
	// The first message of the stream is the snapshot; the session's messages
	// follow in further ones, oldest first. A server with FEATURE_TURN_SNAPSHOT
	// must send the parts that the request names and no others. A server without
	// it may ignore the parts and send messages, model and MCP tools.
	//
	// NOT_FOUND + SESSION_NOT_FOUND: the session does not exist in the org.
	//
	// An MCP server that cannot be reached must not fail the call: its tools are
	// left out. A server need not list MCP tools at all: if it sends none of an
	// MCP server, the host asks that MCP server itself, see McpService.
	LoadTurnContext(ctx context.Context, s Session, parts []adapterv1.TurnContextPart, send func(*adapterv1.LoadTurnContextResponse) error) error
}

// OfferRuntimeHost offers RuntimeHostService.
func OfferRuntimeHost(store RuntimeHost, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.RuntimeHostService", store, []string{"FEATURE_TURN_SNAPSHOT", "FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterRuntimeHostServiceServer(server, &runtimeHostServer{core: k, store: store})
	})
}

type runtimeHostServer struct {
	adapterv1.UnimplementedRuntimeHostServiceServer
	core  *core
	store RuntimeHost
}

var runtimeHostGetAgent = newMethod[*adapterv1.RuntimeHostServiceGetAgentRequest, *adapterv1.RuntimeHostServiceGetAgentResponse]("mortise.adapter.v1.RuntimeHostService", "GetAgent", false)

func (x *runtimeHostServer) GetAgent(ctx context.Context, r *adapterv1.RuntimeHostServiceGetAgentRequest) (*adapterv1.RuntimeHostServiceGetAgentResponse, error) {
	return plain(ctx, x.core, runtimeHostGetAgent, r, func(ctx context.Context) (*adapterv1.RuntimeHostServiceGetAgentResponse, error) {
		v, err := x.store.GetAgent(ctx, orgOf(r), r.GetAgentId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.RuntimeHostServiceGetAgentResponse{Agent: v}, nil
	})
}

var runtimeHostGetHarness = newMethod[*adapterv1.GetHarnessRequest, *adapterv1.GetHarnessResponse]("mortise.adapter.v1.RuntimeHostService", "GetHarness", false)

func (x *runtimeHostServer) GetHarness(ctx context.Context, r *adapterv1.GetHarnessRequest) (*adapterv1.GetHarnessResponse, error) {
	return plain(ctx, x.core, runtimeHostGetHarness, r, func(ctx context.Context) (*adapterv1.GetHarnessResponse, error) {
		v, err := x.store.GetHarness(ctx, orgOf(r), r.GetHarnessId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetHarnessResponse{Harness: v}, nil
	})
}

var runtimeHostSetSessionStatus = newMethod[*adapterv1.SetSessionStatusRequest, *adapterv1.SetSessionStatusResponse]("mortise.adapter.v1.RuntimeHostService", "SetSessionStatus", true)

func (x *runtimeHostServer) SetSessionStatus(ctx context.Context, r *adapterv1.SetSessionStatusRequest) (*adapterv1.SetSessionStatusResponse, error) {
	return keyed(ctx, x.core, runtimeHostSetSessionStatus, r, codec[*adapterv1.Session, *adapterv1.SetSessionStatusResponse]{
		wrap: func(v *adapterv1.Session) *adapterv1.SetSessionStatusResponse {
			return &adapterv1.SetSessionStatusResponse{Session: v}
		},
		unwrap: func(a *adapterv1.SetSessionStatusResponse) *adapterv1.Session { return a.Session },
	}, func(ctx context.Context, c Change[*adapterv1.Session]) (*adapterv1.Session, error) {
		return x.store.SetSessionStatus(ctx, sessionOf(r), c, r.GetStatus())
	})
}

var runtimeHostLoadTurnContext = newMethod[*adapterv1.LoadTurnContextRequest, *adapterv1.LoadTurnContextResponse]("mortise.adapter.v1.RuntimeHostService", "LoadTurnContext", false)

func (x *runtimeHostServer) LoadTurnContext(r *adapterv1.LoadTurnContextRequest, stream grpc.ServerStreamingServer[adapterv1.LoadTurnContextResponse]) error {
	return streamed(stream.Context(), x.core, runtimeHostLoadTurnContext, r, stream.Send, func(ctx context.Context, send func(*adapterv1.LoadTurnContextResponse) error) error {
		return x.store.LoadTurnContext(ctx, sessionOf(r), r.GetParts(), send)
	})
}

// SessionFileSystem is what an author implements to offer SessionFileSystemService.
//
// SessionFileSystemService reads and writes the workspace of a session.
// Required: a host runs no turn without it. Workspaces of different sessions
// share nothing.
//
// Paths. `/a`, `a`, `/workspace/a` and `/a/` name the same file; the server
// returns `/a`. `/workspace` and the empty path name the root. `//` and `/./`
// count as `/`. `/workspacefoo` is a name like any other. A path with a `..`
// segment or a NUL is refused, and so is a path of more than 2,048 bytes or 128
// segments. Names are compared byte for byte: `é` as one character and as `e`
// with an accent are two names. `%`, `_`, `*` and brackets stand for
// themselves.
//
// Content. It is text, or base64 if the encoding is `base64`. Any other
// encoding counts as text and is returned as `text`. `size_bytes` is the size
// of the decoded content. Text must come back byte for byte: NULs, CRLFs and
// the byte order mark included.
//
// Errors. They are INTERNAL + STORE. The host's tools look for these words in
// the text to decide what the model is told, so a server must use them:
// "readonly", "is a directory", "not found", "not a directory", "not empty",
// "pattern". A call that fails changes nothing.
//
// Order. A reader sees a file before or after a write, never a part of one. A
// change that was answered is visible to the next call over any connection.
type SessionFileSystem interface {
	// ReadFile streams a file: the header first, then the content in chunks. The
	// stream is empty if nothing exists at the path; that is not an error. A
	// directory has a header and no content.
	ReadFile(ctx context.Context, s Session, path string, send func(*adapterv1.ReadFileResponse) error) error
	// WriteFile writes a whole file and creates the directories above it. A file
	// that is overwritten keeps its id and its created_at; updated_at moves on.
	//
	// INTERNAL + STORE: "is a directory" if the path is a directory or the root;
	// "readonly" if the file is read-only; "not a directory" if a file is where a
	// directory is needed; and if the content is not the base64 that the encoding
	// says.
	WriteFile(ctx context.Context, s Session, c Change[*adapterv1.WrittenFile], path string, content string, encoding string) (*adapterv1.WrittenFile, error)
	// WriteFileIfContentMatches writes a file only if its content and encoding
	// equal the expected ones, as one atomic step: of several calls at the same
	// time with the same expectation exactly one succeeds.
	//
	// The response holds no file, and nothing is written, if the file does not
	// exist, is a directory, is read-only or differs.
	WriteFileIfContentMatches(ctx context.Context, s Session, c Change[*adapterv1.WrittenFile], r *adapterv1.WriteFileIfContentMatchesRequest) (*adapterv1.WrittenFile, error)
	// DeleteFile deletes a file or a directory and says whether it existed.
	// Deleting what does not exist returns false.
	//
	// INTERNAL + STORE: "not empty" if the directory has entries and `recursive`
	// is false (returning false is allowed as well); "readonly" if the file is
	// read-only or the directory holds a read-only file; nothing is deleted then.
	// The root is never deleted.
	DeleteFile(ctx context.Context, s Session, c Change[bool], path string, recursive bool) (bool, error)
	// ListDirectory returns the direct entries of a directory, ascending by path.
	// The root of an empty workspace has none.
	//
	// INTERNAL + STORE: "not found" if nothing exists at the path, "not a
	// directory" if it is a file. (Upstream's own stores return an empty list
	// instead; the shell's `test -e` then finds every path.)
	ListDirectory(ctx context.Context, s Session, path string) ([]*adapterv1.FileInfo, error)
	// StatFile describes what exists at a path. It is absent if nothing does. The
	// root always exists.
	StatFile(ctx context.Context, s Session, path string) (*adapterv1.FileStat, error)
	// GrepFiles streams the lines of text files that match a regular expression,
	// ascending by path, then by line. The syntax is RE2, inline flags such as
	// `(?i)` included. The time must grow linearly with the text: the expression
	// comes from a model. Directories and base64 files are skipped.
	//
	// A server must bound what an expression costs. INTERNAL + STORE: "pattern" if
	// the expression is invalid, or too large when it is compiled. A search ends
	// with the call's deadline (DEADLINE_EXCEEDED). A server may also refuse a
	// search that finds more than it can hold with INTERNAL + STORE; the reference
	// server holds 64 MiB of paths and lines.
	GrepFiles(ctx context.Context, s Session, pattern string, pathPattern *string, send func(*adapterv1.GrepFilesResponse) error) error
	// CreateDirectory creates a directory and those above it, and returns it. A
	// directory that exists is returned as it is. INTERNAL + STORE: "not a
	// directory" if a file is where a directory is needed.
	CreateDirectory(ctx context.Context, s Session, c Change[*adapterv1.FileInfo], path string) (*adapterv1.FileInfo, error)
	// SeedInitialFile places a file in the workspace of a session that starts,
	// and creates the directories above it. It replaces a file that exists,
	// read-only or not; the last seed counts. INTERNAL + STORE: "is a directory"
	// if the path is a directory.
	SeedInitialFile(ctx context.Context, s Session, c Change[Nothing], file *adapterv1.InitialFile) error
}

// OfferSessionFileSystem offers SessionFileSystemService.
func OfferSessionFileSystem(store SessionFileSystem, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionFileSystemService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionFileSystemServiceServer(server, &sessionFileSystemServer{core: k, store: store})
	})
}

type sessionFileSystemServer struct {
	adapterv1.UnimplementedSessionFileSystemServiceServer
	core  *core
	store SessionFileSystem
}

var sessionFileSystemReadFile = newMethod[*adapterv1.ReadFileRequest, *adapterv1.ReadFileResponse]("mortise.adapter.v1.SessionFileSystemService", "ReadFile", false)

func (x *sessionFileSystemServer) ReadFile(r *adapterv1.ReadFileRequest, stream grpc.ServerStreamingServer[adapterv1.ReadFileResponse]) error {
	return streamed(stream.Context(), x.core, sessionFileSystemReadFile, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ReadFileResponse) error) error {
		return x.store.ReadFile(ctx, sessionOf(r), r.GetPath(), send)
	})
}

var sessionFileSystemWriteFile = newMethod[*adapterv1.WriteFileRequest, *adapterv1.WriteFileResponse]("mortise.adapter.v1.SessionFileSystemService", "WriteFile", true)

func (x *sessionFileSystemServer) WriteFile(ctx context.Context, r *adapterv1.WriteFileRequest) (*adapterv1.WriteFileResponse, error) {
	return keyed(ctx, x.core, sessionFileSystemWriteFile, r, codec[*adapterv1.WrittenFile, *adapterv1.WriteFileResponse]{
		wrap: func(v *adapterv1.WrittenFile) *adapterv1.WriteFileResponse {
			return &adapterv1.WriteFileResponse{File: v}
		},
		unwrap: func(a *adapterv1.WriteFileResponse) *adapterv1.WrittenFile { return a.File },
	}, func(ctx context.Context, c Change[*adapterv1.WrittenFile]) (*adapterv1.WrittenFile, error) {
		return x.store.WriteFile(ctx, sessionOf(r), c, r.GetPath(), r.GetContent(), r.GetEncoding())
	})
}

var sessionFileSystemWriteFileIfContentMatches = newMethod[*adapterv1.WriteFileIfContentMatchesRequest, *adapterv1.WriteFileIfContentMatchesResponse]("mortise.adapter.v1.SessionFileSystemService", "WriteFileIfContentMatches", true)

func (x *sessionFileSystemServer) WriteFileIfContentMatches(ctx context.Context, r *adapterv1.WriteFileIfContentMatchesRequest) (*adapterv1.WriteFileIfContentMatchesResponse, error) {
	return keyed(ctx, x.core, sessionFileSystemWriteFileIfContentMatches, r, codec[*adapterv1.WrittenFile, *adapterv1.WriteFileIfContentMatchesResponse]{
		wrap: func(v *adapterv1.WrittenFile) *adapterv1.WriteFileIfContentMatchesResponse {
			return &adapterv1.WriteFileIfContentMatchesResponse{File: v}
		},
		unwrap: func(a *adapterv1.WriteFileIfContentMatchesResponse) *adapterv1.WrittenFile { return a.File },
	}, func(ctx context.Context, c Change[*adapterv1.WrittenFile]) (*adapterv1.WrittenFile, error) {
		return x.store.WriteFileIfContentMatches(ctx, sessionOf(r), c, r)
	})
}

var sessionFileSystemDeleteFile = newMethod[*adapterv1.DeleteFileRequest, *adapterv1.DeleteFileResponse]("mortise.adapter.v1.SessionFileSystemService", "DeleteFile", true)

func (x *sessionFileSystemServer) DeleteFile(ctx context.Context, r *adapterv1.DeleteFileRequest) (*adapterv1.DeleteFileResponse, error) {
	return keyed(ctx, x.core, sessionFileSystemDeleteFile, r, codec[bool, *adapterv1.DeleteFileResponse]{
		wrap:   func(v bool) *adapterv1.DeleteFileResponse { return &adapterv1.DeleteFileResponse{Deleted: v} },
		unwrap: func(a *adapterv1.DeleteFileResponse) bool { return a.Deleted },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.DeleteFile(ctx, sessionOf(r), c, r.GetPath(), r.GetRecursive())
	})
}

var sessionFileSystemListDirectory = newMethod[*adapterv1.ListDirectoryRequest, *adapterv1.ListDirectoryResponse]("mortise.adapter.v1.SessionFileSystemService", "ListDirectory", false)

func (x *sessionFileSystemServer) ListDirectory(ctx context.Context, r *adapterv1.ListDirectoryRequest) (*adapterv1.ListDirectoryResponse, error) {
	return plain(ctx, x.core, sessionFileSystemListDirectory, r, func(ctx context.Context) (*adapterv1.ListDirectoryResponse, error) {
		v, err := x.store.ListDirectory(ctx, sessionOf(r), r.GetPath())
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListDirectoryResponse{Entries: v}, nil
	})
}

var sessionFileSystemStatFile = newMethod[*adapterv1.StatFileRequest, *adapterv1.StatFileResponse]("mortise.adapter.v1.SessionFileSystemService", "StatFile", false)

func (x *sessionFileSystemServer) StatFile(ctx context.Context, r *adapterv1.StatFileRequest) (*adapterv1.StatFileResponse, error) {
	return plain(ctx, x.core, sessionFileSystemStatFile, r, func(ctx context.Context) (*adapterv1.StatFileResponse, error) {
		v, err := x.store.StatFile(ctx, sessionOf(r), r.GetPath())
		if err != nil {
			return nil, err
		}
		return &adapterv1.StatFileResponse{Stat: v}, nil
	})
}

var sessionFileSystemGrepFiles = newMethod[*adapterv1.GrepFilesRequest, *adapterv1.GrepFilesResponse]("mortise.adapter.v1.SessionFileSystemService", "GrepFiles", false)

func (x *sessionFileSystemServer) GrepFiles(r *adapterv1.GrepFilesRequest, stream grpc.ServerStreamingServer[adapterv1.GrepFilesResponse]) error {
	return streamed(stream.Context(), x.core, sessionFileSystemGrepFiles, r, stream.Send, func(ctx context.Context, send func(*adapterv1.GrepFilesResponse) error) error {
		return x.store.GrepFiles(ctx, sessionOf(r), r.GetPattern(), r.PathPattern, send)
	})
}

var sessionFileSystemCreateDirectory = newMethod[*adapterv1.CreateDirectoryRequest, *adapterv1.CreateDirectoryResponse]("mortise.adapter.v1.SessionFileSystemService", "CreateDirectory", true)

func (x *sessionFileSystemServer) CreateDirectory(ctx context.Context, r *adapterv1.CreateDirectoryRequest) (*adapterv1.CreateDirectoryResponse, error) {
	return keyed(ctx, x.core, sessionFileSystemCreateDirectory, r, codec[*adapterv1.FileInfo, *adapterv1.CreateDirectoryResponse]{
		wrap: func(v *adapterv1.FileInfo) *adapterv1.CreateDirectoryResponse {
			return &adapterv1.CreateDirectoryResponse{Directory: v}
		},
		unwrap: func(a *adapterv1.CreateDirectoryResponse) *adapterv1.FileInfo { return a.Directory },
	}, func(ctx context.Context, c Change[*adapterv1.FileInfo]) (*adapterv1.FileInfo, error) {
		return x.store.CreateDirectory(ctx, sessionOf(r), c, r.GetPath())
	})
}

var sessionFileSystemSeedInitialFile = newMethod[*adapterv1.SeedInitialFileRequest, *adapterv1.SeedInitialFileResponse]("mortise.adapter.v1.SessionFileSystemService", "SeedInitialFile", true)

func (x *sessionFileSystemServer) SeedInitialFile(ctx context.Context, r *adapterv1.SeedInitialFileRequest) (*adapterv1.SeedInitialFileResponse, error) {
	return keyed(ctx, x.core, sessionFileSystemSeedInitialFile, r, codec[Nothing, *adapterv1.SeedInitialFileResponse]{
		wrap:   func(v Nothing) *adapterv1.SeedInitialFileResponse { return &adapterv1.SeedInitialFileResponse{} },
		unwrap: func(a *adapterv1.SeedInitialFileResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.SeedInitialFile(ctx, sessionOf(r), c, r.GetFile())
	})
}

// SessionLease is what an author implements to offer SessionLeaseService.
//
// SessionLeaseService grants leases of sessions. Optional: without it, nothing
// keeps two hosts from running turns of one session at the same time.
type SessionLease interface {
	// AcquireLease grants the lease of a session. Of several callers at the same
	// time at most one gets it.
	//
	// If the lease runs for another holder, the call fails with
	// FAILED_PRECONDITION + HELD, which names the holder, its address and the time
	// left. If it runs for the same holder, it is granted again under a new fence,
	// and the former fence is stale: a process that restarts under its own name
	// need not wait. A call that is sent again under its request_id gets the fence
	// that it got first.
	//
	// INVALID_ARGUMENT + INVALID_FIELD: the session's id, the holder, the address
	// or the ttl are malformed. NOT_FOUND + SESSION_NOT_FOUND: the server keeps
	// sessions and has none of this id in the org. FAILED_PRECONDITION +
	// SESSION_ARCHIVED: the session is deleted.
	AcquireLease(ctx context.Context, s Session, c Change[*adapterv1.SessionLease], holder string, address string, ttlMs uint64) (*adapterv1.SessionLease, error)
	// RenewLease makes a lease run for another ttl from now. It never makes a lease
	// end earlier than before. The fence stays as it is. A holder should renew when
	// a third of the ttl has passed.
	//
	// ABORTED + FENCED: the fence is not the highest that was granted for the
	// session, or the lease was released. A lease that has expired and that no
	// other caller was granted may be renewed or refused in the same way. The
	// holder must then stop: it cancels the turn and sends no change of it any
	// more.
	RenewLease(ctx context.Context, s Session, fence uint64, ttlMs uint64) (uint64, error)
	// ReleaseLease ends a lease before it expires. A fence that is not the highest
	// that was granted for the session, and a lease that has ended already, change
	// nothing; that is not an error. The lease of a deleted session can be
	// released.
	ReleaseLease(ctx context.Context, s Session, fence uint64) error
	// FollowLeases streams what becomes of leases, until the caller ends the call.
	// A host that waits for a session follows it.
	//
	// With a session_id, the first message says at once whether the session is
	// leased. Without one, the stream is about every session of the org, and begins
	// with one message for each that is leased. After that, a message is sent when
	// a lease is granted, and when it ends because it was released or has expired.
	// It must be sent within two seconds, also if the lease was granted by another
	// server over the same storage. A renewal sends no message. A server may leave
	// out what was true only for a moment, but not what is true now. A session that
	// does not exist in the org is not leased; that is not an error.
	FollowLeases(ctx context.Context, o Org, sessionID *string, send func(*adapterv1.FollowLeasesResponse) error) error
}

// OfferSessionLease offers SessionLeaseService.
func OfferSessionLease(store SessionLease, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionLeaseService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionLeaseServiceServer(server, &sessionLeaseServer{core: k, store: store})
	})
}

type sessionLeaseServer struct {
	adapterv1.UnimplementedSessionLeaseServiceServer
	core  *core
	store SessionLease
}

var sessionLeaseAcquireLease = newMethod[*adapterv1.AcquireLeaseRequest, *adapterv1.AcquireLeaseResponse]("mortise.adapter.v1.SessionLeaseService", "AcquireLease", true)

func (x *sessionLeaseServer) AcquireLease(ctx context.Context, r *adapterv1.AcquireLeaseRequest) (*adapterv1.AcquireLeaseResponse, error) {
	return keyed(ctx, x.core, sessionLeaseAcquireLease, r, codec[*adapterv1.SessionLease, *adapterv1.AcquireLeaseResponse]{
		wrap: func(v *adapterv1.SessionLease) *adapterv1.AcquireLeaseResponse {
			return &adapterv1.AcquireLeaseResponse{Lease: v}
		},
		unwrap: func(a *adapterv1.AcquireLeaseResponse) *adapterv1.SessionLease { return a.Lease },
	}, func(ctx context.Context, c Change[*adapterv1.SessionLease]) (*adapterv1.SessionLease, error) {
		return x.store.AcquireLease(ctx, sessionOf(r), c, r.GetHolder(), r.GetAddress(), r.GetTtlMs())
	})
}

var sessionLeaseRenewLease = newMethod[*adapterv1.RenewLeaseRequest, *adapterv1.RenewLeaseResponse]("mortise.adapter.v1.SessionLeaseService", "RenewLease", false)

func (x *sessionLeaseServer) RenewLease(ctx context.Context, r *adapterv1.RenewLeaseRequest) (*adapterv1.RenewLeaseResponse, error) {
	return plain(ctx, x.core, sessionLeaseRenewLease, r, func(ctx context.Context) (*adapterv1.RenewLeaseResponse, error) {
		v, err := x.store.RenewLease(ctx, sessionOf(r), r.GetFence(), r.GetTtlMs())
		if err != nil {
			return nil, err
		}
		return &adapterv1.RenewLeaseResponse{TimeLeftMs: v}, nil
	})
}

var sessionLeaseReleaseLease = newMethod[*adapterv1.ReleaseLeaseRequest, *adapterv1.ReleaseLeaseResponse]("mortise.adapter.v1.SessionLeaseService", "ReleaseLease", false)

func (x *sessionLeaseServer) ReleaseLease(ctx context.Context, r *adapterv1.ReleaseLeaseRequest) (*adapterv1.ReleaseLeaseResponse, error) {
	return plain(ctx, x.core, sessionLeaseReleaseLease, r, func(ctx context.Context) (*adapterv1.ReleaseLeaseResponse, error) {
		return &adapterv1.ReleaseLeaseResponse{}, x.store.ReleaseLease(ctx, sessionOf(r), r.GetFence())
	})
}

var sessionLeaseFollowLeases = newMethod[*adapterv1.FollowLeasesRequest, *adapterv1.FollowLeasesResponse]("mortise.adapter.v1.SessionLeaseService", "FollowLeases", false)

func (x *sessionLeaseServer) FollowLeases(r *adapterv1.FollowLeasesRequest, stream grpc.ServerStreamingServer[adapterv1.FollowLeasesResponse]) error {
	return streamed(stream.Context(), x.core, sessionLeaseFollowLeases, r, stream.Send, func(ctx context.Context, send func(*adapterv1.FollowLeasesResponse) error) error {
		return x.store.FollowLeases(ctx, orgOf(r), r.SessionId, send)
	})
}

// SessionMutator is what an author implements to offer SessionMutatorService.
//
// SessionMutatorService changes sessions. Required: a host runs no turn without
// it.
type SessionMutator interface {
	// UpdateSessionTitle sets the title of a session exactly as given and returns
	// the session. The server must not trim it.
	//
	// INTERNAL + STORE with a text that contains "not found": the session does
	// not exist in the org. The host does not repeat the call then.
	UpdateSessionTitle(ctx context.Context, s Session, c Change[*adapterv1.Session], title string) (*adapterv1.Session, error)
}

// OfferSessionMutator offers SessionMutatorService.
func OfferSessionMutator(store SessionMutator, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionMutatorService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionMutatorServiceServer(server, &sessionMutatorServer{core: k, store: store})
	})
}

type sessionMutatorServer struct {
	adapterv1.UnimplementedSessionMutatorServiceServer
	core  *core
	store SessionMutator
}

var sessionMutatorUpdateSessionTitle = newMethod[*adapterv1.UpdateSessionTitleRequest, *adapterv1.UpdateSessionTitleResponse]("mortise.adapter.v1.SessionMutatorService", "UpdateSessionTitle", true)

func (x *sessionMutatorServer) UpdateSessionTitle(ctx context.Context, r *adapterv1.UpdateSessionTitleRequest) (*adapterv1.UpdateSessionTitleResponse, error) {
	return keyed(ctx, x.core, sessionMutatorUpdateSessionTitle, r, codec[*adapterv1.Session, *adapterv1.UpdateSessionTitleResponse]{
		wrap: func(v *adapterv1.Session) *adapterv1.UpdateSessionTitleResponse {
			return &adapterv1.UpdateSessionTitleResponse{Session: v}
		},
		unwrap: func(a *adapterv1.UpdateSessionTitleResponse) *adapterv1.Session { return a.Session },
	}, func(ctx context.Context, c Change[*adapterv1.Session]) (*adapterv1.Session, error) {
		return x.store.UpdateSessionTitle(ctx, sessionOf(r), c, r.GetTitle())
	})
}

// SessionResourceRegistry is what an author implements to offer SessionResourceRegistryService.
//
// SessionResourceRegistryService keeps the entries of sessions' resources.
// Optional: without it, tools cannot show what runs beside a session.
//
// It also carries progress: a background run registers itself again with every
// change of its status and output, many times a second. Skills keep their whole
// text in an entry's metadata. Metadata must come back as they were given.
type SessionResourceRegistry interface {
	// Register stores an entry. An entry of the same session and resource_id is
	// replaced as a whole and keeps its created_at. The last of several calls
	// counts.
	Register(ctx context.Context, s Session, c Change[*adapterv1.SessionResourceEntry], r *adapterv1.RegisterRequest) (*adapterv1.SessionResourceEntry, error)
	// UpdateStatus changes an entry's status and updated_at, and nothing else. An
	// entry that does not exist is absent in the answer, not an error.
	UpdateStatus(ctx context.Context, s Session, c Change[*adapterv1.SessionResourceEntry], resourceID string, status adapterv1.SessionResourceStatus) (*adapterv1.SessionResourceEntry, error)
	// GetSessionResource returns the entry with a resource_id.
	GetSessionResource(ctx context.Context, s Session, resourceID string) (*adapterv1.SessionResourceEntry, error)
	// ListSessionResources streams the entries of a session, in the order in
	// which they were first registered.
	ListSessionResources(ctx context.Context, s Session, kind *string, status adapterv1.SessionResourceStatus, send func(*adapterv1.ListSessionResourcesResponse) error) error
	// Deregister removes an entry and says whether it was there.
	Deregister(ctx context.Context, s Session, c Change[bool], resourceID string) (bool, error)
}

// OfferSessionResourceRegistry offers SessionResourceRegistryService.
func OfferSessionResourceRegistry(store SessionResourceRegistry, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionResourceRegistryService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionResourceRegistryServiceServer(server, &sessionResourceRegistryServer{core: k, store: store})
	})
}

type sessionResourceRegistryServer struct {
	adapterv1.UnimplementedSessionResourceRegistryServiceServer
	core  *core
	store SessionResourceRegistry
}

var sessionResourceRegistryRegister = newMethod[*adapterv1.RegisterRequest, *adapterv1.RegisterResponse]("mortise.adapter.v1.SessionResourceRegistryService", "Register", true)

func (x *sessionResourceRegistryServer) Register(ctx context.Context, r *adapterv1.RegisterRequest) (*adapterv1.RegisterResponse, error) {
	return keyed(ctx, x.core, sessionResourceRegistryRegister, r, codec[*adapterv1.SessionResourceEntry, *adapterv1.RegisterResponse]{
		wrap: func(v *adapterv1.SessionResourceEntry) *adapterv1.RegisterResponse {
			return &adapterv1.RegisterResponse{Entry: v}
		},
		unwrap: func(a *adapterv1.RegisterResponse) *adapterv1.SessionResourceEntry { return a.Entry },
	}, func(ctx context.Context, c Change[*adapterv1.SessionResourceEntry]) (*adapterv1.SessionResourceEntry, error) {
		return x.store.Register(ctx, sessionOf(r), c, r)
	})
}

var sessionResourceRegistryUpdateStatus = newMethod[*adapterv1.UpdateStatusRequest, *adapterv1.UpdateStatusResponse]("mortise.adapter.v1.SessionResourceRegistryService", "UpdateStatus", true)

func (x *sessionResourceRegistryServer) UpdateStatus(ctx context.Context, r *adapterv1.UpdateStatusRequest) (*adapterv1.UpdateStatusResponse, error) {
	return keyed(ctx, x.core, sessionResourceRegistryUpdateStatus, r, codec[*adapterv1.SessionResourceEntry, *adapterv1.UpdateStatusResponse]{
		wrap: func(v *adapterv1.SessionResourceEntry) *adapterv1.UpdateStatusResponse {
			return &adapterv1.UpdateStatusResponse{Entry: v}
		},
		unwrap: func(a *adapterv1.UpdateStatusResponse) *adapterv1.SessionResourceEntry { return a.Entry },
	}, func(ctx context.Context, c Change[*adapterv1.SessionResourceEntry]) (*adapterv1.SessionResourceEntry, error) {
		return x.store.UpdateStatus(ctx, sessionOf(r), c, r.GetResourceId(), r.GetStatus())
	})
}

var sessionResourceRegistryGetSessionResource = newMethod[*adapterv1.GetSessionResourceRequest, *adapterv1.GetSessionResourceResponse]("mortise.adapter.v1.SessionResourceRegistryService", "GetSessionResource", false)

func (x *sessionResourceRegistryServer) GetSessionResource(ctx context.Context, r *adapterv1.GetSessionResourceRequest) (*adapterv1.GetSessionResourceResponse, error) {
	return plain(ctx, x.core, sessionResourceRegistryGetSessionResource, r, func(ctx context.Context) (*adapterv1.GetSessionResourceResponse, error) {
		v, err := x.store.GetSessionResource(ctx, sessionOf(r), r.GetResourceId())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetSessionResourceResponse{Entry: v}, nil
	})
}

var sessionResourceRegistryListSessionResources = newMethod[*adapterv1.ListSessionResourcesRequest, *adapterv1.ListSessionResourcesResponse]("mortise.adapter.v1.SessionResourceRegistryService", "ListSessionResources", false)

func (x *sessionResourceRegistryServer) ListSessionResources(r *adapterv1.ListSessionResourcesRequest, stream grpc.ServerStreamingServer[adapterv1.ListSessionResourcesResponse]) error {
	return streamed(stream.Context(), x.core, sessionResourceRegistryListSessionResources, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListSessionResourcesResponse) error) error {
		return x.store.ListSessionResources(ctx, sessionOf(r), r.Kind, r.GetStatus(), send)
	})
}

var sessionResourceRegistryDeregister = newMethod[*adapterv1.DeregisterRequest, *adapterv1.DeregisterResponse]("mortise.adapter.v1.SessionResourceRegistryService", "Deregister", true)

func (x *sessionResourceRegistryServer) Deregister(ctx context.Context, r *adapterv1.DeregisterRequest) (*adapterv1.DeregisterResponse, error) {
	return keyed(ctx, x.core, sessionResourceRegistryDeregister, r, codec[bool, *adapterv1.DeregisterResponse]{
		wrap:   func(v bool) *adapterv1.DeregisterResponse { return &adapterv1.DeregisterResponse{Deregistered: v} },
		unwrap: func(a *adapterv1.DeregisterResponse) bool { return a.Deregistered },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.Deregister(ctx, sessionOf(r), c, r.GetResourceId())
	})
}

// SessionScheduleStore is what an author implements to offer SessionScheduleStoreService.
//
// SessionScheduleStoreService keeps the schedules of sessions and fires them.
// Optional: without it, tools cannot schedule anything.
//
// The server itself fires a schedule that is due. It must fire once for each
// due time, however many servers share the store. Firing stores an event
// `schedule.triggered`, whose data name the schedule, and a user's message with
// the description in the session, and requests the turn that answers it
// (TurnQueueService). What became due while no server ran is fired once, late.
// After firing, a one-shot schedule is disabled and a recurring one gets its
// next time.
//
// Servers that share a store must go by one clock, such as the database's. When
// it is set back, no schedule may wait until it gets there again: what was put
// off or planned by the wrong clock is planned anew.
type SessionScheduleStore interface {
	// CreateSchedule creates a schedule and returns it, enabled. It is recurring
	// if it has a cron expression, also if scheduled_at is set as well. Otherwise
	// it is one-shot.
	//
	// INTERNAL + STORE: the cron expression or the time zone is invalid; neither
	// a cron expression nor a time is given; the cron expression never comes
	// true; the session has five enabled schedules already; or the session does
	// not exist in the org. The text says what to change. FAILED_PRECONDITION +
	// SESSION_ARCHIVED: the session is deleted.
	CreateSchedule(ctx context.Context, s Session, c Change[*adapterv1.SessionSchedule], description string, cronExpression *string, scheduledAt *time.Time, timezone string) (*adapterv1.SessionSchedule, error)
	// CancelSchedule disables a schedule and returns it. A schedule that is
	// disabled already stays so; that is not an error.
	//
	// INTERNAL + STORE with "Schedule not found": the session has no such
	// schedule.
	CancelSchedule(ctx context.Context, s Session, c Change[*adapterv1.SessionSchedule], scheduleID string) (*adapterv1.SessionSchedule, error)
	// ListSchedules returns the schedules of a session, disabled ones included,
	// oldest first.
	ListSchedules(ctx context.Context, s Session) ([]*adapterv1.SessionSchedule, error)
	// CountActiveSchedules returns how many enabled schedules a session has.
	CountActiveSchedules(ctx context.Context, s Session) (uint32, error)
}

// OfferSessionScheduleStore offers SessionScheduleStoreService.
func OfferSessionScheduleStore(store SessionScheduleStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionScheduleStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionScheduleStoreServiceServer(server, &sessionScheduleStoreServer{core: k, store: store})
	})
}

type sessionScheduleStoreServer struct {
	adapterv1.UnimplementedSessionScheduleStoreServiceServer
	core  *core
	store SessionScheduleStore
}

var sessionScheduleStoreCreateSchedule = newMethod[*adapterv1.CreateScheduleRequest, *adapterv1.CreateScheduleResponse]("mortise.adapter.v1.SessionScheduleStoreService", "CreateSchedule", true)

func (x *sessionScheduleStoreServer) CreateSchedule(ctx context.Context, r *adapterv1.CreateScheduleRequest) (*adapterv1.CreateScheduleResponse, error) {
	return keyed(ctx, x.core, sessionScheduleStoreCreateSchedule, r, codec[*adapterv1.SessionSchedule, *adapterv1.CreateScheduleResponse]{
		wrap: func(v *adapterv1.SessionSchedule) *adapterv1.CreateScheduleResponse {
			return &adapterv1.CreateScheduleResponse{Schedule: v}
		},
		unwrap: func(a *adapterv1.CreateScheduleResponse) *adapterv1.SessionSchedule { return a.Schedule },
	}, func(ctx context.Context, c Change[*adapterv1.SessionSchedule]) (*adapterv1.SessionSchedule, error) {
		return x.store.CreateSchedule(ctx, sessionOf(r), c, r.GetDescription(), r.CronExpression, timeOf(r.GetScheduledAt()), r.GetTimezone())
	})
}

var sessionScheduleStoreCancelSchedule = newMethod[*adapterv1.CancelScheduleRequest, *adapterv1.CancelScheduleResponse]("mortise.adapter.v1.SessionScheduleStoreService", "CancelSchedule", true)

func (x *sessionScheduleStoreServer) CancelSchedule(ctx context.Context, r *adapterv1.CancelScheduleRequest) (*adapterv1.CancelScheduleResponse, error) {
	return keyed(ctx, x.core, sessionScheduleStoreCancelSchedule, r, codec[*adapterv1.SessionSchedule, *adapterv1.CancelScheduleResponse]{
		wrap: func(v *adapterv1.SessionSchedule) *adapterv1.CancelScheduleResponse {
			return &adapterv1.CancelScheduleResponse{Schedule: v}
		},
		unwrap: func(a *adapterv1.CancelScheduleResponse) *adapterv1.SessionSchedule { return a.Schedule },
	}, func(ctx context.Context, c Change[*adapterv1.SessionSchedule]) (*adapterv1.SessionSchedule, error) {
		return x.store.CancelSchedule(ctx, sessionOf(r), c, r.GetScheduleId())
	})
}

var sessionScheduleStoreListSchedules = newMethod[*adapterv1.ListSchedulesRequest, *adapterv1.ListSchedulesResponse]("mortise.adapter.v1.SessionScheduleStoreService", "ListSchedules", false)

func (x *sessionScheduleStoreServer) ListSchedules(ctx context.Context, r *adapterv1.ListSchedulesRequest) (*adapterv1.ListSchedulesResponse, error) {
	return plain(ctx, x.core, sessionScheduleStoreListSchedules, r, func(ctx context.Context) (*adapterv1.ListSchedulesResponse, error) {
		v, err := x.store.ListSchedules(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListSchedulesResponse{Schedules: v}, nil
	})
}

var sessionScheduleStoreCountActiveSchedules = newMethod[*adapterv1.CountActiveSchedulesRequest, *adapterv1.CountActiveSchedulesResponse]("mortise.adapter.v1.SessionScheduleStoreService", "CountActiveSchedules", false)

func (x *sessionScheduleStoreServer) CountActiveSchedules(ctx context.Context, r *adapterv1.CountActiveSchedulesRequest) (*adapterv1.CountActiveSchedulesResponse, error) {
	return plain(ctx, x.core, sessionScheduleStoreCountActiveSchedules, r, func(ctx context.Context) (*adapterv1.CountActiveSchedulesResponse, error) {
		v, err := x.store.CountActiveSchedules(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.CountActiveSchedulesResponse{Count: v}, nil
	})
}

// SessionSqlDbStore is what an author implements to offer SessionSqlDbStoreService.
//
// SessionSqlDbStoreService keeps small SQL databases for a session. A model
// fills and queries them. Optional: without it, the model has no SQL databases.
//
// Dialect. It is SQLite's: the model is told "standard SQLite SQL syntax".
//
// Names. A database's name has 1 to 64 ASCII letters, digits and underscores;
// case matters. Every method refuses any other name with
// SQL_INVALID_DATABASE_NAME. Sessions share nothing, and a session of another
// org has no databases.
//
// Calls. Every call stands alone: an open transaction, temporary tables and
// settings made with PRAGMA end with the call. A call that fails changes
// nothing. The cost of one call touches no other call: a server bounds the time
// and the memory of its statements, and the limit that was met ends that call
// alone. A server that cannot run statements now fails with UNAVAILABLE.
//
// Limits. Every server limits a query to 1,000 rows, as the model is told. A
// server may have further limits; it states none of them on the wire and names
// the one that was met in the text of the error. The reference server limits:
//   - the databases of a session to 10, and the size of each to 64 MiB
//     (SQL_LIMIT_EXCEEDED);
//   - a value and a row of a table to 1 MiB, temporary storage (for sorting and
//     the like) to 512 MiB, and the memory of a call's statements to 512 MiB
//     (SQL_LIMIT_EXCEEDED);
//   - a statement to 1,000 function calls, and to 50 LIKE and GLOB
//     (SQL_LIMIT_EXCEEDED);
//   - the SQL text of one call to 1 MiB (SQL_QUERY_ERROR);
//   - a result to 4 MiB of JSON (SQL_RESULT_TOO_LARGE);
//   - a call to 10 s (SQL_QUERY_TIMEOUT).
//
// Errors. The host shows the text of the errors below to the model. It hides
// the text of SQL_INTERNAL and of every other reason.
//   - SQL_DATABASE_NOT_FOUND, SQL_DATABASE_ALREADY_EXISTS: the text is the name
//     alone.
//   - SQL_QUERY_ERROR: the SQL is wrong, or a constraint forbids what it does.
//   - SQL_QUERY_TIMEOUT: `timeout_seconds` in the metadata. The text is not read.
//   - SQL_AUTHORIZER_BLOCKED: the SQL asks for something that is not allowed,
//     such as ATTACH, VACUUM, loading code, most PRAGMAs, or a change in a query.
//     The reference server also refuses json_patch and json_pretty.
type SessionSqlDbStore interface {
	// CreateDatabase creates an empty database.
	//
	// It fails with SQL_DATABASE_ALREADY_EXISTS if the database exists, with
	// SQL_LIMIT_EXCEEDED if the session has as many databases as it may, and with
	// SQL_INTERNAL if the session does not exist in the org.
	CreateDatabase(ctx context.Context, s Session, c Change[*adapterv1.DatabaseInfo], name string) (*adapterv1.DatabaseInfo, error)
	// ListDatabases returns the databases of a session, ascending by name. A
	// session that does not exist in the org has none.
	ListDatabases(ctx context.Context, s Session) ([]*adapterv1.DatabaseInfo, error)
	// GetDatabase describes a database. It is absent if it does not exist.
	GetDatabase(ctx context.Context, s Session, name string) (*adapterv1.DatabaseInfo, error)
	// DeleteDatabase deletes a database with everything in it and says whether it
	// existed. Deleting what does not exist returns false.
	DeleteDatabase(ctx context.Context, s Session, c Change[bool], name string) (bool, error)
	// SqlExecute runs one or more statements, in order. It creates the database
	// if it does not exist.
	//
	// Either all statements take effect or none does: if one fails, those before
	// it are undone, and a database that the call has created is gone. Calls that
	// change one database at the same time run one after the other. Statements
	// may begin and end transactions; a transaction that is open at the end of
	// the call is SQL_QUERY_ERROR. Rows that statements return (SELECT,
	// RETURNING) are dropped. Foreign keys are enforced.
	SqlExecute(ctx context.Context, s Session, c Change[uint64], databaseName string, sql string) (uint64, error)
	// SqlQuery runs one statement that changes nothing and streams its result:
	// the columns, then the rows in several messages, then the end. A client
	// takes a result without its end for an incomplete one and reports an error.
	//
	// It fails with SQL_DATABASE_NOT_FOUND if the database does not exist, with
	// SQL_AUTHORIZER_BLOCKED if the statement would change something, and with
	// SQL_QUERY_ERROR if there is more than one statement.
	SqlQuery(ctx context.Context, s Session, databaseName string, sql string, send func(*adapterv1.SqlQueryResponse) error) error
	// SqlSchema streams the tables of a database, ascending by the bytes of their
	// names. Views, indexes and SQLite's own tables are left out.
	//
	// It fails with SQL_DATABASE_NOT_FOUND if the database does not exist. The
	// stream is empty if the database has no tables, or not the requested one.
	SqlSchema(ctx context.Context, s Session, databaseName string, table *string, send func(*adapterv1.SqlSchemaResponse) error) error
}

// OfferSessionSqlDbStore offers SessionSqlDbStoreService.
func OfferSessionSqlDbStore(store SessionSqlDbStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionSqlDbStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionSqlDbStoreServiceServer(server, &sessionSqlDbStoreServer{core: k, store: store})
	})
}

type sessionSqlDbStoreServer struct {
	adapterv1.UnimplementedSessionSqlDbStoreServiceServer
	core  *core
	store SessionSqlDbStore
}

var sessionSqlDbStoreCreateDatabase = newMethod[*adapterv1.CreateDatabaseRequest, *adapterv1.CreateDatabaseResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "CreateDatabase", true)

func (x *sessionSqlDbStoreServer) CreateDatabase(ctx context.Context, r *adapterv1.CreateDatabaseRequest) (*adapterv1.CreateDatabaseResponse, error) {
	return keyed(ctx, x.core, sessionSqlDbStoreCreateDatabase, r, codec[*adapterv1.DatabaseInfo, *adapterv1.CreateDatabaseResponse]{
		wrap: func(v *adapterv1.DatabaseInfo) *adapterv1.CreateDatabaseResponse {
			return &adapterv1.CreateDatabaseResponse{Database: v}
		},
		unwrap: func(a *adapterv1.CreateDatabaseResponse) *adapterv1.DatabaseInfo { return a.Database },
	}, func(ctx context.Context, c Change[*adapterv1.DatabaseInfo]) (*adapterv1.DatabaseInfo, error) {
		return x.store.CreateDatabase(ctx, sessionOf(r), c, r.GetName())
	})
}

var sessionSqlDbStoreListDatabases = newMethod[*adapterv1.ListDatabasesRequest, *adapterv1.ListDatabasesResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "ListDatabases", false)

func (x *sessionSqlDbStoreServer) ListDatabases(ctx context.Context, r *adapterv1.ListDatabasesRequest) (*adapterv1.ListDatabasesResponse, error) {
	return plain(ctx, x.core, sessionSqlDbStoreListDatabases, r, func(ctx context.Context) (*adapterv1.ListDatabasesResponse, error) {
		v, err := x.store.ListDatabases(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListDatabasesResponse{Databases: v}, nil
	})
}

var sessionSqlDbStoreGetDatabase = newMethod[*adapterv1.GetDatabaseRequest, *adapterv1.GetDatabaseResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "GetDatabase", false)

func (x *sessionSqlDbStoreServer) GetDatabase(ctx context.Context, r *adapterv1.GetDatabaseRequest) (*adapterv1.GetDatabaseResponse, error) {
	return plain(ctx, x.core, sessionSqlDbStoreGetDatabase, r, func(ctx context.Context) (*adapterv1.GetDatabaseResponse, error) {
		v, err := x.store.GetDatabase(ctx, sessionOf(r), r.GetName())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetDatabaseResponse{Database: v}, nil
	})
}

var sessionSqlDbStoreDeleteDatabase = newMethod[*adapterv1.DeleteDatabaseRequest, *adapterv1.DeleteDatabaseResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "DeleteDatabase", true)

func (x *sessionSqlDbStoreServer) DeleteDatabase(ctx context.Context, r *adapterv1.DeleteDatabaseRequest) (*adapterv1.DeleteDatabaseResponse, error) {
	return keyed(ctx, x.core, sessionSqlDbStoreDeleteDatabase, r, codec[bool, *adapterv1.DeleteDatabaseResponse]{
		wrap:   func(v bool) *adapterv1.DeleteDatabaseResponse { return &adapterv1.DeleteDatabaseResponse{Deleted: v} },
		unwrap: func(a *adapterv1.DeleteDatabaseResponse) bool { return a.Deleted },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.DeleteDatabase(ctx, sessionOf(r), c, r.GetName())
	})
}

var sessionSqlDbStoreSqlExecute = newMethod[*adapterv1.SqlExecuteRequest, *adapterv1.SqlExecuteResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "SqlExecute", true)

func (x *sessionSqlDbStoreServer) SqlExecute(ctx context.Context, r *adapterv1.SqlExecuteRequest) (*adapterv1.SqlExecuteResponse, error) {
	return keyed(ctx, x.core, sessionSqlDbStoreSqlExecute, r, codec[uint64, *adapterv1.SqlExecuteResponse]{
		wrap:   func(v uint64) *adapterv1.SqlExecuteResponse { return &adapterv1.SqlExecuteResponse{RowsAffected: v} },
		unwrap: func(a *adapterv1.SqlExecuteResponse) uint64 { return a.RowsAffected },
	}, func(ctx context.Context, c Change[uint64]) (uint64, error) {
		return x.store.SqlExecute(ctx, sessionOf(r), c, r.GetDatabaseName(), r.GetSql())
	})
}

var sessionSqlDbStoreSqlQuery = newMethod[*adapterv1.SqlQueryRequest, *adapterv1.SqlQueryResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "SqlQuery", false)

func (x *sessionSqlDbStoreServer) SqlQuery(r *adapterv1.SqlQueryRequest, stream grpc.ServerStreamingServer[adapterv1.SqlQueryResponse]) error {
	return streamed(stream.Context(), x.core, sessionSqlDbStoreSqlQuery, r, stream.Send, func(ctx context.Context, send func(*adapterv1.SqlQueryResponse) error) error {
		return x.store.SqlQuery(ctx, sessionOf(r), r.GetDatabaseName(), r.GetSql(), send)
	})
}

var sessionSqlDbStoreSqlSchema = newMethod[*adapterv1.SqlSchemaRequest, *adapterv1.SqlSchemaResponse]("mortise.adapter.v1.SessionSqlDbStoreService", "SqlSchema", false)

func (x *sessionSqlDbStoreServer) SqlSchema(r *adapterv1.SqlSchemaRequest, stream grpc.ServerStreamingServer[adapterv1.SqlSchemaResponse]) error {
	return streamed(stream.Context(), x.core, sessionSqlDbStoreSqlSchema, r, stream.Send, func(ctx context.Context, send func(*adapterv1.SqlSchemaResponse) error) error {
		return x.store.SqlSchema(ctx, sessionOf(r), r.GetDatabaseName(), r.Table, send)
	})
}

// SessionStorageStore is what an author implements to offer SessionStorageStoreService.
//
// SessionStorageStoreService keeps values and secrets of a session. Optional:
// without it, tools cannot keep values or secrets.
//
// Values and secrets are two sets of keys: a value and a secret of one name are
// two things. A key is any string, compared byte for byte: case, trailing
// spaces and Unicode normalization matter. A server must take keys of 1,024
// bytes and may refuse longer ones with INTERNAL + STORE. It must not limit or
// hide keys otherwise: the host's tools take 255 bytes at most, and hide names
// that start with `browserless_internal:`.
//
// Setting a key again replaces its value, keeps its created_at and moves its
// updated_at on. A key that was never set is absent, not an error. Sessions
// share nothing.
//
// Secrets must be encrypted at rest. A server without an encryption key must
// refuse to set, read and list them: FAILED_PRECONDITION + CONFIGURATION with a
// text that contains "Encryption not configured", which the host's tools look
// for.
type SessionStorageStore interface {
	// SetValue sets the value of a key.
	SetValue(ctx context.Context, s Session, c Change[Nothing], key string, value string) error
	// GetValue returns the value of a key. It is absent if the key was never set
	// or was deleted.
	GetValue(ctx context.Context, s Session, key string) (*string, error)
	// DeleteValue deletes a key and says whether it existed. Deleting what does
	// not exist returns false.
	DeleteValue(ctx context.Context, s Session, c Change[bool], key string) (bool, error)
	// ListKeys returns all keys of a session without their values, ascending by
	// the bytes of the keys.
	ListKeys(ctx context.Context, s Session) ([]*adapterv1.KeyInfo, error)
	// SetSecret sets a secret.
	SetSecret(ctx context.Context, s Session, c Change[Nothing], name string, value string) error
	// GetSecret returns a secret in clear text. It is absent if it was never set
	// or was deleted.
	GetSecret(ctx context.Context, s Session, name string) (*string, error)
	// DeleteSecret deletes a secret and says whether it existed. Deleting what
	// does not exist returns false.
	DeleteSecret(ctx context.Context, s Session, c Change[bool], name string) (bool, error)
	// ListSecrets returns the names of all secrets of a session, ascending by the
	// bytes of the names. It never returns a secret.
	ListSecrets(ctx context.Context, s Session) ([]*adapterv1.SecretInfo, error)
}

// OfferSessionStorageStore offers SessionStorageStoreService.
func OfferSessionStorageStore(store SessionStorageStore, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.SessionStorageStoreService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterSessionStorageStoreServiceServer(server, &sessionStorageStoreServer{core: k, store: store})
	})
}

type sessionStorageStoreServer struct {
	adapterv1.UnimplementedSessionStorageStoreServiceServer
	core  *core
	store SessionStorageStore
}

var sessionStorageStoreSetValue = newMethod[*adapterv1.SetValueRequest, *adapterv1.SetValueResponse]("mortise.adapter.v1.SessionStorageStoreService", "SetValue", true)

func (x *sessionStorageStoreServer) SetValue(ctx context.Context, r *adapterv1.SetValueRequest) (*adapterv1.SetValueResponse, error) {
	return keyed(ctx, x.core, sessionStorageStoreSetValue, r, codec[Nothing, *adapterv1.SetValueResponse]{
		wrap:   func(v Nothing) *adapterv1.SetValueResponse { return &adapterv1.SetValueResponse{} },
		unwrap: func(a *adapterv1.SetValueResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.SetValue(ctx, sessionOf(r), c, r.GetKey(), r.GetValue())
	})
}

var sessionStorageStoreGetValue = newMethod[*adapterv1.GetValueRequest, *adapterv1.GetValueResponse]("mortise.adapter.v1.SessionStorageStoreService", "GetValue", false)

func (x *sessionStorageStoreServer) GetValue(ctx context.Context, r *adapterv1.GetValueRequest) (*adapterv1.GetValueResponse, error) {
	return plain(ctx, x.core, sessionStorageStoreGetValue, r, func(ctx context.Context) (*adapterv1.GetValueResponse, error) {
		v, err := x.store.GetValue(ctx, sessionOf(r), r.GetKey())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetValueResponse{Value: v}, nil
	})
}

var sessionStorageStoreDeleteValue = newMethod[*adapterv1.DeleteValueRequest, *adapterv1.DeleteValueResponse]("mortise.adapter.v1.SessionStorageStoreService", "DeleteValue", true)

func (x *sessionStorageStoreServer) DeleteValue(ctx context.Context, r *adapterv1.DeleteValueRequest) (*adapterv1.DeleteValueResponse, error) {
	return keyed(ctx, x.core, sessionStorageStoreDeleteValue, r, codec[bool, *adapterv1.DeleteValueResponse]{
		wrap:   func(v bool) *adapterv1.DeleteValueResponse { return &adapterv1.DeleteValueResponse{Deleted: v} },
		unwrap: func(a *adapterv1.DeleteValueResponse) bool { return a.Deleted },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.DeleteValue(ctx, sessionOf(r), c, r.GetKey())
	})
}

var sessionStorageStoreListKeys = newMethod[*adapterv1.ListKeysRequest, *adapterv1.ListKeysResponse]("mortise.adapter.v1.SessionStorageStoreService", "ListKeys", false)

func (x *sessionStorageStoreServer) ListKeys(ctx context.Context, r *adapterv1.ListKeysRequest) (*adapterv1.ListKeysResponse, error) {
	return plain(ctx, x.core, sessionStorageStoreListKeys, r, func(ctx context.Context) (*adapterv1.ListKeysResponse, error) {
		v, err := x.store.ListKeys(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListKeysResponse{Keys: v}, nil
	})
}

var sessionStorageStoreSetSecret = newMethod[*adapterv1.SetSecretRequest, *adapterv1.SetSecretResponse]("mortise.adapter.v1.SessionStorageStoreService", "SetSecret", true)

func (x *sessionStorageStoreServer) SetSecret(ctx context.Context, r *adapterv1.SetSecretRequest) (*adapterv1.SetSecretResponse, error) {
	return keyed(ctx, x.core, sessionStorageStoreSetSecret, r, codec[Nothing, *adapterv1.SetSecretResponse]{
		wrap:   func(v Nothing) *adapterv1.SetSecretResponse { return &adapterv1.SetSecretResponse{} },
		unwrap: func(a *adapterv1.SetSecretResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.SetSecret(ctx, sessionOf(r), c, r.GetName(), r.GetValue())
	})
}

var sessionStorageStoreGetSecret = newMethod[*adapterv1.GetSecretRequest, *adapterv1.GetSecretResponse]("mortise.adapter.v1.SessionStorageStoreService", "GetSecret", false)

func (x *sessionStorageStoreServer) GetSecret(ctx context.Context, r *adapterv1.GetSecretRequest) (*adapterv1.GetSecretResponse, error) {
	return plain(ctx, x.core, sessionStorageStoreGetSecret, r, func(ctx context.Context) (*adapterv1.GetSecretResponse, error) {
		v, err := x.store.GetSecret(ctx, sessionOf(r), r.GetName())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetSecretResponse{Value: v}, nil
	})
}

var sessionStorageStoreDeleteSecret = newMethod[*adapterv1.DeleteSecretRequest, *adapterv1.DeleteSecretResponse]("mortise.adapter.v1.SessionStorageStoreService", "DeleteSecret", true)

func (x *sessionStorageStoreServer) DeleteSecret(ctx context.Context, r *adapterv1.DeleteSecretRequest) (*adapterv1.DeleteSecretResponse, error) {
	return keyed(ctx, x.core, sessionStorageStoreDeleteSecret, r, codec[bool, *adapterv1.DeleteSecretResponse]{
		wrap:   func(v bool) *adapterv1.DeleteSecretResponse { return &adapterv1.DeleteSecretResponse{Deleted: v} },
		unwrap: func(a *adapterv1.DeleteSecretResponse) bool { return a.Deleted },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.DeleteSecret(ctx, sessionOf(r), c, r.GetName())
	})
}

var sessionStorageStoreListSecrets = newMethod[*adapterv1.ListSecretsRequest, *adapterv1.ListSecretsResponse]("mortise.adapter.v1.SessionStorageStoreService", "ListSecrets", false)

func (x *sessionStorageStoreServer) ListSecrets(ctx context.Context, r *adapterv1.ListSecretsRequest) (*adapterv1.ListSecretsResponse, error) {
	return plain(ctx, x.core, sessionStorageStoreListSecrets, r, func(ctx context.Context) (*adapterv1.ListSecretsResponse, error) {
		v, err := x.store.ListSecrets(ctx, sessionOf(r))
		if err != nil {
			return nil, err
		}
		return &adapterv1.ListSecretsResponse{Secrets: v}, nil
	})
}

// UserConnectionResolver is what an author implements to offer UserConnectionResolverService.
//
// UserConnectionResolverService returns the connections of a user. Optional:
// without it, no user has connections.
//
// A connection belongs to a user of the org and a provider, such as `github`.
// Providers are compared byte for byte. A session uses the connections of the
// person who owns it: its resolved_owner_user_id, else the subject_id of its
// effective_owner, else that of its owner; the last two count only if they are
// of kind USER. A session that does not exist in the org, or that no person
// owns, has no connections.
//
// A missing connection is absent, not an error: the host then asks the user to
// connect, and does so only if the token is absent. A server must encrypt
// tokens and metadata at rest. A server without an encryption key must refuse
// to read them: FAILED_PRECONDITION + CONFIGURATION with a text that contains
// "Encryption not configured".
type UserConnectionResolver interface {
	// GetConnectionToken returns the token of the session's user for a provider.
	GetConnectionToken(ctx context.Context, s Session, provider string) (*string, error)
	// GetConnectionUser returns the user whose connection a session uses. The
	// answer must stay the same while the connection exists: what the session
	// creates with the connection is cleaned up later under that user.
	GetConnectionUser(ctx context.Context, s Session, provider string) (*string, error)
	// GetConnectionTokenForUser returns the token of one user for a provider. For
	// the user that GetConnectionUser returns, it is the token that
	// GetConnectionToken returns.
	GetConnectionTokenForUser(ctx context.Context, o Org, userID string, provider string) (*string, error)
	// GetConnectionMetadata returns the metadata that are kept with the token of
	// the session's user.
	GetConnectionMetadata(ctx context.Context, s Session, provider string) (*string, error)
}

// OfferUserConnectionResolver offers UserConnectionResolverService.
func OfferUserConnectionResolver(store UserConnectionResolver, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.UserConnectionResolverService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterUserConnectionResolverServiceServer(server, &userConnectionResolverServer{core: k, store: store})
	})
}

type userConnectionResolverServer struct {
	adapterv1.UnimplementedUserConnectionResolverServiceServer
	core  *core
	store UserConnectionResolver
}

var userConnectionResolverGetConnectionToken = newMethod[*adapterv1.GetConnectionTokenRequest, *adapterv1.GetConnectionTokenResponse]("mortise.adapter.v1.UserConnectionResolverService", "GetConnectionToken", false)

func (x *userConnectionResolverServer) GetConnectionToken(ctx context.Context, r *adapterv1.GetConnectionTokenRequest) (*adapterv1.GetConnectionTokenResponse, error) {
	return plain(ctx, x.core, userConnectionResolverGetConnectionToken, r, func(ctx context.Context) (*adapterv1.GetConnectionTokenResponse, error) {
		v, err := x.store.GetConnectionToken(ctx, sessionOf(r), r.GetProvider())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetConnectionTokenResponse{Token: v}, nil
	})
}

var userConnectionResolverGetConnectionUser = newMethod[*adapterv1.GetConnectionUserRequest, *adapterv1.GetConnectionUserResponse]("mortise.adapter.v1.UserConnectionResolverService", "GetConnectionUser", false)

func (x *userConnectionResolverServer) GetConnectionUser(ctx context.Context, r *adapterv1.GetConnectionUserRequest) (*adapterv1.GetConnectionUserResponse, error) {
	return plain(ctx, x.core, userConnectionResolverGetConnectionUser, r, func(ctx context.Context) (*adapterv1.GetConnectionUserResponse, error) {
		v, err := x.store.GetConnectionUser(ctx, sessionOf(r), r.GetProvider())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetConnectionUserResponse{UserId: v}, nil
	})
}

var userConnectionResolverGetConnectionTokenForUser = newMethod[*adapterv1.GetConnectionTokenForUserRequest, *adapterv1.GetConnectionTokenForUserResponse]("mortise.adapter.v1.UserConnectionResolverService", "GetConnectionTokenForUser", false)

func (x *userConnectionResolverServer) GetConnectionTokenForUser(ctx context.Context, r *adapterv1.GetConnectionTokenForUserRequest) (*adapterv1.GetConnectionTokenForUserResponse, error) {
	return plain(ctx, x.core, userConnectionResolverGetConnectionTokenForUser, r, func(ctx context.Context) (*adapterv1.GetConnectionTokenForUserResponse, error) {
		v, err := x.store.GetConnectionTokenForUser(ctx, orgOf(r), r.GetUserId(), r.GetProvider())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetConnectionTokenForUserResponse{Token: v}, nil
	})
}

var userConnectionResolverGetConnectionMetadata = newMethod[*adapterv1.GetConnectionMetadataRequest, *adapterv1.GetConnectionMetadataResponse]("mortise.adapter.v1.UserConnectionResolverService", "GetConnectionMetadata", false)

func (x *userConnectionResolverServer) GetConnectionMetadata(ctx context.Context, r *adapterv1.GetConnectionMetadataRequest) (*adapterv1.GetConnectionMetadataResponse, error) {
	return plain(ctx, x.core, userConnectionResolverGetConnectionMetadata, r, func(ctx context.Context) (*adapterv1.GetConnectionMetadataResponse, error) {
		v, err := x.store.GetConnectionMetadata(ctx, sessionOf(r), r.GetProvider())
		if err != nil {
			return nil, err
		}
		return &adapterv1.GetConnectionMetadataResponse{MetadataJson: v}, nil
	})
}

// TestSeed is what an author implements to offer TestSeedService.
//
// TestSeedService stores whole records under the ids that the caller chooses,
// in the org of the call. A record that exists under the id is replaced as a
// whole. Optional: offer it only if the server was told to at its start,
// because it lets every caller write every record of the org.
type TestSeed interface {
	// PutHarness stores a harness.
	PutHarness(ctx context.Context, o Org, harness *adapterv1.Harness) error
	// PutAgent stores an agent.
	PutAgent(ctx context.Context, o Org, agent *adapterv1.Agent) error
	// PutSession stores a session. Its organization_id becomes that of the org of
	// the call. If the session is new, the initial files of its harness, of its
	// agent and of itself are placed in its workspace.
	PutSession(ctx context.Context, o Org, session *adapterv1.Session) error
	// PutProviderCredential stores the org's credentials for a type of provider
	// and replaces the existing ones.
	PutProviderCredential(ctx context.Context, o Org, providerType string, credentials *adapterv1.ProviderCredentials) error
	// PutConnection stores a user's connection with a provider and replaces the
	// existing one.
	PutConnection(ctx context.Context, o Org, connection *adapterv1.Connection) error
	// PutPaymentPolicy stores a payment policy, and the account that it pays from
	// with its balance.
	PutPaymentPolicy(ctx context.Context, o Org, policy *adapterv1.LedgerPolicy, account *adapterv1.LedgerAccount) error
	// PutModel stores a model, and makes it the org's default if is_default is
	// set.
	PutModel(ctx context.Context, o Org, modelID string, model *adapterv1.ModelWithProvider, isDefault bool) error
	// PutBudget stores a budget.
	PutBudget(ctx context.Context, o Org, budget *adapterv1.Budget) error
	// PutRateLimit stores the org's limit on outbound tool calls.
	PutRateLimit(ctx context.Context, o Org, maxCalls uint32, windowSeconds uint32) error
}

// OfferTestSeed offers TestSeedService.
func OfferTestSeed(store TestSeed, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.TestSeedService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterTestSeedServiceServer(server, &testSeedServer{core: k, store: store})
	})
}

type testSeedServer struct {
	adapterv1.UnimplementedTestSeedServiceServer
	core  *core
	store TestSeed
}

var testSeedPutHarness = newMethod[*adapterv1.PutHarnessRequest, *adapterv1.PutHarnessResponse]("mortise.adapter.v1.TestSeedService", "PutHarness", false)

func (x *testSeedServer) PutHarness(ctx context.Context, r *adapterv1.PutHarnessRequest) (*adapterv1.PutHarnessResponse, error) {
	return plain(ctx, x.core, testSeedPutHarness, r, func(ctx context.Context) (*adapterv1.PutHarnessResponse, error) {
		return &adapterv1.PutHarnessResponse{}, x.store.PutHarness(ctx, orgOf(r), r.GetHarness())
	})
}

var testSeedPutAgent = newMethod[*adapterv1.PutAgentRequest, *adapterv1.PutAgentResponse]("mortise.adapter.v1.TestSeedService", "PutAgent", false)

func (x *testSeedServer) PutAgent(ctx context.Context, r *adapterv1.PutAgentRequest) (*adapterv1.PutAgentResponse, error) {
	return plain(ctx, x.core, testSeedPutAgent, r, func(ctx context.Context) (*adapterv1.PutAgentResponse, error) {
		return &adapterv1.PutAgentResponse{}, x.store.PutAgent(ctx, orgOf(r), r.GetAgent())
	})
}

var testSeedPutSession = newMethod[*adapterv1.PutSessionRequest, *adapterv1.PutSessionResponse]("mortise.adapter.v1.TestSeedService", "PutSession", false)

func (x *testSeedServer) PutSession(ctx context.Context, r *adapterv1.PutSessionRequest) (*adapterv1.PutSessionResponse, error) {
	return plain(ctx, x.core, testSeedPutSession, r, func(ctx context.Context) (*adapterv1.PutSessionResponse, error) {
		return &adapterv1.PutSessionResponse{}, x.store.PutSession(ctx, orgOf(r), r.GetSession())
	})
}

var testSeedPutProviderCredential = newMethod[*adapterv1.PutProviderCredentialRequest, *adapterv1.PutProviderCredentialResponse]("mortise.adapter.v1.TestSeedService", "PutProviderCredential", false)

func (x *testSeedServer) PutProviderCredential(ctx context.Context, r *adapterv1.PutProviderCredentialRequest) (*adapterv1.PutProviderCredentialResponse, error) {
	return plain(ctx, x.core, testSeedPutProviderCredential, r, func(ctx context.Context) (*adapterv1.PutProviderCredentialResponse, error) {
		return &adapterv1.PutProviderCredentialResponse{}, x.store.PutProviderCredential(ctx, orgOf(r), r.GetProviderType(), r.GetCredentials())
	})
}

var testSeedPutConnection = newMethod[*adapterv1.PutConnectionRequest, *adapterv1.PutConnectionResponse]("mortise.adapter.v1.TestSeedService", "PutConnection", false)

func (x *testSeedServer) PutConnection(ctx context.Context, r *adapterv1.PutConnectionRequest) (*adapterv1.PutConnectionResponse, error) {
	return plain(ctx, x.core, testSeedPutConnection, r, func(ctx context.Context) (*adapterv1.PutConnectionResponse, error) {
		return &adapterv1.PutConnectionResponse{}, x.store.PutConnection(ctx, orgOf(r), r.GetConnection())
	})
}

var testSeedPutPaymentPolicy = newMethod[*adapterv1.PutPaymentPolicyRequest, *adapterv1.PutPaymentPolicyResponse]("mortise.adapter.v1.TestSeedService", "PutPaymentPolicy", false)

func (x *testSeedServer) PutPaymentPolicy(ctx context.Context, r *adapterv1.PutPaymentPolicyRequest) (*adapterv1.PutPaymentPolicyResponse, error) {
	return plain(ctx, x.core, testSeedPutPaymentPolicy, r, func(ctx context.Context) (*adapterv1.PutPaymentPolicyResponse, error) {
		return &adapterv1.PutPaymentPolicyResponse{}, x.store.PutPaymentPolicy(ctx, orgOf(r), r.GetPolicy(), r.GetAccount())
	})
}

var testSeedPutModel = newMethod[*adapterv1.PutModelRequest, *adapterv1.PutModelResponse]("mortise.adapter.v1.TestSeedService", "PutModel", false)

func (x *testSeedServer) PutModel(ctx context.Context, r *adapterv1.PutModelRequest) (*adapterv1.PutModelResponse, error) {
	return plain(ctx, x.core, testSeedPutModel, r, func(ctx context.Context) (*adapterv1.PutModelResponse, error) {
		return &adapterv1.PutModelResponse{}, x.store.PutModel(ctx, orgOf(r), r.GetModelId(), r.GetModel(), r.GetIsDefault())
	})
}

var testSeedPutBudget = newMethod[*adapterv1.PutBudgetRequest, *adapterv1.PutBudgetResponse]("mortise.adapter.v1.TestSeedService", "PutBudget", false)

func (x *testSeedServer) PutBudget(ctx context.Context, r *adapterv1.PutBudgetRequest) (*adapterv1.PutBudgetResponse, error) {
	return plain(ctx, x.core, testSeedPutBudget, r, func(ctx context.Context) (*adapterv1.PutBudgetResponse, error) {
		return &adapterv1.PutBudgetResponse{}, x.store.PutBudget(ctx, orgOf(r), r.GetBudget())
	})
}

var testSeedPutRateLimit = newMethod[*adapterv1.PutRateLimitRequest, *adapterv1.PutRateLimitResponse]("mortise.adapter.v1.TestSeedService", "PutRateLimit", false)

func (x *testSeedServer) PutRateLimit(ctx context.Context, r *adapterv1.PutRateLimitRequest) (*adapterv1.PutRateLimitResponse, error) {
	return plain(ctx, x.core, testSeedPutRateLimit, r, func(ctx context.Context) (*adapterv1.PutRateLimitResponse, error) {
		return &adapterv1.PutRateLimitResponse{}, x.store.PutRateLimit(ctx, orgOf(r), r.GetMaxCalls(), r.GetWindowSeconds())
	})
}

// TurnJournal is what an author implements to offer TurnJournalService.
//
// TurnJournalService keeps unfinished turns and the results of tool calls.
// Optional: without it, a host keeps its turns itself, and no other host can take
// them over.
type TurnJournal interface {
	// PutTurn stores the record of a turn, over the record that it had. The record
	// must be durable when the server answers. A session may have several turns.
	PutTurn(ctx context.Context, s Session, c Change[Nothing], turnID string, record []byte) error
	// GetTurn returns a turn with its record. A turn that does not exist is absent.
	GetTurn(ctx context.Context, s Session, turnID string) (*adapterv1.GetTurnResponse, error)
	// RemoveTurn removes a turn that has ended, with its record and all of its tool
	// calls. Removing a turn that does not exist returns false; its tool calls are
	// removed all the same.
	RemoveTurn(ctx context.Context, s Session, c Change[bool], turnID string) (bool, error)
	// ListTurns streams the unfinished turns of the org or of a session, those that
	// were stored first first, without their records.
	ListTurns(ctx context.Context, o Org, sessionID *string, unleasedOnly bool, send func(*adapterv1.ListTurnsResponse) error) error
	// ClaimToolCall claims a tool call before the tool runs, so that it runs once.
	// Of several callers at the same time exactly one makes the claim.
	//
	// The answer says what to do:
	// - `claimed`: the caller made the claim. It runs the tool, and then settles
	//   the call with the claim_token of the answer.
	// - Otherwise `call` is what is stored, and the caller made no claim. SETTLED
	//   and INTERRUPTED: the tool has run; the caller uses the result. RUNNING
	//   under the caller's own fence: the holder of the lease runs it already.
	//   RUNNING under a lower fence: the call is in doubt. The host that claimed it
	//   was lost before it settled the call, and whether the tool ran is not known.
	//   A caller does not run it again unless the tool may run twice.
	//
	// `retake` claims a RUNNING call again, for a tool that may run twice. The former
	// claim_token is then void. Without `retake`, a RUNNING call is never claimed
	// again; a call that was settled never is.
	//
	// The server compares no fingerprints. If `call.args_fingerprint` differs from
	// the caller's, the call has other arguments than the one that is stored, and
	// the caller must not use the result.
	ClaimToolCall(ctx context.Context, s Session, c Change[*adapterv1.ClaimToolCallResponse], r *adapterv1.ClaimToolCallRequest) (*adapterv1.ClaimToolCallResponse, error)
	// SettleToolCall stores the result of a tool call. It must be durable when the
	// server answers. A claim_token that is not the one of the running claim, and a
	// call that is settled already, change nothing and return false.
	SettleToolCall(ctx context.Context, s Session, c Change[bool], r *adapterv1.SettleToolCallRequest) (bool, error)
	// ListToolCalls streams the tool calls of a turn, those that were claimed first
	// first, or the one that is named. A call that does not exist is absent.
	ListToolCalls(ctx context.Context, s Session, turnID string, toolCallID *string, send func(*adapterv1.ListToolCallsResponse) error) error
}

// OfferTurnJournal offers TurnJournalService.
func OfferTurnJournal(store TurnJournal, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.TurnJournalService", store, []string{"FEATURE_FENCED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterTurnJournalServiceServer(server, &turnJournalServer{core: k, store: store})
	})
}

type turnJournalServer struct {
	adapterv1.UnimplementedTurnJournalServiceServer
	core  *core
	store TurnJournal
}

var turnJournalPutTurn = newMethod[*adapterv1.PutTurnRequest, *adapterv1.PutTurnResponse]("mortise.adapter.v1.TurnJournalService", "PutTurn", true)

func (x *turnJournalServer) PutTurn(ctx context.Context, r *adapterv1.PutTurnRequest) (*adapterv1.PutTurnResponse, error) {
	return keyed(ctx, x.core, turnJournalPutTurn, r, codec[Nothing, *adapterv1.PutTurnResponse]{
		wrap:   func(v Nothing) *adapterv1.PutTurnResponse { return &adapterv1.PutTurnResponse{} },
		unwrap: func(a *adapterv1.PutTurnResponse) Nothing { return Nothing{} },
	}, func(ctx context.Context, c Change[Nothing]) (Nothing, error) {
		return Nothing{}, x.store.PutTurn(ctx, sessionOf(r), c, r.GetTurnId(), r.GetRecord())
	})
}

var turnJournalGetTurn = newMethod[*adapterv1.GetTurnRequest, *adapterv1.GetTurnResponse]("mortise.adapter.v1.TurnJournalService", "GetTurn", false)

func (x *turnJournalServer) GetTurn(ctx context.Context, r *adapterv1.GetTurnRequest) (*adapterv1.GetTurnResponse, error) {
	return plain(ctx, x.core, turnJournalGetTurn, r, func(ctx context.Context) (*adapterv1.GetTurnResponse, error) {
		v, err := x.store.GetTurn(ctx, sessionOf(r), r.GetTurnId())
		if err != nil {
			return nil, err
		}
		return v, nil
	})
}

var turnJournalRemoveTurn = newMethod[*adapterv1.RemoveTurnRequest, *adapterv1.RemoveTurnResponse]("mortise.adapter.v1.TurnJournalService", "RemoveTurn", true)

func (x *turnJournalServer) RemoveTurn(ctx context.Context, r *adapterv1.RemoveTurnRequest) (*adapterv1.RemoveTurnResponse, error) {
	return keyed(ctx, x.core, turnJournalRemoveTurn, r, codec[bool, *adapterv1.RemoveTurnResponse]{
		wrap:   func(v bool) *adapterv1.RemoveTurnResponse { return &adapterv1.RemoveTurnResponse{Removed: v} },
		unwrap: func(a *adapterv1.RemoveTurnResponse) bool { return a.Removed },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.RemoveTurn(ctx, sessionOf(r), c, r.GetTurnId())
	})
}

var turnJournalListTurns = newMethod[*adapterv1.ListTurnsRequest, *adapterv1.ListTurnsResponse]("mortise.adapter.v1.TurnJournalService", "ListTurns", false)

func (x *turnJournalServer) ListTurns(r *adapterv1.ListTurnsRequest, stream grpc.ServerStreamingServer[adapterv1.ListTurnsResponse]) error {
	return streamed(stream.Context(), x.core, turnJournalListTurns, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListTurnsResponse) error) error {
		return x.store.ListTurns(ctx, orgOf(r), r.SessionId, r.GetUnleasedOnly(), send)
	})
}

var turnJournalClaimToolCall = newMethod[*adapterv1.ClaimToolCallRequest, *adapterv1.ClaimToolCallResponse]("mortise.adapter.v1.TurnJournalService", "ClaimToolCall", true)

func (x *turnJournalServer) ClaimToolCall(ctx context.Context, r *adapterv1.ClaimToolCallRequest) (*adapterv1.ClaimToolCallResponse, error) {
	return keyed(ctx, x.core, turnJournalClaimToolCall, r, codec[*adapterv1.ClaimToolCallResponse, *adapterv1.ClaimToolCallResponse]{
		wrap:   func(v *adapterv1.ClaimToolCallResponse) *adapterv1.ClaimToolCallResponse { return v },
		unwrap: func(a *adapterv1.ClaimToolCallResponse) *adapterv1.ClaimToolCallResponse { return a },
	}, func(ctx context.Context, c Change[*adapterv1.ClaimToolCallResponse]) (*adapterv1.ClaimToolCallResponse, error) {
		return x.store.ClaimToolCall(ctx, sessionOf(r), c, r)
	})
}

var turnJournalSettleToolCall = newMethod[*adapterv1.SettleToolCallRequest, *adapterv1.SettleToolCallResponse]("mortise.adapter.v1.TurnJournalService", "SettleToolCall", true)

func (x *turnJournalServer) SettleToolCall(ctx context.Context, r *adapterv1.SettleToolCallRequest) (*adapterv1.SettleToolCallResponse, error) {
	return keyed(ctx, x.core, turnJournalSettleToolCall, r, codec[bool, *adapterv1.SettleToolCallResponse]{
		wrap:   func(v bool) *adapterv1.SettleToolCallResponse { return &adapterv1.SettleToolCallResponse{Settled: v} },
		unwrap: func(a *adapterv1.SettleToolCallResponse) bool { return a.Settled },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.SettleToolCall(ctx, sessionOf(r), c, r)
	})
}

var turnJournalListToolCalls = newMethod[*adapterv1.ListToolCallsRequest, *adapterv1.ListToolCallsResponse]("mortise.adapter.v1.TurnJournalService", "ListToolCalls", false)

func (x *turnJournalServer) ListToolCalls(r *adapterv1.ListToolCallsRequest, stream grpc.ServerStreamingServer[adapterv1.ListToolCallsResponse]) error {
	return streamed(stream.Context(), x.core, turnJournalListToolCalls, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ListToolCallsResponse) error) error {
		return x.store.ListToolCalls(ctx, sessionOf(r), r.GetTurnId(), r.ToolCallId, send)
	})
}

// TurnQueue is what an author implements to offer TurnQueueService.
//
// TurnQueueService hands turn requests to hosts. Optional: without it, messages
// that PlatformStoreService stores and schedules that fire start no turn.
//
// The server stores a turn request in the transaction that stores its message;
// the same transaction sets the session's status to ACTIVE. The request waits,
// across restarts of server and hosts, until a host takes it, and is then gone.
// One host takes it, however many follow.
type TurnQueue interface {
	// FollowTurnRequests streams the waiting turn requests of the org, oldest
	// first, and then every further one, until the caller ends the call. The
	// stream may contain a request that another host takes first, so a host must
	// take a request before it runs the turn.
	FollowTurnRequests(ctx context.Context, o Org, send func(*adapterv1.FollowTurnRequestsResponse) error) error
	// TakeTurnRequest takes a turn request. Of several callers exactly one gets
	// `taken`, and that one must run the turn. Taking a request that does not
	// exist returns false; that is not an error.
	TakeTurnRequest(ctx context.Context, s Session, c Change[bool], inputMessageID string) (bool, error)
}

// OfferTurnQueue offers TurnQueueService.
func OfferTurnQueue(store TurnQueue, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.TurnQueueService", store, []string{}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterTurnQueueServiceServer(server, &turnQueueServer{core: k, store: store})
	})
}

type turnQueueServer struct {
	adapterv1.UnimplementedTurnQueueServiceServer
	core  *core
	store TurnQueue
}

var turnQueueFollowTurnRequests = newMethod[*adapterv1.FollowTurnRequestsRequest, *adapterv1.FollowTurnRequestsResponse]("mortise.adapter.v1.TurnQueueService", "FollowTurnRequests", false)

func (x *turnQueueServer) FollowTurnRequests(r *adapterv1.FollowTurnRequestsRequest, stream grpc.ServerStreamingServer[adapterv1.FollowTurnRequestsResponse]) error {
	return streamed(stream.Context(), x.core, turnQueueFollowTurnRequests, r, stream.Send, func(ctx context.Context, send func(*adapterv1.FollowTurnRequestsResponse) error) error {
		return x.store.FollowTurnRequests(ctx, orgOf(r), send)
	})
}

var turnQueueTakeTurnRequest = newMethod[*adapterv1.TakeTurnRequestRequest, *adapterv1.TakeTurnRequestResponse]("mortise.adapter.v1.TurnQueueService", "TakeTurnRequest", true)

func (x *turnQueueServer) TakeTurnRequest(ctx context.Context, r *adapterv1.TakeTurnRequestRequest) (*adapterv1.TakeTurnRequestResponse, error) {
	return keyed(ctx, x.core, turnQueueTakeTurnRequest, r, codec[bool, *adapterv1.TakeTurnRequestResponse]{
		wrap:   func(v bool) *adapterv1.TakeTurnRequestResponse { return &adapterv1.TakeTurnRequestResponse{Taken: v} },
		unwrap: func(a *adapterv1.TakeTurnRequestResponse) bool { return a.Taken },
	}, func(ctx context.Context, c Change[bool]) (bool, error) {
		return x.store.TakeTurnRequest(ctx, sessionOf(r), c, r.GetInputMessageId())
	})
}

// UtilityLlm is what an author implements to offer UtilityLlmService.
//
// UtilityLlmService calls the platform's own language model, for use inside
// capabilities: to summarize, to classify, to name. Optional: without it,
// capabilities do without. Agents never see it. The operator chooses provider,
// model and key; a caller cannot.
//
// FEATURE_UTILITY_LLM_CONFIGURED in its offer says whether it has a model.
// Without a model every call fails with INTERNAL + LLM. A request without
// messages also fails with INTERNAL + LLM. A message without a role or content,
// and an unknown effort, are refused with INVALID_ARGUMENT + INVALID_FIELD.
//
// A client does not repeat a call: a completion costs money.
type UtilityLlm interface {
	// ChatCompletion returns a completion when it is complete.
	ChatCompletion(ctx context.Context, o Org, request *adapterv1.UtilityLlmRequest) (*adapterv1.ChatCompletionResponse, error)
	// ChatCompletionStream streams a completion as the model produces it. The
	// last event of a stream is `done` or `error`; it comes once. The caller may
	// cancel the call at any time; the server must then stop the call of the
	// provider.
	ChatCompletionStream(ctx context.Context, o Org, request *adapterv1.UtilityLlmRequest, send func(*adapterv1.ChatCompletionStreamResponse) error) error
}

// OfferUtilityLlm offers UtilityLlmService.
func OfferUtilityLlm(store UtilityLlm, features ...adapterv1.Feature) Option {
	return offer("mortise.adapter.v1.UtilityLlmService", store, []string{"FEATURE_UTILITY_LLM_CONFIGURED"}, features, func(server grpc.ServiceRegistrar, k *core) {
		adapterv1.RegisterUtilityLlmServiceServer(server, &utilityLlmServer{core: k, store: store})
	})
}

type utilityLlmServer struct {
	adapterv1.UnimplementedUtilityLlmServiceServer
	core  *core
	store UtilityLlm
}

var utilityLlmChatCompletion = newMethod[*adapterv1.ChatCompletionRequest, *adapterv1.ChatCompletionResponse]("mortise.adapter.v1.UtilityLlmService", "ChatCompletion", false)

func (x *utilityLlmServer) ChatCompletion(ctx context.Context, r *adapterv1.ChatCompletionRequest) (*adapterv1.ChatCompletionResponse, error) {
	return plain(ctx, x.core, utilityLlmChatCompletion, r, func(ctx context.Context) (*adapterv1.ChatCompletionResponse, error) {
		v, err := x.store.ChatCompletion(ctx, orgOf(r), r.GetRequest())
		if err != nil {
			return nil, err
		}
		return v, nil
	})
}

var utilityLlmChatCompletionStream = newMethod[*adapterv1.ChatCompletionStreamRequest, *adapterv1.ChatCompletionStreamResponse]("mortise.adapter.v1.UtilityLlmService", "ChatCompletionStream", false)

func (x *utilityLlmServer) ChatCompletionStream(r *adapterv1.ChatCompletionStreamRequest, stream grpc.ServerStreamingServer[adapterv1.ChatCompletionStreamResponse]) error {
	return streamed(stream.Context(), x.core, utilityLlmChatCompletionStream, r, stream.Send, func(ctx context.Context, send func(*adapterv1.ChatCompletionStreamResponse) error) error {
		return x.store.ChatCompletionStream(ctx, orgOf(r), r.GetRequest(), send)
	})
}
