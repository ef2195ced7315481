// What the live page says of a job of its conversation, such as an import.

import { gettext } from "./text.js";

const NAMES = {
  import_audio: gettext("Import"),
  import_text: gettext("Import"),
  summary: gettext("Summary"),
  intents: gettext("Topics"),
  call_score: gettext("Call score"),
};

/** Return the line for a `job_progress`: how far the job is, or that it failed, and why. */
export function jobText({ kind, status, progress, reason }) {
  const job = NAMES[kind] ?? kind.replaceAll("_", " ");
  if (status === "failed") return [gettext("{job} failed.", { job }), reason].filter(Boolean).join(" ");
  return gettext("{job}: {percent}%", { job, percent: progress });
}
