// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.AddAppChannelRequest;
import com.everruns.mortise.adapter.v1.AddAppChannelResponse;
import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.App;
import com.everruns.mortise.adapter.v1.AppChannel;
import com.everruns.mortise.adapter.v1.CopyHarnessRequest;
import com.everruns.mortise.adapter.v1.CopyHarnessResponse;
import com.everruns.mortise.adapter.v1.CreateAgentRequest;
import com.everruns.mortise.adapter.v1.CreateAgentResponse;
import com.everruns.mortise.adapter.v1.CreateAppRequest;
import com.everruns.mortise.adapter.v1.CreateAppResponse;
import com.everruns.mortise.adapter.v1.CreateHarnessRequest;
import com.everruns.mortise.adapter.v1.CreateHarnessResponse;
import com.everruns.mortise.adapter.v1.CreateSessionRequest;
import com.everruns.mortise.adapter.v1.CreateSessionResponse;
import com.everruns.mortise.adapter.v1.DeleteAgentRequest;
import com.everruns.mortise.adapter.v1.DeleteAgentResponse;
import com.everruns.mortise.adapter.v1.DeleteAppChannelRequest;
import com.everruns.mortise.adapter.v1.DeleteAppChannelResponse;
import com.everruns.mortise.adapter.v1.DeleteAppRequest;
import com.everruns.mortise.adapter.v1.DeleteAppResponse;
import com.everruns.mortise.adapter.v1.DeleteHarnessRequest;
import com.everruns.mortise.adapter.v1.DeleteHarnessResponse;
import com.everruns.mortise.adapter.v1.DeleteSessionRequest;
import com.everruns.mortise.adapter.v1.DeleteSessionResponse;
import com.everruns.mortise.adapter.v1.DestroyAppRequest;
import com.everruns.mortise.adapter.v1.DestroyAppResponse;
import com.everruns.mortise.adapter.v1.GetAgentByIdRequest;
import com.everruns.mortise.adapter.v1.GetAgentByIdResponse;
import com.everruns.mortise.adapter.v1.GetAppRequest;
import com.everruns.mortise.adapter.v1.GetAppResponse;
import com.everruns.mortise.adapter.v1.GetMessagesRequest;
import com.everruns.mortise.adapter.v1.GetSessionByIdRequest;
import com.everruns.mortise.adapter.v1.GetSessionByIdResponse;
import com.everruns.mortise.adapter.v1.GetSessionContextReportRequest;
import com.everruns.mortise.adapter.v1.GetSessionContextReportResponse;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.ListAgentsRequest;
import com.everruns.mortise.adapter.v1.ListAppsRequest;
import com.everruns.mortise.adapter.v1.ListCapabilitiesRequest;
import com.everruns.mortise.adapter.v1.ListHarnessesRequest;
import com.everruns.mortise.adapter.v1.ListSessionsRequest;
import com.everruns.mortise.adapter.v1.PlatformStoreMethods;
import com.everruns.mortise.adapter.v1.PlatformStoreServiceGetHarnessRequest;
import com.everruns.mortise.adapter.v1.PlatformStoreServiceGetHarnessResponse;
import com.everruns.mortise.adapter.v1.PublishAppRequest;
import com.everruns.mortise.adapter.v1.PublishAppResponse;
import com.everruns.mortise.adapter.v1.SendMessageRequest;
import com.everruns.mortise.adapter.v1.SendMessageResponse;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionContextReport;
import com.everruns.mortise.adapter.v1.SetSubagentMetadataRequest;
import com.everruns.mortise.adapter.v1.SetSubagentMetadataResponse;
import com.everruns.mortise.adapter.v1.UnpublishAppRequest;
import com.everruns.mortise.adapter.v1.UnpublishAppResponse;
import com.everruns.mortise.adapter.v1.UpdateAgentRequest;
import com.everruns.mortise.adapter.v1.UpdateAgentResponse;
import com.everruns.mortise.adapter.v1.UpdateAppChannelRequest;
import com.everruns.mortise.adapter.v1.UpdateAppChannelResponse;
import com.everruns.mortise.adapter.v1.UpdateAppRequest;
import com.everruns.mortise.adapter.v1.UpdateAppResponse;
import com.everruns.mortise.adapter.v1.UpdateHarnessRequest;
import com.everruns.mortise.adapter.v1.UpdateHarnessResponse;
import com.everruns.mortise.adapter.v1.WaitForIdleRequest;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link PlatformStore} to the calls of {@code PlatformStoreService}. */
final class PlatformStoreBinding {
    private PlatformStoreBinding() {}

    static ServerServiceDefinition bind(PlatformStore store, Core core) {
        return ServerServiceDefinition.builder(PlatformStoreMethods.SERVICE)
                .addMethod(core.streamed(
                        PlatformStoreMethods.LIST_HARNESSES,
                        ListHarnessesRequest::getContext,
                        (r, to) -> store.listHarnesses(Org.of(r.getContext()), to)))
                .addMethod(core.plain(
                        PlatformStoreMethods.GET_HARNESS,
                        PlatformStoreServiceGetHarnessRequest::getContext,
                        new Codec<Optional<Harness>, PlatformStoreServiceGetHarnessResponse>(
                                v -> v.map(it -> PlatformStoreServiceGetHarnessResponse.newBuilder().setHarness(it).build()).orElse(PlatformStoreServiceGetHarnessResponse.getDefaultInstance()),
                                a -> a.hasHarness() ? Optional.of(a.getHarness()) : Optional.empty()),
                        r -> store.getHarness(Org.of(r.getContext()), r.getHarnessId())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.CREATE_HARNESS,
                        CreateHarnessRequest::getContext,
                        new Codec<Harness, CreateHarnessResponse>(
                                v -> CreateHarnessResponse.newBuilder().setHarness(v).build(),
                                a -> a.getHarness()),
                        (r, c) -> store.createHarness(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.UPDATE_HARNESS,
                        UpdateHarnessRequest::getContext,
                        new Codec<Harness, UpdateHarnessResponse>(
                                v -> UpdateHarnessResponse.newBuilder().setHarness(v).build(),
                                a -> a.getHarness()),
                        (r, c) -> store.updateHarness(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DELETE_HARNESS,
                        DeleteHarnessRequest::getContext,
                        new Codec<Void, DeleteHarnessResponse>(
                                v -> DeleteHarnessResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.deleteHarness(Org.of(r.getContext()), c, r.getHarnessId());
                            return null;
                        }))
                .addMethod(core.keyed(
                        PlatformStoreMethods.COPY_HARNESS,
                        CopyHarnessRequest::getContext,
                        new Codec<Harness, CopyHarnessResponse>(
                                v -> CopyHarnessResponse.newBuilder().setHarness(v).build(),
                                a -> a.getHarness()),
                        (r, c) -> store.copyHarness(Org.of(r.getContext()), c, r.getHarnessId(), r.hasNewName() ? Optional.of(r.getNewName()) : Optional.empty())))
                .addMethod(core.streamed(
                        PlatformStoreMethods.LIST_AGENTS,
                        ListAgentsRequest::getContext,
                        (r, to) -> store.listAgents(Org.of(r.getContext()), to)))
                .addMethod(core.plain(
                        PlatformStoreMethods.GET_AGENT_BY_ID,
                        GetAgentByIdRequest::getContext,
                        new Codec<Optional<Agent>, GetAgentByIdResponse>(
                                v -> v.map(it -> GetAgentByIdResponse.newBuilder().setAgent(it).build()).orElse(GetAgentByIdResponse.getDefaultInstance()),
                                a -> a.hasAgent() ? Optional.of(a.getAgent()) : Optional.empty()),
                        r -> store.getAgentById(Org.of(r.getContext()), r.getAgentId())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.CREATE_AGENT,
                        CreateAgentRequest::getContext,
                        new Codec<Agent, CreateAgentResponse>(
                                v -> CreateAgentResponse.newBuilder().setAgent(v).build(),
                                a -> a.getAgent()),
                        (r, c) -> store.createAgent(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.UPDATE_AGENT,
                        UpdateAgentRequest::getContext,
                        new Codec<Agent, UpdateAgentResponse>(
                                v -> UpdateAgentResponse.newBuilder().setAgent(v).build(),
                                a -> a.getAgent()),
                        (r, c) -> store.updateAgent(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DELETE_AGENT,
                        DeleteAgentRequest::getContext,
                        new Codec<Void, DeleteAgentResponse>(
                                v -> DeleteAgentResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.deleteAgent(Org.of(r.getContext()), c, r.getAgentId());
                            return null;
                        }))
                .addMethod(core.streamed(
                        PlatformStoreMethods.LIST_APPS,
                        ListAppsRequest::getContext,
                        (r, to) -> store.listApps(Org.of(r.getContext()), r.hasSearch() ? Optional.of(r.getSearch()) : Optional.empty(), r.getIncludeArchived(), to)))
                .addMethod(core.plain(
                        PlatformStoreMethods.GET_APP,
                        GetAppRequest::getContext,
                        new Codec<Optional<App>, GetAppResponse>(
                                v -> v.map(it -> GetAppResponse.newBuilder().setApp(it).build()).orElse(GetAppResponse.getDefaultInstance()),
                                a -> a.hasApp() ? Optional.of(a.getApp()) : Optional.empty()),
                        r -> store.getApp(Org.of(r.getContext()), r.getAppId())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.CREATE_APP,
                        CreateAppRequest::getContext,
                        new Codec<App, CreateAppResponse>(
                                v -> CreateAppResponse.newBuilder().setApp(v).build(),
                                a -> a.getApp()),
                        (r, c) -> store.createApp(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.UPDATE_APP,
                        UpdateAppRequest::getContext,
                        new Codec<App, UpdateAppResponse>(
                                v -> UpdateAppResponse.newBuilder().setApp(v).build(),
                                a -> a.getApp()),
                        (r, c) -> store.updateApp(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DELETE_APP,
                        DeleteAppRequest::getContext,
                        new Codec<Void, DeleteAppResponse>(
                                v -> DeleteAppResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.deleteApp(Org.of(r.getContext()), c, r.getAppId());
                            return null;
                        }))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DESTROY_APP,
                        DestroyAppRequest::getContext,
                        new Codec<Void, DestroyAppResponse>(
                                v -> DestroyAppResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.destroyApp(Org.of(r.getContext()), c, r.getAppId());
                            return null;
                        }))
                .addMethod(core.keyed(
                        PlatformStoreMethods.PUBLISH_APP,
                        PublishAppRequest::getContext,
                        new Codec<App, PublishAppResponse>(
                                v -> PublishAppResponse.newBuilder().setApp(v).build(),
                                a -> a.getApp()),
                        (r, c) -> store.publishApp(Org.of(r.getContext()), c, r.getAppId())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.UNPUBLISH_APP,
                        UnpublishAppRequest::getContext,
                        new Codec<App, UnpublishAppResponse>(
                                v -> UnpublishAppResponse.newBuilder().setApp(v).build(),
                                a -> a.getApp()),
                        (r, c) -> store.unpublishApp(Org.of(r.getContext()), c, r.getAppId())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.ADD_APP_CHANNEL,
                        AddAppChannelRequest::getContext,
                        new Codec<AppChannel, AddAppChannelResponse>(
                                v -> AddAppChannelResponse.newBuilder().setChannel(v).build(),
                                a -> a.getChannel()),
                        (r, c) -> store.addAppChannel(Org.of(r.getContext()), c, r.getAppId(), r.getChannelType(), r.hasChannelConfigJson() ? Optional.of(r.getChannelConfigJson()) : Optional.empty(), r.hasEnabled() ? Optional.of(r.getEnabled()) : Optional.empty())))
                .addMethod(core.keyed(
                        PlatformStoreMethods.UPDATE_APP_CHANNEL,
                        UpdateAppChannelRequest::getContext,
                        new Codec<AppChannel, UpdateAppChannelResponse>(
                                v -> UpdateAppChannelResponse.newBuilder().setChannel(v).build(),
                                a -> a.getChannel()),
                        (r, c) -> store.updateAppChannel(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DELETE_APP_CHANNEL,
                        DeleteAppChannelRequest::getContext,
                        new Codec<Void, DeleteAppChannelResponse>(
                                v -> DeleteAppChannelResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.deleteAppChannel(Org.of(r.getContext()), c, r.getAppId(), r.getChannelId());
                            return null;
                        }))
                .addMethod(core.streamed(
                        PlatformStoreMethods.LIST_SESSIONS,
                        ListSessionsRequest::getContext,
                        (r, to) -> store.listSessions(Org.of(r.getContext()), r.hasLimit() ? Optional.of(r.getLimit()) : Optional.empty(), r.hasAgentId() ? Optional.of(r.getAgentId()) : Optional.empty(), to)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.CREATE_SESSION,
                        CreateSessionRequest::getContext,
                        new Codec<Session, CreateSessionResponse>(
                                v -> CreateSessionResponse.newBuilder().setSession(v).build(),
                                a -> a.getSession()),
                        (r, c) -> store.createSession(Org.of(r.getContext()), c, r)))
                .addMethod(core.keyed(
                        PlatformStoreMethods.SET_SUBAGENT_METADATA,
                        SetSubagentMetadataRequest::getContext,
                        new Codec<Session, SetSubagentMetadataResponse>(
                                v -> SetSubagentMetadataResponse.newBuilder().setSession(v).build(),
                                a -> a.getSession()),
                        (r, c) -> store.setSubagentMetadata(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getParentSessionId(), r.getSubagentName(), r.getSubagentTask(), r.getSubagentStatus())))
                .addMethod(core.plain(
                        PlatformStoreMethods.GET_SESSION_BY_ID,
                        GetSessionByIdRequest::getContext,
                        new Codec<Optional<Session>, GetSessionByIdResponse>(
                                v -> v.map(it -> GetSessionByIdResponse.newBuilder().setSession(it).build()).orElse(GetSessionByIdResponse.getDefaultInstance()),
                                a -> a.hasSession() ? Optional.of(a.getSession()) : Optional.empty()),
                        r -> store.getSessionById(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.plain(
                        PlatformStoreMethods.GET_SESSION_CONTEXT_REPORT,
                        GetSessionContextReportRequest::getContext,
                        new Codec<SessionContextReport, GetSessionContextReportResponse>(
                                v -> GetSessionContextReportResponse.newBuilder().setReport(v).build(),
                                a -> a.getReport()),
                        r -> store.getSessionContextReport(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.keyed(
                        PlatformStoreMethods.DELETE_SESSION,
                        DeleteSessionRequest::getContext,
                        new Codec<Void, DeleteSessionResponse>(
                                v -> DeleteSessionResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.deleteSession(SessionRef.of(r.getContext(), r.getSessionId()), c);
                            return null;
                        }))
                .addMethod(core.keyed(
                        PlatformStoreMethods.SEND_MESSAGE,
                        SendMessageRequest::getContext,
                        new Codec<Void, SendMessageResponse>(
                                v -> SendMessageResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.sendMessage(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getContent());
                            return null;
                        }))
                .addMethod(core.streamed(
                        PlatformStoreMethods.GET_MESSAGES,
                        GetMessagesRequest::getContext,
                        (r, to) -> store.getMessages(SessionRef.of(r.getContext(), r.getSessionId()), r.hasLimit() ? Optional.of(r.getLimit()) : Optional.empty(), to)))
                .addMethod(core.streamed(
                        PlatformStoreMethods.WAIT_FOR_IDLE,
                        WaitForIdleRequest::getContext,
                        (r, to) -> store.waitForIdle(SessionRef.of(r.getContext(), r.getSessionId()), r.hasTimeoutSeconds() ? Optional.of(r.getTimeoutSeconds()) : Optional.empty(), to)))
                .addMethod(core.streamed(
                        PlatformStoreMethods.LIST_CAPABILITIES,
                        ListCapabilitiesRequest::getContext,
                        (r, to) -> store.listCapabilities(Org.of(r.getContext()), r.hasSearch() ? Optional.of(r.getSearch()) : Optional.empty(), to)))
                .build();
    }
}
