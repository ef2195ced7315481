// The page of a stream in a frame of Gradio: the hidden text box of its component has the webrtc_id, and its events tell what is new.

/** `id` is that of the box in the page around this one; without it, or in no frame, nothing is sent. */
export class Embedding {
  constructor(id) {
    this.id = window.parent === window ? "" : id;
  }

  get box() {
    try {
      return this.id ? window.parent.document.getElementById(this.id)?.querySelector("textarea, input") : undefined;
    } catch {
      return undefined; // a page of another site
    }
  }

  /** A session began: its id is the value of the component. */
  began(webrtcId) {
    const { box } = this;
    if (!box) return;
    const view = box.ownerDocument.defaultView;
    const kind = box.localName === "textarea" ? view.HTMLTextAreaElement : view.HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(box, webrtcId);
    box.dispatchEvent(new view.Event("input", { bubbles: true }));
  }

  /** The handler asks for its inputs, or has put out something. */
  received({ type }) {
    const event = { send_input: "blur", fetch_output: "focus" }[type];
    const { box } = this;
    if (event && box) box.dispatchEvent(new (box.ownerDocument.defaultView.FocusEvent)(event));
  }
}
