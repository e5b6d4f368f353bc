// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.PutAgentRequest;
import com.everruns.mortise.adapter.v1.PutAgentResponse;
import com.everruns.mortise.adapter.v1.PutBudgetRequest;
import com.everruns.mortise.adapter.v1.PutBudgetResponse;
import com.everruns.mortise.adapter.v1.PutConnectionRequest;
import com.everruns.mortise.adapter.v1.PutConnectionResponse;
import com.everruns.mortise.adapter.v1.PutHarnessRequest;
import com.everruns.mortise.adapter.v1.PutHarnessResponse;
import com.everruns.mortise.adapter.v1.PutModelRequest;
import com.everruns.mortise.adapter.v1.PutModelResponse;
import com.everruns.mortise.adapter.v1.PutPaymentPolicyRequest;
import com.everruns.mortise.adapter.v1.PutPaymentPolicyResponse;
import com.everruns.mortise.adapter.v1.PutProviderCredentialRequest;
import com.everruns.mortise.adapter.v1.PutProviderCredentialResponse;
import com.everruns.mortise.adapter.v1.PutRateLimitRequest;
import com.everruns.mortise.adapter.v1.PutRateLimitResponse;
import com.everruns.mortise.adapter.v1.PutSessionRequest;
import com.everruns.mortise.adapter.v1.PutSessionResponse;
import com.everruns.mortise.adapter.v1.TestSeedMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link TestSeed} to the calls of {@code TestSeedService}. */
final class TestSeedBinding {
    private TestSeedBinding() {}

    static ServerServiceDefinition bind(TestSeed store, Core core) {
        return ServerServiceDefinition.builder(TestSeedMethods.SERVICE)
                .addMethod(core.plain(
                        TestSeedMethods.PUT_HARNESS,
                        PutHarnessRequest::getContext,
                        new Codec<Void, PutHarnessResponse>(
                                v -> PutHarnessResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putHarness(Org.of(r.getContext()), r.getHarness());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_AGENT,
                        PutAgentRequest::getContext,
                        new Codec<Void, PutAgentResponse>(
                                v -> PutAgentResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putAgent(Org.of(r.getContext()), r.getAgent());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_SESSION,
                        PutSessionRequest::getContext,
                        new Codec<Void, PutSessionResponse>(
                                v -> PutSessionResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putSession(Org.of(r.getContext()), r.getSession());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_PROVIDER_CREDENTIAL,
                        PutProviderCredentialRequest::getContext,
                        new Codec<Void, PutProviderCredentialResponse>(
                                v -> PutProviderCredentialResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putProviderCredential(Org.of(r.getContext()), r.getProviderType(), r.getCredentials());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_CONNECTION,
                        PutConnectionRequest::getContext,
                        new Codec<Void, PutConnectionResponse>(
                                v -> PutConnectionResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putConnection(Org.of(r.getContext()), r.getConnection());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_PAYMENT_POLICY,
                        PutPaymentPolicyRequest::getContext,
                        new Codec<Void, PutPaymentPolicyResponse>(
                                v -> PutPaymentPolicyResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putPaymentPolicy(Org.of(r.getContext()), r.getPolicy(), r.hasAccount() ? Optional.of(r.getAccount()) : Optional.empty());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_MODEL,
                        PutModelRequest::getContext,
                        new Codec<Void, PutModelResponse>(
                                v -> PutModelResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putModel(Org.of(r.getContext()), r.getModelId(), r.getModel(), r.getIsDefault());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_BUDGET,
                        PutBudgetRequest::getContext,
                        new Codec<Void, PutBudgetResponse>(
                                v -> PutBudgetResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putBudget(Org.of(r.getContext()), r.getBudget());
                            return null;
                        }))
                .addMethod(core.plain(
                        TestSeedMethods.PUT_RATE_LIMIT,
                        PutRateLimitRequest::getContext,
                        new Codec<Void, PutRateLimitResponse>(
                                v -> PutRateLimitResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.putRateLimit(Org.of(r.getContext()), r.getMaxCalls(), r.getWindowSeconds());
                            return null;
                        }))
                .build();
    }
}
