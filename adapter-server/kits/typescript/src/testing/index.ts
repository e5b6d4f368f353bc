// Holds an adapter against the contract inside `node --test`, each rule as a test of its
// own. It runs the suite, the program mortise-contract, which MORTISE_CONTRACT names or the
// path has.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { Adapter, type AdapterOptions } from "../adapter.js";
import { atEnd } from "./ending.js";
import { shown, type Line, type Rule } from "./report.js";

export { Connection, connectTo, reasonOf } from "./client.js";
export { atEnd } from "./ending.js";
export { hostVariable, turn, type Event } from "./turn.js";

/** The variable that names the program of the suite. */
export const suiteVariable = "MORTISE_CONTRACT";

/** How many rules had which verdict, without those of services that are not offered. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly warned: number;
  readonly skipped: number;
}

/** Serves an adapter on a private socket until the test ends, and says where. */
export async function serve(t: TestContext, options: AdapterOptions): Promise<string> {
  const folder = await temporaryFolder(t);
  const serving = await new Adapter(options).serve({ listen: `unix:${join(folder, "a.sock")}`, drainMs: 5000 });
  atEnd(t, () => serving.stop());
  return serving.address;
}

/**
 * Serves an adapter and runs the suite against it, at level full. Arguments go to the
 * suite, such as "--only", "KV-*".
 */
export async function contract(t: TestContext, options: AdapterOptions, ...args: string[]): Promise<Totals> {
  return endpoint(t, await serve(t, options), ...args);
}

/** A program and its arguments, the address to listen on excepted. */
export interface Program {
  readonly script: string;
  readonly args?: readonly string[];
  /** Commands for `sh` that take the storage away and give it back. */
  readonly outage?: string;
  readonly recover?: string;
}

/**
 * Has the suite start a program, kill it and start it again for the rules about what
 * survives. The kit reads where to listen from the environment.
 */
export async function program(t: TestContext, program: Program, ...args: string[]): Promise<Totals> {
  const outage = program.outage === undefined || program.recover === undefined
    ? []
    : ["--outage-command", program.outage, "--recover-command", program.recover];
  return suite(t, [...outage, ...args, "--", process.execPath, program.script, ...(program.args ?? [])]);
}

/**
 * Runs the suite against a server that is there. A broken hard rule fails its test; a
 * broken soft rule and a skipped one are skipped tests that say why.
 */
export async function endpoint(t: TestContext, address: string, ...args: string[]): Promise<Totals> {
  return suite(t, ["--endpoint", address, ...args]);
}

/** Runs the suite, and makes each rule a test when it has ended. */
async function suite(t: TestContext, args: readonly string[]): Promise<Totals> {
  const command = process.env[suiteVariable] || "mortise-contract";
  const child = spawn(command, ["--ndjson", "-", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  atEnd(t, () => child.kill());
  let log = "";
  child.stderr.on("data", (text: Buffer) => (log += text.toString()));
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`the suite cannot be started; build mortise-contract and name it in ${suiteVariable}`, { cause })));
    child.once("close", (code) => resolve(code ?? 127));
  });
  // A suite that cannot be started has no lines; what became of it is looked at below.
  ended.catch(() => undefined);
  const totals = { passed: 0, failed: 0, warned: 0, skipped: 0 };
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if (line.type === "rule" && line.skip !== "not_offered") {
      totals[line.verdict]++;
      await t.test(line.id, (one) => judge(one, line));
    }
  }
  const code = await ended;
  if (code !== 0 && code !== 1) {
    throw new Error(`the suite did not run:\n${log}`);
  }
  if (totals.failed > 0) {
    t.diagnostic(log);
  }
  t.diagnostic(`${totals.passed} rules passed, ${totals.failed} failed, ${totals.warned} warned, ${totals.skipped} skipped`);
  if (totals.passed === 0) {
    throw new Error(`no rule passed:\n${log}`);
  }
  return totals;
}

function judge(t: TestContext, rule: Rule): void {
  const { what = "", got = "" } = rule.failure ?? {};
  switch (rule.verdict) {
    case "passed":
      return;
    case "failed":
      if (rule.known_failure === true) {
        t.skip(`a known failure: ${what}: got ${got}`);
        return;
      }
      throw new Error(`${rule.demand}\n${shown(rule.failure)}\n  more      ${rule.page ?? ""}`);
    case "warned":
      t.skip(`soft rule not kept: ${rule.demand} (${what}: got ${got})`);
      return;
    case "skipped":
      t.skip(rule.reason);
  }
}

/** A folder with a short path, which ends with the test: that of a socket has 107 bytes at most. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kit"));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a program that ends with the test. */
export function start(t: TestContext, command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: "ignore" });
  atEnd(t, async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await ended;
    }
  });
  return child;
}

/** Waits until something listens on a unix socket. */
export async function listening(path: string): Promise<void> {
  await eventually(`something listens on ${path}`, () => new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  }), 180_000);
}

/** Waits until something is so, for a minute unless stated. */
export async function eventually(what: string, is: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await is()); ) {
    if (Date.now() > deadline) {
      throw new Error(`never: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 127;
      resolve({ code, output: error === null || code === 1 ? stdout + stderr : `${error.message}\n${stdout}${stderr}` });
    });
  });
}
