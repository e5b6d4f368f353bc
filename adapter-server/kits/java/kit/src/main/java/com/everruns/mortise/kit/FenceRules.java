package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.EmitRequest;
import com.everruns.mortise.adapter.v1.NewEvent;
import com.everruns.mortise.adapter.v1.UnfencedChanges;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Set;

/**
 * Which changes leases decide about.
 *
 * @param services the services that check fences
 * @param unfenced what becomes of changes without a fence
 */
record FenceRules(Set<String> services, UnfencedChanges unfenced) {
    /** Events of these types come from outside of a turn; a lease keeps none of them out. */
    private static final Set<String> FROM_OUTSIDE = Set.of("input.message", "turn.cancelled");

    /** What leases decide of a request. */
    <Q extends Message> Fencing of(MethodRules<Q> rules, Q request) {
        if (!services.contains(rules.method().getServiceName())) {
            return Fencing.NOTHING;
        }
        CallContext context = rules.context().apply(request);
        String target;
        switch (rules.fencing()) {
            case FENCING_SESSION -> target = target(request);
            case FENCING_CALLER -> target = "";
            default -> {
                return Fencing.NOTHING;
            }
        }
        boolean hasFence = context.getFence() != 0;
        if (hasFence && context.getSessionId().isEmpty()) {
            throw Fail.invalidField(
                    "context.session_id",
                    "is empty, but the call has a fence; send the session that the fence belongs to");
        }
        String own = hasFence ? context.getSessionId() : "";
        boolean isRefused = !target.equals(own) && refuses(request);
        return new Fencing(own, context.getFence(), isRefused ? target : "");
    }

    private static String target(Message request) {
        if (request instanceof EmitRequest emit) {
            return emit.getEvent().getSessionId();
        }
        FieldDescriptor field = request.getDescriptorForType().findFieldByName("session_id");
        return (String) request.getField(field);
    }

    private boolean refuses(Message request) {
        NewEvent event = request instanceof EmitRequest emit ? emit.getEvent() : null;
        boolean isFromOutside = event != null && FROM_OUTSIDE.contains(event.getType());
        return switch (unfenced) {
            case UNFENCED_CHANGES_EXCEPT_TURN_EVENTS ->
                event != null && event.getContext().hasTurnId() && !isFromOutside;
            case UNFENCED_CHANGES_REFUSED -> !isFromOutside;
            default -> false;
        };
    }
}
