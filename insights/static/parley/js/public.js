// A public page closes soon after its link was withdrawn or has expired: it asks the server, and loads again what the answer says.

const EVERY_MS = 4000;
const GONE = [404, 410];

async function check() {
  try {
    const { status } = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    if (GONE.includes(status)) {
      location.reload();
      return;
    }
  } catch {
    // no connection: what is shown stays until the server answers
  }
  setTimeout(check, EVERY_MS);
}

setTimeout(check, EVERY_MS);
