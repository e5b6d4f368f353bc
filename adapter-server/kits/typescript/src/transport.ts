// The calls of grpc-js, made calls of the core.

import "./text-encoding.js";
import { fromBinary, toBinary, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import {
  status, type handleUnaryCall, type Server, type ServerDuplexStream, type ServerReadableStream, type ServerUnaryCall,
  type ServerWritableStream, type ServiceDefinition, type UntypedServiceImplementation, Metadata,
} from "@grpc/grpc-js";
import type { Core, Incoming, Method } from "./core.js";
import { emitStream } from "./emit-stream.js";
import { Ending } from "./ending.js";
import { AdapterError } from "./error.js";
import * as fail from "./fail.js";
import type { Guard } from "./guard.js";
import type { EmitStreamRequest } from "./messages.gen.js";
import type { CallSpan, Telemetry } from "./telemetry.js";

// What the calls of grpc-js have in common.
type AnyCall = Pick<ServerUnaryCall<Message, Message>, "metadata" | "cancelled" | "getDeadline" | "getAuthContext"> & {
  once(event: "cancelled", listener: () => void): unknown;
};

type Sink = ServerWritableStream<Message, Message> | ServerDuplexStream<Message, Message>;

/** What grpc-js needs to know of a service. */
export function definitionOf(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.name, definitionOfMethod(method)]));
}

function definitionOfMethod(method: DescMethod): ServiceDefinition[string] {
  const { input, output } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    originalName: method.localName,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message: Message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
  };
}

/** Serves calls: lets callers in, measures, and hands calls to the core. */
export class Transport {
  constructor(
    readonly core: Core,
    readonly guard: Guard,
    readonly telemetry: Telemetry,
  ) {}

  /** Adds a service whose handlers are of another library, for callers that may call. */
  addForeign(server: Server): Server["addService"] {
    return (definition, handlers) => {
      const guarded = Object.entries(handlers).map(([name, handler]) => [name, this.#guardedStream(handler as (call: Sink) => void)]);
      server.addService(definition, Object.fromEntries(guarded) as UntypedServiceImplementation);
    };
  }

  #guardedStream(handler: (call: Sink) => void) {
    return (call: Sink): void => {
      try {
        this.guard.admit(call);
      } catch (error) {
        call.emit("error", errorOf(error).toServiceError());
        return;
      }
      const ended = new AbortController();
      call.once("close", () => ended.abort());
      const open = new Promise<void>((resolve) => ended.signal.addEventListener("abort", () => resolve(), { once: true }));
      ended.signal.addEventListener("abort", () => call.end(), { once: true });
      this.core.whileOpen(ended, () => open).catch(() => call.end());
      handler(call);
    };
  }

  handlerOf(method: Method): UntypedServiceImplementation[string] {
    switch (method.desc.methodKind) {
      case "unary":
        return this.#unary(method);
      case "server_streaming":
        return this.#serverStream(method);
      case "client_streaming":
        return this.#upload(method);
      case "bidi_streaming":
        return (call: Sink) => call.emit("error", fail.notOffered("the adapter does not serve this method").toServiceError());
    }
  }

  #unary(method: Method): handleUnaryCall<Message, Message> {
    return (call, callback) => {
      void this.#served(method.full, call, (incoming) => this.core.unary(method, call.request, incoming)).then(
        (answer) => callback(null, answer),
        (error: AdapterError) => callback(error.toServiceError()),
      );
    };
  }

  #upload(method: Method) {
    return (call: ServerReadableStream<Message, Message>, callback: Parameters<handleUnaryCall<Message, Message>>[1]): void => {
      void this.#served(method.full, call, (incoming) => this.core.upload(method, call, incoming)).then(
        (answer) => callback(null, answer),
        (error: AdapterError) => callback(error.toServiceError()),
      );
    };
  }

  #serverStream(method: Method) {
    return (call: ServerWritableStream<Message, Message>): void => {
      this.#streamed(call, method.full, (incoming) => this.core.streamed(method, call.request, incoming, (answer) => sent(call, answer)));
    };
  }

  /** EmitStream, over the method for one event. */
  emitStream(full: string, emit: Method) {
    return (call: ServerDuplexStream<Message, Message>): void => {
      this.#streamed(call, full, (incoming) => {
        // A caller waits for the headers before it sends its first event.
        call.sendMetadata(new Metadata());
        const events = call as AsyncIterable<EmitStreamRequest & Message>;
        return emitStream(this.core, emit, events, incoming, (answer) => sent(call, answer));
      });
    };
  }

  #streamed(call: Sink, full: string, run: (incoming: Incoming) => Promise<void>): void {
    void this.#served(full, call, run).then(
      () => call.end(),
      (error: AdapterError) => call.emit("error", error.toServiceError()),
    );
  }

  /** Runs a call as its span; what it throws becomes an error of the contract. */
  async #served<T>(full: string, call: AnyCall, run: (incoming: Incoming) => Promise<T>): Promise<T> {
    const span = this.telemetry.begin(full, call.metadata);
    try {
      this.guard.admit(call);
      const answer = await span.run(() => run(incomingOf(call, span)));
      span.end(status.OK);
      return answer;
    } catch (error) {
      const told = errorOf(error);
      span.end(told.code);
      throw told;
    }
  }
}

const callerGone = fail.unavailable("the caller is gone");

function incomingOf(call: AnyCall, span: CallSpan): Incoming {
  const ended = new Ending();
  const gone = (): void => ended.abort(callerGone);
  call.once("cancelled", gone);
  if (call.cancelled) {
    gone();
  }
  const deadline = call.getDeadline();
  return {
    ended,
    isGone: () => call.cancelled,
    deadline: deadline instanceof Date ? deadline.getTime() : deadline,
    trace: () => span.ids,
  };
}

function errorOf(error: unknown): AdapterError {
  return error instanceof AdapterError ? error : fail.internal("the adapter failed; its log has the cause");
}

/** Sends an answer, and waits while the caller is slower than the store. */
async function sent(call: Sink, answer: Message): Promise<void> {
  if (call.cancelled || call.write(answer)) {
    return;
  }
  await new Promise<void>((resolve) => {
    call.once("drain", resolve);
    call.once("close", resolve);
    call.once("cancelled", resolve);
  });
}
