// What a request says of its call.

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import type { Org } from "./call.js";
import { CallContextSchema, type CallContext } from "./messages.gen.js";

const none = create(CallContextSchema);

/** The context of a request; an empty one if it is missing. */
export function contextOf(request: Message): CallContext {
  return (request as unknown as { context?: CallContext }).context ?? none;
}

/** The tenant of a call. */
export function orgOf(context: CallContext): Org {
  return { id: context.orgId, publicId: context.orgPublicId };
}

/** How the input of a store's method is made of a request. */
export interface InputShape {
  /** The request names the session that the call acts on. */
  readonly isForSession: boolean;
  /** What is given as it is. */
  readonly fields: readonly string[];
}

/** The shape for a request. */
export function shapeOf(request: DescMessage, isForSession: boolean): InputShape {
  const taken = isForSession ? ["context", "sessionId"] : ["context"];
  // The fields of a choice are one property.
  const names = new Set(request.fields.map((field) => field.oneof?.localName ?? field.localName));
  return { isForSession, fields: [...names].filter((name) => !taken.includes(name)) };
}

/** What a store's method is given of a request. */
export function inputOf(shape: InputShape, request: Message): unknown {
  const values = request as unknown as Record<string, unknown>;
  const org = orgOf(contextOf(request));
  const input: Record<string, unknown> = shape.isForSession ? { session: { org, id: values["sessionId"] } } : { org };
  for (const name of shape.fields) {
    const value = values[name];
    if (value !== undefined) {
      input[name] = value;
    }
  }
  return input;
}
