// A store whose keys say what goes wrong.

import { fail, withoutSecrets, type SessionStorageStore } from "../../index.js";

export interface Odd extends SessionStorageStore {
  changes: number;
}

export class Away extends Error {}

/** Makes a store that counts its changes. */
export function odd(): Odd {
  const store: Odd = {
    ...withoutSecrets,
    changes: 0,
    setValue: async ({ key }, change) => {
      store.changes += 1;
      await new Promise((resolve) => setImmediate(resolve));
      switch (key) {
        case "throw":
          throw new TypeError("password=hunter2");
        case "text":
          throw "a thrown text with hunter2";
        case "away":
          throw new Error("dial", { cause: new Away("gone") });
        case "refused":
          throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
        case "hang":
          await new Promise((resolve) => change.signal.addEventListener("abort", resolve));
          break;
        case "store":
          throw fail.store("ü".repeat(5000)).notApplied();
        case "later":
          throw fail.unavailable("busy").retryAfter(1500);
      }
    },
    getValue: () => undefined,
    deleteValue: () => true,
    listKeys: () => [],
  };
  return store;
}

export const session = `session_${"1".padStart(32, "0")}`;

/** A request of SetValue. */
export function setValue(requestId: string, key: string) {
  return { context: { orgId: 1n << 60n, requestId }, sessionId: session, key, value: "hunter2" };
}
