// Files that a phone shared with the installed app: the service worker keeps them until the server has them.

import { addFiles } from "./drop.js";
import { gettext } from "../text.js";

const SHARED = "parley-shared"; // also in service-worker.js
const KEEP_MS = 30 * 60 * 1000; // whoever signs in much later did not share them

async function files(cache) {
  const found = [];
  for (const request of await cache.keys()) {
    const answer = await cache.match(request);
    const at = Number(answer.headers.get("X-At"));
    if (Date.now() - at > KEEP_MS) continue;
    const name = decodeURIComponent(answer.headers.get("X-Name") ?? "") || gettext("Recording");
    found.push({ request, file: new File([await answer.blob()], name, { type: answer.headers.get("Content-Type") ?? "" }) });
  }
  return found;
}

/** Upload what was shared; a file is kept until the server has it, so that a reload does not lose it. */
export async function takeShared() {
  if (new URLSearchParams(location.search).get("shared") !== "yes") return;
  const cache = await globalThis.caches?.open(SHARED);
  const found = cache ? await files(cache) : [];
  if (!found.length) {
    location.replace("/upload/?shared=lost");
    return;
  }
  let left = found.length;
  const accepted = async (request) => {
    await cache.delete(request);
    left -= 1;
    if (!left) history.replaceState(null, "", "/upload/");
  };
  for (const { request, file } of found) addFiles([file], () => accepted(request));
}
