package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;

/**
 * The tenant of a call. What belongs to another org is absent, as if it had never existed: make
 * {@code id} a part of every key.
 *
 * @param id the key of the tenant; all 64 bits count
 * @param publicId for display; it may be empty
 */
public record Org(long id, String publicId) {
    static Org of(CallContext context) {
        return new Org(context.getOrgId(), context.getOrgPublicId());
    }
}
