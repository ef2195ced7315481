// Before somebody joins: asks the server every few seconds whether a conversation is live at the address of the page.

const EVERY_MS = 3000;

export class BeforeJoining {
  /**
   * `address` answers like the resume point; `changed` gets the answer when a conversation has begun, or has ended: the reader's own (`live`), or one
   * that was shared with them (`shared`). Pages that are hidden do not ask.
   */
  constructor({ address, live, changed }) {
    Object.assign(this, { address, live, changed });
    document.addEventListener("visibilitychange", () => this.waiting && this.ask());
  }

  start() {
    this.waiting = setTimeout(() => this.ask(), EVERY_MS);
  }

  stop() {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }

  async ask() {
    this.stop();
    const mine = (this.waiting = setTimeout(() => this.ask(), EVERY_MS));
    if (document.hidden) return;
    const answer = await fetch(this.address, { redirect: "manual", cache: "no-store" }).catch(() => undefined);
    const said = answer?.ok ? await answer.json().catch(() => undefined) : undefined;
    if (mine !== this.waiting || !said) return; // joined meanwhile, or no connection
    if (said.live === this.live && said.shared?.title === this.shared?.title) return; // nothing new
    Object.assign(this, { live: said.live, shared: said.shared });
    this.changed(said);
  }
}
