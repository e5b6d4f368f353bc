// The store is asked how it is, and health follows.

import type { Server, ServerWritableStream } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { causeOf, type Log } from "./log.js";

const pingEveryMs = 1000;
const pingTimeMs = 2000;

/** Asks the store whether it can answer; it throws if not. */
export type Ping = (signal: AbortSignal) => unknown;

type Watching = ServerWritableStream<unknown, unknown>;

export class Health {
  readonly #served = new HealthImplementation();
  readonly #watching = new Set<Watching>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isStopped = false;
  #outage: string | undefined;

  constructor(
    readonly services: readonly string[],
    readonly ping: Ping | undefined,
    readonly log: Log,
  ) {}

  /** Why no changes can be made now; empty if they can. */
  get outage(): string {
    return this.#outage ?? "";
  }

  addTo(server: Server): void {
    const add: Server["addService"] = (definition, handlers) => {
      const { watch } = handlers as { watch: (call: Watching) => void };
      server.addService(definition, {
        ...handlers,
        // A stream that is open would hold up the end of the server.
        watch: (call: Watching): void => {
          this.#watching.add(call);
          call.once("close", () => this.#watching.delete(call));
          call.once("cancelled", () => this.#watching.delete(call));
          watch(call);
          if (this.#isStopped) {
            call.end();
          }
        },
      });
    };
    this.#served.addToServer({ addService: add } as unknown as Parameters<HealthImplementation["addToServer"]>[0]);
  }

  /** Asks the store once, and then every second. */
  async start(): Promise<void> {
    await this.#look();
    if (this.ping !== undefined && !this.#isStopped) {
      this.#timer = setInterval(() => this.ask(), pingEveryMs);
    }
  }

  /** Has the store looked at without waiting for the next second. */
  ask(): void {
    if (this.#timer !== undefined) {
      void this.#look();
    }
  }

  /** Says NOT_SERVING, and ends the streams of those who watch. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tell("NOT_SERVING");
    for (const call of this.#watching) {
      call.end();
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) {
      return;
    }
    this.#isLooking = true;
    const failure = await this.#pinged();
    this.#isLooking = false;
    if (this.#isStopped) {
      return;
    }
    const outage = failure === undefined ? "" : "the adapter's store does not answer";
    if (outage === this.#outage) {
      return;
    }
    if (failure !== undefined) {
      this.log("error", "the store does not answer", { cause: causeOf(failure.error) });
    } else if (this.#outage !== undefined) {
      this.log("info", "the store answers again", {});
    }
    this.#outage = outage;
    this.#tell(failure === undefined ? "SERVING" : "NOT_SERVING");
  }

  async #pinged(): Promise<{ error: unknown } | undefined> {
    const signal = AbortSignal.timeout(pingTimeMs);
    try {
      const late = new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("it did not answer in time")), { once: true });
      });
      // What a ping throws at once is raced as well: else nothing hears that it is late.
      await Promise.race([late, (async () => this.ping?.(signal))()]);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #tell(status: "SERVING" | "NOT_SERVING"): void {
    for (const service of ["", ...this.services]) {
      this.#served.setStatus(service, status);
    }
  }
}

