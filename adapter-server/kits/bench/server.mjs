// The values of sessions in memory, for the bench: on the kit, or with --bare on grpc-js alone.

import { main, withoutSecrets } from "../typescript/dist/index.js";
import { SessionStorageStoreService } from "../typescript/dist/messages.gen.js";
import { definitionOf } from "../typescript/dist/transport.js";
import { create } from "../typescript/node_modules/@bufbuild/protobuf/dist/esm/index.js";
import grpc from "../typescript/node_modules/@grpc/grpc-js/build/src/index.js";

const kept = new Map();
const placeOf = (org, session, key) => `${org} ${session} ${key}`;

const onKit = {
  ...withoutSecrets,
  setValue: ({ session, key, value }) => {
    kept.set(placeOf(session.org.id, session.id, key), value);
  },
  getValue: ({ session, key }) => kept.get(placeOf(session.org.id, session.id, key)),
  deleteValue: () => false,
  listKeys: () => [],
};

const { getValue, setValue } = SessionStorageStoreService.method;
const bare = {
  SetValue: ({ request }, answer) => {
    kept.set(placeOf(request.context.orgId, request.sessionId, request.key), request.value);
    answer(null, create(setValue.output));
  },
  GetValue: ({ request }, answer) => {
    answer(null, create(getValue.output, { value: kept.get(placeOf(request.context.orgId, request.sessionId, request.key)) }));
  },
};

if (process.argv.includes("--bare")) {
  const server = new grpc.Server();
  server.addService(definitionOf(SessionStorageStoreService), bare);
  server.bindAsync(process.env.MORTISE_LISTEN, grpc.ServerCredentials.createInsecure(), (error) => {
    if (error !== null) {
      throw error;
    }
  });
} else {
  await main({ name: "bench", version: "0", offers: { sessionStorageStore: onKit } });
}
