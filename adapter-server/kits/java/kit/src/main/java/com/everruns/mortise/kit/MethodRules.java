package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.Deadline;
import com.everruns.mortise.adapter.v1.Effect;
import com.everruns.mortise.adapter.v1.Fencing;
import com.everruns.mortise.adapter.v1.OptionsProto;
import com.everruns.mortise.adapter.v1.Semantics;
import com.google.protobuf.Descriptors;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.function.Function;

/**
 * What the contract says of one method.
 *
 * @param isKeyed it is a change that carries a request_id
 * @param needsSession every request names a session in its context
 * @param isLong the server waits for a third party, so the call may take long
 * @param fencing whether it takes notice of fences, in a service that checks them
 */
record MethodRules<Q extends Message>(
        MethodDescriptor<Q, ?> method,
        Function<Q, CallContext> context,
        boolean isKeyed,
        boolean needsSession,
        boolean isLong,
        Fencing fencing) {

    static <Q extends Message> MethodRules<Q> of(MethodDescriptor<Q, ?> method, Function<Q, CallContext> context) {
        ProtoMethodDescriptorSupplier schema = (ProtoMethodDescriptorSupplier) method.getSchemaDescriptor();
        Descriptors.MethodDescriptor described = schema.getMethodDescriptor();
        Semantics semantics = described.getOptions().getExtension(OptionsProto.semantics);
        return new MethodRules<>(
                method,
                context,
                semantics.getEffect() == Effect.EFFECT_KEYED,
                described
                        .getService()
                        .getOptions()
                        .getExtension(OptionsProto.store)
                        .getSessionInContext(),
                semantics.getDeadline() == Deadline.DEADLINE_LONG,
                semantics.getFencing());
    }

    String name() {
        return method.getFullMethodName();
    }

    /** Refuses a request that the contract forbids. */
    void check(Q request) {
        CheckFields.first(request, context.apply(request), isKeyed, needsSession);
    }

    /** Refuses a message of a stream after the first. */
    void checkNext(Q request) {
        CheckFields.next(request, isKeyed);
    }
}
