// Changes in SQLite that happen once under their request_id: the answer is a row that is
// written in the transaction of the change. For node:sqlite (`@photostructure/sqlite` before
// Node 22) and better-sqlite3.

import { memoryMs, type Change, type Init, type Org, type Session } from "./call.js";
import type { Lease } from "./fences.js";
import { Hourly } from "./hourly.js";
import { answer, columns, StoredLeases, table, type Wanted } from "./leases.js";
import { causeOf, standardLog } from "./log.js";
import type { SessionLeaseSchema } from "./messages.gen.js";

type Value = string | number | bigint | Uint8Array;

/** What is needed of a database. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { get(...values: Value[]): unknown; all(...values: Value[]): unknown[]; run(...values: Value[]): unknown };
}

/** Makes the tables of answers and leases and their index, if they are not there. */
export function migrate(db: SqliteDatabase): void {
  db.exec(`CREATE TABLE IF NOT EXISTS mortise_answers (
    org TEXT NOT NULL, request_id TEXT NOT NULL, method TEXT NOT NULL, answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (org, request_id))`);
  db.exec("CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at)");
  db.exec(table("TEXT", "TEXT"));
}

/**
 * Deletes answers that are older than they must be kept. `once` calls it by itself after the
 * first change and then every hour in which there is one: a program need not.
 */
export function forget(db: SqliteDatabase): void {
  db.prepare("DELETE FROM mortise_answers WHERE expires_at < ?").run(Date.now());
}

/**
 * Makes a change in a transaction that also holds its answer and, where the store has the
 * feature FENCED, looks at the lease of the session. Answers that are older than they must
 * be kept are deleted by the way, every hour.
 */
export function once<T>(db: SqliteDatabase, change: Change<T>, work: () => T): T {
  const value = together(db, () => inTransaction(db, change, work));
  if (forgetting.isDue(db)) {
    try {
      forget(db);
    } catch (error) {
      // The change is made: it does not fail because of this.
      standardLog("warn", "old answers are not deleted; it is tried again in an hour", { error: causeOf(error) });
    }
  }
  return value;
}

const forgetting = new Hourly();

/** Looks at the fence of a change that stores nothing here. */
export function admit(db: SqliteDatabase, change: Change<unknown>): void {
  const leases = new Map<string, Lease>();
  for (const session of change.fencing.sessions) {
    const lease = find(db, change.orgId, session);
    if (lease !== undefined) {
      leases.set(session, lease);
    }
  }
  change.judge(leases, microsNow());
}

function together<T>(db: SqliteDatabase, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
    throw error;
  }
}

function inTransaction<T>(db: SqliteDatabase, change: Change<T>, work: () => T): T {
  const key = [String(change.orgId), change.requestId];
  const known = db.prepare("SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?").get(...key);
  if (known !== undefined) {
    const { method, answer } = known as { method: string; answer: Uint8Array };
    return change.again(method, answer);
  }
  admit(db, change as Change<unknown>);
  const value = work();
  db.prepare("INSERT INTO mortise_answers (org, request_id, method, answer, expires_at) VALUES (?, ?, ?, ?, ?)")
    .run(...key, change.method, Buffer.from(change.answer(value)), Date.now() + memoryMs);
  return value;
}

// Numbers come as texts: a driver may refuse integers beyond 2^53.
const own = `SELECT session, CAST(fence AS TEXT) AS fence, ends_at, time_left_max, holder, address FROM mortise_leases WHERE org = ?`;

function find(db: SqliteDatabase, orgId: bigint, session: string): Lease | undefined {
  const row = db.prepare(`${own} AND session = ?`).get(String(orgId), session);
  return row === undefined ? undefined : leaseOf(row);
}

function leaseOf(row: unknown): Lease {
  const { session, fence, ends_at, time_left_max, holder, address } = row as Record<string, unknown>;
  return {
    session: String(session), fence: BigInt(String(fence)), endsAt: Number(ends_at), timeLeftMax: Number(time_left_max),
    holder: String(holder), address: String(address),
  };
}

function microsNow(): number {
  return Date.now() * 1000;
}

/**
 * SessionLeaseService in the database: offer it beside the stores that keep what belongs to
 * sessions in the same database, and give these the feature FENCED.
 */
export class Leases extends StoredLeases {
  constructor(readonly db: SqliteDatabase) {
    super();
  }

  #keep(org: Org, lease: Lease): void {
    this.db.prepare(`INSERT INTO mortise_leases (org, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (org, session) DO UPDATE SET
      fence = excluded.fence, ends_at = excluded.ends_at, time_left_max = excluded.time_left_max, holder = excluded.holder, address = excluded.address`)
      .run(String(org.id), lease.session, lease.fence, lease.endsAt, lease.timeLeftMax, lease.holder, lease.address);
  }

  protected grant(session: Session, change: Change<Init<typeof SessionLeaseSchema>>, wanted: Wanted): Init<typeof SessionLeaseSchema> {
    return once(this.db, change, () => {
      const last = find(this.db, session.org.id, session.id);
      const now = microsNow();
      this.refuseIfHeld(session.org, last, wanted, now);
      const lease = this.next(session, last, wanted, now);
      this.#keep(session.org, lease);
      return answer(lease);
    });
  }

  protected replace(session: Session, next: (last: Lease | undefined, now: number) => Lease): Lease {
    return together(this.db, () => {
      const lease = next(find(this.db, session.org.id, session.id), microsNow());
      this.#keep(session.org, lease);
      return lease;
    });
  }

  protected end(session: Session, fence: bigint): void {
    this.db.prepare("UPDATE mortise_leases SET ends_at = 0 WHERE org = ? AND session = ? AND fence = ?").run(String(session.org.id), session.id, fence);
  }

  protected stored(org: Org, sessionId: string | undefined): { leases: Lease[]; now: number } {
    const now = microsNow();
    const rows = sessionId === undefined
      ? this.db.prepare(`${own} AND ends_at > ? ORDER BY session`).all(String(org.id), now)
      : this.db.prepare(`${own} AND session = ?`).all(String(org.id), sessionId);
    return { leases: rows.map(leaseOf), now };
  }
}

// BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
const awayCodes = new Set([5, 6, 8, 10, 13, 14, 15]);
const awayNames = /^SQLITE_(BUSY|LOCKED|READONLY|IOERR|FULL|CANTOPEN|PROTOCOL)/;

/** Says whether an error means that the database cannot answer now, for unavailableOn. */
export function isUnavailable(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return typeof errcode === "number" ? awayCodes.has(errcode & 0xff) : awayNames.test(String(code));
}
