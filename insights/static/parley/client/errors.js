// What the server answers as errors, and the error that programs get.

/** A text as JSON; the text itself where it is none. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Why a session could not begin, or ended. The message is an English sentence; programs compare `code`:
 * "limit" (as many sessions as the stream takes; `limit`), "id_taken", "unauthorised", "not_found", "invalid" (`details` names the fields),
 * "refused", "server" (`status`), "unreachable", "lost" (did not come back), "ended" (by the server), "closed" (by this program),
 * "insecure" (no devices without https), "device" (`name` is that of the browser's error).
 */
export class StreamError extends Error {
  constructor(code, message, more = {}) {
    super(message);
    this.code = code;
    Object.assign(this, more);
  }
}

/** The StreamError of a refused offer, hook or start: `status` of HTTP (0 for a WebSocket), `body` the JSON. */
export function refusal(status, body) {
  const meta = body?.meta ?? {};
  const details = Array.isArray(body?.detail) ? body.detail : [];
  const fields = details.map(({ loc = [], msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
  if (meta.error === "concurrency_limit_reached") return new StreamError("limit", `the limit of ${meta.limit} sessions is reached`, { limit: meta.limit });
  if (meta.error === "connection_already_exists") return new StreamError("id_taken", "a session with this id exists already");
  if (status === 401 || status === 403) return new StreamError("unauthorised", String(body?.detail ?? "sign in, or send an access token"), { status });
  if (status === 404) return new StreamError("not_found", String(body?.detail ?? "there is no such stream or session"), { status });
  if (status === 422) return new StreamError("invalid", fields || meta.error || "the request is invalid", { status, details });
  if (status >= 500) return new StreamError("server", `the server answered with status ${status}`, { status });
  return new StreamError("refused", meta.error || fields || body?.detail || body?.message || `the server answered with status ${status}`, { status });
}

/** The StreamError of a request that got no answer. */
export function unreachable(error) {
  return error instanceof StreamError ? error : new StreamError("unreachable", `the server does not answer: ${error.message}`, { name: error.name });
}
