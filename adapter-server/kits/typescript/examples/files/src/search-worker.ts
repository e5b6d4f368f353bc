// Looks through texts on a thread of its own, so that a search that takes long holds up
// nothing else and can be ended.

import { parentPort, workerData } from "node:worker_threads";
import { RE2JS } from "re2js";
import type { Match, SearchAnswer, Text } from "./search.js";

const port = parentPort;

function answer(told: SearchAnswer): void {
  port?.postMessage(told);
}

function compiled(): RE2JS | undefined {
  try {
    return RE2JS.compile(String(workerData));
  } catch (error) {
    answer({ invalid: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

const pattern = compiled();

port?.on("message", (texts: readonly Text[]) => {
  if (pattern !== undefined) {
    answer({ matches: texts.flatMap((text) => matchesIn(pattern, text)) });
  }
});

function matchesIn(expression: RE2JS, { path, content }: Text): Match[] {
  const lines = content.split("\n");
  if (lines.at(-1) === "") {
    lines.pop();
  }
  return lines.flatMap((raw, index) => {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    return expression.test(line) ? [{ path, number: index + 1, line }] : [];
  });
}
