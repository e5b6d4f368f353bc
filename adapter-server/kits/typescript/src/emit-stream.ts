// EmitStream: events stored one after the other through the author's emit, so that a
// request_id of both methods is the same change.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Core, Incoming, Method } from "./core.js";
import { Ending } from "./ending.js";
import { AdapterError } from "./error.js";
import {
  EmitRequestSchema, EmitStreamResponseSchema, ErrorReason, type EmitResponse, type EmitStreamRequest, type EmitStreamResponse,
} from "./messages.gen.js";

type Answer = MessageInitShape<typeof EmitStreamResponseSchema>;

/**
 * Answers each event of a stream, until it ends. An error ends the stream: the store
 * cannot answer now, and the order must be kept.
 */
export async function emitStream(
  core: Core, emit: Method, events: AsyncIterable<EmitStreamRequest>, incoming: Incoming,
  send: (answer: EmitStreamResponse) => Promise<void>,
): Promise<void> {
  await core.whileOpen(incoming.ended, async () => {
    const ended = new Promise<never>((_, reject) => {
      incoming.ended.signal.addEventListener("abort", () => reject(incoming.ended.signal.reason), { once: true });
    });
    const each = events[Symbol.asyncIterator]();
    for (;;) {
      const { value: event, done } = await Promise.race([each.next(), ended]);
      if (done === true) {
        return;
      }
      await send(create(EmitStreamResponseSchema, await emitted(core, emit, event, incoming)));
    }
  });
}

async function emitted(core: Core, emit: Method, event: EmitStreamRequest, incoming: Incoming): Promise<Answer> {
  const requestId = event.context?.requestId ?? "";
  const { context, event: stated, proposedEventId } = event;
  const request = create(EmitRequestSchema, { context, event: stated, proposedEventId });
  // Each event has the time of a call, and its end is not the end of the stream.
  const own: Incoming = { ...incoming, ended: new Ending() };
  try {
    const stored = (await core.unary(emit, request, own)) as EmitResponse;
    return { requestId, outcome: { case: "ack", value: { eventId: stored.eventId, sequence: stored.sequence } } };
  } catch (error) {
    if (!(error instanceof AdapterError) || error.reason === ErrorReason.UNAVAILABLE) {
      throw error;
    }
    const failure = { code: error.code, reason: error.reasonName, message: error.short, metadata: error.metadata };
    return { requestId, outcome: { case: "failure", value: failure } };
  }
}
