// Speaks or listens through the published npm package @symblai/symbl-js, the way its readme shows.
//
// Reads one JSON object from standard input: url, appId, appSecret, id (connection id), way ("stream", "realtime" or
// "subscribe"), name and sound (file of 16 kHz mono LINEAR16; speakers only), speed (1 is real time), linger (ms between
// the last chunk and stop), gate (a file: who has started says so, and talks once it is there), reconnect (whether it
// connects again after an unclean close), chunk (bytes). Writes one JSON object, what it saw, as the last line of standard output.
const fs = require("fs");
const { sdk } = require("@symblai/symbl-js");

const wish = JSON.parse(fs.readFileSync(0, "utf8"));
const CHUNK = wish.chunk || 3200; // 100 ms
const saw = { conversationId: null, messages: [], insights: [], interims: 0, finals: 0, topics: [], trackers: [], errors: [], kinds: [] };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function take(data) {
  const inner = data.type === "message" ? data.message : data;
  saw.kinds.push(inner.type);
  if (inner.type === "recognition_result") saw[inner.isFinal ? "finals" : "interims"] += 1;
  if (inner.type === "error") saw.errors.push(data);
  for (const m of data.messages || []) saw.messages.push([m.from.name, m.payload.content]);
  for (const i of data.insights || []) saw.insights.push([i.type, i.payload.content, i.assignee && i.assignee.name]);
  for (const t of data.topics || []) saw.topics.push(t.phrases);
  for (const t of data.trackers || []) saw.trackers.push(t.name);
}

async function talk(connection) {
  console.log("started");
  while (wish.gate && !fs.existsSync(wish.gate)) await sleep(50);
  const sound = fs.readFileSync(wish.sound);
  const began = Date.now();
  for (let at = 0; at < sound.length; at += CHUNK) {
    connection.sendAudio(sound.subarray(at, at + CHUNK));
    const due = began + at / 32 / wish.speed;
    if (due > Date.now()) await sleep(due - Date.now());
  }
  await sleep(wish.linger || 0);
}

async function speak() {
  const options = {
    id: wish.id,
    reconnectOnError: wish.reconnect || false,
    insightTypes: ["action_item", "question", "follow_up"],
    config: { meetingTitle: "SDK trial", confidenceThreshold: 0.5, languageCode: "en-US", sampleRateHertz: 16000 },
    speaker: { userId: `${wish.name.toLowerCase()}@example.com`, name: wish.name },
    trackers: [{ name: "Money", vocabulary: ["budget", "cost", "contract"] }],
    handlers: { onDataReceived: take, onClose: (event) => (saw.closed = event.code) },
  };
  if (wish.way === "realtime") {
    const connection = await sdk.startRealtimeRequest(options);
    saw.conversationId = connection.conversationId;
    await talk(connection);
    saw.stopped = await connection.stop();
    return;
  }
  const stream = await sdk.createStream(options);
  await stream.start();
  saw.conversationId = await stream.conversationId;
  await talk(stream);
  saw.stopped = await stream.stop();
  stream.close();
}

async function listen() {
  await new Promise((resolve) => {
    sdk.subscribeToStream(wish.id, {
      handlers: {
        onSubscribe: () => console.log("subscribed"),
        onMessage: (data) => {
          take(data);
          if (data.type === "message" && data.message.data) saw.conversationId = data.message.data.conversationId;
        },
        onClose: resolve,
      },
    });
  });
}

async function main() {
  sdk.oauth2.setBasePath(wish.url);
  await sdk.init({ appId: wish.appId, appSecret: wish.appSecret, basePath: wish.url });
  await (wish.way === "subscribe" ? listen() : speak());
  await sleep(wish.reconnect ? 1500 : 200); // the handlers of the last messages run after the promises
}

main().then(
  () => {
    console.log(JSON.stringify(saw));
    process.exit(0); // the SDK's timer that renews the token would hold the process for a day
  },
  (error) => {
    console.log(JSON.stringify({ ...saw, failed: String((error && error.message) || JSON.stringify(error)) }));
    process.exit(1);
  },
);
