// The end of a program that cannot do what it was asked for.

/** Says why and ends the process. */
export function ended(why: unknown): never {
  process.stderr.write(`mortise-files: ${why instanceof Error ? why.message : String(why)}\n`);
  process.exit(1);
}
