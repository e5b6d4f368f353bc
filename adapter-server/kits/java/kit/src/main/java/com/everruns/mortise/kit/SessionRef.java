package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;

/**
 * The session that a call acts on, in the org of the call.
 *
 * @param org the tenant
 * @param id {@code session_} and 32 hex digits
 */
public record SessionRef(Org org, String id) {
    static SessionRef of(CallContext context, String id) {
        return new SessionRef(Org.of(context), id);
    }
}
