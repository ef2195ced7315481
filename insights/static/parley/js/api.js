// Calls of the REST API with the sign-in of the page.

import { gettext } from "./text.js";

/** An answer that is no success; `message` is the sentence of the server, `status` its code. */
export class ApiError extends Error {}

/** The CSRF token of the page. */
export const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** Send JSON and return the JSON of the answer. Throws ApiError. */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "X-CSRFToken": token(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(gettext("The server cannot be reached. Check your connection and try again."));
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = new ApiError(content.message ?? gettext("The server answered with an error ({status}).", { status: answer.status }));
    throw Object.assign(error, { status: answer.status });
  }
  return content;
}
