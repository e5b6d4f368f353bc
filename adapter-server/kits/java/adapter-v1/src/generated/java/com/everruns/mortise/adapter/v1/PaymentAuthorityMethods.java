// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code PaymentAuthorityService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class PaymentAuthorityMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            PaymentAuthorityProto.getDescriptor().findServiceByName("PaymentAuthorityService");

    public static final MethodDescriptor<ExecuteMachinePaymentRequest, ExecuteMachinePaymentResponse> EXECUTE_MACHINE_PAYMENT = Methods.of(
            DESCRIPTOR, "ExecuteMachinePayment", ExecuteMachinePaymentRequest.getDefaultInstance(), ExecuteMachinePaymentResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, EXECUTE_MACHINE_PAYMENT);

    private PaymentAuthorityMethods() {}
}
