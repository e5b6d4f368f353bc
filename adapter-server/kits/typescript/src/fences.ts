// The fence of a change, and what it is compared with: leases as they are stored. The
// highest fence of a session is known where its leases are granted: a store checks fences if
// the leases of its sessions lie in its own database, where the check and the change are one
// transaction.

import { AdapterError } from "./error.js";
import * as fail from "./fail.js";
import { Fencing as Kind, UnfencedChanges, type CallContext, type NewEvent } from "./messages.gen.js";

/** The last lease of a session, as it is stored. Times are in microseconds. */
export interface Lease {
  readonly session: string;
  /** The highest that was granted for the session; 0 if none was. */
  readonly fence: bigint;
  /** By the clock of the storage; 0 if it was released. */
  readonly endsAt: number;
  /** What was left of it when it was last granted or renewed. */
  readonly timeLeftMax: number;
  readonly holder: string;
  readonly address: string;
}

/** What is left of a lease by the clock of the storage; 0 if it has ended. */
export function leftByWall(lease: Lease, now: number): number {
  return Math.max(0, Math.min(lease.endsAt - now, lease.timeLeftMax));
}

/** What leases decide of a change. */
export class Fencing {
  constructor(
    /** The session of the fence; empty if the change came without one. */
    readonly session = "",
    readonly fence = 0n,
    /**
     * A session that the change may change only while nothing leases it: it came without
     * the fence of this session, and the adapter refuses such changes.
     */
    readonly unleased = "",
  ) {}

  /** Leases decide nothing. */
  get isNothing(): boolean {
    return this.session === "" && this.unleased === "";
  }

  /** The sessions whose leases decide, in the order in which to lock them. */
  get sessions(): string[] {
    return [...new Set([this.session, this.unleased])].filter((one) => one !== "").sort();
  }

  /** Throws FENCED unless the leases admit the change. */
  judge(leases: ReadonlyMap<string, Lease>, now: number): void {
    const own = leases.get(this.session);
    if (this.session !== "" && own?.fence !== this.fence) {
      throw stale(this.session, own, now);
    }
    const other = leases.get(this.unleased);
    if (other !== undefined && leftByWall(other, now) > 0) {
      throw fenced(other.session, other, `${other.session} is leased; a change without the fence of its lease is not accepted meanwhile`);
    }
  }
}

/**
 * A SessionLease that holds leases still while a change is made, so that the kit compares
 * fences itself: ProcessLeases. Each store that can be fenced then is.
 */
export interface LeaseKeeper {
  /** Waits for grants of the sessions, and lets none pass until `leave` is called. */
  hold(orgId: bigint, sessions: readonly string[]): Promise<HeldLeases>;
}

/** The last leases of sessions, at a time in microseconds. */
export interface HeldLeases {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly now: number;
  leave(): void;
}

/** Whether a store of leases keeps them still. */
export function isKeeper(store: object | undefined): store is LeaseKeeper {
  return store !== undefined && typeof (store as { hold?: unknown }).hold === "function";
}

/** Leases decide nothing. */
export const nothing = new Fencing();

// Events of these types come from outside of a turn; a lease keeps none of them out.
const fromOutside = new Set(["input.message", "turn.cancelled"]);

/** What leases decide of a call. */
export function fencingOf(kind: Kind, unfenced: UnfencedChanges, context: CallContext, input: unknown): Fencing {
  if (kind === Kind.UNSPECIFIED) {
    return nothing;
  }
  if (context.fence !== 0n && context.sessionId === "") {
    throw fail.invalidField("context.session_id", "is empty, but the call has a fence; send the session that the fence belongs to");
  }
  const own = context.fence === 0n ? "" : context.sessionId;
  const { session, event } = input as { session?: { id: string }; event?: NewEvent };
  const target = kind === Kind.SESSION ? (event?.sessionId ?? session?.id ?? "") : "";
  const isRefused = target !== own && refuses(unfenced, event);
  return new Fencing(own, context.fence, isRefused ? target : "");
}

function refuses(unfenced: UnfencedChanges, event: NewEvent | undefined): boolean {
  const isFromOutside = event !== undefined && fromOutside.has(event.type);
  switch (unfenced) {
    case UnfencedChanges.EXCEPT_TURN_EVENTS:
      return event?.context?.turnId !== undefined && !isFromOutside;
    case UnfencedChanges.REFUSED:
      return !isFromOutside;
  }
  return false;
}

/** FENCED: a fence is not the highest of a session, whose last lease may be known. */
export function stale(session: string, last: Lease | undefined, now: number): AdapterError {
  const running = last !== undefined && leftByWall(last, now) > 0 ? last : undefined;
  return fenced(session, running, `the fence is not the highest that was granted for ${session}; its lease has passed on or was never granted`);
}

function fenced(session: string, running: Lease | undefined, text: string): AdapterError {
  const failure = fail.fenced(session, text);
  if (running !== undefined) {
    failure.metadata["holder"] = running.holder;
    failure.metadata["address"] = running.address;
  }
  return failure;
}

// Leases that are remembered before the first look for ones to forget.
const remembered = 4096;

/**
 * When leases end by the monotonic clock of this process. A wall clock that is set back must
 * not make a lease last longer than it was granted for.
 */
export class LeaseClock {
  readonly #seen = new Map<string, { fence: bigint; endsAt: number; until: number }>();
  #forgetAt = remembered;

  /** How many microseconds are left of a lease, at a time of the storage's clock; 0 if it has ended. */
  left(orgId: bigint, lease: Lease, now: number): number {
    const byWall = leftByWall(lease, now);
    if (byWall === 0) {
      return 0;
    }
    const at = Math.floor(performance.now() * 1000);
    this.#forget(at, now);
    const place = `${orgId} ${lease.session}`;
    let known = this.#seen.get(place);
    if (known?.fence !== lease.fence || known.endsAt !== lease.endsAt) {
      known = { fence: lease.fence, endsAt: lease.endsAt, until: at + byWall };
      this.#seen.set(place, known);
    }
    return Math.max(0, Math.min(byWall, known.until - at));
  }

  /**
   * Notes a renewal that is stored. The lease ends its time from now by the monotonic clock,
   * even if the wall clock is set back before anyone looks at it.
   */
  noteRenewal(orgId: bigint, { session, fence, endsAt, timeLeftMax }: Lease): void {
    const at = Math.floor(performance.now() * 1000);
    this.#forget(at, endsAt - timeLeftMax);
    const place = `${orgId} ${session}`;
    const known = this.#seen.get(place);
    // A grant that came after the renewal may be known already.
    if (known === undefined || known.fence <= fence) {
      this.#seen.set(place, { fence, endsAt, until: at + timeLeftMax });
    }
  }

  /** Forgets leases that have ended by both clocks, when there are many. */
  #forget(at: number, now: number): void {
    if (this.#seen.size < this.#forgetAt) {
      return;
    }
    for (const [place, known] of this.#seen) {
      if (known.until <= at && known.endsAt <= now) {
        this.#seen.delete(place);
      }
    }
    this.#forgetAt = Math.max(remembered, 2 * this.#seen.size);
  }
}
