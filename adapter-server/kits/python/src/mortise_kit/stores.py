# Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.
# ruff: noqa: E501
"""What an author implements: one class per service, with a method per RPC."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mortise.adapter.v1 import (
    agent_store_pb2,
    app_pb2,
    budget_checker_pb2,
    context_report_pb2,
    egress_pb2,
    event_emitter_pb2,
    event_log_pb2,
    harness_store_pb2,
    image_artifact_store_pb2,
    image_resolver_pb2,
    leased_resource_store_pb2,
    llm_provider_store_pb2,
    mcp_pb2,
    memory_store_pb2,
    message_retriever_pb2,
    outbound_tool_rate_limiter_pb2,
    payment_authority_pb2,
    platform_agent_pb2,
    platform_app_pb2,
    platform_harness_pb2,
    platform_session_pb2,
    platform_store_pb2,
    platform_types_pb2,
    provider_credential_store_pb2,
    runtime_host_pb2,
    session_file_system_pb2,
    session_mutator_pb2,
    session_resource_registry_pb2,
    session_schedule_store_pb2,
    session_sql_db_store_pb2,
    session_storage_store_pb2,
    session_store_pb2,
    test_seed_pb2,
    turn_queue_pb2,
    user_connection_resolver_pb2,
    utility_llm_pb2,
)

from .change import Change
from .types import Org, Session, Shape

__all__ = ["Duration", "Mapping", "Timestamp", "AgentStore", "BudgetChecker", "Egress", "EventEmitter", "EventLog", "HarnessStore", "ImageArtifactStore", "ImageResolver", "LeasedResourceStore", "LlmProviderStore", "Mcp", "MemoryStore", "SessionStore", "MessageRetriever", "OutboundToolRateLimiter", "PaymentAuthority", "PlatformStore", "ProviderCredentialStore", "RuntimeHost", "SessionFileSystem", "SessionMutator", "SessionResourceRegistry", "SessionScheduleStore", "SessionSqlDbStore", "SessionStorageStore", "UserConnectionResolver", "TestSeed", "TurnQueue", "UtilityLlm"]


class AgentStore(ABC):
    """AgentStoreService returns agents. Required: a host runs no turn without it."""

    SERVICE = "mortise.adapter.v1.AgentStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetAgent", "get_agent", agent_store_pb2.GetAgentRequest, agent_store_pb2.GetAgentResponse, params=("agent_id",), result="agent"),
    )

    @abstractmethod
    async def get_agent(self, org: Org, agent_id: str) -> agent_store_pb2.Agent | None:
        """GetAgent returns the agent with a public id.

        An agent that does not exist in the org is absent, not an error. An
        archived agent must be returned with its status. A deleted agent may be
        returned with its status or be absent. The host checks the status before
        every phase and ends the turn if the agent is not active, so an answer must
        show every change that was made before the call.
        """


class BudgetChecker(ABC):
    """BudgetCheckerService returns the budgets of a session. Optional: without it,
    sessions have no budgets.
    """

    SERVICE = "mortise.adapter.v1.BudgetCheckerService"
    FEATURES = ()
    SHAPES = (
        Shape("CheckBudgets", "check_budgets", budget_checker_pb2.CheckBudgetsRequest, budget_checker_pb2.CheckBudgetsResponse, params=("agent_id",), session=True),
    )

    @abstractmethod
    async def check_budgets(self, session: Session, agent_id: str | None) -> budget_checker_pb2.CheckBudgetsResponse:
        """CheckBudgets returns every budget that the session's spending counts
        against: the budgets of the session, of its agent, of the agent in the
        request and of the org.

        A session that does not exist in the org has no budgets: the answer is
        `no_budgets` and an empty list, or an error. It must never hold budgets of
        another org.
        """


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

    SERVICE = "mortise.adapter.v1.EgressService"
    FEATURES = ()
    SHAPES = (
        Shape("Send", "send", egress_pb2.SendRequest, egress_pb2.SendResponse, params=("request",), server_stream=True),
        Shape("SendStream", "send_stream", egress_pb2.SendStreamRequest, egress_pb2.SendStreamResponse, params=("request",), server_stream=True),
    )

    @abstractmethod
    def send(self, org: Org, request: egress_pb2.EgressRequest) -> AsyncIterator[egress_pb2.SendResponse]:
        """Send sends a request and streams the answer, which the client puts
        together. A server may refuse an answer that is too large to hold with
        INTERNAL + EGRESS_TRANSPORT; the reference server holds 32 MiB.
        """

    @abstractmethod
    def send_stream(self, org: Org, request: egress_pb2.EgressRequest) -> AsyncIterator[egress_pb2.SendStreamResponse]:
        """SendStream sends a request and streams the answer as it arrives: the head
        as soon as it is there, then the body without waiting for its end. The
        caller may cancel the call at any time; the server must then stop the
        transfer.
        """


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

    SERVICE = "mortise.adapter.v1.EventEmitterService"
    FEATURES = ("FEATURE_EMIT_STREAM", )
    SHAPES = (
        Shape("Emit", "emit", event_emitter_pb2.EmitRequest, event_emitter_pb2.EmitResponse, params=("event", "proposed_event_id"), keyed=True),
    )

    @abstractmethod
    async def emit(self, org: Org, change: Change[event_emitter_pb2.EmitResponse], event: event_emitter_pb2.NewEvent, proposed_event_id: str) -> event_emitter_pb2.EmitResponse:
        """Emit stores one event. The event must be durable when the server answers,
        and its message must be readable.

        INVALID_ARGUMENT + INVALID_FIELD: session, type, time or data are missing,
        an id is malformed, an open value breaks its grammar, or the data of an
        event that creates a message are not what its type says. NOT_FOUND +
        SESSION_NOT_FOUND: the server keeps sessions and has none of this id.
        FAILED_PRECONDITION + SESSION_ARCHIVED: the session is deleted. A server may
        accept an ephemeral event of a deleted session for a few seconds more.
        INTERNAL + STORE: neither the event nor its message was stored, for instance
        because the session has a message of this id already.
        """


class EventLog(ABC):
    """EventLogService returns what EventEmitterService stored. Optional: without
    it, a host runs turns, but its callers cannot read or follow events.
    """

    SERVICE = "mortise.adapter.v1.EventLogService"
    FEATURES = ()
    SHAPES = (
        Shape("ReadEvents", "read_events", event_log_pb2.ReadEventsRequest, event_log_pb2.ReadEventsResponse, params=("after_sequence", "limit"), session=True, server_stream=True),
        Shape("FollowEvents", "follow_events", event_log_pb2.FollowEventsRequest, event_log_pb2.FollowEventsResponse, params=("after_sequence",), session=True, server_stream=True),
    )

    @abstractmethod
    def read_events(self, session: Session, after_sequence: int, limit: int) -> AsyncIterator[event_log_pb2.ReadEventsResponse]:
        """ReadEvents streams the stored events of a session that come after a
        sequence number, in order, and ends. An event must be readable as soon as
        its emit is answered. Ephemeral events are not among them. A session that
        does not exist in the org has no events; that is not an error.
        """

    @abstractmethod
    def follow_events(self, session: Session, after_sequence: int) -> AsyncIterator[event_log_pb2.FollowEventsResponse]:
        """FollowEvents streams the stored events of a session that come after a
        sequence number, in order, and then every further event when it is stored,
        with ephemeral events between them, until the caller ends the call. No
        stored event may be lost or sent twice, also if the follower reads slowly
        or if the events do not exist yet. Ephemeral events may be lost. A slow or
        absent follower must not hold up emits. A server that stops ends the
        stream; the client then follows again from the last number that it has
        seen.
        """


class HarnessStore(ABC):
    """HarnessStoreService returns harnesses with their ancestors. Required: a host
    runs no turn without it.
    """

    SERVICE = "mortise.adapter.v1.HarnessStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetHarnessChain", "get_harness_chain", harness_store_pb2.GetHarnessChainRequest, harness_store_pb2.GetHarnessChainResponse, params=("harness_id",), result="harnesses"),
    )

    @abstractmethod
    async def get_harness_chain(self, org: Org, harness_id: str) -> Sequence[harness_store_pb2.Harness]:
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


class ImageArtifactStore(ABC):
    """ImageArtifactStoreService keeps the images of an org. Optional: without it,
    tools cannot create images.

    An image has at most 64 MiB (67108864 bytes) and never changes. The same
    bytes stored twice are two images. ImageResolverService resolves the same
    images, by the UUID in their id.
    """

    SERVICE = "mortise.adapter.v1.ImageArtifactStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("CreateImage", "create_image", image_artifact_store_pb2.CreateImageRequest, image_artifact_store_pb2.CreateImageResponse, params=(), result="image", keyed=True, whole=True, client_stream=True),
        Shape("GetImage", "get_image", image_artifact_store_pb2.GetImageRequest, image_artifact_store_pb2.GetImageResponse, params=("image_id",), server_stream=True),
        Shape("GetImageInfo", "get_image_info", image_artifact_store_pb2.GetImageInfoRequest, image_artifact_store_pb2.GetImageInfoResponse, params=("image_id",), result="image"),
    )

    @abstractmethod
    async def create_image(self, org: Org, change: Change[image_artifact_store_pb2.StoredImageInfo], request: image_artifact_store_pb2.CreateImageRequest, following: AsyncIterator[image_artifact_store_pb2.CreateImageRequest]) -> image_artifact_store_pb2.StoredImageInfo:
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
    def get_image(self, org: Org, image_id: str) -> AsyncIterator[image_artifact_store_pb2.GetImageResponse]:
        """GetImage returns an image with its bytes. The first message of the stream
        describes the image, and chunks of its bytes follow. The stream is empty if
        there is no such image in the org.
        """

    @abstractmethod
    async def get_image_info(self, org: Org, image_id: str) -> image_artifact_store_pb2.StoredImageInfo | None:
        """GetImageInfo returns the description of an image without its bytes."""


class ImageResolver(ABC):
    """ImageResolverService returns the image that an `image_file` part of a message
    names. Optional: without it, and if it fails or finds nothing, the model gets
    a line of text instead of the image.
    """

    SERVICE = "mortise.adapter.v1.ImageResolverService"
    FEATURES = ()
    SHAPES = (
        Shape("ResolveImage", "resolve_image", image_resolver_pb2.ResolveImageRequest, image_resolver_pb2.ResolveImageResponse, params=("image_id",), server_stream=True),
    )

    @abstractmethod
    def resolve_image(self, org: Org, image_id: str) -> AsyncIterator[image_resolver_pb2.ResolveImageResponse]:
        """ResolveImage returns an image in base64. The first message of the stream is
        the header, and chunks of the base64 text follow. The stream is empty if
        there is no such image in the org.
        """


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

    SERVICE = "mortise.adapter.v1.LeasedResourceStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("UpsertResource", "upsert_resource", leased_resource_store_pb2.UpsertResourceRequest, leased_resource_store_pb2.UpsertResourceResponse, params=(), result="resource", session=True, keyed=True, whole=True),
        Shape("ReleaseResource", "release_resource", leased_resource_store_pb2.ReleaseResourceRequest, leased_resource_store_pb2.ReleaseResourceResponse, params=("provider", "resource_type", "external_id"), result="resource", session=True, keyed=True),
        Shape("ListResources", "list_resources", leased_resource_store_pb2.ListResourcesRequest, leased_resource_store_pb2.ListResourcesResponse, params=(), result="resources", session=True),
    )

    @abstractmethod
    async def upsert_resource(self, session: Session, change: Change[leased_resource_store_pb2.LeasedResource], request: leased_resource_store_pb2.UpsertResourceRequest) -> leased_resource_store_pb2.LeasedResource:
        """UpsertResource creates a lease or renews it. The lease becomes active,
        whatever its status was, and expires lease_duration_seconds from now. A
        lease that exists keeps its id and its created_at; display name, owner and
        metadata are replaced. Calls for one lease at the same time create one
        lease.
        """

    @abstractmethod
    async def release_resource(self, session: Session, change: Change[leased_resource_store_pb2.LeasedResource | None], provider: str, resource_type: str, external_id: str) -> leased_resource_store_pb2.LeasedResource | None:
        """ReleaseResource marks a lease as released before it expires. The lease
        stays in the list. A lease that does not exist is absent in the answer, not
        an error.
        """

    @abstractmethod
    async def list_resources(self, session: Session) -> Sequence[leased_resource_store_pb2.LeasedResource]:
        """ListResources returns the leases of a session, released ones included, in
        the order in which they were created. A session that does not exist in the
        org has none.
        """


class LlmProviderStore(ABC):
    """LlmProviderStoreService returns models. Required: a host runs no turn without
    it.
    """

    SERVICE = "mortise.adapter.v1.LlmProviderStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetModelWithProvider", "get_model_with_provider", llm_provider_store_pb2.GetModelWithProviderRequest, llm_provider_store_pb2.GetModelWithProviderResponse, params=("model_id",), result="model"),
        Shape("GetDefaultModel", "get_default_model", llm_provider_store_pb2.GetDefaultModelRequest, llm_provider_store_pb2.GetDefaultModelResponse, params=(), result="model"),
    )

    @abstractmethod
    async def get_model_with_provider(self, org: Org, model_id: str) -> llm_provider_store_pb2.ModelWithProvider | None:
        """GetModelWithProvider returns the model with an id.

        A model that does not exist in the org is absent, not an error: the host
        then tries the next model in its order. An error ends the turn.
        """

    @abstractmethod
    async def get_default_model(self, org: Org) -> llm_provider_store_pb2.ModelWithProvider | None:
        """GetDefaultModel returns the org's default model. It is absent if none is
        set.
        """


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

    SERVICE = "mortise.adapter.v1.McpService"
    FEATURES = ()
    SHAPES = (
        Shape("ListMcpServers", "list_mcp_servers", mcp_pb2.ListMcpServersRequest, mcp_pb2.ListMcpServersResponse, params=(), result="servers", session=True),
        Shape("ResolveMcpConnection", "resolve_mcp_connection", mcp_pb2.ResolveMcpConnectionRequest, mcp_pb2.ResolveMcpConnectionResponse, params=("server_prefix",), result="connection", session=True),
        Shape("AuthorizeMcpServer", "authorize_mcp_server", mcp_pb2.AuthorizeMcpServerRequest, mcp_pb2.AuthorizeMcpServerResponse, params=("server_name", "auth_mode", "oauth_provider_id"), result="credential", session=True),
    )

    @abstractmethod
    async def list_mcp_servers(self, session: Session) -> Sequence[mcp_pb2.McpServer]:
        """ListMcpServers returns the MCP servers of the session, each once, in the
        order of the bytes of their names. MCP servers that run as a process are
        included; a host that starts no processes leaves them out and logs it.
        """

    @abstractmethod
    async def resolve_mcp_connection(self, session: Session, server_prefix: str) -> mcp_pb2.McpConnection | None:
        """ResolveMcpConnection returns how to reach the MCP server with a prefix. A
        prefix that no MCP server of the session has is absent, not an error.
        """

    @abstractmethod
    async def authorize_mcp_server(self, session: Session, server_name: str, auth_mode: platform_types_pb2.McpAuthMode, oauth_provider_id: str | None) -> mcp_pb2.McpCredential | None:
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


class MemoryStore(ABC):
    """MemoryStoreService keeps the memories of an org in stores. Optional: without
    it, agents remember nothing between sessions.

    Everything belongs to the org of the call. A store or memory of another org
    is absent, and a query without a store searches the stores of this org alone.
    """

    SERVICE = "mortise.adapter.v1.MemoryStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetOrCreateDefaultStore", "get_or_create_default_store", memory_store_pb2.GetOrCreateDefaultStoreRequest, memory_store_pb2.GetOrCreateDefaultStoreResponse, params=("org_id",), result="store", keyed=True),
        Shape("GetMemoryStore", "get_memory_store", memory_store_pb2.GetMemoryStoreRequest, memory_store_pb2.GetMemoryStoreResponse, params=("store_id",), result="store"),
        Shape("CreateMemory", "create_memory", memory_store_pb2.CreateMemoryRequest, memory_store_pb2.CreateMemoryResponse, params=(), result="memory", keyed=True, whole=True),
        Shape("Recall", "recall", memory_store_pb2.RecallRequest, memory_store_pb2.RecallResponse, params=(), whole=True, server_stream=True),
        Shape("Forget", "forget", memory_store_pb2.ForgetRequest, memory_store_pb2.ForgetResponse, params=("store_id", "memory_id"), result="forgotten", keyed=True),
        Shape("CountActive", "count_active", memory_store_pb2.CountActiveRequest, memory_store_pb2.CountActiveResponse, params=("store_id",), result="count"),
    )

    @abstractmethod
    async def get_or_create_default_store(self, org: Org, change: Change[memory_store_pb2.MemoryStore], org_id: str) -> memory_store_pb2.MemoryStore:
        """GetOrCreateDefaultStore returns the org's default store, named `default`,
        and creates it if there is none. An org has one default store, also if
        several calls come at the same time.
        """

    @abstractmethod
    async def get_memory_store(self, org: Org, store_id: str) -> memory_store_pb2.MemoryStore | None:
        """GetMemoryStore returns the store with an id. A store that does not exist in
        the org is absent.
        """

    @abstractmethod
    async def create_memory(self, org: Org, change: Change[memory_store_pb2.Memory], request: memory_store_pb2.CreateMemoryRequest) -> memory_store_pb2.Memory:
        """CreateMemory stores a memory and returns it. The memory is active. An
        importance below 1 becomes 1, one above 10 becomes 10.

        INTERNAL + STORE: the store does not exist in the org (the text contains
        "not found"), or it holds as many active memories as it may; the reference
        server takes 10,000. INVALID_ARGUMENT + INVALID_FIELD: an id is malformed,
        the kind is missing, or a part has no content.
        """

    @abstractmethod
    def recall(self, org: Org, request: memory_store_pb2.RecallRequest) -> AsyncIterator[memory_store_pb2.RecallResponse]:
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


class SessionStore(ABC):
    """SessionStoreService returns sessions. Required: a host runs no turn without
    it.
    """

    SERVICE = "mortise.adapter.v1.SessionStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetSession", "get_session", session_store_pb2.GetSessionRequest, session_store_pb2.GetSessionResponse, params=(), result="session", session=True),
    )

    @abstractmethod
    async def get_session(self, session: Session) -> session_store_pb2.Session | None:
        """GetSession returns the session with an id, whatever its status. A session
        that does not exist in the org is absent, not an error.
        """


class MessageRetriever(ABC):
    """MessageRetrieverService returns the messages that events have created;
    EventEmitterService says which events do. Required: a host runs no turn
    without it. It only reads: history is written by emitting events.

    Messages are in the order of their events, oldest first. A session that does
    not exist in the org has no messages; that is not an error. A message must be
    readable as soon as the emit of its event is answered, over any connection.
    Its id and its created_at never change. A caller that reads while others emit
    sees the start of the history without a gap.

    Lists are streamed in chunks, because a history has no size limit. One
    message has: Limits.max_message_bytes.
    """

    SERVICE = "mortise.adapter.v1.MessageRetrieverService"
    FEATURES = ()
    SHAPES = (
        Shape("GetMessage", "get_message", message_retriever_pb2.GetMessageRequest, message_retriever_pb2.GetMessageResponse, params=("message_id",), result="message", session=True),
        Shape("LoadMessages", "load_messages", message_retriever_pb2.LoadMessagesRequest, message_retriever_pb2.LoadMessagesResponse, params=(), session=True, server_stream=True),
        Shape("LoadFilteredMessages", "load_filtered_messages", message_retriever_pb2.LoadFilteredMessagesRequest, message_retriever_pb2.LoadFilteredMessagesResponse, params=("filters", "limit", "offset"), session=True, server_stream=True),
        Shape("LoadMessagePage", "load_message_page", message_retriever_pb2.LoadMessagePageRequest, message_retriever_pb2.LoadMessagePageResponse, params=("offset", "limit"), session=True, server_stream=True),
        Shape("CountMessages", "count_messages", message_retriever_pb2.CountMessagesRequest, message_retriever_pb2.CountMessagesResponse, params=(), result="count", session=True),
    )

    @abstractmethod
    async def get_message(self, session: Session, message_id: str) -> message_retriever_pb2.Message | None:
        """GetMessage returns one message of a session. It is absent if the session
        has no message of this id.
        """

    @abstractmethod
    def load_messages(self, session: Session) -> AsyncIterator[message_retriever_pb2.LoadMessagesResponse]:
        """LoadMessages streams all messages of a session, oldest first."""

    @abstractmethod
    def load_filtered_messages(self, session: Session, filters: Sequence[message_retriever_pb2.MessageFilter], limit: int | None, offset: int | None) -> AsyncIterator[message_retriever_pb2.LoadFilteredMessagesResponse]:
        """LoadFilteredMessages streams the messages that pass every filter, cut to a
        window.

        Of the messages that pass, the server drops the oldest `offset`, then keeps
        the newest `limit` of the rest, and sends them oldest first. The first
        message of the stream says how many passed before offset and limit.
        """

    @abstractmethod
    def load_message_page(self, session: Session, offset: int, limit: int) -> AsyncIterator[message_retriever_pb2.LoadMessagePageResponse]:
        """LoadMessagePage streams `limit` messages from position `offset`, counted
        from the oldest. Past the end there are none; that is not an error.
        """

    @abstractmethod
    async def count_messages(self, session: Session) -> int:
        """CountMessages returns how many messages LoadMessages would stream."""


class OutboundToolRateLimiter(ABC):
    """OutboundToolRateLimiterService says whether an org may make one more outbound
    tool call. Optional: without it, every call is allowed.

    The host asks before every such call, with up to 32 calls at the same time.
    The check fails open: the host takes every error, every answer that it cannot
    read and every wait of more than 1 s for a yes. So a server must answer
    quickly.
    """

    SERVICE = "mortise.adapter.v1.OutboundToolRateLimiterService"
    FEATURES = ()
    SHAPES = (
        Shape("CheckOrg", "check_org", outbound_tool_rate_limiter_pb2.CheckOrgRequest, outbound_tool_rate_limiter_pb2.CheckOrgResponse, params=("org_id",), result="allowed"),
    )

    @abstractmethod
    async def check_org(self, org: Org, org_id: str) -> bool:
        """CheckOrg counts a call of the org and says whether it is allowed. Orgs do
        not share a counter. An org without a limit is allowed every call. Servers
        that share a database may count apart.
        """


class PaymentAuthority(ABC):
    """PaymentAuthorityService pays for what capabilities buy. Optional: without it,
    capabilities cannot pay.

    The server chooses the account, enforces the policy, pays and keeps the
    receipt. A model never sees an account or a means of payment; capabilities
    send fixed requests of their own.
    """

    SERVICE = "mortise.adapter.v1.PaymentAuthorityService"
    FEATURES = ()
    SHAPES = (
        Shape("ExecuteMachinePayment", "execute_machine_payment", payment_authority_pb2.ExecuteMachinePaymentRequest, payment_authority_pb2.ExecuteMachinePaymentResponse, params=("agent_id", "payment"), result="payment", session=True, keyed=True),
    )

    @abstractmethod
    async def execute_machine_payment(self, session: Session, change: Change[payment_authority_pb2.MachinePaymentResponse], agent_id: str | None, payment: payment_authority_pb2.MachinePaymentRequest) -> payment_authority_pb2.MachinePaymentResponse:
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

    SERVICE = "mortise.adapter.v1.PlatformStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("ListHarnesses", "list_harnesses", platform_harness_pb2.ListHarnessesRequest, platform_harness_pb2.ListHarnessesResponse, params=(), server_stream=True),
        Shape("GetHarness", "get_harness", platform_harness_pb2.PlatformStoreServiceGetHarnessRequest, platform_harness_pb2.PlatformStoreServiceGetHarnessResponse, params=("harness_id",), result="harness"),
        Shape("CreateHarness", "create_harness", platform_harness_pb2.CreateHarnessRequest, platform_harness_pb2.CreateHarnessResponse, params=(), result="harness", keyed=True, whole=True),
        Shape("UpdateHarness", "update_harness", platform_harness_pb2.UpdateHarnessRequest, platform_harness_pb2.UpdateHarnessResponse, params=(), result="harness", keyed=True, whole=True),
        Shape("DeleteHarness", "delete_harness", platform_harness_pb2.DeleteHarnessRequest, platform_harness_pb2.DeleteHarnessResponse, params=("harness_id",), empty=True, keyed=True),
        Shape("CopyHarness", "copy_harness", platform_harness_pb2.CopyHarnessRequest, platform_harness_pb2.CopyHarnessResponse, params=("harness_id", "new_name"), result="harness", keyed=True),
        Shape("ListAgents", "list_agents", platform_agent_pb2.ListAgentsRequest, platform_agent_pb2.ListAgentsResponse, params=(), server_stream=True),
        Shape("GetAgentById", "get_agent_by_id", platform_agent_pb2.GetAgentByIdRequest, platform_agent_pb2.GetAgentByIdResponse, params=("agent_id",), result="agent"),
        Shape("CreateAgent", "create_agent", platform_agent_pb2.CreateAgentRequest, platform_agent_pb2.CreateAgentResponse, params=(), result="agent", keyed=True, whole=True),
        Shape("UpdateAgent", "update_agent", platform_agent_pb2.UpdateAgentRequest, platform_agent_pb2.UpdateAgentResponse, params=(), result="agent", keyed=True, whole=True),
        Shape("DeleteAgent", "delete_agent", platform_agent_pb2.DeleteAgentRequest, platform_agent_pb2.DeleteAgentResponse, params=("agent_id",), empty=True, keyed=True),
        Shape("ListApps", "list_apps", platform_app_pb2.ListAppsRequest, platform_app_pb2.ListAppsResponse, params=("search", "include_archived"), server_stream=True),
        Shape("GetApp", "get_app", platform_app_pb2.GetAppRequest, platform_app_pb2.GetAppResponse, params=("app_id",), result="app"),
        Shape("CreateApp", "create_app", platform_app_pb2.CreateAppRequest, platform_app_pb2.CreateAppResponse, params=(), result="app", keyed=True, whole=True),
        Shape("UpdateApp", "update_app", platform_app_pb2.UpdateAppRequest, platform_app_pb2.UpdateAppResponse, params=(), result="app", keyed=True, whole=True),
        Shape("DeleteApp", "delete_app", platform_app_pb2.DeleteAppRequest, platform_app_pb2.DeleteAppResponse, params=("app_id",), empty=True, keyed=True),
        Shape("DestroyApp", "destroy_app", platform_app_pb2.DestroyAppRequest, platform_app_pb2.DestroyAppResponse, params=("app_id",), empty=True, keyed=True),
        Shape("PublishApp", "publish_app", platform_app_pb2.PublishAppRequest, platform_app_pb2.PublishAppResponse, params=("app_id",), result="app", keyed=True),
        Shape("UnpublishApp", "unpublish_app", platform_app_pb2.UnpublishAppRequest, platform_app_pb2.UnpublishAppResponse, params=("app_id",), result="app", keyed=True),
        Shape("AddAppChannel", "add_app_channel", platform_app_pb2.AddAppChannelRequest, platform_app_pb2.AddAppChannelResponse, params=("app_id", "channel_type", "channel_config_json", "enabled"), result="channel", keyed=True),
        Shape("UpdateAppChannel", "update_app_channel", platform_app_pb2.UpdateAppChannelRequest, platform_app_pb2.UpdateAppChannelResponse, params=(), result="channel", keyed=True, whole=True),
        Shape("DeleteAppChannel", "delete_app_channel", platform_app_pb2.DeleteAppChannelRequest, platform_app_pb2.DeleteAppChannelResponse, params=("app_id", "channel_id"), empty=True, keyed=True),
        Shape("ListSessions", "list_sessions", platform_session_pb2.ListSessionsRequest, platform_session_pb2.ListSessionsResponse, params=("limit", "agent_id"), server_stream=True),
        Shape("CreateSession", "create_session", platform_session_pb2.CreateSessionRequest, platform_session_pb2.CreateSessionResponse, params=(), result="session", keyed=True, whole=True),
        Shape("SetSubagentMetadata", "set_subagent_metadata", platform_session_pb2.SetSubagentMetadataRequest, platform_session_pb2.SetSubagentMetadataResponse, params=("parent_session_id", "subagent_name", "subagent_task", "subagent_status"), result="session", session=True, keyed=True),
        Shape("GetSessionById", "get_session_by_id", platform_session_pb2.GetSessionByIdRequest, platform_session_pb2.GetSessionByIdResponse, params=(), result="session", session=True),
        Shape("GetSessionContextReport", "get_session_context_report", platform_session_pb2.GetSessionContextReportRequest, platform_session_pb2.GetSessionContextReportResponse, params=(), result="report", session=True),
        Shape("DeleteSession", "delete_session", platform_session_pb2.DeleteSessionRequest, platform_session_pb2.DeleteSessionResponse, params=(), empty=True, session=True, keyed=True),
        Shape("SendMessage", "send_message", platform_session_pb2.SendMessageRequest, platform_session_pb2.SendMessageResponse, params=("content",), empty=True, session=True, keyed=True),
        Shape("GetMessages", "get_messages", platform_session_pb2.GetMessagesRequest, platform_session_pb2.GetMessagesResponse, params=("limit",), session=True, server_stream=True),
        Shape("WaitForIdle", "wait_for_idle", platform_session_pb2.WaitForIdleRequest, platform_session_pb2.WaitForIdleResponse, params=("timeout_seconds",), session=True, server_stream=True),
        Shape("ListCapabilities", "list_capabilities", platform_store_pb2.ListCapabilitiesRequest, platform_store_pb2.ListCapabilitiesResponse, params=("search",), server_stream=True),
    )

    @abstractmethod
    def list_harnesses(self, org: Org) -> AsyncIterator[platform_harness_pb2.ListHarnessesResponse]:
        """ListHarnesses streams the active harnesses of the org, ascending by name.

        The org's default harness must be among them. It is built in and named
        "Generic": the host's tools look for exactly this name when a session is
        created without a harness.
        """

    @abstractmethod
    async def get_harness(self, org: Org, harness_id: str) -> harness_store_pb2.Harness | None:
        """GetHarness returns one harness without its ancestors."""

    @abstractmethod
    async def create_harness(self, org: Org, change: Change[harness_store_pb2.Harness], request: platform_harness_pb2.CreateHarnessRequest) -> harness_store_pb2.Harness:
        """CreateHarness creates a harness and returns it. It is active and not built
        in. INTERNAL + STORE: the name is in use or malformed, or the parent is not
        active.
        """

    @abstractmethod
    async def update_harness(self, org: Org, change: Change[harness_store_pb2.Harness], request: platform_harness_pb2.UpdateHarnessRequest) -> harness_store_pb2.Harness:
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
    async def copy_harness(self, org: Org, change: Change[harness_store_pb2.Harness], harness_id: str, new_name: str | None) -> harness_store_pb2.Harness:
        """CopyHarness creates a copy of a harness and returns it. The copy has its
        own id, name and times, is active and not built in, and is otherwise the
        same.
        """

    @abstractmethod
    def list_agents(self, org: Org) -> AsyncIterator[platform_agent_pb2.ListAgentsResponse]:
        """ListAgents streams the active agents of the org, ascending by name."""

    @abstractmethod
    async def get_agent_by_id(self, org: Org, agent_id: str) -> agent_store_pb2.Agent | None:
        """GetAgentById returns the same agent as AgentStoreService.GetAgent."""

    @abstractmethod
    async def create_agent(self, org: Org, change: Change[agent_store_pb2.Agent], request: platform_agent_pb2.CreateAgentRequest) -> agent_store_pb2.Agent:
        """CreateAgent creates an agent and returns it. It is active. INTERNAL +
        STORE: the name is in use or malformed.
        """

    @abstractmethod
    async def update_agent(self, org: Org, change: Change[agent_store_pb2.Agent], request: platform_agent_pb2.UpdateAgentRequest) -> agent_store_pb2.Agent:
        """UpdateAgent changes an agent and returns it. INTERNAL + STORE: the agent
        does not exist or is archived, or the new name is in use or malformed.
        """

    @abstractmethod
    async def delete_agent(self, org: Org, change: Change[None], agent_id: str) -> None:
        """DeleteAgent archives an agent."""

    @abstractmethod
    def list_apps(self, org: Org, search: str | None, include_archived: bool) -> AsyncIterator[platform_app_pb2.ListAppsResponse]:
        """ListApps streams the apps of the org with their channels, ascending by
        name.
        """

    @abstractmethod
    async def get_app(self, org: Org, app_id: str) -> app_pb2.App | None:
        """GetApp returns an app with its channels; the oldest channel comes first."""

    @abstractmethod
    async def create_app(self, org: Org, change: Change[app_pb2.App], request: platform_app_pb2.CreateAppRequest) -> app_pb2.App:
        """CreateApp creates an app and returns it. It is a draft and has one channel
        if a channel type is given. INTERNAL + STORE: the harness or the agent is
        not active.
        """

    @abstractmethod
    async def update_app(self, org: Org, change: Change[app_pb2.App], request: platform_app_pb2.UpdateAppRequest) -> app_pb2.App:
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
    async def publish_app(self, org: Org, change: Change[app_pb2.App], app_id: str) -> app_pb2.App:
        """PublishApp publishes an app and returns it. published_at is the time of the
        call. An archived app is refused with INTERNAL + STORE.
        """

    @abstractmethod
    async def unpublish_app(self, org: Org, change: Change[app_pb2.App], app_id: str) -> app_pb2.App:
        """UnpublishApp makes an app a draft again and returns it without
        published_at.
        """

    @abstractmethod
    async def add_app_channel(self, org: Org, change: Change[app_pb2.AppChannel], app_id: str, channel_type: app_pb2.ChannelType, channel_config_json: str | None, enabled: bool | None) -> app_pb2.AppChannel:
        """AddAppChannel adds a channel to an app and returns the channel. An app that
        does not exist or is archived is refused with INTERNAL + STORE.
        """

    @abstractmethod
    async def update_app_channel(self, org: Org, change: Change[app_pb2.AppChannel], request: platform_app_pb2.UpdateAppChannelRequest) -> app_pb2.AppChannel:
        """UpdateAppChannel changes a channel and returns it. A channel of another app
        is "not found".
        """

    @abstractmethod
    async def delete_app_channel(self, org: Org, change: Change[None], app_id: str, channel_id: str) -> None:
        """DeleteAppChannel removes a channel for good. A channel of another app is
        "not found".
        """

    @abstractmethod
    def list_sessions(self, org: Org, limit: int | None, agent_id: str | None) -> AsyncIterator[platform_session_pb2.ListSessionsResponse]:
        """ListSessions streams the sessions of the org that are not archived, newest
        first.
        """

    @abstractmethod
    async def create_session(self, org: Org, change: Change[session_store_pb2.Session], request: platform_session_pb2.CreateSessionRequest) -> session_store_pb2.Session:
        """CreateSession creates a session and returns it. The session has the owner
        of the calling session, no turn has run in it, and its workspace holds the
        initial files of its harness and its agent. INTERNAL + STORE: the harness
        or the agent is not active. A session of a blueprint runs an agent that
        only the host knows.
        """

    @abstractmethod
    async def set_subagent_metadata(self, session: Session, change: Change[session_store_pb2.Session], parent_session_id: str, subagent_name: str, subagent_task: str, subagent_status: session_store_pb2.SubagentStatus) -> session_store_pb2.Session:
        """SetSubagentMetadata says that a session is a subagent of another one, and
        returns the session. The host calls it again when the subagent's status
        changes; the last call counts. INTERNAL + STORE: one of the two sessions
        does not exist in the org, or they are the same.
        """

    @abstractmethod
    async def get_session_by_id(self, session: Session) -> session_store_pb2.Session | None:
        """GetSessionById returns the same session as SessionStoreService.GetSession."""

    @abstractmethod
    async def get_session_context_report(self, session: Session) -> context_report_pb2.SessionContextReport:
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
    def get_messages(self, session: Session, limit: int | None) -> AsyncIterator[platform_session_pb2.GetMessagesResponse]:
        """GetMessages streams what user and agent wrote in a session: of the messages
        that have text the newest `limit`, oldest first, so that the last one is
        the newest. A session that does not exist in the org has none.
        """

    @abstractmethod
    def wait_for_idle(self, session: Session, timeout_seconds: int | None) -> AsyncIterator[platform_session_pb2.WaitForIdleResponse]:
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
    def list_capabilities(self, org: Org, search: str | None) -> AsyncIterator[platform_store_pb2.ListCapabilitiesResponse]:
        """ListCapabilities streams the capabilities that agents and harnesses can
        use, ascending by name. There is at least one.
        """


class ProviderCredentialStore(ABC):
    """ProviderCredentialStoreService returns an org's credentials; there is one
    default per type of provider. Optional: without it, such tools have no
    credentials.

    A server must encrypt credentials at rest. A server without an encryption key
    must refuse to read them: FAILED_PRECONDITION + CONFIGURATION with a text
    that contains "Encryption not configured".
    """

    SERVICE = "mortise.adapter.v1.ProviderCredentialStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("GetDefaultProviderCredentials", "get_default_provider_credentials", provider_credential_store_pb2.GetDefaultProviderCredentialsRequest, provider_credential_store_pb2.GetDefaultProviderCredentialsResponse, params=("provider_type",), result="credentials"),
    )

    @abstractmethod
    async def get_default_provider_credentials(self, org: Org, provider_type: str) -> provider_credential_store_pb2.ProviderCredentials | None:
        """GetDefaultProviderCredentials returns the credentials that tools use for a
        type of provider. They are absent if the org has none for this type; that
        is not an error.
        """


class RuntimeHost(ABC):
    """RuntimeHostService loads what a turn needs and sets the status of its
    session. Required: a host runs no turn without it.
    """

    SERVICE = "mortise.adapter.v1.RuntimeHostService"
    FEATURES = ("FEATURE_TURN_SNAPSHOT", )
    SHAPES = (
        Shape("GetAgent", "get_agent", runtime_host_pb2.RuntimeHostServiceGetAgentRequest, runtime_host_pb2.RuntimeHostServiceGetAgentResponse, params=("agent_id",), result="agent"),
        Shape("GetHarness", "get_harness", runtime_host_pb2.GetHarnessRequest, runtime_host_pb2.GetHarnessResponse, params=("harness_id",), result="harness"),
        Shape("SetSessionStatus", "set_session_status", runtime_host_pb2.SetSessionStatusRequest, runtime_host_pb2.SetSessionStatusResponse, params=("status",), result="session", session=True, keyed=True),
        Shape("LoadTurnContext", "load_turn_context", runtime_host_pb2.LoadTurnContextRequest, runtime_host_pb2.LoadTurnContextResponse, params=("parts",), session=True, server_stream=True),
    )

    @abstractmethod
    async def get_agent(self, org: Org, agent_id: str) -> agent_store_pb2.Agent | None:
        """GetAgent returns the same agent as AgentStoreService.GetAgent."""

    @abstractmethod
    async def get_harness(self, org: Org, harness_id: str) -> harness_store_pb2.Harness | None:
        """GetHarness returns one harness: the last element of what
        HarnessStoreService.GetHarnessChain returns. It is absent if the chain is
        empty.
        """

    @abstractmethod
    async def set_session_status(self, session: Session, change: Change[session_store_pb2.Session], status: session_store_pb2.SessionStatus) -> session_store_pb2.Session:
        """SetSessionStatus sets the status of a session and returns the session.
        Setting the status that the session has succeeds. updated_at moves on.
        started_at is set with the first ACTIVE and then stays. A status change
        must not undo a change of another field that happens at the same time.

        INTERNAL + STORE with a text that contains "not found": the session does
        not exist in the org. INVALID_ARGUMENT + INVALID_FIELD: the status is
        unspecified or unknown.
        """

    @abstractmethod
    def load_turn_context(self, session: Session, parts: Sequence[runtime_host_pb2.TurnContextPart]) -> AsyncIterator[runtime_host_pb2.LoadTurnContextResponse]:
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

    SERVICE = "mortise.adapter.v1.SessionFileSystemService"
    FEATURES = ()
    SHAPES = (
        Shape("ReadFile", "read_file", session_file_system_pb2.ReadFileRequest, session_file_system_pb2.ReadFileResponse, params=("path",), session=True, server_stream=True),
        Shape("WriteFile", "write_file", session_file_system_pb2.WriteFileRequest, session_file_system_pb2.WriteFileResponse, params=("path", "content", "encoding"), result="file", session=True, keyed=True),
        Shape("WriteFileIfContentMatches", "write_file_if_content_matches", session_file_system_pb2.WriteFileIfContentMatchesRequest, session_file_system_pb2.WriteFileIfContentMatchesResponse, params=(), result="file", session=True, keyed=True, whole=True),
        Shape("DeleteFile", "delete_file", session_file_system_pb2.DeleteFileRequest, session_file_system_pb2.DeleteFileResponse, params=("path", "recursive"), result="deleted", session=True, keyed=True),
        Shape("ListDirectory", "list_directory", session_file_system_pb2.ListDirectoryRequest, session_file_system_pb2.ListDirectoryResponse, params=("path",), result="entries", session=True),
        Shape("StatFile", "stat_file", session_file_system_pb2.StatFileRequest, session_file_system_pb2.StatFileResponse, params=("path",), result="stat", session=True),
        Shape("GrepFiles", "grep_files", session_file_system_pb2.GrepFilesRequest, session_file_system_pb2.GrepFilesResponse, params=("pattern", "path_pattern"), session=True, server_stream=True),
        Shape("CreateDirectory", "create_directory", session_file_system_pb2.CreateDirectoryRequest, session_file_system_pb2.CreateDirectoryResponse, params=("path",), result="directory", session=True, keyed=True),
        Shape("SeedInitialFile", "seed_initial_file", session_file_system_pb2.SeedInitialFileRequest, session_file_system_pb2.SeedInitialFileResponse, params=("file",), empty=True, session=True, keyed=True),
    )

    @abstractmethod
    def read_file(self, session: Session, path: str) -> AsyncIterator[session_file_system_pb2.ReadFileResponse]:
        """ReadFile streams a file: the header first, then the content in chunks. The
        stream is empty if nothing exists at the path; that is not an error. A
        directory has a header and no content.
        """

    @abstractmethod
    async def write_file(self, session: Session, change: Change[session_file_system_pb2.WrittenFile], path: str, content: str, encoding: str) -> session_file_system_pb2.WrittenFile:
        """WriteFile writes a whole file and creates the directories above it. A file
        that is overwritten keeps its id and its created_at; updated_at moves on.

        INTERNAL + STORE: "is a directory" if the path is a directory or the root;
        "readonly" if the file is read-only; "not a directory" if a file is where a
        directory is needed; and if the content is not the base64 that the encoding
        says.
        """

    @abstractmethod
    async def write_file_if_content_matches(self, session: Session, change: Change[session_file_system_pb2.WrittenFile | None], request: session_file_system_pb2.WriteFileIfContentMatchesRequest) -> session_file_system_pb2.WrittenFile | None:
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
    async def list_directory(self, session: Session, path: str) -> Sequence[session_file_system_pb2.FileInfo]:
        """ListDirectory returns the direct entries of a directory, ascending by path.
        The root of an empty workspace has none.

        INTERNAL + STORE: "not found" if nothing exists at the path, "not a
        directory" if it is a file. (Upstream's own stores return an empty list
        instead; the shell's `test -e` then finds every path.)
        """

    @abstractmethod
    async def stat_file(self, session: Session, path: str) -> session_file_system_pb2.FileStat | None:
        """StatFile describes what exists at a path. It is absent if nothing does. The
        root always exists.
        """

    @abstractmethod
    def grep_files(self, session: Session, pattern: str, path_pattern: str | None) -> AsyncIterator[session_file_system_pb2.GrepFilesResponse]:
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
    async def create_directory(self, session: Session, change: Change[session_file_system_pb2.FileInfo], path: str) -> session_file_system_pb2.FileInfo:
        """CreateDirectory creates a directory and those above it, and returns it. A
        directory that exists is returned as it is. INTERNAL + STORE: "not a
        directory" if a file is where a directory is needed.
        """

    @abstractmethod
    async def seed_initial_file(self, session: Session, change: Change[None], file: platform_types_pb2.InitialFile) -> None:
        """SeedInitialFile places a file in the workspace of a session that starts,
        and creates the directories above it. It replaces a file that exists,
        read-only or not; the last seed counts. INTERNAL + STORE: "is a directory"
        if the path is a directory.
        """


class SessionMutator(ABC):
    """SessionMutatorService changes sessions. Required: a host runs no turn without
    it.
    """

    SERVICE = "mortise.adapter.v1.SessionMutatorService"
    FEATURES = ()
    SHAPES = (
        Shape("UpdateSessionTitle", "update_session_title", session_mutator_pb2.UpdateSessionTitleRequest, session_mutator_pb2.UpdateSessionTitleResponse, params=("title",), result="session", session=True, keyed=True),
    )

    @abstractmethod
    async def update_session_title(self, session: Session, change: Change[session_store_pb2.Session], title: str) -> session_store_pb2.Session:
        """UpdateSessionTitle sets the title of a session exactly as given and returns
        the session. The server must not trim it.

        INTERNAL + STORE with a text that contains "not found": the session does
        not exist in the org. The host does not repeat the call then.
        """


class SessionResourceRegistry(ABC):
    """SessionResourceRegistryService keeps the entries of sessions' resources.
    Optional: without it, tools cannot show what runs beside a session.

    It also carries progress: a background run registers itself again with every
    change of its status and output, many times a second. Skills keep their whole
    text in an entry's metadata. Metadata must come back as they were given.
    """

    SERVICE = "mortise.adapter.v1.SessionResourceRegistryService"
    FEATURES = ()
    SHAPES = (
        Shape("Register", "register", session_resource_registry_pb2.RegisterRequest, session_resource_registry_pb2.RegisterResponse, params=(), result="entry", session=True, keyed=True, whole=True),
        Shape("UpdateStatus", "update_status", session_resource_registry_pb2.UpdateStatusRequest, session_resource_registry_pb2.UpdateStatusResponse, params=("resource_id", "status"), result="entry", session=True, keyed=True),
        Shape("GetSessionResource", "get_session_resource", session_resource_registry_pb2.GetSessionResourceRequest, session_resource_registry_pb2.GetSessionResourceResponse, params=("resource_id",), result="entry", session=True),
        Shape("ListSessionResources", "list_session_resources", session_resource_registry_pb2.ListSessionResourcesRequest, session_resource_registry_pb2.ListSessionResourcesResponse, params=("kind", "status"), session=True, server_stream=True),
        Shape("Deregister", "deregister", session_resource_registry_pb2.DeregisterRequest, session_resource_registry_pb2.DeregisterResponse, params=("resource_id",), result="deregistered", session=True, keyed=True),
    )

    @abstractmethod
    async def register(self, session: Session, change: Change[session_resource_registry_pb2.SessionResourceEntry], request: session_resource_registry_pb2.RegisterRequest) -> session_resource_registry_pb2.SessionResourceEntry:
        """Register stores an entry. An entry of the same session and resource_id is
        replaced as a whole and keeps its created_at. The last of several calls
        counts.
        """

    @abstractmethod
    async def update_status(self, session: Session, change: Change[session_resource_registry_pb2.SessionResourceEntry | None], resource_id: str, status: session_resource_registry_pb2.SessionResourceStatus) -> session_resource_registry_pb2.SessionResourceEntry | None:
        """UpdateStatus changes an entry's status and updated_at, and nothing else. An
        entry that does not exist is absent in the answer, not an error.
        """

    @abstractmethod
    async def get_session_resource(self, session: Session, resource_id: str) -> session_resource_registry_pb2.SessionResourceEntry | None:
        """GetSessionResource returns the entry with a resource_id."""

    @abstractmethod
    def list_session_resources(self, session: Session, kind: str | None, status: session_resource_registry_pb2.SessionResourceStatus) -> AsyncIterator[session_resource_registry_pb2.ListSessionResourcesResponse]:
        """ListSessionResources streams the entries of a session, in the order in
        which they were first registered.
        """

    @abstractmethod
    async def deregister(self, session: Session, change: Change[bool], resource_id: str) -> bool:
        """Deregister removes an entry and says whether it was there."""


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
    """

    SERVICE = "mortise.adapter.v1.SessionScheduleStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("CreateSchedule", "create_schedule", session_schedule_store_pb2.CreateScheduleRequest, session_schedule_store_pb2.CreateScheduleResponse, params=("description", "cron_expression", "scheduled_at", "timezone"), result="schedule", session=True, keyed=True),
        Shape("CancelSchedule", "cancel_schedule", session_schedule_store_pb2.CancelScheduleRequest, session_schedule_store_pb2.CancelScheduleResponse, params=("schedule_id",), result="schedule", session=True, keyed=True),
        Shape("ListSchedules", "list_schedules", session_schedule_store_pb2.ListSchedulesRequest, session_schedule_store_pb2.ListSchedulesResponse, params=(), result="schedules", session=True),
        Shape("CountActiveSchedules", "count_active_schedules", session_schedule_store_pb2.CountActiveSchedulesRequest, session_schedule_store_pb2.CountActiveSchedulesResponse, params=(), result="count", session=True),
    )

    @abstractmethod
    async def create_schedule(self, session: Session, change: Change[session_schedule_store_pb2.SessionSchedule], description: str, cron_expression: str | None, scheduled_at: Timestamp | None, timezone: str) -> session_schedule_store_pb2.SessionSchedule:
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
    async def cancel_schedule(self, session: Session, change: Change[session_schedule_store_pb2.SessionSchedule], schedule_id: str) -> session_schedule_store_pb2.SessionSchedule:
        """CancelSchedule disables a schedule and returns it. A schedule that is
        disabled already stays so; that is not an error.

        INTERNAL + STORE with "Schedule not found": the session has no such
        schedule.
        """

    @abstractmethod
    async def list_schedules(self, session: Session) -> Sequence[session_schedule_store_pb2.SessionSchedule]:
        """ListSchedules returns the schedules of a session, disabled ones included,
        oldest first.
        """

    @abstractmethod
    async def count_active_schedules(self, session: Session) -> int:
        """CountActiveSchedules returns how many enabled schedules a session has."""


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

    SERVICE = "mortise.adapter.v1.SessionSqlDbStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("CreateDatabase", "create_database", session_sql_db_store_pb2.CreateDatabaseRequest, session_sql_db_store_pb2.CreateDatabaseResponse, params=("name",), result="database", session=True, keyed=True),
        Shape("ListDatabases", "list_databases", session_sql_db_store_pb2.ListDatabasesRequest, session_sql_db_store_pb2.ListDatabasesResponse, params=(), result="databases", session=True),
        Shape("GetDatabase", "get_database", session_sql_db_store_pb2.GetDatabaseRequest, session_sql_db_store_pb2.GetDatabaseResponse, params=("name",), result="database", session=True),
        Shape("DeleteDatabase", "delete_database", session_sql_db_store_pb2.DeleteDatabaseRequest, session_sql_db_store_pb2.DeleteDatabaseResponse, params=("name",), result="deleted", session=True, keyed=True),
        Shape("SqlExecute", "sql_execute", session_sql_db_store_pb2.SqlExecuteRequest, session_sql_db_store_pb2.SqlExecuteResponse, params=("database_name", "sql"), result="rows_affected", session=True, keyed=True),
        Shape("SqlQuery", "sql_query", session_sql_db_store_pb2.SqlQueryRequest, session_sql_db_store_pb2.SqlQueryResponse, params=("database_name", "sql"), session=True, server_stream=True),
        Shape("SqlSchema", "sql_schema", session_sql_db_store_pb2.SqlSchemaRequest, session_sql_db_store_pb2.SqlSchemaResponse, params=("database_name", "table"), session=True, server_stream=True),
    )

    @abstractmethod
    async def create_database(self, session: Session, change: Change[session_sql_db_store_pb2.DatabaseInfo], name: str) -> session_sql_db_store_pb2.DatabaseInfo:
        """CreateDatabase creates an empty database.

        It fails with SQL_DATABASE_ALREADY_EXISTS if the database exists, with
        SQL_LIMIT_EXCEEDED if the session has as many databases as it may, and with
        SQL_INTERNAL if the session does not exist in the org.
        """

    @abstractmethod
    async def list_databases(self, session: Session) -> Sequence[session_sql_db_store_pb2.DatabaseInfo]:
        """ListDatabases returns the databases of a session, ascending by name. A
        session that does not exist in the org has none.
        """

    @abstractmethod
    async def get_database(self, session: Session, name: str) -> session_sql_db_store_pb2.DatabaseInfo | None:
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
    def sql_query(self, session: Session, database_name: str, sql: str) -> AsyncIterator[session_sql_db_store_pb2.SqlQueryResponse]:
        """SqlQuery runs one statement that changes nothing and streams its result:
        the columns, then the rows in several messages, then the end. A client
        takes a result without its end for an incomplete one and reports an error.

        It fails with SQL_DATABASE_NOT_FOUND if the database does not exist, with
        SQL_AUTHORIZER_BLOCKED if the statement would change something, and with
        SQL_QUERY_ERROR if there is more than one statement.
        """

    @abstractmethod
    def sql_schema(self, session: Session, database_name: str, table: str | None) -> AsyncIterator[session_sql_db_store_pb2.SqlSchemaResponse]:
        """SqlSchema streams the tables of a database, ascending by the bytes of their
        names. Views, indexes and SQLite's own tables are left out.

        It fails with SQL_DATABASE_NOT_FOUND if the database does not exist. The
        stream is empty if the database has no tables, or not the requested one.
        """


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

    SERVICE = "mortise.adapter.v1.SessionStorageStoreService"
    FEATURES = ()
    SHAPES = (
        Shape("SetValue", "set_value", session_storage_store_pb2.SetValueRequest, session_storage_store_pb2.SetValueResponse, params=("key", "value"), empty=True, session=True, keyed=True),
        Shape("GetValue", "get_value", session_storage_store_pb2.GetValueRequest, session_storage_store_pb2.GetValueResponse, params=("key",), result="value", session=True),
        Shape("DeleteValue", "delete_value", session_storage_store_pb2.DeleteValueRequest, session_storage_store_pb2.DeleteValueResponse, params=("key",), result="deleted", session=True, keyed=True),
        Shape("ListKeys", "list_keys", session_storage_store_pb2.ListKeysRequest, session_storage_store_pb2.ListKeysResponse, params=(), result="keys", session=True),
        Shape("SetSecret", "set_secret", session_storage_store_pb2.SetSecretRequest, session_storage_store_pb2.SetSecretResponse, params=("name", "value"), empty=True, session=True, keyed=True),
        Shape("GetSecret", "get_secret", session_storage_store_pb2.GetSecretRequest, session_storage_store_pb2.GetSecretResponse, params=("name",), result="value", session=True),
        Shape("DeleteSecret", "delete_secret", session_storage_store_pb2.DeleteSecretRequest, session_storage_store_pb2.DeleteSecretResponse, params=("name",), result="deleted", session=True, keyed=True),
        Shape("ListSecrets", "list_secrets", session_storage_store_pb2.ListSecretsRequest, session_storage_store_pb2.ListSecretsResponse, params=(), result="secrets", session=True),
    )

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
    async def list_keys(self, session: Session) -> Sequence[session_storage_store_pb2.KeyInfo]:
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
    async def list_secrets(self, session: Session) -> Sequence[session_storage_store_pb2.SecretInfo]:
        """ListSecrets returns the names of all secrets of a session, ascending by the
        bytes of the names. It never returns a secret.
        """


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

    SERVICE = "mortise.adapter.v1.UserConnectionResolverService"
    FEATURES = ()
    SHAPES = (
        Shape("GetConnectionToken", "get_connection_token", user_connection_resolver_pb2.GetConnectionTokenRequest, user_connection_resolver_pb2.GetConnectionTokenResponse, params=("provider",), result="token", session=True),
        Shape("GetConnectionUser", "get_connection_user", user_connection_resolver_pb2.GetConnectionUserRequest, user_connection_resolver_pb2.GetConnectionUserResponse, params=("provider",), result="user_id", session=True),
        Shape("GetConnectionTokenForUser", "get_connection_token_for_user", user_connection_resolver_pb2.GetConnectionTokenForUserRequest, user_connection_resolver_pb2.GetConnectionTokenForUserResponse, params=("user_id", "provider"), result="token"),
        Shape("GetConnectionMetadata", "get_connection_metadata", user_connection_resolver_pb2.GetConnectionMetadataRequest, user_connection_resolver_pb2.GetConnectionMetadataResponse, params=("provider",), result="metadata_json", session=True),
    )

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


class TestSeed(ABC):
    """TestSeedService stores whole records under the ids that the caller chooses,
    in the org of the call. A record that exists under the id is replaced as a
    whole. Optional: offer it only if the server was told to at its start,
    because it lets every caller write every record of the org.
    """

    SERVICE = "mortise.adapter.v1.TestSeedService"
    FEATURES = ()
    SHAPES = (
        Shape("PutHarness", "put_harness", test_seed_pb2.PutHarnessRequest, test_seed_pb2.PutHarnessResponse, params=("harness",), empty=True),
        Shape("PutAgent", "put_agent", test_seed_pb2.PutAgentRequest, test_seed_pb2.PutAgentResponse, params=("agent",), empty=True),
        Shape("PutSession", "put_session", test_seed_pb2.PutSessionRequest, test_seed_pb2.PutSessionResponse, params=("session",), empty=True),
        Shape("PutProviderCredential", "put_provider_credential", test_seed_pb2.PutProviderCredentialRequest, test_seed_pb2.PutProviderCredentialResponse, params=("provider_type", "credentials"), empty=True),
        Shape("PutConnection", "put_connection", test_seed_pb2.PutConnectionRequest, test_seed_pb2.PutConnectionResponse, params=("connection",), empty=True),
        Shape("PutPaymentPolicy", "put_payment_policy", test_seed_pb2.PutPaymentPolicyRequest, test_seed_pb2.PutPaymentPolicyResponse, params=("policy", "account"), empty=True),
        Shape("PutModel", "put_model", test_seed_pb2.PutModelRequest, test_seed_pb2.PutModelResponse, params=("model_id", "model", "is_default"), empty=True),
        Shape("PutBudget", "put_budget", test_seed_pb2.PutBudgetRequest, test_seed_pb2.PutBudgetResponse, params=("budget",), empty=True),
        Shape("PutRateLimit", "put_rate_limit", test_seed_pb2.PutRateLimitRequest, test_seed_pb2.PutRateLimitResponse, params=("max_calls", "window_seconds"), empty=True),
    )

    @abstractmethod
    async def put_harness(self, org: Org, harness: harness_store_pb2.Harness) -> None:
        """PutHarness stores a harness."""

    @abstractmethod
    async def put_agent(self, org: Org, agent: agent_store_pb2.Agent) -> None:
        """PutAgent stores an agent."""

    @abstractmethod
    async def put_session(self, org: Org, session_: session_store_pb2.Session) -> None:
        """PutSession stores a session. Its organization_id becomes that of the org of
        the call. If the session is new, the initial files of its harness, of its
        agent and of itself are placed in its workspace.
        """

    @abstractmethod
    async def put_provider_credential(self, org: Org, provider_type: str, credentials: provider_credential_store_pb2.ProviderCredentials) -> None:
        """PutProviderCredential stores the org's credentials for a type of provider
        and replaces the existing ones.
        """

    @abstractmethod
    async def put_connection(self, org: Org, connection: user_connection_resolver_pb2.Connection) -> None:
        """PutConnection stores a user's connection with a provider and replaces the
        existing one.
        """

    @abstractmethod
    async def put_payment_policy(self, org: Org, policy: payment_authority_pb2.LedgerPolicy, account: payment_authority_pb2.LedgerAccount | None) -> None:
        """PutPaymentPolicy stores a payment policy, and the account that it pays from
        with its balance.
        """

    @abstractmethod
    async def put_model(self, org: Org, model_id: str, model: llm_provider_store_pb2.ModelWithProvider, is_default: bool) -> None:
        """PutModel stores a model, and makes it the org's default if is_default is
        set.
        """

    @abstractmethod
    async def put_budget(self, org: Org, budget: budget_checker_pb2.Budget) -> None:
        """PutBudget stores a budget."""

    @abstractmethod
    async def put_rate_limit(self, org: Org, max_calls: int, window_seconds: int) -> None:
        """PutRateLimit stores the org's limit on outbound tool calls."""


class TurnQueue(ABC):
    """TurnQueueService hands turn requests to hosts. Optional: without it, messages
    that PlatformStoreService stores and schedules that fire start no turn.

    The server stores a turn request in the transaction that stores its message;
    the same transaction sets the session's status to ACTIVE. The request waits,
    across restarts of server and hosts, until a host takes it, and is then gone.
    One host takes it, however many follow.
    """

    SERVICE = "mortise.adapter.v1.TurnQueueService"
    FEATURES = ()
    SHAPES = (
        Shape("FollowTurnRequests", "follow_turn_requests", turn_queue_pb2.FollowTurnRequestsRequest, turn_queue_pb2.FollowTurnRequestsResponse, params=(), server_stream=True),
        Shape("TakeTurnRequest", "take_turn_request", turn_queue_pb2.TakeTurnRequestRequest, turn_queue_pb2.TakeTurnRequestResponse, params=("input_message_id",), result="taken", session=True, keyed=True),
    )

    @abstractmethod
    def follow_turn_requests(self, org: Org) -> AsyncIterator[turn_queue_pb2.FollowTurnRequestsResponse]:
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

    SERVICE = "mortise.adapter.v1.UtilityLlmService"
    FEATURES = ("FEATURE_UTILITY_LLM_CONFIGURED", )
    SHAPES = (
        Shape("ChatCompletion", "chat_completion", utility_llm_pb2.ChatCompletionRequest, utility_llm_pb2.ChatCompletionResponse, params=("request",)),
        Shape("ChatCompletionStream", "chat_completion_stream", utility_llm_pb2.ChatCompletionStreamRequest, utility_llm_pb2.ChatCompletionStreamResponse, params=("request",), server_stream=True),
    )

    @abstractmethod
    async def chat_completion(self, org: Org, request: utility_llm_pb2.UtilityLlmRequest) -> utility_llm_pb2.ChatCompletionResponse:
        """ChatCompletion returns a completion when it is complete."""

    @abstractmethod
    def chat_completion_stream(self, org: Org, request: utility_llm_pb2.UtilityLlmRequest) -> AsyncIterator[utility_llm_pb2.ChatCompletionStreamResponse]:
        """ChatCompletionStream streams a completion as the model produces it. The
        last event of a stream is `done` or `error`; it comes once. The caller may
        cancel the call at any time; the server must then stop the call of the
        provider.
        """
