// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code PlatformStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class PlatformStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            PlatformStoreProto.getDescriptor().findServiceByName("PlatformStoreService");

    public static final MethodDescriptor<ListHarnessesRequest, ListHarnessesResponse> LIST_HARNESSES = Methods.of(
            DESCRIPTOR, "ListHarnesses", ListHarnessesRequest.getDefaultInstance(), ListHarnessesResponse.getDefaultInstance());

    public static final MethodDescriptor<PlatformStoreServiceGetHarnessRequest, PlatformStoreServiceGetHarnessResponse> GET_HARNESS = Methods.of(
            DESCRIPTOR, "GetHarness", PlatformStoreServiceGetHarnessRequest.getDefaultInstance(), PlatformStoreServiceGetHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateHarnessRequest, CreateHarnessResponse> CREATE_HARNESS = Methods.of(
            DESCRIPTOR, "CreateHarness", CreateHarnessRequest.getDefaultInstance(), CreateHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<UpdateHarnessRequest, UpdateHarnessResponse> UPDATE_HARNESS = Methods.of(
            DESCRIPTOR, "UpdateHarness", UpdateHarnessRequest.getDefaultInstance(), UpdateHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteHarnessRequest, DeleteHarnessResponse> DELETE_HARNESS = Methods.of(
            DESCRIPTOR, "DeleteHarness", DeleteHarnessRequest.getDefaultInstance(), DeleteHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<CopyHarnessRequest, CopyHarnessResponse> COPY_HARNESS = Methods.of(
            DESCRIPTOR, "CopyHarness", CopyHarnessRequest.getDefaultInstance(), CopyHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<ListAgentsRequest, ListAgentsResponse> LIST_AGENTS = Methods.of(
            DESCRIPTOR, "ListAgents", ListAgentsRequest.getDefaultInstance(), ListAgentsResponse.getDefaultInstance());

    public static final MethodDescriptor<GetAgentByIdRequest, GetAgentByIdResponse> GET_AGENT_BY_ID = Methods.of(
            DESCRIPTOR, "GetAgentById", GetAgentByIdRequest.getDefaultInstance(), GetAgentByIdResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateAgentRequest, CreateAgentResponse> CREATE_AGENT = Methods.of(
            DESCRIPTOR, "CreateAgent", CreateAgentRequest.getDefaultInstance(), CreateAgentResponse.getDefaultInstance());

    public static final MethodDescriptor<UpdateAgentRequest, UpdateAgentResponse> UPDATE_AGENT = Methods.of(
            DESCRIPTOR, "UpdateAgent", UpdateAgentRequest.getDefaultInstance(), UpdateAgentResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteAgentRequest, DeleteAgentResponse> DELETE_AGENT = Methods.of(
            DESCRIPTOR, "DeleteAgent", DeleteAgentRequest.getDefaultInstance(), DeleteAgentResponse.getDefaultInstance());

    public static final MethodDescriptor<ListAppsRequest, ListAppsResponse> LIST_APPS = Methods.of(
            DESCRIPTOR, "ListApps", ListAppsRequest.getDefaultInstance(), ListAppsResponse.getDefaultInstance());

    public static final MethodDescriptor<GetAppRequest, GetAppResponse> GET_APP = Methods.of(
            DESCRIPTOR, "GetApp", GetAppRequest.getDefaultInstance(), GetAppResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateAppRequest, CreateAppResponse> CREATE_APP = Methods.of(
            DESCRIPTOR, "CreateApp", CreateAppRequest.getDefaultInstance(), CreateAppResponse.getDefaultInstance());

    public static final MethodDescriptor<UpdateAppRequest, UpdateAppResponse> UPDATE_APP = Methods.of(
            DESCRIPTOR, "UpdateApp", UpdateAppRequest.getDefaultInstance(), UpdateAppResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteAppRequest, DeleteAppResponse> DELETE_APP = Methods.of(
            DESCRIPTOR, "DeleteApp", DeleteAppRequest.getDefaultInstance(), DeleteAppResponse.getDefaultInstance());

    public static final MethodDescriptor<DestroyAppRequest, DestroyAppResponse> DESTROY_APP = Methods.of(
            DESCRIPTOR, "DestroyApp", DestroyAppRequest.getDefaultInstance(), DestroyAppResponse.getDefaultInstance());

    public static final MethodDescriptor<PublishAppRequest, PublishAppResponse> PUBLISH_APP = Methods.of(
            DESCRIPTOR, "PublishApp", PublishAppRequest.getDefaultInstance(), PublishAppResponse.getDefaultInstance());

    public static final MethodDescriptor<UnpublishAppRequest, UnpublishAppResponse> UNPUBLISH_APP = Methods.of(
            DESCRIPTOR, "UnpublishApp", UnpublishAppRequest.getDefaultInstance(), UnpublishAppResponse.getDefaultInstance());

    public static final MethodDescriptor<AddAppChannelRequest, AddAppChannelResponse> ADD_APP_CHANNEL = Methods.of(
            DESCRIPTOR, "AddAppChannel", AddAppChannelRequest.getDefaultInstance(), AddAppChannelResponse.getDefaultInstance());

    public static final MethodDescriptor<UpdateAppChannelRequest, UpdateAppChannelResponse> UPDATE_APP_CHANNEL = Methods.of(
            DESCRIPTOR, "UpdateAppChannel", UpdateAppChannelRequest.getDefaultInstance(), UpdateAppChannelResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteAppChannelRequest, DeleteAppChannelResponse> DELETE_APP_CHANNEL = Methods.of(
            DESCRIPTOR, "DeleteAppChannel", DeleteAppChannelRequest.getDefaultInstance(), DeleteAppChannelResponse.getDefaultInstance());

    public static final MethodDescriptor<ListSessionsRequest, ListSessionsResponse> LIST_SESSIONS = Methods.of(
            DESCRIPTOR, "ListSessions", ListSessionsRequest.getDefaultInstance(), ListSessionsResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateSessionRequest, CreateSessionResponse> CREATE_SESSION = Methods.of(
            DESCRIPTOR, "CreateSession", CreateSessionRequest.getDefaultInstance(), CreateSessionResponse.getDefaultInstance());

    public static final MethodDescriptor<SetSubagentMetadataRequest, SetSubagentMetadataResponse> SET_SUBAGENT_METADATA = Methods.of(
            DESCRIPTOR, "SetSubagentMetadata", SetSubagentMetadataRequest.getDefaultInstance(), SetSubagentMetadataResponse.getDefaultInstance());

    public static final MethodDescriptor<GetSessionByIdRequest, GetSessionByIdResponse> GET_SESSION_BY_ID = Methods.of(
            DESCRIPTOR, "GetSessionById", GetSessionByIdRequest.getDefaultInstance(), GetSessionByIdResponse.getDefaultInstance());

    public static final MethodDescriptor<GetSessionContextReportRequest, GetSessionContextReportResponse> GET_SESSION_CONTEXT_REPORT = Methods.of(
            DESCRIPTOR, "GetSessionContextReport", GetSessionContextReportRequest.getDefaultInstance(), GetSessionContextReportResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteSessionRequest, DeleteSessionResponse> DELETE_SESSION = Methods.of(
            DESCRIPTOR, "DeleteSession", DeleteSessionRequest.getDefaultInstance(), DeleteSessionResponse.getDefaultInstance());

    public static final MethodDescriptor<SendMessageRequest, SendMessageResponse> SEND_MESSAGE = Methods.of(
            DESCRIPTOR, "SendMessage", SendMessageRequest.getDefaultInstance(), SendMessageResponse.getDefaultInstance());

    public static final MethodDescriptor<GetMessagesRequest, GetMessagesResponse> GET_MESSAGES = Methods.of(
            DESCRIPTOR, "GetMessages", GetMessagesRequest.getDefaultInstance(), GetMessagesResponse.getDefaultInstance());

    public static final MethodDescriptor<WaitForIdleRequest, WaitForIdleResponse> WAIT_FOR_IDLE = Methods.of(
            DESCRIPTOR, "WaitForIdle", WaitForIdleRequest.getDefaultInstance(), WaitForIdleResponse.getDefaultInstance());

    public static final MethodDescriptor<ListCapabilitiesRequest, ListCapabilitiesResponse> LIST_CAPABILITIES = Methods.of(
            DESCRIPTOR, "ListCapabilities", ListCapabilitiesRequest.getDefaultInstance(), ListCapabilitiesResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, LIST_HARNESSES, GET_HARNESS, CREATE_HARNESS, UPDATE_HARNESS, DELETE_HARNESS, COPY_HARNESS, LIST_AGENTS, GET_AGENT_BY_ID, CREATE_AGENT, UPDATE_AGENT, DELETE_AGENT, LIST_APPS, GET_APP, CREATE_APP, UPDATE_APP, DELETE_APP, DESTROY_APP, PUBLISH_APP, UNPUBLISH_APP, ADD_APP_CHANNEL, UPDATE_APP_CHANNEL, DELETE_APP_CHANNEL, LIST_SESSIONS, CREATE_SESSION, SET_SUBAGENT_METADATA, GET_SESSION_BY_ID, GET_SESSION_CONTEXT_REPORT, DELETE_SESSION, SEND_MESSAGE, GET_MESSAGES, WAIT_FOR_IDLE, LIST_CAPABILITIES);

    private PlatformStoreMethods() {}
}
