// What Node itself says of a store that cannot be reached.

const codes = new Set([
  "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH",
  "ENETDOWN", "ENOTFOUND", "EAI_AGAIN", "ERR_SOCKET_CLOSED", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT",
]);

/** Says whether an error, or one that caused it, is a broken connection. */
export function isConnectionError(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (codes.has(String((at as { code?: unknown }).code))) {
      return true;
    }
    if (at instanceof AggregateError && at.errors.some(isConnectionError)) {
      return true;
    }
  }
  return false;
}
