// What a request says of its call.

import { create, type Message } from "@bufbuild/protobuf";
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

/** What a store's method is given of a request. */
export function inputOf(isForSession: boolean, request: Message): unknown {
  const { context, sessionId, $typeName: _, ...fields } = request as unknown as Record<string, unknown>;
  const org = orgOf((context as CallContext | undefined) ?? none);
  if (isForSession) {
    return { ...fields, session: { org, id: sessionId } };
  }
  return sessionId === undefined ? { ...fields, org } : { ...fields, sessionId, org };
}
