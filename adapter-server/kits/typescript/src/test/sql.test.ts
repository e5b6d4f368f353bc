import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseSync } from "@photostructure/sqlite";
import { Hourly } from "../hourly.js";
import * as postgres from "../postgres.js";
import * as sqlite from "../sqlite.js";
import { Feature, SessionStorageStoreService } from "../messages.gen.js";
import { connectTo, contract, eventually, serve } from "../testing/index.js";
import { inPostgres, inSqlite, table } from "./support/kept.js";
import { odd, setValue } from "./support/odd.js";
import { pool } from "./support/postgres.js";

const set = SessionStorageStoreService.method.setValue;
const quiet = { name: "sql", version: "1", log: () => undefined };

test("a change in SQLite and its answer are one transaction", async (t) => {
  const db = new DatabaseSync(":memory:");
  sqlite.migrate(db);
  db.exec("CREATE TABLE changes (key TEXT)");
  let isBroken = true;
  const store = odd();
  store.setValue = ({ key }, change) => sqlite.once(db, change, () => {
    db.prepare("INSERT INTO changes VALUES (?)").run(key);
    if (isBroken) {
      throw new Error("after the change");
    }
  });
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } }));
  await values.failure(set, setValue("r", "k"));
  isBroken = false;
  await values.call(set, setValue("r", "k"));
  // Another adapter over the same database, as after a restart.
  await connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } })).call(set, setValue("r", "k"));
  assert.equal((db.prepare("SELECT count(*) AS n FROM changes").get() as { n: number }).n, 1);
});

test("a change in PostgreSQL happens once, also through two adapters at once, and none is lost to a conflict", async (t) => {
  const db = await pool(t);
  await postgres.migrate(db);
  await db.query("CREATE TABLE counts (name TEXT PRIMARY KEY, n INT NOT NULL)");
  await db.query("INSERT INTO counts VALUES ('k', 0)");
  const store = odd();
  store.setValue = ({ key }, change) => postgres.once(db, change, async (client) => {
    await client.query("UPDATE counts SET n = n + 1 WHERE name = $1", [key]);
  });
  const adapters = [0, 1].map(() => serve(t, { ...quiet, offers: { sessionStorageStore: store }, unavailableOn: postgres.isUnavailable }));
  const both = (await Promise.all(adapters)).map((address) => connectTo(t, address));
  await Promise.all(Array.from({ length: 20 }, (_, index) => both.map((values) => values.call(set, setValue(`r${index}`, "k")))).flat());
  await eventually("all changes are there", async () => (await db.query("SELECT n FROM counts")).rows[0].n === 20);
});

test("old answers in SQLite are deleted by the kit, with the first change, and others stay", async (t) => {
  const db = new DatabaseSync(":memory:");
  sqlite.migrate(db);
  db.exec("INSERT INTO mortise_answers VALUES ('1', 'old', 'm', x'', 1)");
  const store = odd();
  store.setValue = (_, change) => sqlite.once(db, change, () => undefined);
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } }));
  await values.call(set, setValue("new", "k"));
  const kept = db.prepare("SELECT request_id FROM mortise_answers").all() as { request_id: string }[];
  assert.deepEqual(kept.map((row) => row.request_id), ["new"]);
});

test("old answers in PostgreSQL are deleted by the kit, with the first change, and others stay", async (t) => {
  const db = await pool(t);
  await postgres.migrate(db);
  await db.query("INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES (1, 'old', 'm', now() - interval '1 s')");
  const store = odd();
  store.setValue = (_, change) => postgres.once(db, change, async () => undefined);
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } }));
  await values.call(set, setValue("new", "k"));
  await eventually("the old answer is deleted", async () => {
    const { rows } = await db.query("SELECT request_id FROM mortise_answers");
    return rows.map((row) => row.request_id).join() === "new";
  });
});

test("what is done once an hour is due at first, and an hour later, for each thing by itself", () => {
  const hourly = new Hourly();
  const [one, other] = [{}, {}];
  const hour = 60 * 60 * 1000;
  const looks: [object, number][] = [[one, 5], [one, 6], [other, 6], [one, hour + 4], [one, hour + 5], [one, hour + 6]];
  assert.deepEqual(looks.map(([of, now]) => hourly.isDue(of, now)), [true, false, true, false, true, false]);
});

test("leases in SQLite, and the fences of changes there, keep the contract", async (t) => {
  const db = new DatabaseSync(":memory:");
  sqlite.migrate(db);
  db.exec(table("TEXT"));
  const offers = { sessionStorageStore: inSqlite(db), sessionLease: new sqlite.Leases(db) };
  await contract(t, { ...quiet, offers, features: { sessionStorageStore: [Feature.FENCED] } }, "--only", "LSE-*");
});

test("leases in PostgreSQL, and the fences of changes there, keep the contract", async (t) => {
  const db = await pool(t);
  await postgres.migrate(db);
  await db.query(table("BIGINT"));
  const offers = { sessionStorageStore: inPostgres(db), sessionLease: new postgres.Leases(db) };
  const away = { unavailableOn: postgres.isUnavailable };
  await contract(t, { ...quiet, ...away, offers, features: { sessionStorageStore: [Feature.FENCED] } }, "--only", "LSE-*");
});
