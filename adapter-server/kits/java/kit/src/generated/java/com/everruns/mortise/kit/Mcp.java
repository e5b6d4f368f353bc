// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.McpAuthMode;
import com.everruns.mortise.adapter.v1.McpConnection;
import com.everruns.mortise.adapter.v1.McpCredential;
import com.everruns.mortise.adapter.v1.McpServer;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code McpService}.
 *
 * <p>McpService says which MCP servers a session can use and which credentials go
 * with a request. Optional.
 *
 * <p>The host speaks MCP itself: it lists the tools of the MCP servers for the
 * model and calls them, through EgressService. Without McpService or without
 * EgressService, there are no MCP tools.
 *
 * <p>The MCP servers of a session are those of its harness chain, root first, then
 * those of its agent, then its own. Of several with one name the last counts,
 * as a whole; nothing of the others is merged into it. A platform may add
 * servers of its own, such as those of an org.
 *
 * <p>A tool is named {@code mcp_{prefix}__{tool}}. The prefix is the MCP server's name
 * in lower case, with {@code _} in place of every character that is neither a letter
 * nor a digit. Of several MCP servers with one prefix the last by name counts,
 * in the order of the bytes. An MCP server whose prefix contains {@code __} or ends
 * with {@code _} cannot be called; the host leaves it out.
 *
 * <p>A session that does not exist in the org has no MCP servers and no
 * credentials; that is not an error. A server that keeps headers, environments
 * or keys encrypted and has no encryption key must refuse to read them:
 * FAILED_PRECONDITION + CONFIGURATION with a text that contains "Encryption not
 * configured".
 */
public interface Mcp extends Store {

    /**
     * ListMcpServers returns the MCP servers of the session, each once, in the
     * order of the bytes of their names. MCP servers that run as a process are
     * included; a host that starts no processes leaves them out and logs it.
     */
    List<McpServer> listMcpServers(SessionRef in) throws Exception;

    /**
     * ResolveMcpConnection returns how to reach the MCP server with a prefix. A
     * prefix that no MCP server of the session has is absent, not an error.
     */
    Optional<McpConnection> resolveMcpConnection(SessionRef in, String serverPrefix) throws Exception;

    /**
     * AuthorizeMcpServer returns the credential for a request to an MCP server,
     * by the auth_mode of its connection:
     *
     * <p>- MCP_AUTH_MODE_NONE: no credential. The host does not ask.
     * - MCP_AUTH_MODE_OAUTH: {@code Bearer TOKEN}, where TOKEN is the token of the
     *   session's user for oauth_provider_id, as
     *   UserConnectionResolverService.GetConnectionToken returns it.
     * - MCP_AUTH_MODE_API_KEY: {@code Bearer KEY}, where KEY is the key of the MCP
     *   server. The reference server keeps it as the session's secret
     *   {@code mcp_api_key:NAME} (SessionStorageStoreService); NAME is the MCP server's
     *   name as it is. Another platform may keep keys elsewhere.
     *
     * <p>A credential that does not exist is absent, not an error: the host then
     * sends its request without one. The host asks before every request and keeps
     * no credential, so the server must renew a token that has expired.
     */
    Optional<McpCredential> authorizeMcpServer(SessionRef in, String serverName, McpAuthMode authMode, Optional<String> oauthProviderId) throws Exception;
}
