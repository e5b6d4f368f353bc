// Waiting with a limit.

interface Waiting {
  readonly until: number;
  readonly late: () => void;
}

// Those who wait. A timer for each would be made and dropped with each call; this one is due
// when the first that it knows of is.
const waiting = new Set<Waiting>();
let due = Infinity;
let timer: NodeJS.Timeout | undefined;

function add(ms: number, late: () => void): Waiting {
  const one = { until: performance.now() + ms, late };
  waiting.add(one);
  plan(one.until);
  return one;
}

function plan(at: number): void {
  if (at < due) {
    clearTimeout(timer);
    due = at;
    // A call that waits has a connection, which keeps the process alive.
    timer = setTimeout(look, Math.max(1, at - performance.now())).unref();
  }
}

function look(): void {
  due = Infinity;
  const now = performance.now();
  let next = Infinity;
  for (const one of waiting) {
    if (one.until <= now) {
      waiting.delete(one);
      one.late();
    } else {
      next = Math.min(next, one.until);
    }
  }
  plan(next);
}

/** Waits for a promise, for so many milliseconds at most, and until a signal is aborted. */
export function within<T>(promise: PromiseLike<T>, ms: number, ended: AbortSignal | undefined, slow: Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const own = Number.isFinite(ms) ? add(ms, () => fail(slow)) : undefined;
    const aborted = (): void => fail(ended?.reason);
    const stop = (): void => {
      if (own !== undefined) {
        waiting.delete(own);
      }
      ended?.removeEventListener("abort", aborted);
    };
    const fail = (error: unknown): void => {
      stop();
      reject(error);
    };
    promise.then((value) => {
      stop();
      resolve(value);
    }, fail);
    ended?.addEventListener("abort", aborted, { once: true });
    if (ended?.aborted === true) {
      aborted();
    }
  });
}

/** Whether a value comes later. */
export function isLater<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
