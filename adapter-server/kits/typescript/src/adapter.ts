// An adapter: what a program offers, and how it is served.

import { create, type DescMethod, type DescService } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { memoryMs, type Call } from "./call.js";
import { Core, newMethod, type Method } from "./core.js";
import { FileCredentials, Guard } from "./guard.js";
import { Health, type Ping } from "./health.js";
import { bind } from "./listen.js";
import { causeOf, standardLog, type Log } from "./log.js";
import { ProcessMemory, type Memory } from "./memory.js";
import {
  AdapterService, DescribeResponseSchema, EventEmitterService, Feature, Scoping, UnfencedChanges, type DescribeResponse,
} from "./messages.gen.js";
import { addReflection } from "./reflection.js";
import { Reloaded, Tokens } from "./reloaded.js";
import { contract, type Offers } from "./stores.gen.js";
import { exportTo, Telemetry } from "./telemetry.js";
import { definitionOf, Transport } from "./transport.js";

// The version of the protocol that this kit speaks.
const protocol = 1;
const messageBytesStandard = 32 * 1024 * 1024;
const callMsStandard = 8_000;

/** What an adapter is and offers. */
export interface AdapterOptions {
  /** As the handshake tells it, such as `acme-storage`. */
  readonly name: string;
  readonly version: string;
  /** The stores, by their names. */
  readonly offers: Offers;
  /** Features that a store has beyond its plain methods. */
  readonly features?: { readonly [K in keyof Offers]?: readonly Feature[] };
  /** Asks the store whether it can answer; it throws if not. Health follows. */
  readonly ping?: Ping;
  /**
   * Says which errors of the store's library mean that it cannot answer now. The caller
   * then sends the call again; every other error is final for it.
   */
  readonly unavailableOn?: (error: unknown) => boolean;
  /** Remembers the answers that no transaction stores; the process does unless stated. */
  readonly memory?: Memory;
  readonly log?: Log;
  /** How long the store may take for a call, 8000 ms unless stated: less than callers go on trying. */
  readonly callMs?: number;
  /** The largest request, 32 MiB unless stated. */
  readonly maxMessageBytes?: number;
  /** The store keeps no orgs apart. For a single tenant only. */
  readonly isSharedByAllOrgs?: boolean;
  /** The address of the web console. */
  readonly platformBaseUrl?: string;
  /**
   * What becomes of changes without a fence while their session is leased, where a store has
   * the feature FENCED. Events of turns are refused unless stated.
   */
  readonly unfencedChanges?: UnfencedChanges;
}

/** Where and how an adapter is served. */
export interface ServeOptions {
  /** HOST:PORT or unix:PATH. */
  readonly listen: string;
  /** PEM files. With tlsClientCa, callers need a certificate that this CA has signed. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsClientCa?: string | undefined;
  /** Bearer tokens, one a line. This file and those of TLS are read again when they change. */
  readonly tokenFile?: string | undefined;
  /** The address of a collector of traces and metrics, such as http://127.0.0.1:4317. */
  readonly otlp?: string | undefined;
  /** How long calls may go on when the adapter is told to stop, 30000 ms unless stated. */
  readonly drainMs?: number | undefined;
}

/** An adapter that serves. */
export interface Serving {
  /** Where callers reach it. */
  readonly address: string;
  /** Takes no new calls, ends open streams, finishes the calls that it has. */
  stop(): Promise<void>;
}

type StoreName = keyof Offers & keyof typeof contract;

export class Adapter {
  readonly #options: AdapterOptions;
  readonly #log: Log;
  readonly #core: Core;
  readonly #health: Health;
  readonly #offered: readonly StoreName[];

  /** It throws if nothing is offered, or a method of a store is missing. */
  constructor(options: AdapterOptions) {
    this.#options = options;
    this.#log = options.log ?? standardLog;
    const faults = faultsOf(options);
    if (faults.length > 0) {
      throw new Error(`the adapter cannot start: ${faults.join("; ")}`);
    }
    this.#offered = (Object.keys(contract) as StoreName[]).filter((name) => options.offers[name] !== undefined);
    const services = [AdapterService, ...this.#offered.map((name) => contract[name].service)];
    this.#health = new Health(services.map((service) => service.typeName), options.ping, this.#log);
    this.#core = new Core({
      memory: options.memory ?? new ProcessMemory(),
      log: this.#log,
      callMs: options.callMs ?? callMsStandard,
      unavailableOn: options.unavailableOn ?? (() => false),
      fenced: new Set(this.#offered.filter((name) => this.#features(name).includes(Feature.FENCED)).map((name) => contract[name].service.typeName)),
      unfencedChanges: this.#unfencedChanges(),
      troubled: () => this.#health.ask(),
    });
  }

  /** Serves until it is stopped. */
  async serve(options: ServeOptions): Promise<Serving> {
    const warn = (error: unknown): void => {
      this.#log("error", "a file cannot be read again; its previous content stays in use", { cause: causeOf(error) });
    };
    const flush = options.otlp === undefined ? undefined : await exportTo(options.otlp, this.#options.name, this.#options.version);
    const tokenFile = options.tokenFile;
    const tokens = tokenFile === undefined ? undefined : await Reloaded.open([tokenFile], () => Tokens.read(tokenFile), warn);
    const credentials = await credentialsOf(options, warn);
    const guard = new Guard(tokens, options.tlsClientCa !== undefined);
    const server = this.#server(new Transport(this.#core, guard, new Telemetry()));
    await this.#health.start();
    const address = await bind(server, options.listen, credentials);
    this.#log("info", "serving", { address, services: this.#offered.length });
    const drainMs = options.drainMs ?? 30_000;
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await this.#drain(server, drainMs);
      tokens?.close();
      if (credentials instanceof FileCredentials) {
        credentials.close();
      }
      await flush?.();
    };
    return { address, stop: () => (stopped ??= stop()) };
  }

  async #drain(server: Server, limitMs: number): Promise<void> {
    this.#log("info", "stopping", { drain_ms: limitMs });
    this.#health.stop();
    this.#core.stop();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#log("warn", "calls were cut off: they did not end in time", { drain_ms: limitMs });
        server.forceShutdown();
        resolve();
      }, limitMs);
      server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #server(transport: Transport): Server {
    const server = new Server({
      "grpc.max_receive_message_length": this.#options.maxMessageBytes ?? messageBytesStandard,
      "grpc.max_send_message_length": -1,
      "grpc-node.flow_control_window": 1024 * 1024,
    });
    server.addService(definitionOf(AdapterService), { Describe: transport.handlerOf(this.#describe()) });
    for (const name of this.#offered) {
      server.addService(definitionOf(contract[name].service), this.#handlers(name, transport));
    }
    this.#health.addTo(server);
    const services: DescService[] = [AdapterService, ...this.#offered.map((name) => contract[name].service)];
    addReflection(transport.addForeign(server), services);
    return server;
  }

  #handlers(name: StoreName, transport: Transport): UntypedServiceImplementation {
    const { service, methods } = contract[name];
    const store = this.#options.offers[name] as unknown as Record<string, (input: unknown, call: Call) => unknown>;
    const made = new Map<string, Method>();
    for (const [local, shape] of Object.entries(methods)) {
      const desc = (service.method as Record<string, DescMethod>)[local];
      if (desc !== undefined) {
        made.set(desc.name, newMethod(desc, shape.session, shape.answer, (input, call) => store[local]?.(input, call)));
      }
    }
    const handlers = [...made].map(([rpc, method]) => [rpc, transport.handlerOf(method)] as const);
    const emit = service === (EventEmitterService as DescService) ? made.get("Emit") : undefined;
    const streams = emit === undefined ? [] : [["EmitStream", transport.emitStream(`${service.typeName}/EmitStream`, emit)] as const];
    return Object.fromEntries<UntypedServiceImplementation[string]>([...handlers, ...streams]);
  }

  #describe(): Method {
    const desc = AdapterService.method.describe;
    return { ...newMethod(desc, false, "message", () => this.#description()), checked: false };
  }

  #description(): DescribeResponse {
    const options = this.#options;
    const offered = this.#offered.map((name) => ({ name: contract[name].service.typeName, features: this.#features(name) }));
    return create(DescribeResponseSchema, {
      server: { name: options.name, version: options.version },
      protocol: { min: protocol, max: protocol },
      scoping: options.isSharedByAllOrgs === true ? Scoping.SHARED : Scoping.PER_ORG,
      limits: {
        maxMessageBytes: BigInt(options.maxMessageBytes ?? messageBytesStandard),
        requestMemorySeconds: BigInt(memoryMs / 1000),
      },
      services: [{ name: AdapterService.typeName }, ...offered],
      platformBaseUrl: options.platformBaseUrl ?? "",
      outage: this.#health.outage,
      unfencedChanges: offered.some(({ features }) => features.includes(Feature.FENCED)) ? this.#unfencedChanges() : UnfencedChanges.UNSPECIFIED,
    });
  }

  #unfencedChanges(): UnfencedChanges {
    return this.#options.unfencedChanges ?? UnfencedChanges.EXCEPT_TURN_EVENTS;
  }

  #features(name: StoreName): Feature[] {
    const stated = this.#options.features?.[name] ?? [];
    // The kit serves the stream over emit.
    const own = name === "eventEmitter" ? [Feature.EMIT_STREAM] : [];
    return [...new Set([...stated, ...own])].sort((a, b) => a - b);
  }
}

async function credentialsOf(options: ServeOptions, warn: (error: unknown) => void): Promise<ServerCredentials> {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa } = options;
  if (cert === undefined && key === undefined && clientCa === undefined) {
    return ServerCredentials.createInsecure();
  }
  if (cert === undefined || key === undefined) {
    throw new Error("TLS needs a certificate and its key as PEM files; give both");
  }
  return FileCredentials.open({ cert, key, clientCa }, warn);
}

function faultsOf(options: AdapterOptions): string[] {
  const faults: string[] = [];
  if (options.name === "" || options.version === "") {
    faults.push("name or version is empty; the handshake tells both");
  }
  const offers = Object.entries(options.offers).filter(([, store]) => store !== undefined);
  if (offers.length === 0) {
    faults.push("nothing is offered; state one, such as offers: { sessionStorageStore }");
  }
  for (const [name, store] of offers) {
    const known = name in contract ? contract[name as StoreName] : undefined;
    if (known === undefined) {
      faults.push(`the contract has no store ${name}`);
      continue;
    }
    for (const method of Object.keys(known.methods)) {
      if (typeof (store as unknown as Record<string, unknown> | null)?.[method] !== "function") {
        faults.push(`${name} has no method ${method}`);
      }
    }
    for (const feature of options.features?.[name as StoreName] ?? []) {
      if (!(known.features as readonly Feature[]).includes(feature)) {
        faults.push(`${name} has no feature ${Feature[feature]}`);
      }
    }
  }
  return faults;
}
