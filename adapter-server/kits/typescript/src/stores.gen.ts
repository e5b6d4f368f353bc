// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

import type { Answers, Call, Change, ForOrg, ForSession, Init, Result, Upload } from "./call.js";
import * as pb from "./messages.gen.js";

/**
 * AgentStore is what an author implements to offer AgentStoreService.
 *
 * AgentStoreService returns agents. Required: a host runs no turn without it.
 */
export interface AgentStore {
  /**
   * GetAgent returns the agent with a public id.
   *
   * An agent that does not exist in the org is absent, not an error. An
   * archived agent must be returned with its status. A deleted agent may be
   * returned with its status or be absent. The host checks the status before
   * every phase and ends the turn if the agent is not active, so an answer must
   * show every change that was made before the call.
   */
  getAgent(input: ForOrg<pb.GetAgentRequest>, call: Call): Result<Init<typeof pb.AgentSchema> | undefined>;
}

/**
 * BudgetChecker is what an author implements to offer BudgetCheckerService.
 *
 * BudgetCheckerService returns the budgets of a session. Optional: without it,
 * sessions have no budgets.
 */
export interface BudgetChecker {
  /**
   * CheckBudgets returns every budget that the session's spending counts
   * against: the budgets of the session, of its agent, of the agent in the
   * request and of the org.
   *
   * A session that does not exist in the org has no budgets: the answer is
   * `no_budgets` and an empty list, or an error. It must never hold budgets of
   * another org.
   */
  checkBudgets(input: ForSession<pb.CheckBudgetsRequest>, call: Call): Result<Init<typeof pb.CheckBudgetsResponseSchema>>;
}

/**
 * Egress is what an author implements to offer EgressService.
 *
 * EgressService sends HTTP requests on behalf of a host. Optional: without it,
 * the host's tools cannot send requests through the platform, and MCP servers
 * are not reached.
 *
 * A server must check a request in this order, before it makes a connection:
 * - the method and the URL, else INVALID_ARGUMENT + EGRESS_INVALID_REQUEST;
 * - the network access list of the request, then the server's own policy, else
 *   PERMISSION_DENIED + EGRESS_NETWORK_ACCESS_DENIED;
 * - whether it can sign, if signing is EGRESS_SIGNING_REQUIRED, else
 *   FAILED_PRECONDITION + EGRESS_SIGNING_UNAVAILABLE.
 *
 * Whatever fails after that, a timeout included, is INTERNAL +
 * EGRESS_TRANSPORT.
 *
 * Every HTTP status is an answer and not an error, 4xx and 5xx included. A
 * redirect is an answer as well: the server must not follow it. If a header
 * comes more than once, the last value counts. Headers that are not UTF-8 are
 * left out.
 *
 * A request is sent once: a client does not repeat the call. A request larger
 * than Limits.max_message_bytes is refused by the client.
 */
export interface Egress {
  /**
   * Send sends a request and streams the answer, which the client puts
   * together. A server may refuse an answer that is too large to hold with
   * INTERNAL + EGRESS_TRANSPORT; the reference server holds 32 MiB.
   */
  send(input: ForOrg<pb.SendRequest>, call: Call): Answers<Init<typeof pb.SendResponseSchema>>;
  /**
   * SendStream sends a request and streams the answer as it arrives: the head
   * as soon as it is there, then the body without waiting for its end. The
   * caller may cancel the call at any time; the server must then stop the
   * transfer.
   */
  sendStream(input: ForOrg<pb.SendStreamRequest>, call: Call): Answers<Init<typeof pb.SendStreamResponseSchema>>;
}

/**
 * EventEmitter is what an author implements to offer EventEmitterService.
 *
 * EventEmitterService stores events. Required: a host runs no turn without it.
 *
 * The server gives each stored event an id and a sequence number. Within a
 * session the numbers start at 1, rise by one and have no gaps, in the order in
 * which the events were accepted; a refused event takes no number. A caller may
 * emit several events for one session at the same time. Event types are open: a
 * server must store a type that it does not know, with its JSON as it came.
 *
 * Some events create a message. The event and its message become visible
 * together or not at all:
 * - `input.message` and `output.message.completed`: `data.message` as it is. It
 *   is a message in the JSON form of the runtime: `id`, `role` (`system`,
 *   `user`, `agent` or `tool_result`), `content` (a list of parts, each with
 *   `type` `text`, `image`, `image_file`, `tool_call` or `tool_result` and the
 *   fields that ContentPart has for it, without the suffix `_json`),
 *   `created_at` (RFC 3339), and optionally `phase`, `thinking`,
 *   `thinking_signature`, `controls`, `metadata` and `external_actor`.
 * - `tool.completed`: a message of role tool_result. Its first part is the
 *   result of `data.tool_call_id`. `data.result` is a list of parts. If it is
 *   absent, there is no result. If it has one text part, the result is the JSON
 *   object or array that the text is, if it keeps the grammar of open values
 *   (context.proto), else the text as a JSON string. If it has several text
 *   parts, the result is the JSON array of these parts, each
 *   `{"type": "text", "text": ...}`. If it has none, the result is null. Image
 *   parts that have both `base64` and `media_type` follow as image parts, and
 *   `data.error` is then dropped. The metadata holds `tool_name`, and
 *   `tool_call_fingerprint` and `tool_result_fingerprint` if given. The
 *   message's id is `message_` and the 32 digits of the event's id or another
 *   id that never changes; its created_at is the event's `ts`.
 *
 * No other event creates a message.
 *
 * Ephemeral types (`output.message.delta`, `reason.thinking.delta`,
 * `tool.output.delta`, `voice.input_transcript.delta`,
 * `voice.output_transcript.delta`) are passed on to those who follow the
 * session (EventLogService). A server need not store them. They take no
 * sequence number; the answer to one has sequence 0. They may be lost.
 */
export interface EventEmitter {
  /**
   * Emit stores one event. The event must be durable when the server answers,
   * and its message must be readable.
   *
   * INVALID_ARGUMENT + INVALID_FIELD: session, type, time or data are missing,
   * an id is malformed, an open value breaks its grammar, or the data of an
   * event that creates a message are not what its type says. NOT_FOUND +
   * SESSION_NOT_FOUND: the server keeps sessions and has none of this id.
   * FAILED_PRECONDITION + SESSION_ARCHIVED: the session is deleted. A server may
   * accept an ephemeral event of a deleted session for a few seconds more.
   * INTERNAL + STORE: neither the event nor its message was stored, for instance
   * because the session has a message of this id already. FAILED_PRECONDITION +
   * PATCH_BASE: `data_patch` cannot be applied; nothing was stored.
   */
  emit(input: ForOrg<pb.EmitRequest>, change: Change<Init<typeof pb.EmitResponseSchema>>): Result<Init<typeof pb.EmitResponseSchema>>;
}

/**
 * EventLog is what an author implements to offer EventLogService.
 *
 * EventLogService returns what EventEmitterService stored. Optional: without
 * it, a host runs turns, but its callers cannot read or follow events.
 */
export interface EventLog {
  /**
   * ReadEvents streams the stored events of a session that come after a
   * sequence number, in order, and ends. An event must be readable as soon as
   * its emit is answered. Ephemeral events are not among them. A session that
   * does not exist in the org has no events; that is not an error.
   */
  readEvents(input: ForSession<pb.ReadEventsRequest>, call: Call): Answers<Init<typeof pb.ReadEventsResponseSchema>>;
  /**
   * FollowEvents streams the stored events of a session that come after a
   * sequence number, in order, and then every further event when it is stored,
   * with ephemeral events between them, until the caller ends the call. No
   * stored event may be lost or sent twice, also if the follower reads slowly
   * or if the events do not exist yet. Ephemeral events may be lost. A slow or
   * absent follower must not hold up emits. A server that stops ends the
   * stream; the client then follows again from the last number that it has
   * seen.
   */
  followEvents(input: ForSession<pb.FollowEventsRequest>, call: Call): Answers<Init<typeof pb.FollowEventsResponseSchema>>;
}

/**
 * HarnessStore is what an author implements to offer HarnessStoreService.
 *
 * HarnessStoreService returns harnesses with their ancestors. Required: a host
 * runs no turn without it.
 */
export interface HarnessStore {
  /**
   * GetHarnessChain returns a harness with its ancestors: the root first, the
   * requested harness last.
   *
   * A harness that does not exist in the org is an empty chain, not an error. A
   * harness without a parent is a chain of one. An archived harness must be
   * returned with its status, and so must a chain with an archived ancestor. A
   * deleted harness may be returned with its status or as an empty chain. The
   * host checks the status of the last element before every phase and ends the
   * turn if the harness is not active.
   *
   * A server may fold the chain into one element, if it folds as upstream does:
   * prompts are joined from the root on, a capability of a child replaces the
   * same one of its parent in place, allowed networks are intersected, blocked
   * networks are joined. A cycle of parents must not hang: the server cuts the
   * chain where it would repeat. A server may limit the length of a chain; the
   * reference server allows 64 harnesses.
   *
   * The host reads the chain several times in every phase. A change must be
   * visible in every call that follows it.
   */
  getHarnessChain(input: ForOrg<pb.GetHarnessChainRequest>, call: Call): Result<readonly Init<typeof pb.HarnessSchema>[]>;
}

/**
 * ImageArtifactStore is what an author implements to offer ImageArtifactStoreService.
 *
 * ImageArtifactStoreService keeps the images of an org. Optional: without it,
 * tools cannot create images.
 *
 * An image has at most 64 MiB (67108864 bytes) and never changes. The same
 * bytes stored twice are two images. ImageResolverService resolves the same
 * images, by the UUID in their id.
 */
export interface ImageArtifactStore {
  /**
   * CreateImage stores an image. The first message of the stream carries the
   * context and the header. Each further message carries the next chunk of the
   * bytes, at most 256 KiB; an image without bytes has no chunk. The server
   * answers after the stream has ended.
   *
   * INVALID_ARGUMENT + INVALID_FIELD: the first message has no header, a chunk
   * comes before the header, there are two headers, or the chunks hold more or
   * fewer bytes than header.size_bytes. RESOURCE_EXHAUSTED + MESSAGE_TOO_LARGE:
   * header.size_bytes is above 64 MiB; the server must say so before it reads a
   * chunk. DEADLINE_EXCEEDED: the stream was silent for 30 s or took more than
   * 10 min, at which a server may end it. In each of these cases nothing is
   * stored.
   *
   * A caller that repeats the call sends the whole stream again, with the same
   * request_id.
   */
  createImage(input: Upload<pb.CreateImageRequest>, change: Change<Init<typeof pb.StoredImageInfoSchema>>): Result<Init<typeof pb.StoredImageInfoSchema>>;
  /**
   * GetImage returns an image with its bytes. The first message of the stream
   * describes the image, and chunks of its bytes follow. The stream is empty if
   * there is no such image in the org.
   */
  getImage(input: ForOrg<pb.GetImageRequest>, call: Call): Answers<Init<typeof pb.GetImageResponseSchema>>;
  /**
   * GetImageInfo returns the description of an image without its bytes.
   */
  getImageInfo(input: ForOrg<pb.GetImageInfoRequest>, call: Call): Result<Init<typeof pb.StoredImageInfoSchema> | undefined>;
}

/**
 * ImageResolver is what an author implements to offer ImageResolverService.
 *
 * ImageResolverService returns the image that an `image_file` part of a message
 * names. Optional: without it, and if it fails or finds nothing, the model gets
 * a line of text instead of the image.
 */
export interface ImageResolver {
  /**
   * ResolveImage returns an image in base64. The first message of the stream is
   * the header, and chunks of the base64 text follow. The stream is empty if
   * there is no such image in the org.
   */
  resolveImage(input: ForOrg<pb.ResolveImageRequest>, call: Call): Answers<Init<typeof pb.ResolveImageResponseSchema>>;
}

/**
 * LeasedResourceStore is what an author implements to offer LeasedResourceStoreService.
 *
 * LeasedResourceStoreService keeps the leases of sessions. Optional: without
 * it, tools cannot lease resources.
 *
 * Session, provider, resource type and external id together identify a lease.
 * They are compared byte for byte. The reference server takes 2,048 bytes of
 * provider, resource type and external id together.
 *
 * If the server offers SessionResourceRegistryService as well, it must keep an
 * entry there for every lease. The entry's resource_id is the lease's id, its
 * kind is the resource type, and its status is `active` or `released`. Its
 * metadata names the lease in `leased_resource_provider`,
 * `leased_resource_type`, `leased_resource_external_id` and
 * `leased_resource_id`. The host's ownership checks read these four.
 */
export interface LeasedResourceStore {
  /**
   * UpsertResource creates a lease or renews it. The lease becomes active,
   * whatever its status was, and expires lease_duration_seconds from now. A
   * lease that exists keeps its id and its created_at; display name, owner and
   * metadata are replaced. Calls for one lease at the same time create one
   * lease.
   */
  upsertResource(input: ForSession<pb.UpsertResourceRequest>, change: Change<Init<typeof pb.LeasedResourceSchema>>): Result<Init<typeof pb.LeasedResourceSchema>>;
  /**
   * ReleaseResource marks a lease as released before it expires. The lease
   * stays in the list. A lease that does not exist is absent in the answer, not
   * an error.
   */
  releaseResource(input: ForSession<pb.ReleaseResourceRequest>, change: Change<Init<typeof pb.LeasedResourceSchema> | undefined>): Result<Init<typeof pb.LeasedResourceSchema> | undefined>;
  /**
   * ListResources returns the leases of a session, released ones included, in
   * the order in which they were created. A session that does not exist in the
   * org has none.
   */
  listResources(input: ForSession<pb.ListResourcesRequest>, call: Call): Result<readonly Init<typeof pb.LeasedResourceSchema>[]>;
}

/**
 * LlmProviderStore is what an author implements to offer LlmProviderStoreService.
 *
 * LlmProviderStoreService returns models. Required: a host runs no turn without
 * it.
 */
export interface LlmProviderStore {
  /**
   * GetModelWithProvider returns the model with an id.
   *
   * A model that does not exist in the org is absent, not an error: the host
   * then tries the next model in its order. An error ends the turn.
   */
  getModelWithProvider(input: ForOrg<pb.GetModelWithProviderRequest>, call: Call): Result<Init<typeof pb.ModelWithProviderSchema> | undefined>;
  /**
   * GetDefaultModel returns the org's default model. It is absent if none is
   * set.
   */
  getDefaultModel(input: ForOrg<pb.GetDefaultModelRequest>, call: Call): Result<Init<typeof pb.ModelWithProviderSchema> | undefined>;
}

/**
 * Mcp is what an author implements to offer McpService.
 *
 * McpService says which MCP servers a session can use and which credentials go
 * with a request. Optional.
 *
 * The host speaks MCP itself: it lists the tools of the MCP servers for the
 * model and calls them, through EgressService. Without McpService or without
 * EgressService, there are no MCP tools.
 *
 * The MCP servers of a session are those of its harness chain, root first, then
 * those of its agent, then its own. Of several with one name the last counts,
 * as a whole; nothing of the others is merged into it. A platform may add
 * servers of its own, such as those of an org.
 *
 * A tool is named `mcp_{prefix}__{tool}`. The prefix is the MCP server's name
 * in lower case, with `_` in place of every character that is neither a letter
 * nor a digit. Of several MCP servers with one prefix the last by name counts,
 * in the order of the bytes. An MCP server whose prefix contains `__` or ends
 * with `_` cannot be called; the host leaves it out.
 *
 * A session that does not exist in the org has no MCP servers and no
 * credentials; that is not an error. A server that keeps headers, environments
 * or keys encrypted and has no encryption key must refuse to read them:
 * FAILED_PRECONDITION + CONFIGURATION with a text that contains "Encryption not
 * configured".
 */
export interface Mcp {
  /**
   * ListMcpServers returns the MCP servers of the session, each once, in the
   * order of the bytes of their names. MCP servers that run as a process are
   * included; a host that starts no processes leaves them out and logs it.
   */
  listMcpServers(input: ForSession<pb.ListMcpServersRequest>, call: Call): Result<readonly Init<typeof pb.McpServerSchema>[]>;
  /**
   * ResolveMcpConnection returns how to reach the MCP server with a prefix. A
   * prefix that no MCP server of the session has is absent, not an error.
   */
  resolveMcpConnection(input: ForSession<pb.ResolveMcpConnectionRequest>, call: Call): Result<Init<typeof pb.McpConnectionSchema> | undefined>;
  /**
   * AuthorizeMcpServer returns the credential for a request to an MCP server,
   * by the auth_mode of its connection:
   *
   * - MCP_AUTH_MODE_NONE: no credential. The host does not ask.
   * - MCP_AUTH_MODE_OAUTH: `Bearer TOKEN`, where TOKEN is the token of the
   *   session's user for oauth_provider_id, as
   *   UserConnectionResolverService.GetConnectionToken returns it.
   * - MCP_AUTH_MODE_API_KEY: `Bearer KEY`, where KEY is the key of the MCP
   *   server. The reference server keeps it as the session's secret
   *   `mcp_api_key:NAME` (SessionStorageStoreService); NAME is the MCP server's
   *   name as it is. Another platform may keep keys elsewhere.
   *
   * A credential that does not exist is absent, not an error: the host then
   * sends its request without one. The host asks before every request and keeps
   * no credential, so the server must renew a token that has expired.
   */
  authorizeMcpServer(input: ForSession<pb.AuthorizeMcpServerRequest>, call: Call): Result<Init<typeof pb.McpCredentialSchema> | undefined>;
}

/**
 * MemoryStore is what an author implements to offer MemoryStoreService.
 *
 * MemoryStoreService keeps the memories of an org in stores. Optional: without
 * it, agents remember nothing between sessions.
 *
 * Everything belongs to the org of the call. A store or memory of another org
 * is absent, and a query without a store searches the stores of this org alone.
 */
export interface MemoryStore {
  /**
   * GetOrCreateDefaultStore returns the org's default store, named `default`,
   * and creates it if there is none. An org has one default store, also if
   * several calls come at the same time.
   */
  getOrCreateDefaultStore(input: ForOrg<pb.GetOrCreateDefaultStoreRequest>, change: Change<Init<typeof pb.MemoryStoreSchema>>): Result<Init<typeof pb.MemoryStoreSchema>>;
  /**
   * GetMemoryStore returns the store with an id. A store that does not exist in
   * the org is absent.
   */
  getMemoryStore(input: ForOrg<pb.GetMemoryStoreRequest>, call: Call): Result<Init<typeof pb.MemoryStoreSchema> | undefined>;
  /**
   * CreateMemory stores a memory and returns it. The memory is active. An
   * importance below 1 becomes 1, one above 10 becomes 10.
   *
   * INTERNAL + STORE: the store does not exist in the org (the text contains
   * "not found"), or it holds as many active memories as it may; the reference
   * server takes 10,000. INVALID_ARGUMENT + INVALID_FIELD: an id is malformed,
   * the kind is missing, or a part has no content.
   */
  createMemory(input: ForOrg<pb.CreateMemoryRequest>, change: Change<Init<typeof pb.MemorySchema>>): Result<Init<typeof pb.MemorySchema>>;
  /**
   * Recall streams the active memories that match every part of the query. The
   * most important come first; of equally important ones the newest comes
   * first. The limit is applied last.
   *
   * The server sends at least one message, also if nothing matches. It may
   * refuse an answer with more images than it can hold with INTERNAL + STORE;
   * the reference server holds 64 MiB.
   */
  recall(input: ForOrg<pb.RecallRequest>, call: Call): Answers<Init<typeof pb.RecallResponseSchema>>;
  /**
   * Forget makes a memory inactive: Recall and CountActive then leave it out.
   * The answer is false if the memory does not exist, is inactive already or is
   * in another store; nothing is changed then.
   */
  forget(input: ForOrg<pb.ForgetRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * CountActive returns how many active memories a store has. 0 if the store
   * does not exist in the org.
   */
  countActive(input: ForOrg<pb.CountActiveRequest>, call: Call): Result<bigint>;
}

/**
 * SessionStore is what an author implements to offer SessionStoreService.
 *
 * SessionStoreService returns sessions. Required: a host runs no turn without
 * it.
 */
export interface SessionStore {
  /**
   * GetSession returns the session with an id, whatever its status. A session
   * that does not exist in the org is absent, not an error.
   */
  getSession(input: ForSession<pb.GetSessionRequest>, call: Call): Result<Init<typeof pb.SessionSchema> | undefined>;
}

/**
 * MessageRetriever is what an author implements to offer MessageRetrieverService.
 *
 * MessageRetrieverService returns the messages that events have created;
 * EventEmitterService says which events do. Required: a host runs no turn
 * without it. It only reads: history is written by emitting events.
 *
 * Messages are in the order of their events, oldest first. A session that does
 * not exist in the org has no messages; that is not an error. A message must be
 * readable as soon as the emit of its event is answered, over any connection.
 * Its id and its created_at never change. A caller that reads while others emit
 * sees the start of the history without a gap.
 *
 * A user may write while a tool runs. The message then stands between the call
 * and the call's result. A server must take it, and must not move it: the host
 * puts a history in the order that a model's provider takes.
 *
 * Lists are streamed in chunks, because a history has no size limit. One
 * message has: Limits.max_message_bytes.
 */
export interface MessageRetriever {
  /**
   * GetMessage returns one message of a session. It is absent if the session
   * has no message of this id.
   */
  getMessage(input: ForSession<pb.GetMessageRequest>, call: Call): Result<Init<typeof pb.MessageSchema> | undefined>;
  /**
   * LoadMessages streams all messages of a session, oldest first.
   */
  loadMessages(input: ForSession<pb.LoadMessagesRequest>, call: Call): Answers<Init<typeof pb.LoadMessagesResponseSchema>>;
  /**
   * LoadFilteredMessages streams the messages that pass every filter, cut to a
   * window.
   *
   * Of the messages that pass, the server drops the oldest `offset`, then keeps
   * the newest `limit` of the rest, and sends them oldest first. The first
   * message of the stream says how many passed before offset and limit.
   */
  loadFilteredMessages(input: ForSession<pb.LoadFilteredMessagesRequest>, call: Call): Answers<Init<typeof pb.LoadFilteredMessagesResponseSchema>>;
  /**
   * LoadMessagePage streams `limit` messages from position `offset`, counted
   * from the oldest. Past the end there are none; that is not an error.
   */
  loadMessagePage(input: ForSession<pb.LoadMessagePageRequest>, call: Call): Answers<Init<typeof pb.LoadMessagePageResponseSchema>>;
  /**
   * CountMessages returns how many messages LoadMessages would stream.
   */
  countMessages(input: ForSession<pb.CountMessagesRequest>, call: Call): Result<bigint>;
}

/**
 * OutboundToolRateLimiter is what an author implements to offer OutboundToolRateLimiterService.
 *
 * OutboundToolRateLimiterService says whether an org may make one more outbound
 * tool call. Optional: without it, every call is allowed.
 *
 * The host asks before every such call, with up to 32 calls at the same time.
 * The check fails open: the host takes every error, every answer that it cannot
 * read and every wait of more than 1 s for a yes. So a server must answer
 * quickly.
 */
export interface OutboundToolRateLimiter {
  /**
   * CheckOrg counts a call of the org and says whether it is allowed. Orgs do
   * not share a counter. An org without a limit is allowed every call. Servers
   * that share a database may count apart.
   */
  checkOrg(input: ForOrg<pb.CheckOrgRequest>, call: Call): Result<boolean>;
}

/**
 * PaymentAuthority is what an author implements to offer PaymentAuthorityService.
 *
 * PaymentAuthorityService pays for what capabilities buy. Optional: without it,
 * capabilities cannot pay.
 *
 * The server chooses the account, enforces the policy, pays and keeps the
 * receipt. A model never sees an account or a means of payment; capabilities
 * send fixed requests of their own.
 */
export interface PaymentAuthority {
  /**
   * ExecuteMachinePayment pays for an HTTP request, sends it, and returns what
   * was bought.
   *
   * It spends money, so a server must pay at most once per request_id: it
   * records that it is about to pay before it pays. If it does not know whether
   * it has paid (it crashed in between, its bank did not answer), it must
   * answer UNAVAILABLE with outcome `unknown`. The same call with the same
   * request_id then finds out or gets the same error; it never pays again. A
   * server that keeps such an attempt must find out by itself as well, so that
   * the amount does not stay reserved for ever.
   *
   * INTERNAL + TOOL_EXECUTION with outcome `not_applied`: nothing was paid,
   * because no policy exists for the session, its agent or the org, or because
   * the request exceeds the policy or the account's balance; the text names the
   * limit. NOT_FOUND + SESSION_NOT_FOUND: the org has no such session.
   * FAILED_PRECONDITION + CONFIGURATION: receipts cannot be encrypted, so
   * nothing is paid. INVALID_ARGUMENT + INVALID_FIELD: an id, an amount, the
   * method or a JSON value is malformed.
   */
  executeMachinePayment(input: ForSession<pb.ExecuteMachinePaymentRequest>, change: Change<Init<typeof pb.MachinePaymentResponseSchema>>): Result<Init<typeof pb.MachinePaymentResponseSchema>>;
}

/**
 * PlatformStore is what an author implements to offer PlatformStoreService.
 *
 * PlatformStoreService manages the harnesses, agents, apps and sessions of an
 * org from within one of its sessions. Optional: without it, agents cannot
 * manage the platform and a host cannot create sessions. A server that offers
 * it should state the address of its web console in
 * DescribeResponse.platform_base_url.
 *
 * CallContext.session_id is REQUIRED in every request; without it the call is
 * refused with INVALID_ARGUMENT + INVALID_FIELD. It names the session whose
 * turn makes the call, and what the call creates belongs to the owner of that
 * session. A host that calls outside a session, for instance to create the
 * first one of an org, sends the nil id (`session_` and 32 zeros); what it
 * creates belongs to the org. Everything is confined to the org: a record of
 * another org is absent, and a session of another org cannot make the call.
 *
 * Get methods return an absent record where none exists; that is not an error.
 * Every method that changes a record fails with INTERNAL + STORE and a text
 * that contains "not found" if the record does not exist in the org.
 *
 * Update methods change the fields that are present and no others. They keep
 * created_at and move updated_at on. Two updates of different fields at the
 * same time must both take effect.
 *
 * Delete methods archive a record. Get methods still return it, with its
 * status, and lists leave it out. It cannot be changed or used for something
 * new (INTERNAL + STORE). Deleting it again changes nothing and succeeds.
 *
 * The names of harnesses and agents are unique among those of the org that are
 * not archived; a name in use is refused with INTERNAL + STORE. A name has 1 to
 * 64 bytes: `a` to `z`, `0` to `9` and single hyphens between them. Any other
 * name is refused.
 *
 * Lists stream their records in several messages, because a record may be large
 * and there may be many. The reference server starts a new message where one
 * would pass 256 KiB.
 */
export interface PlatformStore {
  /**
   * ListHarnesses streams the active harnesses of the org, ascending by name.
   *
   * The org's default harness must be among them. It is built in and named
   * "Generic": the host's tools look for exactly this name when a session is
   * created without a harness.
   */
  listHarnesses(input: ForOrg<pb.ListHarnessesRequest>, call: Call): Answers<Init<typeof pb.ListHarnessesResponseSchema>>;
  /**
   * GetHarness returns one harness without its ancestors.
   */
  getHarness(input: ForOrg<pb.PlatformStoreServiceGetHarnessRequest>, call: Call): Result<Init<typeof pb.HarnessSchema> | undefined>;
  /**
   * CreateHarness creates a harness and returns it. It is active and not built
   * in. INTERNAL + STORE: the name is in use or malformed, or the parent is not
   * active.
   */
  createHarness(input: ForOrg<pb.CreateHarnessRequest>, change: Change<Init<typeof pb.HarnessSchema>>): Result<Init<typeof pb.HarnessSchema>>;
  /**
   * UpdateHarness changes a harness and returns it. INTERNAL + STORE: the
   * harness does not exist, is archived or is built in; the new name is in use
   * or malformed; or the new parent is not active or extends this harness.
   */
  updateHarness(input: ForOrg<pb.UpdateHarnessRequest>, change: Change<Init<typeof pb.HarnessSchema>>): Result<Init<typeof pb.HarnessSchema>>;
  /**
   * DeleteHarness archives a harness. A built-in harness is refused with
   * INTERNAL + STORE.
   */
  deleteHarness(input: ForOrg<pb.DeleteHarnessRequest>, change: Change<void>): Result<void>;
  /**
   * CopyHarness creates a copy of a harness and returns it. The copy has its
   * own id, name and times, is active and not built in, and is otherwise the
   * same.
   */
  copyHarness(input: ForOrg<pb.CopyHarnessRequest>, change: Change<Init<typeof pb.HarnessSchema>>): Result<Init<typeof pb.HarnessSchema>>;
  /**
   * ListAgents streams the active agents of the org, ascending by name.
   */
  listAgents(input: ForOrg<pb.ListAgentsRequest>, call: Call): Answers<Init<typeof pb.ListAgentsResponseSchema>>;
  /**
   * GetAgentById returns the same agent as AgentStoreService.GetAgent.
   */
  getAgentById(input: ForOrg<pb.GetAgentByIdRequest>, call: Call): Result<Init<typeof pb.AgentSchema> | undefined>;
  /**
   * CreateAgent creates an agent and returns it. It is active. INTERNAL +
   * STORE: the name is in use or malformed.
   */
  createAgent(input: ForOrg<pb.CreateAgentRequest>, change: Change<Init<typeof pb.AgentSchema>>): Result<Init<typeof pb.AgentSchema>>;
  /**
   * UpdateAgent changes an agent and returns it. INTERNAL + STORE: the agent
   * does not exist or is archived, or the new name is in use or malformed.
   */
  updateAgent(input: ForOrg<pb.UpdateAgentRequest>, change: Change<Init<typeof pb.AgentSchema>>): Result<Init<typeof pb.AgentSchema>>;
  /**
   * DeleteAgent archives an agent.
   */
  deleteAgent(input: ForOrg<pb.DeleteAgentRequest>, change: Change<void>): Result<void>;
  /**
   * ListApps streams the apps of the org with their channels, ascending by
   * name.
   */
  listApps(input: ForOrg<pb.ListAppsRequest>, call: Call): Answers<Init<typeof pb.ListAppsResponseSchema>>;
  /**
   * GetApp returns an app with its channels; the oldest channel comes first.
   */
  getApp(input: ForOrg<pb.GetAppRequest>, call: Call): Result<Init<typeof pb.AppSchema> | undefined>;
  /**
   * CreateApp creates an app and returns it. It is a draft and has one channel
   * if a channel type is given. INTERNAL + STORE: the harness or the agent is
   * not active.
   */
  createApp(input: ForOrg<pb.CreateAppRequest>, change: Change<Init<typeof pb.AppSchema>>): Result<Init<typeof pb.AppSchema>>;
  /**
   * UpdateApp changes an app and returns it. INTERNAL + STORE: the app does not
   * exist or is archived, or the new harness or agent is not active.
   */
  updateApp(input: ForOrg<pb.UpdateAppRequest>, change: Change<Init<typeof pb.AppSchema>>): Result<Init<typeof pb.AppSchema>>;
  /**
   * DeleteApp archives an app.
   */
  deleteApp(input: ForOrg<pb.DeleteAppRequest>, change: Change<void>): Result<void>;
  /**
   * DestroyApp removes an archived app and its channels for good; Get then
   * returns it as absent. An app that is not archived is refused with INTERNAL
   * + STORE.
   */
  destroyApp(input: ForOrg<pb.DestroyAppRequest>, change: Change<void>): Result<void>;
  /**
   * PublishApp publishes an app and returns it. published_at is the time of the
   * call. An archived app is refused with INTERNAL + STORE.
   */
  publishApp(input: ForOrg<pb.PublishAppRequest>, change: Change<Init<typeof pb.AppSchema>>): Result<Init<typeof pb.AppSchema>>;
  /**
   * UnpublishApp makes an app a draft again and returns it without
   * published_at.
   */
  unpublishApp(input: ForOrg<pb.UnpublishAppRequest>, change: Change<Init<typeof pb.AppSchema>>): Result<Init<typeof pb.AppSchema>>;
  /**
   * AddAppChannel adds a channel to an app and returns the channel. An app that
   * does not exist or is archived is refused with INTERNAL + STORE.
   */
  addAppChannel(input: ForOrg<pb.AddAppChannelRequest>, change: Change<Init<typeof pb.AppChannelSchema>>): Result<Init<typeof pb.AppChannelSchema>>;
  /**
   * UpdateAppChannel changes a channel and returns it. A channel of another app
   * is "not found".
   */
  updateAppChannel(input: ForOrg<pb.UpdateAppChannelRequest>, change: Change<Init<typeof pb.AppChannelSchema>>): Result<Init<typeof pb.AppChannelSchema>>;
  /**
   * DeleteAppChannel removes a channel for good. A channel of another app is
   * "not found".
   */
  deleteAppChannel(input: ForOrg<pb.DeleteAppChannelRequest>, change: Change<void>): Result<void>;
  /**
   * ListSessions streams the sessions of the org that are not archived, newest
   * first.
   */
  listSessions(input: ForOrg<pb.ListSessionsRequest>, call: Call): Answers<Init<typeof pb.ListSessionsResponseSchema>>;
  /**
   * CreateSession creates a session and returns it. The session has the owner
   * of the calling session, no turn has run in it, and its workspace holds the
   * initial files of its harness and its agent. INTERNAL + STORE: the harness
   * or the agent is not active. A session of a blueprint runs an agent that
   * only the host knows.
   */
  createSession(input: ForOrg<pb.CreateSessionRequest>, change: Change<Init<typeof pb.SessionSchema>>): Result<Init<typeof pb.SessionSchema>>;
  /**
   * SetSubagentMetadata says that a session is a subagent of another one, and
   * returns the session. The host calls it again when the subagent's status
   * changes; the last call counts. INTERNAL + STORE: one of the two sessions
   * does not exist in the org, or they are the same.
   */
  setSubagentMetadata(input: ForSession<pb.SetSubagentMetadataRequest>, change: Change<Init<typeof pb.SessionSchema>>): Result<Init<typeof pb.SessionSchema>>;
  /**
   * GetSessionById returns the same session as SessionStoreService.GetSession.
   */
  getSessionById(input: ForSession<pb.GetSessionByIdRequest>, call: Call): Result<Init<typeof pb.SessionSchema> | undefined>;
  /**
   * GetSessionContextReport estimates how many tokens the next call of the
   * model in the session would send, and which sources they come from. A
   * session that does not exist in the org is an error whose text contains "not
   * found".
   */
  getSessionContextReport(input: ForSession<pb.GetSessionContextReportRequest>, call: Call): Result<Init<typeof pb.SessionContextReportSchema>>;
  /**
   * DeleteSession archives a session: lists leave it out, its schedules are
   * disabled, the turns that are requested in it are taken back, and it takes
   * nothing more. Every change that adds to it is refused with
   * FAILED_PRECONDITION + SESSION_ARCHIVED, by each service: events, messages,
   * status, title, subagent metadata, files, values, secrets, SQL databases,
   * schedules, resources and leases. The session can still be read. What takes
   * away still works: releasing a lease, deleting a value, a file, a database or
   * a resource, cancelling a schedule. A host that receives the refusal cancels
   * the turn that runs.
   */
  deleteSession(input: ForSession<pb.DeleteSessionRequest>, change: Change<void>): Result<void>;
  /**
   * SendMessage stores a user's message in a session and requests the turn that
   * answers it (TurnQueueService). When the call is answered, the message is
   * readable and the session's status is ACTIVE. A turn that runs already reads
   * the message and answers it. INTERNAL + STORE: the session does not exist in
   * the org or is archived.
   */
  sendMessage(input: ForSession<pb.SendMessageRequest>, change: Change<void>): Result<void>;
  /**
   * GetMessages streams what user and agent wrote in a session: of the messages
   * that have text the newest `limit`, oldest first, so that the last one is
   * the newest. A session that does not exist in the org has none.
   */
  getMessages(input: ForSession<pb.GetMessagesRequest>, call: Call): Answers<Init<typeof pb.GetMessagesResponseSchema>>;
  /**
   * WaitForIdle waits until no turn of a session runs or is requested.
   *
   * The server sends the session's status at once, and again when it sees the
   * status change. It ends the stream when the session has settled or the time
   * is over; the last message is the answer. The end of the time is an answer
   * and not an error: the host's tools mark a subagent as failed for good when
   * this call fails.
   *
   * A session that does not exist in the org is an error whose text contains
   * "not found". A server that is stopping ends the stream with UNAVAILABLE;
   * the client then calls again. Many callers may wait at the same time, and
   * callers that go away must not leave anything running.
   */
  waitForIdle(input: ForSession<pb.WaitForIdleRequest>, call: Call): Answers<Init<typeof pb.WaitForIdleResponseSchema>>;
  /**
   * ListCapabilities streams the capabilities that agents and harnesses can
   * use, ascending by name. There is at least one.
   */
  listCapabilities(input: ForOrg<pb.ListCapabilitiesRequest>, call: Call): Answers<Init<typeof pb.ListCapabilitiesResponseSchema>>;
}

/**
 * ProviderCredentialStore is what an author implements to offer ProviderCredentialStoreService.
 *
 * ProviderCredentialStoreService returns an org's credentials; there is one
 * default per type of provider. Optional: without it, such tools have no
 * credentials.
 *
 * A server must encrypt credentials at rest. A server without an encryption key
 * must refuse to read them: FAILED_PRECONDITION + CONFIGURATION with a text
 * that contains "Encryption not configured".
 */
export interface ProviderCredentialStore {
  /**
   * GetDefaultProviderCredentials returns the credentials that tools use for a
   * type of provider. They are absent if the org has none for this type; that
   * is not an error.
   */
  getDefaultProviderCredentials(input: ForOrg<pb.GetDefaultProviderCredentialsRequest>, call: Call): Result<Init<typeof pb.ProviderCredentialsSchema> | undefined>;
}

/**
 * RuntimeHost is what an author implements to offer RuntimeHostService.
 *
 * RuntimeHostService loads what a turn needs and sets the status of its
 * session. Required: a host runs no turn without it.
 */
export interface RuntimeHost {
  /**
   * GetAgent returns the same agent as AgentStoreService.GetAgent.
   */
  getAgent(input: ForOrg<pb.RuntimeHostServiceGetAgentRequest>, call: Call): Result<Init<typeof pb.AgentSchema> | undefined>;
  /**
   * GetHarness returns one harness: the last element of what
   * HarnessStoreService.GetHarnessChain returns. It is absent if the chain is
   * empty.
   */
  getHarness(input: ForOrg<pb.GetHarnessRequest>, call: Call): Result<Init<typeof pb.HarnessSchema> | undefined>;
  /**
   * SetSessionStatus sets the status of a session and returns the session.
   * Setting the status that the session has succeeds. updated_at moves on.
   * started_at is set with the first ACTIVE and then stays. A status change
   * must not undo a change of another field that happens at the same time.
   *
   * INTERNAL + STORE with a text that contains "not found": the session does
   * not exist in the org. INVALID_ARGUMENT + INVALID_FIELD: the status is
   * unspecified or unknown.
   */
  setSessionStatus(input: ForSession<pb.SetSessionStatusRequest>, change: Change<Init<typeof pb.SessionSchema>>): Result<Init<typeof pb.SessionSchema>>;
  /**
   * LoadTurnContext returns what a phase of a turn reads, as a consistent
   * snapshot: the session, its agent, its messages, the default model and the
   * tools of its MCP servers.
   *
   * The first message of the stream is the snapshot; the session's messages
   * follow in further ones, oldest first. A server with FEATURE_TURN_SNAPSHOT
   * must send the parts that the request names and no others. A server without
   * it may ignore the parts and send messages, model and MCP tools.
   *
   * NOT_FOUND + SESSION_NOT_FOUND: the session does not exist in the org.
   *
   * An MCP server that cannot be reached must not fail the call: its tools are
   * left out. A server need not list MCP tools at all: if it sends none of an
   * MCP server, the host asks that MCP server itself, see McpService.
   */
  loadTurnContext(input: ForSession<pb.LoadTurnContextRequest>, call: Call): Answers<Init<typeof pb.LoadTurnContextResponseSchema>>;
}

/**
 * SessionFileSystem is what an author implements to offer SessionFileSystemService.
 *
 * SessionFileSystemService reads and writes the workspace of a session.
 * Required: a host runs no turn without it. Workspaces of different sessions
 * share nothing.
 *
 * Paths. `/a`, `a`, `/workspace/a` and `/a/` name the same file; the server
 * returns `/a`. `/workspace` and the empty path name the root. `//` and `/./`
 * count as `/`. `/workspacefoo` is a name like any other. A path with a `..`
 * segment or a NUL is refused, and so is a path of more than 2,048 bytes or 128
 * segments. Names are compared byte for byte: `é` as one character and as `e`
 * with an accent are two names. `%`, `_`, `*` and brackets stand for
 * themselves.
 *
 * Content. It is text, or base64 if the encoding is `base64`. Any other
 * encoding counts as text and is returned as `text`. `size_bytes` is the size
 * of the decoded content. Text must come back byte for byte: NULs, CRLFs and
 * the byte order mark included.
 *
 * Errors. They are INTERNAL + STORE. The host's tools look for these words in
 * the text to decide what the model is told, so a server must use them:
 * "readonly", "is a directory", "not found", "not a directory", "not empty",
 * "pattern". A call that fails changes nothing.
 *
 * Order. A reader sees a file before or after a write, never a part of one. A
 * change that was answered is visible to the next call over any connection.
 */
export interface SessionFileSystem {
  /**
   * ReadFile streams a file: the header first, then the content in chunks. The
   * stream is empty if nothing exists at the path; that is not an error. A
   * directory has a header and no content.
   */
  readFile(input: ForSession<pb.ReadFileRequest>, call: Call): Answers<Init<typeof pb.ReadFileResponseSchema>>;
  /**
   * WriteFile writes a whole file and creates the directories above it. A file
   * that is overwritten keeps its id and its created_at; updated_at moves on.
   *
   * INTERNAL + STORE: "is a directory" if the path is a directory or the root;
   * "readonly" if the file is read-only; "not a directory" if a file is where a
   * directory is needed; and if the content is not the base64 that the encoding
   * says.
   */
  writeFile(input: ForSession<pb.WriteFileRequest>, change: Change<Init<typeof pb.WrittenFileSchema>>): Result<Init<typeof pb.WrittenFileSchema>>;
  /**
   * WriteFileIfContentMatches writes a file only if its content and encoding
   * equal the expected ones, as one atomic step: of several calls at the same
   * time with the same expectation exactly one succeeds.
   *
   * The response holds no file, and nothing is written, if the file does not
   * exist, is a directory, is read-only or differs.
   */
  writeFileIfContentMatches(input: ForSession<pb.WriteFileIfContentMatchesRequest>, change: Change<Init<typeof pb.WrittenFileSchema> | undefined>): Result<Init<typeof pb.WrittenFileSchema> | undefined>;
  /**
   * DeleteFile deletes a file or a directory and says whether it existed.
   * Deleting what does not exist returns false.
   *
   * INTERNAL + STORE: "not empty" if the directory has entries and `recursive`
   * is false (returning false is allowed as well); "readonly" if the file is
   * read-only or the directory holds a read-only file; nothing is deleted then.
   * The root is never deleted.
   */
  deleteFile(input: ForSession<pb.DeleteFileRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * ListDirectory returns the direct entries of a directory, ascending by path.
   * The root of an empty workspace has none.
   *
   * INTERNAL + STORE: "not found" if nothing exists at the path, "not a
   * directory" if it is a file. (Upstream's own stores return an empty list
   * instead; the shell's `test -e` then finds every path.)
   */
  listDirectory(input: ForSession<pb.ListDirectoryRequest>, call: Call): Result<readonly Init<typeof pb.FileInfoSchema>[]>;
  /**
   * StatFile describes what exists at a path. It is absent if nothing does. The
   * root always exists.
   */
  statFile(input: ForSession<pb.StatFileRequest>, call: Call): Result<Init<typeof pb.FileStatSchema> | undefined>;
  /**
   * GrepFiles streams the lines of text files that match a regular expression,
   * ascending by path, then by line. The syntax is RE2, inline flags such as
   * `(?i)` included. The time must grow linearly with the text: the expression
   * comes from a model. Directories and base64 files are skipped.
   *
   * A server must bound what an expression costs. INTERNAL + STORE: "pattern" if
   * the expression is invalid, or too large when it is compiled. A search ends
   * with the call's deadline (DEADLINE_EXCEEDED). A server may also refuse a
   * search that finds more than it can hold with INTERNAL + STORE; the reference
   * server holds 64 MiB of paths and lines.
   */
  grepFiles(input: ForSession<pb.GrepFilesRequest>, call: Call): Answers<Init<typeof pb.GrepFilesResponseSchema>>;
  /**
   * CreateDirectory creates a directory and those above it, and returns it. A
   * directory that exists is returned as it is. INTERNAL + STORE: "not a
   * directory" if a file is where a directory is needed.
   */
  createDirectory(input: ForSession<pb.CreateDirectoryRequest>, change: Change<Init<typeof pb.FileInfoSchema>>): Result<Init<typeof pb.FileInfoSchema>>;
  /**
   * SeedInitialFile places a file in the workspace of a session that starts,
   * and creates the directories above it. It replaces a file that exists,
   * read-only or not; the last seed counts. INTERNAL + STORE: "is a directory"
   * if the path is a directory.
   */
  seedInitialFile(input: ForSession<pb.SeedInitialFileRequest>, change: Change<void>): Result<void>;
}

/**
 * SessionLease is what an author implements to offer SessionLeaseService.
 *
 * SessionLeaseService grants leases of sessions. Optional: without it, nothing
 * keeps two hosts from running turns of one session at the same time.
 */
export interface SessionLease {
  /**
   * AcquireLease grants the lease of a session. Of several callers at the same
   * time at most one gets it.
   *
   * If the lease runs for another holder, the call fails with
   * FAILED_PRECONDITION + HELD, which names the holder, its address and the time
   * left. If it runs for the same holder, it is granted again under a new fence,
   * and the former fence is stale: a process that restarts under its own name
   * need not wait. A call that is sent again under its request_id gets the fence
   * that it got first.
   *
   * INVALID_ARGUMENT + INVALID_FIELD: the session's id, the holder, the address
   * or the ttl are malformed. NOT_FOUND + SESSION_NOT_FOUND: the server keeps
   * sessions and has none of this id in the org. FAILED_PRECONDITION +
   * SESSION_ARCHIVED: the session is deleted.
   */
  acquireLease(input: ForSession<pb.AcquireLeaseRequest>, change: Change<Init<typeof pb.SessionLeaseSchema>>): Result<Init<typeof pb.SessionLeaseSchema>>;
  /**
   * RenewLease makes a lease run for another ttl from now. It never makes a lease
   * end earlier than before. The fence stays as it is. A holder should renew when
   * a third of the ttl has passed.
   *
   * ABORTED + FENCED: the fence is not the highest that was granted for the
   * session, or the lease was released. A lease that has expired and that no
   * other caller was granted may be renewed or refused in the same way. The
   * holder must then stop: it cancels the turn and sends no change of it any
   * more.
   */
  renewLease(input: ForSession<pb.RenewLeaseRequest>, call: Call): Result<bigint>;
  /**
   * ReleaseLease ends a lease before it expires. A fence that is not the highest
   * that was granted for the session, and a lease that has ended already, change
   * nothing; that is not an error. The lease of a deleted session can be
   * released.
   */
  releaseLease(input: ForSession<pb.ReleaseLeaseRequest>, call: Call): Result<void>;
  /**
   * FollowLeases streams what becomes of leases, until the caller ends the call.
   * A host that waits for a session follows it.
   *
   * With a session_id, the first message says at once whether the session is
   * leased. Without one, the stream is about every session of the org, and begins
   * with one message for each that is leased. After that, a message is sent when
   * a lease is granted, and when it ends because it was released or has expired.
   * It must be sent within two seconds, also if the lease was granted by another
   * server over the same storage. A renewal sends no message. A server may leave
   * out what was true only for a moment, but not what is true now. A session that
   * does not exist in the org is not leased; that is not an error.
   */
  followLeases(input: ForOrg<pb.FollowLeasesRequest>, call: Call): Answers<Init<typeof pb.FollowLeasesResponseSchema>>;
}

/**
 * SessionMutator is what an author implements to offer SessionMutatorService.
 *
 * SessionMutatorService changes sessions. Required: a host runs no turn without
 * it.
 */
export interface SessionMutator {
  /**
   * UpdateSessionTitle sets the title of a session exactly as given and returns
   * the session. The server must not trim it.
   *
   * INTERNAL + STORE with a text that contains "not found": the session does
   * not exist in the org. The host does not repeat the call then.
   */
  updateSessionTitle(input: ForSession<pb.UpdateSessionTitleRequest>, change: Change<Init<typeof pb.SessionSchema>>): Result<Init<typeof pb.SessionSchema>>;
}

/**
 * SessionResourceRegistry is what an author implements to offer SessionResourceRegistryService.
 *
 * SessionResourceRegistryService keeps the entries of sessions' resources.
 * Optional: without it, tools cannot show what runs beside a session.
 *
 * It also carries progress: a background run registers itself again with every
 * change of its status and output, many times a second. Skills keep their whole
 * text in an entry's metadata. Metadata must come back as they were given.
 */
export interface SessionResourceRegistry {
  /**
   * Register stores an entry. An entry of the same session and resource_id is
   * replaced as a whole and keeps its created_at. The last of several calls
   * counts.
   */
  register(input: ForSession<pb.RegisterRequest>, change: Change<Init<typeof pb.SessionResourceEntrySchema>>): Result<Init<typeof pb.SessionResourceEntrySchema>>;
  /**
   * UpdateStatus changes an entry's status and updated_at, and nothing else. An
   * entry that does not exist is absent in the answer, not an error.
   */
  updateStatus(input: ForSession<pb.UpdateStatusRequest>, change: Change<Init<typeof pb.SessionResourceEntrySchema> | undefined>): Result<Init<typeof pb.SessionResourceEntrySchema> | undefined>;
  /**
   * GetSessionResource returns the entry with a resource_id.
   */
  getSessionResource(input: ForSession<pb.GetSessionResourceRequest>, call: Call): Result<Init<typeof pb.SessionResourceEntrySchema> | undefined>;
  /**
   * ListSessionResources streams the entries of a session, in the order in
   * which they were first registered.
   */
  listSessionResources(input: ForSession<pb.ListSessionResourcesRequest>, call: Call): Answers<Init<typeof pb.ListSessionResourcesResponseSchema>>;
  /**
   * Deregister removes an entry and says whether it was there.
   */
  deregister(input: ForSession<pb.DeregisterRequest>, change: Change<boolean>): Result<boolean>;
}

/**
 * SessionScheduleStore is what an author implements to offer SessionScheduleStoreService.
 *
 * SessionScheduleStoreService keeps the schedules of sessions and fires them.
 * Optional: without it, tools cannot schedule anything.
 *
 * The server itself fires a schedule that is due. It must fire once for each
 * due time, however many servers share the store. Firing stores an event
 * `schedule.triggered`, whose data name the schedule, and a user's message with
 * the description in the session, and requests the turn that answers it
 * (TurnQueueService). What became due while no server ran is fired once, late.
 * After firing, a one-shot schedule is disabled and a recurring one gets its
 * next time.
 *
 * Servers that share a store must go by one clock, such as the database's. When
 * it is set back, no schedule may wait until it gets there again: what was put
 * off or planned by the wrong clock is planned anew.
 */
export interface SessionScheduleStore {
  /**
   * CreateSchedule creates a schedule and returns it, enabled. It is recurring
   * if it has a cron expression, also if scheduled_at is set as well. Otherwise
   * it is one-shot.
   *
   * INTERNAL + STORE: the cron expression or the time zone is invalid; neither
   * a cron expression nor a time is given; the cron expression never comes
   * true; the session has five enabled schedules already; or the session does
   * not exist in the org. The text says what to change. FAILED_PRECONDITION +
   * SESSION_ARCHIVED: the session is deleted.
   */
  createSchedule(input: ForSession<pb.CreateScheduleRequest>, change: Change<Init<typeof pb.SessionScheduleSchema>>): Result<Init<typeof pb.SessionScheduleSchema>>;
  /**
   * CancelSchedule disables a schedule and returns it. A schedule that is
   * disabled already stays so; that is not an error.
   *
   * INTERNAL + STORE with "Schedule not found": the session has no such
   * schedule.
   */
  cancelSchedule(input: ForSession<pb.CancelScheduleRequest>, change: Change<Init<typeof pb.SessionScheduleSchema>>): Result<Init<typeof pb.SessionScheduleSchema>>;
  /**
   * ListSchedules returns the schedules of a session, disabled ones included,
   * oldest first.
   */
  listSchedules(input: ForSession<pb.ListSchedulesRequest>, call: Call): Result<readonly Init<typeof pb.SessionScheduleSchema>[]>;
  /**
   * CountActiveSchedules returns how many enabled schedules a session has.
   */
  countActiveSchedules(input: ForSession<pb.CountActiveSchedulesRequest>, call: Call): Result<number>;
}

/**
 * SessionSqlDbStore is what an author implements to offer SessionSqlDbStoreService.
 *
 * SessionSqlDbStoreService keeps small SQL databases for a session. A model
 * fills and queries them. Optional: without it, the model has no SQL databases.
 *
 * Dialect. It is SQLite's: the model is told "standard SQLite SQL syntax".
 *
 * Names. A database's name has 1 to 64 ASCII letters, digits and underscores;
 * case matters. Every method refuses any other name with
 * SQL_INVALID_DATABASE_NAME. Sessions share nothing, and a session of another
 * org has no databases.
 *
 * Calls. Every call stands alone: an open transaction, temporary tables and
 * settings made with PRAGMA end with the call. A call that fails changes
 * nothing. The cost of one call touches no other call: a server bounds the time
 * and the memory of its statements, and the limit that was met ends that call
 * alone. A server that cannot run statements now fails with UNAVAILABLE.
 *
 * Limits. Every server limits a query to 1,000 rows, as the model is told. A
 * server may have further limits; it states none of them on the wire and names
 * the one that was met in the text of the error. The reference server limits:
 * - the databases of a session to 10, and the size of each to 64 MiB
 *   (SQL_LIMIT_EXCEEDED);
 * - a value and a row of a table to 1 MiB, temporary storage (for sorting and
 *   the like) to 512 MiB, and the memory of a call's statements to 512 MiB
 *   (SQL_LIMIT_EXCEEDED);
 * - a statement to 1,000 function calls, and to 50 LIKE and GLOB
 *   (SQL_LIMIT_EXCEEDED);
 * - the SQL text of one call to 1 MiB (SQL_QUERY_ERROR);
 * - a result to 4 MiB of JSON (SQL_RESULT_TOO_LARGE);
 * - a call to 10 s (SQL_QUERY_TIMEOUT).
 *
 * Errors. The host shows the text of the errors below to the model. It hides
 * the text of SQL_INTERNAL and of every other reason.
 * - SQL_DATABASE_NOT_FOUND, SQL_DATABASE_ALREADY_EXISTS: the text is the name
 *   alone.
 * - SQL_QUERY_ERROR: the SQL is wrong, or a constraint forbids what it does.
 * - SQL_QUERY_TIMEOUT: `timeout_seconds` in the metadata. The text is not read.
 * - SQL_AUTHORIZER_BLOCKED: the SQL asks for something that is not allowed,
 *   such as ATTACH, VACUUM, loading code, most PRAGMAs, or a change in a query.
 *   The reference server also refuses json_patch and json_pretty.
 */
export interface SessionSqlDbStore {
  /**
   * CreateDatabase creates an empty database.
   *
   * It fails with SQL_DATABASE_ALREADY_EXISTS if the database exists, with
   * SQL_LIMIT_EXCEEDED if the session has as many databases as it may, and with
   * SQL_INTERNAL if the session does not exist in the org.
   */
  createDatabase(input: ForSession<pb.CreateDatabaseRequest>, change: Change<Init<typeof pb.DatabaseInfoSchema>>): Result<Init<typeof pb.DatabaseInfoSchema>>;
  /**
   * ListDatabases returns the databases of a session, ascending by name. A
   * session that does not exist in the org has none.
   */
  listDatabases(input: ForSession<pb.ListDatabasesRequest>, call: Call): Result<readonly Init<typeof pb.DatabaseInfoSchema>[]>;
  /**
   * GetDatabase describes a database. It is absent if it does not exist.
   */
  getDatabase(input: ForSession<pb.GetDatabaseRequest>, call: Call): Result<Init<typeof pb.DatabaseInfoSchema> | undefined>;
  /**
   * DeleteDatabase deletes a database with everything in it and says whether it
   * existed. Deleting what does not exist returns false.
   */
  deleteDatabase(input: ForSession<pb.DeleteDatabaseRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * SqlExecute runs one or more statements, in order. It creates the database
   * if it does not exist.
   *
   * Either all statements take effect or none does: if one fails, those before
   * it are undone, and a database that the call has created is gone. Calls that
   * change one database at the same time run one after the other. Statements
   * may begin and end transactions; a transaction that is open at the end of
   * the call is SQL_QUERY_ERROR. Rows that statements return (SELECT,
   * RETURNING) are dropped. Foreign keys are enforced.
   */
  sqlExecute(input: ForSession<pb.SqlExecuteRequest>, change: Change<bigint>): Result<bigint>;
  /**
   * SqlQuery runs one statement that changes nothing and streams its result:
   * the columns, then the rows in several messages, then the end. A client
   * takes a result without its end for an incomplete one and reports an error.
   *
   * It fails with SQL_DATABASE_NOT_FOUND if the database does not exist, with
   * SQL_AUTHORIZER_BLOCKED if the statement would change something, and with
   * SQL_QUERY_ERROR if there is more than one statement.
   */
  sqlQuery(input: ForSession<pb.SqlQueryRequest>, call: Call): Answers<Init<typeof pb.SqlQueryResponseSchema>>;
  /**
   * SqlSchema streams the tables of a database, ascending by the bytes of their
   * names. Views, indexes and SQLite's own tables are left out.
   *
   * It fails with SQL_DATABASE_NOT_FOUND if the database does not exist. The
   * stream is empty if the database has no tables, or not the requested one.
   */
  sqlSchema(input: ForSession<pb.SqlSchemaRequest>, call: Call): Answers<Init<typeof pb.SqlSchemaResponseSchema>>;
}

/**
 * SessionStorageStore is what an author implements to offer SessionStorageStoreService.
 *
 * SessionStorageStoreService keeps values and secrets of a session. Optional:
 * without it, tools cannot keep values or secrets.
 *
 * Values and secrets are two sets of keys: a value and a secret of one name are
 * two things. A key is any string, compared byte for byte: case, trailing
 * spaces and Unicode normalization matter. A server must take keys of 1,024
 * bytes and may refuse longer ones with INTERNAL + STORE. It must not limit or
 * hide keys otherwise: the host's tools take 255 bytes at most, and hide names
 * that start with `browserless_internal:`.
 *
 * Setting a key again replaces its value, keeps its created_at and moves its
 * updated_at on. A key that was never set is absent, not an error. Sessions
 * share nothing.
 *
 * Secrets must be encrypted at rest. A server without an encryption key must
 * refuse to set, read and list them: FAILED_PRECONDITION + CONFIGURATION with a
 * text that contains "Encryption not configured", which the host's tools look
 * for.
 */
export interface SessionStorageStore {
  /**
   * SetValue sets the value of a key.
   */
  setValue(input: ForSession<pb.SetValueRequest>, change: Change<void>): Result<void>;
  /**
   * GetValue returns the value of a key. It is absent if the key was never set
   * or was deleted.
   */
  getValue(input: ForSession<pb.GetValueRequest>, call: Call): Result<string | undefined>;
  /**
   * DeleteValue deletes a key and says whether it existed. Deleting what does
   * not exist returns false.
   */
  deleteValue(input: ForSession<pb.DeleteValueRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * ListKeys returns all keys of a session without their values, ascending by
   * the bytes of the keys.
   */
  listKeys(input: ForSession<pb.ListKeysRequest>, call: Call): Result<readonly Init<typeof pb.KeyInfoSchema>[]>;
  /**
   * SetSecret sets a secret.
   */
  setSecret(input: ForSession<pb.SetSecretRequest>, change: Change<void>): Result<void>;
  /**
   * GetSecret returns a secret in clear text. It is absent if it was never set
   * or was deleted.
   */
  getSecret(input: ForSession<pb.GetSecretRequest>, call: Call): Result<string | undefined>;
  /**
   * DeleteSecret deletes a secret and says whether it existed. Deleting what
   * does not exist returns false.
   */
  deleteSecret(input: ForSession<pb.DeleteSecretRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * ListSecrets returns the names of all secrets of a session, ascending by the
   * bytes of the names. It never returns a secret.
   */
  listSecrets(input: ForSession<pb.ListSecretsRequest>, call: Call): Result<readonly Init<typeof pb.SecretInfoSchema>[]>;
}

/**
 * UserConnectionResolver is what an author implements to offer UserConnectionResolverService.
 *
 * UserConnectionResolverService returns the connections of a user. Optional:
 * without it, no user has connections.
 *
 * A connection belongs to a user of the org and a provider, such as `github`.
 * Providers are compared byte for byte. A session uses the connections of the
 * person who owns it: its resolved_owner_user_id, else the subject_id of its
 * effective_owner, else that of its owner; the last two count only if they are
 * of kind USER. A session that does not exist in the org, or that no person
 * owns, has no connections.
 *
 * A missing connection is absent, not an error: the host then asks the user to
 * connect, and does so only if the token is absent. A server must encrypt
 * tokens and metadata at rest. A server without an encryption key must refuse
 * to read them: FAILED_PRECONDITION + CONFIGURATION with a text that contains
 * "Encryption not configured".
 */
export interface UserConnectionResolver {
  /**
   * GetConnectionToken returns the token of the session's user for a provider.
   */
  getConnectionToken(input: ForSession<pb.GetConnectionTokenRequest>, call: Call): Result<string | undefined>;
  /**
   * GetConnectionUser returns the user whose connection a session uses. The
   * answer must stay the same while the connection exists: what the session
   * creates with the connection is cleaned up later under that user.
   */
  getConnectionUser(input: ForSession<pb.GetConnectionUserRequest>, call: Call): Result<string | undefined>;
  /**
   * GetConnectionTokenForUser returns the token of one user for a provider. For
   * the user that GetConnectionUser returns, it is the token that
   * GetConnectionToken returns.
   */
  getConnectionTokenForUser(input: ForOrg<pb.GetConnectionTokenForUserRequest>, call: Call): Result<string | undefined>;
  /**
   * GetConnectionMetadata returns the metadata that are kept with the token of
   * the session's user.
   */
  getConnectionMetadata(input: ForSession<pb.GetConnectionMetadataRequest>, call: Call): Result<string | undefined>;
}

/**
 * TestSeed is what an author implements to offer TestSeedService.
 *
 * TestSeedService stores whole records under the ids that the caller chooses,
 * in the org of the call. A record that exists under the id is replaced as a
 * whole. Optional: offer it only if the server was told to at its start,
 * because it lets every caller write every record of the org.
 */
export interface TestSeed {
  /**
   * PutHarness stores a harness.
   */
  putHarness(input: ForOrg<pb.PutHarnessRequest>, call: Call): Result<void>;
  /**
   * PutAgent stores an agent.
   */
  putAgent(input: ForOrg<pb.PutAgentRequest>, call: Call): Result<void>;
  /**
   * PutSession stores a session. Its organization_id becomes that of the org of
   * the call. If the session is new, the initial files of its harness, of its
   * agent and of itself are placed in its workspace.
   */
  putSession(input: ForOrg<pb.PutSessionRequest>, call: Call): Result<void>;
  /**
   * PutProviderCredential stores the org's credentials for a type of provider
   * and replaces the existing ones.
   */
  putProviderCredential(input: ForOrg<pb.PutProviderCredentialRequest>, call: Call): Result<void>;
  /**
   * PutConnection stores a user's connection with a provider and replaces the
   * existing one.
   */
  putConnection(input: ForOrg<pb.PutConnectionRequest>, call: Call): Result<void>;
  /**
   * PutPaymentPolicy stores a payment policy, and the account that it pays from
   * with its balance.
   */
  putPaymentPolicy(input: ForOrg<pb.PutPaymentPolicyRequest>, call: Call): Result<void>;
  /**
   * PutModel stores a model, and makes it the org's default if is_default is
   * set.
   */
  putModel(input: ForOrg<pb.PutModelRequest>, call: Call): Result<void>;
  /**
   * PutBudget stores a budget.
   */
  putBudget(input: ForOrg<pb.PutBudgetRequest>, call: Call): Result<void>;
  /**
   * PutRateLimit stores the org's limit on outbound tool calls.
   */
  putRateLimit(input: ForOrg<pb.PutRateLimitRequest>, call: Call): Result<void>;
}

/**
 * TurnJournal is what an author implements to offer TurnJournalService.
 *
 * TurnJournalService keeps unfinished turns and the results of tool calls.
 * Optional: without it, a host keeps its turns itself, and no other host can take
 * them over.
 */
export interface TurnJournal {
  /**
   * PutTurn stores the record of a turn, over the record that it had. The record
   * must be durable when the server answers. A session may have several turns.
   */
  putTurn(input: ForSession<pb.PutTurnRequest>, change: Change<void>): Result<void>;
  /**
   * GetTurn returns a turn with its record. A turn that does not exist is absent.
   */
  getTurn(input: ForSession<pb.GetTurnRequest>, call: Call): Result<Init<typeof pb.GetTurnResponseSchema>>;
  /**
   * RemoveTurn removes a turn that has ended, with its record and all of its tool
   * calls. Removing a turn that does not exist returns false; its tool calls are
   * removed all the same.
   */
  removeTurn(input: ForSession<pb.RemoveTurnRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * ListTurns streams the unfinished turns of the org or of a session, those that
   * were stored first first, without their records.
   */
  listTurns(input: ForOrg<pb.ListTurnsRequest>, call: Call): Answers<Init<typeof pb.ListTurnsResponseSchema>>;
  /**
   * ClaimToolCall claims a tool call before the tool runs, so that it runs once.
   * Of several callers at the same time exactly one makes the claim.
   *
   * The answer says what to do:
   * - `claimed`: the caller made the claim. It runs the tool, and then settles
   *   the call with the claim_token of the answer.
   * - Otherwise `call` is what is stored, and the caller made no claim. SETTLED
   *   and INTERRUPTED: the tool has run; the caller uses the result. RUNNING
   *   under the caller's own fence: the holder of the lease runs it already.
   *   RUNNING under a lower fence: the call is in doubt. The host that claimed it
   *   was lost before it settled the call, and whether the tool ran is not known.
   *   A caller does not run it again unless the tool may run twice.
   *
   * `retake` claims a RUNNING call again, for a tool that may run twice. The former
   * claim_token is then void. Without `retake`, a RUNNING call is never claimed
   * again; a call that was settled never is.
   *
   * The server compares no fingerprints. If `call.args_fingerprint` differs from
   * the caller's, the call has other arguments than the one that is stored, and
   * the caller must not use the result.
   */
  claimToolCall(input: ForSession<pb.ClaimToolCallRequest>, change: Change<Init<typeof pb.ClaimToolCallResponseSchema>>): Result<Init<typeof pb.ClaimToolCallResponseSchema>>;
  /**
   * SettleToolCall stores the result of a tool call. It must be durable when the
   * server answers. A claim_token that is not the one of the running claim, and a
   * call that is settled already, change nothing and return false.
   */
  settleToolCall(input: ForSession<pb.SettleToolCallRequest>, change: Change<boolean>): Result<boolean>;
  /**
   * ListToolCalls streams the tool calls of a turn, those that were claimed first
   * first, or the one that is named. A call that does not exist is absent.
   */
  listToolCalls(input: ForSession<pb.ListToolCallsRequest>, call: Call): Answers<Init<typeof pb.ListToolCallsResponseSchema>>;
}

/**
 * TurnQueue is what an author implements to offer TurnQueueService.
 *
 * TurnQueueService hands turn requests to hosts. Optional: without it, messages
 * that PlatformStoreService stores and schedules that fire start no turn.
 *
 * The server stores a turn request in the transaction that stores its message;
 * the same transaction sets the session's status to ACTIVE. The request waits,
 * across restarts of server and hosts, until a host takes it, and is then gone.
 * One host takes it, however many follow.
 */
export interface TurnQueue {
  /**
   * FollowTurnRequests streams the waiting turn requests of the org, oldest
   * first, and then every further one, until the caller ends the call. The
   * stream may contain a request that another host takes first, so a host must
   * take a request before it runs the turn.
   */
  followTurnRequests(input: ForOrg<pb.FollowTurnRequestsRequest>, call: Call): Answers<Init<typeof pb.FollowTurnRequestsResponseSchema>>;
  /**
   * TakeTurnRequest takes a turn request. Of several callers exactly one gets
   * `taken`, and that one must run the turn. Taking a request that does not
   * exist returns false; that is not an error.
   */
  takeTurnRequest(input: ForSession<pb.TakeTurnRequestRequest>, change: Change<boolean>): Result<boolean>;
}

/**
 * UtilityLlm is what an author implements to offer UtilityLlmService.
 *
 * UtilityLlmService calls the platform's own language model, for use inside
 * capabilities: to summarize, to classify, to name. Optional: without it,
 * capabilities do without. Agents never see it. The operator chooses provider,
 * model and key; a caller cannot.
 *
 * FEATURE_UTILITY_LLM_CONFIGURED in its offer says whether it has a model.
 * Without a model every call fails with INTERNAL + LLM. A request without
 * messages also fails with INTERNAL + LLM. A message without a role or content,
 * and an unknown effort, are refused with INVALID_ARGUMENT + INVALID_FIELD.
 *
 * A client does not repeat a call: a completion costs money.
 */
export interface UtilityLlm {
  /**
   * ChatCompletion returns a completion when it is complete.
   */
  chatCompletion(input: ForOrg<pb.ChatCompletionRequest>, call: Call): Result<Init<typeof pb.ChatCompletionResponseSchema>>;
  /**
   * ChatCompletionStream streams a completion as the model produces it. The
   * last event of a stream is `done` or `error`; it comes once. The caller may
   * cancel the call at any time; the server must then stop the call of the
   * provider.
   */
  chatCompletionStream(input: ForOrg<pb.ChatCompletionStreamRequest>, call: Call): Answers<Init<typeof pb.ChatCompletionStreamResponseSchema>>;
}

/** What an adapter may offer: the stores, by their names. */
export interface Offers {
  agentStore?: AgentStore | undefined;
  budgetChecker?: BudgetChecker | undefined;
  egress?: Egress | undefined;
  eventEmitter?: EventEmitter | undefined;
  eventLog?: EventLog | undefined;
  harnessStore?: HarnessStore | undefined;
  imageArtifactStore?: ImageArtifactStore | undefined;
  imageResolver?: ImageResolver | undefined;
  leasedResourceStore?: LeasedResourceStore | undefined;
  llmProviderStore?: LlmProviderStore | undefined;
  mcp?: Mcp | undefined;
  memoryStore?: MemoryStore | undefined;
  sessionStore?: SessionStore | undefined;
  messageRetriever?: MessageRetriever | undefined;
  outboundToolRateLimiter?: OutboundToolRateLimiter | undefined;
  paymentAuthority?: PaymentAuthority | undefined;
  platformStore?: PlatformStore | undefined;
  providerCredentialStore?: ProviderCredentialStore | undefined;
  runtimeHost?: RuntimeHost | undefined;
  sessionFileSystem?: SessionFileSystem | undefined;
  sessionLease?: SessionLease | undefined;
  sessionMutator?: SessionMutator | undefined;
  sessionResourceRegistry?: SessionResourceRegistry | undefined;
  sessionScheduleStore?: SessionScheduleStore | undefined;
  sessionSqlDbStore?: SessionSqlDbStore | undefined;
  sessionStorageStore?: SessionStorageStore | undefined;
  userConnectionResolver?: UserConnectionResolver | undefined;
  testSeed?: TestSeed | undefined;
  turnJournal?: TurnJournal | undefined;
  turnQueue?: TurnQueue | undefined;
  utilityLlm?: UtilityLlm | undefined;
}

/** What the contract says of each store that the runtime needs. */
export const contract = {
  agentStore: {
    service: pb.AgentStoreService,
    features: [],
    methods: {
      getAgent: { session: false, answer: "agent" },
    },
  },
  budgetChecker: {
    service: pb.BudgetCheckerService,
    features: [],
    methods: {
      checkBudgets: { session: true, answer: "message" },
    },
  },
  egress: {
    service: pb.EgressService,
    features: [],
    methods: {
      send: { session: false, answer: "message" },
      sendStream: { session: false, answer: "message" },
    },
  },
  eventEmitter: {
    service: pb.EventEmitterService,
    features: [pb.Feature.EMIT_STREAM, pb.Feature.FENCED, ],
    methods: {
      emit: { session: false, answer: "message" },
    },
  },
  eventLog: {
    service: pb.EventLogService,
    features: [],
    methods: {
      readEvents: { session: true, answer: "message" },
      followEvents: { session: true, answer: "message" },
    },
  },
  harnessStore: {
    service: pb.HarnessStoreService,
    features: [],
    methods: {
      getHarnessChain: { session: false, answer: "harnesses" },
    },
  },
  imageArtifactStore: {
    service: pb.ImageArtifactStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      createImage: { session: false, answer: "image" },
      getImage: { session: false, answer: "message" },
      getImageInfo: { session: false, answer: "image" },
    },
  },
  imageResolver: {
    service: pb.ImageResolverService,
    features: [],
    methods: {
      resolveImage: { session: false, answer: "message" },
    },
  },
  leasedResourceStore: {
    service: pb.LeasedResourceStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      upsertResource: { session: true, answer: "resource" },
      releaseResource: { session: true, answer: "resource" },
      listResources: { session: true, answer: "resources" },
    },
  },
  llmProviderStore: {
    service: pb.LlmProviderStoreService,
    features: [],
    methods: {
      getModelWithProvider: { session: false, answer: "model" },
      getDefaultModel: { session: false, answer: "model" },
    },
  },
  mcp: {
    service: pb.McpService,
    features: [],
    methods: {
      listMcpServers: { session: true, answer: "servers" },
      resolveMcpConnection: { session: true, answer: "connection" },
      authorizeMcpServer: { session: true, answer: "credential" },
    },
  },
  memoryStore: {
    service: pb.MemoryStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      getOrCreateDefaultStore: { session: false, answer: "store" },
      getMemoryStore: { session: false, answer: "store" },
      createMemory: { session: false, answer: "memory" },
      recall: { session: false, answer: "message" },
      forget: { session: false, answer: "forgotten" },
      countActive: { session: false, answer: "count" },
    },
  },
  sessionStore: {
    service: pb.SessionStoreService,
    features: [],
    methods: {
      getSession: { session: true, answer: "session" },
    },
  },
  messageRetriever: {
    service: pb.MessageRetrieverService,
    features: [],
    methods: {
      getMessage: { session: true, answer: "message" },
      loadMessages: { session: true, answer: "message" },
      loadFilteredMessages: { session: true, answer: "message" },
      loadMessagePage: { session: true, answer: "message" },
      countMessages: { session: true, answer: "count" },
    },
  },
  outboundToolRateLimiter: {
    service: pb.OutboundToolRateLimiterService,
    features: [],
    methods: {
      checkOrg: { session: false, answer: "allowed" },
    },
  },
  paymentAuthority: {
    service: pb.PaymentAuthorityService,
    features: [pb.Feature.FENCED, ],
    methods: {
      executeMachinePayment: { session: true, answer: "payment" },
    },
  },
  platformStore: {
    service: pb.PlatformStoreService,
    features: [pb.Feature.SESSION_SETTINGS, pb.Feature.FENCED, ],
    methods: {
      listHarnesses: { session: false, answer: "message" },
      getHarness: { session: false, answer: "harness" },
      createHarness: { session: false, answer: "harness" },
      updateHarness: { session: false, answer: "harness" },
      deleteHarness: { session: false, answer: "nothing" },
      copyHarness: { session: false, answer: "harness" },
      listAgents: { session: false, answer: "message" },
      getAgentById: { session: false, answer: "agent" },
      createAgent: { session: false, answer: "agent" },
      updateAgent: { session: false, answer: "agent" },
      deleteAgent: { session: false, answer: "nothing" },
      listApps: { session: false, answer: "message" },
      getApp: { session: false, answer: "app" },
      createApp: { session: false, answer: "app" },
      updateApp: { session: false, answer: "app" },
      deleteApp: { session: false, answer: "nothing" },
      destroyApp: { session: false, answer: "nothing" },
      publishApp: { session: false, answer: "app" },
      unpublishApp: { session: false, answer: "app" },
      addAppChannel: { session: false, answer: "channel" },
      updateAppChannel: { session: false, answer: "channel" },
      deleteAppChannel: { session: false, answer: "nothing" },
      listSessions: { session: false, answer: "message" },
      createSession: { session: false, answer: "session" },
      setSubagentMetadata: { session: true, answer: "session" },
      getSessionById: { session: true, answer: "session" },
      getSessionContextReport: { session: true, answer: "report" },
      deleteSession: { session: true, answer: "nothing" },
      sendMessage: { session: true, answer: "nothing" },
      getMessages: { session: true, answer: "message" },
      waitForIdle: { session: true, answer: "message" },
      listCapabilities: { session: false, answer: "message" },
    },
  },
  providerCredentialStore: {
    service: pb.ProviderCredentialStoreService,
    features: [],
    methods: {
      getDefaultProviderCredentials: { session: false, answer: "credentials" },
    },
  },
  runtimeHost: {
    service: pb.RuntimeHostService,
    features: [pb.Feature.TURN_SNAPSHOT, pb.Feature.FENCED, ],
    methods: {
      getAgent: { session: false, answer: "agent" },
      getHarness: { session: false, answer: "harness" },
      setSessionStatus: { session: true, answer: "session" },
      loadTurnContext: { session: true, answer: "message" },
    },
  },
  sessionFileSystem: {
    service: pb.SessionFileSystemService,
    features: [pb.Feature.FENCED, ],
    methods: {
      readFile: { session: true, answer: "message" },
      writeFile: { session: true, answer: "file" },
      writeFileIfContentMatches: { session: true, answer: "file" },
      deleteFile: { session: true, answer: "deleted" },
      listDirectory: { session: true, answer: "entries" },
      statFile: { session: true, answer: "stat" },
      grepFiles: { session: true, answer: "message" },
      createDirectory: { session: true, answer: "directory" },
      seedInitialFile: { session: true, answer: "nothing" },
    },
  },
  sessionLease: {
    service: pb.SessionLeaseService,
    features: [],
    methods: {
      acquireLease: { session: true, answer: "lease" },
      renewLease: { session: true, answer: "timeLeftMs" },
      releaseLease: { session: true, answer: "nothing" },
      followLeases: { session: false, answer: "message" },
    },
  },
  sessionMutator: {
    service: pb.SessionMutatorService,
    features: [pb.Feature.FENCED, ],
    methods: {
      updateSessionTitle: { session: true, answer: "session" },
    },
  },
  sessionResourceRegistry: {
    service: pb.SessionResourceRegistryService,
    features: [pb.Feature.FENCED, ],
    methods: {
      register: { session: true, answer: "entry" },
      updateStatus: { session: true, answer: "entry" },
      getSessionResource: { session: true, answer: "entry" },
      listSessionResources: { session: true, answer: "message" },
      deregister: { session: true, answer: "deregistered" },
    },
  },
  sessionScheduleStore: {
    service: pb.SessionScheduleStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      createSchedule: { session: true, answer: "schedule" },
      cancelSchedule: { session: true, answer: "schedule" },
      listSchedules: { session: true, answer: "schedules" },
      countActiveSchedules: { session: true, answer: "count" },
    },
  },
  sessionSqlDbStore: {
    service: pb.SessionSqlDbStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      createDatabase: { session: true, answer: "database" },
      listDatabases: { session: true, answer: "databases" },
      getDatabase: { session: true, answer: "database" },
      deleteDatabase: { session: true, answer: "deleted" },
      sqlExecute: { session: true, answer: "rowsAffected" },
      sqlQuery: { session: true, answer: "message" },
      sqlSchema: { session: true, answer: "message" },
    },
  },
  sessionStorageStore: {
    service: pb.SessionStorageStoreService,
    features: [pb.Feature.FENCED, ],
    methods: {
      setValue: { session: true, answer: "nothing" },
      getValue: { session: true, answer: "value" },
      deleteValue: { session: true, answer: "deleted" },
      listKeys: { session: true, answer: "keys" },
      setSecret: { session: true, answer: "nothing" },
      getSecret: { session: true, answer: "value" },
      deleteSecret: { session: true, answer: "deleted" },
      listSecrets: { session: true, answer: "secrets" },
    },
  },
  userConnectionResolver: {
    service: pb.UserConnectionResolverService,
    features: [],
    methods: {
      getConnectionToken: { session: true, answer: "token" },
      getConnectionUser: { session: true, answer: "userId" },
      getConnectionTokenForUser: { session: false, answer: "token" },
      getConnectionMetadata: { session: true, answer: "metadataJson" },
    },
  },
  testSeed: {
    service: pb.TestSeedService,
    features: [],
    methods: {
      putHarness: { session: false, answer: "nothing" },
      putAgent: { session: false, answer: "nothing" },
      putSession: { session: false, answer: "nothing" },
      putProviderCredential: { session: false, answer: "nothing" },
      putConnection: { session: false, answer: "nothing" },
      putPaymentPolicy: { session: false, answer: "nothing" },
      putModel: { session: false, answer: "nothing" },
      putBudget: { session: false, answer: "nothing" },
      putRateLimit: { session: false, answer: "nothing" },
    },
  },
  turnJournal: {
    service: pb.TurnJournalService,
    features: [pb.Feature.FENCED, ],
    methods: {
      putTurn: { session: true, answer: "nothing" },
      getTurn: { session: true, answer: "message" },
      removeTurn: { session: true, answer: "removed" },
      listTurns: { session: false, answer: "message" },
      claimToolCall: { session: true, answer: "message" },
      settleToolCall: { session: true, answer: "settled" },
      listToolCalls: { session: true, answer: "message" },
    },
  },
  turnQueue: {
    service: pb.TurnQueueService,
    features: [],
    methods: {
      followTurnRequests: { session: false, answer: "message" },
      takeTurnRequest: { session: true, answer: "taken" },
    },
  },
  utilityLlm: {
    service: pb.UtilityLlmService,
    features: [pb.Feature.UTILITY_LLM_CONFIGURED, ],
    methods: {
      chatCompletion: { session: false, answer: "message" },
      chatCompletionStream: { session: false, answer: "message" },
    },
  },
} as const;
