// Where bytes lie: a directory or a bucket of S3.

/** Bytes, whole or in pieces. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** The newest version of a document, and its content unless the asker has that version. */
export interface Version {
  readonly version: string;
  readonly content: Uint8Array | undefined;
}

/**
 * Objects are written once; documents change by compare and set. What was answered
 * survives a crash, and several processes may share one place. Keys consist of letters,
 * digits, `-`, `_`, `.` and slashes.
 */
export interface Objects {
  /** The bytes of an object, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The same, piece by piece. */
  stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Writes an object whole or not at all. */
  put(key: string, content: Content): Promise<void>;
  /** Writes an object if there is none, and says whether it did. */
  create(key: string, content: Uint8Array): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** The newest version of a document, or undefined. */
  read(key: string, known?: string): Promise<Version | undefined>;
  /**
   * Replaces the stated version of a document, or the absence of one. The answer is the new
   * version, or undefined if another one was there.
   */
  replace(key: string, version: string | undefined, content: Uint8Array): Promise<string | undefined>;
  /** Removes the objects under a prefix that were last written before a time. */
  removeOlder(prefix: string, before: Date): Promise<void>;
  /** Throws if objects cannot be written now. */
  ping(): Promise<void>;
}
