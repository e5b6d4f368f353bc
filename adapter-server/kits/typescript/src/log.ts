// The log of an adapter.

/** How much a line matters. */
export type Level = "debug" | "info" | "warn" | "error";

/** Takes a line of the log. The kit never logs what a request or an answer holds. */
export type Log = (level: Level, message: string, attributes: Readonly<Record<string, unknown>>) => void;

/** Writes each line as JSON to standard error, without those of level debug. */
export const standardLog: Log = (level, message, attributes) => {
  if (level !== "debug") {
    const line = { time: new Date().toISOString(), level, message, ...attributes };
    process.stderr.write(`${JSON.stringify(line, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`);
  }
};

/** What an error says for the log: its text and those of its causes. */
export function causeOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && depth < 5; depth += 1) {
    texts.push(at instanceof Error ? at.message || at.name : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts.join(": ");
}
