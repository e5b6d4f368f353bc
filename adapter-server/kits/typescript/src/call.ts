// What a store's methods are given and answer.

import {
  create, fromBinary, toBinary,
  type DescMessage, type Message, type MessageInitShape, type MessageShape,
} from "@bufbuild/protobuf";
import type { Fencing, Lease } from "./fences.js";
import { requestIdReused } from "./reasons.gen.js";
import type { CallContext } from "./messages.gen.js";

/** The tenant of a call. What belongs to another org is absent, as if it had never existed. */
export interface Org {
  /** The key of the tenant: make it a part of every key. All 64 bits count. */
  readonly id: bigint;
  /** For display; it may be empty. */
  readonly publicId: string;
}

/** A session that a call acts on, in the org of the call. */
export interface Session {
  readonly org: Org;
  /** `session_` and 32 hex digits. */
  readonly id: string;
}

type Fields<R extends Message, Taken extends string> = { readonly [K in Exclude<keyof R, keyof Message | "context" | Taken>]: R[K] };

/** What a request holds, for a method that acts on an org. */
export type ForOrg<R extends Message> = { readonly org: Org } & Fields<R, never>;

/** What a request holds, for a method that acts on a session. */
export type ForSession<R extends Message> = { readonly session: Session } & Fields<R, "sessionId">;

/** The messages of an upload, the first included. */
export interface Upload<R extends Message> {
  readonly org: Org;
  readonly messages: AsyncIterable<R>;
}

/** A message, or a plain object with its fields. */
export type Init<S extends DescMessage> = MessageInitShape<S>;

/** What a method answers: at once or later. */
export type Result<T> = T | Promise<T>;

/** What a method answers in several messages, such as an async generator. */
export type Answers<T> = AsyncIterable<T>;

/** The call that is being served. */
export interface Call {
  /** Aborted when the caller is gone or the time is up. */
  readonly signal: AbortSignal;
  /** Turn and session of the caller, for logs. */
  readonly context: CallContext;
}

/**
 * A change that a caller may send several times under one request_id, and that must
 * happen once. T is what the method answers.
 *
 * `once` of `@mortise/adapter/postgres` or `@mortise/adapter/sqlite` takes it and stores
 * the answer in the transaction of the change, so that neither exists without the other. A
 * store of another kind does the same with `answer` and `again`. If a method leaves it
 * alone, the answer is remembered by the adapter's memory, after the change.
 */
export interface Change<T> extends Call {
  /** The tenant. Request ids of two orgs are two. */
  readonly orgId: bigint;
  /** What the caller created for this change. */
  readonly requestId: string;
  /** The full name of the method. */
  readonly method: string;
  /** What leases decide of the change. Nothing, unless its store is offered with the feature FENCED. */
  readonly fencing: Fencing;
  /**
   * Throws FENCED unless the leases of `fencing.sessions`, read in the transaction of the
   * change and locked until its end, admit it, at a time of the storage in microseconds.
   * `once` of `@mortise/adapter/postgres` and `@mortise/adapter/sqlite` asks it.
   */
  judge(leases: ReadonlyMap<string, Lease>, now: number): void;
  /**
   * What to store under orgId and requestId, beside the method, in the transaction of the
   * change. The kit then does not remember the answer itself.
   */
  answer(value: T): Uint8Array;
  /**
   * The answer of a change that has happened, from what was stored under its id. It throws
   * if the id belongs to another method.
   */
  again(method: string, answer: Uint8Array): T;
}

/** How long answers are remembered, in milliseconds, as the contract demands. */
export const memoryMs = 24 * 60 * 60 * 1000;

/** How an answer on the wire is made from what a method returns: see stores.gen.ts. */
export type AnswerShape = "nothing" | "message" | (string & {});

/** Makes the answer from what a method returned. */
export function wrap<O extends DescMessage>(output: O, shape: AnswerShape, value: unknown): MessageShape<O> {
  switch (shape) {
    case "nothing":
      return create(output);
    case "message":
      return create(output, value as MessageInitShape<O>);
  }
  return create(output, { [shape]: value } as MessageInitShape<O>);
}

function unwrap(shape: AnswerShape, answer: Message): unknown {
  switch (shape) {
    case "nothing":
      return undefined;
    case "message":
      return answer;
  }
  return (answer as unknown as Record<string, unknown>)[shape];
}

/** Makes a Change, and says whether the method has taken its memory on itself, and has looked at the leases. */
export function newChange(
  call: Call, method: string, output: DescMessage, shape: AnswerShape, fencing: Fencing,
): { change: Change<unknown>; isKept: () => boolean; isJudged: () => boolean } {
  let kept = false;
  let judged = fencing.sessions.length === 0;
  const change: Change<unknown> = {
    ...call,
    orgId: call.context.orgId,
    requestId: call.context.requestId,
    method,
    fencing,
    judge: (leases, now) => {
      judged = true;
      fencing.judge(leases, now);
    },
    answer: (value) => {
      kept = true;
      return toBinary(output, wrap(output, shape, value));
    },
    again: (before, answer) => {
      kept = true;
      // What was applied is answered as it was, whatever its fence.
      judged = true;
      if (before !== method) {
        throw reused(method, before);
      }
      return unwrap(shape, fromBinary(output, answer));
    },
  };
  return { change, isKept: () => kept, isJudged: () => judged };
}

function reused(method: string, before: string): Error {
  return requestIdReused(`context.request_id: was used with ${before} before ${method}; send a fresh UUID with every change`);
}
