// salesforce-pubsub-api-client against the simulated org: what it hears, one
// JSON object a line on stdout.
//
//   node pubsub.mjs ADDRESS INSTANCE_URL ACCESS_TOKEN ORG_ID TOPIC REPLAY_ID COUNT
//
// REPLAY_ID is a number, or "earliest". It ends after COUNT events and a sign of
// life behind them, or when the stream does: "error" and "status" say why.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = process.env.SWITCHBOARD_SALESFORCE_CLIENTS || join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const { default: PubSubApiClient } = createRequire(join(modules, "from-here.js"))("salesforce-pubsub-api-client");
const [pubSubEndpoint, instanceUrl, accessToken, organizationId, topic, replay, count] = process.argv.slice(2);

const say = (line) => process.stdout.write(JSON.stringify(line, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n");
const silent = () => {};
const client = new PubSubApiClient(
  { authType: "user-supplied", accessToken, instanceUrl, organizationId, pubSubEndpoint, rejectUnauthorizedSsl: false },
  { debug: silent, info: silent, warn: silent, error: silent },
);
await client.connect();

let events = 0;
const take = (info, type, data) => {
  switch (type) {
    case "event":
      events++;
      say({ event: { replayId: data.replayId, schemaId: data.schemaId, payload: data.payload } });
      break;
    case "grpcKeepAlive":
      if (events >= Number(count)) {
        say({ keepalive: info.lastReplayId });
        client.close();
        process.exit(0);
      }
      break;
    case "error":
      say({ error: { message: String(data.message), cause: data.cause ? String(data.cause) : "", code: data.metadata?.get?.("error-code")?.[0] ?? "", grpc: data.code ?? -1 } });
      process.exitCode = 1;
      client.close();
      break;
  }
};
if (replay === "earliest") client.subscribeFromEarliestEvent(topic, take);
else client.subscribeFromReplayId(topic, take, null, Number(replay));
