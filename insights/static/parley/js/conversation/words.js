// The words of the transcript with their times, and which of them is spoken.

const main = document.getElementById("main");
const contents = document.getElementById("contents");
let loading;
let timed = []; // {message, place, start, end} of each word, in the order of speech
let speech = [];

async function load() {
  const answer = await fetch(`/conversations/${main.dataset.conversation}/words.json?part=${main.dataset.part}`);
  if (!answer.ok) throw new Error(`words: status ${answer.status}`);
  const content = await answer.json();
  speech = content.speech;
  timed = Object.entries(content.words)
    .flatMap(([message, words]) => words.map(([place, start, end], number) => ({ message, place, until: words[number + 1]?.[0], start, end })))
    .sort((one, other) => one.start - other.start);
}

export function forget() {
  loading = undefined;
}

/** Fetch the times once; after a change of the words or a failure, again. Without them, audio plays from the starts of sentences. */
export const ready = () => (loading ??= load().catch(forget));

/** The index of the last entry of a list, ordered by `of`, that is not above a value; -1 without one. */
export function lastUpTo(list, value, of) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The word that is spoken at a second; undefined in pauses. */
export function wordAt(seconds) {
  const at = lastUpTo(timed, seconds, ({ start }) => start);
  return at >= 0 && seconds < timed[at].end + 0.3 ? timed[at] : undefined;
}

/** The start of the word at a character of a message; without known words that of the message. */
export function startOf(sentence, place) {
  const words = timed.filter(({ message }) => `m-${message}` === sentence.id);
  return (words.findLast((word) => word.place <= place) ?? words[0])?.start ?? Number(sentence.dataset.at);
}

/** Where speech continues if nobody speaks at a second; undefined during speech. */
export function silenceUntil(seconds) {
  const at = lastUpTo(speech, seconds, ([start]) => start);
  const ended = at < 0 ? 0 : speech[at][1];
  const next = speech[at + 1]?.[0];
  return next !== undefined && seconds > ended + 0.3 && next - seconds > 0.6 ? next - 0.3 : undefined;
}

/** Highlight a word; without an argument no word. Returns its sentence. */
export function highlight(word) {
  for (const one of contents.querySelectorAll(".message.playing")) if (one.id !== `m-${word?.message}`) one.classList.remove("playing");
  globalThis.CSS.highlights?.delete("spoken");
  const sentence = word && document.getElementById(`m-${word.message}`);
  const text = sentence?.firstChild;
  if (!text || sentence.isContentEditable) return sentence ?? undefined;
  sentence.classList.add("playing");
  if (globalThis.CSS.highlights && word.place < text.length) {
    const range = new StaticRange({ startContainer: text, startOffset: word.place, endContainer: text, endOffset: Math.min(word.until ?? text.length, text.length) });
    globalThis.CSS.highlights.set("spoken", new Highlight(range));
  }
  return sentence;
}

/** The character of a sentence under the pointer. */
export function characterAt(event) {
  const { clientX: x, clientY: y } = event;
  if (document.caretPositionFromPoint) return document.caretPositionFromPoint(x, y)?.offset ?? 0;
  return document.caretRangeFromPoint?.(x, y)?.startOffset ?? 0;
}
