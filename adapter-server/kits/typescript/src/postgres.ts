// Changes in PostgreSQL that happen once under their request_id: the answer is a row that
// is written in the transaction of the change. For pools of `pg`.

import { memoryMs, type Change, type Init, type Org, type Session } from "./call.js";
import type { Lease } from "./fences.js";
import { Hourly } from "./hourly.js";
import { answer, columns, StoredLeases, table, type Wanted } from "./leases.js";
import { causeOf, standardLog } from "./log.js";
import type { SessionLeaseSchema } from "./messages.gen.js";

/** What is needed of a client of `pg`. */
export interface PostgresClient {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
}

/** What is needed of a pool of `pg`. */
export interface PostgresPool<C extends PostgresClient & { release(error?: Error | boolean): void }> {
  connect(): Promise<C>;
}

/** Makes the tables of answers and leases and their index, if they are not there. */
export async function migrate(db: PostgresClient): Promise<void> {
  await db.query(`CREATE TABLE IF NOT EXISTS mortise_answers (
    org BIGINT NOT NULL, request_id TEXT COLLATE "C" NOT NULL, method TEXT NOT NULL, answer BYTEA,
    expires_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (org, request_id))`);
  await db.query("CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at)");
  await db.query(table("BIGINT", 'TEXT COLLATE "C"'));
}

/**
 * Deletes answers that are older than they must be kept. `once` calls it by itself after the
 * first change and then every hour in which there is one: a program need not.
 */
export async function forget(db: PostgresClient): Promise<void> {
  await db.query("DELETE FROM mortise_answers WHERE expires_at < now()");
}

// Two transactions could not be ordered: one begins again.
const conflicts = new Set(["40001", "40P01"]);

type Releasable = PostgresClient & { release(error?: Error | boolean): void };

/**
 * Makes a change in a transaction that also holds its answer and, where the store has the
 * feature FENCED, looks at the lease of the session. The row of the answer is written first:
 * the same change over another connection waits for it. `work` is called again where the
 * database could not order two transactions; it must do nothing else. Answers that are older
 * than they must be kept are deleted beside the calls, every hour.
 */
export async function once<T, C extends Releasable>(
  pool: PostgresPool<C>, change: Change<T>, work: (client: C) => Promise<T>,
): Promise<T> {
  const value = await together(pool, (client) => inTransaction(client, change, work), change.signal);
  if (forgetting.isDue(pool)) {
    void together(pool, forget).catch((error: unknown) =>
      standardLog("warn", "old answers are not deleted; it is tried again in an hour", { error: causeOf(error) }));
  }
  return value;
}

const forgetting = new Hourly();

/** Looks at the fence of a change that stores nothing here. */
export async function admit<C extends Releasable>(pool: PostgresPool<C>, change: Change<unknown>): Promise<void> {
  await together(pool, (client) => admitted(client, change), change.signal);
}

async function together<T, C extends Releasable>(
  pool: PostgresPool<C>, work: (client: C) => Promise<T>, signal?: AbortSignal,
): Promise<T> {
  for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, 50)) {
    try {
      return await attempt(pool, work);
    } catch (error) {
      if (!conflicts.has(codeOf(error)) || signal?.aborted === true) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * waitMs));
    }
  }
}

async function attempt<T, C extends Releasable>(pool: PostgresPool<C>, work: (client: C) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that an error has left in doubt is thrown away.
  let isSound = false;
  try {
    await client.query("BEGIN");
    try {
      const value = await work(client);
      await client.query("COMMIT");
      isSound = true;
      return value;
    } catch (error) {
      await client.query("ROLLBACK");
      isSound = true;
      throw error;
    }
  } finally {
    client.release(!isSound);
  }
}

async function inTransaction<T, C extends PostgresClient>(client: C, change: Change<T>, work: (client: C) => Promise<T>): Promise<T> {
  const key = [String(change.orgId), change.requestId];
  const made = await client.query(
    "INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    [...key, change.method, new Date(Date.now() + memoryMs)],
  );
  if (made.rowCount === 0) {
    const { rows } = await client.query("SELECT method, answer FROM mortise_answers WHERE org = $1 AND request_id = $2", key);
    const known = rows[0] as { method: string; answer: Uint8Array };
    return change.again(known.method, known.answer);
  }
  await admitted(client, change as Change<unknown>);
  const value = await work(client);
  await client.query("UPDATE mortise_answers SET answer = $3 WHERE org = $1 AND request_id = $2", [...key, Buffer.from(change.answer(value))]);
  return value;
}

// A change shares the lock of its session, and a grant has it alone: when a grant is answered,
// the changes under the fence before are over. Locks of rows would not do: those who share one
// do not queue behind a grant that waits, which could wait for ever.
const toChange = "SELECT pg_advisory_xact_lock_shared(hashtextextended($2, $1))";
const toGrant = "SELECT pg_advisory_xact_lock(hashtextextended($2, $1))";
type Lock = "" | "FOR UPDATE";

const begin = `INSERT INTO mortise_leases (org, ${columns}) VALUES ($1, $2, 0, 0, 0, '', '') ON CONFLICT (org, session) DO NOTHING`;

async function admitted(client: PostgresClient, change: Change<unknown>): Promise<void> {
  const { fencing, orgId } = change;
  if (fencing.sessions.length === 0) {
    return;
  }
  const leases = new Map<string, Lease>();
  for (const session of fencing.sessions) {
    await client.query(toChange, [String(orgId), session]);
    const lease = await find(client, orgId, session, "");
    if (lease !== undefined) {
      leases.set(session, lease);
    }
  }
  change.judge(leases, await microsNow(client));
}

async function find(client: PostgresClient, orgId: bigint, session: string, lock: Lock): Promise<Lease | undefined> {
  const { rows } = await client.query(`SELECT ${columns} FROM mortise_leases WHERE org = $1 AND session = $2 ${lock}`, [String(orgId), session]);
  return rows[0] === undefined ? undefined : leaseOf(rows[0]);
}

function leaseOf(row: Record<string, unknown>): Lease {
  const { session, fence, ends_at, time_left_max, holder, address } = row;
  return {
    session: String(session), fence: BigInt(String(fence)), endsAt: Number(ends_at), timeLeftMax: Number(time_left_max),
    holder: String(holder), address: String(address),
  };
}

async function microsNow(client: PostgresClient): Promise<number> {
  const { rows } = await client.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now");
  return Number(rows[0]?.["now"]);
}

/**
 * SessionLeaseService in the database: offer it beside the stores that keep what belongs to
 * sessions in the same database, and give these the feature FENCED.
 */
export class Leases<C extends Releasable> extends StoredLeases {
  /** `exists` throws SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased; for an adapter that keeps sessions. */
  constructor(readonly pool: PostgresPool<C>, readonly exists: (client: C, session: Session) => Promise<void> = async () => {}) {
    super();
  }

  async #keep(client: C, org: Org, lease: Lease): Promise<void> {
    await client.query(
      "UPDATE mortise_leases SET fence = $3, ends_at = $4, time_left_max = $5, holder = $6, address = $7 WHERE org = $1 AND session = $2",
      [String(org.id), lease.session, String(lease.fence), lease.endsAt, lease.timeLeftMax, lease.holder, lease.address],
    );
  }

  protected async grant(session: Session, change: Change<Init<typeof SessionLeaseSchema>>, wanted: Wanted): Promise<Init<typeof SessionLeaseSchema>> {
    return once(this.pool, change, async (client) => {
      const { org, id } = session;
      // Nothing is gained by waiting for the changes of another's lease.
      this.refuseIfHeld(org, await find(client, org.id, id, ""), wanted, await microsNow(client));
      await this.exists(client, session);
      await client.query(toGrant, [String(org.id), id]);
      await client.query(begin, [String(org.id), id]);
      const last = await find(client, org.id, id, "FOR UPDATE");
      const now = await microsNow(client);
      this.refuseIfHeld(org, last, wanted, now);
      const lease = this.next(session, last, wanted, now);
      await this.#keep(client, org, lease);
      return answer(lease);
    });
  }

  protected async replace(session: Session, next: (last: Lease | undefined, now: number) => Lease): Promise<Lease> {
    return together(this.pool, async (client) => {
      const last = await find(client, session.org.id, session.id, "FOR UPDATE");
      const lease = next(last, await microsNow(client));
      await this.#keep(client, session.org, lease);
      return lease;
    });
  }

  protected async end(session: Session, fence: bigint): Promise<void> {
    await together(this.pool, (client) => client.query(
      "UPDATE mortise_leases SET ends_at = 0 WHERE org = $1 AND session = $2 AND fence = $3",
      [String(session.org.id), session.id, String(fence)],
    ));
  }

  protected async stored(org: Org, sessionId: string | undefined): Promise<{ leases: Lease[]; now: number }> {
    return together(this.pool, async (client) => {
      const now = await microsNow(client);
      if (sessionId !== undefined) {
        const lease = await find(client, org.id, sessionId, "");
        return { leases: lease === undefined ? [] : [lease], now };
      }
      const { rows } = await client.query(`SELECT ${columns} FROM mortise_leases WHERE org = $1 AND ends_at > $2 ORDER BY session`, [String(org.id), now]);
      return { leases: rows.map(leaseOf), now };
    });
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code);
}

/**
 * Says whether an error means that the database cannot answer now, for unavailableOn: it
 * has no connection, no room or is stopping.
 */
export function isUnavailable(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  return /^(08|53|57P|25006)/.test(codeOf(error)) || /^(Connection terminated|timeout exceeded when trying to connect)/.test(text);
}
