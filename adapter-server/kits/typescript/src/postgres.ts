// Changes in PostgreSQL that happen once under their request_id: the answer is a row that
// is written in the transaction of the change. For pools of `pg`.

import { memoryMs, type Change } from "./call.js";

/** What is needed of a client of `pg`. */
export interface PostgresClient {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
}

/** What is needed of a pool of `pg`. */
export interface PostgresPool<C extends PostgresClient & { release(error?: Error | boolean): void }> {
  connect(): Promise<C>;
}

/** Makes the table of answers, if it is not there. */
export async function migrate(db: PostgresClient): Promise<void> {
  await db.query(`CREATE TABLE IF NOT EXISTS mortise_answers (
    org BIGINT NOT NULL, request_id TEXT COLLATE "C" NOT NULL, method TEXT NOT NULL, answer BYTEA,
    expires_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (org, request_id))`);
}

/** Deletes answers that are older than they must be kept. Call it now and then, such as every hour. */
export async function forget(db: PostgresClient): Promise<void> {
  await db.query("DELETE FROM mortise_answers WHERE expires_at < now()");
}

// Two transactions could not be ordered: one begins again.
const conflicts = new Set(["40001", "40P01"]);

/**
 * Makes a change in a transaction that also holds its answer. The row of the answer is
 * written first: the same change over another connection waits for it. `work` is called
 * again where the database could not order two transactions; it must do nothing else.
 */
export async function once<T, C extends PostgresClient & { release(error?: Error | boolean): void }>(
  pool: PostgresPool<C>, change: Change<T>, work: (client: C) => Promise<T>,
): Promise<T> {
  for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, 50)) {
    try {
      return await attempt(pool, change, work);
    } catch (error) {
      if (!conflicts.has(codeOf(error)) || change.signal.aborted) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * waitMs));
    }
  }
}

async function attempt<T, C extends PostgresClient & { release(error?: Error | boolean): void }>(
  pool: PostgresPool<C>, change: Change<T>, work: (client: C) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  // A connection that an error has left in doubt is thrown away.
  let isSound = false;
  try {
    await client.query("BEGIN");
    try {
      const value = await inTransaction(client, change, work);
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
  const value = await work(client);
  await client.query("UPDATE mortise_answers SET answer = $3 WHERE org = $1 AND request_id = $2", [...key, Buffer.from(change.answer(value))]);
  return value;
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
