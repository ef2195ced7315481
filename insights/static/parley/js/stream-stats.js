// What getStats tells, as a few lines that people understand.

import { gettext } from "./text.js";

const kilobits = (bytes, ms) => `${Math.max(0, Math.round((bytes * 8) / ms))} kbit/s`;
const milliseconds = (seconds) => `${Math.round(seconds * 1000)} ms`;

/** Reads a connection again and again; rates are those since the last reading. */
export class Figures {
  constructor() {
    this.before = new Map();
  }

  async read(link) {
    const report = await link.pc.getStats();
    const all = [...report.values()];
    const lines = [[gettext("Connection"), link.pc.connectionState]];
    if (link.answeredIn !== undefined) lines.push([gettext("Signalling"), `${Math.round(link.answeredIn)} ms`]);
    if (link.connectedIn !== undefined) lines.push([gettext("Connected after"), `${Math.round(link.connectedIn)} ms`]);
    const pair = all.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
    if (pair?.currentRoundTripTime !== undefined) lines.push([gettext("Round trip"), milliseconds(pair.currentRoundTripTime)]);
    for (const one of all) {
      if (one.type === "outbound-rtp") lines.push([gettext("{kind} out", { kind: name(one.kind) }), this.rate(one, one.bytesSent)]);
      if (one.type === "inbound-rtp") this.inbound(one, lines);
    }
    for (const one of all) this.before.set(one.id, { at: one.timestamp, bytes: one.bytesSent ?? one.bytesReceived ?? 0 });
    return lines;
  }

  inbound(one, lines) {
    lines.push([gettext("{kind} in", { kind: name(one.kind) }), this.rate(one, one.bytesReceived)]);
    if (one.kind === "video" && one.frameWidth) {
      lines.push([gettext("Picture"), `${one.frameWidth} × ${one.frameHeight}, ${Math.round(one.framesPerSecond ?? 0)} fps`]);
    }
    const all = (one.packetsReceived ?? 0) + (one.packetsLost ?? 0);
    if (all) lines.push([gettext("{kind} packet loss", { kind: name(one.kind) }), `${((100 * Math.max(0, one.packetsLost ?? 0)) / all).toFixed(1)} %`]);
    if (one.kind === "audio" && one.jitterBufferEmittedCount) {
      lines.push([gettext("Jitter buffer"), milliseconds(one.jitterBufferDelay / one.jitterBufferEmittedCount)]);
    }
  }

  rate(one, bytes) {
    const before = this.before.get(one.id);
    if (!before || one.timestamp <= before.at) return "…";
    return kilobits(bytes - before.bytes, one.timestamp - before.at);
  }
}

function name(kind) {
  return kind === "audio" ? gettext("Sound") : gettext("Pictures");
}
