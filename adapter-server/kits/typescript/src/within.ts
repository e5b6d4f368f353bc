// Waiting with a limit.

/** Waits for a promise, for so many milliseconds at most, and until a signal is aborted. */
export async function within<T>(promise: Promise<T>, ms: number, ended: AbortSignal | undefined, slow: Error): Promise<T> {
  let stop = (): void => {};
  const end = new Promise<never>((_, reject) => {
    const timer = Number.isFinite(ms) ? setTimeout(() => reject(slow), ms) : undefined;
    const aborted = (): void => reject(ended?.reason);
    ended?.addEventListener("abort", aborted, { once: true });
    if (ended?.aborted === true) {
      aborted();
    }
    stop = () => {
      clearTimeout(timer);
      ended?.removeEventListener("abort", aborted);
    };
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    stop();
  }
}
