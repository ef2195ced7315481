// What the live page says of a job of its conversation, such as an import.

import { gettext } from "./text.js";

const NAMES = {
  import_audio: gettext("Import"),
  import_text: gettext("Import"),
  summary: gettext("Summary"),
  intents: gettext("Topics"),
  call_score: gettext("Call score"),
};

/** Return the line for a `job_progress`: how far the job is, or that it failed. */
export function jobText({ kind, status, progress }) {
  const job = NAMES[kind] ?? kind.replaceAll("_", " ");
  return status === "failed" ? gettext("{job} failed.", { job }) : gettext("{job}: {percent}%", { job, percent: progress });
}
