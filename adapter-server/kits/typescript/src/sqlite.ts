// Changes in SQLite that happen once under their request_id: the answer is a row that is
// written in the transaction of the change. For node:sqlite (`@photostructure/sqlite` before
// Node 22) and better-sqlite3.

import { memoryMs, type Change } from "./call.js";

type Value = string | number | Uint8Array;

/** What is needed of a database. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { get(...values: Value[]): unknown; run(...values: Value[]): unknown };
}

/** Makes the table of answers, if it is not there. */
export function migrate(db: SqliteDatabase): void {
  db.exec(`CREATE TABLE IF NOT EXISTS mortise_answers (
    org TEXT NOT NULL, request_id TEXT NOT NULL, method TEXT NOT NULL, answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (org, request_id))`);
}

/** Deletes answers that are older than they must be kept. Call it now and then, such as every hour. */
export function forget(db: SqliteDatabase): void {
  db.prepare("DELETE FROM mortise_answers WHERE expires_at < ?").run(Date.now());
}

/** Makes a change in a transaction that also holds its answer. */
export function once<T>(db: SqliteDatabase, change: Change<T>, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = inTransaction(db, change, work);
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
  const value = work();
  db.prepare("INSERT INTO mortise_answers (org, request_id, method, answer, expires_at) VALUES (?, ?, ?, ?, ?)")
    .run(...key, change.method, Buffer.from(change.answer(value)), Date.now() + memoryMs);
  return value;
}

// BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
const awayCodes = new Set([5, 6, 8, 10, 13, 14, 15]);
const awayNames = /^SQLITE_(BUSY|LOCKED|READONLY|IOERR|FULL|CANTOPEN|PROTOCOL)/;

/** Says whether an error means that the database cannot answer now, for unavailableOn. */
export function isUnavailable(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return typeof errcode === "number" ? awayCodes.has(errcode & 0xff) : awayNames.test(String(code));
}
