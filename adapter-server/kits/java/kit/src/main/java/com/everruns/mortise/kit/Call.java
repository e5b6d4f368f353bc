package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import io.grpc.Context;

/** The call that the current thread serves. */
public final class Call {
    static final Context.Key<CallContext> KEY =
            Context.keyWithDefault("mortise.call", CallContext.getDefaultInstance());

    private Call() {}

    /** Session and turn of the caller, for logs. */
    public static CallContext context() {
        return KEY.get();
    }

    /** Whether the caller no longer waits. A read may then stop; a change may be finished. */
    public static boolean isCancelled() {
        return Context.current().isCancelled();
    }
}
