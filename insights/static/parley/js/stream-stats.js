// The figures of a client (`statistics()` of `client/parley.js`), as a few lines that people understand.

import { gettext } from "./text.js";

const milliseconds = (ms) => `${Math.round(ms)} ms`;
const kilobits = (kbps) => (kbps === undefined ? "…" : `${Math.round(kbps)} kbit/s`);
const NAMES = { audio: gettext("Sound"), video: gettext("Pictures") };

/** Pairs of a name and a value. */
export function figures(found) {
  const lines = [[gettext("Connection"), found.state]];
  if (found.path === "relayed") lines.push([gettext("Path"), gettext("relayed (TURN, {protocol})", { protocol: found.protocol })]);
  if (found.answeredMs !== undefined) lines.push([gettext("Signalling"), milliseconds(found.answeredMs)]);
  if (found.connectedMs !== undefined) lines.push([gettext("Connected after"), milliseconds(found.connectedMs)]);
  if (found.roundTripMs !== undefined) lines.push([gettext("Round trip"), milliseconds(found.roundTripMs)]);
  for (const kind of ["audio", "video"]) {
    const { out } = found[kind];
    if (out) lines.push([gettext("{kind} out", { kind: NAMES[kind] }), kilobits(out.kbps)]);
  }
  for (const kind of ["audio", "video"]) if (found[kind].in) inbound(NAMES[kind], found[kind].in, lines);
  return lines;
}

function inbound(kind, flow, lines) {
  lines.push([gettext("{kind} in", { kind }), kilobits(flow.kbps)]);
  if (flow.width) lines.push([gettext("Picture"), `${flow.width} × ${flow.height}, ${Math.round(flow.fps)} fps`]);
  if (flow.lossPercent !== undefined) lines.push([gettext("{kind} packet loss", { kind }), `${flow.lossPercent.toFixed(1)} %`]);
  if (flow.jitterBufferMs !== undefined) lines.push([gettext("Jitter buffer"), milliseconds(flow.jitterBufferMs)]);
}
