// An adapter as a program.

import { parseArgs } from "node:util";
import { Adapter, type AdapterOptions, type ServeOptions, type Serving } from "./adapter.js";
import { causeOf, standardLog } from "./log.js";

const usage = `
  --listen ADDRESS       HOST:PORT or unix:PATH; MORTISE_LISTEN or 127.0.0.1:7500 unless stated
  --tls-cert FILE        PEM with the adapter's certificates
  --tls-key FILE         PEM with their key
  --tls-client-ca FILE   PEM with the CA that signs the certificates of callers
  --token-file FILE      bearer tokens, one a line
  --otlp URL             a collector of traces and metrics
  --drain SECONDS        how long calls may go on after SIGTERM; 30 unless stated
  --help                 this text
`;

const known = {
  "listen": { type: "string", default: process.env["MORTISE_LISTEN"] || "127.0.0.1:7500" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  "token-file": { type: "string" },
  "otlp": { type: "string" },
  "drain": { type: "string", default: "30" },
  "help": { type: "boolean", default: false },
} as const;

/** Arguments of a program beside those of the kit, each with a value. */
export type OwnArguments = Readonly<Record<string, { readonly help: string; readonly default?: string }>>;

/** Their values: absent are those without a default that were not given. */
export type OwnValues<A extends OwnArguments> = { readonly [K in keyof A]: A[K] extends { default: string } ? string : string | undefined };

/** The arguments of a program. */
export interface Arguments<A extends OwnArguments> {
  readonly serve: ServeOptions;
  readonly own: OwnValues<A>;
}

/** Reads the arguments of the kit and those of the program. It throws a text for people. */
export function readArguments<A extends OwnArguments = Record<never, never>>(own = {} as A, args = process.argv.slice(2)): Arguments<A> {
  const stated = Object.entries(own);
  const lines = stated.map(([name, { help }]) => `  ${`--${name} VALUE`.padEnd(22)} ${help}\n`).join("");
  const options = { ...known, ...Object.fromEntries(stated.map(([name, one]) => [name, stringOption(one.default)])) };
  const { values } = parseArgs({ args, options, strict: true, allowPositionals: false });
  if (values.help) {
    process.stdout.write(`arguments:\n${lines}${usage.slice(1)}`);
    process.exit(0);
  }
  const drainMs = Number(values.drain) * 1000;
  if (!(drainMs >= 0)) {
    throw new Error(`--drain is ${values.drain}; give seconds, such as 30`);
  }
  const given = values as Readonly<Record<string, unknown>>;
  return {
    serve: {
      listen: values.listen,
      tlsCert: values["tls-cert"],
      tlsKey: values["tls-key"],
      tlsClientCa: values["tls-client-ca"],
      tokenFile: values["token-file"],
      otlp: values.otlp,
      drainMs,
    },
    own: Object.fromEntries(stated.map(([name]) => [name, given[name]])) as OwnValues<A>,
  };
}

function stringOption(value: string | undefined): { type: "string"; default?: string } {
  return value === undefined ? { type: "string" } : { type: "string", default: value };
}

/**
 * Serves an adapter as a program: it reads the arguments, serves until SIGTERM or SIGINT,
 * and ends the process. A program with arguments of its own reads them with readArguments.
 */
export async function main(options: AdapterOptions, serve?: ServeOptions): Promise<void> {
  const log = options.log ?? standardLog;
  // A library that breaks in the background does not end the process.
  const survived = (error: unknown): void => log("error", "an error that nothing handled", { cause: causeOf(error) });
  process.on("uncaughtException", survived);
  process.on("unhandledRejection", survived);
  let serving: Serving;
  try {
    serving = await new Adapter(options).serve(serve ?? readArguments().serve);
  } catch (error) {
    process.stderr.write(`${options.name}: ${causeOf(error)}\n`);
    process.exit(1);
  }
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  await serving.stop();
  process.exit(0);
}
