// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ExecuteMachinePaymentRequest;
import com.everruns.mortise.adapter.v1.ExecuteMachinePaymentResponse;
import com.everruns.mortise.adapter.v1.MachinePaymentResponse;
import com.everruns.mortise.adapter.v1.PaymentAuthorityMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link PaymentAuthority} to the calls of {@code PaymentAuthorityService}. */
final class PaymentAuthorityBinding {
    private PaymentAuthorityBinding() {}

    static ServerServiceDefinition bind(PaymentAuthority store, Core core) {
        return ServerServiceDefinition.builder(PaymentAuthorityMethods.SERVICE)
                .addMethod(core.keyed(
                        PaymentAuthorityMethods.EXECUTE_MACHINE_PAYMENT,
                        ExecuteMachinePaymentRequest::getContext,
                        new Codec<MachinePaymentResponse, ExecuteMachinePaymentResponse>(
                                v -> ExecuteMachinePaymentResponse.newBuilder().setPayment(v).build(),
                                a -> a.getPayment()),
                        (r, c) -> store.executeMachinePayment(SessionRef.of(r.getContext(), r.getSessionId()), c, r.hasAgentId() ? Optional.of(r.getAgentId()) : Optional.empty(), r.getPayment())))
                .build();
    }
}
