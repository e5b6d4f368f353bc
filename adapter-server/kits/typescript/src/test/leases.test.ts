import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessLeases, withoutSecrets, type SessionStorageStore } from "../index.js";
import { SessionLeaseService, SessionStorageStoreService } from "../messages.gen.js";
import { connectTo, contract, serve } from "../testing/index.js";
import { session } from "./support/odd.js";

const quiet = { name: "leases", version: "1", log: () => undefined };

function inMemory(): SessionStorageStore {
  const kept = new Map<string, string>();
  const place = (of: { org: { id: bigint }; id: string }, key: string): string => JSON.stringify([String(of.org.id), of.id, key]);
  return {
    ...withoutSecrets,
    setValue: (input) => void kept.set(place(input.session, input.key), input.value),
    getValue: (input) => kept.get(place(input.session, input.key)),
    deleteValue: (input) => kept.delete(place(input.session, input.key)),
    listKeys: () => [],
  };
}

test("leases in the process keep the contract, and put their fences on a store that knows nothing of them", async (t) => {
  const offers = { sessionStorageStore: inMemory(), sessionLease: new ProcessLeases() };
  await contract(t, { ...quiet, offers }, "--only", "LSE-*");
});

test("a change that is under way when its lease passes on is over when the grant is answered", async (t) => {
  let changes = 0;
  const store: SessionStorageStore = {
    ...inMemory(),
    setValue: async () => {
      // Time for a grant to come in between.
      await new Promise((resolve) => setImmediate(resolve));
      changes += 1;
    },
  };
  const calls = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store, sessionLease: new ProcessLeases() } }));
  let requests = 0;
  const context = (fence = 0n) => ({ orgId: 1n, requestId: `r${requests++}`, sessionId: fence === 0n ? "" : session, fence });
  const acquire = async (): Promise<bigint> => {
    const request = { context: context(), sessionId: session, holder: "one", ttlMs: 60_000n };
    return (await calls.call(SessionLeaseService.method.acquireLease, request)).lease?.fence ?? 0n;
  };
  const write = async (fence: bigint): Promise<void> => {
    for (;;) {
      const request = { context: context(fence), sessionId: session, key: "k", value: "v" };
      try {
        await calls.call(SessionStorageStoreService.method.setValue, request);
      } catch {
        return;
      }
    }
  };
  let fence = await acquire();
  for (let round = 0; round < 5; round += 1) {
    const before = changes;
    const writers = Array.from({ length: 8 }, () => write(fence));
    while (changes === before) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    fence = await acquire();
    const at = changes;
    await Promise.all(writers);
    assert.equal(changes, at);
  }
});

test("a lease ends its ttl after the last renewal, also if the clock is set back", async (t) => {
  const org = { id: 1n, publicId: "" };
  const of = { id: session, org };
  // By the time that has passed, the end would be just the one before.
  for (const back of [10, 3_600]) {
    for (const isSetBefore of [true, false]) {
      let seconds = 1_000;
      let setBy = 0;
      const clocks = [
        t.mock.method(performance, "now", () => seconds * 1_000),
        t.mock.method(Date, "now", () => (1_000_000 + seconds + setBy) * 1_000),
      ];
      const leases = new ProcessLeases();
      const acquire = async (holder: string) =>
        leases.acquireLease({ session: of, holder, address: "", ttlMs: 60_000n }, undefined as never);
      const isHeld = async (): Promise<boolean> => acquire("another").then(() => false, () => true);
      const { fence } = await acquire("one");
      seconds += 10;
      setBy -= isSetBefore ? back : 0;
      assert.equal(await leases.renewLease({ session: of, fence: fence ?? 0n, ttlMs: 60_000n }), 60_000n);
      setBy -= isSetBefore ? 0 : back;
      seconds += 55;
      assert.ok(await isHeld(), "renewed and given away");
      seconds += 6;
      assert.ok(!await isHeld(), "longer than its ttl");
      clocks.forEach((clock) => clock.mock.restore());
    }
  }
});
