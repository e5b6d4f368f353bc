// ImageArtifactStore and ImageResolver. An image is two objects, its bytes and what it is;
// it is there once the second is.

import { randomUUID } from "node:crypto";
import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { chunkBytesMax, chunksOf, uploadedImage, type Change, type ImageArtifactStore, type ImageResolver, type Init, type Org } from "@mortise/adapter";
import { StoredImageInfoSchema, type StoredImageInfo } from "@mortise/adapter/messages";
import type { Answers } from "./answers.js";
import type { Objects } from "./objects.js";

export function images(objects: Objects, answers: Answers): ImageArtifactStore & ImageResolver {
  const infoOf = async (org: Org, id: string): Promise<StoredImageInfo | undefined> => {
    const found = await objects.get(infoPlace(org, id));
    return found === undefined ? undefined : fromJsonString(StoredImageInfoSchema, Buffer.from(found).toString());
  };

  return {
    createImage: async ({ org, messages }, change) => {
      const known = await answers.again(change);
      if (known !== undefined) {
        return known.value;
      }
      const { header, chunks } = await uploadedImage(messages);
      const image = create(StoredImageInfoSchema, {
        id: `img_${randomUUID().replaceAll("-", "")}`,
        filename: header.filename,
        contentType: header.contentType,
        metadataJson: header.metadataJson,
        sizeBytes: header.sizeBytes,
        createdAt: timestampNow(),
      });
      await objects.put(bytesPlace(org, image.id), chunks);
      await objects.put(infoPlace(org, image.id), Buffer.from(toJsonString(StoredImageInfoSchema, image)));
      return settled(org, image, change);
    },

    async *getImage({ org, imageId }) {
      const info = await infoOf(org, imageId);
      const bytes = info === undefined ? undefined : await objects.stream(bytesPlace(org, imageId));
      if (info === undefined || bytes === undefined) {
        return;
      }
      yield { part: { case: "info", value: info } };
      for await (const piece of bytes) {
        for (const chunk of chunksOf(piece)) {
          yield { part: { case: "chunk", value: chunk } };
        }
      }
    },

    getImageInfo: ({ org, imageId }) => infoOf(org, imageId),

    async *resolveImage({ org, imageId }) {
      const id = `img_${imageId.replaceAll("-", "").toLowerCase()}`;
      const info = await infoOf(org, id);
      const bytes = info === undefined ? undefined : await objects.stream(bytesPlace(org, id));
      if (info === undefined || bytes === undefined) {
        return;
      }
      yield { part: { case: "header", value: { mediaType: info.contentType } } };
      for await (const block of blocksOf(bytes, base64Block)) {
        yield { part: { case: "chunk", value: Buffer.from(block.toString("base64")) } };
      }
    },
  };

  /** Stores the answer under its request_id; the image of a twin that was first counts. */
  async function settled(org: Org, image: StoredImageInfo, change: Change<Init<typeof StoredImageInfoSchema>>): Promise<Init<typeof StoredImageInfoSchema>> {
    await answers.remember(change, { method: change.method, answer: change.answer(image) });
    const first = await answers.again(change);
    if (first !== undefined && first.value.id !== image.id) {
      await objects.remove(infoPlace(org, image.id));
      await objects.remove(bytesPlace(org, image.id));
      return first.value;
    }
    return image;
  }
}

// So many bytes are a chunk in base64, and only the last block is padded.
const base64Block = (chunkBytesMax / 4) * 3;

/** The bytes in blocks of one size; the last may be smaller. */
async function* blocksOf(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= size) {
      yield rest.subarray(0, size);
      rest = rest.subarray(size);
    }
  }
  if (rest.length > 0) {
    yield rest;
  }
}

function infoPlace(org: Org, id: string): string {
  return `images/${org.id}/${id}.json`;
}

function bytesPlace(org: Org, id: string): string {
  return `images/${org.id}/${id}.bin`;
}
