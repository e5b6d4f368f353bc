// What every call goes through: checks, time, errors, memory.

import { create, getOption, toBinary, type DescMessage, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { newChange, wrap, type AnswerShape, type Call } from "./call.js";
import { check } from "./check.js";
import { AdapterError } from "./error.js";
import * as fail from "./fail.js";
import { fencingOf, nothing } from "./fences.js";
import { causeOf, type Log } from "./log.js";
import { ProcessMemory, turnOf, Turns, type Memory } from "./memory.js";
import { CallContextSchema, Deadline, Effect, ErrorReason, Fencing, semantics, store, type UnfencedChanges } from "./messages.gen.js";
import { scrubbed } from "./redact.js";
import { contextOf, inputOf, orgOf } from "./request.js";
import { isConnectionError } from "./unavailable.js";
import { within } from "./within.js";

/** What the contract says of one method, and the store's method that serves it. */
export interface Method {
  readonly full: string;
  readonly desc: DescMethod;
  readonly keyed: boolean;
  /** The request names the session that the call acts on. */
  readonly session: boolean;
  readonly answer: AnswerShape;
  /** The fields of requests are checked: of all methods but the handshake. */
  readonly checked: boolean;
  readonly needsSession: boolean;
  readonly deadline: Deadline;
  /** Whether it takes notice of fences, in a service that checks them. */
  readonly fencing: Fencing;
  readonly serve: (input: unknown, call: Call) => unknown;
}

/** What the transport knows of a call. */
export interface Incoming {
  /** Aborted when the caller is gone; the core aborts it when the time is up. */
  readonly ended: AbortController;
  readonly isGone: () => boolean;
  /** When the caller stops waiting, in milliseconds since 1970; infinite if it states nothing. */
  readonly deadline: number;
  /** The trace of the call, for its line in the log. */
  readonly trace: Readonly<Record<string, string>>;
}

export interface Settings {
  readonly memory: Memory;
  readonly log: Log;
  /** How long the store may take for a call, in milliseconds. */
  readonly callMs: number;
  readonly unavailableOn: (error: unknown) => boolean;
  /** The services that check fences. */
  readonly fenced: ReadonlySet<string>;
  readonly unfencedChanges: UnfencedChanges;
  /** Told when the store could not answer. */
  readonly troubled: () => void;
}

/** Makes a Method. */
export function newMethod(desc: DescMethod, session: boolean, answer: AnswerShape, serve: Method["serve"]): Method {
  const said = getOption(desc, semantics);
  return {
    full: `${desc.parent.typeName}/${desc.name}`,
    desc,
    keyed: said.effect === Effect.KEYED,
    session,
    answer,
    checked: true,
    needsSession: getOption(desc.parent, store).sessionInContext,
    deadline: said.deadline,
    fencing: said.fencing,
    serve,
  };
}

const slow = fail.unavailable("the store did not answer in time");

function stopping(): AdapterError {
  return fail.unavailable("the adapter is stopping; connect again");
}

export class Core {
  readonly #turns = new Turns();
  readonly #warned = new Set<string>();
  readonly #open = new Set<AbortController>();
  #stopping = false;

  constructor(readonly settings: Settings) {}

  /** Ends open streams. */
  stop(): void {
    this.#stopping = true;
    for (const stream of this.#open) {
      stream.abort(stopping());
    }
  }

  /** Counts a stream as open while it runs. */
  async whileOpen<T>(ended: AbortController, run: () => Promise<T>): Promise<T> {
    this.#open.add(ended);
    try {
      if (this.#stopping) {
        throw stopping();
      }
      return await run();
    } finally {
      this.#open.delete(ended);
    }
  }

  /** Serves a call that has one answer. */
  async unary(method: Method, request: Message, incoming: Incoming): Promise<Message> {
    return this.#told(method, request, incoming, () => {
      this.#check(method, request, true);
      const run = (call: Call): Promise<Message> => this.#run(method, inputOf(method.session, request), call);
      return this.#bounded(method, request, incoming, run);
    });
  }

  /** Serves a change that comes in several messages. */
  async upload(method: Method, requests: AsyncIterable<Message>, incoming: Incoming): Promise<Message> {
    const messages = requests[Symbol.asyncIterator]();
    let first: Message | undefined;
    const began = async (): Promise<Message> => {
      const { value, done } = await messages.next();
      if (done === true) {
        throw fail.invalidField("context", "is missing, because the stream is empty; send one message at least");
      }
      first = value;
      return value;
    };
    return this.#told(method, () => first, incoming, async () => {
      const request = await began();
      this.#check(method, request, true);
      const input = { org: orgOf(contextOf(request)), messages: this.#checked(method, request, messages) };
      return this.#bounded(method, request, incoming, (call) => this.#run(method, input, call));
    });
  }

  async *#checked(method: Method, first: Message, rest: AsyncIterator<Message>): AsyncGenerator<Message> {
    yield first;
    for (;;) {
      const { value, done } = await rest.next();
      if (done === true) {
        return;
      }
      this.#check(method, value, false);
      yield value;
    }
  }

  /** Serves a call whose answer comes in several messages; `send` takes each. */
  async streamed(method: Method, request: Message, incoming: Incoming, send: (answer: Message) => Promise<void>): Promise<void> {
    await this.#told(method, request, incoming, async () => {
      this.#check(method, request, true);
      await this.whileOpen(incoming.ended, () => this.#pump(method, request, incoming, send));
    });
  }

  async #pump(method: Method, request: Message, incoming: Incoming, send: (answer: Message) => Promise<void>): Promise<void> {
    const { signal } = incoming.ended;
    const call: Call = { signal, context: contextOf(request) };
    const answers = (method.serve(inputOf(method.session, request), call) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    const limit = method.deadline === Deadline.STANDARD ? this.#limit(incoming) : Infinity;
    try {
      for (;;) {
        const { value, done } = await within(answers.next(), limit, signal, slow);
        if (done === true) {
          return;
        }
        await send(create(method.desc.output, value as MessageInitShape<DescMessage>));
      }
    } catch (error) {
      incoming.ended.abort(error);
      // What the store still holds is its own to give back; the caller does not wait for it.
      void Promise.resolve(answers.return?.()).catch(() => undefined);
      throw error;
    }
  }

  async #run(method: Method, input: unknown, call: Call): Promise<Message> {
    if (!method.keyed) {
      return wrap(method.desc.output, method.answer, await method.serve(input, call));
    }
    const key = { orgId: call.context.orgId, requestId: call.context.requestId };
    return this.#turns.take(turnOf(key), async () => {
      const { memory } = this.settings;
      call.signal.throwIfAborted();
      const { fenced, unfencedChanges } = this.settings;
      const isFenced = fenced.has(method.desc.parent.typeName);
      const fencing = isFenced ? fencingOf(method.fencing, unfencedChanges, call.context, input) : nothing;
      const { change, isKept, isJudged } = newChange(call, method.full, method.desc.output, method.answer, fencing);
      const known = await memory.recall(key);
      if (known !== undefined) {
        return wrap(method.desc.output, method.answer, change.again(known.method, known.answer));
      }
      const answer = wrap(method.desc.output, method.answer, await method.serve(input, change));
      if (!isJudged()) {
        this.#warnOfFence(method.full);
      }
      if (!isKept()) {
        this.#warnOfProcess(method.full);
        await memory.remember(key, { method: method.full, answer: toBinary(method.desc.output, answer) });
      }
      return answer;
    });
  }

  #warnOfProcess(method: string): void {
    if (this.settings.memory instanceof ProcessMemory && !this.#warned.has(method)) {
      this.#warned.add(method);
      this.settings.log("warn", "answers are remembered in this process alone; after a restart, a change that is sent again happens again", {
        method,
        remedy: "use once of @mortise/adapter/postgres or sqlite in the method, or state a memory",
      });
    }
  }

  #warnOfFence(method: string): void {
    if (!this.#warned.has(`${method} fence`)) {
      this.#warned.add(`${method} fence`);
      this.settings.log("error", "a change was made without a look at its fence, which its store says it checks", {
        method,
        remedy: "make it with once of @mortise/adapter/postgres or sqlite, or call their admit",
      });
    }
  }

  #check(method: Method, request: Message, first: boolean): void {
    if (!method.checked) {
      return;
    }
    check(method.desc.input, request, { keyed: method.keyed, first, needsSession: first && method.needsSession });
  }

  /**
   * Limits how long the store may take: a store that hangs is one that cannot answer now,
   * and the caller must hear it in time to send the call again. A change that goes on is
   * remembered when it ends.
   */
  async #bounded<T>(method: Method, request: Message, incoming: Incoming, run: (call: Call) => Promise<T>): Promise<T> {
    const limit = method.deadline === Deadline.STANDARD ? this.#limit(incoming) : Infinity;
    try {
      return await within(run({ signal: incoming.ended.signal, context: contextOf(request) }), limit, undefined, slow);
    } catch (error) {
      if (error === slow) {
        incoming.ended.abort(slow);
      }
      throw error;
    }
  }

  #limit(incoming: Incoming): number {
    // Some time is left to answer in.
    return Math.max(1, Math.min(this.settings.callMs, (incoming.deadline - Date.now()) * 0.9));
  }

  /** Makes what a store threw an error of the contract, and logs it. */
  async #told<T>(method: Method, request: Message | (() => Message | undefined), incoming: Incoming, run: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await run();
    } catch (cause) {
      const sent = typeof request === "function" ? request() : request;
      const refusal = this.#refusal(cause, incoming);
      this.#logged(method, sent, refusal, cause, incoming, performance.now() - began);
      throw refusal;
    }
  }

  #refusal(error: unknown, incoming: Incoming): AdapterError {
    if (error instanceof AdapterError) {
      return error;
    }
    if (incoming.isGone()) {
      return fail.unavailable("the caller is gone");
    }
    if (incoming.ended.signal.aborted || this.#isUnavailable(error)) {
      return fail.unavailable("the store cannot answer now");
    }
    return fail.internal("the adapter failed; its log has the cause");
  }

  #isUnavailable(error: unknown): boolean {
    try {
      return isConnectionError(error) || this.settings.unavailableOn(error);
    } catch {
      return false;
    }
  }

  #logged(method: Method, request: Message | undefined, refusal: AdapterError, cause: unknown, incoming: Incoming, took: number): void {
    const call = request === undefined ? create(CallContextSchema) : contextOf(request);
    const scrub = (text: string): string => scrubbed(text, method.desc.input, request);
    const isOwn = cause instanceof AdapterError;
    const level = incoming.isGone() ? "debug" : levelOf(refusal.reason);
    if (level === "warn") {
      this.settings.troubled();
    }
    this.settings.log(level, "a call failed", {
      method: method.full,
      reason: refusal.reasonName,
      org: call.orgId,
      session: call.sessionId,
      turn: call.turnId,
      ms: Math.round(took),
      text: scrub(refusal.short),
      ...(isOwn ? {} : { cause: scrub(causeOf(cause)) }),
      ...(refusal.reason === ErrorReason.INTERNAL && cause instanceof Error ? { stack: scrub(cause.stack ?? "") } : {}),
      ...incoming.trace,
    });
  }
}

function levelOf(reason: ErrorReason): "info" | "warn" | "error" {
  switch (reason) {
    case ErrorReason.UNAVAILABLE:
      return "warn";
    case ErrorReason.INTERNAL:
      return "error";
    default:
      return "info";
  }
}
