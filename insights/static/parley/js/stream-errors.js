// Why a session of a stream could not begin, or ended, in the reader's language.

import { gettext } from "./text.js";

const SENTENCES = {
  id_taken: gettext("This session is open somewhere else already."),
  unauthorised: gettext("You were signed out. Sign in again, then come back to this page."),
  not_found: gettext("This stream no longer exists."),
  unreachable: gettext("The server does not answer. Try again in a moment."),
  lost: gettext("The connection was lost and did not come back."),
  insecure: gettext("Browsers give microphone and camera only to pages that come over https, or from this very computer (localhost)."),
};

/** The sentence for a StreamError of the client (`client/parley.js`). */
export function sentence(error) {
  if (error.code === "limit") return gettext("As many people as this stream takes ({limit}) are using it now. Try again in a moment.", { limit: error.limit });
  if (error.code === "server") return gettext("The server answered with an error ({status}).", { status: error.status });
  if (error.code === "ended" && error.message === "the server ended the session") return gettext("The server ended the session.");
  return SENTENCES[error.code] ?? error.message;
}
