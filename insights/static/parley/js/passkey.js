// Passkeys: forms with data-passkey ("create" or "get") ask the browser for a credential, then send it.
// The options are in the form, or at data-options where a page is not made for one account.

import { gettext } from "./text.js";

const { webauthnJSON } = globalThis; // of django-allauth

async function optionsOf(form) {
  const inPage = document.getElementById("passkey-options");
  if (inPage) {
    const { creation_options: creation, request_options: request } = JSON.parse(inPage.textContent);
    return creation ?? request;
  }
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return (await answer.json()).request_options;
}

async function credentialOf(form) {
  const options = await optionsOf(form);
  if (form.dataset.passkey === "get") return webauthnJSON.get(options);
  const alone = form.elements.passwordless?.checked ?? false;
  const selection = options.publicKey.authenticatorSelection;
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return webauthnJSON.create(options);
}

function textOf(error) {
  if (error.name === "InvalidStateError") return gettext("This device has a passkey for your account already.");
  if (error.name === "NotAllowedError") return gettext("The passkey was not used. Try again.");
  if (error.name === "SecurityError") return gettext("Passkeys need https and a host name, or localhost.");
  return gettext("The passkey could not be used. Reload the page and try again.");
}

async function use(form) {
  const [button, problem] = [form.querySelector("button"), form.querySelector("[role=alert]")];
  button.disabled = true;
  problem.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify(await credentialOf(form));
    form.submit();
  } catch (error) {
    problem.textContent = textOf(error);
    problem.hidden = false;
    button.disabled = false;
  }
}

if (webauthnJSON?.supported()) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.querySelector("button").addEventListener("click", () => use(form));
  }
}
