// A page's script that transcribes through the published npm package @dytesdk/symbl-transcription, the way its readme shows.
//
// Bundled with esbuild. Defines `transcribe(wish)`: url, token, id (connection id), peer (id of the participant) and seconds
// (how long to wait at most). The meeting is what the package uses of Dyte's client: a participant whose audio is white
// noise, and a broadcast to the participants. Resolves to the transcriptions that the package gave its listener. The package
// has Symbl's host name built in, which is replaced here.
const { activateTranscriptions, addTranscriptionsListener, deactivateTranscriptions } = require("@dytesdk/symbl-transcription");

const Socket = window.WebSocket;

function meetingOf(wish) {
  const listeners = [];
  const context = new AudioContext();
  const self = {
    id: wish.peer,
    name: "Jane",
    clientSpecificId: "jane@example.com",
    removeAudioMiddleware: async () => {}, // the package calls it before it adds its own, too
    addAudioMiddleware: async (middleware) => {
      const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
      buffer.getChannelData(0).forEach((_, index, samples) => (samples[index] = 2 * Math.random() - 1));
      const noise = new AudioBufferSourceNode(context, { buffer, loop: true });
      noise.connect(await middleware(context)).connect(context.destination);
      noise.start();
    },
  };
  const participants = {
    on: (_, listener) => listeners.push(listener),
    removeListener: () => listeners.splice(0),
    broadcastMessage: (type, payload) => listeners.forEach((listener) => listener({ type, payload })),
  };
  return { self, participants, meta: { roomName: wish.id, meetingTitle: "Dyte trial" } };
}

window.transcribe = async (wish) => {
  window.WebSocket = class extends Socket {
    constructor(url) {
      super(url.replace("wss://api.symbl.ai", wish.url.replace("http", "ws")));
    }
  };
  const meeting = meetingOf(wish);
  const saw = { transcriptions: [], warnings: [], errors: [] };
  addTranscriptionsListener({ meeting, noOfTranscriptionsToCache: 200, transcriptionsCallback: (all) => (saw.transcriptions = all) });
  await activateTranscriptions({
    meeting,
    symblAccessToken: wish.token,
    symblStreamingMessageCallback: (data) => {
      if (data.type === "message" && data.message.type === "warning") saw.warnings.push(data.message.field);
      if (data.type === "error" || (data.message && data.message.type === "error")) saw.errors.push(data);
    },
  });
  const complete = () => saw.transcriptions.filter((one) => !one.isPartialTranscript).length >= 2;
  for (let waited = 0; !complete() && waited < wish.seconds * 1000; waited += 100) await new Promise((done) => setTimeout(done, 100));
  await deactivateTranscriptions({ meeting });
  return saw;
};
