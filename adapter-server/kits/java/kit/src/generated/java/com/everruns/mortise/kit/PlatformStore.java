// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.App;
import com.everruns.mortise.adapter.v1.AppChannel;
import com.everruns.mortise.adapter.v1.ChannelType;
import com.everruns.mortise.adapter.v1.CreateAgentRequest;
import com.everruns.mortise.adapter.v1.CreateAppRequest;
import com.everruns.mortise.adapter.v1.CreateHarnessRequest;
import com.everruns.mortise.adapter.v1.CreateSessionRequest;
import com.everruns.mortise.adapter.v1.GetMessagesResponse;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.ListAgentsResponse;
import com.everruns.mortise.adapter.v1.ListAppsResponse;
import com.everruns.mortise.adapter.v1.ListCapabilitiesResponse;
import com.everruns.mortise.adapter.v1.ListHarnessesResponse;
import com.everruns.mortise.adapter.v1.ListSessionsResponse;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionContextReport;
import com.everruns.mortise.adapter.v1.SubagentStatus;
import com.everruns.mortise.adapter.v1.UpdateAgentRequest;
import com.everruns.mortise.adapter.v1.UpdateAppChannelRequest;
import com.everruns.mortise.adapter.v1.UpdateAppRequest;
import com.everruns.mortise.adapter.v1.UpdateHarnessRequest;
import com.everruns.mortise.adapter.v1.WaitForIdleResponse;
import java.util.Optional;

/**
 * What an author implements to offer {@code PlatformStoreService}.
 *
 * <p>PlatformStoreService manages the harnesses, agents, apps and sessions of an
 * org from within one of its sessions. Optional: without it, agents cannot
 * manage the platform and a host cannot create sessions. A server that offers
 * it should state the address of its web console in
 * DescribeResponse.platform_base_url.
 *
 * <p>CallContext.session_id is REQUIRED in every request; without it the call is
 * refused with INVALID_ARGUMENT + INVALID_FIELD. It names the session whose
 * turn makes the call, and what the call creates belongs to the owner of that
 * session. A host that calls outside a session, for instance to create the
 * first one of an org, sends the nil id ({@code session_} and 32 zeros); what it
 * creates belongs to the org. Everything is confined to the org: a record of
 * another org is absent, and a session of another org cannot make the call.
 *
 * <p>Get methods return an absent record where none exists; that is not an error.
 * Every method that changes a record fails with INTERNAL + STORE and a text
 * that contains "not found" if the record does not exist in the org.
 *
 * <p>Update methods change the fields that are present and no others. They keep
 * created_at and move updated_at on. Two updates of different fields at the
 * same time must both take effect.
 *
 * <p>Delete methods archive a record. Get methods still return it, with its
 * status, and lists leave it out. It cannot be changed or used for something
 * new (INTERNAL + STORE). Deleting it again changes nothing and succeeds.
 *
 * <p>The names of harnesses and agents are unique among those of the org that are
 * not archived; a name in use is refused with INTERNAL + STORE. A name has 1 to
 * 64 bytes: {@code a} to {@code z}, {@code 0} to {@code 9} and single hyphens between them. Any other
 * name is refused.
 *
 * <p>Lists stream their records in several messages, because a record may be large
 * and there may be many. The reference server starts a new message where one
 * would pass 256 KiB.
 */
public interface PlatformStore extends Store {

    /**
     * ListHarnesses streams the active harnesses of the org, ascending by name.
     *
     * <p>The org's default harness must be among them. It is built in and named
     * "Generic": the host's tools look for exactly this name when a session is
     * created without a harness.
     */
    void listHarnesses(Org in, Sender<ListHarnessesResponse> to) throws Exception;

    /**
     * GetHarness returns one harness without its ancestors.
     */
    Optional<Harness> getHarness(Org in, String harnessId) throws Exception;

    /**
     * CreateHarness creates a harness and returns it. It is active and not built
     * in. INTERNAL + STORE: the name is in use or malformed, or the parent is not
     * active.
     */
    Harness createHarness(Org in, Change<Harness> change, CreateHarnessRequest request) throws Exception;

    /**
     * UpdateHarness changes a harness and returns it. INTERNAL + STORE: the
     * harness does not exist, is archived or is built in; the new name is in use
     * or malformed; or the new parent is not active or extends this harness.
     */
    Harness updateHarness(Org in, Change<Harness> change, UpdateHarnessRequest request) throws Exception;

    /**
     * DeleteHarness archives a harness. A built-in harness is refused with
     * INTERNAL + STORE.
     */
    void deleteHarness(Org in, Change<Void> change, String harnessId) throws Exception;

    /**
     * CopyHarness creates a copy of a harness and returns it. The copy has its
     * own id, name and times, is active and not built in, and is otherwise the
     * same.
     */
    Harness copyHarness(Org in, Change<Harness> change, String harnessId, Optional<String> newName) throws Exception;

    /**
     * ListAgents streams the active agents of the org, ascending by name.
     */
    void listAgents(Org in, Sender<ListAgentsResponse> to) throws Exception;

    /**
     * GetAgentById returns the same agent as AgentStoreService.GetAgent.
     */
    Optional<Agent> getAgentById(Org in, String agentId) throws Exception;

    /**
     * CreateAgent creates an agent and returns it. It is active. INTERNAL +
     * STORE: the name is in use or malformed.
     */
    Agent createAgent(Org in, Change<Agent> change, CreateAgentRequest request) throws Exception;

    /**
     * UpdateAgent changes an agent and returns it. INTERNAL + STORE: the agent
     * does not exist or is archived, or the new name is in use or malformed.
     */
    Agent updateAgent(Org in, Change<Agent> change, UpdateAgentRequest request) throws Exception;

    /**
     * DeleteAgent archives an agent.
     */
    void deleteAgent(Org in, Change<Void> change, String agentId) throws Exception;

    /**
     * ListApps streams the apps of the org with their channels, ascending by
     * name.
     */
    void listApps(Org in, Optional<String> search, boolean includeArchived, Sender<ListAppsResponse> to) throws Exception;

    /**
     * GetApp returns an app with its channels; the oldest channel comes first.
     */
    Optional<App> getApp(Org in, String appId) throws Exception;

    /**
     * CreateApp creates an app and returns it. It is a draft and has one channel
     * if a channel type is given. INTERNAL + STORE: the harness or the agent is
     * not active.
     */
    App createApp(Org in, Change<App> change, CreateAppRequest request) throws Exception;

    /**
     * UpdateApp changes an app and returns it. INTERNAL + STORE: the app does not
     * exist or is archived, or the new harness or agent is not active.
     */
    App updateApp(Org in, Change<App> change, UpdateAppRequest request) throws Exception;

    /**
     * DeleteApp archives an app.
     */
    void deleteApp(Org in, Change<Void> change, String appId) throws Exception;

    /**
     * DestroyApp removes an archived app and its channels for good; Get then
     * returns it as absent. An app that is not archived is refused with INTERNAL
     * + STORE.
     */
    void destroyApp(Org in, Change<Void> change, String appId) throws Exception;

    /**
     * PublishApp publishes an app and returns it. published_at is the time of the
     * call. An archived app is refused with INTERNAL + STORE.
     */
    App publishApp(Org in, Change<App> change, String appId) throws Exception;

    /**
     * UnpublishApp makes an app a draft again and returns it without
     * published_at.
     */
    App unpublishApp(Org in, Change<App> change, String appId) throws Exception;

    /**
     * AddAppChannel adds a channel to an app and returns the channel. An app that
     * does not exist or is archived is refused with INTERNAL + STORE.
     */
    AppChannel addAppChannel(Org in, Change<AppChannel> change, String appId, ChannelType channelType, Optional<String> channelConfigJson, Optional<Boolean> enabled) throws Exception;

    /**
     * UpdateAppChannel changes a channel and returns it. A channel of another app
     * is "not found".
     */
    AppChannel updateAppChannel(Org in, Change<AppChannel> change, UpdateAppChannelRequest request) throws Exception;

    /**
     * DeleteAppChannel removes a channel for good. A channel of another app is
     * "not found".
     */
    void deleteAppChannel(Org in, Change<Void> change, String appId, String channelId) throws Exception;

    /**
     * ListSessions streams the sessions of the org that are not archived, newest
     * first.
     */
    void listSessions(Org in, Optional<Long> limit, Optional<String> agentId, Sender<ListSessionsResponse> to) throws Exception;

    /**
     * CreateSession creates a session and returns it. The session has the owner
     * of the calling session, no turn has run in it, and its workspace holds the
     * initial files of its harness and its agent. INTERNAL + STORE: the harness
     * or the agent is not active. A session of a blueprint runs an agent that
     * only the host knows.
     */
    Session createSession(Org in, Change<Session> change, CreateSessionRequest request) throws Exception;

    /**
     * SetSubagentMetadata says that a session is a subagent of another one, and
     * returns the session. The host calls it again when the subagent's status
     * changes; the last call counts. INTERNAL + STORE: one of the two sessions
     * does not exist in the org, or they are the same.
     */
    Session setSubagentMetadata(SessionRef in, Change<Session> change, String parentSessionId, String subagentName, String subagentTask, SubagentStatus subagentStatus) throws Exception;

    /**
     * GetSessionById returns the same session as SessionStoreService.GetSession.
     */
    Optional<Session> getSessionById(SessionRef in) throws Exception;

    /**
     * GetSessionContextReport estimates how many tokens the next call of the
     * model in the session would send, and which sources they come from. A
     * session that does not exist in the org is an error whose text contains "not
     * found".
     */
    SessionContextReport getSessionContextReport(SessionRef in) throws Exception;

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
    void deleteSession(SessionRef in, Change<Void> change) throws Exception;

    /**
     * SendMessage stores a user's message in a session and requests the turn that
     * answers it (TurnQueueService). When the call is answered, the message is
     * readable and the session's status is ACTIVE. A turn that runs already reads
     * the message and answers it. INTERNAL + STORE: the session does not exist in
     * the org or is archived.
     */
    void sendMessage(SessionRef in, Change<Void> change, String content) throws Exception;

    /**
     * GetMessages streams what user and agent wrote in a session: of the messages
     * that have text the newest {@code limit}, oldest first, so that the last one is
     * the newest. A session that does not exist in the org has none.
     */
    void getMessages(SessionRef in, Optional<Long> limit, Sender<GetMessagesResponse> to) throws Exception;

    /**
     * WaitForIdle waits until no turn of a session runs or is requested.
     *
     * <p>The server sends the session's status at once, and again when it sees the
     * status change. It ends the stream when the session has settled or the time
     * is over; the last message is the answer. The end of the time is an answer
     * and not an error: the host's tools mark a subagent as failed for good when
     * this call fails.
     *
     * <p>A session that does not exist in the org is an error whose text contains
     * "not found". A server that is stopping ends the stream with UNAVAILABLE;
     * the client then calls again. Many callers may wait at the same time, and
     * callers that go away must not leave anything running.
     */
    void waitForIdle(SessionRef in, Optional<Long> timeoutSeconds, Sender<WaitForIdleResponse> to) throws Exception;

    /**
     * ListCapabilities streams the capabilities that agents and harnesses can
     * use, ascending by name. There is at least one.
     */
    void listCapabilities(Org in, Optional<String> search, Sender<ListCapabilitiesResponse> to) throws Exception;
}
