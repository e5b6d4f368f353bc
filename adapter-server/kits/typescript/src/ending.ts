// The end of a call before its answer: its caller is gone, or its time is up.

/** An AbortController that is made when its signal is wanted: few stores want it. */
export class Ending {
  #controller: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(reason: unknown): void {
    if (!this.#isAborted) {
      this.#isAborted = true;
      this.#reason = reason;
      this.#controller?.abort(reason);
    }
  }

  throwIfAborted(): void {
    if (this.#isAborted) {
      throw this.#reason;
    }
  }
}
