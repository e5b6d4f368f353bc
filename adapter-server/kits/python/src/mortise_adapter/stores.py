# Generated from the contract by adapter-server/kits/generate. Do not edit.
"""What an author implements: one class per service, one method per RPC."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import v1
from mortise_adapter.call import Change, Org, Session, org_of, session_of
from mortise_adapter.methods import Method, Service, changing, reading, service, streaming, uploading

# Types that parameters may have; which of them occur is the contract's business.
_TYPES = (Duration, Timestamp)


class AgentStore(ABC):
    """AgentStoreService returns agents. Required: a host runs no turn without it."""

    @abstractmethod
    async def get_agent(self, org: Org, agent_id: str) -> v1.Agent | None:
        """GetAgent returns the agent with a public id.

        An agent that does not exist in the org is absent, not an error. An
        archived agent must be returned with its status. A deleted agent may be
        returned with its status or be absent. The host checks the status before
        every phase and ends the turn if the agent is not active, so an answer must
        show every change that was made before the call.
        """


def _agent_store(store: AgentStore) -> Mapping[str, Method]:
    return {
        "GetAgent": reading(
            v1.GetAgentRequest,
            v1.GetAgentResponse,
            lambda r: store.get_agent(org_of(r), r.agent_id),
            lambda v: v1.GetAgentResponse(agent=v),
        ),
    }


class BudgetChecker(ABC):
    """BudgetCheckerService returns the budgets of a session. Optional: without it,
    sessions have no budgets.
    """

    @abstractmethod
    async def check_budgets(self, session: Session, agent_id: str | None) -> v1.CheckBudgetsResponse:
        """CheckBudgets returns every budget that the session's spending counts
        against: the budgets of the session, of its agent, of the agent in the
        request and of the org.

        A session that does not exist in the org has no budgets: the answer is
        `no_budgets` and an empty list, or an error. It must never hold budgets of
        another org.
        """


def _budget_checker(store: BudgetChecker) -> Mapping[str, Method]:
    return {
        "CheckBudgets": reading(
            v1.CheckBudgetsRequest,
            v1.CheckBudgetsResponse,
            lambda r: store.check_budgets(session_of(r), r.agent_id if r.HasField("agent_id") else None),
            lambda v: v,
        ),
    }


class Egress(ABC):
    """EgressService sends HTTP requests on behalf of a host. Optional: without it,
    the host's tools cannot send requests through the platform, and MCP servers
    are not reached.

    A server must check a request in this order, before it makes a connection:
    - the method and the URL, else INVALID_ARGUMENT + EGRESS_INVALID_REQUEST;
    - the network access list of the request, then the server's own policy, else
      PERMISSION_DENIED + EGRESS_NETWORK_ACCESS_DENIED;
    - whether it can sign, if signing is EGRESS_SIGNING_REQUIRED, else
      FAILED_PRECONDITION + EGRESS_SIGNING_UNAVAILABLE.

    Whatever fails after that, a timeout included, is INTERNAL +
    EGRESS_TRANSPORT.

    Every HTTP status is an answer and not an error, 4xx and 5xx included. A
    redirect is an answer as well: the server must not follow it. If a header
    comes more than once, the last value counts. Headers that are not UTF-8 are
    left out.

    A request is sent once: a client does not repeat the call. A request larger
    than Limits.max_message_bytes is refused by the client.
    """

    @abstractmethod
    def send(self, org: Org, request_: v1.EgressRequest) -> AsyncIterator[v1.SendResponse]:
        """Send sends a request and streams the answer, which the client puts
        together. A server may refuse an answer that is too large to hold with
        INTERNAL + EGRESS_TRANSPORT; the reference server holds 32 MiB.
        """

    @abstractmethod
    def send_stream(self, org: Org, request_: v1.EgressRequest) -> AsyncIterator[v1.SendStreamResponse]:
        """SendStream sends a request and streams the answer as it arrives: the head
        as soon as it is there, then the body without waiting for its end. The
        caller may cancel the call at any time; the server must then stop the
        transfer.
        """


def _egress(store: Egress) -> Mapping[str, Method]:
    return {
        "Send": streaming(
            v1.SendRequest,
            v1.SendResponse,
            lambda r: store.send(org_of(r), r.request),
        ),
        "SendStream": streaming(
            v1.SendStreamRequest,
            v1.SendStreamResponse,
            lambda r: store.send_stream(org_of(r), r.request),
        ),
    }


class EventEmitter(ABC):
    """EventEmitterService stores events. Required: a host runs no turn without it.

    The server gives each stored event an id and a sequence number. Within a
    session the numbers start at 1, rise by one and have no gaps, in the order in
    which the events were accepted; a refused event takes no number. A caller may
    emit several events for one session at the same time. Event types are open: a
    server must store a type that it does not know, with its JSON as it came.

    Some events create a message. The event and its message become visible
    together or not at all:
    - `input.message` and `output.message.completed`: `data.message` as it is. It
      is a message in the JSON form of the runtime: `id`, `role` (`system`,
      `user`, `agent` or `tool_result`), `content` (a list of parts, each with
      `type` `text`, `image`, `image_file`, `tool_call` or `tool_result` and the
      fields that ContentPart has for it, without the suffix `_json`),
      `created_at` (RFC 3339), and optionally `phase`, `thinking`,
      `thinking_signature`, `controls`, `metadata` and `external_actor`.
    - `tool.completed`: a message of role tool_result. Its first part is the
      result of `data.tool_call_id`. `data.result` is a list of parts. If it is
      absent, there is no result. If it has one text part, the result is the JSON
      object or array that the text is, if it keeps the grammar of open values
      (context.proto), else the text as a JSON string. If it has several text
      parts, the result is the JSON array of these parts, each
      `{"type": "text", "text": ...}`. If it has none, the result is null. Image
      parts that have both `base64` and `media_type` follow as image parts, and
      `data.error` is then dropped. The metadata holds `tool_name`, and
      `tool_call_fingerprint` and `tool_result_fingerprint` if given. The
      message's id is `message_` and the 32 digits of the event's id or another
      id that never changes; its created_at is the event's `ts`.

    No other event creates a message.

    Ephemeral types (`output.message.delta`, `reason.thinking.delta`,
    `tool.output.delta`, `voice.input_transcript.delta`,
    `voice.output_transcript.delta`) are passed on to those who follow the
    session (EventLogService). A server need not store them. They take no
    sequence number; the answer to one has sequence 0. They may be lost.
    """

    @abstractmethod
    async def emit(
        self, org: Org, change: Change[v1.EmitResponse], event: v1.NewEvent, proposed_event_id: str
    ) -> v1.EmitResponse:
        """Emit stores one event. The event must be durable when the server answers,
        and its message must be readable.

        INVALID_ARGUMENT + INVALID_FIELD: session, type, time or data are missing,
        an id is malformed, an open value breaks its grammar, or the data of an
        event that creates a message are not what its type says. NOT_FOUND +
        SESSION_NOT_FOUND: the server keeps sessions and has none of this id.
        FAILED_PRECONDITION + SESSION_ARCHIVED: the session is deleted. A server may
        accept an ephemeral event of a deleted session for a few seconds more.
        INTERNAL + STORE: neither the event nor its message was stored, for instance
        because the session has a message of this id already. FAILED_PRECONDITION +
        PATCH_BASE: `data_patch` cannot be applied; nothing was stored.
        """


def _event_emitter(store: EventEmitter) -> Mapping[str, Method]:
    return {
        "Emit": changing(
            v1.EmitRequest,
            v1.EmitResponse,
            lambda r, c: store.emit(org_of(r), c, r.event, r.proposed_event_id),
            lambda v: v,
            lambda a: a,
        ),
    }


class EventLog(ABC):
    """EventLogService returns what EventEmitterService stored. Optional: without
    it, a host runs turns, but its callers cannot read or follow events.
    """

    @abstractmethod
    def read_events(self, session: Session, after_sequence: int, limit: int) -> AsyncIterator[v1.ReadEventsResponse]:
        """ReadEvents streams the stored events of a session that come after a
        sequence number, in order, and ends. An event must be readable as soon as
        its emit is answered. Ephemeral events are not among them. A session that
        does not exist in the org has no events; that is not an error.
        """

    @abstractmethod
    def follow_events(self, session: Session, after_sequence: int) -> AsyncIterator[v1.FollowEventsResponse]:
        """FollowEvents streams the stored events of a session that come after a
        sequence number, in order, and then every further event when it is stored,
        with ephemeral events between them, until the caller ends the call. No
        stored event may be lost or sent twice, also if the follower reads slowly
        or if the events do not exist yet. Ephemeral events may be lost. A slow or
        absent follower must not hold up emits. A server that stops ends the
        stream; the client then follows again from the last number that it has
        seen.
        """


def _event_log(store: EventLog) -> Mapping[str, Method]:
    return {
        "ReadEvents": streaming(
            v1.ReadEventsRequest,
            v1.ReadEventsResponse,
            lambda r: store.read_events(session_of(r), r.after_sequence, r.limit),
        ),
        "FollowEvents": streaming(
            v1.FollowEventsRequest,
            v1.FollowEventsResponse,
            lambda r: store.follow_events(session_of(r), r.after_sequence),
        ),
    }


class HarnessStore(ABC):
    """HarnessStoreService returns harnesses with their ancestors. Required: a host
    runs no turn without it.
    """

    @abstractmethod
    async def get_harness_chain(self, org: Org, harness_id: str) -> Sequence[v1.Harness]:
        """GetHarnessChain returns a harness with its ancestors: the root first, the
        requested harness last.

        A harness that does not exist in the org is an empty chain, not an error. A
        harness without a parent is a chain of one. An archived harness must be
        returned with its status, and so must a chain with an archived ancestor. A
        deleted harness may be returned with its status or as an empty chain. The
        host checks the status of the last element before every phase and ends the
        turn if the harness is not active.

        A server may fold the chain into one element, if it folds as upstream does:
        prompts are joined from the root on, a capability of a child replaces the
        same one of its parent in place, allowed networks are intersected, blocked
        networks are joined. A cycle of parents must not hang: the server cuts the
        chain where it would repeat. A server may limit the length of a chain; the
        reference server allows 64 harnesses.

        The host reads the chain several times in every phase. A change must be
        visible in every call that follows it.
        """


def _harness_store(store: HarnessStore) -> Mapping[str, Method]:
    return {
        "GetHarnessChain": reading(
            v1.GetHarnessChainRequest,
            v1.GetHarnessChainResponse,
            lambda r: store.get_harness_chain(org_of(r), r.harness_id),
            lambda v: v1.GetHarnessChainResponse(harnesses=v),
        ),
    }


class ImageArtifactStore(ABC):
    """ImageArtifactStoreService keeps the images of an org. Optional: without it,
    tools cannot create images.

    An image has at most 64 MiB (67108864 bytes) and never changes. The same
    bytes stored twice are two images. ImageResolverService resolves the same
    images, by the UUID in their id.
    """

    @abstractmethod
    async def create_image(
        self,
        org: Org,
        change: Change[v1.StoredImageInfo],
        request: v1.CreateImageRequest,
        rest: AsyncIterator[v1.CreateImageRequest],
    ) -> v1.StoredImageInfo:
        """CreateImage stores an image. The first message of the stream carries the
        context and the header. Each further message carries the next chunk of the
        bytes, at most 256 KiB; an image without bytes has no chunk. The server
        answers after the stream has ended.

        INVALID_ARGUMENT + INVALID_FIELD: the first message has no header, a chunk
        comes before the header, there are two headers, or the chunks hold more or
        fewer bytes than header.size_bytes. RESOURCE_EXHAUSTED + MESSAGE_TOO_LARGE:
        header.size_bytes is above 64 MiB; the server must say so before it reads a
        chunk. DEADLINE_EXCEEDED: the stream was silent for 30 s or took more than
        10 min, at which a server may end it. In each of these cases nothing is
        stored.

        A caller that repeats the call sends the whole stream again, with the same
        request_id.
        """

    @abstractmethod
    def get_image(self, org: Org, image_id: str) -> AsyncIterator[v1.GetImageResponse]:
        """GetImage returns an image with its bytes. The first message of the stream
        describes the image, and chunks of its bytes follow. The stream is empty if
        there is no such image in the org.
        """

    @abstractmethod
    async def get_image_info(self, org: Org, image_id: str) -> v1.StoredImageInfo | None:
        """GetImageInfo returns the description of an image without its bytes."""


def _image_artifact_store(store: ImageArtifactStore) -> Mapping[str, Method]:
    return {
        "CreateImage": uploading(
            v1.CreateImageRequest,
            v1.CreateImageResponse,
            lambda r, c, rest: store.create_image(org_of(r), c, r, rest),
            lambda v: v1.CreateImageResponse(image=v),
            lambda a: a.image,
        ),
        "GetImage": streaming(
            v1.GetImageRequest,
            v1.GetImageResponse,
            lambda r: store.get_image(org_of(r), r.image_id),
        ),
        "GetImageInfo": reading(
            v1.GetImageInfoRequest,
            v1.GetImageInfoResponse,
            lambda r: store.get_image_info(org_of(r), r.image_id),
            lambda v: v1.GetImageInfoResponse(image=v),
        ),
    }


class ImageResolver(ABC):
    """ImageResolverService returns the image that an `image_file` part of a message
    names. Optional: without it, and if it fails or finds nothing, the model gets
    a line of text instead of the image.
    """

    @abstractmethod
    def resolve_image(self, org: Org, image_id: str) -> AsyncIterator[v1.ResolveImageResponse]:
        """ResolveImage returns an image in base64. The first message of the stream is
        the header, and chunks of the base64 text follow. The stream is empty if
        there is no such image in the org.
        """


def _image_resolver(store: ImageResolver) -> Mapping[str, Method]:
    return {
        "ResolveImage": streaming(
            v1.ResolveImageRequest,
            v1.ResolveImageResponse,
            lambda r: store.resolve_image(org_of(r), r.image_id),
        ),
    }


class LeasedResourceStore(ABC):
    """LeasedResourceStoreService keeps the leases of sessions. Optional: without
    it, tools cannot lease resources.

    Session, provider, resource type and external id together identify a lease.
    They are compared byte for byte. The reference server takes 2,048 bytes of
    provider, resource type and external id together.

    If the server offers SessionResourceRegistryService as well, it must keep an
    entry there for every lease. The entry's resource_id is the lease's id, its
    kind is the resource type, and its status is `active` or `released`. Its
    metadata names the lease in `leased_resource_provider`,
    `leased_resource_type`, `leased_resource_external_id` and
    `leased_resource_id`. The host's ownership checks read these four.
    """

    @abstractmethod
    async def upsert_resource(
        self, session: Session, change: Change[v1.LeasedResource], request: v1.UpsertResourceRequest
    ) -> v1.LeasedResource:
        """UpsertResource creates a lease or renews it. The lease becomes active,
        whatever its status was, and expires lease_duration_seconds from now. A
        lease that exists keeps its id and its created_at; display name, owner and
        metadata are replaced. Calls for one lease at the same time create one
        lease.
        """

    @abstractmethod
    async def release_resource(
        self,
        session: Session,
        change: Change[v1.LeasedResource | None],
        provider: str,
        resource_type: str,
        external_id: str,
    ) -> v1.LeasedResource | None:
        """ReleaseResource marks a lease as released before it expires. The lease
        stays in the list. A lease that does not exist is absent in the answer, not
        an error.
        """

    @abstractmethod
    async def list_resources(self, session: Session) -> Sequence[v1.LeasedResource]:
        """ListResources returns the leases of a session, released ones included, in
        the order in which they were created. A session that does not exist in the
        org has none.
        """


def _leased_resource_store(store: LeasedResourceStore) -> Mapping[str, Method]:
    return {
        "UpsertResource": changing(
            v1.UpsertResourceRequest,
            v1.UpsertResourceResponse,
            lambda r, c: store.upsert_resource(session_of(r), c, r),
            lambda v: v1.UpsertResourceResponse(resource=v),
            lambda a: a.resource,
        ),
        "ReleaseResource": changing(
            v1.ReleaseResourceRequest,
            v1.ReleaseResourceResponse,
            lambda r, c: store.release_resource(session_of(r), c, r.provider, r.resource_type, r.external_id),
            lambda v: v1.ReleaseResourceResponse(resource=v),
            lambda a: a.resource if a.HasField("resource") else None,
        ),
        "ListResources": reading(
            v1.ListResourcesRequest,
            v1.ListResourcesResponse,
            lambda r: store.list_resources(session_of(r)),
            lambda v: v1.ListResourcesResponse(resources=v),
        ),
    }


class LlmProviderStore(ABC):
    """LlmProviderStoreService returns models. Required: a host runs no turn without
    it.
    """

    @abstractmethod
    async def get_model_with_provider(self, org: Org, model_id: str) -> v1.ModelWithProvider | None:
        """GetModelWithProvider returns the model with an id.

        A model that does not exist in the org is absent, not an error: the host
        then tries the next model in its order. An error ends the turn.
        """

    @abstractmethod
    async def get_default_model(self, org: Org) -> v1.ModelWithProvider | None:
        """GetDefaultModel returns the org's default model. It is absent if none is
        set.
        """


def _llm_provider_store(store: LlmProviderStore) -> Mapping[str, Method]:
    return {
        "GetModelWithProvider": reading(
            v1.GetModelWithProviderRequest,
            v1.GetModelWithProviderResponse,
            lambda r: store.get_model_with_provider(org_of(r), r.model_id),
            lambda v: v1.GetModelWithProviderResponse(model=v),
        ),
        "GetDefaultModel": reading(
            v1.GetDefaultModelRequest,
            v1.GetDefaultModelResponse,
            lambda r: store.get_default_model(org_of(r)),
            lambda v: v1.GetDefaultModelResponse(model=v),
        ),
    }


class Mcp(ABC):
    """McpService says which MCP servers a session can use and which credentials go
    with a request. Optional.

    The host speaks MCP itself: it lists the tools of the MCP servers for the
    model and calls them, through EgressService. Without McpService or without
    EgressService, there are no MCP tools.

    The MCP servers of a session are those of its harness chain, root first, then
    those of its agent, then its own. Of several with one name the last counts,
    as a whole; nothing of the others is merged into it. A platform may add
    servers of its own, such as those of an org.

    A tool is named `mcp_{prefix}__{tool}`. The prefix is the MCP server's name
    in lower case, with `_` in place of every character that is neither a letter
    nor a digit. Of several MCP servers with one prefix the last by name counts,
    in the order of the bytes. An MCP server whose prefix contains `__` or ends
    with `_` cannot be called; the host leaves it out.

    A session that does not exist in the org has no MCP servers and no
    credentials; that is not an error. A server that keeps headers, environments
    or keys encrypted and has no encryption key must refuse to read them:
    FAILED_PRECONDITION + CONFIGURATION with a text that contains "Encryption not
    configured".
    """

    @abstractmethod
    async def list_mcp_servers(self, session: Session) -> Sequence[v1.McpServer]:
        """ListMcpServers returns the MCP servers of the session, each once, in the
        order of the bytes of their names. MCP servers that run as a process are
        included; a host that starts no processes leaves them out and logs it.
        """

    @abstractmethod
    async def resolve_mcp_connection(self, session: Session, server_prefix: str) -> v1.McpConnection | None:
        """ResolveMcpConnection returns how to reach the MCP server with a prefix. A
        prefix that no MCP server of the session has is absent, not an error.
        """

    @abstractmethod
    async def authorize_mcp_server(
        self, session: Session, server_name: str, auth_mode: v1.McpAuthMode.ValueType, oauth_provider_id: str | None
    ) -> v1.McpCredential | None:
        """AuthorizeMcpServer returns the credential for a request to an MCP server,
        by the auth_mode of its connection:

        - MCP_AUTH_MODE_NONE: no credential. The host does not ask.
        - MCP_AUTH_MODE_OAUTH: `Bearer TOKEN`, where TOKEN is the token of the
          session's user for oauth_provider_id, as
          UserConnectionResolverService.GetConnectionToken returns it.
        - MCP_AUTH_MODE_API_KEY: `Bearer KEY`, where KEY is the key of the MCP
          server. The reference server keeps it as the session's secret
          `mcp_api_key:NAME` (SessionStorageStoreService); NAME is the MCP server's
          name as it is. Another platform may keep keys elsewhere.

        A credential that does not exist is absent, not an error: the host then
        sends its request without one. The host asks before every request and keeps
        no credential, so the server must renew a token that has expired.
        """


def _mcp(store: Mcp) -> Mapping[str, Method]:
    return {
        "ListMcpServers": reading(
            v1.ListMcpServersRequest,
            v1.ListMcpServersResponse,
            lambda r: store.list_mcp_servers(session_of(r)),
            lambda v: v1.ListMcpServersResponse(servers=v),
        ),
        "ResolveMcpConnection": reading(
            v1.ResolveMcpConnectionRequest,
            v1.ResolveMcpConnectionResponse,
            lambda r: store.resolve_mcp_connection(session_of(r), r.server_prefix),
            lambda v: v1.ResolveMcpConnectionResponse(connection=v),
        ),
        "AuthorizeMcpServer": reading(
            v1.AuthorizeMcpServerRequest,
            v1.AuthorizeMcpServerResponse,
            lambda r: store.authorize_mcp_server(
                session_of(r),
                r.server_name,
                r.auth_mode,
                r.oauth_provider_id if r.HasField("oauth_provider_id") else None,
            ),
            lambda v: v1.AuthorizeMcpServerResponse(credential=v),
        ),
    }


class MemoryStore(ABC):
    """MemoryStoreService keeps the memories of an org in stores. Optional: without
    it, agents remember nothing between sessions.

    Everything belongs to the org of the call. A store or memory of another org
    is absent, and a query without a store searches the stores of this org alone.
    """

    @abstractmethod
    async def get_or_create_default_store(
        self, org: Org, change: Change[v1.MemoryStore], org_id: str
    ) -> v1.MemoryStore:
        """GetOrCreateDefaultStore returns the org's default store, named `default`,
        and creates it if there is none. An org has one default store, also if
        several calls come at the same time.
        """

    @abstractmethod
    async def get_memory_store(self, org: Org, store_id: str) -> v1.MemoryStore | None:
        """GetMemoryStore returns the store with an id. A store that does not exist in
        the org is absent.
        """

    @abstractmethod
    async def create_memory(self, org: Org, change: Change[v1.Memory], request: v1.CreateMemoryRequest) -> v1.Memory:
        """CreateMemory stores a memory and returns it. The memory is active. An
        importance below 1 becomes 1, one above 10 becomes 10.

        INTERNAL + STORE: the store does not exist in the org (the text contains
        "not found"), or it holds as many active memories as it may; the reference
        server takes 10,000. INVALID_ARGUMENT + INVALID_FIELD: an id is malformed,
        the kind is missing, or a part has no content.
        """

    @abstractmethod
    def recall(self, org: Org, request: v1.RecallRequest) -> AsyncIterator[v1.RecallResponse]:
        """Recall streams the active memories that match every part of the query. The
        most important come first; of equally important ones the newest comes
        first. The limit is applied last.

        The server sends at least one message, also if nothing matches. It may
        refuse an answer with more images than it can hold with INTERNAL + STORE;
        the reference server holds 64 MiB.
        """

    @abstractmethod
    async def forget(self, org: Org, change: Change[bool], store_id: str, memory_id: str) -> bool:
        """Forget makes a memory inactive: Recall and CountActive then leave it out.
        The answer is false if the memory does not exist, is inactive already or is
        in another store; nothing is changed then.
        """

    @abstractmethod
    async def count_active(self, org: Org, store_id: str) -> int:
        """CountActive returns how many active memories a store has. 0 if the store
        does not exist in the org.
        """


def _memory_store(store: MemoryStore) -> Mapping[str, Method]:
    return {
        "GetOrCreateDefaultStore": changing(
            v1.GetOrCreateDefaultStoreRequest,
            v1.GetOrCreateDefaultStoreResponse,
            lambda r, c: store.get_or_create_default_store(org_of(r), c, r.org_id),
            lambda v: v1.GetOrCreateDefaultStoreResponse(store=v),
            lambda a: a.store,
        ),
        "GetMemoryStore": reading(
            v1.GetMemoryStoreRequest,
            v1.GetMemoryStoreResponse,
            lambda r: store.get_memory_store(org_of(r), r.store_id),
            lambda v: v1.GetMemoryStoreResponse(store=v),
        ),
        "CreateMemory": changing(
            v1.CreateMemoryRequest,
            v1.CreateMemoryResponse,
            lambda r, c: store.create_memory(org_of(r), c, r),
            lambda v: v1.CreateMemoryResponse(memory=v),
            lambda a: a.memory,
        ),
        "Recall": streaming(
            v1.RecallRequest,
            v1.RecallResponse,
            lambda r: store.recall(org_of(r), r),
        ),
        "Forget": changing(
            v1.ForgetRequest,
            v1.ForgetResponse,
            lambda r, c: store.forget(org_of(r), c, r.store_id, r.memory_id),
            lambda v: v1.ForgetResponse(forgotten=v),
            lambda a: a.forgotten,
        ),
        "CountActive": reading(
            v1.CountActiveRequest,
            v1.CountActiveResponse,
            lambda r: store.count_active(org_of(r), r.store_id),
            lambda v: v1.CountActiveResponse(count=v),
        ),
    }


class SessionStore(ABC):
    """SessionStoreService returns sessions. Required: a host runs no turn without
    it.
    """

    @abstractmethod
    async def get_session(self, session: Session) -> v1.Session | None:
        """GetSession returns the session with an id, whatever its status. A session
        that does not exist in the org is absent, not an error.
        """


def _session_store(store: SessionStore) -> Mapping[str, Method]:
    return {
        "GetSession": reading(
            v1.GetSessionRequest,
            v1.GetSessionResponse,
            lambda r: store.get_session(session_of(r)),
            lambda v: v1.GetSessionResponse(session=v),
        ),
    }


class MessageRetriever(ABC):
    """MessageRetrieverService returns the messages that events have created;
    EventEmitterService says which events do. Required: a host runs no turn
    without it. It only reads: history is written by emitting events.

    Messages are in the order of their events, oldest first. A session that does
    not exist in the org has no messages; that is not an error. A message must be
    readable as soon as the emit of its event is answered, over any connection.
    Its id and its created_at never change. A caller that reads while others emit
    sees the start of the history without a gap.

    A user may write while a tool runs. The message then stands between the call
    and the call's result. A server must take it, and must not move it: the host
    puts a history in the order that a model's provider takes.

    Lists are streamed in chunks, because a history has no size limit. One
    message has: Limits.max_message_bytes.
    """

    @abstractmethod
    async def get_message(self, session: Session, message_id: str) -> v1.Message | None:
        """GetMessage returns one message of a session. It is absent if the session
        has no message of this id.
        """

    @abstractmethod
    def load_messages(self, session: Session) -> AsyncIterator[v1.LoadMessagesResponse]:
        """LoadMessages streams all messages of a session, oldest first."""

    @abstractmethod
    def load_filtered_messages(
        self, session: Session, filters: Sequence[v1.MessageFilter], limit: int | None, offset: int | None
    ) -> AsyncIterator[v1.LoadFilteredMessagesResponse]:
        """LoadFilteredMessages streams the messages that pass every filter, cut to a
        window.

        Of the messages that pass, the server drops the oldest `offset`, then keeps
        the newest `limit` of the rest, and sends them oldest first. The first
        message of the stream says how many passed before offset and limit.
        """

    @abstractmethod
    def load_message_page(self, session: Session, offset: int, limit: int) -> AsyncIterator[v1.LoadMessagePageResponse]:
        """LoadMessagePage streams `limit` messages from position `offset`, counted
        from the oldest. Past the end there are none; that is not an error.
        """

    @abstractmethod
    async def count_messages(self, session: Session) -> int:
        """CountMessages returns how many messages LoadMessages would stream."""


def _message_retriever(store: MessageRetriever) -> Mapping[str, Method]:
    return {
        "GetMessage": reading(
            v1.GetMessageRequest,
            v1.GetMessageResponse,
            lambda r: store.get_message(session_of(r), r.message_id),
            lambda v: v1.GetMessageResponse(message=v),
        ),
        "LoadMessages": streaming(
            v1.LoadMessagesRequest,
            v1.LoadMessagesResponse,
            lambda r: store.load_messages(session_of(r)),
        ),
        "LoadFilteredMessages": streaming(
            v1.LoadFilteredMessagesRequest,
            v1.LoadFilteredMessagesResponse,
            lambda r: store.load_filtered_messages(
                session_of(r),
                r.filters,
                r.limit if r.HasField("limit") else None,
                r.offset if r.HasField("offset") else None,
            ),
        ),
        "LoadMessagePage": streaming(
            v1.LoadMessagePageRequest,
            v1.LoadMessagePageResponse,
            lambda r: store.load_message_page(session_of(r), r.offset, r.limit),
        ),
        "CountMessages": reading(
            v1.CountMessagesRequest,
            v1.CountMessagesResponse,
            lambda r: store.count_messages(session_of(r)),
            lambda v: v1.CountMessagesResponse(count=v),
        ),
    }


class OutboundToolRateLimiter(ABC):
    """OutboundToolRateLimiterService says whether an org may make one more outbound
    tool call. Optional: without it, every call is allowed.

    The host asks before every such call, with up to 32 calls at the same time.
    The check fails open: the host takes every error, every answer that it cannot
    read and every wait of more than 1 s for a yes. So a server must answer
    quickly.
    """

    @abstractmethod
    async def check_org(self, org: Org, org_id: str) -> bool:
        """CheckOrg counts a call of the org and says whether it is allowed. Orgs do
        not share a counter. An org without a limit is allowed every call. Servers
        that share a database may count apart.
        """


def _outbound_tool_rate_limiter(store: OutboundToolRateLimiter) -> Mapping[str, Method]:
    return {
        "CheckOrg": reading(
            v1.CheckOrgRequest,
            v1.CheckOrgResponse,
            lambda r: store.check_org(org_of(r), r.org_id),
            lambda v: v1.CheckOrgResponse(allowed=v),
        ),
    }


class PaymentAuthority(ABC):
    """PaymentAuthorityService pays for what capabilities buy. Optional: without it,
    capabilities cannot pay.

    The server chooses the account, enforces the policy, pays and keeps the
    receipt. A model never sees an account or a means of payment; capabilities
    send fixed requests of their own.
    """

    @abstractmethod
    async def execute_machine_payment(
        self,
        session: Session,
        change: Change[v1.MachinePaymentResponse],
        agent_id: str | None,
        payment: v1.MachinePaymentRequest,
    ) -> v1.MachinePaymentResponse:
        """ExecuteMachinePayment pays for an HTTP request, sends it, and returns what
        was bought.

        It spends money, so a server must pay at most once per request_id: it
        records that it is about to pay before it pays. If it does not know whether
        it has paid (it crashed in between, its bank did not answer), it must
        answer UNAVAILABLE with outcome `unknown`. The same call with the same
        request_id then finds out or gets the same error; it never pays again. A
        server that keeps such an attempt must find out by itself as well, so that
        the amount does not stay reserved for ever.

        INTERNAL + TOOL_EXECUTION with outcome `not_applied`: nothing was paid,
        because no policy exists for the session, its agent or the org, or because
        the request exceeds the policy or the account's balance; the text names the
        limit. NOT_FOUND + SESSION_NOT_FOUND: the org has no such session.
        FAILED_PRECONDITION + CONFIGURATION: receipts cannot be encrypted, so
        nothing is paid. INVALID_ARGUMENT + INVALID_FIELD: an id, an amount, the
        method or a JSON value is malformed.
        """


def _payment_authority(store: PaymentAuthority) -> Mapping[str, Method]:
    return {
        "ExecuteMachinePayment": changing(
            v1.ExecuteMachinePaymentRequest,
            v1.ExecuteMachinePaymentResponse,
            lambda r, c: store.execute_machine_payment(
                session_of(r), c, r.agent_id if r.HasField("agent_id") else None, r.payment
            ),
            lambda v: v1.ExecuteMachinePaymentResponse(payment=v),
            lambda a: a.payment,
        ),
    }


class PlatformStore(ABC):
    """PlatformStoreService manages the harnesses, agents, apps and sessions of an
    org from within one of its sessions. Optional: without it, agents cannot
    manage the platform and a host cannot create sessions. A server that offers
    it should state the address of its web console in
    DescribeResponse.platform_base_url.

    CallContext.session_id is REQUIRED in every request; without it the call is
    refused with INVALID_ARGUMENT + INVALID_FIELD. It names the session whose
    turn makes the call, and what the call creates belongs to the owner of that
    session. A host that calls outside a session, for instance to create the
    first one of an org, sends the nil id (`session_` and 32 zeros); what it
    creates belongs to the org. Everything is confined to the org: a record of
    another org is absent, and a session of another org cannot make the call.

    Get methods return an absent record where none exists; that is not an error.
    Every method that changes a record fails with INTERNAL + STORE and a text
    that contains "not found" if the record does not exist in the org.

    Update methods change the fields that are present and no others. They keep
    created_at and move updated_at on. Two updates of different fields at the
    same time must both take effect.

    Delete methods archive a record. Get methods still return it, with its
    status, and lists leave it out. It cannot be changed or used for something
    new (INTERNAL + STORE). Deleting it again changes nothing and succeeds.

    The names of harnesses and agents are unique among those of the org that are
    not archived; a name in use is refused with INTERNAL + STORE. A name has 1 to
    64 bytes: `a` to `z`, `0` to `9` and single hyphens between them. Any other
    name is refused.

    Lists stream their records in several messages, because a record may be large
    and there may be many. The reference server starts a new message where one
    would pass 256 KiB.
    """

    @abstractmethod
    def list_harnesses(self, org: Org) -> AsyncIterator[v1.ListHarnessesResponse]:
        """ListHarnesses streams the active harnesses of the org, ascending by name.

        The org's default harness must be among them. It is built in and named
        "Generic": the host's tools look for exactly this name when a session is
        created without a harness.
        """

    @abstractmethod
    async def get_harness(self, org: Org, harness_id: str) -> v1.Harness | None:
        """GetHarness returns one harness without its ancestors."""

    @abstractmethod
    async def create_harness(
        self, org: Org, change: Change[v1.Harness], request: v1.CreateHarnessRequest
    ) -> v1.Harness:
        """CreateHarness creates a harness and returns it. It is active and not built
        in. INTERNAL + STORE: the name is in use or malformed, or the parent is not
        active.
        """

    @abstractmethod
    async def update_harness(
        self, org: Org, change: Change[v1.Harness], request: v1.UpdateHarnessRequest
    ) -> v1.Harness:
        """UpdateHarness changes a harness and returns it. INTERNAL + STORE: the
        harness does not exist, is archived or is built in; the new name is in use
        or malformed; or the new parent is not active or extends this harness.
        """

    @abstractmethod
    async def delete_harness(self, org: Org, change: Change[None], harness_id: str) -> None:
        """DeleteHarness archives a harness. A built-in harness is refused with
        INTERNAL + STORE.
        """

    @abstractmethod
    async def copy_harness(
        self, org: Org, change: Change[v1.Harness], harness_id: str, new_name: str | None
    ) -> v1.Harness:
        """CopyHarness creates a copy of a harness and returns it. The copy has its
        own id, name and times, is active and not built in, and is otherwise the
        same.
        """

    @abstractmethod
    def list_agents(self, org: Org) -> AsyncIterator[v1.ListAgentsResponse]:
        """ListAgents streams the active agents of the org, ascending by name."""

    @abstractmethod
    async def get_agent_by_id(self, org: Org, agent_id: str) -> v1.Agent | None:
        """GetAgentById returns the same agent as AgentStoreService.GetAgent."""

    @abstractmethod
    async def create_agent(self, org: Org, change: Change[v1.Agent], request: v1.CreateAgentRequest) -> v1.Agent:
        """CreateAgent creates an agent and returns it. It is active. INTERNAL +
        STORE: the name is in use or malformed.
        """

    @abstractmethod
    async def update_agent(self, org: Org, change: Change[v1.Agent], request: v1.UpdateAgentRequest) -> v1.Agent:
        """UpdateAgent changes an agent and returns it. INTERNAL + STORE: the agent
        does not exist or is archived, or the new name is in use or malformed.
        """

    @abstractmethod
    async def delete_agent(self, org: Org, change: Change[None], agent_id: str) -> None:
        """DeleteAgent archives an agent."""

    @abstractmethod
    def list_apps(self, org: Org, search: str | None, include_archived: bool) -> AsyncIterator[v1.ListAppsResponse]:
        """ListApps streams the apps of the org with their channels, ascending by
        name.
        """

    @abstractmethod
    async def get_app(self, org: Org, app_id: str) -> v1.App | None:
        """GetApp returns an app with its channels; the oldest channel comes first."""

    @abstractmethod
    async def create_app(self, org: Org, change: Change[v1.App], request: v1.CreateAppRequest) -> v1.App:
        """CreateApp creates an app and returns it. It is a draft and has one channel
        if a channel type is given. INTERNAL + STORE: the harness or the agent is
        not active.
        """

    @abstractmethod
    async def update_app(self, org: Org, change: Change[v1.App], request: v1.UpdateAppRequest) -> v1.App:
        """UpdateApp changes an app and returns it. INTERNAL + STORE: the app does not
        exist or is archived, or the new harness or agent is not active.
        """

    @abstractmethod
    async def delete_app(self, org: Org, change: Change[None], app_id: str) -> None:
        """DeleteApp archives an app."""

    @abstractmethod
    async def destroy_app(self, org: Org, change: Change[None], app_id: str) -> None:
        """DestroyApp removes an archived app and its channels for good; Get then
        returns it as absent. An app that is not archived is refused with INTERNAL
        + STORE.
        """

    @abstractmethod
    async def publish_app(self, org: Org, change: Change[v1.App], app_id: str) -> v1.App:
        """PublishApp publishes an app and returns it. published_at is the time of the
        call. An archived app is refused with INTERNAL + STORE.
        """

    @abstractmethod
    async def unpublish_app(self, org: Org, change: Change[v1.App], app_id: str) -> v1.App:
        """UnpublishApp makes an app a draft again and returns it without
        published_at.
        """

    @abstractmethod
    async def add_app_channel(
        self,
        org: Org,
        change: Change[v1.AppChannel],
        app_id: str,
        channel_type: v1.ChannelType.ValueType,
        channel_config_json: str | None,
        enabled: bool | None,
    ) -> v1.AppChannel:
        """AddAppChannel adds a channel to an app and returns the channel. An app that
        does not exist or is archived is refused with INTERNAL + STORE.
        """

    @abstractmethod
    async def update_app_channel(
        self, org: Org, change: Change[v1.AppChannel], request: v1.UpdateAppChannelRequest
    ) -> v1.AppChannel:
        """UpdateAppChannel changes a channel and returns it. A channel of another app
        is "not found".
        """

    @abstractmethod
    async def delete_app_channel(self, org: Org, change: Change[None], app_id: str, channel_id: str) -> None:
        """DeleteAppChannel removes a channel for good. A channel of another app is
        "not found".
        """

    @abstractmethod
    def list_sessions(
        self, org: Org, limit: int | None, agent_id: str | None
    ) -> AsyncIterator[v1.ListSessionsResponse]:
        """ListSessions streams the sessions of the org that are not archived, newest
        first.
        """

    @abstractmethod
    async def create_session(
        self, org: Org, change: Change[v1.Session], request: v1.CreateSessionRequest
    ) -> v1.Session:
        """CreateSession creates a session and returns it. The session has the owner
        of the calling session, no turn has run in it, and its workspace holds the
        initial files of its harness and its agent. INTERNAL + STORE: the harness
        or the agent is not active. A session of a blueprint runs an agent that
        only the host knows.
        """

    @abstractmethod
    async def set_subagent_metadata(
        self,
        session: Session,
        change: Change[v1.Session],
        parent_session_id: str,
        subagent_name: str,
        subagent_task: str,
        subagent_status: v1.SubagentStatus.ValueType,
    ) -> v1.Session:
        """SetSubagentMetadata says that a session is a subagent of another one, and
        returns the session. The host calls it again when the subagent's status
        changes; the last call counts. INTERNAL + STORE: one of the two sessions
        does not exist in the org, or they are the same.
        """

    @abstractmethod
    async def get_session_by_id(self, session: Session) -> v1.Session | None:
        """GetSessionById returns the same session as SessionStoreService.GetSession."""

    @abstractmethod
    async def get_session_context_report(self, session: Session) -> v1.SessionContextReport:
        """GetSessionContextReport estimates how many tokens the next call of the
        model in the session would send, and which sources they come from. A
        session that does not exist in the org is an error whose text contains "not
        found".
        """

    @abstractmethod
    async def delete_session(self, session: Session, change: Change[None]) -> None:
        """DeleteSession archives a session: lists leave it out, its schedules are
        disabled, the turns that are requested in it are taken back, and it takes
        nothing more. Every change that adds to it is refused with
        FAILED_PRECONDITION + SESSION_ARCHIVED, by each service: events, messages,
        status, title, subagent metadata, files, values, secrets, SQL databases,
        schedules, resources and leases. The session can still be read. What takes
        away still works: releasing a lease, deleting a value, a file, a database or
        a resource, cancelling a schedule. A host that receives the refusal cancels
        the turn that runs.
        """

    @abstractmethod
    async def send_message(self, session: Session, change: Change[None], content: str) -> None:
        """SendMessage stores a user's message in a session and requests the turn that
        answers it (TurnQueueService). When the call is answered, the message is
        readable and the session's status is ACTIVE. A turn that runs already reads
        the message and answers it. INTERNAL + STORE: the session does not exist in
        the org or is archived.
        """

    @abstractmethod
    def get_messages(self, session: Session, limit: int | None) -> AsyncIterator[v1.GetMessagesResponse]:
        """GetMessages streams what user and agent wrote in a session: of the messages
        that have text the newest `limit`, oldest first, so that the last one is
        the newest. A session that does not exist in the org has none.
        """

    @abstractmethod
    def wait_for_idle(self, session: Session, timeout_seconds: int | None) -> AsyncIterator[v1.WaitForIdleResponse]:
        """WaitForIdle waits until no turn of a session runs or is requested.

        The server sends the session's status at once, and again when it sees the
        status change. It ends the stream when the session has settled or the time
        is over; the last message is the answer. The end of the time is an answer
        and not an error: the host's tools mark a subagent as failed for good when
        this call fails.

        A session that does not exist in the org is an error whose text contains
        "not found". A server that is stopping ends the stream with UNAVAILABLE;
        the client then calls again. Many callers may wait at the same time, and
        callers that go away must not leave anything running.
        """

    @abstractmethod
    def list_capabilities(self, org: Org, search: str | None) -> AsyncIterator[v1.ListCapabilitiesResponse]:
        """ListCapabilities streams the capabilities that agents and harnesses can
        use, ascending by name. There is at least one.
        """


def _platform_store(store: PlatformStore) -> Mapping[str, Method]:
    return {
        "ListHarnesses": streaming(
            v1.ListHarnessesRequest,
            v1.ListHarnessesResponse,
            lambda r: store.list_harnesses(org_of(r)),
        ),
        "GetHarness": reading(
            v1.PlatformStoreServiceGetHarnessRequest,
            v1.PlatformStoreServiceGetHarnessResponse,
            lambda r: store.get_harness(org_of(r), r.harness_id),
            lambda v: v1.PlatformStoreServiceGetHarnessResponse(harness=v),
        ),
        "CreateHarness": changing(
            v1.CreateHarnessRequest,
            v1.CreateHarnessResponse,
            lambda r, c: store.create_harness(org_of(r), c, r),
            lambda v: v1.CreateHarnessResponse(harness=v),
            lambda a: a.harness,
        ),
        "UpdateHarness": changing(
            v1.UpdateHarnessRequest,
            v1.UpdateHarnessResponse,
            lambda r, c: store.update_harness(org_of(r), c, r),
            lambda v: v1.UpdateHarnessResponse(harness=v),
            lambda a: a.harness,
        ),
        "DeleteHarness": changing(
            v1.DeleteHarnessRequest,
            v1.DeleteHarnessResponse,
            lambda r, c: store.delete_harness(org_of(r), c, r.harness_id),
            lambda v: v1.DeleteHarnessResponse(),
            lambda a: None,
        ),
        "CopyHarness": changing(
            v1.CopyHarnessRequest,
            v1.CopyHarnessResponse,
            lambda r, c: store.copy_harness(org_of(r), c, r.harness_id, r.new_name if r.HasField("new_name") else None),
            lambda v: v1.CopyHarnessResponse(harness=v),
            lambda a: a.harness,
        ),
        "ListAgents": streaming(
            v1.ListAgentsRequest,
            v1.ListAgentsResponse,
            lambda r: store.list_agents(org_of(r)),
        ),
        "GetAgentById": reading(
            v1.GetAgentByIdRequest,
            v1.GetAgentByIdResponse,
            lambda r: store.get_agent_by_id(org_of(r), r.agent_id),
            lambda v: v1.GetAgentByIdResponse(agent=v),
        ),
        "CreateAgent": changing(
            v1.CreateAgentRequest,
            v1.CreateAgentResponse,
            lambda r, c: store.create_agent(org_of(r), c, r),
            lambda v: v1.CreateAgentResponse(agent=v),
            lambda a: a.agent,
        ),
        "UpdateAgent": changing(
            v1.UpdateAgentRequest,
            v1.UpdateAgentResponse,
            lambda r, c: store.update_agent(org_of(r), c, r),
            lambda v: v1.UpdateAgentResponse(agent=v),
            lambda a: a.agent,
        ),
        "DeleteAgent": changing(
            v1.DeleteAgentRequest,
            v1.DeleteAgentResponse,
            lambda r, c: store.delete_agent(org_of(r), c, r.agent_id),
            lambda v: v1.DeleteAgentResponse(),
            lambda a: None,
        ),
        "ListApps": streaming(
            v1.ListAppsRequest,
            v1.ListAppsResponse,
            lambda r: store.list_apps(org_of(r), r.search if r.HasField("search") else None, r.include_archived),
        ),
        "GetApp": reading(
            v1.GetAppRequest,
            v1.GetAppResponse,
            lambda r: store.get_app(org_of(r), r.app_id),
            lambda v: v1.GetAppResponse(app=v),
        ),
        "CreateApp": changing(
            v1.CreateAppRequest,
            v1.CreateAppResponse,
            lambda r, c: store.create_app(org_of(r), c, r),
            lambda v: v1.CreateAppResponse(app=v),
            lambda a: a.app,
        ),
        "UpdateApp": changing(
            v1.UpdateAppRequest,
            v1.UpdateAppResponse,
            lambda r, c: store.update_app(org_of(r), c, r),
            lambda v: v1.UpdateAppResponse(app=v),
            lambda a: a.app,
        ),
        "DeleteApp": changing(
            v1.DeleteAppRequest,
            v1.DeleteAppResponse,
            lambda r, c: store.delete_app(org_of(r), c, r.app_id),
            lambda v: v1.DeleteAppResponse(),
            lambda a: None,
        ),
        "DestroyApp": changing(
            v1.DestroyAppRequest,
            v1.DestroyAppResponse,
            lambda r, c: store.destroy_app(org_of(r), c, r.app_id),
            lambda v: v1.DestroyAppResponse(),
            lambda a: None,
        ),
        "PublishApp": changing(
            v1.PublishAppRequest,
            v1.PublishAppResponse,
            lambda r, c: store.publish_app(org_of(r), c, r.app_id),
            lambda v: v1.PublishAppResponse(app=v),
            lambda a: a.app,
        ),
        "UnpublishApp": changing(
            v1.UnpublishAppRequest,
            v1.UnpublishAppResponse,
            lambda r, c: store.unpublish_app(org_of(r), c, r.app_id),
            lambda v: v1.UnpublishAppResponse(app=v),
            lambda a: a.app,
        ),
        "AddAppChannel": changing(
            v1.AddAppChannelRequest,
            v1.AddAppChannelResponse,
            lambda r, c: store.add_app_channel(
                org_of(r),
                c,
                r.app_id,
                r.channel_type,
                r.channel_config_json if r.HasField("channel_config_json") else None,
                r.enabled if r.HasField("enabled") else None,
            ),
            lambda v: v1.AddAppChannelResponse(channel=v),
            lambda a: a.channel,
        ),
        "UpdateAppChannel": changing(
            v1.UpdateAppChannelRequest,
            v1.UpdateAppChannelResponse,
            lambda r, c: store.update_app_channel(org_of(r), c, r),
            lambda v: v1.UpdateAppChannelResponse(channel=v),
            lambda a: a.channel,
        ),
        "DeleteAppChannel": changing(
            v1.DeleteAppChannelRequest,
            v1.DeleteAppChannelResponse,
            lambda r, c: store.delete_app_channel(org_of(r), c, r.app_id, r.channel_id),
            lambda v: v1.DeleteAppChannelResponse(),
            lambda a: None,
        ),
        "ListSessions": streaming(
            v1.ListSessionsRequest,
            v1.ListSessionsResponse,
            lambda r: store.list_sessions(
                org_of(r), r.limit if r.HasField("limit") else None, r.agent_id if r.HasField("agent_id") else None
            ),
        ),
        "CreateSession": changing(
            v1.CreateSessionRequest,
            v1.CreateSessionResponse,
            lambda r, c: store.create_session(org_of(r), c, r),
            lambda v: v1.CreateSessionResponse(session=v),
            lambda a: a.session,
        ),
        "SetSubagentMetadata": changing(
            v1.SetSubagentMetadataRequest,
            v1.SetSubagentMetadataResponse,
            lambda r, c: store.set_subagent_metadata(
                session_of(r), c, r.parent_session_id, r.subagent_name, r.subagent_task, r.subagent_status
            ),
            lambda v: v1.SetSubagentMetadataResponse(session=v),
            lambda a: a.session,
        ),
        "GetSessionById": reading(
            v1.GetSessionByIdRequest,
            v1.GetSessionByIdResponse,
            lambda r: store.get_session_by_id(session_of(r)),
            lambda v: v1.GetSessionByIdResponse(session=v),
        ),
        "GetSessionContextReport": reading(
            v1.GetSessionContextReportRequest,
            v1.GetSessionContextReportResponse,
            lambda r: store.get_session_context_report(session_of(r)),
            lambda v: v1.GetSessionContextReportResponse(report=v),
        ),
        "DeleteSession": changing(
            v1.DeleteSessionRequest,
            v1.DeleteSessionResponse,
            lambda r, c: store.delete_session(session_of(r), c),
            lambda v: v1.DeleteSessionResponse(),
            lambda a: None,
        ),
        "SendMessage": changing(
            v1.SendMessageRequest,
            v1.SendMessageResponse,
            lambda r, c: store.send_message(session_of(r), c, r.content),
            lambda v: v1.SendMessageResponse(),
            lambda a: None,
        ),
        "GetMessages": streaming(
            v1.GetMessagesRequest,
            v1.GetMessagesResponse,
            lambda r: store.get_messages(session_of(r), r.limit if r.HasField("limit") else None),
        ),
        "WaitForIdle": streaming(
            v1.WaitForIdleRequest,
            v1.WaitForIdleResponse,
            lambda r: store.wait_for_idle(session_of(r), r.timeout_seconds if r.HasField("timeout_seconds") else None),
        ),
        "ListCapabilities": streaming(
            v1.ListCapabilitiesRequest,
            v1.ListCapabilitiesResponse,
            lambda r: store.list_capabilities(org_of(r), r.search if r.HasField("search") else None),
        ),
    }


class ProviderCredentialStore(ABC):
    """ProviderCredentialStoreService returns an org's credentials; there is one
    default per type of provider. Optional: without it, such tools have no
    credentials.

    A server must encrypt credentials at rest. A server without an encryption key
    must refuse to read them: FAILED_PRECONDITION + CONFIGURATION with a text
    that contains "Encryption not configured".
    """

    @abstractmethod
    async def get_default_provider_credentials(self, org: Org, provider_type: str) -> v1.ProviderCredentials | None:
        """GetDefaultProviderCredentials returns the credentials that tools use for a
        type of provider. They are absent if the org has none for this type; that
        is not an error.
        """


def _provider_credential_store(store: ProviderCredentialStore) -> Mapping[str, Method]:
    return {
        "GetDefaultProviderCredentials": reading(
            v1.GetDefaultProviderCredentialsRequest,
            v1.GetDefaultProviderCredentialsResponse,
            lambda r: store.get_default_provider_credentials(org_of(r), r.provider_type),
            lambda v: v1.GetDefaultProviderCredentialsResponse(credentials=v),
        ),
    }


class RuntimeHost(ABC):
    """RuntimeHostService loads what a turn needs and sets the status of its
    session. Required: a host runs no turn without it.
    """

    @abstractmethod
    async def get_agent(self, org: Org, agent_id: str) -> v1.Agent | None:
        """GetAgent returns the same agent as AgentStoreService.GetAgent."""

    @abstractmethod
    async def get_harness(self, org: Org, harness_id: str) -> v1.Harness | None:
        """GetHarness returns one harness: the last element of what
        HarnessStoreService.GetHarnessChain returns. It is absent if the chain is
        empty.
        """

    @abstractmethod
    async def set_session_status(
        self, session: Session, change: Change[v1.Session], status: v1.SessionStatus.ValueType
    ) -> v1.Session:
        """SetSessionStatus sets the status of a session and returns the session.
        Setting the status that the session has succeeds. updated_at moves on.
        started_at is set with the first ACTIVE and then stays. A status change
        must not undo a change of another field that happens at the same time.

        INTERNAL + STORE with a text that contains "not found": the session does
        not exist in the org. INVALID_ARGUMENT + INVALID_FIELD: the status is
        unspecified or unknown.
        """

    @abstractmethod
    def load_turn_context(
        self, session: Session, parts: Sequence[v1.TurnContextPart.ValueType]
    ) -> AsyncIterator[v1.LoadTurnContextResponse]:
        """LoadTurnContext returns what a phase of a turn reads, as a consistent
        snapshot: the session, its agent, its messages, the default model and the
        tools of its MCP servers.

        The first message of the stream is the snapshot; the session's messages
        follow in further ones, oldest first. A server with FEATURE_TURN_SNAPSHOT
        must send the parts that the request names and no others. A server without
        it may ignore the parts and send messages, model and MCP tools.

        NOT_FOUND + SESSION_NOT_FOUND: the session does not exist in the org.

        An MCP server that cannot be reached must not fail the call: its tools are
        left out. A server need not list MCP tools at all: if it sends none of an
        MCP server, the host asks that MCP server itself, see McpService.
        """


def _runtime_host(store: RuntimeHost) -> Mapping[str, Method]:
    return {
        "GetAgent": reading(
            v1.RuntimeHostServiceGetAgentRequest,
            v1.RuntimeHostServiceGetAgentResponse,
            lambda r: store.get_agent(org_of(r), r.agent_id),
            lambda v: v1.RuntimeHostServiceGetAgentResponse(agent=v),
        ),
        "GetHarness": reading(
            v1.GetHarnessRequest,
            v1.GetHarnessResponse,
            lambda r: store.get_harness(org_of(r), r.harness_id),
            lambda v: v1.GetHarnessResponse(harness=v),
        ),
        "SetSessionStatus": changing(
            v1.SetSessionStatusRequest,
            v1.SetSessionStatusResponse,
            lambda r, c: store.set_session_status(session_of(r), c, r.status),
            lambda v: v1.SetSessionStatusResponse(session=v),
            lambda a: a.session,
        ),
        "LoadTurnContext": streaming(
            v1.LoadTurnContextRequest,
            v1.LoadTurnContextResponse,
            lambda r: store.load_turn_context(session_of(r), r.parts),
        ),
    }


class SessionFileSystem(ABC):
    """SessionFileSystemService reads and writes the workspace of a session.
    Required: a host runs no turn without it. Workspaces of different sessions
    share nothing.

    Paths. `/a`, `a`, `/workspace/a` and `/a/` name the same file; the server
    returns `/a`. `/workspace` and the empty path name the root. `//` and `/./`
    count as `/`. `/workspacefoo` is a name like any other. A path with a `..`
    segment or a NUL is refused, and so is a path of more than 2,048 bytes or 128
    segments. Names are compared byte for byte: `é` as one character and as `e`
    with an accent are two names. `%`, `_`, `*` and brackets stand for
    themselves.

    Content. It is text, or base64 if the encoding is `base64`. Any other
    encoding counts as text and is returned as `text`. `size_bytes` is the size
    of the decoded content. Text must come back byte for byte: NULs, CRLFs and
    the byte order mark included.

    Errors. They are INTERNAL + STORE. The host's tools look for these words in
    the text to decide what the model is told, so a server must use them:
    "readonly", "is a directory", "not found", "not a directory", "not empty",
    "pattern". A call that fails changes nothing.

    Order. A reader sees a file before or after a write, never a part of one. A
    change that was answered is visible to the next call over any connection.
    """

    @abstractmethod
    def read_file(self, session: Session, path: str) -> AsyncIterator[v1.ReadFileResponse]:
        """ReadFile streams a file: the header first, then the content in chunks. The
        stream is empty if nothing exists at the path; that is not an error. A
        directory has a header and no content.
        """

    @abstractmethod
    async def write_file(
        self, session: Session, change: Change[v1.WrittenFile], path: str, content: str, encoding: str
    ) -> v1.WrittenFile:
        """WriteFile writes a whole file and creates the directories above it. A file
        that is overwritten keeps its id and its created_at; updated_at moves on.

        INTERNAL + STORE: "is a directory" if the path is a directory or the root;
        "readonly" if the file is read-only; "not a directory" if a file is where a
        directory is needed; and if the content is not the base64 that the encoding
        says.
        """

    @abstractmethod
    async def write_file_if_content_matches(
        self, session: Session, change: Change[v1.WrittenFile | None], request: v1.WriteFileIfContentMatchesRequest
    ) -> v1.WrittenFile | None:
        """WriteFileIfContentMatches writes a file only if its content and encoding
        equal the expected ones, as one atomic step: of several calls at the same
        time with the same expectation exactly one succeeds.

        The response holds no file, and nothing is written, if the file does not
        exist, is a directory, is read-only or differs.
        """

    @abstractmethod
    async def delete_file(self, session: Session, change: Change[bool], path: str, recursive: bool) -> bool:
        """DeleteFile deletes a file or a directory and says whether it existed.
        Deleting what does not exist returns false.

        INTERNAL + STORE: "not empty" if the directory has entries and `recursive`
        is false (returning false is allowed as well); "readonly" if the file is
        read-only or the directory holds a read-only file; nothing is deleted then.
        The root is never deleted.
        """

    @abstractmethod
    async def list_directory(self, session: Session, path: str) -> Sequence[v1.FileInfo]:
        """ListDirectory returns the direct entries of a directory, ascending by path.
        The root of an empty workspace has none.

        INTERNAL + STORE: "not found" if nothing exists at the path, "not a
        directory" if it is a file. (Upstream's own stores return an empty list
        instead; the shell's `test -e` then finds every path.)
        """

    @abstractmethod
    async def stat_file(self, session: Session, path: str) -> v1.FileStat | None:
        """StatFile describes what exists at a path. It is absent if nothing does. The
        root always exists.
        """

    @abstractmethod
    def grep_files(
        self, session: Session, pattern: str, path_pattern: str | None
    ) -> AsyncIterator[v1.GrepFilesResponse]:
        """GrepFiles streams the lines of text files that match a regular expression,
        ascending by path, then by line. The syntax is RE2, inline flags such as
        `(?i)` included. The time must grow linearly with the text: the expression
        comes from a model. Directories and base64 files are skipped.

        A server must bound what an expression costs. INTERNAL + STORE: "pattern" if
        the expression is invalid, or too large when it is compiled. A search ends
        with the call's deadline (DEADLINE_EXCEEDED). A server may also refuse a
        search that finds more than it can hold with INTERNAL + STORE; the reference
        server holds 64 MiB of paths and lines.
        """

    @abstractmethod
    async def create_directory(self, session: Session, change: Change[v1.FileInfo], path: str) -> v1.FileInfo:
        """CreateDirectory creates a directory and those above it, and returns it. A
        directory that exists is returned as it is. INTERNAL + STORE: "not a
        directory" if a file is where a directory is needed.
        """

    @abstractmethod
    async def seed_initial_file(self, session: Session, change: Change[None], file: v1.InitialFile) -> None:
        """SeedInitialFile places a file in the workspace of a session that starts,
        and creates the directories above it. It replaces a file that exists,
        read-only or not; the last seed counts. INTERNAL + STORE: "is a directory"
        if the path is a directory.
        """


def _session_file_system(store: SessionFileSystem) -> Mapping[str, Method]:
    return {
        "ReadFile": streaming(
            v1.ReadFileRequest,
            v1.ReadFileResponse,
            lambda r: store.read_file(session_of(r), r.path),
        ),
        "WriteFile": changing(
            v1.WriteFileRequest,
            v1.WriteFileResponse,
            lambda r, c: store.write_file(session_of(r), c, r.path, r.content, r.encoding),
            lambda v: v1.WriteFileResponse(file=v),
            lambda a: a.file,
        ),
        "WriteFileIfContentMatches": changing(
            v1.WriteFileIfContentMatchesRequest,
            v1.WriteFileIfContentMatchesResponse,
            lambda r, c: store.write_file_if_content_matches(session_of(r), c, r),
            lambda v: v1.WriteFileIfContentMatchesResponse(file=v),
            lambda a: a.file if a.HasField("file") else None,
        ),
        "DeleteFile": changing(
            v1.DeleteFileRequest,
            v1.DeleteFileResponse,
            lambda r, c: store.delete_file(session_of(r), c, r.path, r.recursive),
            lambda v: v1.DeleteFileResponse(deleted=v),
            lambda a: a.deleted,
        ),
        "ListDirectory": reading(
            v1.ListDirectoryRequest,
            v1.ListDirectoryResponse,
            lambda r: store.list_directory(session_of(r), r.path),
            lambda v: v1.ListDirectoryResponse(entries=v),
        ),
        "StatFile": reading(
            v1.StatFileRequest,
            v1.StatFileResponse,
            lambda r: store.stat_file(session_of(r), r.path),
            lambda v: v1.StatFileResponse(stat=v),
        ),
        "GrepFiles": streaming(
            v1.GrepFilesRequest,
            v1.GrepFilesResponse,
            lambda r: store.grep_files(
                session_of(r), r.pattern, r.path_pattern if r.HasField("path_pattern") else None
            ),
        ),
        "CreateDirectory": changing(
            v1.CreateDirectoryRequest,
            v1.CreateDirectoryResponse,
            lambda r, c: store.create_directory(session_of(r), c, r.path),
            lambda v: v1.CreateDirectoryResponse(directory=v),
            lambda a: a.directory,
        ),
        "SeedInitialFile": changing(
            v1.SeedInitialFileRequest,
            v1.SeedInitialFileResponse,
            lambda r, c: store.seed_initial_file(session_of(r), c, r.file),
            lambda v: v1.SeedInitialFileResponse(),
            lambda a: None,
        ),
    }


class SessionLease(ABC):
    """SessionLeaseService grants leases of sessions. Optional: without it, nothing
    keeps two hosts from running turns of one session at the same time.
    """

    @abstractmethod
    async def acquire_lease(
        self, session: Session, change: Change[v1.SessionLease], holder: str, address: str, ttl_ms: int
    ) -> v1.SessionLease:
        """AcquireLease grants the lease of a session. Of several callers at the same
        time at most one gets it.

        If the lease runs for another holder, the call fails with
        FAILED_PRECONDITION + HELD, which names the holder, its address and the time
        left. If it runs for the same holder, it is granted again under a new fence,
        and the former fence is stale: a process that restarts under its own name
        need not wait. A call that is sent again under its request_id gets the fence
        that it got first.

        INVALID_ARGUMENT + INVALID_FIELD: the session's id, the holder, the address
        or the ttl are malformed. NOT_FOUND + SESSION_NOT_FOUND: the server keeps
        sessions and has none of this id in the org. FAILED_PRECONDITION +
        SESSION_ARCHIVED: the session is deleted.
        """

    @abstractmethod
    async def renew_lease(self, session: Session, fence: int, ttl_ms: int) -> int:
        """RenewLease makes a lease run for another ttl from now. It never makes a lease
        end earlier than before. The fence stays as it is. A holder should renew when
        a third of the ttl has passed.

        ABORTED + FENCED: the fence is not the highest that was granted for the
        session, or the lease was released. A lease that has expired and that no
        other caller was granted may be renewed or refused in the same way. The
        holder must then stop: it cancels the turn and sends no change of it any
        more.
        """

    @abstractmethod
    async def release_lease(self, session: Session, fence: int) -> None:
        """ReleaseLease ends a lease before it expires. A fence that is not the highest
        that was granted for the session, and a lease that has ended already, change
        nothing; that is not an error. The lease of a deleted session can be
        released.
        """

    @abstractmethod
    def follow_leases(self, org: Org, session_id: str | None) -> AsyncIterator[v1.FollowLeasesResponse]:
        """FollowLeases streams what becomes of leases, until the caller ends the call.
        A host that waits for a session follows it.

        With a session_id, the first message says at once whether the session is
        leased. Without one, the stream is about every session of the org, and begins
        with one message for each that is leased. After that, a message is sent when
        a lease is granted, and when it ends because it was released or has expired.
        It must be sent within two seconds, also if the lease was granted by another
        server over the same storage. A renewal sends no message. A server may leave
        out what was true only for a moment, but not what is true now. A session that
        does not exist in the org is not leased; that is not an error.
        """


def _session_lease(store: SessionLease) -> Mapping[str, Method]:
    return {
        "AcquireLease": changing(
            v1.AcquireLeaseRequest,
            v1.AcquireLeaseResponse,
            lambda r, c: store.acquire_lease(session_of(r), c, r.holder, r.address, r.ttl_ms),
            lambda v: v1.AcquireLeaseResponse(lease=v),
            lambda a: a.lease,
        ),
        "RenewLease": reading(
            v1.RenewLeaseRequest,
            v1.RenewLeaseResponse,
            lambda r: store.renew_lease(session_of(r), r.fence, r.ttl_ms),
            lambda v: v1.RenewLeaseResponse(time_left_ms=v),
        ),
        "ReleaseLease": reading(
            v1.ReleaseLeaseRequest,
            v1.ReleaseLeaseResponse,
            lambda r: store.release_lease(session_of(r), r.fence),
            lambda v: v1.ReleaseLeaseResponse(),
        ),
        "FollowLeases": streaming(
            v1.FollowLeasesRequest,
            v1.FollowLeasesResponse,
            lambda r: store.follow_leases(org_of(r), r.session_id if r.HasField("session_id") else None),
        ),
    }


class SessionMutator(ABC):
    """SessionMutatorService changes sessions. Required: a host runs no turn without
    it.
    """

    @abstractmethod
    async def update_session_title(self, session: Session, change: Change[v1.Session], title: str) -> v1.Session:
        """UpdateSessionTitle sets the title of a session exactly as given and returns
        the session. The server must not trim it.

        INTERNAL + STORE with a text that contains "not found": the session does
        not exist in the org. The host does not repeat the call then.
        """


def _session_mutator(store: SessionMutator) -> Mapping[str, Method]:
    return {
        "UpdateSessionTitle": changing(
            v1.UpdateSessionTitleRequest,
            v1.UpdateSessionTitleResponse,
            lambda r, c: store.update_session_title(session_of(r), c, r.title),
            lambda v: v1.UpdateSessionTitleResponse(session=v),
            lambda a: a.session,
        ),
    }


class SessionResourceRegistry(ABC):
    """SessionResourceRegistryService keeps the entries of sessions' resources.
    Optional: without it, tools cannot show what runs beside a session.

    It also carries progress: a background run registers itself again with every
    change of its status and output, many times a second. Skills keep their whole
    text in an entry's metadata. Metadata must come back as they were given.
    """

    @abstractmethod
    async def register(
        self, session: Session, change: Change[v1.SessionResourceEntry], request: v1.RegisterRequest
    ) -> v1.SessionResourceEntry:
        """Register stores an entry. An entry of the same session and resource_id is
        replaced as a whole and keeps its created_at. The last of several calls
        counts.
        """

    @abstractmethod
    async def update_status(
        self,
        session: Session,
        change: Change[v1.SessionResourceEntry | None],
        resource_id: str,
        status: v1.SessionResourceStatus.ValueType,
    ) -> v1.SessionResourceEntry | None:
        """UpdateStatus changes an entry's status and updated_at, and nothing else. An
        entry that does not exist is absent in the answer, not an error.
        """

    @abstractmethod
    async def get_session_resource(self, session: Session, resource_id: str) -> v1.SessionResourceEntry | None:
        """GetSessionResource returns the entry with a resource_id."""

    @abstractmethod
    def list_session_resources(
        self, session: Session, kind: str | None, status: v1.SessionResourceStatus.ValueType
    ) -> AsyncIterator[v1.ListSessionResourcesResponse]:
        """ListSessionResources streams the entries of a session, in the order in
        which they were first registered.
        """

    @abstractmethod
    async def deregister(self, session: Session, change: Change[bool], resource_id: str) -> bool:
        """Deregister removes an entry and says whether it was there."""


def _session_resource_registry(store: SessionResourceRegistry) -> Mapping[str, Method]:
    return {
        "Register": changing(
            v1.RegisterRequest,
            v1.RegisterResponse,
            lambda r, c: store.register(session_of(r), c, r),
            lambda v: v1.RegisterResponse(entry=v),
            lambda a: a.entry,
        ),
        "UpdateStatus": changing(
            v1.UpdateStatusRequest,
            v1.UpdateStatusResponse,
            lambda r, c: store.update_status(session_of(r), c, r.resource_id, r.status),
            lambda v: v1.UpdateStatusResponse(entry=v),
            lambda a: a.entry if a.HasField("entry") else None,
        ),
        "GetSessionResource": reading(
            v1.GetSessionResourceRequest,
            v1.GetSessionResourceResponse,
            lambda r: store.get_session_resource(session_of(r), r.resource_id),
            lambda v: v1.GetSessionResourceResponse(entry=v),
        ),
        "ListSessionResources": streaming(
            v1.ListSessionResourcesRequest,
            v1.ListSessionResourcesResponse,
            lambda r: store.list_session_resources(session_of(r), r.kind if r.HasField("kind") else None, r.status),
        ),
        "Deregister": changing(
            v1.DeregisterRequest,
            v1.DeregisterResponse,
            lambda r, c: store.deregister(session_of(r), c, r.resource_id),
            lambda v: v1.DeregisterResponse(deregistered=v),
            lambda a: a.deregistered,
        ),
    }


class SessionScheduleStore(ABC):
    """SessionScheduleStoreService keeps the schedules of sessions and fires them.
    Optional: without it, tools cannot schedule anything.

    The server itself fires a schedule that is due. It must fire once for each
    due time, however many servers share the store. Firing stores an event
    `schedule.triggered`, whose data name the schedule, and a user's message with
    the description in the session, and requests the turn that answers it
    (TurnQueueService). What became due while no server ran is fired once, late.
    After firing, a one-shot schedule is disabled and a recurring one gets its
    next time.

    Servers that share a store must go by one clock, such as the database's. When
    it is set back, no schedule may wait until it gets there again: what was put
    off or planned by the wrong clock is planned anew.
    """

    @abstractmethod
    async def create_schedule(
        self,
        session: Session,
        change: Change[v1.SessionSchedule],
        description: str,
        cron_expression: str | None,
        scheduled_at: Timestamp | None,
        timezone: str,
    ) -> v1.SessionSchedule:
        """CreateSchedule creates a schedule and returns it, enabled. It is recurring
        if it has a cron expression, also if scheduled_at is set as well. Otherwise
        it is one-shot.

        INTERNAL + STORE: the cron expression or the time zone is invalid; neither
        a cron expression nor a time is given; the cron expression never comes
        true; the session has five enabled schedules already; or the session does
        not exist in the org. The text says what to change. FAILED_PRECONDITION +
        SESSION_ARCHIVED: the session is deleted.
        """

    @abstractmethod
    async def cancel_schedule(
        self, session: Session, change: Change[v1.SessionSchedule], schedule_id: str
    ) -> v1.SessionSchedule:
        """CancelSchedule disables a schedule and returns it. A schedule that is
        disabled already stays so; that is not an error.

        INTERNAL + STORE with "Schedule not found": the session has no such
        schedule.
        """

    @abstractmethod
    async def list_schedules(self, session: Session) -> Sequence[v1.SessionSchedule]:
        """ListSchedules returns the schedules of a session, disabled ones included,
        oldest first.
        """

    @abstractmethod
    async def count_active_schedules(self, session: Session) -> int:
        """CountActiveSchedules returns how many enabled schedules a session has."""


def _session_schedule_store(store: SessionScheduleStore) -> Mapping[str, Method]:
    return {
        "CreateSchedule": changing(
            v1.CreateScheduleRequest,
            v1.CreateScheduleResponse,
            lambda r, c: store.create_schedule(
                session_of(r),
                c,
                r.description,
                r.cron_expression if r.HasField("cron_expression") else None,
                r.scheduled_at if r.HasField("scheduled_at") else None,
                r.timezone,
            ),
            lambda v: v1.CreateScheduleResponse(schedule=v),
            lambda a: a.schedule,
        ),
        "CancelSchedule": changing(
            v1.CancelScheduleRequest,
            v1.CancelScheduleResponse,
            lambda r, c: store.cancel_schedule(session_of(r), c, r.schedule_id),
            lambda v: v1.CancelScheduleResponse(schedule=v),
            lambda a: a.schedule,
        ),
        "ListSchedules": reading(
            v1.ListSchedulesRequest,
            v1.ListSchedulesResponse,
            lambda r: store.list_schedules(session_of(r)),
            lambda v: v1.ListSchedulesResponse(schedules=v),
        ),
        "CountActiveSchedules": reading(
            v1.CountActiveSchedulesRequest,
            v1.CountActiveSchedulesResponse,
            lambda r: store.count_active_schedules(session_of(r)),
            lambda v: v1.CountActiveSchedulesResponse(count=v),
        ),
    }


class SessionSqlDbStore(ABC):
    """SessionSqlDbStoreService keeps small SQL databases for a session. A model
    fills and queries them. Optional: without it, the model has no SQL databases.

    Dialect. It is SQLite's: the model is told "standard SQLite SQL syntax".

    Names. A database's name has 1 to 64 ASCII letters, digits and underscores;
    case matters. Every method refuses any other name with
    SQL_INVALID_DATABASE_NAME. Sessions share nothing, and a session of another
    org has no databases.

    Calls. Every call stands alone: an open transaction, temporary tables and
    settings made with PRAGMA end with the call. A call that fails changes
    nothing. The cost of one call touches no other call: a server bounds the time
    and the memory of its statements, and the limit that was met ends that call
    alone. A server that cannot run statements now fails with UNAVAILABLE.

    Limits. Every server limits a query to 1,000 rows, as the model is told. A
    server may have further limits; it states none of them on the wire and names
    the one that was met in the text of the error. The reference server limits:
    - the databases of a session to 10, and the size of each to 64 MiB
      (SQL_LIMIT_EXCEEDED);
    - a value and a row of a table to 1 MiB, temporary storage (for sorting and
      the like) to 512 MiB, and the memory of a call's statements to 512 MiB
      (SQL_LIMIT_EXCEEDED);
    - a statement to 1,000 function calls, and to 50 LIKE and GLOB
      (SQL_LIMIT_EXCEEDED);
    - the SQL text of one call to 1 MiB (SQL_QUERY_ERROR);
    - a result to 4 MiB of JSON (SQL_RESULT_TOO_LARGE);
    - a call to 10 s (SQL_QUERY_TIMEOUT).

    Errors. The host shows the text of the errors below to the model. It hides
    the text of SQL_INTERNAL and of every other reason.
    - SQL_DATABASE_NOT_FOUND, SQL_DATABASE_ALREADY_EXISTS: the text is the name
      alone.
    - SQL_QUERY_ERROR: the SQL is wrong, or a constraint forbids what it does.
    - SQL_QUERY_TIMEOUT: `timeout_seconds` in the metadata. The text is not read.
    - SQL_AUTHORIZER_BLOCKED: the SQL asks for something that is not allowed,
      such as ATTACH, VACUUM, loading code, most PRAGMAs, or a change in a query.
      The reference server also refuses json_patch and json_pretty.
    """

    @abstractmethod
    async def create_database(self, session: Session, change: Change[v1.DatabaseInfo], name: str) -> v1.DatabaseInfo:
        """CreateDatabase creates an empty database.

        It fails with SQL_DATABASE_ALREADY_EXISTS if the database exists, with
        SQL_LIMIT_EXCEEDED if the session has as many databases as it may, and with
        SQL_INTERNAL if the session does not exist in the org.
        """

    @abstractmethod
    async def list_databases(self, session: Session) -> Sequence[v1.DatabaseInfo]:
        """ListDatabases returns the databases of a session, ascending by name. A
        session that does not exist in the org has none.
        """

    @abstractmethod
    async def get_database(self, session: Session, name: str) -> v1.DatabaseInfo | None:
        """GetDatabase describes a database. It is absent if it does not exist."""

    @abstractmethod
    async def delete_database(self, session: Session, change: Change[bool], name: str) -> bool:
        """DeleteDatabase deletes a database with everything in it and says whether it
        existed. Deleting what does not exist returns false.
        """

    @abstractmethod
    async def sql_execute(self, session: Session, change: Change[int], database_name: str, sql: str) -> int:
        """SqlExecute runs one or more statements, in order. It creates the database
        if it does not exist.

        Either all statements take effect or none does: if one fails, those before
        it are undone, and a database that the call has created is gone. Calls that
        change one database at the same time run one after the other. Statements
        may begin and end transactions; a transaction that is open at the end of
        the call is SQL_QUERY_ERROR. Rows that statements return (SELECT,
        RETURNING) are dropped. Foreign keys are enforced.
        """

    @abstractmethod
    def sql_query(self, session: Session, database_name: str, sql: str) -> AsyncIterator[v1.SqlQueryResponse]:
        """SqlQuery runs one statement that changes nothing and streams its result:
        the columns, then the rows in several messages, then the end. A client
        takes a result without its end for an incomplete one and reports an error.

        It fails with SQL_DATABASE_NOT_FOUND if the database does not exist, with
        SQL_AUTHORIZER_BLOCKED if the statement would change something, and with
        SQL_QUERY_ERROR if there is more than one statement.
        """

    @abstractmethod
    def sql_schema(
        self, session: Session, database_name: str, table: str | None
    ) -> AsyncIterator[v1.SqlSchemaResponse]:
        """SqlSchema streams the tables of a database, ascending by the bytes of their
        names. Views, indexes and SQLite's own tables are left out.

        It fails with SQL_DATABASE_NOT_FOUND if the database does not exist. The
        stream is empty if the database has no tables, or not the requested one.
        """


def _session_sql_db_store(store: SessionSqlDbStore) -> Mapping[str, Method]:
    return {
        "CreateDatabase": changing(
            v1.CreateDatabaseRequest,
            v1.CreateDatabaseResponse,
            lambda r, c: store.create_database(session_of(r), c, r.name),
            lambda v: v1.CreateDatabaseResponse(database=v),
            lambda a: a.database,
        ),
        "ListDatabases": reading(
            v1.ListDatabasesRequest,
            v1.ListDatabasesResponse,
            lambda r: store.list_databases(session_of(r)),
            lambda v: v1.ListDatabasesResponse(databases=v),
        ),
        "GetDatabase": reading(
            v1.GetDatabaseRequest,
            v1.GetDatabaseResponse,
            lambda r: store.get_database(session_of(r), r.name),
            lambda v: v1.GetDatabaseResponse(database=v),
        ),
        "DeleteDatabase": changing(
            v1.DeleteDatabaseRequest,
            v1.DeleteDatabaseResponse,
            lambda r, c: store.delete_database(session_of(r), c, r.name),
            lambda v: v1.DeleteDatabaseResponse(deleted=v),
            lambda a: a.deleted,
        ),
        "SqlExecute": changing(
            v1.SqlExecuteRequest,
            v1.SqlExecuteResponse,
            lambda r, c: store.sql_execute(session_of(r), c, r.database_name, r.sql),
            lambda v: v1.SqlExecuteResponse(rows_affected=v),
            lambda a: a.rows_affected,
        ),
        "SqlQuery": streaming(
            v1.SqlQueryRequest,
            v1.SqlQueryResponse,
            lambda r: store.sql_query(session_of(r), r.database_name, r.sql),
        ),
        "SqlSchema": streaming(
            v1.SqlSchemaRequest,
            v1.SqlSchemaResponse,
            lambda r: store.sql_schema(session_of(r), r.database_name, r.table if r.HasField("table") else None),
        ),
    }


class SessionStorageStore(ABC):
    """SessionStorageStoreService keeps values and secrets of a session. Optional:
    without it, tools cannot keep values or secrets.

    Values and secrets are two sets of keys: a value and a secret of one name are
    two things. A key is any string, compared byte for byte: case, trailing
    spaces and Unicode normalization matter. A server must take keys of 1,024
    bytes and may refuse longer ones with INTERNAL + STORE. It must not limit or
    hide keys otherwise: the host's tools take 255 bytes at most, and hide names
    that start with `browserless_internal:`.

    Setting a key again replaces its value, keeps its created_at and moves its
    updated_at on. A key that was never set is absent, not an error. Sessions
    share nothing.

    Secrets must be encrypted at rest. A server without an encryption key must
    refuse to set, read and list them: FAILED_PRECONDITION + CONFIGURATION with a
    text that contains "Encryption not configured", which the host's tools look
    for.
    """

    @abstractmethod
    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        """SetValue sets the value of a key."""

    @abstractmethod
    async def get_value(self, session: Session, key: str) -> str | None:
        """GetValue returns the value of a key. It is absent if the key was never set
        or was deleted.
        """

    @abstractmethod
    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        """DeleteValue deletes a key and says whether it existed. Deleting what does
        not exist returns false.
        """

    @abstractmethod
    async def list_keys(self, session: Session) -> Sequence[v1.KeyInfo]:
        """ListKeys returns all keys of a session without their values, ascending by
        the bytes of the keys.
        """

    @abstractmethod
    async def set_secret(self, session: Session, change: Change[None], name: str, value: str) -> None:
        """SetSecret sets a secret."""

    @abstractmethod
    async def get_secret(self, session: Session, name: str) -> str | None:
        """GetSecret returns a secret in clear text. It is absent if it was never set
        or was deleted.
        """

    @abstractmethod
    async def delete_secret(self, session: Session, change: Change[bool], name: str) -> bool:
        """DeleteSecret deletes a secret and says whether it existed. Deleting what
        does not exist returns false.
        """

    @abstractmethod
    async def list_secrets(self, session: Session) -> Sequence[v1.SecretInfo]:
        """ListSecrets returns the names of all secrets of a session, ascending by the
        bytes of the names. It never returns a secret.
        """


def _session_storage_store(store: SessionStorageStore) -> Mapping[str, Method]:
    return {
        "SetValue": changing(
            v1.SetValueRequest,
            v1.SetValueResponse,
            lambda r, c: store.set_value(session_of(r), c, r.key, r.value),
            lambda v: v1.SetValueResponse(),
            lambda a: None,
        ),
        "GetValue": reading(
            v1.GetValueRequest,
            v1.GetValueResponse,
            lambda r: store.get_value(session_of(r), r.key),
            lambda v: v1.GetValueResponse(value=v),
        ),
        "DeleteValue": changing(
            v1.DeleteValueRequest,
            v1.DeleteValueResponse,
            lambda r, c: store.delete_value(session_of(r), c, r.key),
            lambda v: v1.DeleteValueResponse(deleted=v),
            lambda a: a.deleted,
        ),
        "ListKeys": reading(
            v1.ListKeysRequest,
            v1.ListKeysResponse,
            lambda r: store.list_keys(session_of(r)),
            lambda v: v1.ListKeysResponse(keys=v),
        ),
        "SetSecret": changing(
            v1.SetSecretRequest,
            v1.SetSecretResponse,
            lambda r, c: store.set_secret(session_of(r), c, r.name, r.value),
            lambda v: v1.SetSecretResponse(),
            lambda a: None,
        ),
        "GetSecret": reading(
            v1.GetSecretRequest,
            v1.GetSecretResponse,
            lambda r: store.get_secret(session_of(r), r.name),
            lambda v: v1.GetSecretResponse(value=v),
        ),
        "DeleteSecret": changing(
            v1.DeleteSecretRequest,
            v1.DeleteSecretResponse,
            lambda r, c: store.delete_secret(session_of(r), c, r.name),
            lambda v: v1.DeleteSecretResponse(deleted=v),
            lambda a: a.deleted,
        ),
        "ListSecrets": reading(
            v1.ListSecretsRequest,
            v1.ListSecretsResponse,
            lambda r: store.list_secrets(session_of(r)),
            lambda v: v1.ListSecretsResponse(secrets=v),
        ),
    }


class UserConnectionResolver(ABC):
    """UserConnectionResolverService returns the connections of a user. Optional:
    without it, no user has connections.

    A connection belongs to a user of the org and a provider, such as `github`.
    Providers are compared byte for byte. A session uses the connections of the
    person who owns it: its resolved_owner_user_id, else the subject_id of its
    effective_owner, else that of its owner; the last two count only if they are
    of kind USER. A session that does not exist in the org, or that no person
    owns, has no connections.

    A missing connection is absent, not an error: the host then asks the user to
    connect, and does so only if the token is absent. A server must encrypt
    tokens and metadata at rest. A server without an encryption key must refuse
    to read them: FAILED_PRECONDITION + CONFIGURATION with a text that contains
    "Encryption not configured".
    """

    @abstractmethod
    async def get_connection_token(self, session: Session, provider: str) -> str | None:
        """GetConnectionToken returns the token of the session's user for a provider."""

    @abstractmethod
    async def get_connection_user(self, session: Session, provider: str) -> str | None:
        """GetConnectionUser returns the user whose connection a session uses. The
        answer must stay the same while the connection exists: what the session
        creates with the connection is cleaned up later under that user.
        """

    @abstractmethod
    async def get_connection_token_for_user(self, org: Org, user_id: str, provider: str) -> str | None:
        """GetConnectionTokenForUser returns the token of one user for a provider. For
        the user that GetConnectionUser returns, it is the token that
        GetConnectionToken returns.
        """

    @abstractmethod
    async def get_connection_metadata(self, session: Session, provider: str) -> str | None:
        """GetConnectionMetadata returns the metadata that are kept with the token of
        the session's user.
        """


def _user_connection_resolver(store: UserConnectionResolver) -> Mapping[str, Method]:
    return {
        "GetConnectionToken": reading(
            v1.GetConnectionTokenRequest,
            v1.GetConnectionTokenResponse,
            lambda r: store.get_connection_token(session_of(r), r.provider),
            lambda v: v1.GetConnectionTokenResponse(token=v),
        ),
        "GetConnectionUser": reading(
            v1.GetConnectionUserRequest,
            v1.GetConnectionUserResponse,
            lambda r: store.get_connection_user(session_of(r), r.provider),
            lambda v: v1.GetConnectionUserResponse(user_id=v),
        ),
        "GetConnectionTokenForUser": reading(
            v1.GetConnectionTokenForUserRequest,
            v1.GetConnectionTokenForUserResponse,
            lambda r: store.get_connection_token_for_user(org_of(r), r.user_id, r.provider),
            lambda v: v1.GetConnectionTokenForUserResponse(token=v),
        ),
        "GetConnectionMetadata": reading(
            v1.GetConnectionMetadataRequest,
            v1.GetConnectionMetadataResponse,
            lambda r: store.get_connection_metadata(session_of(r), r.provider),
            lambda v: v1.GetConnectionMetadataResponse(metadata_json=v),
        ),
    }


class TestSeed(ABC):
    """TestSeedService stores whole records under the ids that the caller chooses,
    in the org of the call. A record that exists under the id is replaced as a
    whole. Optional: offer it only if the server was told to at its start,
    because it lets every caller write every record of the org.
    """

    @abstractmethod
    async def put_harness(self, org: Org, harness: v1.Harness) -> None:
        """PutHarness stores a harness."""

    @abstractmethod
    async def put_agent(self, org: Org, agent: v1.Agent) -> None:
        """PutAgent stores an agent."""

    @abstractmethod
    async def put_session(self, org: Org, session: v1.Session) -> None:
        """PutSession stores a session. Its organization_id becomes that of the org of
        the call. If the session is new, the initial files of its harness, of its
        agent and of itself are placed in its workspace.
        """

    @abstractmethod
    async def put_provider_credential(self, org: Org, provider_type: str, credentials: v1.ProviderCredentials) -> None:
        """PutProviderCredential stores the org's credentials for a type of provider
        and replaces the existing ones.
        """

    @abstractmethod
    async def put_connection(self, org: Org, connection: v1.Connection) -> None:
        """PutConnection stores a user's connection with a provider and replaces the
        existing one.
        """

    @abstractmethod
    async def put_payment_policy(self, org: Org, policy: v1.LedgerPolicy, account: v1.LedgerAccount | None) -> None:
        """PutPaymentPolicy stores a payment policy, and the account that it pays from
        with its balance.
        """

    @abstractmethod
    async def put_model(self, org: Org, model_id: str, model: v1.ModelWithProvider, is_default: bool) -> None:
        """PutModel stores a model, and makes it the org's default if is_default is
        set.
        """

    @abstractmethod
    async def put_budget(self, org: Org, budget: v1.Budget) -> None:
        """PutBudget stores a budget."""

    @abstractmethod
    async def put_rate_limit(self, org: Org, max_calls: int, window_seconds: int) -> None:
        """PutRateLimit stores the org's limit on outbound tool calls."""


def _test_seed(store: TestSeed) -> Mapping[str, Method]:
    return {
        "PutHarness": reading(
            v1.PutHarnessRequest,
            v1.PutHarnessResponse,
            lambda r: store.put_harness(org_of(r), r.harness),
            lambda v: v1.PutHarnessResponse(),
        ),
        "PutAgent": reading(
            v1.PutAgentRequest,
            v1.PutAgentResponse,
            lambda r: store.put_agent(org_of(r), r.agent),
            lambda v: v1.PutAgentResponse(),
        ),
        "PutSession": reading(
            v1.PutSessionRequest,
            v1.PutSessionResponse,
            lambda r: store.put_session(org_of(r), r.session),
            lambda v: v1.PutSessionResponse(),
        ),
        "PutProviderCredential": reading(
            v1.PutProviderCredentialRequest,
            v1.PutProviderCredentialResponse,
            lambda r: store.put_provider_credential(org_of(r), r.provider_type, r.credentials),
            lambda v: v1.PutProviderCredentialResponse(),
        ),
        "PutConnection": reading(
            v1.PutConnectionRequest,
            v1.PutConnectionResponse,
            lambda r: store.put_connection(org_of(r), r.connection),
            lambda v: v1.PutConnectionResponse(),
        ),
        "PutPaymentPolicy": reading(
            v1.PutPaymentPolicyRequest,
            v1.PutPaymentPolicyResponse,
            lambda r: store.put_payment_policy(org_of(r), r.policy, r.account if r.HasField("account") else None),
            lambda v: v1.PutPaymentPolicyResponse(),
        ),
        "PutModel": reading(
            v1.PutModelRequest,
            v1.PutModelResponse,
            lambda r: store.put_model(org_of(r), r.model_id, r.model, r.is_default),
            lambda v: v1.PutModelResponse(),
        ),
        "PutBudget": reading(
            v1.PutBudgetRequest,
            v1.PutBudgetResponse,
            lambda r: store.put_budget(org_of(r), r.budget),
            lambda v: v1.PutBudgetResponse(),
        ),
        "PutRateLimit": reading(
            v1.PutRateLimitRequest,
            v1.PutRateLimitResponse,
            lambda r: store.put_rate_limit(org_of(r), r.max_calls, r.window_seconds),
            lambda v: v1.PutRateLimitResponse(),
        ),
    }


class TurnJournal(ABC):
    """TurnJournalService keeps unfinished turns and the results of tool calls.
    Optional: without it, a host keeps its turns itself, and no other host can take
    them over.
    """

    @abstractmethod
    async def put_turn(self, session: Session, change: Change[None], turn_id: str, record: bytes) -> None:
        """PutTurn stores the record of a turn, over the record that it had. The record
        must be durable when the server answers. A session may have several turns.
        """

    @abstractmethod
    async def get_turn(self, session: Session, turn_id: str) -> v1.GetTurnResponse:
        """GetTurn returns a turn with its record. A turn that does not exist is absent."""

    @abstractmethod
    async def remove_turn(self, session: Session, change: Change[bool], turn_id: str) -> bool:
        """RemoveTurn removes a turn that has ended, with its record and all of its tool
        calls. Removing a turn that does not exist returns false; its tool calls are
        removed all the same.
        """

    @abstractmethod
    def list_turns(self, org: Org, session_id: str | None, unleased_only: bool) -> AsyncIterator[v1.ListTurnsResponse]:
        """ListTurns streams the unfinished turns of the org or of a session, those that
        were stored first first, without their records.
        """

    @abstractmethod
    async def claim_tool_call(
        self, session: Session, change: Change[v1.ClaimToolCallResponse], request: v1.ClaimToolCallRequest
    ) -> v1.ClaimToolCallResponse:
        """ClaimToolCall claims a tool call before the tool runs, so that it runs once.
        Of several callers at the same time exactly one makes the claim.

        The answer says what to do:
        - `claimed`: the caller made the claim. It runs the tool, and then settles
          the call with the claim_token of the answer.
        - Otherwise `call` is what is stored, and the caller made no claim. SETTLED
          and INTERRUPTED: the tool has run; the caller uses the result. RUNNING
          under the caller's own fence: the holder of the lease runs it already.
          RUNNING under a lower fence: the call is in doubt. The host that claimed it
          was lost before it settled the call, and whether the tool ran is not known.
          A caller does not run it again unless the tool may run twice.

        `retake` claims a RUNNING call again, for a tool that may run twice. The former
        claim_token is then void. Without `retake`, a RUNNING call is never claimed
        again; a call that was settled never is.

        The server compares no fingerprints. If `call.args_fingerprint` differs from
        the caller's, the call has other arguments than the one that is stored, and
        the caller must not use the result.
        """

    @abstractmethod
    async def settle_tool_call(self, session: Session, change: Change[bool], request: v1.SettleToolCallRequest) -> bool:
        """SettleToolCall stores the result of a tool call. It must be durable when the
        server answers. A claim_token that is not the one of the running claim, and a
        call that is settled already, change nothing and return false.
        """

    @abstractmethod
    def list_tool_calls(
        self, session: Session, turn_id: str, tool_call_id: str | None
    ) -> AsyncIterator[v1.ListToolCallsResponse]:
        """ListToolCalls streams the tool calls of a turn, those that were claimed first
        first, or the one that is named. A call that does not exist is absent.
        """


def _turn_journal(store: TurnJournal) -> Mapping[str, Method]:
    return {
        "PutTurn": changing(
            v1.PutTurnRequest,
            v1.PutTurnResponse,
            lambda r, c: store.put_turn(session_of(r), c, r.turn_id, r.record),
            lambda v: v1.PutTurnResponse(),
            lambda a: None,
        ),
        "GetTurn": reading(
            v1.GetTurnRequest,
            v1.GetTurnResponse,
            lambda r: store.get_turn(session_of(r), r.turn_id),
            lambda v: v,
        ),
        "RemoveTurn": changing(
            v1.RemoveTurnRequest,
            v1.RemoveTurnResponse,
            lambda r, c: store.remove_turn(session_of(r), c, r.turn_id),
            lambda v: v1.RemoveTurnResponse(removed=v),
            lambda a: a.removed,
        ),
        "ListTurns": streaming(
            v1.ListTurnsRequest,
            v1.ListTurnsResponse,
            lambda r: store.list_turns(org_of(r), r.session_id if r.HasField("session_id") else None, r.unleased_only),
        ),
        "ClaimToolCall": changing(
            v1.ClaimToolCallRequest,
            v1.ClaimToolCallResponse,
            lambda r, c: store.claim_tool_call(session_of(r), c, r),
            lambda v: v,
            lambda a: a,
        ),
        "SettleToolCall": changing(
            v1.SettleToolCallRequest,
            v1.SettleToolCallResponse,
            lambda r, c: store.settle_tool_call(session_of(r), c, r),
            lambda v: v1.SettleToolCallResponse(settled=v),
            lambda a: a.settled,
        ),
        "ListToolCalls": streaming(
            v1.ListToolCallsRequest,
            v1.ListToolCallsResponse,
            lambda r: store.list_tool_calls(
                session_of(r), r.turn_id, r.tool_call_id if r.HasField("tool_call_id") else None
            ),
        ),
    }


class TurnQueue(ABC):
    """TurnQueueService hands turn requests to hosts. Optional: without it, messages
    that PlatformStoreService stores and schedules that fire start no turn.

    The server stores a turn request in the transaction that stores its message;
    the same transaction sets the session's status to ACTIVE. The request waits,
    across restarts of server and hosts, until a host takes it, and is then gone.
    One host takes it, however many follow.
    """

    @abstractmethod
    def follow_turn_requests(self, org: Org) -> AsyncIterator[v1.FollowTurnRequestsResponse]:
        """FollowTurnRequests streams the waiting turn requests of the org, oldest
        first, and then every further one, until the caller ends the call. The
        stream may contain a request that another host takes first, so a host must
        take a request before it runs the turn.
        """

    @abstractmethod
    async def take_turn_request(self, session: Session, change: Change[bool], input_message_id: str) -> bool:
        """TakeTurnRequest takes a turn request. Of several callers exactly one gets
        `taken`, and that one must run the turn. Taking a request that does not
        exist returns false; that is not an error.
        """


def _turn_queue(store: TurnQueue) -> Mapping[str, Method]:
    return {
        "FollowTurnRequests": streaming(
            v1.FollowTurnRequestsRequest,
            v1.FollowTurnRequestsResponse,
            lambda r: store.follow_turn_requests(org_of(r)),
        ),
        "TakeTurnRequest": changing(
            v1.TakeTurnRequestRequest,
            v1.TakeTurnRequestResponse,
            lambda r, c: store.take_turn_request(session_of(r), c, r.input_message_id),
            lambda v: v1.TakeTurnRequestResponse(taken=v),
            lambda a: a.taken,
        ),
    }


class UtilityLlm(ABC):
    """UtilityLlmService calls the platform's own language model, for use inside
    capabilities: to summarize, to classify, to name. Optional: without it,
    capabilities do without. Agents never see it. The operator chooses provider,
    model and key; a caller cannot.

    FEATURE_UTILITY_LLM_CONFIGURED in its offer says whether it has a model.
    Without a model every call fails with INTERNAL + LLM. A request without
    messages also fails with INTERNAL + LLM. A message without a role or content,
    and an unknown effort, are refused with INVALID_ARGUMENT + INVALID_FIELD.

    A client does not repeat a call: a completion costs money.
    """

    @abstractmethod
    async def chat_completion(self, org: Org, request_: v1.UtilityLlmRequest) -> v1.ChatCompletionResponse:
        """ChatCompletion returns a completion when it is complete."""

    @abstractmethod
    def chat_completion_stream(
        self, org: Org, request_: v1.UtilityLlmRequest
    ) -> AsyncIterator[v1.ChatCompletionStreamResponse]:
        """ChatCompletionStream streams a completion as the model produces it. The
        last event of a stream is `done` or `error`; it comes once. The caller may
        cancel the call at any time; the server must then stop the call of the
        provider.
        """


def _utility_llm(store: UtilityLlm) -> Mapping[str, Method]:
    return {
        "ChatCompletion": reading(
            v1.ChatCompletionRequest,
            v1.ChatCompletionResponse,
            lambda r: store.chat_completion(org_of(r), r.request),
            lambda v: v,
        ),
        "ChatCompletionStream": streaming(
            v1.ChatCompletionStreamRequest,
            v1.ChatCompletionStreamResponse,
            lambda r: store.chat_completion_stream(org_of(r), r.request),
        ),
    }


SERVICES: tuple[Service, ...] = (
    service(
        "mortise.adapter.v1.AgentStoreService",
        AgentStore,
        _agent_store,
    ),
    service(
        "mortise.adapter.v1.BudgetCheckerService",
        BudgetChecker,
        _budget_checker,
    ),
    service(
        "mortise.adapter.v1.EgressService",
        Egress,
        _egress,
    ),
    service(
        "mortise.adapter.v1.EventEmitterService",
        EventEmitter,
        _event_emitter,
        v1.Feature.FEATURE_EMIT_STREAM,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.EventLogService",
        EventLog,
        _event_log,
    ),
    service(
        "mortise.adapter.v1.HarnessStoreService",
        HarnessStore,
        _harness_store,
    ),
    service(
        "mortise.adapter.v1.ImageArtifactStoreService",
        ImageArtifactStore,
        _image_artifact_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.ImageResolverService",
        ImageResolver,
        _image_resolver,
    ),
    service(
        "mortise.adapter.v1.LeasedResourceStoreService",
        LeasedResourceStore,
        _leased_resource_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.LlmProviderStoreService",
        LlmProviderStore,
        _llm_provider_store,
    ),
    service(
        "mortise.adapter.v1.McpService",
        Mcp,
        _mcp,
    ),
    service(
        "mortise.adapter.v1.MemoryStoreService",
        MemoryStore,
        _memory_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionStoreService",
        SessionStore,
        _session_store,
    ),
    service(
        "mortise.adapter.v1.MessageRetrieverService",
        MessageRetriever,
        _message_retriever,
    ),
    service(
        "mortise.adapter.v1.OutboundToolRateLimiterService",
        OutboundToolRateLimiter,
        _outbound_tool_rate_limiter,
    ),
    service(
        "mortise.adapter.v1.PaymentAuthorityService",
        PaymentAuthority,
        _payment_authority,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.PlatformStoreService",
        PlatformStore,
        _platform_store,
        v1.Feature.FEATURE_SESSION_SETTINGS,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.ProviderCredentialStoreService",
        ProviderCredentialStore,
        _provider_credential_store,
    ),
    service(
        "mortise.adapter.v1.RuntimeHostService",
        RuntimeHost,
        _runtime_host,
        v1.Feature.FEATURE_TURN_SNAPSHOT,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionFileSystemService",
        SessionFileSystem,
        _session_file_system,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionLeaseService",
        SessionLease,
        _session_lease,
    ),
    service(
        "mortise.adapter.v1.SessionMutatorService",
        SessionMutator,
        _session_mutator,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionResourceRegistryService",
        SessionResourceRegistry,
        _session_resource_registry,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionScheduleStoreService",
        SessionScheduleStore,
        _session_schedule_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionSqlDbStoreService",
        SessionSqlDbStore,
        _session_sql_db_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.SessionStorageStoreService",
        SessionStorageStore,
        _session_storage_store,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.UserConnectionResolverService",
        UserConnectionResolver,
        _user_connection_resolver,
    ),
    service(
        "mortise.adapter.v1.TestSeedService",
        TestSeed,
        _test_seed,
    ),
    service(
        "mortise.adapter.v1.TurnJournalService",
        TurnJournal,
        _turn_journal,
        v1.Feature.FEATURE_FENCED,
    ),
    service(
        "mortise.adapter.v1.TurnQueueService",
        TurnQueue,
        _turn_queue,
    ),
    service(
        "mortise.adapter.v1.UtilityLlmService",
        UtilityLlm,
        _utility_llm,
        v1.Feature.FEATURE_UTILITY_LLM_CONFIGURED,
    ),
)

__all__ = [
    "AgentStore",
    "BudgetChecker",
    "Egress",
    "EventEmitter",
    "EventLog",
    "HarnessStore",
    "ImageArtifactStore",
    "ImageResolver",
    "LeasedResourceStore",
    "LlmProviderStore",
    "Mcp",
    "MemoryStore",
    "SessionStore",
    "MessageRetriever",
    "OutboundToolRateLimiter",
    "PaymentAuthority",
    "PlatformStore",
    "ProviderCredentialStore",
    "RuntimeHost",
    "SessionFileSystem",
    "SessionLease",
    "SessionMutator",
    "SessionResourceRegistry",
    "SessionScheduleStore",
    "SessionSqlDbStore",
    "SessionStorageStore",
    "UserConnectionResolver",
    "TestSeed",
    "TurnJournal",
    "TurnQueue",
    "UtilityLlm",
]
