// SessionLeaseService over a storage of leases: who gets one, under which fence, when it
// ends, and what followers are told.

import type { Call, Change, ForOrg, ForSession, Init, Org, Session } from "./call.js";
import * as fail from "./fail.js";
import { LeaseClock, stale, type Lease } from "./fences.js";
import type {
  AcquireLeaseRequest, FollowLeasesRequest, FollowLeasesResponseSchema, ReleaseLeaseRequest, RenewLeaseRequest, SessionLeaseSchema,
} from "./messages.gen.js";
import type { SessionLease } from "./stores.gen.js";

type Granted = Init<typeof SessionLeaseSchema>;
type Told = Init<typeof FollowLeasesResponseSchema>;

/** What a caller asks for. The ttl is in microseconds. */
export interface Wanted {
  readonly holder: string;
  readonly address: string;
  readonly ttl: number;
}

const ttlMsMin = 1_000n;
const ttlMsMax = 600_000n;
/** The largest fence that a table can hold. */
export const fenceMax = 2n ** 63n - 1n;
// How long what another process does may stay unseen.
const lookMs = 1_000;
// How soon after its end a lease is looked at.
const afterTheEndMs = 5;

export const columns = "session, fence, ends_at, time_left_max, holder, address";

/** The table, with the type that a database has for texts compared by their bytes. A row stays: fences of a session rise for ever. */
export function table(org: string, text: string): string {
  return `CREATE TABLE IF NOT EXISTS mortise_leases (
    org ${org} NOT NULL, session ${text} NOT NULL, fence BIGINT NOT NULL, ends_at BIGINT NOT NULL, time_left_max BIGINT NOT NULL,
    holder ${text} NOT NULL, address ${text} NOT NULL, PRIMARY KEY (org, session))`;
}

/** Leases in a storage, which says how they are read and written. */
export abstract class StoredLeases implements SessionLease {
  readonly #clock = new LeaseClock();
  readonly #waiting = new Set<() => void>();
  #changes = 0;

  /** Grants a lease in the transaction of the change. */
  protected abstract grant(session: Session, change: Change<Granted>, wanted: Wanted): Promise<Granted> | Granted;
  /** Makes a lease what `next` says in one transaction. */
  protected abstract replace(session: Session, next: (last: Lease | undefined, now: number) => Lease): Promise<Lease> | Lease;
  /** Ends a lease of this fence. */
  protected abstract end(session: Session, fence: bigint): Promise<void> | void;
  /** The leases that may run, of a session or of all, and the time of the storage. */
  protected abstract stored(org: Org, sessionId: string | undefined): Promise<{ leases: Lease[]; now: number }> | { leases: Lease[]; now: number };

  async acquireLease(input: ForSession<AcquireLeaseRequest>, change: Change<Granted>): Promise<Granted> {
    const { session, holder, address, ttlMs } = input;
    for (const [field, text] of Object.entries({ holder, address })) {
      if (text.includes("\0")) {
        throw fail.invalidField(field, "contains NUL; send a text without it");
      }
    }
    const granted = await this.grant(session, change, { holder, address, ttl: micros(ttlMs) });
    this.#tell();
    return granted;
  }

  async renewLease({ session, fence, ttlMs }: ForSession<RenewLeaseRequest>): Promise<bigint> {
    refuseZero(fence);
    const ttl = micros(ttlMs);
    const renewed = await this.replace(session, (last, now) => {
      // One that has expired and that no other was granted is as good as it was.
      if (last === undefined || last.fence !== fence || last.endsAt === 0) {
        throw stale(session.id, last, now);
      }
      const timeLeftMax = Math.max(this.#clock.left(session.org.id, last, now), ttl);
      // Never the end before, also if the clock was set back meanwhile: a process that has
      // seen the lease sees the renewal.
      const endsAt = now + timeLeftMax + (now + timeLeftMax === last.endsAt ? 1 : 0);
      return { ...last, timeLeftMax, endsAt };
    });
    this.#clock.noteRenewal(session.org.id, renewed);
    return millis(renewed.timeLeftMax);
  }

  async releaseLease({ session, fence }: ForSession<ReleaseLeaseRequest>): Promise<void> {
    refuseZero(fence);
    if (fence <= fenceMax) {
      await this.end(session, fence);
      this.#tell();
    }
  }

  async *followLeases({ org, sessionId }: ForOrg<FollowLeasesRequest>, { signal }: Call): AsyncGenerator<Told> {
    // The fence that was told of a session; undefined for one that was not told yet.
    const told = new Map<string, bigint | undefined>();
    if (sessionId !== undefined) {
      told.set(sessionId, undefined);
    }
    while (!signal.aborted) {
      // Before the look, so that nothing falls between the two.
      const seen = this.#changes;
      const running = await this.#running(org, sessionId);
      let waitMs = lookMs;
      for (const session of [...told.keys()].filter((one) => !running.has(one))) {
        told.delete(session);
        yield { sessionId: session };
      }
      for (const [session, { lease, left }] of running) {
        waitMs = Math.min(waitMs, left / 1000 + afterTheEndMs);
        if (told.get(session) !== lease.fence) {
          told.set(session, lease.fence);
          yield { sessionId: session, lease: answer(lease, left) };
        }
      }
      await this.#wait(seen, waitMs, signal);
    }
  }

  async #running(org: Org, sessionId: string | undefined): Promise<Map<string, { lease: Lease; left: number }>> {
    const { leases, now } = await this.stored(org, sessionId);
    const all = leases.map((lease) => ({ lease, left: this.#clock.left(org.id, lease, now) }));
    return new Map(all.filter(({ left }) => left > 0).map((one) => [one.lease.session, one]));
  }

  /** Throws HELD if another holder has the session. */
  protected refuseIfHeld(org: Org, last: Lease | undefined, wanted: Wanted, now: number): void {
    if (last === undefined || last.holder === wanted.holder) {
      return;
    }
    const left = this.#clock.left(org.id, last, now);
    if (left > 0) {
      throw fail.held(last.session, last.holder, last.address, String(millis(left)), `${last.session} is leased by ${last.holder}`);
    }
  }

  /**
   * The next lease of a session. Its fence comes from the clock: a storage that was restored
   * from a backup does not know the last one.
   */
  protected next(session: Session, last: Lease | undefined, wanted: Wanted, now: number): Lease {
    const above = (last?.fence ?? 0n) + 1n;
    const fence = above > BigInt(now) ? above : BigInt(now);
    const { holder, address, ttl } = wanted;
    const lease = { session: session.id, fence, endsAt: now + ttl, timeLeftMax: ttl, holder, address };
    // Noted now, so that it ends by the monotonic clock as well.
    this.#clock.left(session.org.id, lease, now);
    return lease;
  }

  #tell(): void {
    this.#changes++;
    for (const wake of this.#waiting) {
      wake();
    }
  }

  /** Waits until something changes here, for a time at most. */
  async #wait(seen: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#changes !== seen || signal.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}

/** A lease on the wire, of which so much is left. */
export function answer(lease: Lease, left = lease.timeLeftMax): Granted {
  const { session, fence, holder, address } = lease;
  return { sessionId: session, fence, holder, address, timeLeftMs: millis(left) };
}

function millis(micros: number): bigint {
  return BigInt(Math.max(1, Math.floor(micros / 1000)));
}

function micros(ttlMs: bigint): number {
  if (ttlMs < ttlMsMin || ttlMs > ttlMsMax) {
    throw fail.invalidField("ttl_ms", `is ${ttlMs}; send ${ttlMsMin} to ${ttlMsMax}`);
  }
  return Number(ttlMs) * 1000;
}

function refuseZero(fence: bigint): void {
  if (fence === 0n) {
    throw fail.invalidField("fence", "is 0; send the fence that the lease was granted with");
  }
}
