// Searches for a regular expression in the texts of a workspace.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { fail, type Session } from "@mortise/adapter";
import { pathFilter } from "./glob.js";
import { refused } from "./paths.js";
import type { Workspaces } from "./workspaces.js";

export interface Text {
  readonly path: string;
  readonly content: string;
}

export interface Match {
  readonly path: string;
  readonly number: number;
  readonly line: string;
}

export type SearchAnswer = { readonly matches: Match[] } | { readonly invalid: string };

// How many searches run at once; the others wait.
const searchesMax = 4;
// How long a search may take: less than the kit lets a call wait, in milliseconds.
const searchMs = 7_000;
// How many characters are looked through at a time.
const runChars = 1024 * 1024;
const foundCharsMax = 64 * 1024 * 1024;
const matchesPerMessage = 1000;
const memoryMb = 512;

export class Search {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Finds the lines that match, by path, then by line. */
  async *find(
    workspaces: Workspaces, session: Session, pattern: string, pathPattern: string | undefined, signal: AbortSignal,
  ): AsyncGenerator<Match[]> {
    const isWanted = pathFilter(pathPattern);
    await this.#begin();
    const worker = new Worker(new URL("search-worker.js", import.meta.url), {
      workerData: pattern,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    const timer = setTimeout(() => void worker.terminate(), searchMs);
    const end = (): void => void worker.terminate();
    signal.addEventListener("abort", end, { once: true });
    try {
      yield* this.#through(worker, workspaces, session, isWanted);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      void worker.terminate();
      this.#end();
    }
  }

  async *#through(worker: Worker, workspaces: Workspaces, session: Session, isWanted: (path: string) => boolean): AsyncGenerator<Match[]> {
    let found = 0;
    // An expression that is invalid is refused, whatever there is to look through.
    for await (const texts of withFirst([], runsOf(workspaces, session, isWanted))) {
      const matches = await ask(worker, texts);
      found += matches.reduce((sum, match) => sum + match.path.length + match.line.length, 0);
      if (found > foundCharsMax) {
        throw refused("the pattern matches more than 64 MiB of paths and lines; narrow the pattern or search fewer paths");
      }
      for (let at = 0; at < matches.length; at += matchesPerMessage) {
        yield matches.slice(at, at + matchesPerMessage);
      }
    }
  }

  async #begin(): Promise<void> {
    if (this.#running >= searchesMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
  }

  #end(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#running -= 1;
    } else {
      next();
    }
  }
}

async function* withFirst<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/** The texts that are wanted, some at a time. */
async function* runsOf(workspaces: Workspaces, session: Session, isWanted: (path: string) => boolean): AsyncGenerator<Text[]> {
  let run: Text[] = [];
  let chars = 0;
  for (const { path, encoding } of (await workspaces.current(session)).files()) {
    const found = encoding === "text" && isWanted(path) ? await workspaces.read(session, path) : undefined;
    if (found?.text === undefined) {
      continue;
    }
    run.push({ path, content: found.text });
    chars += found.text.length;
    if (chars >= runChars) {
      yield run;
      run = [];
      chars = 0;
    }
  }
  yield run;
}

async function ask(worker: Worker, texts: readonly Text[]): Promise<Match[]> {
  worker.postMessage(texts);
  const ended = new AbortController();
  try {
    const [told] = (await Promise.race([
      once(worker, "message", { signal: ended.signal }),
      once(worker, "exit", { signal: ended.signal }).then(() => {
        throw fail.deadlineExceeded("the search took too long; narrow the pattern or search fewer paths");
      }),
    ])) as [SearchAnswer];
    if ("invalid" in told) {
      throw refused(`invalid pattern: ${told.invalid}`);
    }
    return told.matches;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY") {
      throw refused("the pattern is too large: it needs too much memory; narrow it");
    }
    throw error;
  } finally {
    ended.abort();
  }
}
