// What is done once an hour for as long as something is used.

const everyMs = 60 * 60 * 1000;

/** Says of each thing, at first and then once an hour, that something is due. */
export class Hourly {
  readonly #last = new WeakMap<object, number>();

  isDue(of: object, nowMs = performance.now()): boolean {
    const last = this.#last.get(of);
    if (last !== undefined && nowMs - last < everyMs) {
      return false;
    }
    this.#last.set(of, nowMs);
    return true;
  }
}
