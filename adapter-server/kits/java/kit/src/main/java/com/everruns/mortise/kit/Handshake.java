package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.AdapterProto;
import com.everruns.mortise.adapter.v1.DescribeRequest;
import com.everruns.mortise.adapter.v1.DescribeResponse;
import com.everruns.mortise.adapter.v1.Methods;
import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import java.util.function.Supplier;

/** AdapterService: says what the adapter is and offers. */
final class Handshake {
    static final String SERVICE = "mortise.adapter.v1.AdapterService";

    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            AdapterProto.getDescriptor().findServiceByName("AdapterService");
    static final MethodDescriptor<DescribeRequest, DescribeResponse> DESCRIBE = Methods.of(
            DESCRIPTOR, "Describe", DescribeRequest.getDefaultInstance(), DescribeResponse.getDefaultInstance());

    private Handshake() {}

    static ServerServiceDefinition bind(Supplier<DescribeResponse> describe) {
        return ServerServiceDefinition.builder(Methods.service(DESCRIPTOR, DESCRIBE))
                .addMethod(DESCRIBE, ServerCalls.asyncUnaryCall((request, caller) -> {
                    caller.onNext(describe.get());
                    caller.onCompleted();
                }))
                .build();
    }
}
