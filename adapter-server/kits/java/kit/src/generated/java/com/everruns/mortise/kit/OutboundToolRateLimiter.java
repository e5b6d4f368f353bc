// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

/**
 * What an author implements to offer {@code OutboundToolRateLimiterService}.
 *
 * <p>OutboundToolRateLimiterService says whether an org may make one more outbound
 * tool call. Optional: without it, every call is allowed.
 *
 * <p>The host asks before every such call, with up to 32 calls at the same time.
 * The check fails open: the host takes every error, every answer that it cannot
 * read and every wait of more than 1 s for a yes. So a server must answer
 * quickly.
 */
public interface OutboundToolRateLimiter extends Store {

    /**
     * CheckOrg counts a call of the org and says whether it is allowed. Orgs do
     * not share a counter. An org without a limit is allowed every call. Servers
     * that share a database may count apart.
     */
    boolean checkOrg(Org in, String orgId) throws Exception;
}
