// Figures of a session's connection, from those of the browser.

/** The figures of a peer connection: `all` of its statistics, `before` the last values for `rate`. */
export function peerFigures(all, before) {
  const byId = new Map(all.map((one) => [one.id, one]));
  const figures = { audio: {}, video: {} };
  const pair = all.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
  const local = byId.get(pair?.localCandidateId);
  const remote = byId.get(pair?.remoteCandidateId);
  if (pair?.currentRoundTripTime !== undefined) figures.roundTripMs = pair.currentRoundTripTime * 1000;
  if (local) {
    figures.path = [local, remote].some((one) => one?.candidateType === "relay") ? "relayed" : "direct";
    figures.protocol = local.relayProtocol ?? local.protocol;
  }
  for (const one of all) {
    if (one.type === "outbound-rtp") figures[one.kind].out = { kbps: rate(before, one, one.bytesSent) };
    if (one.type === "inbound-rtp") figures[one.kind].in = { kbps: rate(before, one, one.bytesReceived), ...inbound(one) };
  }
  return figures;
}

function inbound(one) {
  const all = (one.packetsReceived ?? 0) + (one.packetsLost ?? 0);
  const flow = { lossPercent: all ? (100 * Math.max(0, one.packetsLost ?? 0)) / all : undefined };
  if (one.jitterBufferEmittedCount) flow.jitterBufferMs = (1000 * one.jitterBufferDelay) / one.jitterBufferEmittedCount;
  if (one.frameWidth) Object.assign(flow, { width: one.frameWidth, height: one.frameHeight, fps: one.framesPerSecond ?? 0 });
  return flow;
}

/** Kilobits per second since the last call for this id; undefined at the first one. */
export function rate(before, { id, timestamp }, bytes) {
  const last = before.get(id);
  before.set(id, { timestamp, bytes });
  return last && timestamp > last.timestamp ? Math.max(0, ((bytes - last.bytes) * 8) / (timestamp - last.timestamp)) : undefined;
}
