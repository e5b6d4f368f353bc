// Objects in a bucket of S3. A document is an object that is replaced only if its ETag is
// the stated one, so any number of processes may share the bucket. The service must know
// conditional writes (If-Match and If-None-Match), as S3 does.

import { S3Client, S3ServiceException, paginateListObjectsV2, DeleteObjectCommand, GetObjectCommand, HeadBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Content, Objects, Version } from "./objects.js";

/** Where a bucket is. Credentials are found as the AWS SDK does. */
export interface Bucket {
  readonly name: string;
  /** The service, if it is not that of AWS. */
  readonly endpoint: string | undefined;
}

export class S3 implements Objects {
  readonly #client: S3Client;

  constructor(readonly bucket: Bucket) {
    this.#client = new S3Client({
      ...(bucket.endpoint === undefined ? {} : { endpoint: bucket.endpoint, forcePathStyle: true }),
      // The kit answers UNAVAILABLE after 8 s; a service that hangs is asked again before.
      requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
      maxAttempts: 3,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#get(key))?.Body?.transformToByteArray();
  }

  async stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.#get(key))?.Body as AsyncIterable<Uint8Array> | undefined;
  }

  async put(key: string, content: Content): Promise<void> {
    await this.#put(key, await wholeOf(content), {});
  }

  async create(key: string, content: Uint8Array): Promise<boolean> {
    return (await this.#put(key, content, { IfNoneMatch: "*" })) !== undefined;
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.bucket.name, Key: key }));
  }

  async read(key: string, known?: string): Promise<Version | undefined> {
    try {
      const found = await this.#get(key, known);
      return found && { version: found.ETag ?? "", content: await found.Body?.transformToByteArray() };
    } catch (error) {
      if (known !== undefined && statusOf(error) === 304) {
        return { version: known, content: undefined };
      }
      throw error;
    }
  }

  async replace(key: string, version: string | undefined, content: Uint8Array): Promise<string | undefined> {
    return this.#put(key, content, version === undefined ? { IfNoneMatch: "*" } : { IfMatch: version });
  }

  async removeOlder(prefix: string, before: Date): Promise<void> {
    for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: this.bucket.name, Prefix: `${prefix}/` })) {
      for (const { Key: key, LastModified: written } of page.Contents ?? []) {
        if (key !== undefined && written !== undefined && written < before) {
          await this.remove(key);
        }
      }
    }
  }

  async ping(): Promise<void> {
    await this.#client.send(new HeadBucketCommand({ Bucket: this.bucket.name }));
  }

  async #get(key: string, known?: string) {
    try {
      return await this.#client.send(new GetObjectCommand({ Bucket: this.bucket.name, Key: key, ...(known === undefined ? {} : { IfNoneMatch: known }) }));
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === "NoSuchKey") {
        return undefined;
      }
      throw error;
    }
  }

  /** Writes an object and says its ETag, or nothing if the condition does not hold. */
  async #put(key: string, content: Uint8Array, condition: { IfMatch?: string; IfNoneMatch?: string }): Promise<string | undefined> {
    for (;;) {
      try {
        const written = await this.#client.send(new PutObjectCommand({ Bucket: this.bucket.name, Key: key, Body: content, ...condition }));
        return written.ETag ?? "";
      } catch (error) {
        // 412: another version is there. 404: the version was removed. 409: another write is under way.
        const status = statusOf(error);
        const isKey = !(error instanceof S3ServiceException && error.name === "NoSuchBucket");
        if (status === 412 || (status === 404 && isKey)) {
          return undefined;
        }
        if (status !== 409) {
          throw error;
        }
      }
    }
  }
}

/** Says whether an error of S3 means that it cannot be used now. */
export function isS3Away(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  const name = error instanceof Error ? error.name : "";
  return status >= 500 || status === 429 || ["TimeoutError", "NoSuchBucket", "SlowDown", "RequestTimeout"].includes(name);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

async function wholeOf(content: Content): Promise<Uint8Array> {
  if (content instanceof Uint8Array) {
    return content;
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of content) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
