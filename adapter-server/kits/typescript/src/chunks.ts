// Contents that travel in several messages.

import * as fail from "./fail.js";
import type { CreateImageRequest, NewImage } from "./messages.gen.js";

/** The most bytes of a chunk. */
export const chunkBytesMax = 256 * 1024;

/** The most bytes of an image. */
export const imageBytesMax = 64 * 1024 * 1024;

/** Cuts bytes into chunks; a text into those of its UTF-8. */
export function* chunksOf(content: Uint8Array | string): Generator<Uint8Array> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; at += chunkBytesMax) {
    yield bytes.subarray(at, at + chunkBytesMax);
  }
}

/**
 * Reads the upload of an image: the header first, then its chunks. Reading the chunks
 * throws INVALID_FIELD if they do not hold what the header says.
 */
export async function uploadedImage(messages: AsyncIterable<CreateImageRequest>): Promise<{ header: NewImage; chunks: AsyncIterable<Uint8Array> }> {
  const each = messages[Symbol.asyncIterator]();
  const { value: first } = (await each.next()) as IteratorResult<CreateImageRequest, undefined>;
  if (first?.part.case !== "header") {
    throw fail.invalidField("header", "is missing; send it in the first message");
  }
  const header = first.part.value;
  if (header.sizeBytes > BigInt(imageBytesMax)) {
    throw fail.messageTooLarge(
      String(header.sizeBytes), String(imageBytesMax),
      `the image has ${header.sizeBytes} bytes; send ${imageBytesMax} at most`,
    ).notApplied();
  }
  return { header, chunks: imageChunks(header, each) };
}

async function* imageChunks(header: NewImage, each: AsyncIterator<CreateImageRequest>): AsyncGenerator<Uint8Array> {
  let bytes = 0n;
  for (;;) {
    const { value: message, done } = await each.next();
    if (done === true) {
      break;
    }
    if (message.part.case !== "chunk") {
      throw fail.invalidField("header", "comes twice; send it in the first message alone");
    }
    bytes += BigInt(message.part.value.length);
    if (bytes > header.sizeBytes) {
      break;
    }
    yield message.part.value;
  }
  if (bytes !== header.sizeBytes) {
    throw fail.invalidField("header.size_bytes", `is ${header.sizeBytes}, and the chunks hold ${bytes > header.sizeBytes ? "more" : bytes} bytes; send their number`);
  }
}
