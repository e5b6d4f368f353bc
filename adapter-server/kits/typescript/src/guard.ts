// Lets in the callers that may call: by certificate, by token, by both. Health checks need
// neither.

import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ServerCredentials, type Metadata } from "@grpc/grpc-js";
import { unauthenticated } from "./error.js";
import { Reloaded, Tokens } from "./reloaded.js";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

/** What the guard looks at of a call. */
export interface Caller {
  readonly metadata: Metadata;
  getAuthContext(): { sslPeerCertificate?: unknown };
}

export class Guard {
  constructor(
    readonly tokens: Reloaded<Tokens> | undefined,
    readonly needsCertificate: boolean,
  ) {}

  /** Throws if the caller may not call. */
  admit(caller: Caller): void {
    // grpc-js states a certificate only if the CA has signed it.
    if (this.needsCertificate && caller.getAuthContext().sslPeerCertificate === undefined) {
      throw unauthenticated("no certificate of a known CA; connect with a client certificate");
    }
    if (this.tokens === undefined) {
      return;
    }
    for (const value of caller.metadata.get("authorization")) {
      const [, token] = /^bearer +(.*)$/i.exec(String(value)) ?? [];
      if (token !== undefined && this.tokens.value.has(token.trim())) {
        return;
      }
    }
    throw unauthenticated("no known bearer token; send `authorization: Bearer TOKEN`");
  }
}

/**
 * Certificates of files, read again for new connections when the files have changed. A
 * client's certificate is demanded call by call, because health needs none.
 */
export class FileCredentials extends ServerCredentials {
  #files: Reloaded<SecureContextOptions> | undefined;

  static async open(files: TlsFiles, warn: (error: unknown) => void): Promise<FileCredentials> {
    const paths = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
    let made: FileCredentials | undefined;
    const held = await Reloaded.open(paths, () => readTls(files), warn, (options) => made?.updateSecureContextOptions(options));
    made = new FileCredentials({ requestCert: files.clientCa !== undefined, rejectUnauthorized: false }, held.value);
    made.#files = held;
    return made;
  }

  close(): void {
    this.#files?.close();
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

async function readTls(files: TlsFiles): Promise<SecureContextOptions> {
  const [cert, key, ca] = await Promise.all([files.cert, files.key, files.clientCa].map((path) => (path === undefined ? undefined : readFile(path))));
  const options: SecureContextOptions = { cert, key, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) };
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`${files.clientCa} holds no PEM certificate`);
  }
  // It throws if a file is no PEM, or the key is not that of the certificate.
  createSecureContext(options);
  return options;
}
