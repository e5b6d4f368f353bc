// Calls of an adapter, for tests.

import { create, fromBinary, type DescMethod, type DescMethodStreaming, type DescMethodUnary, type DescMessage, type Message, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ChannelCredentials, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import type { TestContext } from "node:test";
import { ErrorInfoSchema, type ErrorInfo } from "../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { definitionOf } from "../transport.js";
import { atEnd } from "./ending.js";

/** A connection to an adapter. */
export class Connection {
  constructor(readonly client: Client) {}

  /** Makes a call that has one answer. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>, request: MessageInitShape<I>, headers: Record<string, string> = {},
  ): Promise<MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = pathOf(method);
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, create(method.input, request), metadataOf(headers), {}, (error, answer) => {
        if (error === null) {
          resolve(answer as MessageShape<O>);
        } else {
          reject(error);
        }
      });
    });
  }

  /** Opens a stream of both sides. */
  open<I extends DescMessage, O extends DescMessage>(method: DescMethodStreaming<I, O>): ClientDuplexStream<MessageShape<I>, MessageShape<O>> {
    const { path, requestSerialize, responseDeserialize } = pathOf(method);
    return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), {}) as unknown as ClientDuplexStream<MessageShape<I>, MessageShape<O>>;
  }

  /** Makes a call that fails, and says how. */
  async failure<I extends DescMessage>(method: DescMethodUnary<I>, request: MessageInitShape<I>, headers: Record<string, string> = {}): Promise<ServiceError> {
    try {
      await this.call(method, request, headers);
    } catch (error) {
      return error as ServiceError;
    }
    throw new Error(`${method.name} did not fail`);
  }
}

function pathOf(method: DescMethod): { path: string; requestSerialize: (message: Message) => Buffer; responseDeserialize: (bytes: Buffer) => Message } {
  const definition = definitionOf(method.parent)[method.name];
  if (definition === undefined) {
    throw new Error(`${method.parent.typeName} has no ${method.name}`);
  }
  return definition;
}

function metadataOf(headers: Record<string, string>): Metadata {
  const metadata = new Metadata();
  Object.entries(headers).forEach(([key, value]) => metadata.set(key, value));
  return metadata;
}

/** Connects to an adapter until the test ends. */
export function connectTo(t: TestContext, address: string, how: ChannelCredentials = credentials.createInsecure()): Connection {
  const client = new Client(address, how);
  atEnd(t, () => client.close());
  return new Connection(client);
}

/** The reason of an error and what else it states. */
export function reasonOf(error: ServiceError): ErrorInfo {
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const status = fromBinary(StatusSchema, packed instanceof Buffer ? packed : Buffer.alloc(0));
  const info = status.details.find((one) => one.typeUrl.endsWith("/google.rpc.ErrorInfo"));
  return info === undefined ? create(ErrorInfoSchema) : fromBinary(ErrorInfoSchema, info.value);
}
