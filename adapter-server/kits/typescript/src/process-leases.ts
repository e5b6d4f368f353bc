// SessionLeaseService in this process alone.

import type { Change, Init, Org, Session } from "./call.js";
import type { HeldLeases, Lease, LeaseKeeper } from "./fences.js";
import { answer, StoredLeases, type Wanted } from "./leases.js";
import type { SessionLeaseSchema } from "./messages.gen.js";

type Granted = Init<typeof SessionLeaseSchema>;

/**
 * The last lease of a session. A grant waits for the changes of the session, and they for
 * it: when it is answered, the changes under the fence before are over.
 */
interface Held {
  readonly orgId: bigint;
  readonly session: string;
  lease: Lease | undefined;
  changes: number;
  isGranting: boolean;
}

/**
 * Leases for tests, and for an adapter that is alone with what it keeps. Offer it as
 * sessionLease beside the stores: the kit then compares the fence of each change itself, and
 * every store that can be fenced says so. After a restart no fence of before is known, and
 * each is refused.
 */
export class ProcessLeases extends StoredLeases implements LeaseKeeper {
  readonly #all = new Map<string, Held>();
  #waiting: (() => void)[] = [];

  /** `exists` throws SESSION_NOT_FOUND or SESSION_ARCHIVED for a session that cannot be leased. */
  constructor(readonly exists: (session: Session) => Promise<void> | void = () => {}) {
    super();
  }

  #of(orgId: bigint, session: string): Held {
    const place = `${orgId} ${session}`;
    let one = this.#all.get(place);
    if (one === undefined) {
      one = { orgId, session, lease: undefined, changes: 0, isGranting: false };
      this.#all.set(place, one);
    }
    return one;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #move(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) {
      wake();
    }
  }

  async hold(orgId: bigint, sessions: readonly string[]): Promise<HeldLeases> {
    const every = sessions.map((session) => this.#of(orgId, session));
    await this.#until(() => !every.some((one) => one.isGranting));
    const leases = new Map<string, Lease>();
    for (const one of every) {
      one.changes += 1;
      if (one.lease !== undefined) {
        leases.set(one.session, one.lease);
      }
    }
    const leave = (): void => {
      for (const one of every) {
        one.changes -= 1;
      }
      this.#move();
    };
    return { leases, now: microsNow(), leave };
  }

  protected async grant(session: Session, _: Change<Granted>, wanted: Wanted): Promise<Granted> {
    const one = this.#of(session.org.id, session.id);
    // Nothing is gained by waiting for the changes of another's lease.
    this.refuseIfHeld(session.org, one.lease, wanted, microsNow());
    await this.exists(session);
    await this.#until(() => !one.isGranting);
    one.isGranting = true;
    try {
      await this.#until(() => one.changes === 0);
      const now = microsNow();
      this.refuseIfHeld(session.org, one.lease, wanted, now);
      one.lease = this.next(session, one.lease, wanted, now);
      return answer(one.lease);
    } finally {
      one.isGranting = false;
      this.#move();
    }
  }

  protected replace(session: Session, next: (last: Lease | undefined, now: number) => Lease): Lease {
    const one = this.#of(session.org.id, session.id);
    one.lease = next(one.lease, microsNow());
    return one.lease;
  }

  protected end(session: Session, fence: bigint): void {
    const one = this.#of(session.org.id, session.id);
    if (one.lease?.fence === fence) {
      one.lease = { ...one.lease, endsAt: 0 };
    }
  }

  protected stored(org: Org, sessionId: string | undefined): { leases: Lease[]; now: number } {
    const every = [...this.#all.values()].filter((one) => one.orgId === org.id && (sessionId === undefined || one.session === sessionId));
    return { leases: every.flatMap((one) => one.lease ?? []), now: microsNow() };
  }
}

function microsNow(): number {
  return Date.now() * 1000;
}
