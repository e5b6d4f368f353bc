// What the suite says of a rule: docs/contract-report.schema.json.

export interface Rule {
  readonly id: string;
  readonly demand: string;
  readonly verdict: "passed" | "failed" | "warned" | "skipped";
  readonly skip?: "not_offered" | "needs" | "level" | "not_applicable" | "stopped";
  readonly reason?: string;
  readonly known_failure?: boolean;
  readonly page?: string;
  readonly failure?: Broken;
}

export interface Broken {
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly why?: string;
  readonly mend?: string;
  readonly exchanges: readonly Exchange[];
}

interface Exchange {
  readonly method: string;
  readonly sent: string;
  readonly received: string;
  /** The command that makes the call again; absent for a call that grpcurl cannot make. */
  readonly grpcurl?: string | null;
}

export type Line = ({ readonly type: "rule" } & Rule) | { readonly type: "run" };

/** A broken rule, and the last calls, each with the command that makes it again. */
export function shown(failure: Broken | undefined): string {
  const { what, expected, got, why, mend, exchanges } = failure ?? { what: "", expected: "", got: "", exchanges: [] };
  const lines = [`  looked at ${what}`, `  expected  ${expected}`, `  got       ${got}`];
  if (why !== undefined && mend !== undefined) {
    lines.push(`  why       ${why}`, `  mend      ${mend}`);
  }
  const calls = exchanges.map(({ method, sent, received, grpcurl }) =>
    `    ${method}\n      sent     ${sent}\n      received ${received}${grpcurl ? `\n      by hand  ${grpcurl}` : ""}`);
  return [...lines, ...calls].join("\n");
}
