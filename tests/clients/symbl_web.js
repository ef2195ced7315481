// A page's script that speaks through the published npm package @symblai/symbl-web-sdk, the way its readme shows.
//
// Bundled with esbuild (the package is CommonJS). Defines `converse(wish)`: url, appId, appSecret, id, name, encoding
// ("LINEAR16" or "OPUS"), seconds of talking at least (it goes on until messages and insights were told), and `hasty`:
// whether the socket is closed in the same instant as the stop, as the readme's example does. Resolves to what was seen;
// the microphone is the browser's.
const saw = { messages: [], insights: [], topics: [], trackers: [], interims: 0, finals: 0, events: [], closed: [], sizes: {} };

const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...options) {
    super(...options);
    this.addEventListener("close", (event) => saw.closed.push(event.code));
  }
  send(data) {
    if (typeof data !== "string") saw.sizes[data.byteLength] = (saw.sizes[data.byteLength] || 0) + 1;
    super.send(data);
  }
};

// Only now: the package keeps the WebSocket that it finds when it is loaded.
const { Symbl } = require("@symblai/symbl-web-sdk");

function watch(connection) {
  const names = ["conversation_created", "started_listening", "processing_started", "processing_stopped", "conversation_completed"];
  const completed = new Promise((resolve) => connection.on("conversation_completed", resolve));
  for (const name of names) connection.on(name, () => saw.events.push(name));
  connection.on("speech_recognition", (result) => {
    saw[result.isFinal ? "finals" : "interims"] += 1;
    saw.last = [result.user && result.user.name, result.punctuated.transcript];
  });
  connection.on("message", (messages) => messages.forEach((m) => saw.messages.push([m.from.name, m.payload.content])));
  for (const name of ["question", "action_item", "follow_up"]) connection.on(name, (i) => saw.insights.push([i.type, i.payload.content]));
  connection.on("topic", (topics) => topics.forEach((t) => saw.topics.push(t.phrases)));
  connection.on("tracker", (trackers) => trackers.forEach((t) => saw.trackers.push(t.name)));
  return completed;
}

window.converse = async (wish) => {
  const symbl = new Symbl({ appId: wish.appId, appSecret: wish.appSecret, basePath: wish.url });
  const connection = await symbl.createConnection(wish.id);
  const completed = watch(connection);
  await connection.startProcessing({
    insightTypes: ["question", "action_item", "follow_up"],
    config: { encoding: wish.encoding, confidenceThreshold: 0.5, meetingTitle: "Web trial" },
    speaker: { userId: `${wish.name.toLowerCase()}@example.com`, name: wish.name },
    trackers: [{ name: "Money", vocabulary: ["budget", "cost", "contract"] }],
  });
  const told = (kind) => saw.insights.some(([one]) => one === kind);
  const heard = () => saw.messages.length >= 2 && told("question") && told("action_item");
  for (let waited = 0; waited < wish.seconds * 1000 || (!heard() && waited < 90000); waited += 100) await Symbl.wait(100);
  await connection.stopProcessing();
  if (!wish.hasty) await completed;
  connection.disconnect();
  for (let waited = 0; !saw.closed.length && waited < 30000; waited += 100) await Symbl.wait(100);
  saw.conversationId = connection.getConversationId();
  return saw;
};
