// The values of sessions in SQLite.

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { main, readArguments, withoutSecrets, type SessionStorageStore } from "@mortise/adapter";
import { isUnavailable, migrate, once } from "@mortise/adapter/sqlite";
// From Node 22 on, node:sqlite is the same.
import { DatabaseSync } from "@photostructure/sqlite";

const { serve, own } = readArguments({ database: { help: "the file of the database", default: "values.db" } });
const db = new DatabaseSync(own.database);
db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000");
db.exec("CREATE TABLE IF NOT EXISTS kv (org TEXT, session TEXT, key BLOB, value BLOB, created INT, updated INT, PRIMARY KEY (org, session, key))");
migrate(db);

const put = db.prepare("INSERT INTO kv VALUES (?, ?, ?, ?, ?5, ?5) ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated");
const get = db.prepare("SELECT value FROM kv WHERE org = ? AND session = ? AND key = ?");
const remove = db.prepare("DELETE FROM kv WHERE org = ? AND session = ? AND key = ?");
const list = db.prepare("SELECT key, created, updated FROM kv WHERE org = ? AND session = ? ORDER BY key");

// SQLite cuts a text at NUL. Bytes come back whole.
const bytes = (text: string) => Buffer.from(text);
const text = (blob: Uint8Array) => Buffer.from(blob).toString();

const values: SessionStorageStore = {
  ...withoutSecrets,
  setValue: ({ session, key, value }, change) => once(db, change, () => {
    put.run(String(session.org.id), session.id, bytes(key), bytes(value), Date.now());
  }),
  getValue: ({ session, key }) => {
    const row = get.get(String(session.org.id), session.id, bytes(key)) as { value: Uint8Array } | undefined;
    return row && text(row.value);
  },
  deleteValue: ({ session, key }, change) => once(db, change, () => remove.run(String(session.org.id), session.id, bytes(key)).changes === 1),
  listKeys: ({ session }) => list.all(String(session.org.id), session.id).map((row) => {
    const { key, created, updated } = row as { key: Uint8Array; created: number; updated: number };
    return { key: text(key), createdAt: timestampFromMs(created), updatedAt: timestampFromMs(updated) };
  }),
};

await main({
  name: "key-value",
  version: "1.0.0",
  offers: { sessionStorageStore: values },
  ping: () => db.prepare("SELECT 1").get(),
  unavailableOn: isUnavailable,
}, serve);
