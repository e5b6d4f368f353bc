// A turn with a tool that this application runs itself. The session says that it has the
// tool; a turn that calls it waits for its result, also if the host is restarted meanwhile.
//
//   node dist/client_tool.js http://127.0.0.1:7451 [TOKEN]
import { randomUUID } from "node:crypto";
import { EventSourceParserStream } from "eventsource-parser/stream";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];
type Item =
  | { event: "queued" | "accepted"; data: Schemas["TurnAccepted"] }
  | { event: "ended"; data: Schemas["TurnEnded"] }
  | { event: "error"; data: Schemas["Error"] }
  | { [Type in Schemas["KnownEvent"]["type"]]: { event: Type; data: Extract<Schemas["KnownEvent"], { type: Type }> } }[Schemas["KnownEvent"]["type"]];

const [url = "http://127.0.0.1:7451", token] = process.argv.slice(2);
const host = createClient<paths>({
  baseUrl: url,
  headers: token ? { Authorization: `Bearer ${token}` } : {},
});

/** What this application's tools do. */
const tools: Record<string, (parameters: unknown) => unknown> = {
  ask_person: () => "blue",
};

/** The items of a stream of server-sent events. One of a type that is new is passed over by its reader. */
async function* items(stream: ReadableStream<Uint8Array>): AsyncGenerator<Item> {
  const texts = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>);
  for await (const item of texts.pipeThrough(new EventSourceParserStream())) {
    yield { event: item.event, data: JSON.parse(item.data) } as Item;
  }
}

/** What a call answered, or an error with what the host said. */
function answered<Data>(call: { data?: Data; error?: unknown }): NonNullable<Data> {
  if (call.data === undefined || call.data === null) throw new Error(JSON.stringify(call.error));
  return call.data;
}

const harnesses = answered(await host.GET("/v1/harnesses"));
const session = answered(
  await host.POST("/v1/sessions", {
    body: {
      harness_id: harnesses.harnesses[0]!.harness_id,
      tools: [
        {
          type: "client_side",
          name: "ask_person",
          description: "Asks the person at the screen.",
          parameters: { type: "object", properties: { question: { type: "string" } } },
        },
      ],
    },
  }),
);
const path = { session_id: session.id };
const stream = { Accept: "text/event-stream" };

// Sent again with the same key, it is the same turn: after a broken connection, repeat the call.
const turn = answered(
  await host.POST("/v1/sessions/{session_id}/turns", {
    params: { path, header: { "Idempotency-Key": randomUUID() } },
    body: { text: "Which colour? And what is 12 times 34?" },
    headers: stream,
    parseAs: "stream",
  }),
);
let last = 0;
let waiting: Schemas["ToolCall"][] = [];
for await (const item of items(turn)) {
  switch (item.event) {
    case "tool.call_requested":
      console.log("the model calls", item.data.data.tool_calls.map((call) => call.name).join(", "));
      break;
    case "ended":
      console.log("the turn:", item.data.outcome);
      waiting = item.data.tool_calls;
      break;
    case "error":
      throw new Error(item.data.error.message);
  }
  if ("sequence" in item.data && item.data.sequence) last = item.data.sequence;
}

const results = waiting.map((call) => ({ tool_call_id: call.id, result: tools[call.name]!(call.arguments) }));
answered(
  await host.POST("/v1/sessions/{session_id}/tool-results", {
    params: { path, header: { "Idempotency-Key": randomUUID() } },
    body: { results },
  }),
);

// The turn goes on. Each stored event has its sequence number, so nothing is missed.
const rest = answered(
  await host.GET("/v1/sessions/{session_id}/events", {
    params: { path, query: { after: last } },
    headers: stream,
    parseAs: "stream",
  }),
);
for await (const item of items(rest)) {
  if (item.event === "output.message.completed") {
    for (const part of item.data.data.message.content) {
      if (part.type === "text") console.log(part.text);
    }
  }
  if (item.event === "turn.failed") throw new Error(item.data.data.error);
  if (item.event === "turn.completed") {
    console.log("the turn: completed");
    break;
  }
}
