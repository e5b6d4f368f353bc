// Secrets that are refused, as a store without an encryption key must.

import * as fail from "./fail.js";
import type { SessionStorageStore } from "./stores.gen.js";

// The words that the host's tools look for.
function refuse(): never {
  throw fail.configuration("Encryption not configured").notApplied();
}

type Secrets = Pick<SessionStorageStore, "setSecret" | "getSecret" | "deleteSecret" | "listSecrets">;

/** The methods for secrets of a SessionStorageStore that keeps none: spread it into yours. */
export const withoutSecrets: Secrets = { setSecret: refuse, getSecret: refuse, deleteSecret: refuse, listSecrets: refuse };
