// Holds an adapter against the contract inside `node --test`, each rule as a test of its
// own. It runs the suite, the program mortise-contract, which MORTISE_CONTRACT names or the
// path has.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile, chmod } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Adapter, type AdapterOptions } from "../adapter.js";
import { atEnd } from "./ending.js";

export { Connection, connectTo, reasonOf } from "./client.js";
export { atEnd } from "./ending.js";

/** The variable that names the program of the suite. */
export const suiteVariable = "MORTISE_CONTRACT";

interface Rule {
  readonly id: string;
  readonly demand: string;
  readonly verdict: "passed" | "failed" | "warned" | "skipped";
  readonly reason?: string;
  readonly page?: string;
  readonly failure?: { readonly what: string; readonly expected: string; readonly got: string };
}

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
 * Starts a program with `--listen unix:...` and runs the suite against it, with the rules
 * about what survives a process that is killed.
 */
export async function program(t: TestContext, program: Program, ...args: string[]): Promise<Totals> {
  const folder = await temporaryFolder(t);
  const address = `unix:${join(folder, "a.sock")}`;
  const words = [process.execPath, program.script, "--listen", address, ...(program.args ?? [])];
  const restart = join(folder, "restart.sh");
  await writeFile(restart, restartScript(folder, words));
  await chmod(restart, 0o700);
  atEnd(t, async () => {
    await run(restart, ["stop"]);
    if (!(t as { passed?: boolean }).passed) {
      t.diagnostic(`the adapter's log:\n${await readFile(join(folder, "log"), "utf8").catch(() => "")}`);
    }
  });
  await run(restart, []);
  await listening(join(folder, "a.sock"));
  const outage = program.outage === undefined || program.recover === undefined
    ? []
    : ["--outage-command", program.outage, "--recover-command", program.recover];
  return endpoint(t, address, "--restart-command", quote(restart), ...outage, ...args);
}

// It kills the adapter without warning, as a crash does, and starts it again.
function restartScript(folder: string, words: readonly string[]): string {
  return `#!/bin/sh
cd ${quote(folder)} || exit 1
if [ -f pid ]; then
  old=$(cat pid)
  kill -9 "$old" 2>/dev/null
  while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
[ "$1" = stop ] && exit 0
setsid ${words.map(quote).join(" ")} </dev/null >>log 2>&1 &
echo $! >pid
`;
}

/**
 * Runs the suite against a server that is there. A broken hard rule fails its test; a
 * broken soft rule and a skipped one are skipped tests that say why.
 */
export async function endpoint(t: TestContext, address: string, ...args: string[]): Promise<Totals> {
  const report = join(await temporaryFolder(t), "report.json");
  const suite = process.env[suiteVariable] ?? "mortise-contract";
  const { code, output } = await run(suite, ["--endpoint", address, "--json", report, ...args]);
  if (code !== 0 && code !== 1) {
    throw new Error(`the suite did not run; build mortise-contract and name it in ${suiteVariable}:\n${output}`);
  }
  const { rules } = JSON.parse(await readFile(report, "utf8")) as { rules: Rule[] };
  const judged = rules.filter((rule) => rule.verdict !== "skipped" || rule.reason?.startsWith("the server does not offer") !== true);
  for (const rule of judged) {
    await t.test(rule.id, (one) => judge(one, rule));
  }
  const count = (verdict: Rule["verdict"]): number => judged.filter((rule) => rule.verdict === verdict).length;
  const totals = { passed: count("passed"), failed: count("failed"), warned: count("warned"), skipped: count("skipped") };
  t.diagnostic(`${totals.passed} rules passed, ${totals.failed} failed, ${totals.warned} warned, ${totals.skipped} skipped`);
  if (totals.passed === 0) {
    throw new Error(`no rule passed:\n${output}`);
  }
  return totals;
}

function judge(t: TestContext, rule: Rule): void {
  const { what, expected, got } = rule.failure ?? { what: "", expected: "", got: "" };
  switch (rule.verdict) {
    case "passed":
      return;
    case "failed":
      throw new Error(`${rule.demand}\n  looked at ${what}\n  expected  ${expected}\n  got       ${got}\n  more      ${rule.page ?? ""}`);
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
  }));
}

/** Waits until something is so, for ten seconds. */
export async function eventually(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await is()); ) {
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

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
