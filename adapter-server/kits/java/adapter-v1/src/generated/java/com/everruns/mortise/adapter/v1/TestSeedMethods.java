// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code TestSeedService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class TestSeedMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            TestSeedProto.getDescriptor().findServiceByName("TestSeedService");

    public static final MethodDescriptor<PutHarnessRequest, PutHarnessResponse> PUT_HARNESS = Methods.of(
            DESCRIPTOR, "PutHarness", PutHarnessRequest.getDefaultInstance(), PutHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<PutAgentRequest, PutAgentResponse> PUT_AGENT = Methods.of(
            DESCRIPTOR, "PutAgent", PutAgentRequest.getDefaultInstance(), PutAgentResponse.getDefaultInstance());

    public static final MethodDescriptor<PutSessionRequest, PutSessionResponse> PUT_SESSION = Methods.of(
            DESCRIPTOR, "PutSession", PutSessionRequest.getDefaultInstance(), PutSessionResponse.getDefaultInstance());

    public static final MethodDescriptor<PutProviderCredentialRequest, PutProviderCredentialResponse> PUT_PROVIDER_CREDENTIAL = Methods.of(
            DESCRIPTOR, "PutProviderCredential", PutProviderCredentialRequest.getDefaultInstance(), PutProviderCredentialResponse.getDefaultInstance());

    public static final MethodDescriptor<PutConnectionRequest, PutConnectionResponse> PUT_CONNECTION = Methods.of(
            DESCRIPTOR, "PutConnection", PutConnectionRequest.getDefaultInstance(), PutConnectionResponse.getDefaultInstance());

    public static final MethodDescriptor<PutPaymentPolicyRequest, PutPaymentPolicyResponse> PUT_PAYMENT_POLICY = Methods.of(
            DESCRIPTOR, "PutPaymentPolicy", PutPaymentPolicyRequest.getDefaultInstance(), PutPaymentPolicyResponse.getDefaultInstance());

    public static final MethodDescriptor<PutModelRequest, PutModelResponse> PUT_MODEL = Methods.of(
            DESCRIPTOR, "PutModel", PutModelRequest.getDefaultInstance(), PutModelResponse.getDefaultInstance());

    public static final MethodDescriptor<PutBudgetRequest, PutBudgetResponse> PUT_BUDGET = Methods.of(
            DESCRIPTOR, "PutBudget", PutBudgetRequest.getDefaultInstance(), PutBudgetResponse.getDefaultInstance());

    public static final MethodDescriptor<PutRateLimitRequest, PutRateLimitResponse> PUT_RATE_LIMIT = Methods.of(
            DESCRIPTOR, "PutRateLimit", PutRateLimitRequest.getDefaultInstance(), PutRateLimitResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, PUT_HARNESS, PUT_AGENT, PUT_SESSION, PUT_PROVIDER_CREDENTIAL, PUT_CONNECTION, PUT_PAYMENT_POLICY, PUT_MODEL, PUT_BUDGET, PUT_RATE_LIMIT);

    private TestSeedMethods() {}
}
