// Values that are kept in SQLite or PostgreSQL, for the rules about leases.

import type pg from "pg";
import { withoutSecrets, type SessionStorageStore } from "../../index.js";
import * as postgres from "../../postgres.js";
import * as sqlite from "../../sqlite.js";

export const table = (org: string): string => `CREATE TABLE kept (org ${org}, session TEXT, key TEXT, value TEXT, PRIMARY KEY (org, session, key))`;
const set = "INSERT INTO kept VALUES ($1, $2, $3, $4) ON CONFLICT (org, session, key) DO UPDATE SET value = excluded.value";
const get = "SELECT value FROM kept WHERE org = $1 AND session = $2 AND key = $3";
const remove = "DELETE FROM kept WHERE org = $1 AND session = $2 AND key = $3";
const numbered = (sql: string): string => sql.replaceAll("$", "?");

export function inSqlite(db: sqlite.SqliteDatabase): SessionStorageStore {
  const place = (session: { org: { id: bigint }; id: string }): [string, string] => [String(session.org.id), session.id];
  return {
    ...withoutSecrets,
    setValue: ({ session, key, value }, change) => sqlite.once(db, change, () => void db.prepare(numbered(set)).run(...place(session), key, value)),
    getValue: ({ session, key }) => (db.prepare(numbered(get)).get(...place(session), key) as { value: string } | undefined)?.value,
    deleteValue: ({ session, key }, change) => sqlite.once(db, change, () => (db.prepare(numbered(remove)).run(...place(session), key) as { changes: number }).changes === 1),
    listKeys: () => [],
  };
}

export function inPostgres(db: pg.Pool): SessionStorageStore {
  const place = (session: { org: { id: bigint }; id: string }): [string, string] => [String(session.org.id), session.id];
  return {
    ...withoutSecrets,
    setValue: ({ session, key, value }, change) => postgres.once(db, change, async (client) => void await client.query(set, [...place(session), key, value])),
    getValue: async ({ session, key }) => (await db.query(get, [...place(session), key])).rows[0]?.value as string | undefined,
    deleteValue: ({ session, key }, change) => postgres.once(db, change, async (client) => (await client.query(remove, [...place(session), key])).rowCount === 1),
    listKeys: () => [],
  };
}
