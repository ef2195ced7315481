// Sends one recording to the import API: a file with the progress of its upload, or a URL.

import { ApiError, call, token } from "../api.js";
import { gettext } from "../text.js";

const PLAIN = {
  401: gettext("You are signed out. Sign in and try again."),
  403: gettext("Your session has changed. Reload the page and try again."),
  413: gettext("The file is too large."),
  429: gettext("You have too many unfinished uploads. Wait until one has finished, or cancel one, then try again."),
};

/** The sentence for an answer that is no success: our own where the API speaks to programs. */
function reasonOf(status, text) {
  if (PLAIN[status]) return PLAIN[status];
  try {
    return JSON.parse(text).message;
  } catch {
    return gettext("The server answered with an error ({status}).", { status });
  }
}

function upload(file, query, onProgress, signal) {
  const request = new XMLHttpRequest(); // fetch does not report the progress of an upload
  let sent = false;
  request.upload.addEventListener("load", () => {
    sent = true;
  });
  signal.addEventListener("abort", () => {
    if (!sent) request.abort(); // the server may have a complete file already: its answer has the job to cancel
  });
  return new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(new ApiError(reasonOf(request.status, request.responseText)));
    });
    request.addEventListener("error", () => reject(new ApiError(gettext("The connection was lost before the upload was complete."))));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.open("POST", `/v1/process/audio?${new URLSearchParams(query)}`);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
}

/**
 * Send `{file | url, name, language, storeAudio, several, translate}` and return the accepted job. Throws ApiError, and AbortError when
 * cancelled before all was sent.
 */
export async function send(recording, onProgress, signal) {
  const options = { name: recording.name };
  if (recording.storeAudio !== undefined) options.storeAudio = recording.storeAudio;
  if (recording.several) options.enableSpeakerDiarization = true;
  if (recording.language) options.languageCode = recording.language;
  if (recording.translate && !recording.language?.startsWith("en")) options.translateToEnglish = true;
  if (recording.file) return upload(recording.file, options, onProgress, signal);
  try {
    return await call("POST", "/v1/process/audio/url", { url: recording.url, ...options });
  } catch (error) {
    throw error.status && PLAIN[error.status] ? new ApiError(PLAIN[error.status]) : error;
  }
}
